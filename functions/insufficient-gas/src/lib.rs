//! Gas shortages (type 7): a withdrawal waits for gas in the merchant's hot wallet. Its funds stay frozen.

use waas_callback::{Content, Decide, Decision, Refusal, Situation, StallCause, stall};

/// The function behind `POST /callback/insufficient-gas`.
#[derive(Debug, Clone, Copy)]
pub struct GasShortages;

impl Decide for GasShortages {
    fn name(&self) -> &'static str {
        "insufficient-gas"
    }

    fn decide(&self, situation: &Situation<'_>) -> Result<Decision, Refusal> {
        let Content::InsufficientGas(shortage) = &situation.callback.content else {
            return Err(Refusal::WrongFunction(situation.callback.callback_type()));
        };
        stall(situation, &shortage.call_back_id, StallCause::InsufficientGas)
    }
}
