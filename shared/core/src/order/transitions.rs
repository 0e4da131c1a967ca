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
    To(OrderState, Effect),
    /// Accepted; the order stays as it is.
    Stay,
    /// Accepted; the order stays, with a note: why it waits, that an operator holds it, or which transaction paid it.
    Note,
    /// Accepted, since it cannot be refused usefully; the order stays, and somebody has to look.
    Alarm,
    /// Refused.
    Refuse(Refusal),
}

/// The table: every standing and every event.
#[must_use]
#[expect(clippy::match_same_arms, reason = "a row for each standing")]
pub fn transition(standing: Standing, event: OrderEvent) -> Transition {
    use OrderEvent::{Cancel, Complete, Confirm, Fail, Hold, Register, Stall};
    use Refusal::{OrderConfirmed, OrderDirect, OrderEnded, OrderUnderWay, OtherTrackingId, UnknownOrder};
    use Standing::{
        Absent, Cancelled, Completed, CompletedUnproven, CompletedUnregistered, Confirmed, Direct, Failed,
        FailedUnregistered, Foreign, Reported, Reserved, UnderWay,
    };
    use Transition::{Alarm, Note, Refuse, Stay, To};

    match (standing, event) {
        (Absent, Register) => To(OrderState::Reserved, Effect::Freeze),
        (Absent, Cancel | Confirm | Hold) => Refuse(UnknownOrder),
        (Absent, Complete) => To(OrderState::Completed, Effect::Nothing),
        (Absent, Fail) => To(OrderState::Failed, Effect::Nothing),
        (Absent, Stall) => To(OrderState::Reported, Effect::Nothing),

        // Nothing happened to it yet, but that the platform knows of it: its registration must not be taken back.
        (Reported, Register) => To(OrderState::Reserved, Effect::Freeze),
        (Reported, Cancel | Confirm | Hold) => Refuse(UnknownOrder),
        (Reported, Complete) => To(OrderState::Completed, Effect::Nothing),
        (Reported, Fail) => To(OrderState::Failed, Effect::Nothing),
        (Reported, Stall) => Note,

        (Reserved | Direct | UnderWay | Confirmed, Register) => Stay,
        (Reserved | Direct | UnderWay | Confirmed, Complete) => To(OrderState::Completed, Effect::Settle),
        (Reserved | Direct | UnderWay | Confirmed, Fail) => To(OrderState::Failed, Effect::Unfreeze),
        (Reserved | Direct | UnderWay | Confirmed, Stall) => Note,

        (Reserved, Cancel) => To(OrderState::Cancelled, Effect::Unfreeze),
        (Reserved | UnderWay, Confirm) => To(OrderState::Confirmed, Effect::Nothing),
        (Reserved | UnderWay, Hold) => Note,
        (UnderWay | Direct, Cancel) => Refuse(OrderUnderWay),
        (Direct, Confirm | Hold) => Refuse(OrderDirect),
        (Confirmed, Cancel | Hold) => Refuse(OrderConfirmed),
        (Confirmed, Confirm) => Stay,

        // Ended. A failure after a failure or a cancellation says what is so already: nothing was paid.
        (Completed | CompletedUnproven, Register | Stall) => Stay,
        (CompletedUnproven, Complete) => Note,
        (Completed, Complete) | (Completed | CompletedUnproven, Cancel | Confirm | Fail | Hold) => {
            Refuse(OrderEnded(OrderState::Completed))
        }
        (Failed, Fail | Stall) => Stay,
        (Failed, Register | Cancel | Confirm | Complete | Hold) => Refuse(OrderEnded(OrderState::Failed)),
        (Cancelled, Cancel | Fail | Stall) => Stay,
        (Cancelled, Register | Confirm | Complete | Hold) => Refuse(OrderEnded(OrderState::Cancelled)),

        (CompletedUnregistered, Register) => To(OrderState::Completed, Effect::Charge),
        (CompletedUnregistered, Stall) => Stay,
        (CompletedUnregistered, Cancel | Confirm | Complete | Fail | Hold) => {
            Refuse(OrderEnded(OrderState::Completed))
        }
        (FailedUnregistered, Register) => To(OrderState::Failed, Effect::Nothing),
        (FailedUnregistered, Fail | Stall) => Stay,
        (FailedUnregistered, Cancel | Confirm | Complete | Hold) => Refuse(OrderEnded(OrderState::Failed)),

        // The merchant's own events bear no trackingId, and so never meet this row.
        (Foreign, Register | Cancel | Hold | Confirm | Complete) => Refuse(OtherTrackingId),
        (Foreign, Fail | Stall) => Alarm,
    }
}
