//! The books in DynamoDB: one transaction an event.

mod items;

use std::time::SystemTime;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Get, TransactGetItem};
use waas_callback::{
    Entry, EventKey, Fingerprint, Identity, Order, Outcome, Payout, Refusal, Seen, Sight, Step, Verdict,
    judge,
};

pub use items::Item;
use items::{Part, event, fingerprint, identity, order, transaction};
pub(crate) use items::{Record, read, text, timestamp};

use crate::config::{Config, Tables};
use crate::retry::{self, Attempt, Deadline, retry};

const CONDITION_FAILED: &str = "ConditionalCheckFailed";
const VALIDATION_ERROR: &str = "ValidationError";

/// How often a decision is made anew because what it was made upon changed meanwhile.
const MAX_DECISIONS: usize = 10;

/// The tables, and the way to write into them exactly once.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub(crate) client: Client,
    pub(crate) tables: Tables,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Committed {
    /// Now, all of it.
    Applied(Outcome),
    /// Before; nothing now.
    Repetition,
    /// Not, for this reason; nothing but the refusal was recorded.
    Refused(Refusal),
}

/// What became of an event, and what was learnt on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) committed: Committed,
    pub(crate) seen: Seen,
    pub(crate) payout: Option<Payout>,
}

/// The books could not be read or written. AWS's code or what failed, for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("DynamoDB: {0}")]
pub struct Unavailable(String);

impl Unavailable {
    pub(crate) fn new(cause: impl Into<String>) -> Self {
        Self(cause.into())
    }
}

/// Why nothing was applied.
enum Obstacle {
    /// This is what the records say.
    Known(Verdict),
    /// Against the ledger's rules.
    Refused(Refusal),
    /// The order is not as expected, but so.
    Order(Option<Box<Order>>),
    /// The user has or had the address already.
    AddressKnown,
}

impl Ledger {
    /// The tables that `config` names.
    #[must_use]
    pub fn connect(config: &Config) -> Self {
        Self { client: crate::clients::dynamodb(config), tables: config.tables.clone() }
    }

    /// Decides on an event and applies it exactly once.
    ///
    /// The decision is made upon what was seen so far, at first nothing, and states what it expects. If the
    /// transaction finds something else it is cancelled as a whole and the decision is made again.
    pub(crate) async fn settle(
        &self,
        record: &Record<'_>,
        decide: impl Fn(&Seen) -> Result<Step, Refusal>,
        now: SystemTime,
        deadline: Deadline,
    ) -> Result<Settled, Unavailable> {
        let mut seen = Seen::default();
        for _ in 0..MAX_DECISIONS {
            let obstacle = match decide(&seen) {
                Ok(Step::Commit(entry)) => match self.transact(record, &entry, now, deadline).await? {
                    None => {
                        let Entry { outcome, payout, .. } = *entry;
                        return Ok(Settled { committed: Committed::Applied(outcome), seen, payout });
                    }
                    Some(Obstacle::Known(Verdict::Repetition)) if seen.order != Sight::NotYet => {
                        // Another copy was faster, and the order may have gone on since it was read.
                        let (verdict, order) = self.look(record, deadline).await?;
                        seen.order = order.map_or(Sight::Nothing, Sight::Found);
                        Obstacle::Known(verdict)
                    }
                    Some(obstacle) => obstacle,
                },
                Ok(Step::Read) => {
                    let (verdict, order) = self.look(record, deadline).await?;
                    seen.order = order.map_or(Sight::Nothing, Sight::Found);
                    Obstacle::Known(verdict)
                }
                Err(refusal) => Obstacle::Refused(refusal),
            };
            let refusal = match obstacle {
                Obstacle::Known(Verdict::Fresh) => continue,
                Obstacle::Known(Verdict::Repetition) => {
                    return Ok(Settled { committed: Committed::Repetition, seen, payout: None });
                }
                Obstacle::Known(Verdict::RequestConflict) => Refusal::RequestConflict,
                Obstacle::Known(Verdict::EventConflict) => Refusal::EventConflict,
                Obstacle::Refused(refusal) => refusal,
                Obstacle::Order(order) => {
                    seen.order = order.map_or(Sight::Nothing, |order| Sight::Found(*order));
                    continue;
                }
                Obstacle::AddressKnown => {
                    seen.is_address_known = true;
                    continue;
                }
            };
            if record.callback.is_some() || seen.is_paid_unregistered() {
                self.record_refusal(record, refusal, now, deadline).await?;
            }
            return Ok(Settled { committed: Committed::Refused(refusal), seen, payout: None });
        }
        Err(Unavailable::new("the order changes too often"))
    }

