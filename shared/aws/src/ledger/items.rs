//! Records as DynamoDB items, and the writes of a transaction.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use waas_callback::{
    AddressUpdate, Amount, Asset, Callback, Decimal, Details, Entry, EventKey, Expect, Fingerprint, Identity,
    Order, OrderState, OrderUpdate, Posting, Standing, Terms,
};

use super::Unavailable;
use crate::config::Tables;

/// How long a request's record is kept. Its event's record, which never expires, still guards after that.
const REQUEST_RETENTION: Duration = Duration::from_hours(90 * 24);

/// One item of a table.
pub type Item = HashMap<String, AttributeValue>;

/// What a transaction tells of its cause.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) tenant_user_id: &'a str,
    pub(crate) call_back_id: Option<&'a str>,
    /// The held deposit that this releases.
    pub(crate) released: Option<&'a str>,
    /// Absent for what the merchant does.
    pub(crate) callback: Option<&'a Callback>,
}

/// What an item of the transaction is for; DynamoDB gives its reasons in the order of the items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Request,
    Event,
    Order,
    Address,
    Balance,
}

impl<'a> Record<'a> {
    pub(crate) fn of(callback: &'a Callback, identity: &'a Identity) -> Self {
        Self {
            identity,
            tenant_user_id: &callback.tenant_user_id,
            call_back_id: callback.call_back_id(),
            released: None,
            callback: Some(callback),
        }
    }
}

/// The whole transaction: records of request and event, then what the entry changes.
pub(crate) fn transaction(
    tables: &Tables,
    record: &Record<'_>,
    entry: &Entry,
    now: SystemTime,
) -> Result<Vec<(Part, TransactWriteItem)>, Unavailable> {
    let Record { identity, .. } = record;
    let mut items = Vec::with_capacity(4);
    if let Some(callback) = record.callback {
        let expires_at = DateTime::from(now + REQUEST_RETENTION).secs();
        let request = Item::from([
            ("requestUUID".into(), text(&callback.request_uuid)),
            ("eventKey".into(), text(identity.event_key.as_str())),
            ("fingerprint".into(), text(identity.fingerprint.as_str())),
            ("decision".into(), text(entry.outcome.name())),
            ("recordedAt".into(), text(&timestamp(now)?)),
            ("expiresAt".into(), AttributeValue::N(expires_at.to_string())),
        ]);
        items.push((Part::Request, put_new(&tables.requests, "requestUUID", request)?));
    }
    let told = (entry.outcome.name(), entry.outcome.detail_type());
    let mut item = event(record, &identity.event_key, told, &entry.postings, now)?;
    if let Some(fee) = entry.order.as_ref().and_then(|order| order.fee.as_ref()) {
        item.insert("fee".into(), number(fee.value()));
    }
    items.push((Part::Event, put_new(&tables.events, "eventKey", item)?));
    if let Some(order) = &entry.order {
        items.push((Part::Order, update_order(&tables.withdrawals, order, now)?));
    }
    if let Some(address) = &entry.address {
        items.push((Part::Address, update_address(&tables.addresses, address, now)?));
    }
    for posting in &entry.postings {
        items.push((Part::Balance, post(&tables.balances, posting)?));
    }
    Ok(items)
}

/// The record of an event, with its postings and all that was said. Its stream is what the merchant's systems
/// are told by, so it carries the name of what it is there: `detailType`.
pub(crate) fn event(
    record: &Record<'_>,
    key: &EventKey,
    (outcome, detail_type): (&str, &str),
    postings: &[Posting],
    now: SystemTime,
) -> Result<Item, Unavailable> {
    let mut item = Item::from([
        ("eventKey".into(), text(key.as_str())),
        ("tenantUserId".into(), text(record.tenant_user_id)),
        ("fingerprint".into(), text(record.identity.fingerprint.as_str())),
        ("outcome".into(), text(outcome)),
        ("detailType".into(), text(detail_type)),
        ("postings".into(), AttributeValue::L(postings.iter().map(posting).collect())),
        ("recordedAt".into(), text(&timestamp(now)?)),
    ]);
    if let Some(id) = record.call_back_id {
        item.insert("callBackId".into(), text(id));
    }
    if let Some(key) = record.released {
        item.insert("releasedEventKey".into(), text(key));
    }
    if let Some(callback) = record.callback {
        item.insert("type".into(), AttributeValue::N(callback.callback_type().number().to_string()));
        item.insert("requestUUID".into(), text(&callback.request_uuid));
        item.insert("callback".into(), text(&callback.json));
        if let Some(id) = &callback.tracking_id {
            item.insert("trackingId".into(), text(id));
        }
    }
    Ok(item)
}

fn posting(posting: &Posting) -> AttributeValue {
    AttributeValue::M(Item::from([
        ("tenantUserId".into(), text(&posting.tenant_user_id)),
        ("asset".into(), text(&posting.asset.to_string())),
        ("available".into(), number(posting.available)),
        ("frozen".into(), number(posting.frozen)),
        ("held".into(), number(posting.held)),
    ]))
}

