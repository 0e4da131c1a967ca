//! Failures (type 5): a withdrawal ended for good without paying, so its funds are available again.

use waas_callback::{Content, Decide, Decision, Refusal, Situation, fail};

/// The function behind `POST /callback/withdrawal-failure`.
#[derive(Debug, Clone, Copy)]
pub struct Failures;

impl Decide for Failures {
    fn name(&self) -> &'static str {
        "withdrawal-failure"
    }

    fn decide(&self, situation: &Situation<'_>) -> Result<Decision, Refusal> {
        let Content::WithdrawalFailure(failure) = &situation.callback.content else {
            return Err(Refusal::WrongFunction(situation.callback.callback_type()));
        };
        fail(situation, failure)
    }
}
