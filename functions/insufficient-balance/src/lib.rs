//! Balance shortages (type 6): a withdrawal waits for coin in the merchant's hot wallet. Its funds stay frozen.

use waas_callback::{Content, Decide, Decision, Refusal, Situation, StallCause, stall};

/// The function behind `POST /callback/insufficient-balance`.
#[derive(Debug, Clone, Copy)]
pub struct BalanceShortages;

impl Decide for BalanceShortages {
    fn name(&self) -> &'static str {
        "insufficient-balance"
    }

    fn decide(&self, situation: &Situation<'_>) -> Result<Decision, Refusal> {
        let Content::InsufficientBalance(shortage) = &situation.callback.content else {
            return Err(Refusal::WrongFunction(situation.callback.callback_type()));
        };
        stall(situation, &shortage.call_back_id, StallCause::InsufficientBalance)
    }
}
