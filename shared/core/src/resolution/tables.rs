//! The two tables: what an operator may do for which reason, and to which order.

use std::fmt;
use std::str::FromStr;

use crate::case::Reason;
use crate::order::state::{OrderState, Standing};

/// What an operator can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// The open order was paid: its frozen funds are gone.
    Settle,
    /// An order that had ended was paid: the user is charged, and owes what is not there.
    Charge,
    /// The open order will not be paid: its funds are available again.
    Unfreeze,
    /// The deposit is real: the user has it.
    Credit,
    /// The held deposit is not the user's.
    Reject,
    /// An order that had ended was paid, and the merchant bears it.
    WriteOff,
    /// The open order belongs to another withdrawal of the platform from now on.
    Repin,
    /// The order was settled and never paid: the user gets back what it took.
    Reverse,
    /// Nothing is to be done.
    Dismiss,
    /// The held deposit is the user's, whatever the platform says or does not say.
    Release,
}

/// What an action does to what the user has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing.
    Nothing,
    /// frozen − a.
    Settle,
    /// frozen − a, available + a.
    Unfreeze,
    /// available − what is there of a, owed + the rest.
    Charge,
    /// owed − what is there of a, available + the rest.
    Refund,
    /// available + a.
    Credit,
    /// held − a.
    Reject,
    /// held − a, available + a.
    Release,
}

impl Action {
    /// Does it end the matter, whatever else might be said against it at a retry? What is dismissed, or given to another
    /// withdrawal of the platform, is judged anew, and may be refused for another reason.
    #[must_use]
    pub fn settles(self) -> bool {
        !matches!(self, Self::Dismiss | Self::Repin)
    }

    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Settle,
        Self::Charge,
        Self::Unfreeze,
        Self::Credit,
        Self::Reject,
        Self::WriteOff,
        Self::Repin,
        Self::Reverse,
        Self::Dismiss,
        Self::Release,
    ];

    /// The name in requests, records and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Settle => "settle",
            Self::Charge => "charge",
            Self::Unfreeze => "unfreeze",
            Self::Credit => "credit",
            Self::Reject => "reject",
            Self::WriteOff => "write-off",
            Self::Repin => "repin",
            Self::Reverse => "reverse",
            Self::Dismiss => "dismiss",
            Self::Release => "release",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Action {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|action| action.name() == text).ok_or(())
    }
}

/// The first table: what may be done for a reason, by the kind of what was said.
///
/// A case with several reasons may be ended by what any of them allows, but dismissed or released only if all of them
/// allow that. The second table, [`remedy`], says for which orders.
#[must_use]
#[expect(clippy::match_same_arms, reason = "a row for each kind")]
pub fn actions(kind: &str, reason: Reason) -> &'static [Action] {
    use Action::{Charge, Credit, Dismiss, Reject, Release, Repin, Reverse, Settle, Unfreeze, WriteOff};
    use Reason::{
        BalanceDiffers, BalanceOutOfRange, BalanceTooLow, CompletedUnconfirmed, CompletionMissing,
        ConfirmationMissing, Contradicted, CountsDiffer, EventConflict, FailedOtherAddress, FailureMissing,
        Foreign, FrozenDiffers, OrderDiffers, OrderDirect, OrderEnded, OrderOverdue, OrderTooOld,
        OrderUnknown, OtherTerms, OtherTrackingId, OtherUser, RegistrationMissing, RequestConflict, Risk,
        Submission, SubmissionUnclear, UserOwes, Verification,
    };
    match (kind, reason) {
        ("deposit", Risk) => &[Reject],
        ("deposit", Verification | Contradicted) => &[Release, Reject],
        ("deposit", EventConflict | RequestConflict) => &[Credit, Dismiss],
        ("withdrawal-confirmation", OtherTrackingId) => &[Repin, Unfreeze, Dismiss],
        ("withdrawal-confirmation", OtherUser | OtherTerms | OrderTooOld | OrderDirect) => {
            &[Unfreeze, Dismiss]
        }
        ("withdrawal", OtherTrackingId) => &[Settle, Charge, WriteOff, Repin, Dismiss],
        ("withdrawal", OtherUser | OtherTerms | OrderEnded | RequestConflict) => {
            &[Settle, Charge, WriteOff, Dismiss]
        }
        ("withdrawal", EventConflict | CompletedUnconfirmed) => &[Reverse, Dismiss],
        ("withdrawal-failure", OrderEnded) => &[Reverse, Dismiss],
        ("withdrawal-failure", Foreign) => &[Unfreeze, Repin, Dismiss],
        ("withdrawal-failure", OtherUser | EventConflict | RequestConflict | Verification | Contradicted) => {
            &[Unfreeze, Dismiss]
        }
        ("insufficient-balance" | "insufficient-gas", Foreign) => &[Repin, Dismiss],
        ("reconciliation", CompletionMissing) => &[Settle, Dismiss],
        ("reconciliation", FailureMissing | ConfirmationMissing | OrderUnknown) => &[Unfreeze, Dismiss],
        ("reconciliation", OrderDiffers | OrderOverdue) => &[Settle, Unfreeze, Dismiss],
        ("registration", Submission | SubmissionUnclear) => &[Settle, Unfreeze, Dismiss],
        ("registration", BalanceTooLow | UserOwes | OtherTerms | OtherUser) => &[Charge, WriteOff, Dismiss],
        ("registration", BalanceOutOfRange) => &[WriteOff, Dismiss],
        (
            _,
            Risk | RequestConflict | EventConflict | BalanceOutOfRange | BalanceTooLow | UserOwes | OtherUser
            | OtherTerms | OrderEnded | OrderTooOld | OrderDirect | OtherTrackingId | Foreign
            | FailedOtherAddress | CompletedUnconfirmed | Verification | Contradicted | Submission
            | SubmissionUnclear | CompletionMissing | FailureMissing | ConfirmationMissing | OrderUnknown
            | OrderDiffers | OrderOverdue | RegistrationMissing | CountsDiffer | FrozenDiffers
            | BalanceDiffers,
        ) => &[Dismiss],
    }
}

