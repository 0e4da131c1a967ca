//! Cases: what waits for a person. One for each event and content that somebody has to look at, with every reason.

use std::fmt;
use std::str::FromStr;

use crate::asset::Asset;
use crate::call_back_id::CallBackId;
use crate::identity::{Identity, digest};
use crate::mode::Mode;
use crate::money::Amount;
use crate::outcome::Outcome;
use crate::refusal::Refusal;
use crate::tx_id::TxId;

/// Names one case for ever: `KIND.DIGEST`, the kind of its event and SHA-256 over the event and its content.
///
/// Whatever comes of one event with one content, now or at a retry, is one case; the same event with other content is
/// another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseKey(String);

/// Why a case is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A deposit is held for its risk.
    Risk,
    /// The same requestUUID came with other content.
    RequestConflict,
    /// The same event came with other content.
    EventConflict,
    /// A balance cannot hold the exact sum.
    BalanceOutOfRange,
    /// A withdrawal that was paid is registered, and the user has less than that.
    BalanceTooLow,
    /// A withdrawal that was paid is registered, and the user owes.
    UserOwes,
    /// What was said of an order names another user.
    OtherUser,
    /// What was said of an order names another amount, coin, chain or address.
    OtherTerms,
    /// What was said of an order comes after its end.
    OrderEnded,
    /// A confirmation was asked for too late.
    OrderTooOld,
    /// A confirmation was asked for an order that is paid without one.
    OrderDirect,
    /// The order belongs to another withdrawal of the platform than the one that asks or pays.
    OtherTrackingId,
    /// A failure or a shortage of another withdrawal of the platform than the order's.
    Foreign,
    /// A failure named another payee than the order's.
    FailedOtherAddress,
    /// An order was paid without the confirmation that it asks for, or while it was held.
    CompletedUnconfirmed,
    /// What was said gives something away, and the platform has not vouched for it yet.
    Verification,
    /// A registered withdrawal is to be ordered from the platform, and is not yet.
    Submission,
    /// Nobody can tell whether the platform has an order that was sent there.
    SubmissionUnclear,
    /// The platform does not vouch for what was said: it says otherwise, or knew nothing of it for too long.
    Contradicted,
    /// The platform has paid an order that is open here: its type 3 did not come.
    CompletionMissing,
    /// The platform has ended an order without paying that is open here: its type 5 did not come.
    FailureMissing,
    /// The platform waits for the confirmation of an order: its type 2 did not come, or was refused.
    ConfirmationMissing,
    /// The platform does not know an order that has been open here for long.
    OrderUnknown,
    /// The platform has an order of that name with another symbol or amount.
    OrderDiffers,
    /// The platform has been busy with an order for very long.
    OrderOverdue,
    /// A payment was reported long ago of a withdrawal that nobody has registered.
    RegistrationMissing,
    /// The platform counts more, or fewer, deposits or withdrawals of a day than came here.
    CountsDiffer,
    /// What is frozen of a balance is not what its open orders are to pay.
    FrozenDiffers,
    /// A balance is not the sum of what its events have posted.
    BalanceDiffers,
}

/// What was said that a case is about, and why that is not believed as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The event, and its content.
    pub identity: Identity,
    /// Why the case is open.
    pub reasons: Vec<Reason>,
    /// The user.
    pub tenant_user_id: String,
    /// The order.
    pub call_back_id: Option<CallBackId>,
    /// What it is about.
    pub asset: Option<Asset>,
    /// How much was deposited, paid, or registered.
    pub amount: Option<Amount>,
    /// To whom, of a registration.
    pub address: Option<String>,
    /// The transaction.
    pub tx_id: Option<TxId>,
    /// The withdrawal of the platform.
    pub tracking_id: Option<String>,
    /// How it would have been paid, of a registration.
    pub mode: Option<Mode>,
}