    /// Writes an entry with the records of its request and its event, in one transaction.
    ///
    /// `None` if it was applied. Returns only what is certain: after a lost answer the same transaction is sent again and finds its own
    /// records.
    async fn transact(
        &self,
        record: &Record<'_>,
        entry: &Entry,
        now: SystemTime,
        deadline: Deadline,
    ) -> Result<Option<Obstacle>, Unavailable> {
        let (parts, items): (Vec<_>, Vec<_>) =
            transaction(&self.tables, record, entry, now)?.into_iter().unzip();
        // One token for all attempts: if an answer is lost, AWS repeats it instead of the work.
        let token = format!("{:032x}", rand::random::<u128>());
        let attempt = async || {
            let request = self.client.transact_write_items().set_transact_items(Some(items.clone()));
            match request.client_request_token(&token).send().await {
                Ok(_) => Attempt::Done(Ok(None)),
                Err(error) => match error.as_service_error() {
                    Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                        explain(record.identity, &parts, canceled.cancellation_reasons())
                    }
                    _ => failed(&error),
                },
            }
        };
        retry(deadline, attempt).await
    }

    /// Reads the records of the request, of the event and of the order, as of one moment.
    async fn look(
        &self,
        record: &Record<'_>,
        deadline: Deadline,
    ) -> Result<(Verdict, Option<Order>), Unavailable> {
        let Some(call_back_id) = record.call_back_id else {
            return Err(Unavailable::new("there is no order to read"));
        };
        let mut gets = vec![
            get(&self.tables.events, "eventKey", record.identity.event_key.as_str())?,
            get(&self.tables.withdrawals, "callBackId", call_back_id)?,
        ];
        if let Some(callback) = record.callback {
            gets.push(get(&self.tables.requests, "requestUUID", &callback.request_uuid)?);
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
        let found = retry(deadline, attempt).await?;
        let item = |position: usize| found.get(position).and_then(|response| response.item.as_ref());
        let request = item(2).and_then(identity);
        let event = item(0).and_then(fingerprint);
        let order = item(1).map(order).transpose()?;
        Ok((judge(record.identity, request.as_ref(), event.as_ref()), order))
    }

    /// Puts a refusal among the events, once for each event and content: of a callback, or of a merchant's
    /// request that contradicts what was paid already. Then somebody has to look at it.
    pub(crate) async fn record_refusal(
        &self,
        record: &Record<'_>,
        refusal: Refusal,
        now: SystemTime,
        deadline: Deadline,
    ) -> Result<(), Unavailable> {
        if !refusal.is_recorded() {
            return Ok(());
        }
        let Identity { event_key, fingerprint } = record.identity;
        // A retry repeats a refused event under a new requestUUID; a conflict of requests is one of its own.
        let request = record.callback.filter(|_| refusal == Refusal::RequestConflict);
        let request = request.map(|callback| &*callback.request_uuid);
        let content = [Some(refusal.name()), request, Some(event_key.as_str()), Some(fingerprint.as_str())];
        let key = EventKey::new("refusal", content);
        let mut item = event(record, &key, (refusal.name(), refusal.detail_type()), &[], now)?;
        item.insert("refusedEventKey".into(), text(event_key.as_str()));
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

fn get(table: &str, key: &str, value: &str) -> Result<TransactGetItem, Unavailable> {
    let get = Get::builder().table_name(table).key(key, AttributeValue::S(value.to_owned())).build();
    let get = get.map_err(|_| Unavailable::new("get not built"))?;
    Ok(TransactGetItem::builder().get(get).build())
}

/// Why a transaction was cancelled, by position. What the records say is certain and comes first; then what
/// passes; then what the order, the address and the balance say.
fn explain(identity: &Identity, parts: &[Part], reasons: &[CancellationReason]) -> Attempt<Option<Obstacle>> {
    let code = |reason: &CancellationReason| reason.code().unwrap_or("None").to_owned();
    let failed = |part: Part| {
        let mut reasons = parts.iter().zip(reasons).filter(move |(of, _)| **of == part);
        reasons.find(|(_, reason)| reason.code() == Some(CONDITION_FAILED)).map(|(_, reason)| reason)
    };
    let old = |part: Part| failed(part).and_then(CancellationReason::item);
    let request = old(Part::Request).and_then(items::identity);
    let event: Option<Fingerprint> = old(Part::Event).and_then(fingerprint);
    let verdict = judge(identity, request.as_ref(), event.as_ref());
    if verdict != Verdict::Fresh {
        return Attempt::Done(Ok(Some(Obstacle::Known(verdict))));
    }
    let codes: Vec<_> = reasons.iter().map(code).collect();
    if let Some(code) = codes.iter().find(|code| retry::is_transient_code(code)) {
        return Attempt::Again(Unavailable::new(code));
    }
    if let Some(reason) = failed(Part::Order) {
        let order = reason.item().map(order).transpose();
        return Attempt::Done(order.map(|order| Some(Obstacle::Order(order.map(Box::new)))));
    }
    if failed(Part::Address).is_some() {
        return Attempt::Done(Ok(Some(Obstacle::AddressKnown)));
    }
    if failed(Part::Balance).is_some() {
        return Attempt::Done(Ok(Some(Obstacle::Refused(Refusal::BalanceTooLow))));
    }
    let of_balance = |(part, reason): (&Part, &CancellationReason)| {
        *part == Part::Balance && reason.code() == Some(VALIDATION_ERROR)
    };
    if parts.iter().zip(reasons).any(of_balance) {
        return Attempt::Done(Ok(Some(Obstacle::Refused(Refusal::BalanceOutOfRange))));
    }
    Attempt::Done(Err(Unavailable::new(format!("transaction cancelled: {}", codes.join(", ")))))
}

pub(crate) fn failed<T, E: ProvideErrorMetadata>(error: &SdkError<E>) -> Attempt<T> {
    let unavailable = Unavailable::new(retry::name(error));
    if retry::is_transient(error) { Attempt::Again(unavailable) } else { Attempt::Done(Err(unavailable)) }
}