/// The second table: where an action leaves an order, and what it does to what the user has; absent where it makes no
/// sense. Without a case, an operator may do to an order what this allows of settle, charge, unfreeze, write-off, repin
/// and reverse.
#[must_use]
#[expect(clippy::match_same_arms, reason = "a row for each action")]
pub fn remedy(action: Action, standing: Standing) -> Option<(Option<OrderState>, Remedy)> {
    use Standing::{
        Absent, Cancelled, Completed, CompletedUnproven, CompletedUnregistered, Confirmed, Direct, Failed,
        FailedUnregistered, Foreign, Reported, Reserved, UnderWay,
    };
    match (action, standing) {
        (Action::Settle, Reserved | Direct | UnderWay | Confirmed) => {
            Some((Some(OrderState::Completed), Remedy::Settle))
        }
        (Action::Unfreeze, Reserved | Direct | UnderWay | Confirmed) => {
            Some((Some(OrderState::Failed), Remedy::Unfreeze))
        }
        (Action::Repin, Reserved | Direct | UnderWay | Confirmed) => Some((None, Remedy::Nothing)),
        // Of a completed order: it was paid twice. Of one that was settled without a transaction it may be the first time.
        (Action::Charge, Failed | Cancelled | CompletedUnregistered | Completed) => {
            Some((Some(OrderState::Completed), Remedy::Charge))
        }
        (Action::WriteOff, Failed | Cancelled | CompletedUnregistered | Completed | CompletedUnproven) => {
            Some((Some(OrderState::Completed), Remedy::Nothing))
        }
        // Nobody registered it: it stays as it is, and a registration that comes later takes nothing.
        (Action::Charge, FailedUnregistered) => Some((None, Remedy::Charge)),
        (Action::WriteOff, FailedUnregistered) => Some((None, Remedy::Nothing)),
        (Action::Reverse, Completed | CompletedUnproven) => Some((Some(OrderState::Failed), Remedy::Refund)),
        (Action::Reverse, CompletedUnregistered) => Some((Some(OrderState::Failed), Remedy::Nothing)),
        (Action::Dismiss, _) => Some((None, Remedy::Nothing)),
        (Action::Credit, Absent) => Some((None, Remedy::Credit)),
        (Action::Reject, Absent) => Some((None, Remedy::Reject)),
        (Action::Release, Absent) => Some((None, Remedy::Release)),
        (
            Action::Settle
            | Action::Unfreeze
            | Action::Repin
            | Action::Charge
            | Action::WriteOff
            | Action::Reverse
            | Action::Credit
            | Action::Reject
            | Action::Release,
            Absent
            | Reported
            | Reserved
            | Direct
            | UnderWay
            | Confirmed
            | Completed
            | CompletedUnproven
            | Failed
            | Cancelled
            | CompletedUnregistered
            | FailedUnregistered
            | Foreign,
        ) => None,
    }
}
