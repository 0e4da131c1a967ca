//! Decides on an event and commits it: one transaction an event, exactly once.

use std::time::SystemTime;

use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use waas_callback::{
    CallBackId, Decision, Entry, Found, Identity, Order, Outcome, Refusal, Terms, Verdict, judge,
};

use crate::retry::{self, Attempt, Deadline, Unavailable, failed, retry};
use crate::tables::events::Event;
use crate::tables::{Ledger, Table, addresses, balances, events, in_transaction, requests, withdrawals};

const CONDITION_FAILED: &str = "ConditionalCheckFailed";
const VALIDATION_ERROR: &str = "ValidationError";

/// How often a decision is made anew because what it was made upon changed meanwhile.
const MAX_DECISIONS: usize = 10;

/// What became of an event that was not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It was applied now, all of it. A confirmation is answered with what to pay.
    Applied(Outcome, Option<Terms>),
    /// It was applied before, with this outcome; nothing now.
    Repetition(String, Option<Terms>),
}

/// Why an event was not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotSettled {
    /// Against the rules. Nothing but the refusal was recorded.
    Refused(Refusal),
    /// The ledger could not be read or written.
    Unavailable(Unavailable),
    /// A record that should be there is not.
    RecordMissing(&'static str),
}

impl From<Unavailable> for NotSettled {
    fn from(unavailable: Unavailable) -> Self {
        Self::Unavailable(unavailable)
    }
}

/// Who decides on an event: a function on a callback, or the merchant's own request.
pub(crate) trait Decider {
    /// What the event does, upon what was found so far.
    fn decide(&self, found: &Found) -> Result<Decision, Refusal>;

    /// What a repetition of it is answered with.
    fn repeat(&self, found: &Found) -> Result<Option<Terms>, Refusal>;
}

/// The merchant's own requests: a repetition needs no answer of its own.
impl<F: Fn(&Found) -> Result<Decision, Refusal>> Decider for F {
    fn decide(&self, found: &Found) -> Result<Decision, Refusal> {
        self(found)
    }

    fn repeat(&self, _: &Found) -> Result<Option<Terms>, Refusal> {
        Ok(None)
    }
}

/// Why a transaction was not applied.
enum Obstacle {
    /// This is what the records say, with the outcome of the event if it is known.
    Known(Verdict, String),
    /// Against the ledger's rules.
    Refused(Refusal),
    /// The order is not as expected, but so.
    Order(Option<Box<Order>>),
    /// The user has or had the address already.
    AddressKnown,
}

impl Ledger {
    /// Decides on an event and applies it exactly once.
    ///
    /// The decision is made upon what was found so far, at first nothing, and states what it expects. If the
    /// transaction finds something else it is cancelled as a whole and the decision is made again. A refusal is
    /// recorded before it is returned.
    pub(crate) async fn settle(
        &self,
        event: &Event<'_>,
        decider: &impl Decider,
        now: SystemTime,
        deadline: Deadline,
    ) -> Result<Settled, NotSettled> {
        let mut found = Found::default();
        let settled = self.settle_upon(&mut found, event, decider, now, deadline).await;
        // A merchant's own request that is refused is answered, and no more, unless it contradicts a payment.
        if let Err(NotSettled::Refused(refusal)) = settled
            && refusal.is_recorded()
            && (event.callback.is_some() || found.is_paid_unregistered())
        {
            self.record_refusal(event, refusal, now, deadline).await?;
            if event.callback.is_none() {
                let (outcome, id) = (refusal.name(), event.call_back_id.map(CallBackId::as_str));
                tracing::warn!(outcome, callBackId = id, "request contradicts a payment");
            }
        }
        settled
    }

