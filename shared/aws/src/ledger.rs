//! The books in DynamoDB: one transaction a callback.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use waas_callback::{
    Callback, Entry, EventKey, Fingerprint, Identity, Outcome, Posting, Refusal, Verdict, judge,
};

use crate::config::Tables;
use crate::retry::{self, Attempt, Deadline, retry};

/// How long a request's record is kept. Its event's record, which never expires, still guards after that.
const REQUEST_RETENTION: Duration = Duration::from_secs(90 * 24 * 60 * 60);

const CONDITION_FAILED: &str = "ConditionalCheckFailed";
const VALIDATION_ERROR: &str = "ValidationError";

type Item = HashMap<String, AttributeValue>;

/// Positions of the records in the transaction; DynamoDB gives its reasons in this order.
const REQUEST: usize = 0;
const EVENT: usize = 1;

pub(crate) struct Ledger {
    client: Client,
    tables: Tables,
}

/// What became of a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Committed {
    /// Now, all of it.
    Applied(Outcome),
    /// Before, by this request or another of the same event; nothing now.
    Repetition,
    /// Not, for this reason; nothing but the refusal was recorded.
    Refused(Refusal),
}

/// The books could not be read or written. AWS's code or what failed, for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("DynamoDB: {0}")]
pub(crate) struct Unavailable(String);

impl Ledger {
    pub(crate) fn new(client: Client, tables: Tables) -> Self {
        Self { client, tables }
    }

