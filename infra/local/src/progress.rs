//! How far something is that takes long, on standard error.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Between two lines, where there is no terminal to draw on.
const LINES_EVERY: Duration = Duration::from_secs(5);

/// Whether it is shown how far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Progress {
    /// Not at all.
    #[default]
    Hidden,
    /// A bar, where standard error is a terminal.
    Bar,
    /// A line every few seconds, wherever standard error goes.
    Lines,
}

/// One part of the work.
pub(crate) struct Part {
    what: String,
    bar: ProgressBar,
    /// When the last line was written, if lines are.
    line: Option<Instant>,
}

impl Progress {
    /// Begins a part of so many records, as far as that is known.
    pub(crate) fn begin(self, what: impl Into<String>, total: Option<u64>) -> Part {
        let target = match self {
            Self::Bar => ProgressDrawTarget::stderr(),
            Self::Hidden | Self::Lines => ProgressDrawTarget::hidden(),
        };
        let (what, bar) = (what.into(), ProgressBar::with_draw_target(total, target));
        let template = match total {
            Some(_) => "{msg:24} [{wide_bar}] {human_pos} of about {human_len}, {eta} left",
            None => "{msg:24} {human_pos}, {per_sec}",
        };
        // The template is a constant: the default style stands in for none.
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_message(what.clone());
        Part { what, bar, line: (self == Self::Lines).then(Instant::now) }
    }
}

impl Part {
    pub(crate) fn advance(&mut self, records: usize) {
        self.bar.inc(u64::try_from(records).unwrap_or_default());
        if self.line.is_some_and(|line| line.elapsed() >= LINES_EVERY) {
            self.line = Some(Instant::now());
            self.write();
        }
    }

    pub(crate) fn end(self) {
        self.bar.finish_and_clear();
        if self.line.is_some() {
            self.write();
        }
    }

    fn write(&self) {
        let of = self.bar.length().map_or_else(String::new, |total| format!(" of about {total}"));
        anstream::eprintln!("{}: {}{of}", self.what, self.bar.position());
    }
}