fn put_new(table: &str, key: &str, item: Item) -> Result<TransactWriteItem, Unavailable> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression(format!("attribute_not_exists({key})"))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .map_err(|_| Unavailable::new("put not built"))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// Adds a posting to its balance. A part that shrinks must hold what is taken.
fn post(table: &str, posting: &Posting) -> Result<TransactWriteItem, Unavailable> {
    let mut update = Change::default();
    let parts = [("available", posting.available), ("frozen", posting.frozen), ("held", posting.held)];
    for (part, change) in parts {
        if part == "held" && change.is_zero() {
            continue; // most users never have any
        }
        update.add.push(format!("{part} :{part}"));
        update.values.insert(format!(":{part}"), number(change));
        if change.is_negative() {
            update.conditions.push(format!("{part} >= :{part}Needed"));
            update.values.insert(format!(":{part}Needed"), number(-change));
        }
    }
    let key = [("tenantUserId", text(&posting.tenant_user_id)), ("asset", text(&posting.asset.to_string()))];
    update.build(table, key)
}

/// The new address becomes the current one, unless the user ever had it.
fn update_address(
    table: &str,
    address: &AddressUpdate,
    now: SystemTime,
) -> Result<TransactWriteItem, Unavailable> {
    let key = text(&address.key());
    let mut update = Change::default();
    update.set("address", text(&address.address));
    update.set("updatedAt", text(&timestamp(now)?));
    update.set.push("#history = list_append(if_not_exists(#history, :none), :new)".into());
    update.names.insert("#history".into(), "history".into());
    update.values.extend([
        (":none".to_owned(), AttributeValue::L(Vec::new())),
        (":new".to_owned(), AttributeValue::L(vec![key.clone()])),
        (":key".to_owned(), key),
    ]);
    update.conditions.push("(attribute_not_exists(#history) OR NOT contains(#history, :key))".into());
    let key = [("tenantUserId", text(&address.tenant_user_id)), ("asset", text(&address.asset.to_string()))];
    update.build(table, key)
}

fn update_order(table: &str, order: &OrderUpdate, now: SystemTime) -> Result<TransactWriteItem, Unavailable> {
    let mut update = Change::default();
    if let Some(Details { tenant_user_id, terms, is_registered }) = &order.details {
        update.set("tenantUserId", text(tenant_user_id));
        update.set("registered", AttributeValue::Bool(*is_registered));
        if *is_registered {
            update.set("registeredAt", text(&timestamp(now)?));
        }
        if let Some(terms) = terms {
            update.set("chainName", text(terms.asset.chain_name()));
            update.set("symbol", text(terms.asset.symbol()));
            update.set("amount", number(terms.amount.value()));
            update.set("amountText", text(terms.amount.text()));
            update.set("address", text(&terms.address));
        }
    }
    if let Some(state) = order.state {
        update.set("state", text(state.name()));
        match state {
            OrderState::Reserved => {}
            // No other function writes this attribute, so a role can be denied it.
            OrderState::Confirmed => update.set("confirmedAt", text(&timestamp(now)?)),
            OrderState::Completed | OrderState::Failed | OrderState::Cancelled => {
                update.names.insert("#stalled".into(), "stalled".into());
                update.remove.push("#stalled".into());
            }
        }
    }
    let optional = [
        ("txId", order.tx_id.as_deref().map(text)),
        ("trackingId", order.tracking_id.as_deref().map(text)),
        ("stalled", order.stalled.map(|cause| text(cause.name()))),
        ("fee", order.fee.as_ref().map(|fee| number(fee.value()))),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            update.set(name, value);
        }
    }
    update.set("updatedAt", text(&timestamp(now)?));
    expect(&mut update, &order.expect);
    update.build(table, [("callBackId", text(&order.call_back_id))])
}

fn expect(update: &mut Change, expect: &Expect) {
    match expect {
        Expect::Seen(Standing::Absent) => update.conditions.push("attribute_not_exists(callBackId)".into()),
        Expect::Seen(standing) => stands(update, *standing),
        Expect::SeenAndNotHeld(standing) => {
            stands(update, *standing);
            update.names.insert("#held".into(), "held".into());
            update.values.insert(":notHeld".into(), AttributeValue::Bool(false));
            update.conditions.push("(attribute_not_exists(#held) OR #held = :notHeld)".into());
        }
        Expect::Open(tenant_user_id) => open(update, tenant_user_id),
        Expect::OpenWith(tenant_user_id, terms) => {
            open(update, tenant_user_id);
            update.equals("chainName", text(terms.asset.chain_name()));
            update.equals("symbol", text(terms.asset.symbol()));
            update.equals("amount", number(terms.amount.value()));
            update.equals("address", text(&terms.address));
        }
    }
}

