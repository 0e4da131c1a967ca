//! What came of an event: one word, in records, logs, metrics and what the merchant's systems are sent.

/// What came of an event: its name in records, logs and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A deposit's amount was added to what its user can spend.
    Credited,
    /// A deposit's amount waits for a release: its risk is at or above the threshold.
    Held,
    /// A deposit's amount waits for the platform's word that it is true.
    Unverified,
    /// The platform has vouched for a deposit that still waits for its release.
    Verified,
    /// The platform has vouched for a deposit that its user has already, told in other words.
    DepositKnown,
    /// A deposit was released from its risk, and still waits for the platform's word.
    RiskLifted,
    /// A deposit that waited was not the user's: the platform has vouched for another content of the same event.
    Rejected,
    /// A held deposit was released.
    Released,
    /// An order was registered.
    Reserved,
    /// An order was taken back by the merchant.
    Cancelled,
    /// An order's details were given to the platform.
    Confirmed,
    /// An order was paid.
    Completed,
    /// An order was paid without the confirmation that its mode asks for, or while an operator held it. It is settled,
    /// since the coins are gone.
    CompletedUnconfirmed,
    /// An order that an operator had settled was paid: its transaction is known now, and nothing is taken again.
    CompletionProved,
    /// The platform paid a withdrawal that nobody registered.
    CompletedUnregistered,
    /// An energy lease arrived.
    Leased,
    /// An order ended without being paid.
    Failed,
    /// An order ended without being paid, and the platform named another payee than the order's.
    FailedOtherAddress,
    /// A withdrawal that nobody registered ended without being paid.
    FailedUnregistered,
    /// An order is said to have ended without being paid; its funds wait for the platform's word.
    FailureReported,
    /// An order waits for coin or gas in the merchant's hot wallet.
    Stalled,
    /// A withdrawal that nobody registered waits for coin or gas.
    StalledUnregistered,
    /// A failure or a shortage of another withdrawal of the platform than the one that the order belongs to.
    Foreign,
    /// A deposit or a payment of nothing.
    ZeroAmount,
    /// A user's deposit address changed.
    AddressChanged,
    /// A user's deposit address is said to have changed, which waits for the platform's word.
    AddressUnverified,
    /// A known address came again: a late retry.
    AddressKnown,
    /// An operator ended a case, or put an order right.
    Resolved,
    /// The platform does not vouch for what was said.
    Contradicted,
    /// A withdrawal was ordered from the platform.
    Submitted,
    /// The platform refused a withdrawal that was ordered there: its funds are available again.
    SubmissionRefused,
    /// Nobody can tell whether the platform has a withdrawal that was ordered there.
    SubmissionUnclear,
    /// The merchant made a user known.
    UserRegistered,
    /// What a user owed was taken from what had become available.
    Collected,
    /// The order had ended; nothing to do.
    Ignored,
    /// The merchant moved amounts between balances: of the movement as a whole.
    Moved,
    /// A leg of a movement: what it changed for one user.
    LegMoved,
    /// An operator adjusted balances: of the adjustment as a whole.
    Adjusted,
    /// A leg of an adjustment: what it changed for one user.
    LegAdjusted,
    /// Reconciliation has found something in which the ledger and the world disagree.
    Found,
    /// What reconciliation had found is over.
    FindingOver,
    /// The platform says that it has paid an order whose completion did not come: its funds are gone.
    SettledUnproven,
    /// The platform says that it has ended an order whose failure did not come: its funds are available again.
    Unfrozen,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 43] = [
        Self::Credited,
        Self::Held,
        Self::Unverified,
        Self::Verified,
        Self::DepositKnown,
        Self::RiskLifted,
        Self::Rejected,
        Self::Released,
        Self::Reserved,
        Self::Cancelled,
        Self::Confirmed,
        Self::Completed,
        Self::CompletedUnconfirmed,
        Self::CompletionProved,
        Self::CompletedUnregistered,
        Self::Leased,
        Self::Failed,
        Self::FailedOtherAddress,
        Self::FailedUnregistered,
        Self::FailureReported,
        Self::Stalled,
        Self::StalledUnregistered,
        Self::Foreign,
        Self::ZeroAmount,
        Self::AddressChanged,
        Self::AddressUnverified,
        Self::AddressKnown,
        Self::Resolved,
        Self::Contradicted,
        Self::Submitted,
        Self::SubmissionRefused,
        Self::SubmissionUnclear,
        Self::UserRegistered,
        Self::Collected,
        Self::Ignored,
        Self::Moved,
        Self::LegMoved,
        Self::Adjusted,
        Self::LegAdjusted,
        Self::Found,
        Self::FindingOver,
        Self::SettledUnproven,
        Self::Unfrozen,
    ];

    /// The name in records, logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Credited => "credited",
            Self::Held => "held",
            Self::Unverified => "unverified",
            Self::Verified => "verified",
            Self::DepositKnown => "deposit-known",
            Self::RiskLifted => "risk-lifted",
            Self::Rejected => "rejected",
            Self::Released => "released",
            Self::Reserved => "reserved",
            Self::Cancelled => "cancelled",
            Self::Confirmed => "confirmed",
            Self::Completed => "completed",
            Self::CompletedUnconfirmed => "completed-unconfirmed",
            Self::CompletionProved => "completion-proved",
            Self::CompletedUnregistered => "completed-unregistered",
            Self::Leased => "leased",
            Self::Failed => "failed",
            Self::FailedOtherAddress => "failed-other-address",
            Self::FailedUnregistered => "failed-unregistered",
            Self::FailureReported => "failure-reported",
            Self::Stalled => "stalled",
            Self::StalledUnregistered => "stalled-unregistered",
            Self::Foreign => "foreign",
            Self::ZeroAmount => "zero-amount",
            Self::AddressChanged => "address-changed",
            Self::AddressUnverified => "address-unverified",
            Self::AddressKnown => "address-known",
            Self::Resolved => "resolved",
            Self::Contradicted => "contradicted",
            Self::Submitted => "submitted",
            Self::SubmissionRefused => "submission-refused",
            Self::SubmissionUnclear => "submission-unclear",
            Self::UserRegistered => "user-registered",
            Self::Collected => "collected",
            Self::Ignored => "ignored",
            Self::Moved => "moved",
            Self::LegMoved => "leg-moved",
            Self::Adjusted => "adjusted",
            Self::LegAdjusted => "leg-adjusted",
            Self::Found => "found",
            Self::FindingOver => "finding-over",
            Self::SettledUnproven => "settled-unproven",
            Self::Unfrozen => "unfrozen",
        }
    }

    /// The type of the event that the merchant's systems are sent (EventBridge's `detail-type`).
    #[must_use]
    pub fn detail_type(self) -> &'static str {
        match self {
            Self::Credited => "waas.deposit.credited",
            Self::Held => "waas.deposit.held",
            Self::Unverified => "waas.deposit.unverified",
            Self::Verified => "waas.deposit.verified",
            Self::DepositKnown => "waas.deposit.unchanged",
            Self::RiskLifted => "waas.deposit.risk-lifted",
            Self::Rejected => "waas.deposit.rejected",
            Self::Released => "waas.deposit.released",
            Self::Reserved => "waas.withdrawal.reserved",
            Self::Cancelled => "waas.withdrawal.cancelled",
            Self::Confirmed => "waas.withdrawal.confirmed",
            Self::Completed
            | Self::CompletedUnconfirmed
            | Self::CompletionProved
            | Self::CompletedUnregistered => "waas.withdrawal.completed",
            Self::Failed | Self::FailedOtherAddress | Self::FailedUnregistered | Self::SubmissionRefused => {
                "waas.withdrawal.failed"
            }
            Self::Submitted => "waas.withdrawal.submitted",
            Self::SubmissionUnclear => "waas.withdrawal.submission-unclear",
            Self::FailureReported => "waas.withdrawal.failure-reported",
            Self::Stalled | Self::StalledUnregistered => "waas.withdrawal.stalled",
            Self::Ignored => "waas.withdrawal.unchanged",
            Self::Foreign | Self::Contradicted => "waas.contradiction",
            Self::ZeroAmount => "waas.zero-amount",
            Self::Leased => "waas.energy.leased",
            Self::AddressChanged => "waas.address.changed",
            Self::AddressUnverified => "waas.address.unverified",
            Self::AddressKnown => "waas.address.unchanged",
            Self::Resolved => "waas.resolved",
            Self::UserRegistered => "waas.user.registered",
            Self::Collected => "waas.debt.collected",
            Self::Moved => "waas.movement.posted",
            Self::LegMoved => "waas.movement.leg",
            Self::Adjusted => "waas.adjustment.posted",
            Self::LegAdjusted => "waas.adjustment.leg",
            Self::Found => "waas.reconciliation.found",
            Self::FindingOver => "waas.reconciliation.over",
            Self::SettledUnproven => "waas.reconciliation.settled",
            Self::Unfrozen => "waas.reconciliation.unfrozen",
        }
    }
}