impl CaseKey {
    /// The case of an event with this content.
    #[must_use]
    pub fn of(identity: &Identity) -> Self {
        let Identity { event_key, fingerprint, position } = identity;
        let position = position.map(|position| position.to_string());
        let parts = [Some(event_key.as_str()), Some(fingerprint.as_str()), position.as_deref()];
        Self(format!("{}.{}", event_key.kind(), digest("case", parts)))
    }

    /// The kind of its event: a callback's type by name, or `registration`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.0.rsplit_once('.').map_or("", |(kind, _)| kind)
    }

    /// The key's text, at most 100 characters of lower-case letters, digits, `-` and `.`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for CaseKey {
    /// Reads back what a record holds.
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for CaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 29] = [
        Self::Risk,
        Self::RequestConflict,
        Self::EventConflict,
        Self::BalanceOutOfRange,
        Self::BalanceTooLow,
        Self::UserOwes,
        Self::OtherUser,
        Self::OtherTerms,
        Self::OrderEnded,
        Self::OrderTooOld,
        Self::OrderDirect,
        Self::OtherTrackingId,
        Self::Foreign,
        Self::FailedOtherAddress,
        Self::CompletedUnconfirmed,
        Self::Verification,
        Self::Contradicted,
        Self::Submission,
        Self::SubmissionUnclear,
        Self::CompletionMissing,
        Self::FailureMissing,
        Self::ConfirmationMissing,
        Self::OrderUnknown,
        Self::OrderDiffers,
        Self::OrderOverdue,
        Self::RegistrationMissing,
        Self::CountsDiffer,
        Self::FrozenDiffers,
        Self::BalanceDiffers,
    ];

    /// The name in records, logs and answers: the refusal's or the outcome's, where there is one.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Risk => "risk",
            Self::RequestConflict => "request-conflict",
            Self::EventConflict => "event-conflict",
            Self::BalanceOutOfRange => "balance-out-of-range",
            Self::BalanceTooLow => "balance-too-low",
            Self::UserOwes => "user-owes",
            Self::OtherUser => "other-user",
            Self::OtherTerms => "other-terms",
            Self::OrderEnded => "order-ended",
            Self::OrderTooOld => "order-too-old",
            Self::OrderDirect => "order-direct",
            Self::OtherTrackingId => "other-tracking-id",
            Self::Foreign => "foreign",
            Self::FailedOtherAddress => "failed-other-address",
            Self::CompletedUnconfirmed => "completed-unconfirmed",
            Self::Verification => "verification",
            Self::Contradicted => "contradicted",
            Self::Submission => "submission",
            Self::SubmissionUnclear => "submission-unclear",
            Self::CompletionMissing => "completion-missing",
            Self::FailureMissing => "failure-missing",
            Self::ConfirmationMissing => "confirmation-missing",
            Self::OrderUnknown => "order-unknown",
            Self::OrderDiffers => "order-differs",
            Self::OrderOverdue => "order-overdue",
            Self::RegistrationMissing => "registration-missing",
            Self::CountsDiffer => "counts-differ",
            Self::FrozenDiffers => "frozen-differs",
            Self::BalanceDiffers => "balance-differs",
        }
    }

    /// Why somebody has to look at what came of an event; nothing, usually.
    #[must_use]
    pub fn of_outcome(outcome: Outcome) -> Option<Self> {
        match outcome {
            Outcome::Held => Some(Self::Risk),
            Outcome::Foreign => Some(Self::Foreign),
            Outcome::FailedOtherAddress => Some(Self::FailedOtherAddress),
            Outcome::CompletedUnconfirmed => Some(Self::CompletedUnconfirmed),
            Outcome::Unverified | Outcome::FailureReported | Outcome::AddressUnverified => {
                Some(Self::Verification)
            }
            _ => None,
        }
    }

    /// Does it keep what was said from taking effect? The last of these that is lifted moves the money.
    #[must_use]
    pub fn holds(self) -> bool {
        matches!(self, Self::Risk | Self::Verification | Self::Contradicted)
    }

    /// Is it of something that took effect, or that reconciliation has found? Else it is of a refusal, and what was refused
    /// may have been applied at a retry since.
    #[must_use]
    pub fn is_of_what_was_recorded(self) -> bool {
        match self {
            Self::Risk
            | Self::Foreign
            | Self::FailedOtherAddress
            | Self::CompletedUnconfirmed
            | Self::Verification
            | Self::Contradicted
            | Self::Submission
            | Self::SubmissionUnclear => true,
            other => other.is_finding(),
        }
    }

    /// Was it found by reconciliation?
    #[must_use]
    pub fn is_finding(self) -> bool {
        matches!(
            self,
            Self::CompletionMissing
                | Self::FailureMissing
                | Self::ConfirmationMissing
                | Self::OrderUnknown
                | Self::OrderDiffers
                | Self::OrderOverdue
                | Self::RegistrationMissing
                | Self::CountsDiffer
                | Self::FrozenDiffers
                | Self::BalanceDiffers
        )
    }

    /// Is it answered by the platform's word for what was said? That the same request or event had come with other
    /// content is no matter any more, once it is known which one is true.
    #[must_use]
    pub fn is_lifted_by_truth(self) -> bool {
        matches!(self, Self::Verification | Self::RequestConflict | Self::EventConflict)
    }

    /// Why somebody has to look at a refusal. Nobody has to where it ends by itself: an order that is not known may be
    /// registered yet, and a hold is somebody's will.
    #[must_use]
    pub fn of_refusal(refusal: Refusal) -> Option<Self> {
        match refusal {
            Refusal::RequestConflict => Some(Self::RequestConflict),
            Refusal::EventConflict => Some(Self::EventConflict),
            Refusal::BalanceOutOfRange => Some(Self::BalanceOutOfRange),
            Refusal::BalanceTooLow => Some(Self::BalanceTooLow),
            Refusal::UserOwes => Some(Self::UserOwes),
            Refusal::OtherUser => Some(Self::OtherUser),
            Refusal::OtherTerms => Some(Self::OtherTerms),
            Refusal::OrderEnded(_) => Some(Self::OrderEnded),
            Refusal::OrderTooOld => Some(Self::OrderTooOld),
            Refusal::OrderDirect => Some(Self::OrderDirect),
            Refusal::OtherTrackingId => Some(Self::OtherTrackingId),
            Refusal::WrongFunction(_)
            | Refusal::UnknownOrder
            | Refusal::OrderConfirmed
            | Refusal::OrderHeld
            | Refusal::OrderUnderWay => None,
        }
    }
}

