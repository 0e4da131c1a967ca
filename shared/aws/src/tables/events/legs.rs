//! The events of movements and adjustments: one of the whole, and one of each leg.
//!
//! The whole has no user, and so stands in nobody's history; it tells all legs and posts nothing. Each leg is its user's, and
//! alone posts, so that whoever adds postings up counts each once.

use std::time::SystemTime;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use waas_callback::{Identity, Leg, Legs, Outcome};

use super::{FINGERPRINT, KEY, RECORDED_AT, USER, posting};
use crate::retry::Unavailable;
use crate::tables::{Item, number, put_new, text, timestamp};

/// The caller's id.
pub(super) const ID: &str = "id";
/// Of a leg: the event of the whole.
pub(super) const WHOLE: &str = "wholeEventKey";

/// Records legs, the whole first, unless they are known. `operator` is the caller's ARN, of an adjustment.
pub(crate) fn put_legs(
    table: &str,
    legs: &Legs,
    operator: Option<&str>,
    now: SystemTime,
) -> Result<Vec<TransactWriteItem>, Unavailable> {
    let common = |identity: &Identity, outcome: Outcome| {
        let mut item = Item::from([
            (KEY.into(), text(identity.event_key.as_str())),
            (FINGERPRINT.into(), text(identity.fingerprint.as_str())),
            ("outcome".into(), text(outcome.name())),
            ("detailType".into(), text(outcome.detail_type())),
            (RECORDED_AT.into(), text(&timestamp(now)?)),
            (ID.into(), text(&legs.id)),
            ("reason".into(), text(&legs.reason)),
        ]);
        if let Some(operator) = operator {
            item.insert("operator".into(), text(operator));
        }
        Ok::<_, Unavailable>(item)
    };
    let identity = legs.identity();
    let mut whole = common(&identity, legs.outcome())?;
    whole.insert("postings".into(), AttributeValue::L(Vec::new()));
    whole.insert("legs".into(), AttributeValue::L(legs.each.iter().map(told).collect()));
    let mut puts = vec![put_new(table, KEY, whole)?];
    for leg in &legs.each {
        let mut item = common(&legs.leg_identity(leg), legs.leg_outcome())?;
        item.insert(USER.into(), text(&leg.tenant_user_id));
        item.insert("postings".into(), AttributeValue::L(vec![posting(&leg.posting())]));
        item.insert(WHOLE.into(), text(identity.event_key.as_str()));
        puts.push(put_new(table, KEY, item)?);
    }
    Ok(puts)
}

/// A leg, as the whole tells it.
fn told(leg: &Leg) -> AttributeValue {
    AttributeValue::M(Item::from([
        (USER.into(), text(&leg.tenant_user_id)),
        ("asset".into(), text(&leg.asset.to_string())),
        ("amount".into(), number(leg.amount)),
    ]))
}
