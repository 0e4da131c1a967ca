//! The one table: every state, every event, and what comes of it.

use super::state::{OrderState, Standing};
use crate::refusal::Refusal;

/// What can happen to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderEvent {
    /// The merchant registers it.
    Register,
    /// The merchant takes it back.
    Cancel,
    /// The platform asks for its details (type 2).
    Confirm,
    /// The platform reports it paid (type 3).
    Complete,
    /// The platform reports it ended without paying (type 5).
    Fail,
    /// The platform reports that it waits for coin or gas (types 6 and 7).
    Stall,
    /// An operator keeps it from being confirmed, or no longer.
    Hold,
}

/// What an event does to the funds of an order of amount a.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Nothing,
    /// available − a, frozen + a; refused if available < a.
    Freeze,
    /// frozen − a, available + a.
    Unfreeze,
    /// frozen − a: the money is gone.
    Settle,
    /// available − a: registered after it was paid, so frozen and settled at once.
    Charge,
}

/// What the table says of one state and one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// The order moves, with this effect.
    To(Standing, Effect),
    /// Accepted; the order stays as it is.
    Stay,
    /// Accepted; the order stays, with a note: why it waits, or that an operator holds it.
    Note,
    /// Refused.
    Refuse(Refusal),
}

/// The table: every state and every event.
#[must_use]
#[expect(clippy::match_same_arms, reason = "a row for each standing")]
pub fn transition(standing: Standing, event: OrderEvent) -> Transition {
    use OrderEvent::{Cancel, Complete, Confirm, Fail, Hold, Register, Stall};
    use OrderState::{Cancelled, Completed, Confirmed, Failed, Reserved};
    use Standing::{Absent, CompletedUnregistered, FailedUnregistered, Registered};
    use Transition::{Note, Refuse, Stay, To};

    match (standing, event) {
        (Absent, Register) => To(Registered(Reserved), Effect::Freeze),
        (Absent, Cancel | Confirm | Hold) => Refuse(Refusal::UnknownOrder),
        (Absent, Complete) => To(CompletedUnregistered, Effect::Nothing),
        (Absent, Fail) => To(FailedUnregistered, Effect::Nothing),
        (Absent, Stall) => Stay,

        (Registered(_), Register) => Stay,

        (Registered(Reserved), Cancel) => To(Registered(Cancelled), Effect::Unfreeze),
        (Registered(Reserved), Confirm) => To(Registered(Confirmed), Effect::Nothing),
        (Registered(Confirmed), Cancel | Hold) => Refuse(Refusal::OrderConfirmed),
        (Registered(Confirmed), Confirm) => Stay,
        (Registered(Reserved | Confirmed), Complete) => To(Registered(Completed), Effect::Settle),
        (Registered(Reserved | Confirmed), Fail) => To(Registered(Failed), Effect::Unfreeze),
        (Registered(Reserved | Confirmed), Stall) | (Registered(Reserved), Hold) => Note,

        // Ended. A failure after a failure or a cancellation says what is so already: nothing was paid.
        (Registered(Cancelled), Cancel | Fail) | (Registered(Failed), Fail) => Stay,
        (Registered(ended @ (Completed | Failed | Cancelled)), Confirm | Complete | Cancel | Fail | Hold) => {
            Refuse(Refusal::OrderEnded(ended))
        }
        (Registered(Completed | Failed | Cancelled), Stall) => Stay,

        (CompletedUnregistered, Register) => To(Registered(Completed), Effect::Charge),
        (CompletedUnregistered, Cancel | Confirm | Complete | Fail | Hold) => {
            Refuse(Refusal::OrderEnded(Completed))
        }
        (FailedUnregistered, Register) => To(Registered(Failed), Effect::Nothing),
        (FailedUnregistered, Cancel | Confirm | Complete | Hold) => Refuse(Refusal::OrderEnded(Failed)),
        (FailedUnregistered, Fail) => Stay,
        (CompletedUnregistered | FailedUnregistered, Stall) => Stay,
    }
}
