//! Balance shortages (type 6): a withdrawal waits for coin in the merchant's hot wallet. Its funds stay frozen.

use std::time::SystemTime;

use waas_callback::{Callback, Notice, Policy, Refusal, Seen, StallCause, Step, stall};
use waas_callback_aws::Function;

/// The function behind `POST /callback/insufficient-balance`.
#[derive(Debug, Clone, Copy)]
pub struct BalanceShortages;

impl Function for BalanceShortages {
    fn name(&self) -> &'static str {
        "insufficient-balance"
    }

    fn decide(&self, callback: &Callback, seen: &Seen, _: &Policy, _: SystemTime) -> Result<Step, Refusal> {
        let Notice::InsufficientBalance(shortage) = &callback.notice else {
            return Err(Refusal::WrongFunction(callback.callback_type()));
        };
        let (id, user) = (&shortage.call_back_id, &callback.tenant_user_id);
        stall(id, user, seen.order.as_option(), StallCause::InsufficientBalance).map(Step::from)
    }
}
