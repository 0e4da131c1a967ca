//! Opening balances: what users have when the ledger is opened, from a CSV file, each row an adjustment of the operator API.
//!
//! A row's id is made of its user and asset. So a run that was stopped can be run again and posts nothing twice, and a row
//! whose amount has changed since is told from one that was posted.

mod door;
mod file;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use anyhow::bail;

use crate::progress::Progress;

pub use door::Door;
pub use file::{Balances, Row, Wrong};

use door::Answer;

/// What became of the rows.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Posted {
    /// How many were posted now.
    pub now: usize,
    /// How many had been before.
    pub before: usize,
    /// Those that were not: the line, and why.
    pub refused: Vec<(u64, String)>,
}

/// Posts every row, `at_once` of them at a time.
///
/// # Errors
///
/// If the API cannot be reached, or lets nobody in: the rest is not posted then. What was posted stays.
pub fn post(balances: &Balances, door: &Door, progress: Progress, at_once: usize) -> anyhow::Result<Posted> {
    let rows = &balances.rows;
    let mut part = progress.begin("opening balances", u64::try_from(rows.len()).ok());
    let (next, (told, answers)) = (AtomicUsize::new(0), mpsc::channel());
    let (mut posted, mut stopped) = (Posted::default(), None);
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            let (next, told) = (&next, told.clone());
            scope.spawn(move || {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if told.send((row.line, door.post(row))).is_err() {
                        break; // it was stopped
                    }
                }
            });
        }
        drop(told);
        for (line, answer) in &answers {
            match answer {
                Ok(Answer::Now) => posted.now += 1,
                Ok(Answer::Before) => posted.before += 1,
                Ok(Answer::Refused(why)) => posted.refused.push((line, why)),
                Err(error) => stopped = stopped.take().or(Some((line, error))),
            }
            part.advance(1);
            if stopped.is_some() {
                next.store(rows.len(), Ordering::Relaxed); // what is under way is heard out
            }
        }
    });
    part.end();
    posted.refused.sort();
    match stopped {
        None => Ok(posted),
        Some((line, error)) => {
            bail!("{posted}\nstopped at line {line}: {error:#}. Run it again: nothing is posted twice")
        }
    }
}

/// A line for each row that was not posted, and one that counts.
impl fmt::Display for Posted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { now, before, refused } = self;
        for (line, why) in refused {
            writeln!(f, "line {line}: not posted: {why}")?;
        }
        write!(f, "{now} posted, {before} posted before, {} not posted", refused.len())
    }
}
