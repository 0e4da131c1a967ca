//! Deposits (type 1): money arrived on a user's address, so the user can spend it, unless its risk is high.

use waas_callback::{Content, Decide, Decision, Entry, Outcome, Posting, Refusal, Situation};

/// The function behind `POST /callback/deposit`.
#[derive(Debug, Clone, Copy)]
pub struct Deposits;

impl Decide for Deposits {
    fn name(&self) -> &'static str {
        "deposit"
    }

    fn decide(&self, situation: &Situation<'_>) -> Result<Decision, Refusal> {
        let callback = situation.callback;
        let Content::Deposit(deposit) = &callback.content else {
            return Err(Refusal::WrongFunction(callback.callback_type()));
        };
        // Dust of nothing at all, as poisoners of addresses send it.
        if deposit.amount.value().is_zero() {
            return Ok(Entry::of(Outcome::ZeroAmount).into());
        }
        let posting = Posting::empty(&callback.tenant_user_id, &deposit.asset);
        let amount = deposit.amount.value();
        let is_held = situation.policy.risk_threshold.is_some_and(|threshold| deposit.is_risky(threshold));
        let (outcome, posting) = if is_held {
            (Outcome::Held, Posting { held: amount, ..posting })
        } else {
            (Outcome::Credited, Posting { available: amount, ..posting })
        };
        Ok(Entry { postings: vec![posting], ..Entry::of(outcome) }.into())
    }
}
