//! An order's way to the platform, where it is ordered from here.

use waas_callback::Stage;

use super::event::Submitted;
use super::record::Submission;

/// What the events say of it. While it is under way, none says how far it is.
#[derive(Default)]
pub(super) struct Way {
    /// Its registration asks for it.
    is_wanted: bool,
    /// What came of it.
    end: Option<Submitted>,
    has_ended_twice: bool,
}

impl Way {
    pub(super) fn tell(&mut self, told: Submitted) {
        match told {
            Submitted::Wanted => self.is_wanted = true,
            end => self.has_ended_twice |= self.end.replace(end).is_some(),
        }
    }

    /// What is wrong with what the order's record says of it.
    pub(super) fn differs(&self, recorded: Option<Submission>) -> Option<&'static str> {
        if self.has_ended_twice {
            return Some("it was submitted or refused twice");
        }
        match (self.is_wanted, self.end.unwrap_or(Submitted::Wanted), recorded) {
            (false, Submitted::Wanted, recorded) => {
                recorded.map(|_| "it looks as if it were to be submitted, and no event says so")
            }
            (false, Submitted::Arrived(_) | Submitted::Refused(_), _) => {
                Some("it was submitted or refused, and it was not registered to be submitted")
            }
            (true, _, None) => Some("it was registered to be submitted, and it does not look so"),
            (true, Submitted::Wanted, Some(recorded)) => {
                (recorded.stage == Stage::Submitted).then_some("it looks submitted, and no event says so")
            }
            (true, Submitted::Arrived(attempts), Some(recorded)) => {
                let is_so = recorded.stage == Stage::Submitted && recorded.attempts == attempts;
                (!is_so).then_some("an event has submitted it, and it does not look so")
            }
            (true, Submitted::Refused(_), Some(Submission { may_have_arrived: true, .. })) => {
                Some("it was refused and freed, and a call may have arrived")
            }
            (true, Submitted::Refused(attempts), Some(recorded)) => {
                let is_so = recorded.stage == Stage::Refused && recorded.attempts == attempts;
                (!is_so).then_some("the platform refused it, says an event, and it does not look so")
            }
        }
    }
}