impl FromStr for Reason {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|reason| reason.name() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_bears_the_name_of_what_it_comes_from() {
        for outcome in Outcome::ALL {
            let name = Reason::of_outcome(outcome).map(Reason::name);
            assert!(
                name.is_none_or(|name| name == outcome.name() || ["risk", "verification"].contains(&name)),
                "{outcome:?}"
            );
        }
        for refusal in [Refusal::RequestConflict, Refusal::OtherTrackingId, Refusal::BalanceTooLow] {
            assert_eq!(Reason::of_refusal(refusal).unwrap().name(), refusal.name());
        }
        for reason in Reason::ALL {
            assert_eq!(reason.name().parse(), Ok(reason));
        }
    }

    #[test]
    fn each_content_of_an_event_is_a_case_of_its_own() {
        let key = |event: &str, content: &str, position| {
            let (event_key, fingerprint) = (event.to_owned().into(), content.to_owned().into());
            CaseKey::of(&Identity { event_key, fingerprint, position })
        };
        let first = key("deposit.1", "a", None);
        assert_eq!((first.kind(), key("deposit.1", "a", None)), ("deposit", first.clone()));
        for other in
            [key("deposit.1", "b", None), key("deposit.2", "a", None), key("deposit.1", "a", Some(0))]
        {
            assert_ne!(other, first);
        }
    }
}