fn stands(update: &mut Change, standing: Standing) {
    let (state, is_registered) = match standing {
        Standing::Registered(state) => (state, true),
        Standing::CompletedUnregistered => (OrderState::Completed, false),
        Standing::FailedUnregistered => (OrderState::Failed, false),
        Standing::Absent => return,
    };
    update.equals("state", text(state.name()));
    update.names.insert("#registered".into(), "registered".into());
    update.values.insert(":unregistered".into(), AttributeValue::Bool(false));
    let condition = if is_registered {
        "(attribute_not_exists(#registered) OR #registered <> :unregistered)"
    } else {
        "#registered = :unregistered"
    };
    update.conditions.push(condition.into());
}

fn open(update: &mut Change, tenant_user_id: &str) {
    update.names.insert("#state".into(), "state".into());
    update.values.insert(":reserved".into(), text(OrderState::Reserved.name()));
    update.values.insert(":confirmed".into(), text(OrderState::Confirmed.name()));
    update.conditions.push("#state IN (:reserved, :confirmed)".into());
    update.equals("tenantUserId", text(tenant_user_id));
}

/// An update expression under construction. What it sets goes by placeholders, since `state` is a reserved word.
#[derive(Default)]
struct Change {
    set: Vec<String>,
    add: Vec<String>,
    remove: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Change {
    fn set(&mut self, name: &str, value: AttributeValue) {
        self.set.push(format!("#{name} = :{name}"));
        self.names.insert(format!("#{name}"), name.to_owned());
        self.values.insert(format!(":{name}"), value);
    }

    fn equals(&mut self, name: &str, value: AttributeValue) {
        self.conditions.push(format!("#{name} = :expected_{name}"));
        self.names.insert(format!("#{name}"), name.to_owned());
        self.values.insert(format!(":expected_{name}"), value);
    }

    fn build<const N: usize>(
        self,
        table: &str,
        key: [(&str, AttributeValue); N],
    ) -> Result<TransactWriteItem, Unavailable> {
        let clauses = [("SET", self.set), ("ADD", self.add), ("REMOVE", self.remove)];
        let clauses = clauses.into_iter().filter(|(_, actions)| !actions.is_empty());
        let expression: Vec<_> =
            clauses.map(|(verb, actions)| format!("{verb} {}", actions.join(", "))).collect();
        let conditions = (!self.conditions.is_empty()).then(|| self.conditions.join(" AND "));
        let update = Update::builder()
            .table_name(table)
            .set_key(Some(key.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
            .update_expression(expression.join(" "))
            .set_condition_expression(conditions)
            .set_expression_attribute_names((!self.names.is_empty()).then_some(self.names))
            .set_expression_attribute_values(Some(self.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|_| Unavailable::new("update not built"))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// An order's record.
pub(crate) fn order(item: &Item) -> Result<Order, Unavailable> {
    read_order(item).ok_or_else(|| Unavailable::new("an order's record is malformed"))
}

fn read_order(item: &Item) -> Option<Order> {
    let amount = read(item, "amountText").or_else(|| item.get("amount")?.as_n().ok().map(String::as_str));
    let terms = match amount {
        Some(amount) => Some(Terms {
            asset: Asset::new(read(item, "chainName")?, read(item, "symbol")?).ok()?,
            amount: Amount::parse(amount).ok()?,
            address: read(item, "address")?.to_owned(),
        }),
        None => None,
    };
    let is_false = |name: &str| item.get(name).and_then(|value| value.as_bool().ok()) == Some(&false);
    Some(Order {
        call_back_id: read(item, "callBackId")?.to_owned(),
        tenant_user_id: read(item, "tenantUserId")?.to_owned(),
        terms,
        state: read(item, "state")?.parse().ok()?,
        is_registered: !is_false("registered"),
        is_held: item.contains_key("held") && !is_false("held"),
        tracking_id: read(item, "trackingId").map(str::to_owned),
        registered_at: match read(item, "registeredAt") {
            Some(time) => {
                let time = DateTime::from_str(time, Format::DateTime).ok()?;
                Some(SystemTime::try_from(time).ok()?)
            }
            None => None,
        },
    })
}

/// The identity in a request's record.
pub(crate) fn identity(item: &Item) -> Option<Identity> {
    Some(Identity { event_key: read(item, "eventKey")?.to_owned().into(), fingerprint: fingerprint(item)? })
}

/// The fingerprint in an event's record.
pub(crate) fn fingerprint(item: &Item) -> Option<Fingerprint> {
    Some(read(item, "fingerprint")?.to_owned().into())
}

/// A text attribute.
pub(crate) fn read<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(crate) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

pub(crate) fn number(value: Decimal) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// RFC 3339 in UTC with milliseconds, which sorts as text.
pub(crate) fn timestamp(now: SystemTime) -> Result<String, Unavailable> {
    let whole = DateTime::from(now);
    let millis = whole.subsec_nanos() / 1_000_000;
    let seconds = DateTime::from_secs(whole.secs()).fmt(Format::DateTime);
    let seconds = seconds.map_err(|_| Unavailable::new("the clock is out of range"))?;
    Ok(format!("{}.{millis:03}Z", seconds.trim_end_matches('Z')))
}
