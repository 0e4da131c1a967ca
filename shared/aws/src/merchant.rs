//! What the merchant itself does: register, cancel and hold withdrawals, release held deposits.

use std::time::SystemTime;

use aws_sdk_dynamodb::types::AttributeValue;
use waas_callback::{
    Decimal, Entry, EventKey, Fingerprint, Identity, OrderState, Outcome, Policy, Posting, Refusal,
    Registration, Seen, Step, cancel, register,
};

use crate::books::{Books, OrderRecord, postings};
use crate::config::Config;
use crate::ledger::{Committed, Ledger, Record, Unavailable, failed, read, text, timestamp};
use crate::retry::{Attempt, Deadline, retry};

/// The merchant's side of the ledger.
#[derive(Debug, Clone)]
pub struct Merchant {
    ledger: Ledger,
    policy: Policy,
    /// To read.
    pub books: Books,
}

/// Why the merchant did not get its will.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MerchantError {
    /// Nothing of that name.
    #[error("not found")]
    NotFound,
    /// Against the ledger's rules.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The deposit is none that is held.
    #[error("the deposit is not held")]
    NotHeld,
    /// The books could not be read or written.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Merchant {
    /// The tables that `config` names.
    #[must_use]
    pub fn connect(config: &Config) -> Self {
        let ledger = Ledger::connect(config);
        Self { books: Books(ledger.clone()), ledger, policy: config.policy }
    }

    /// Registers a withdrawal and freezes its funds. Says whether that was done now or before.
    ///
    /// One whose payment the platform reported already is charged at once; one whose failure it reported
    /// changes nothing.
    ///
    /// # Errors
    ///
    /// [`Refusal::BalanceTooLow`]; [`Refusal::EventConflict`], [`Refusal::OtherTerms`] or
    /// [`Refusal::OtherUser`] if the id is known with other content.
    pub async fn register(
        &self,
        registration: &Registration,
        now: SystemTime,
    ) -> Result<(bool, OrderRecord), MerchantError> {
        let Registration { call_back_id, tenant_user_id, terms } = registration;
        let [chain_name, symbol, amount, address] = &terms.content();
        let identity =
            identity("registration", call_back_id, [tenant_user_id, chain_name, symbol, amount, address]);
        let record = record(&identity, tenant_user_id, call_back_id);
        let decide = |seen: &Seen| {
            let order = seen.order.as_option().flatten();
            register(call_back_id, tenant_user_id, terms, order, self.policy.actual_below_order)
                .map(Step::from)
        };
        let is_new = self.settle(&record, decide, now).await?;
        Ok((is_new, self.order(call_back_id).await?))
    }

    /// Takes a withdrawal back and makes its funds available again.
    ///
    /// # Errors
    ///
    /// [`MerchantError::NotFound`], or a [`Refusal`] once the order was confirmed or has ended otherwise.
    pub async fn cancel(&self, call_back_id: &str, now: SystemTime) -> Result<OrderRecord, MerchantError> {
        let known = self.order(call_back_id).await?; // for the user's id, which never changes
        let identity = identity("cancellation", call_back_id, []);
        let record = record(&identity, &known.tenant_user_id, call_back_id);
        let decide = |seen: &Seen| match seen.order.as_option() {
            Some(order) => cancel(call_back_id, order).map(Step::from),
            None => Ok(Step::Read),
        };
        self.settle(&record, decide, now).await?;
        self.order(call_back_id).await
    }

    /// Puts an order on hold, or takes it off: while it is held it is not confirmed.
    ///
    /// # Errors
    ///
    /// [`MerchantError::NotFound`], or a [`Refusal`] once the order was confirmed or has ended: too late to hold it.
    pub async fn hold(
        &self,
        call_back_id: &str,
        is_held: bool,
        now: SystemTime,
    ) -> Result<OrderRecord, MerchantError> {
        let now = AttributeValue::S(timestamp(now)?);
        let attempt = async || {
            let update = self.ledger.client.update_item().table_name(&self.ledger.tables.withdrawals);
            let update = update
                .key("callBackId", AttributeValue::S(call_back_id.to_owned()))
                .update_expression("SET held = :held, updatedAt = :now")
                .condition_expression("#state = :reserved")
                .expression_attribute_names("#state", "state")
                .expression_attribute_values(":reserved", text(OrderState::Reserved.name()))
                .expression_attribute_values(":held", AttributeValue::Bool(is_held))
                .expression_attribute_values(":now", now.clone());
            match update.send().await {
                Ok(_) => Attempt::Done(Ok(true)),
                Err(error) => match error.as_service_error() {
                    Some(refused) if refused.is_conditional_check_failed_exception() => {
                        Attempt::Done(Ok(false))
                    }
                    _ => failed(&error),
                },
            }
        };
        let is_reserved = retry(Deadline::after(None), attempt).await?;
        let order = self.order(call_back_id).await?;
        match order.state.parse() {
            _ if is_reserved => Ok(order),
            Ok(ended @ (OrderState::Completed | OrderState::Failed | OrderState::Cancelled)) => {
                Err(Refusal::OrderEnded(ended).into())
            }
            _ => Err(Refusal::OrderConfirmed.into()),
        }
    }

    /// Releases a deposit that was held for its risk: its amount becomes available. Says whether that was done
    /// now or before.
    ///
    /// # Errors
    ///
    /// [`MerchantError::NotFound`] or [`MerchantError::NotHeld`].
    pub async fn release(&self, event_key: &str, now: SystemTime) -> Result<bool, MerchantError> {
        let event = self.books.event(event_key).await?.ok_or(MerchantError::NotFound)?;
        if read(&event, "outcome") != Some(Outcome::Held.name()) {
            return Err(MerchantError::NotHeld);
        }
        let postings: Vec<_> = postings(&event)?
            .into_iter()
            .map(|held| Posting { available: held.held, held: -held.held, frozen: Decimal::ZERO, ..held })
            .collect();
        let Some(first) = postings.first() else { return Err(MerchantError::NotHeld) };
        let identity = identity("release", event_key, []);
        let record = Record {
            identity: &identity,
            tenant_user_id: &first.tenant_user_id,
            call_back_id: None,
            released: Some(event_key),
            callback: None,
        };
        let decide =
            |_: &Seen| Ok(Entry { postings: postings.clone(), ..Entry::of(Outcome::Released) }.into());
        self.settle(&record, decide, now).await
    }

    async fn settle(
        &self,
        record: &Record<'_>,
        decide: impl Fn(&Seen) -> Result<Step, Refusal>,
        now: SystemTime,
    ) -> Result<bool, MerchantError> {
        let settled = self.ledger.settle(record, decide, now, Deadline::after(None)).await?;
        match settled.committed {
            Committed::Applied(outcome) => Ok(outcome != Outcome::Unchanged),
            Committed::Repetition => Ok(false),
            Committed::Refused(Refusal::UnknownOrder) => Err(MerchantError::NotFound),
            Committed::Refused(refusal) => {
                if settled.seen.is_paid_unregistered() {
                    let (outcome, id) = (refusal.name(), record.call_back_id);
                    tracing::warn!(outcome, callBackId = id, "request contradicts a payment");
                }
                Err(refusal.into())
            }
        }
    }

    async fn order(&self, call_back_id: &str) -> Result<OrderRecord, MerchantError> {
        self.books.order(call_back_id).await?.ok_or(MerchantError::NotFound)
    }
}

fn identity<const N: usize>(kind: &'static str, name: &str, content: [&str; N]) -> Identity {
    Identity {
        event_key: EventKey::new(kind, [Some(name)]),
        fingerprint: Fingerprint::new(kind, content.map(Some)),
    }
}

fn record<'a>(identity: &'a Identity, tenant_user_id: &'a str, call_back_id: &'a str) -> Record<'a> {
    Record { identity, tenant_user_id, call_back_id: Some(call_back_id), released: None, callback: None }
}
