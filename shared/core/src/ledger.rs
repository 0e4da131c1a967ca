//! The books: postings change balances, and balances are the sum of their postings.

use std::borrow::Cow;

use crate::idempotency::fold_hex;
use crate::model::{Asset, Payout};
use crate::money::Decimal;
use crate::order::OrderUpdate;

/// One change of one user's balance in one asset. Recorded with its event and never altered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// The user, by the merchant's id.
    pub tenant_user_id: String,
    /// What is counted.
    pub asset: Asset,
    /// Added to what the user can spend.
    pub available: Decimal,
    /// Added to what is set aside for withdrawals under way.
    pub frozen: Decimal,
    /// Added to what waits for a release because of its risk.
    pub held: Decimal,
}

/// What an event does: all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What came of the event.
    pub outcome: Outcome,
    /// What it changes in the balances.
    pub postings: Vec<Posting>,
    /// What it changes in an order.
    pub order: Option<OrderUpdate>,
    /// The address that becomes the user's, unless it was that before.
    pub address: Option<AddressUpdate>,
    /// What the platform is told to pay.
    pub payout: Option<Payout>,
}

/// A user's new deposit address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressUpdate {
    /// The user, by the merchant's id.
    pub tenant_user_id: String,
    /// For deposits of what.
    pub asset: Asset,
    /// The new address.
    pub address: String,
}

/// What came of an event: its name in records, logs and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A deposit's amount was added to what its user can spend.
    Credited,
    /// A deposit's amount waits for a release: its risk is at or above the threshold.
    Held,
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
    /// The platform paid a withdrawal that nobody registered.
    CompletedUnregistered,
    /// An energy lease arrived.
    Leased,
    /// An order ended without being paid.
    Failed,
    /// A withdrawal that nobody registered ended without being paid.
    FailedUnregistered,
    /// An order waits for coin or gas in the merchant's hot wallet.
    Stalled,
    /// A withdrawal that nobody registered waits for coin or gas.
    StalledUnregistered,
    /// A user's deposit address changed.
    AddressChanged,
    /// A known address came again: a late retry.
    AddressKnown,
    /// The order had ended; nothing to do.
    Ignored,
    /// A registration that changes nothing.
    Unchanged,
}

impl AddressUpdate {
    /// The address as the chain compares it: two addresses with one key are one.
    #[must_use]
    pub fn key(&self) -> Cow<'_, str> {
        fold_hex(&self.address)
    }
}

impl Outcome {
    /// The name in records, logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Credited => "credited",
            Self::Held => "held",
            Self::Released => "released",
            Self::Reserved => "reserved",
            Self::Cancelled => "cancelled",
            Self::Confirmed => "confirmed",
            Self::Completed => "completed",
            Self::CompletedUnregistered => "completed-unregistered",
            Self::Leased => "leased",
            Self::Failed => "failed",
            Self::FailedUnregistered => "failed-unregistered",
            Self::Stalled => "stalled",
            Self::StalledUnregistered => "stalled-unregistered",
            Self::AddressChanged => "address-changed",
            Self::AddressKnown => "address-known",
            Self::Ignored => "ignored",
            Self::Unchanged => "unchanged",
        }
    }
}

impl Outcome {
    /// The type of the event that the merchant's systems are sent (EventBridge's `detail-type`).
    #[must_use]
    pub fn detail_type(self) -> &'static str {
        match self {
            Self::Credited => "waas.deposit.credited",
            Self::Held => "waas.deposit.held",
            Self::Released => "waas.deposit.released",
            Self::Reserved => "waas.withdrawal.reserved",
            Self::Cancelled => "waas.withdrawal.cancelled",
            Self::Confirmed => "waas.withdrawal.confirmed",
            Self::Completed | Self::CompletedUnregistered => "waas.withdrawal.completed",
            Self::Failed | Self::FailedUnregistered => "waas.withdrawal.failed",
            Self::Stalled | Self::StalledUnregistered => "waas.withdrawal.stalled",
            Self::Ignored | Self::Unchanged => "waas.withdrawal.unchanged",
            Self::Leased => "waas.energy.leased",
            Self::AddressChanged => "waas.address.changed",
            Self::AddressKnown => "waas.address.unchanged",
        }
    }
}

