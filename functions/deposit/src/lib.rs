//! Deposits (type 1): money arrived on a user's address, so the user can spend it, once the platform vouches for it and
//! unless its risk is high.

use waas_callback::{Content, Decide, Decision, Entry, Outcome, Posting, Reason, Refusal, Situation};

/// The function behind `POST /callback/deposit`.
#[derive(Debug, Clone, Copy)]
pub struct Deposits;

impl Decide for Deposits {
    fn name(&self) -> &'static str {
        "deposit"
    }

    fn decide(&self, situation: &Situation<'_>) -> Result<Decision, Refusal> {
        let Situation { callback, policy, .. } = situation;
        let Content::Deposit(deposit) = &callback.content else {
            return Err(Refusal::WrongFunction(callback.callback_type()));
        };
        // Dust of nothing at all, as poisoners of addresses send it.
        if deposit.amount.value().is_zero() {
            return Ok(Entry::of(Outcome::ZeroAmount).into());
        }
        let posting = Posting::empty(&callback.tenant_user_id, &deposit.asset);
        let amount = deposit.amount.value();
        let is_risky = policy.risk_threshold.is_some_and(|threshold| deposit.is_risky(threshold));
        let (outcome, posting) = match (is_risky, policy.verify) {
            (true, _) => (Outcome::Held, Posting { held: amount, ..posting }),
            (false, true) => (Outcome::Unverified, Posting { held: amount, ..posting }),
            (false, false) => (Outcome::Credited, Posting { available: amount, ..posting }),
        };
        let mut entry = Entry { postings: vec![posting], ..Entry::of(outcome) };
        if is_risky && policy.verify {
            entry.reasons.push(Reason::Verification);
        }
        Ok(entry.into())
    }
}
