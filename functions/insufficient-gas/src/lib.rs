//! Gas shortages (type 7): a withdrawal waits for gas in the merchant's hot wallet. Its funds stay frozen.

use std::time::SystemTime;

use waas_callback::{Callback, Notice, Policy, Refusal, Seen, StallCause, Step, stall};
use waas_callback_aws::Function;

/// The function behind `POST /callback/insufficient-gas`.
#[derive(Debug, Clone, Copy)]
pub struct GasShortages;

impl Function for GasShortages {
    fn name(&self) -> &'static str {
        "insufficient-gas"
    }

    fn decide(&self, callback: &Callback, seen: &Seen, _: &Policy, _: SystemTime) -> Result<Step, Refusal> {
        let Notice::InsufficientGas(shortage) = &callback.notice else {
            return Err(Refusal::WrongFunction(callback.callback_type()));
        };
        let (id, user) = (&shortage.call_back_id, &callback.tenant_user_id);
        stall(id, user, seen.order.as_option(), StallCause::InsufficientGas).map(Step::from)
    }
}
