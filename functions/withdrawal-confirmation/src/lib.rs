//! Confirmations (type 2): the platform asks what a withdrawal is to pay, and pays what is answered.

use std::time::SystemTime;

use waas_callback::{Callback, Notice, Payout, Policy, Refusal, Seen, Step, confirm, confirm_again};
use waas_callback_aws::Function;

/// The function behind `POST /callback/withdrawal-confirmation`.
#[derive(Debug, Clone, Copy)]
pub struct Confirmations;

impl Function for Confirmations {
    fn name(&self) -> &'static str {
        "withdrawal-confirmation"
    }

    fn decide(
        &self,
        callback: &Callback,
        seen: &Seen,
        policy: &Policy,
        now: SystemTime,
    ) -> Result<Step, Refusal> {
        let Notice::WithdrawalConfirmation(confirmation) = &callback.notice else {
            return Err(Refusal::WrongFunction(callback.callback_type()));
        };
        let Some(order) = seen.order.as_option() else { return Ok(Step::Read) };
        let tracking_id = callback.tracking_id.as_deref();
        let max_age = policy.confirmation_max_age;
        confirm(confirmation, &callback.tenant_user_id, tracking_id, order, max_age, now).map(Step::from)
    }

    fn repeat(&self, _: &Callback, seen: &Seen) -> Result<Option<Payout>, Refusal> {
        confirm_again(seen.order.as_option().flatten()).map(Some)
    }
}
