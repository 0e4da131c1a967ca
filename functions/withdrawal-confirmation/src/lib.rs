//! Confirmations (type 2): the platform asks what a withdrawal is to pay, and pays what is answered.

use waas_callback::{Content, Decide, Decision, Refusal, Situation, Terms, confirm, confirm_again};

/// The function behind `POST /callback/withdrawal-confirmation`.
#[derive(Debug, Clone, Copy)]
pub struct Confirmations;

impl Decide for Confirmations {
    fn name(&self) -> &'static str {
        "withdrawal-confirmation"
    }

    fn decide(&self, situation: &Situation<'_>) -> Result<Decision, Refusal> {
        let Content::WithdrawalConfirmation(asked) = &situation.callback.content else {
            return Err(Refusal::WrongFunction(situation.callback.callback_type()));
        };
        confirm(situation, asked)
    }

    fn repeat(&self, situation: &Situation<'_>) -> Result<Option<Terms>, Refusal> {
        confirm_again(situation).map(Some)
    }
}
