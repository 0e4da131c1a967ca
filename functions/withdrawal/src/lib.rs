//! Withdrawals (type 3): one was paid on chain, so its funds are gone; or an energy lease arrived.

use std::time::SystemTime;

use waas_callback::{
    Callback, Entry, Notice, Outcome, Policy, Refusal, Seen, Step, complete, complete_as_ordered,
};
use waas_callback_aws::Function;

/// The function behind `POST /callback/withdrawal`.
#[derive(Debug, Clone, Copy)]
pub struct Withdrawals;

impl Function for Withdrawals {
    fn name(&self) -> &'static str {
        "withdrawal"
    }

    fn decide(
        &self,
        callback: &Callback,
        seen: &Seen,
        policy: &Policy,
        _: SystemTime,
    ) -> Result<Step, Refusal> {
        let Notice::Withdrawal(withdrawal) = &callback.notice else {
            return Err(Refusal::WrongFunction(callback.callback_type()));
        };
        if withdrawal.is_energy() {
            return Ok(Entry::of(Outcome::Leased).into());
        }
        let user = &callback.tenant_user_id;
        match seen.order.as_option() {
            None => Ok(complete_as_ordered(withdrawal, user).into()),
            Some(order) => complete(withdrawal, user, order, policy.actual_below_order).map(Step::from),
        }
    }
}
