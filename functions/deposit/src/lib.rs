//! Deposits (type 1): money arrived on a user's address, so the user can spend it.

use waas_callback::{Callback, Entry, Notice, Outcome, Posting, Refusal};
use waas_callback_aws::Function;

/// The function behind `POST /callback/deposit`.
#[derive(Debug, Clone, Copy)]
pub struct Deposits;

impl Function for Deposits {
    fn name(&self) -> &'static str {
        "deposit"
    }

    fn decide(&self, callback: &Callback) -> Result<Entry, Refusal> {
        let Notice::Deposit(deposit) = &callback.notice else {
            return Err(Refusal::WrongFunction(callback.callback_type()));
        };
        let credit = Posting::credit(&callback.tenant_user_id, &deposit.asset, &deposit.amount);
        Ok(Entry { outcome: Outcome::Credited, postings: vec![credit] })
    }
}
