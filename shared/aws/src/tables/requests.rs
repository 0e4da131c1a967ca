//! Requests: one item for each callback that was applied, by its `requestUUID`.

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::types::{AttributeValue, TransactGetItem, TransactWriteItem};
use aws_smithy_types::DateTime;
use waas_callback::{Callback, Entry, Identity, KnownRequest};

use super::{Item, Layout, get, put_new, read, text, timestamp};
use crate::retry::Unavailable;
use crate::tables::events;

const KEY: &str = "requestUUID";
const EXPIRES_AT: &str = "expiresAt";

pub(super) const LAYOUT: Layout = Layout { expiry: Some(EXPIRES_AT), ..Layout::keyed(&[KEY]) };

/// How long a request's record is kept. Its event's record, which never expires, still guards after that.
const RETENTION: Duration = Duration::from_hours(90 * 24);

/// Remembers a request with what was decided for it, unless it is known.
pub(crate) fn put(
    table: &str,
    callback: &Callback,
    identity: &Identity,
    entry: &Entry,
    now: SystemTime,
) -> Result<TransactWriteItem, Unavailable> {
    let item = Item::from([
        (KEY.into(), text(&callback.request_uuid)),
        (events::KEY.into(), text(identity.event_key.as_str())),
        (events::FINGERPRINT.into(), text(identity.fingerprint.as_str())),
        ("decision".into(), text(entry.outcome.name())),
        ("recordedAt".into(), text(&timestamp(now)?)),
        (EXPIRES_AT.into(), AttributeValue::N(DateTime::from(now + RETENTION).secs().to_string())),
    ]);
    put_new(table, KEY, item)
}

/// Reads a request in a transaction.
pub(crate) fn get_by(table: &str, request_uuid: &str) -> Result<TransactGetItem, Unavailable> {
    get(table, KEY, request_uuid)
}

/// The event that a request told of, and with what content.
pub(crate) fn recorded(item: &Item) -> Option<KnownRequest> {
    let event_key = read(item, events::KEY)?.to_owned().into();
    Some(KnownRequest { event_key, fingerprint: events::fingerprint(item)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_without_its_event_or_its_content_proves_nothing() {
        let mut item = Item::from([
            (events::KEY.to_owned(), text("deposit.1")),
            (events::FINGERPRINT.to_owned(), text("content")),
        ]);
        assert_eq!(recorded(&item).unwrap().event_key.as_str(), "deposit.1");
        for attribute in [events::FINGERPRINT, events::KEY] {
            item.remove(attribute);
            assert_eq!(recorded(&item), None, "without {attribute}");
        }
    }
}
