//! Deposits (type 1): money arrived on a user's address, so the user can spend it, unless its risk is high.

use std::time::SystemTime;

use waas_callback::{Callback, Entry, Notice, Outcome, Policy, Posting, Refusal, Seen, Step};
use waas_callback_aws::Function;

/// The function behind `POST /callback/deposit`.
#[derive(Debug, Clone, Copy)]
pub struct Deposits;

impl Function for Deposits {
    fn name(&self) -> &'static str {
        "deposit"
    }

    fn decide(&self, callback: &Callback, _: &Seen, policy: &Policy, _: SystemTime) -> Result<Step, Refusal> {
        let Notice::Deposit(deposit) = &callback.notice else {
            return Err(Refusal::WrongFunction(callback.callback_type()));
        };
        let posting = Posting::empty(&callback.tenant_user_id, &deposit.asset);
        let amount = deposit.amount.value();
        let is_held = policy.risk_threshold.is_some_and(|threshold| deposit.is_risky(threshold));
        let (outcome, posting) = if is_held {
            (Outcome::Held, Posting { held: amount, ..posting })
        } else {
            (Outcome::Credited, Posting { available: amount, ..posting })
        };
        Ok(Entry { postings: vec![posting], ..Entry::of(outcome) }.into())
    }
}
