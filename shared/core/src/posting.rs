//! Postings change balances, and balances are the sum of their postings.

use crate::asset::Asset;
use crate::money::Decimal;

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
    /// Added to what the user owes.
    pub owed: Decimal,
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
    /// What the user was charged beyond what was available then, and has not given back since.
    pub owed: Decimal,
}

/// Why a posting cannot be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PostingError {
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
            owed: Decimal::ZERO,
        }
    }
}

impl Posting {
    /// The exact sum of two postings to one balance; `None` if it needs more digits than a balance can have.
    #[must_use]
    pub fn checked_add(&self, other: &Self) -> Option<Self> {
        Some(Self {
            available: self.available.checked_add(other.available)?,
            frozen: self.frozen.checked_add(other.frozen)?,
            held: self.held.checked_add(other.held)?,
            owed: self.owed.checked_add(other.owed)?,
            ..self.clone()
        })
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
            owed: self.owed.checked_add(posting.owed)?,
        })
    }

    /// Takes from what can be spent, and what is not there is owed: of `amount`, what is available and the rest.
    #[must_use]
    pub fn charge(self, tenant_user_id: &str, asset: &Asset, amount: Decimal) -> Option<Posting> {
        let taken = amount.min(self.available);
        let owed = amount.checked_sub(taken)?;
        Some(Posting { available: -taken, owed, ..Posting::empty(tenant_user_id, asset) })
    }

    /// Gives back what was taken: first it lowers what is owed, the rest is available.
    #[must_use]
    pub fn refund(self, tenant_user_id: &str, asset: &Asset, amount: Decimal) -> Option<Posting> {
        let forgiven = amount.min(self.owed);
        let available = amount.checked_sub(forgiven)?;
        Some(Posting { available, owed: -forgiven, ..Posting::empty(tenant_user_id, asset) })
    }

    /// What of the available pays what is owed; absent if nothing does.
    #[must_use]
    pub fn collect(self, tenant_user_id: &str, asset: &Asset) -> Option<Posting> {
        let collected = self.available.min(self.owed);
        let none = Posting::empty(tenant_user_id, asset);
        (!collected.is_zero()).then(|| Posting { available: -collected, owed: -collected, ..none })
    }

    /// The balance after `posting`, by the rules that the transaction's conditions keep in the table.
    ///
    /// # Errors
    ///
    /// [`PostingError`]; the balance is then as before.
    pub fn post(self, posting: &Posting) -> Result<Self, PostingError> {
        let after = self.checked_add(posting).ok_or(PostingError::TooManyDigits)?;
        if [after.available, after.frozen, after.held, after.owed].iter().any(|part| part.is_negative()) {
            return Err(PostingError::Negative);
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
    type Case<'a> = (&'a [(&'a str, &'a str)], Result<(&'a str, &'a str), PostingError>);

    #[test]
    fn postings_add_up_or_are_refused_whole() {
        let nines = "9".repeat(38);
        let cases: &[Case<'_>] = &[
            (&[("2.5", "0")], Ok(("2.5", "0"))),
            (&[("0.1", "0"), ("0.2", "0")], Ok(("0.3", "0"))),
            (&[("10", "0"), ("-3.3", "3.3")], Ok(("6.7", "3.3"))),
            (&[("10", "0"), ("-10", "10"), ("0", "-10")], Ok(("0", "0"))),
            (&[("-1", "0")], Err(PostingError::Negative)),
            (&[("1", "0"), ("-1.000000000000000001", "1")], Err(PostingError::Negative)),
            (&[("1", "0"), ("0", "-1")], Err(PostingError::Negative)),
            (&[(&nines, "0"), ("2", "0")], Err(PostingError::TooManyDigits)),
            (&[(&nines, "0"), ("0.1", "0")], Err(PostingError::TooManyDigits)),
        ];
        for (steps, expected) in cases {
            let postings: Vec<_> = steps.iter().map(|(a, f)| posting(a, f)).collect();
            let after = postings.iter().try_fold(Balance::default(), Balance::post);
            let expected = expected.map(|(available, frozen)| Balance {
                available: available.parse().unwrap(),
                frozen: frozen.parse().unwrap(),
                ..Balance::default()
            });
            assert_eq!(after, expected, "{steps:?}");
        }
    }
}
