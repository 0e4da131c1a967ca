//! The one table: every state, every event, and what comes of it.

use std::fmt;
use std::str::FromStr;

use crate::refusal::Refusal;

/// Where a registered order stands. It reaches at most one of completed, failed and cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderState {
    /// Its funds are frozen.
    Reserved,
    /// Its details were given to the platform, which may pay at any time.
    Confirmed,
    /// Paid.
    Completed,
    /// Ended by the platform without paying; its funds are available again.
    Failed,
    /// Taken back by the merchant; its funds are available again.
    Cancelled,
}

impl OrderState {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Reserved, Self::Confirmed, Self::Completed, Self::Failed, Self::Cancelled];

    /// The name in records and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Confirmed => "confirmed",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for OrderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for OrderState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.name() == text).ok_or(())
    }
}

/// What is known of a withdrawal: its state, and whether the merchant registered it. The platform may report
/// one that nobody registered (`withdrawWithoutVerify`), or before its registration reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// No order of that id.
    Absent,
    /// Registered by the merchant.
    Registered(OrderState),
    /// Reported as paid, never registered.
    CompletedUnregistered,
    /// Reported as failed, never registered.
    FailedUnregistered,
}

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
    /// Accepted; the order stays, with a note of why it waits.
    Note,
    /// Refused.
    Refuse(Refusal),
}

/// The table: every state and every event.
#[must_use]
#[expect(clippy::match_same_arms, reason = "a row for each standing")]
pub fn transition(standing: Standing, event: OrderEvent) -> Transition {
    use OrderEvent::{Cancel, Complete, Confirm, Fail, Register, Stall};
    use OrderState::{Cancelled, Completed, Confirmed, Failed, Reserved};
    use Standing::{Absent, CompletedUnregistered, FailedUnregistered, Registered};
    use Transition::{Note, Refuse, Stay, To};

    match (standing, event) {
        (Absent, Register) => To(Registered(Reserved), Effect::Freeze),
        (Absent, Cancel | Confirm) => Refuse(Refusal::UnknownOrder),
        (Absent, Complete) => To(CompletedUnregistered, Effect::Nothing),
        (Absent, Fail) => To(FailedUnregistered, Effect::Nothing),
        (Absent, Stall) => Stay,

        (Registered(_), Register) => Stay,

        (Registered(Reserved), Cancel) => To(Registered(Cancelled), Effect::Unfreeze),
        (Registered(Reserved), Confirm) => To(Registered(Confirmed), Effect::Nothing),
        (Registered(Confirmed), Cancel) => Refuse(Refusal::OrderConfirmed),
        (Registered(Confirmed), Confirm) => Stay,
        (Registered(Reserved | Confirmed), Complete) => To(Registered(Completed), Effect::Settle),
        (Registered(Reserved | Confirmed), Fail) => To(Registered(Failed), Effect::Unfreeze),
        (Registered(Reserved | Confirmed), Stall) => Note,

        // Ended. A failure after a failure or a cancellation says what is so already: nothing was paid.
        (Registered(Cancelled), Cancel | Fail) | (Registered(Failed), Fail) => Stay,
        (Registered(ended @ (Completed | Failed | Cancelled)), Confirm | Complete | Cancel | Fail) => {
            Refuse(Refusal::OrderEnded(ended))
        }
        (Registered(Completed | Failed | Cancelled), Stall) => Stay,

        (CompletedUnregistered, Register) => To(Registered(Completed), Effect::Charge),
        (CompletedUnregistered, Cancel | Confirm | Complete | Fail) => Refuse(Refusal::OrderEnded(Completed)),
        (FailedUnregistered, Register) => To(Registered(Failed), Effect::Nothing),
        (FailedUnregistered, Cancel | Confirm | Complete) => Refuse(Refusal::OrderEnded(Failed)),
        (FailedUnregistered, Fail) => Stay,
        (CompletedUnregistered | FailedUnregistered, Stall) => Stay,
    }
}
