//! Withdrawals (type 3): one was paid on chain, so its funds are gone; or an energy lease arrived.

use waas_callback::{Content, Decide, Decision, Entry, Outcome, Refusal, Situation, complete};

/// The function behind `POST /callback/withdrawal`.
#[derive(Debug, Clone, Copy)]
pub struct Withdrawals;

impl Decide for Withdrawals {
    fn name(&self) -> &'static str {
        "withdrawal"
    }

    fn decide(&self, situation: &Situation<'_>) -> Result<Decision, Refusal> {
        let Content::Withdrawal(withdrawal) = &situation.callback.content else {
            return Err(Refusal::WrongFunction(situation.callback.callback_type()));
        };
        if withdrawal.is_energy() {
            return Ok(Entry::of(Outcome::Leased).into());
        }
        complete(situation, withdrawal)
    }
}
