//! Movements, which are the merchant's, and adjustments, which are an operator's.

use std::time::SystemTime;

use waas_callback::{Adjustment, Legs, Movement, Refusal, Verdict};

use crate::commit::Stopped;
use crate::merchant::Merchant;
use crate::operator::Operator;
use crate::retry::Unavailable;
use crate::tables::Ledger;

/// Why legs were not posted, none of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotMoved {
    /// The id was used before, for something else.
    #[error("this id was used before with other content")]
    IdUsed,
    /// Against the ledger's rules.
    #[error("legs[{leg}]: {refusal}")]
    Refused {
        /// The first leg that cannot be posted, from 0.
        leg: usize,
        /// Why.
        refusal: Refusal,
    },
    /// The ledger could not be read or written.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Merchant {
    /// Moves amounts between balances, all legs or none, exactly once by the movement's id. Says whether that was done now
    /// or before.
    ///
    /// # Errors
    ///
    /// [`NotMoved::IdUsed`]; or a leg with [`Refusal::BalanceTooLow`], [`Refusal::UserOwes`] or
    /// [`Refusal::BalanceOutOfRange`].
    pub async fn post(&self, movement: &Movement, now: SystemTime) -> Result<bool, NotMoved> {
        post(&self.ledger, movement.legs(), None, now).await
    }
}

impl Operator {
    /// Adds to balances and takes from them, all legs or none, exactly once by the adjustment's id. What is added is
    /// available, and what is taken is taken of that, even while the user owes. `operator` is the caller's ARN. Says
    /// whether that was done now or before.
    ///
    /// # Errors
    ///
    /// [`NotMoved::IdUsed`]; or a leg with [`Refusal::BalanceTooLow`] or [`Refusal::BalanceOutOfRange`].
    pub async fn adjust(
        &self,
        adjustment: &Adjustment,
        operator: &str,
        now: SystemTime,
    ) -> Result<bool, NotMoved> {
        post(&self.ledger, adjustment.legs(), Some(operator), now).await
    }
}

async fn post(
    ledger: &Ledger,
    legs: &Legs,
    operator: Option<&str>,
    now: SystemTime,
) -> Result<bool, NotMoved> {
    match ledger.post_legs(legs, operator, now).await? {
        None => Ok(true),
        Some(Stopped::Known(Verdict::Repetition)) => Ok(false),
        Some(Stopped::Known(_)) => Err(NotMoved::IdUsed),
        Some(Stopped::Refused { leg, refusal }) => Err(NotMoved::Refused { leg, refusal }),
        Some(Stopped::RecordMissing) => {
            Err(Unavailable::new("a record is missing: the whole of a known leg").into())
        }
    }
}