    /// Applies an entry exactly once, with the records of its request and its event, in one transaction.
    ///
    /// Returns only what is certain: after a lost answer the same transaction is sent again and finds its own
    /// records.
    pub(crate) async fn commit(
        &self,
        callback: &Callback,
        identity: &Identity,
        entry: &Entry,
        now: SystemTime,
        deadline: Deadline,
    ) -> Result<Committed, Unavailable> {
        let items = self.items(callback, identity, entry, now)?;
        // One token for all attempts: if an answer is lost, AWS repeats it instead of the work.
        let token = format!("{:032x}", rand::random::<u128>());
        let attempt = async || {
            let request = self.client.transact_write_items().set_transact_items(Some(items.clone()));
            match request.client_request_token(&token).send().await {
                Ok(_) => Attempt::Done(Ok(Committed::Applied(entry.outcome))),
                Err(error) => match error.as_service_error() {
                    Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                        explain(identity, canceled.cancellation_reasons())
                    }
                    _ => failed(&error),
                },
            }
        };
        let committed = retry(deadline, attempt).await?;
        if let Committed::Refused(refusal) = committed {
            self.record_refusal(callback, identity, refusal, now, deadline).await?;
        }
        Ok(committed)
    }

    /// Puts a refusal among the events, once for each request and content.
    async fn record_refusal(
        &self,
        callback: &Callback,
        identity: &Identity,
        refusal: Refusal,
        now: SystemTime,
        deadline: Deadline,
    ) -> Result<(), Unavailable> {
        let refused = [
            refusal.name(),
            &callback.request_uuid,
            identity.event_key.as_str(),
            identity.fingerprint.as_str(),
        ];
        let key = EventKey::new("refusal", refused.map(Some));
        let mut item = event(callback, &key, &identity.fingerprint, refusal.name(), &[], now)?;
        item.insert("refusedEventKey".into(), text(identity.event_key.as_str()));
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

    fn items(
        &self,
        callback: &Callback,
        identity: &Identity,
        entry: &Entry,
        now: SystemTime,
    ) -> Result<Vec<TransactWriteItem>, Unavailable> {
        let expires_at = DateTime::from(now + REQUEST_RETENTION).secs();
        let request = Item::from([
            ("requestUUID".into(), text(&callback.request_uuid)),
            ("eventKey".into(), text(identity.event_key.as_str())),
            ("fingerprint".into(), text(identity.fingerprint.as_str())),
            ("decision".into(), text(entry.outcome.name())),
            ("recordedAt".into(), text(&timestamp(now)?)),
            ("expiresAt".into(), AttributeValue::N(expires_at.to_string())),
        ]);
        let outcome = entry.outcome.name();
        let event =
            event(callback, &identity.event_key, &identity.fingerprint, outcome, &entry.postings, now)?;
        let mut items = vec![
            put_new(&self.tables.requests, "requestUUID", request)?,
            put_new(&self.tables.events, "eventKey", event)?,
        ];
        for posting in &entry.postings {
            items.push(self.post(posting)?);
        }
        Ok(items)
    }

    /// Adds a posting to its balance. A part that shrinks must hold what is taken.
    fn post(&self, posting: &Posting) -> Result<TransactWriteItem, Unavailable> {
        let mut update = Update::builder()
            .table_name(&self.tables.balances)
            .key("tenantUserId", text(&posting.tenant_user_id))
            .key("asset", text(&posting.asset.to_string()))
            .update_expression("ADD available :available, frozen :frozen")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut conditions = Vec::new();
        for (part, change) in [("available", posting.available), ("frozen", posting.frozen)] {
            update =
                update.expression_attribute_values(format!(":{part}"), AttributeValue::N(change.to_string()));
            if change.is_negative() {
                conditions.push(format!("{part} >= :{part}Needed"));
                let needed = AttributeValue::N((-change).to_string());
                update = update.expression_attribute_values(format!(":{part}Needed"), needed);
            }
        }
        if !conditions.is_empty() {
            update = update.condition_expression(conditions.join(" AND "));
        }
        let update = update.build().map_err(|_| Unavailable("update not built".into()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// The record of an event, with its postings and all that the platform said.
fn event(
    callback: &Callback,
    key: &EventKey,
    fingerprint: &Fingerprint,
    outcome: &str,
    postings: &[Posting],
    now: SystemTime,
) -> Result<Item, Unavailable> {
    let postings = postings.iter().map(|posting| {
        AttributeValue::M(Item::from([
            ("tenantUserId".into(), text(&posting.tenant_user_id)),
            ("asset".into(), text(&posting.asset.to_string())),
            ("available".into(), AttributeValue::N(posting.available.to_string())),
            ("frozen".into(), AttributeValue::N(posting.frozen.to_string())),
        ]))
    });
    let mut item = Item::from([
        ("eventKey".into(), text(key.as_str())),
        ("type".into(), AttributeValue::N(callback.callback_type().number().to_string())),
        ("requestUUID".into(), text(&callback.request_uuid)),
        ("tenantUserId".into(), text(&callback.tenant_user_id)),
        ("fingerprint".into(), text(fingerprint.as_str())),
        ("outcome".into(), text(outcome)),
        ("postings".into(), AttributeValue::L(postings.collect())),
        ("callback".into(), text(&callback.json)),
        ("recordedAt".into(), text(&timestamp(now)?)),
    ]);
    let optional = [("trackingId", callback.tracking_id.as_deref()), ("callBackId", callback.call_back_id())];
    for (name, value) in optional {
        if let Some(value) = value {
            item.insert(name.into(), text(value));
        }
    }
    Ok(item)
}

fn put_new(table: &str, key: &str, item: Item) -> Result<TransactWriteItem, Unavailable> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression(format!("attribute_not_exists({key})"))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .map_err(|_| Unavailable("put not built".into()))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// Why the transaction was cancelled, by position. What the records say is certain and comes first; then what
/// passes; then what a balance cannot hold.
fn explain(identity: &Identity, reasons: &[CancellationReason]) -> Attempt<Committed, Unavailable> {
    let code = |position: usize| reasons.get(position).and_then(CancellationReason::code).unwrap_or("None");
    let old = |position: usize| {
        let reason = reasons.get(position).filter(|_| code(position) == CONDITION_FAILED);
        reason.and_then(CancellationReason::item)
    };
    let read = |item: &Item, name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    let request = old(REQUEST).and_then(|item| {
        Some(Identity {
            event_key: read(item, "eventKey")?.into(),
            fingerprint: read(item, "fingerprint")?.into(),
        })
    });
    let event = old(EVENT).and_then(|item| read(item, "fingerprint")).map(Fingerprint::from);
    match judge(identity, request.as_ref(), event.as_ref()) {
        Verdict::Repetition => return Attempt::Done(Ok(Committed::Repetition)),
        Verdict::RequestConflict => return Attempt::Done(Ok(Committed::Refused(Refusal::RequestConflict))),
        Verdict::EventConflict => return Attempt::Done(Ok(Committed::Refused(Refusal::EventConflict))),
        Verdict::Fresh => {}
    }
    let codes: Vec<_> = reasons.iter().filter_map(CancellationReason::code).collect();
    if let Some(code) = codes.iter().find(|code| retry::is_transient_code(code)) {
        return Attempt::Again(Unavailable((*code).to_owned()));
    }
    if codes.iter().skip(EVENT + 1).any(|code| *code == VALIDATION_ERROR) {
        return Attempt::Done(Ok(Committed::Refused(Refusal::BalanceOutOfRange)));
    }
    Attempt::Done(Err(Unavailable(format!("transaction cancelled: {}", codes.join(", ")))))
}

fn failed<T, E>(error: &aws_sdk_dynamodb::error::SdkError<E>) -> Attempt<T, Unavailable>
where
    E: aws_sdk_dynamodb::error::ProvideErrorMetadata,
{
    let unavailable = Unavailable(retry::name(error));
    if retry::is_transient(error) { Attempt::Again(unavailable) } else { Attempt::Done(Err(unavailable)) }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

/// RFC 3339 in UTC with milliseconds, which sorts as text.
fn timestamp(now: SystemTime) -> Result<String, Unavailable> {
    let whole = DateTime::from(now);
    let millis = whole.subsec_nanos() / 1_000_000;
    let seconds = DateTime::from_secs(whole.secs()).fmt(Format::DateTime);
    let seconds = seconds.map_err(|_| Unavailable("the clock is out of range".into()))?;
    Ok(format!("{}.{millis:03}Z", seconds.trim_end_matches('Z')))
}