impl Entry {
    /// An entry that changes nothing.
    #[must_use]
    pub fn of(outcome: Outcome) -> Self {
        Self { outcome, postings: Vec::new(), order: None, address: None, payout: None }
    }
}

/// What a user holds in one asset. Neither part is ever negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// What the user can spend.
    pub available: Decimal,
    /// What is set aside for withdrawals under way.
    pub frozen: Decimal,
    /// What waits for a release because of its risk.
    pub held: Decimal,
}

/// Why a posting cannot be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// A part of the balance would fall below zero.
    #[error("the balance would be negative")]
    Negative,
    /// The exact sum needs more digits than a balance can have.
    #[error("the balance would need more than 38 digits")]
    TooManyDigits,
}

impl Posting {
    /// A posting that changes nothing, to be filled in.
    #[must_use]
    pub fn empty(tenant_user_id: &str, asset: &Asset) -> Self {
        Self {
            tenant_user_id: tenant_user_id.to_owned(),
            asset: asset.clone(),
            available: Decimal::ZERO,
            frozen: Decimal::ZERO,
            held: Decimal::ZERO,
        }
    }
}

impl Balance {
    /// The exact sum, whatever its signs; `None` if it needs more digits than a balance can have.
    #[must_use]
    pub fn checked_add(self, posting: &Posting) -> Option<Self> {
        Some(Self {
            available: self.available.checked_add(posting.available)?,
            frozen: self.frozen.checked_add(posting.frozen)?,
            held: self.held.checked_add(posting.held)?,
        })
    }

    /// The balance after `posting`, by the rules that the transaction's conditions keep in the table.
    ///
    /// # Errors
    ///
    /// [`LedgerError`]; the balance is then as before.
    pub fn post(self, posting: &Posting) -> Result<Self, LedgerError> {
        let after = self.checked_add(posting).ok_or(LedgerError::TooManyDigits)?;
        if [after.available, after.frozen, after.held].iter().any(|part| part.is_negative()) {
            return Err(LedgerError::Negative);
        }
        Ok(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posting(available: &str, frozen: &str) -> Posting {
        let asset = "TRON#TRX".parse().unwrap();
        let (available, frozen) = (available.parse().unwrap(), frozen.parse().unwrap());
        Posting { available, frozen, ..Posting::empty("2049", &asset) }
    }

    /// Postings as (available, frozen), and the balance that they lead to.
    type Case<'a> = (&'a [(&'a str, &'a str)], Result<(&'a str, &'a str), LedgerError>);

    #[test]
    fn postings_add_up_or_are_refused_whole() {
        let nines = "9".repeat(38);
        let cases: &[Case<'_>] = &[
            (&[("2.5", "0")], Ok(("2.5", "0"))),
            (&[("0.1", "0"), ("0.2", "0")], Ok(("0.3", "0"))),
            (&[("10", "0"), ("-3.3", "3.3")], Ok(("6.7", "3.3"))),
            (&[("10", "0"), ("-10", "10"), ("0", "-10")], Ok(("0", "0"))),
            (&[("-1", "0")], Err(LedgerError::Negative)),
            (&[("1", "0"), ("-1.000000000000000001", "1")], Err(LedgerError::Negative)),
            (&[("1", "0"), ("0", "-1")], Err(LedgerError::Negative)),
            (&[(&nines, "0"), ("2", "0")], Err(LedgerError::TooManyDigits)),
            (&[(&nines, "0"), ("0.1", "0")], Err(LedgerError::TooManyDigits)),
        ];
        for (steps, expected) in cases {
            let postings: Vec<_> = steps.iter().map(|(a, f)| posting(a, f)).collect();
            let after = postings.iter().try_fold(Balance::default(), Balance::post);
            let expected = expected.map(|(available, frozen)| Balance {
                available: available.parse().unwrap(),
                frozen: frozen.parse().unwrap(),
                held: Decimal::ZERO,
            });
            assert_eq!(after, expected, "{steps:?}");
        }
    }
}
