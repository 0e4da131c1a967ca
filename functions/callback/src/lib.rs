//! All callbacks but confirmations, by one URL: the type is inside the cipher, so no gateway can route by it.

use std::time::SystemTime;

use address_change::AddressChanges;
use deposit::Deposits;
use insufficient_balance::BalanceShortages;
use insufficient_gas::GasShortages;
use waas_callback::{Callback, CallbackType, Payout, Policy, Refusal, Seen, Step};
use waas_callback_aws::Function;
use withdrawal::Withdrawals;
use withdrawal_failure::Failures;

/// The function behind `POST /callback`.
#[derive(Debug, Clone, Copy)]
pub struct Callbacks;

/// The function of a type. A confirmation has none here: this function's role must not be able to let the
/// platform pay.
fn function(callback: &Callback) -> Result<&'static dyn Function, Refusal> {
    match callback.callback_type() {
        CallbackType::Deposit => Ok(&Deposits),
        CallbackType::Withdrawal => Ok(&Withdrawals),
        CallbackType::AddressChange => Ok(&AddressChanges),
        CallbackType::WithdrawalFailure => Ok(&Failures),
        CallbackType::InsufficientBalance => Ok(&BalanceShortages),
        CallbackType::InsufficientGas => Ok(&GasShortages),
        refused @ CallbackType::WithdrawalConfirmation => Err(Refusal::WrongFunction(refused)),
    }
}

impl Function for Callbacks {
    fn name(&self) -> &'static str {
        "callback"
    }

    fn decide(
        &self,
        callback: &Callback,
        seen: &Seen,
        policy: &Policy,
        now: SystemTime,
    ) -> Result<Step, Refusal> {
        function(callback)?.decide(callback, seen, policy, now)
    }

    fn repeat(&self, callback: &Callback, seen: &Seen) -> Result<Option<Payout>, Refusal> {
        function(callback)?.repeat(callback, seen)
    }
}
