//! Failures (type 5): a withdrawal ended for good without paying, so its funds are available again.

use std::time::SystemTime;

use waas_callback::{Callback, Notice, Policy, Refusal, Seen, Step, fail};
use waas_callback_aws::Function;

/// The function behind `POST /callback/withdrawal-failure`.
#[derive(Debug, Clone, Copy)]
pub struct Failures;

impl Function for Failures {
    fn name(&self) -> &'static str {
        "withdrawal-failure"
    }

    fn decide(&self, callback: &Callback, seen: &Seen, _: &Policy, _: SystemTime) -> Result<Step, Refusal> {
        let Notice::WithdrawalFailure(failure) = &callback.notice else {
            return Err(Refusal::WrongFunction(callback.callback_type()));
        };
        let Some(order) = seen.order.as_option() else { return Ok(Step::Read) };
        let to_address = failure.to_address.as_deref();
        fail(&failure.call_back_id, &callback.tenant_user_id, to_address, order).map(Step::from)
    }
}
