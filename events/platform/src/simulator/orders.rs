//! What becomes of a withdrawal: confirmed, paid, failed, and what is told of it.

use std::time::SystemTime;

use serde::Serialize;
use serde_json::{Value, json};

use super::callbacks::About;
use super::day::Day;
use super::scenario::{Digits, OrderState, Outcome, Terms, Withdrawal};
use super::{Order, Simulator};

/// Coins that the platform would have sent. [`Simulator::payouts`] has them all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Payout {
    /// The order.
    pub call_back_id: String,
    /// Whose it is.
    pub tenant_user_id: String,
    /// The transaction.
    pub tx_id: String,
    /// What, and to whom.
    #[serde(flatten)]
    pub terms: Terms,
}

impl Simulator {
    /// Decides what becomes of an order that is in progress, or of all of that name that will be.
    pub fn decide(&mut self, now: SystemTime, call_back_id: &str, outcome: Outcome) {
        self.outcomes.insert(call_back_id.to_owned(), outcome);
        for index in 0..self.orders.len() {
            let withdrawal = &self.orders[index].withdrawal;
            if withdrawal.call_back_id == call_back_id && withdrawal.order_state == OrderState::InProgress {
                self.proceed(now, index);
            }
        }
    }

    pub(super) fn open_order(
        &mut self,
        tenant_user_id: &str,
        call_back_id: &str,
        order_state: OrderState,
        terms: Option<Terms>,
    ) {
        let withdrawal = Withdrawal {
            call_back_id: call_back_id.to_owned(),
            tenant_user_id: tenant_user_id.to_owned(),
            order_state,
            terms,
        };
        self.orders.push(Order { withdrawal, tracking_id: self.fresh.number(), paid_on: None });
    }

    /// Type 2: what is to be paid?
    pub(super) fn ask_for_confirmation(&mut self, now: SystemTime, index: usize) {
        let plaintext = self.plaintext_of(index, 2, "");
        self.enqueue(now, plaintext, About::Confirmation(index));
    }

    /// The merchant's reply to type 2 says what is paid.
    pub(super) fn confirmed(&mut self, now: SystemTime, index: usize, reply: Option<&Value>) {
        let order = &mut self.orders[index];
        if order.withdrawal.order_state != OrderState::InReview {
            return;
        }
        let text = |name: &str| reply.and_then(|reply| reply[name].as_str()).map(str::to_owned);
        let terms = (|| {
            let amount = Digits::try_from(text("amount")?).ok()?;
            let (chain_name, symbol) = (text("chainName")?, text("symbol")?);
            Some(Terms { chain_name, symbol, amount, to_address: text("address")? })
        })();
        if terms.is_none() {
            // Accepted without terms: nothing that a machine could pay.
            order.withdrawal.order_state = OrderState::ManualHandling;
            return;
        }
        order.withdrawal.terms = terms;
        order.withdrawal.order_state = OrderState::InProgress;
        self.proceed(now, index);
    }

    /// Takes an order in progress to its outcome, and tells of it.
    pub(super) fn proceed(&mut self, now: SystemTime, index: usize) {
        let call_back_id = &self.orders[index].withdrawal.call_back_id;
        let outcome = self.outcomes.get(call_back_id).copied().unwrap_or(Outcome::Complete);
        match outcome {
            Outcome::Complete => self.pay(now, index),
            Outcome::Failed => self.fail(now, index, OrderState::Failed),
            Outcome::Cancelled => self.fail(now, index, OrderState::Cancelled),
            Outcome::ManualHandling => self.orders[index].withdrawal.order_state = OrderState::ManualHandling,
            Outcome::InsufficientBalance => self.tell(now, index, 6, ""),
            Outcome::InsufficientGas => self.tell(now, index, 7, ""),
            Outcome::Waits => {}
        }
    }

    fn pay(&mut self, now: SystemTime, index: usize) {
        let tx_id = self.fresh.tx_id();
        let order = &mut self.orders[index];
        let Some(terms) = order.withdrawal.terms.clone() else { return };
        let from_address = self.fresh.address(&terms.chain_name);
        order.withdrawal.order_state = OrderState::Complete;
        order.paid_on = Some(Day::of(now));
        let time = if terms.symbol == "ENERGY" {
            let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            format!(",\"txTimeStamp\":{}", since.as_millis())
        } else {
            String::new()
        };
        let own = format!(
            ",\"txId\":{},\"chainName\":{},\"symbol\":{},\"amount\":{},\"fromAddress\":{},\"toAddress\":{to},\"newAddress\":{to}{time}",
            json!(tx_id),
            json!(terms.chain_name),
            json!(terms.symbol),
            json!(terms.amount.as_str()),
            json!(from_address),
            to = json!(terms.to_address),
        );
        self.payouts.push(Payout {
            call_back_id: order.withdrawal.call_back_id.clone(),
            tenant_user_id: order.withdrawal.tenant_user_id.clone(),
            tx_id,
            terms,
        });
        self.tell(now, index, 3, &own);
    }

    fn fail(&mut self, now: SystemTime, index: usize, state: OrderState) {
        let withdrawal = &mut self.orders[index].withdrawal;
        withdrawal.order_state = state;
        let to_address = withdrawal.terms.as_ref().map(|terms| terms.to_address.clone());
        self.tell(now, index, 5, &format!(",\"toAddress\":{}", json!(to_address)));
    }

    fn tell(&mut self, now: SystemTime, index: usize, number: u8, own: &str) {
        let plaintext = self.plaintext_of(index, number, own);
        self.enqueue(now, plaintext, About::Nothing);
    }

    /// In the order of the documents' samples.
    fn plaintext_of(&self, index: usize, number: u8, own: &str) -> String {
        let Order { withdrawal, tracking_id, .. } = &self.orders[index];
        format!(
            "{{\"business\":0,\"requestUUID\":\"\",\"tenantUserId\":{},\"callBackId\":{},\"type\":{number},\"trackingId\":{}{own}}}",
            json!(withdrawal.tenant_user_id),
            json!(withdrawal.call_back_id),
            json!(tracking_id),
        )
    }
}
