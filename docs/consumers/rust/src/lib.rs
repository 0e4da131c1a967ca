//! What an event does to this consumer's own table: each posting is added to a sum, once however often it comes.
//!
//! The table has the keys `id` and `of`, both texts, and two kinds of items: `eventKey` and `event`, for each event
//! that was applied; `tenantUserId` and asset, for what a user has of an asset. Both are written in one transaction, so
//! an event is counted if and only if it is remembered. Sums do not depend on the order of their events, which a bus
//! does not promise.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata as _};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use serde_json::Value;

/// What came of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was added.
    Applied,
    /// It had been added before.
    Repetition,
    /// It posts nothing, so there is nothing to add.
    Nothing,
}

/// Why an event was not applied. Lambda then tries again, and in the end puts it into the dead-letter queue.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not what docs/events.md tells.
    #[error("the event has no {0}")]
    Malformed(&'static str),
    /// DynamoDB did not take it.
    #[error("DynamoDB: {0}")]
    DynamoDb(String),
}

impl From<BuildError> for Error {
    fn from(error: BuildError) -> Self {
        Self::DynamoDb(error.to_string())
    }
}

/// Adds an event's postings to the sums in `table`, unless that was done before.
///
/// # Errors
///
/// [`Error`]; nothing was written then.
pub async fn apply(dynamodb: &Client, table: &str, event: &Value) -> Result<Outcome, Error> {
    let detail = &event["detail"];
    let event_key = text(detail, "/eventKey", "eventKey")?;
    let postings = detail.pointer("/record/postings/L").and_then(Value::as_array);
    let postings = postings.ok_or(Error::Malformed("postings"))?;
    if postings.is_empty() {
        return Ok(Outcome::Nothing);
    }
    let once = Put::builder().table_name(table).set_item(Some(key(event_key, "event")));
    let once = once.condition_expression("attribute_not_exists(id)").build()?;
    let mut transaction =
        dynamodb.transact_write_items().transact_items(TransactWriteItem::builder().put(once).build());
    // The ledger posts to a balance once an event at most, so no sum is in the transaction twice.
    for posting in postings {
        let add = added(table, posting)?;
        transaction = transaction.transact_items(TransactWriteItem::builder().update(add).build());
    }
    match transaction.send().await {
        Ok(_) => Ok(Outcome::Applied),
        Err(error) if error.as_service_error().is_some_and(was_applied) => Ok(Outcome::Repetition),
        // AWS's code only: its message may hold values, and this ends up in a log.
        Err(error) => Err(Error::DynamoDb(error.code().unwrap_or("no answer").to_owned())),
    }
}

/// A posting, added by DynamoDB, whose numbers are exact to 38 digits. Here they stay texts and never are floats.
fn added(table: &str, posting: &Value) -> Result<Update, Error> {
    let number = |path, name| Ok::<_, Error>(AttributeValue::N(text(posting, path, name)?.to_owned()));
    let user = text(posting, "/M/tenantUserId/S", "tenantUserId")?;
    let asset = text(posting, "/M/asset/S", "asset")?;
    let update = Update::builder()
        .table_name(table)
        .set_key(Some(key(user, asset)))
        .update_expression("ADD available :available, frozen :frozen, held :held")
        .expression_attribute_values(":available", number("/M/available/N", "available")?)
        .expression_attribute_values(":frozen", number("/M/frozen/N", "frozen")?)
        .expression_attribute_values(":held", number("/M/held/N", "held")?);
    Ok(update.build()?)
}

/// Did the condition on the event's own item fail? Any other cancellation, such as a conflict, is tried again.
fn was_applied(error: &TransactWriteItemsError) -> bool {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else { return false };
    let first = cancelled.cancellation_reasons().first();
    first.and_then(|reason| reason.code()) == Some("ConditionalCheckFailed")
}

fn key(id: &str, of: &str) -> HashMap<String, AttributeValue> {
    [("id", id), ("of", of)].map(|(name, text)| (name.to_owned(), AttributeValue::S(text.to_owned()))).into()
}

fn text<'a>(value: &'a Value, path: &str, name: &'static str) -> Result<&'a str, Error> {
    value.pointer(path).and_then(Value::as_str).ok_or(Error::Malformed(name))
}
