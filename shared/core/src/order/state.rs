//! What is known of an order.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use crate::call_back_id::CallBackId;
use crate::mode::Mode;
use crate::money::Decimal;
use crate::submission::Submission;
use crate::terms::Terms;
use crate::tx_id::TxId;

/// A withdrawal order as recorded: what its registration says, which is an event, and what happened since, which is the
/// order's own record. What only the platform reported is believed where there is no registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The merchant's id of the withdrawal.
    pub call_back_id: CallBackId,
    /// Counts the changes of its record.
    pub version: u64,
    /// Whether the merchant registered it: whether there is the registration's event.
    pub is_registered: bool,
    /// The user who withdraws: by the registration, or as reported.
    pub tenant_user_id: String,
    /// What it is to pay: by the registration, or as reported; absent where only its failure was reported.
    pub terms: Option<Terms>,
    /// What the platform reported that it paid, while nobody had registered it.
    pub reported: Option<Terms>,
    /// Where it stands.
    pub state: OrderState,
    /// Set by an operator: do not confirm it.
    pub is_held: bool,
    /// How it will be paid, by the registration.
    pub mode: Mode,
    /// The withdrawal of the platform that it belongs to: the trackingId of what first took effect. Never another.
    pub tracking_id: Option<String>,
    /// The transaction that paid it.
    pub tx_id: Option<TxId>,
    /// Why it waits at the platform.
    pub stalled: Option<StallCause>,
    /// Since when it is said to have failed, while or after the platform was asked whether it has; RFC 3339.
    pub failure_reported: Option<String>,
    /// How far it is on its way to the platform, if it is submitted from here.
    pub submission: Option<Submission>,
    /// What the platform kept of the ordered amount.
    pub fee: Option<Decimal>,
    /// What the user was charged for it after its end: zero where the merchant bears what was paid.
    pub charged: Option<Decimal>,
    /// When it was registered.
    pub registered_at: Option<SystemTime>,
    /// When its record last changed, RFC 3339.
    pub updated_at: Option<String>,
}

impl Order {
    /// The order's row in the table of transitions, for what the merchant or an operator does.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match (self.is_registered, self.state) {
            (false, OrderState::Failed) => Standing::FailedUnregistered,
            (false, OrderState::Completed) => Standing::CompletedUnregistered,
            // Nothing but a registration opens an order: a record that says so by itself is not believed.
            (false, _) | (true, OrderState::Reported) => Standing::Reported,
            (true, OrderState::Reserved) if self.mode == Mode::Direct => Standing::Direct,
            (true, OrderState::Reserved) if self.is_spoken_of() => Standing::UnderWay,
            (true, OrderState::Reserved) => Standing::Reserved,
            (true, OrderState::Confirmed) => Standing::Confirmed,
            (true, OrderState::Completed) if self.tx_id.is_none() => Standing::CompletedUnproven,
            (true, OrderState::Completed) => Standing::Completed,
            (true, OrderState::Failed) => Standing::Failed,
            (true, OrderState::Cancelled) => Standing::Cancelled,
        }
    }

    /// Did the platform speak of it, before or since it was registered, or was it ordered there? Then it may be paying.
    fn is_spoken_of(&self) -> bool {
        self.stalled.is_some()
            || self.tracking_id.is_some()
            || self.failure_reported.is_some()
            || self.submission.is_some_and(Submission::is_under_way)
    }

    /// The order's row for what the platform reports under `tracking_id`. A report without one meets every check but
    /// this.
    #[must_use]
    pub fn standing_for(&self, tracking_id: Option<&str>) -> Standing {
        let is_foreign =
            self.tracking_id.as_deref().zip(tracking_id).is_some_and(|(ours, theirs)| ours != theirs);
        if is_foreign { Standing::Foreign } else { self.standing() }
    }
}

/// Why an order waits at the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StallCause {
    /// The hot wallet lacks the coin (type 6).
    InsufficientBalance,
    /// The hot wallet lacks gas (type 7).
    InsufficientGas,
}

impl StallCause {
    /// Both.
    pub const ALL: [Self; 2] = [Self::InsufficientBalance, Self::InsufficientGas];

    /// The name in records and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InsufficientBalance => "insufficient-balance",
            Self::InsufficientGas => "insufficient-gas",
        }
    }
}

impl FromStr for StallCause {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|cause| cause.name() == text).ok_or(())
    }
}

/// Where an order stands. It reaches at most one of completed, failed and cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderState {
    /// Only spoken of by the platform, in a shortage or an unverified failure: neither registered nor ended.
    Reported,
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
    pub const ALL: [Self; 6] =
        [Self::Reported, Self::Reserved, Self::Confirmed, Self::Completed, Self::Failed, Self::Cancelled];

    /// The name in records and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Reported => "reported",
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

/// A row of the table of transitions: all of an order that says what may happen to it. The platform may report an
/// order that nobody registered (`withdrawWithoutVerify`), or before its registration reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// No order of that id.
    Absent,
    /// Reported as waiting, or as failed by what is not verified; never registered.
    Reported,
    /// Registered, to be confirmed.
    Reserved,
    /// Registered, to be paid without a confirmation: the platform may be paying it.
    Direct,
    /// Registered, to be confirmed, and yet the platform spoke of it, before or since: it stalled, it is said to have
    /// failed, or it belongs to a withdrawal of the platform. Or it was ordered there.
    UnderWay,
    /// Its details were given to the platform.
    Confirmed,
    /// Paid.
    Completed,
    /// Settled by an operator, without a transaction that proves it: a payment's report may still come.
    CompletedUnproven,
    /// Ended without being paid.
    Failed,
    /// Taken back by the merchant.
    Cancelled,
    /// Reported as paid, never registered.
    CompletedUnregistered,
    /// Reported as failed, never registered.
    FailedUnregistered,
    /// The order, wherever it stands, belongs to another withdrawal of the platform than the one that is spoken of.
    Foreign,
}

impl Standing {
    /// Is it registered, and has not ended? Then its funds are frozen.
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            Self::Reserved | Self::Direct | Self::UnderWay | Self::Confirmed => true,
            Self::Absent
            | Self::Reported
            | Self::Completed
            | Self::CompletedUnproven
            | Self::Failed
            | Self::Cancelled
            | Self::CompletedUnregistered
            | Self::FailedUnregistered
            | Self::Foreign => false,
        }
    }
}
