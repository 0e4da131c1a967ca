//! What an audit names.

use std::collections::BTreeSet;
use std::fmt;

/// What is wrong with a record. Each kind says what its [`Finding::key`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A balance is not the sum of its postings. Key: user and asset.
    Balance,
    /// `frozen` is not the sum of the user's open orders. Key: user and asset.
    Frozen,
    /// `held` is not the sum of the deposits that wait. Key: user and asset.
    Held,
    /// An event posted something else than what it tells of. Key: the event.
    Posting,
    /// An order ended with postings of other than its terms, or more than once. Key: the order.
    OrderPosting,
    /// An order stands where no event has brought it, or not where one has. Key: the order.
    OrderState,
    /// An order looks registered and no event registered it, or the other way round. Key: the order.
    OrderRegistration,
    /// An order shows another user, asset, amount, address or way of being paid than was registered. Key: the order.
    OrderTerms,
    /// An order is not as far on its way to the platform as its events tell. Key: the order.
    OrderSubmission,
    /// An order is not among those that are held against the platform though it is open, or waits for its registration
    /// though it was paid; or it is among them and has ended. Key: the order.
    OrderOpen,
    /// A case is open without its cause, closed without its end, or the other way round; or the platform is asked where
    /// there is no question, or not where there is one; or the same of an order that is to be sent there. Key: the case.
    Case,
    /// A case ended with postings of another amount than it is about. Key: the case.
    CasePosting,
    /// One payment on chain was credited twice, or waits to be once more. Key: the deposit's event.
    CreditedTwice,
    /// A movement's or an adjustment's legs are not those that it tells of, or a movement's do not sum to zero. Key: the
    /// event of the whole.
    Movement,
    /// A deposit or a payment is not counted for its type and day, or something else is. Key: the event.
    Counted,
    /// What reconciliation has noted as the sum of a balance's events is not. Key: user and asset.
    Checkpoint,
    /// A record cannot be read at all. Key: its table and key.
    Unreadable,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Balance,
        Self::Frozen,
        Self::Held,
        Self::Posting,
        Self::OrderPosting,
        Self::OrderState,
        Self::OrderRegistration,
        Self::OrderTerms,
        Self::OrderSubmission,
        Self::OrderOpen,
        Self::Case,
        Self::CasePosting,
        Self::CreditedTwice,
        Self::Movement,
        Self::Counted,
        Self::Checkpoint,
        Self::Unreadable,
    ];

    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Balance => "balance",
            Self::Frozen => "frozen",
            Self::Held => "held",
            Self::Posting => "posting",
            Self::OrderPosting => "order-posting",
            Self::OrderState => "order-state",
            Self::OrderRegistration => "order-registration",
            Self::OrderTerms => "order-terms",
            Self::OrderSubmission => "order-submission",
            Self::OrderOpen => "order-open",
            Self::Case => "case",
            Self::CasePosting => "case-posting",
            Self::CreditedTwice => "credited-twice",
            Self::Movement => "movement",
            Self::Counted => "counted",
            Self::Checkpoint => "checkpoint",
            Self::Unreadable => "unreadable",
        }
    }
}

/// One thing that is not as the events say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What is wrong.
    pub kind: Kind,
    /// With which record.
    pub key: String,
    /// What stands there, and what should.
    pub detail: String,
    /// Whose records tell of it: what is read again before it is believed.
    pub users: BTreeSet<String>,
}

/// What a finding's key names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    Order,
    Case,
    Movement,
    /// What its users tell of.
    Other,
}

impl Finding {
    pub(super) fn named(&self) -> Named {
        match self.kind {
            Kind::OrderPosting
            | Kind::OrderState
            | Kind::OrderRegistration
            | Kind::OrderTerms
            | Kind::OrderSubmission
            | Kind::OrderOpen => Named::Order,
            Kind::Case | Kind::CasePosting => Named::Case,
            Kind::Movement => Named::Movement,
            Kind::Balance
            | Kind::Frozen
            | Kind::Held
            | Kind::Posting
            | Kind::CreditedTwice
            | Kind::Counted
            | Kind::Checkpoint
            | Kind::Unreadable => Named::Other,
        }
    }

    /// The users, the order and the case whose events tell of it; a movement's own events alone tell of it.
    pub(super) fn subjects(&self) -> impl Iterator<Item = &str> {
        let named = self.named();
        let key = (named != Named::Other).then_some(&*self.key);
        let users = self.users.iter().map(String::as_str).filter(move |_| named != Named::Movement);
        users.chain(key)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, key, detail, users: _ } = self;
        write!(f, "{} {key}: {detail}", kind.name())
    }
}