    async fn settle_upon(
        &self,
        found: &mut Found,
        event: &Event<'_>,
        decider: &impl Decider,
        now: SystemTime,
        deadline: Deadline,
    ) -> Result<Settled, NotSettled> {
        let refused = NotSettled::Refused;
        for _ in 0..MAX_DECISIONS {
            let obstacle = match decider.decide(found).map_err(refused)? {
                Decision::ReadOrder => self.look(event, found, deadline).await?,
                Decision::Commit(entry) => match self.transact(event, &entry, now, deadline).await? {
                    None => return Ok(Settled::Applied(entry.outcome, entry.payout)),
                    // Another copy was faster. A payout is answered again only as the order stands now.
                    Some(Obstacle::Known(Verdict::Repetition, _)) if entry.payout.is_some() => {
                        self.look(event, found, deadline).await?
                    }
                    Some(obstacle) => obstacle,
                },
            };
            match obstacle {
                Obstacle::Known(Verdict::Fresh, _) => {}
                Obstacle::Known(Verdict::Repetition, outcome) => {
                    return match decider.repeat(found) {
                        Ok(payout) => Ok(Settled::Repetition(outcome, payout)),
                        Err(Refusal::UnknownOrder) => {
                            Err(NotSettled::RecordMissing("the order of a known event"))
                        }
                        Err(refusal) => Err(refused(refusal)),
                    };
                }
                Obstacle::Known(Verdict::EventMissing, _) => {
                    return Err(NotSettled::RecordMissing("the event of a known request"));
                }
                Obstacle::Known(Verdict::RequestConflict, _) => {
                    return Err(refused(Refusal::RequestConflict));
                }
                Obstacle::Known(Verdict::EventConflict, _) => return Err(refused(Refusal::EventConflict)),
                Obstacle::Refused(refusal) => return Err(refused(refusal)),
                Obstacle::Order(order) => found.order = order.map(|order| *order).into(),
                Obstacle::AddressKnown => found.is_address_known = true,
            }
        }
        Err(Unavailable::new("the order changes too often").into())
    }

    /// Writes an entry with the records of its request and its event, in one transaction.
    ///
    /// `None` if it was applied. Returns only what is certain: after a lost answer the same transaction is sent again
    /// and finds its own records.
    async fn transact(
        &self,
        event: &Event<'_>,
        entry: &Entry,
        now: SystemTime,
        deadline: Deadline,
    ) -> Result<Option<Obstacle>, Unavailable> {
        let (tables, items): (Vec<_>, Vec<_>) = self.transaction(event, entry, now)?.into_iter().unzip();
        // One token for all attempts: if an answer is lost, AWS repeats it instead of the work.
        let token = format!("{:032x}", rand::random::<u128>());
        let attempt = async || {
            let request = self.client.transact_write_items().set_transact_items(Some(items.clone()));
            match request.client_request_token(&token).send().await {
                Ok(_) => Attempt::Done(Ok(None)),
                Err(error) => match error.as_service_error() {
                    Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                        explain(event.identity, &tables, canceled.cancellation_reasons())
                    }
                    _ => failed(&error),
                },
            }
        };
        retry(deadline, attempt).await
    }

    /// The whole transaction: records of request and event, then what the entry changes.
    fn transaction(
        &self,
        event: &Event<'_>,
        entry: &Entry,
        now: SystemTime,
    ) -> Result<Vec<(Table, TransactWriteItem)>, Unavailable> {
        let tables = &self.tables;
        let mut items = Vec::with_capacity(4);
        if let Some(callback) = event.callback {
            let request = requests::put(&tables.requests, callback, event.identity, entry, now)?;
            items.push((Table::Requests, request));
        }
        items.push((Table::Events, events::put(&tables.events, event, entry, now)?));
        if let Some(order) = &entry.order {
            let update = withdrawals::update(&tables.withdrawals, order, now)?;
            items.push((Table::Withdrawals, in_transaction(update)));
        }
        if let Some(address) = &entry.address {
            items.push((Table::Addresses, addresses::update(&tables.addresses, address, now)?));
        }
        for posting in &entry.postings {
            items.push((Table::Balances, balances::post(&tables.balances, posting)?));
        }
        Ok(items)
    }

    /// Reads the records of the event, of the order and of the request, as of one moment.
    async fn look(
        &self,
        event: &Event<'_>,
        found: &mut Found,
        deadline: Deadline,
    ) -> Result<Obstacle, Unavailable> {
        let Some(call_back_id) = event.call_back_id else {
            return Err(Unavailable::new("there is no order to read"));
        };
        let mut gets = vec![
            events::get_by(&self.tables.events, &event.identity.event_key)?,
            withdrawals::get_by(&self.tables.withdrawals, call_back_id)?,
        ];
        if let Some(callback) = event.callback {
            gets.push(requests::get_by(&self.tables.requests, &callback.request_uuid)?);
        }
        let attempt = async || {
            match self.client.transact_get_items().set_transact_items(Some(gets.clone())).send().await {
                Ok(found) => Attempt::Done(Ok(found.responses.unwrap_or_default())),
                Err(error) => match error.as_service_error() {
                    // Nothing but a write under way cancels a reading.
                    Some(TransactGetItemsError::TransactionCanceledException(_)) => {
                        Attempt::Again(Unavailable::new("TransactionConflict"))
                    }
                    _ => failed(&error),
                },
            }
        };
        let items = retry(deadline, attempt).await?;
        let item = |position: usize| items.get(position).and_then(|response| response.item.as_ref());
        found.order = item(1).map(withdrawals::recorded).transpose()?.into();
        let request = item(2).and_then(requests::recorded);
        let known = item(0).and_then(events::known);
        let verdict = judge(event.identity, request.as_ref(), known.as_ref());
        Ok(Obstacle::Known(verdict, known.map(|event| event.outcome).unwrap_or_default()))
    }

    /// Puts a refusal among the events, once for each event and content: of a callback, or of a merchant's
    /// request that contradicts what was paid already. Then somebody has to look at it.
    async fn record_refusal(
        &self,
        event: &Event<'_>,
        refusal: Refusal,
        now: SystemTime,
        deadline: Deadline,
    ) -> Result<(), Unavailable> {
        let item = events::refusal(event, refusal, now)?;
        let attempt = async || {
            let put = self.client.put_item().table_name(&self.tables.events).set_item(Some(item.clone()));
            match put.condition_expression("attribute_not_exists(eventKey)").send().await {
                Ok(_) => Attempt::Done(Ok(())),
                Err(error) => match error.as_service_error() {
                    Some(refused) if refused.is_conditional_check_failed_exception() => Attempt::Done(Ok(())),
                    _ => failed(&error),
                },
            }
        };
        retry(deadline, attempt).await
    }
}

