//! What is sent to the platform for an order, what it is asked, and what its answers come to.

use waas_callback::{Amount, Mode, Order, Sent, Told};
use waas_callback_worker::known;
use waas_client::{CallError, Coins, DirectWithdrawal, Effect, Payout, Said, Transport, WithdrawRequest};

use crate::Submissions;

impl<T: Transport + Clone> Submissions<T> {
    /// Asks the platform whether it has the order.
    pub(crate) async fn ask(&self, order: &Order) -> Result<Told, CallError> {
        let id = &order.call_back_id;
        let answer = self.platform.ask(async |client| client.get_withdraw_order(id, rand::rng()).await).await;
        let is_by_number = matches!(answer, Err(CallError::Refused(_)));
        Ok(match known(answer)? {
            Some(known) => {
                let amount = known.amount.as_ref().map(Amount::value);
                Told::known(order, known.symbol.as_deref(), amount)
            }
            None if is_by_number => Told::Refused,
            None => Told::Unknown,
        })
    }

    /// Orders it: what came of the call, and what went wrong.
    pub(crate) async fn send(&self, order: &Order) -> (Sent, Option<String>) {
        let call_back_id = order.call_back_id.clone();
        let tenant_user_id = order.tenant_user_id.clone();
        let done = match (order.mode, order.terms.clone().map(Coins::new)) {
            (Mode::Confirmed, _) => {
                let request = WithdrawRequest { tenant_user_id, call_back_id };
                let send = async |client: &waas_client::Client<T>| {
                    client.withdraw_request(&request, rand::rng()).await
                };
                self.platform.order(send).await
            }
            (Mode::Direct, Some(Ok(coins))) => {
                let withdrawal =
                    DirectWithdrawal { tenant_user_id, call_back_id, payout: Payout::Coins(coins) };
                let send = async |client: &waas_client::Client<T>| {
                    client.withdraw_without_verify(&withdrawal, rand::rng()).await
                };
                self.platform.order(send).await
            }
            (Mode::Direct, None | Some(Err(_))) => {
                return (Sent::NotSent, Some("the order pays no coin".to_owned()));
            }
        };
        match done {
            Ok(()) => (Sent::Accepted, None),
            Err(error) => (came_to(&error), Some(error.to_string())),
        }
    }
}

/// What a call that failed has come to. Who is not let in, or cannot be understood, was not looked at.
fn came_to(error: &CallError) -> Sent {
    match error {
        CallError::Unauthorized(_) | CallError::Forbidden(_) | CallError::NotFound(_) => Sent::NotSent,
        CallError::Refused(said) if said.code_number() == Some(Said::DECRYPTION_FAILED) => Sent::NotSent,
        CallError::Refused(said) if said.code_number().is_none() => Sent::Unclear, // no word of the call's own
        error => match error.effect() {
            Effect::NotSent => Sent::NotSent,
            Effect::Refused => Sent::Refused,
            Effect::Unclear => Sent::Unclear,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use waas_client::Unreachable;

    use super::*;

    #[test]
    fn only_a_call_that_certainly_ended_leaves_no_doubt() {
        for (error, expected) in [
            (CallError::Unreachable(Unreachable::NotConnected("refused".into())), Sent::NotSent),
            (CallError::Unauthorized(None), Sent::NotSent),
            (CallError::Forbidden(None), Sent::NotSent),
            (CallError::NotFound(None), Sent::NotSent),
            (CallError::Unreachable(Unreachable::TimedOut(Duration::from_secs(10))), Sent::Unclear),
            (CallError::Unreachable(Unreachable::Broken("reset".into())), Sent::Unclear),
            (CallError::Status { status: 500, said: None }, Sent::Unclear),
            (CallError::NotJson, Sent::Unclear),
            (CallError::Unconfirmed, Sent::Unclear),
            (CallError::OtherQuestion("callBackId"), Sent::Unclear),
        ] {
            assert_eq!(came_to(&error), expected, "{error}");
        }
    }
}
