//! What becomes of a withdrawal: confirmed, paid, failed, and what is told of it.

use std::time::SystemTime;

use serde::Serialize;
use serde_json::{Value, json};

use super::callbacks::{About, plaintext};
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
        self.put(withdrawal);
    }

    /// Puts an order behind all others.
    pub(super) fn put(&mut self, withdrawal: Withdrawal) {
        self.order_of.insert(withdrawal.call_back_id.clone(), self.orders.len());
        self.orders.push(Order { withdrawal, tracking_id: self.fresh.number(), paid_on: None });
    }

    /// Type 2: what is to be paid?
    pub(super) fn ask_for_confirmation(&mut self, now: SystemTime, index: usize) {
        let plaintext = self.notice(index, 2, None);
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
            Outcome::InsufficientBalance => self.tell(now, index, 6, None),
            Outcome::InsufficientGas => self.tell(now, index, 7, None),
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
        let mut fields = vec![
            ("tenantUserId", json!(order.withdrawal.tenant_user_id)),
            ("requestUUID", Value::Null),
            ("txId", json!(tx_id)),
            ("type", json!(3)),
            ("chainName", json!(terms.chain_name)),
            ("symbol", json!(terms.symbol)),
            ("amount", json!(terms.amount)),
            ("fromAddress", json!(from_address)),
            ("toAddress", json!(terms.to_address)),
            ("business", json!(0)),
            ("callBackId", json!(order.withdrawal.call_back_id)),
            ("newAddress", json!(terms.to_address)),
            ("trackingId", json!(order.tracking_id)),
        ];
        if terms.symbol == "ENERGY" {
            let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            fields.push(("txTimeStamp", json!(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))));
        }
        self.payouts.push(Payout {
            call_back_id: order.withdrawal.call_back_id.clone(),
            tenant_user_id: order.withdrawal.tenant_user_id.clone(),
            tx_id,
            terms,
        });
        self.enqueue(now, plaintext(&fields), About::Nothing);
    }

    fn fail(&mut self, now: SystemTime, index: usize, state: OrderState) {
        let withdrawal = &mut self.orders[index].withdrawal;
        withdrawal.order_state = state;
        let to_address = withdrawal.terms.as_ref().map(|terms| json!(terms.to_address));
        self.tell(now, index, 5, to_address);
    }

    fn tell(&mut self, now: SystemTime, index: usize, number: u8, to_address: Option<Value>) {
        let plaintext = self.notice(index, number, to_address);
        self.enqueue(now, plaintext, About::Nothing);
    }

    /// Types 2, 5, 6 and 7, which name the order and, in type 5, the address.
    fn notice(&self, index: usize, number: u8, to_address: Option<Value>) -> String {
        let Order { withdrawal, tracking_id, .. } = &self.orders[index];
        let mut fields = vec![
            ("business", json!(0)),
            ("requestUUID", Value::Null),
            ("tenantUserId", json!(withdrawal.tenant_user_id)),
            ("callBackId", json!(withdrawal.call_back_id)),
            ("type", json!(number)),
        ];
        fields.extend(to_address.map(|address| ("toAddress", address)));
        fields.push(("trackingId", json!(tracking_id)));
        plaintext(&fields)
    }
}
