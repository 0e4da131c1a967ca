//! All callbacks but confirmations, by one URL: the type is inside the cipher, so no gateway can route by it.

use address_change::AddressChanges;
use deposit::Deposits;
use insufficient_balance::BalanceShortages;
use insufficient_gas::GasShortages;
use waas_callback::{CallbackType, Decide, Decision, Refusal, Situation, Terms};
use withdrawal::Withdrawals;
use withdrawal_failure::Failures;

/// The function behind `POST /callback`.
#[derive(Debug, Clone, Copy)]
pub struct Callbacks;

/// The function of the callback's type. A confirmation has none here: this function's role must not be able to let
/// the platform pay.
fn function(situation: &Situation<'_>) -> Result<&'static dyn Decide, Refusal> {
    match situation.callback.callback_type() {
        CallbackType::Deposit => Ok(&Deposits),
        CallbackType::Withdrawal => Ok(&Withdrawals),
        CallbackType::AddressChange => Ok(&AddressChanges),
        CallbackType::WithdrawalFailure => Ok(&Failures),
        CallbackType::InsufficientBalance => Ok(&BalanceShortages),
        CallbackType::InsufficientGas => Ok(&GasShortages),
        refused @ CallbackType::WithdrawalConfirmation => Err(Refusal::WrongFunction(refused)),
    }
}

impl Decide for Callbacks {
    fn name(&self) -> &'static str {
        "callback"
    }

    fn decide(&self, situation: &Situation<'_>) -> Result<Decision, Refusal> {
        function(situation)?.decide(situation)
    }

    fn repeat(&self, situation: &Situation<'_>) -> Result<Option<Terms>, Refusal> {
        function(situation)?.repeat(situation)
    }
}