/// Why a transaction was cancelled, by position. What the records say is certain and comes first; then what
/// passes; then what the order, the address and the balance say.
fn explain(
    identity: &Identity,
    tables: &[Table],
    reasons: &[CancellationReason],
) -> Attempt<Option<Obstacle>> {
    let of = |table: Table, code: &'static str| {
        let mut reasons = tables.iter().zip(reasons).filter(move |(of, _)| **of == table);
        reasons.find(|(_, reason)| reason.code() == Some(code)).map(|(_, reason)| reason)
    };
    let failed = |table: Table| of(table, CONDITION_FAILED);
    let old = |table: Table| failed(table).and_then(CancellationReason::item);
    let request = old(Table::Requests).and_then(requests::recorded);
    let event = old(Table::Events).and_then(events::known);
    let verdict = judge(identity, request.as_ref(), event.as_ref());
    // An event that is busy is not missing: what is known of it, only the next attempt can tell.
    let is_busy = tables.iter().zip(reasons).any(|(table, reason)| {
        *table == Table::Events && reason.code().is_some_and(retry::is_transient_code)
    });
    if verdict != Verdict::Fresh && !(verdict == Verdict::EventMissing && is_busy) {
        let outcome = event.map(|event| event.outcome).unwrap_or_default();
        return Attempt::Done(Ok(Some(Obstacle::Known(verdict, outcome))));
    }
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code().unwrap_or("None")).collect();
    if let Some(code) = codes.iter().find(|code| retry::is_transient_code(code)) {
        return Attempt::Again(Unavailable::new(*code));
    }
    if let Some(reason) = failed(Table::Withdrawals) {
        let order = reason.item().map(withdrawals::recorded).transpose();
        return Attempt::Done(order.map(|order| Some(Obstacle::Order(order.map(Box::new)))));
    }
    let obstacle = if failed(Table::Addresses).is_some() {
        Obstacle::AddressKnown
    } else if failed(Table::Balances).is_some() {
        Obstacle::Refused(Refusal::BalanceTooLow)
    } else if of(Table::Balances, VALIDATION_ERROR).is_some() {
        Obstacle::Refused(Refusal::BalanceOutOfRange)
    } else {
        let cause = format!("transaction cancelled: {}", codes.join(", "));
        return Attempt::Done(Err(Unavailable::new(cause)));
    };
    Attempt::Done(Ok(Some(obstacle)))
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;
    use crate::tables::{Item, text};

    /// What a transaction of all five tables comes to, cancelled with these reasons.
    fn explained(reasons: &[CancellationReason; 5]) -> Result<Obstacle, Attempt<()>> {
        let (event_key, fingerprint) = ("event".to_owned().into(), "content".to_owned().into());
        let identity = Identity { event_key, fingerprint, position: None };
        let tables = [Table::Requests, Table::Events, Table::Withdrawals, Table::Addresses, Table::Balances];
        match explain(&identity, &tables, reasons) {
            Attempt::Done(Ok(obstacle)) => Ok(obstacle.expect("a cancelled transaction was not applied")),
            Attempt::Done(Err(unavailable)) => Err(Attempt::Done(Err(unavailable))),
            Attempt::Again(unavailable) => Err(Attempt::Again(unavailable)),
        }
    }

    fn reason(code: &str) -> CancellationReason {
        CancellationReason::builder().code(code).build()
    }

    fn none() -> CancellationReason {
        reason("None")
    }

    fn failed_on(item: &[(&str, &str)]) -> CancellationReason {
        let item: Item = item.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect();
        CancellationReason::builder().code(CONDITION_FAILED).set_item(Some(item)).build()
    }

    fn known(event_key: &str, fingerprint: &str) -> CancellationReason {
        failed_on(&[("eventKey", event_key), ("fingerprint", fingerprint), ("outcome", "credited")])
    }

    #[test]
    fn what_the_records_say_comes_before_everything_else() {
        let busy = || reason("TransactionConflict");
        for (request, event, expected) in [
            (known("event", "content"), known("event", "content"), Verdict::Repetition),
            (none(), known("event", "content"), Verdict::Repetition),
            (known("event", "content"), none(), Verdict::EventMissing),
            (none(), known("event", "other"), Verdict::EventConflict),
            (known("event", "other"), none(), Verdict::RequestConflict),
            (known("other", "content"), known("event", "other"), Verdict::RequestConflict),
        ] {
            let order = reason(CONDITION_FAILED);
            let seen = explained(&[request, event, order, busy(), busy()]);
            assert!(matches!(seen, Ok(Obstacle::Known(verdict, _)) if verdict == expected), "{expected:?}");
        }
    }

    #[test]
    fn an_event_that_is_busy_is_not_missing() {
        for code in ["TransactionConflict", "ThrottlingError"] {
            let seen = explained(&[known("event", "content"), reason(code), none(), none(), none()]);
            assert!(matches!(seen, Err(Attempt::Again(error)) if error == Unavailable::new(code)), "{code}");
        }
        let seen =
            explained(&[known("event", "content"), none(), reason("TransactionConflict"), none(), none()]);
        assert!(matches!(seen, Ok(Obstacle::Known(Verdict::EventMissing, _))));
    }

    #[test]
    fn what_passes_comes_before_what_the_order_the_address_and_the_balance_say() {
        let failed = || reason(CONDITION_FAILED);
        for code in ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"] {
            let seen = explained(&[none(), none(), failed(), failed(), reason(code)]);
            assert!(matches!(seen, Err(Attempt::Again(error)) if error == Unavailable::new(code)), "{code}");
        }
        let seen = explained(&[none(), none(), failed(), failed(), failed()]);
        assert!(matches!(seen, Ok(Obstacle::Order(None))), "there is no such order");
        let order = failed_on(&[("callBackId", "w"), ("tenantUserId", "1945"), ("state", "failed")]);
        let seen = explained(&[none(), none(), order, failed(), failed()]);
        assert!(matches!(seen, Ok(Obstacle::Order(Some(order))) if order.call_back_id.as_str() == "w"));
        let seen = explained(&[none(), none(), none(), failed(), failed()]);
        assert!(matches!(seen, Ok(Obstacle::AddressKnown)));
        let seen = explained(&[none(), none(), none(), none(), failed()]);
        assert!(matches!(seen, Ok(Obstacle::Refused(Refusal::BalanceTooLow))));
        let seen = explained(&[none(), none(), none(), none(), reason(VALIDATION_ERROR)]);
        assert!(matches!(seen, Ok(Obstacle::Refused(Refusal::BalanceOutOfRange))));
    }

    #[test]
    fn what_cannot_be_explained_is_never_success() {
        let damaged = failed_on(&[("callBackId", "w")]);
        let unknown = || reason("AccessDeniedException");
        let validation = || reason(VALIDATION_ERROR);
        for reasons in [
            [none(), none(), none(), none(), none()],
            [none(), none(), damaged, none(), none()],
            [none(), none(), none(), none(), unknown()],
            [none(), none(), validation(), none(), none()],
        ] {
            assert!(matches!(explained(&reasons), Err(Attempt::Done(Err(_)))));
        }
        // A record whose fingerprint is missing proves nothing.
        let number = Item::from([("fingerprint".to_owned(), AttributeValue::N("1".to_owned()))]);
        let damaged = CancellationReason::builder().code(CONDITION_FAILED).set_item(Some(number)).build();
        assert!(matches!(explained(&[none(), damaged, none(), none(), none()]), Err(Attempt::Done(Err(_)))));
    }
}
