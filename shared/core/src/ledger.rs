//! The books: postings change balances, and balances are the sum of their postings.

use std::collections::BTreeMap;

use crate::model::Asset;
use crate::money::{Amount, Decimal};

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
}

/// What an event does, and the name of it for records, logs and metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What came of the event.
    pub outcome: Outcome,
    /// What it changes; all of it or nothing.
    pub postings: Vec<Posting>,
}

/// What came of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A deposit's amount was added to what its user can spend.
    Credited,
}

impl Outcome {
    /// The name in records, logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Credited => "credited",
        }
    }
}

/// What a user holds in one asset. Neither part is ever negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// What the user can spend.
    pub available: Decimal,
    /// What is set aside for withdrawals under way.
    pub frozen: Decimal,
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
    /// A deposit: `available + amount`.
    #[must_use]
    pub fn credit(tenant_user_id: &str, asset: &Asset, amount: &Amount) -> Self {
        Self {
            tenant_user_id: tenant_user_id.to_owned(),
            asset: asset.clone(),
            available: amount.value(),
            frozen: Decimal::ZERO,
        }
    }
}

impl Balance {
    /// The balance after `posting`.
    ///
    /// # Errors
    ///
    /// [`LedgerError`]; the balance is then as before.
    pub fn post(self, posting: &Posting) -> Result<Self, LedgerError> {
        let add = |a: Decimal, b| a.checked_add(b).ok_or(LedgerError::TooManyDigits);
        let after = Self {
            available: add(self.available, posting.available)?,
            frozen: add(self.frozen, posting.frozen)?,
        };
        if after.available.is_negative() || after.frozen.is_negative() {
            return Err(LedgerError::Negative);
        }
        Ok(after)
    }
}

/// The balances that these postings, in this order, lead to from nothing; by user and asset.
///
/// # Errors
///
/// The first posting that breaks a rule.
pub fn balances<'a>(
    postings: impl IntoIterator<Item = &'a Posting>,
) -> Result<BTreeMap<(String, Asset), Balance>, LedgerError> {
    let mut balances = BTreeMap::<_, Balance>::new();
    for posting in postings {
        let balance = balances.entry((posting.tenant_user_id.clone(), posting.asset.clone())).or_default();
        *balance = balance.post(posting)?;
    }
    Ok(balances)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posting(available: &str, frozen: &str) -> Posting {
        Posting {
            tenant_user_id: "2049".into(),
            asset: "TRON#TRX".parse().unwrap(),
            available: available.parse().unwrap(),
            frozen: frozen.parse().unwrap(),
        }
    }

    #[test]
    fn postings_add_up_or_are_refused_whole() {
        let nines = "9".repeat(38);
        let cases: &[(&[(&str, &str)], Result<(&str, &str), LedgerError>)] = &[
            (&[("2.5", "0")], Ok(("2.5", "0"))),
            (&[("0.1", "0"), ("0.2", "0")], Ok(("0.3", "0"))),
            (&[("10", "0"), ("-3.3", "3.3")], Ok(("6.7", "3.3"))),
            (&[("10", "0"), ("-10", "10"), ("0", "-10")], Ok(("0", "0"))),
            (&[("-1", "0")], Err(LedgerError::Negative)),
            (&[("1", "0"), ("-1.000000000000000001", "1")], Err(LedgerError::Negative)),
            (&[("1", "0"), ("0", "-1")], Err(LedgerError::Negative)),
            (&[(&nines, "0"), ("1", "0")], Err(LedgerError::TooManyDigits)),
            (&[(&nines, "0"), ("0.1", "0")], Err(LedgerError::TooManyDigits)),
        ];
        for (steps, expected) in cases {
            let postings: Vec<_> = steps.iter().map(|(a, f)| posting(a, f)).collect();
            let key = ("2049".to_owned(), "TRON#TRX".parse().unwrap());
            let after = balances(&postings).map(|balances| balances[&key]);
            let expected = expected.map(|(available, frozen)| Balance {
                available: available.parse().unwrap(),
                frozen: frozen.parse().unwrap(),
            });
            assert_eq!(after, expected, "{steps:?}");
        }
    }

    #[test]
    fn a_credit_touches_one_user_and_one_asset() {
        let asset = Asset::new("TRON", "TRX").unwrap();
        let credit = Posting::credit("2049", &asset, &Amount::parse("2.500000000000").unwrap());
        assert_eq!(credit, posting("2.5", "0"));
    }
}
