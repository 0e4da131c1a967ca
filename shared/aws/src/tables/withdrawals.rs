//! Withdrawals: the orders, by the merchant's `callBackId`.

use std::time::SystemTime;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::{AttributeValue, TransactGetItem, Update};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use waas_callback::{
    Address, Amount, Asset, Basis, CallBackId, Details, Expect, Mode, Order, OrderState, OrderUpdate,
    Payable, Terms, TxId,
};

use super::{Change, Item, Layout, get, number, read, read_number, text, timestamp};
use crate::retry::Unavailable;

pub(crate) const KEY: &str = "callBackId";
/// The withdrawal of the platform that the order belongs to.
const TRACKING_ID: &str = "trackingId";

pub(super) const LAYOUT: Layout = Layout::keyed(&[KEY]);

/// Changes an order's record, if what the change was decided upon still holds.
pub(crate) fn update(table: &str, order: &OrderUpdate, now: SystemTime) -> Result<Update, Unavailable> {
    let mut change = Change::default();
    if let Some(Details { tenant_user_id, terms, registered }) = &order.details {
        change.set("tenantUserId", text(tenant_user_id));
        change.set("registered", AttributeValue::Bool(registered.is_some()));
        if let Some(mode) = registered {
            change.set("registeredAt", text(&timestamp(now)?));
            change.set("mode", text(mode.name()));
        }
        if let Some(terms) = terms {
            change.set("chainName", text(terms.asset.chain_name()));
            change.set("symbol", text(terms.asset.symbol()));
            change.set("amount", number(terms.amount.value()));
            change.set("amountText", text(terms.amount.text()));
            change.set("address", text(terms.address.text()));
            change.set("canonicalAddress", text(terms.address.canonical()));
        }
    }
    if let Some(state) = order.state {
        change.set("state", text(state.name()));
        match state {
            OrderState::Reported | OrderState::Reserved => {}
            // No other function writes this attribute, so a role can be denied it.
            OrderState::Confirmed => change.set("confirmedAt", text(&timestamp(now)?)),
            OrderState::Completed | OrderState::Failed | OrderState::Cancelled => change.remove("stalled"),
        }
    }
    let optional = [
        ("txId", order.tx_id.as_ref().map(|id| text(id.text()))),
        (TRACKING_ID, order.tracking_id.as_deref().map(text)),
        ("stalled", order.stalled.map(|cause| text(cause.name()))),
        ("fee", order.fee.as_ref().map(|fee| number(fee.value()))),
        ("held", order.is_held.map(AttributeValue::Bool)),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            change.set(name, value);
        }
    }
    change.set("updatedAt", text(&timestamp(now)?));
    expect(&mut change, &order.expect);
    change.build(table, [(KEY, text(order.call_back_id.as_str()))])
}

/// Makes a change by itself, without an event.
pub(crate) async fn send(
    client: &Client,
    update: &Update,
) -> Result<UpdateItemOutput, SdkError<UpdateItemError>> {
    let request = client.update_item().table_name(&update.table_name).set_key(Some(update.key.clone()));
    request
        .update_expression(&update.update_expression)
        .set_condition_expression(update.condition_expression.clone())
        .set_expression_attribute_names(update.expression_attribute_names.clone())
        .set_expression_attribute_values(update.expression_attribute_values.clone())
        .send()
        .await
}

fn expect(change: &mut Change, expect: &Expect) {
    match expect {
        Expect::Absent => change.condition("attribute_not_exists(callBackId)", &[], []),
        Expect::AsRead(basis) => as_read(change, basis),
        Expect::Payable(Payable { tenant_user_id, terms, tracking_id }) => {
            let states = [
                ("confirmed", text(OrderState::Confirmed.name())),
                ("reserved", text(OrderState::Reserved.name())),
                ("direct", text(Mode::Direct.name())),
            ];
            let payable = "(#state = :confirmed OR (#state = :reserved AND #mode = :direct))";
            change.condition(payable, &["state", "mode"], states);
            change.equals("tenantUserId", text(tenant_user_id));
            change.equals("chainName", text(terms.asset.chain_name()));
            change.equals("symbol", text(terms.asset.symbol()));
            change.equals("amount", number(terms.amount.value()));
            change.equals("canonicalAddress", text(terms.address.canonical()));
            belongs_to(change, tracking_id.as_deref());
        }
        Expect::Open { tenant_user_id, tracking_id } => {
            let states = [
                ("confirmed", text(OrderState::Confirmed.name())),
                ("reserved", text(OrderState::Reserved.name())),
            ];
            change.condition("#state IN (:reserved, :confirmed)", &["state"], states);
            change.equals("tenantUserId", text(tenant_user_id));
            belongs_to(change, tracking_id.as_deref());
        }
        Expect::Holdable => {
            change.equals("state", text(OrderState::Reserved.name()));
            let confirmed = [("direct", text(Mode::Direct.name()))];
            change.condition("(attribute_not_exists(#mode) OR #mode <> :direct)", &["mode"], confirmed);
        }
    }
}

fn as_read(change: &mut Change, basis: &Basis) {
    change.equals("state", text(basis.state.name()));
    let registered = if basis.is_registered {
        "(attribute_not_exists(#registered) OR #registered <> :unregistered)"
    } else {
        "#registered = :unregistered"
    };
    change.condition(registered, &["registered"], [("unregistered", AttributeValue::Bool(false))]);
    match &basis.tracking_id {
        Some(tracking_id) => change.equals(TRACKING_ID, text(tracking_id)),
        None => change.condition(format!("attribute_not_exists(#{TRACKING_ID})"), &[TRACKING_ID], []),
    }
    if basis.not_held {
        let not_held = "(attribute_not_exists(#held) OR #held = :notHeld)";
        change.condition(not_held, &["held"], [("notHeld", AttributeValue::Bool(false))]);
    }
    if basis.not_stalled {
        change.condition("attribute_not_exists(#stalled)", &["stalled"], []);
    }
}

/// The order belongs to this withdrawal of the platform or to none yet. Without a trackingId nothing can be compared.
fn belongs_to(change: &mut Change, tracking_id: Option<&str>) {
    if let Some(tracking_id) = tracking_id {
        let belongs = format!("(attribute_not_exists(#{TRACKING_ID}) OR #{TRACKING_ID} = :spokenOf)");
        change.condition(belongs, &[TRACKING_ID], [("spokenOf", text(tracking_id))]);
    }
}

/// Reads an order in a transaction.
pub(crate) fn get_by(table: &str, call_back_id: &CallBackId) -> Result<TransactGetItem, Unavailable> {
    get(table, KEY, call_back_id.as_str())
}

/// An order's record.
pub(crate) fn recorded(item: &Item) -> Result<Order, Unavailable> {
    read_order(item).ok_or_else(|| Unavailable::new("an order's record is malformed"))
}

fn read_order(item: &Item) -> Option<Order> {
    let amount = read(item, "amountText").or_else(|| item.get("amount")?.as_n().ok().map(String::as_str));
    let terms = match amount {
        Some(amount) => {
            let asset = Asset::new(read(item, "chainName")?, read(item, "symbol")?).ok()?;
            let address = Address::reported(asset.chain_name(), read(item, "address")?);
            Some(Terms { asset, amount: Amount::reported(amount).ok()?, address })
        }
        None => None,
    };
    let is_false = |name: &str| item.get(name).and_then(|value| value.as_bool().ok()) == Some(&false);
    Some(Order {
        call_back_id: read(item, KEY)?.into(),
        tenant_user_id: read(item, "tenantUserId")?.to_owned(),
        terms,
        state: read(item, "state")?.parse().ok()?,
        is_registered: !is_false("registered"),
        is_held: item.contains_key("held") && !is_false("held"),
        mode: read(item, "mode").map_or(Some(Mode::default()), |mode| mode.parse().ok())?,
        tracking_id: read(item, TRACKING_ID).map(str::to_owned),
        tx_id: read(item, "txId").map(TxId::from),
        stalled: match read(item, "stalled") {
            Some(cause) => Some(cause.parse().ok()?),
            None => None,
        },
        fee: read_number(item, "fee"),
        registered_at: match read(item, "registeredAt") {
            Some(time) => {
                let time = DateTime::from_str(time, Format::DateTime).ok()?;
                Some(SystemTime::try_from(time).ok()?)
            }
            None => None,
        },
        updated_at: read(item, "updatedAt").map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use waas_callback::Standing;

    use super::*;

    fn item(attributes: &[(&str, AttributeValue)]) -> Item {
        attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn registered() -> Item {
        item(&[
            ("callBackId", text("w")),
            ("tenantUserId", text("1945")),
            ("chainName", text("TRON")),
            ("symbol", text("USDT")),
            ("amount", AttributeValue::N("3.3".into())),
            ("amountText", text("3.30")),
            ("address", text("TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK")),
            ("state", text("reserved")),
            ("registered", AttributeValue::Bool(true)),
            ("registeredAt", text("2026-01-02T03:04:05.678Z")),
        ])
    }

    #[test]
    fn an_order_is_read_whole_or_not_at_all() {
        let order = recorded(&registered()).unwrap();
        assert_eq!(order.terms.as_ref().unwrap().amount.text(), "3.30", "as the merchant wrote it");
        assert_eq!((order.standing(), order.is_held), (Standing::Reserved, false));
        for required in ["callBackId", "tenantUserId", "state", "chainName", "symbol", "address"] {
            let mut damaged = registered();
            damaged.remove(required);
            assert!(recorded(&damaged).is_err(), "without {required}");
        }
        for (attribute, value) in [
            ("state", text("paid")),
            ("amountText", text("-1")),
            ("mode", text("both")),
            ("stalled", text("for ever")),
            ("chainName", text("TRON#")),
            ("registeredAt", text("yesterday")),
        ] {
            let mut damaged = registered();
            damaged.insert(attribute.into(), value);
            assert!(recorded(&damaged).is_err(), "{attribute}");
        }
        let failure = item(&[
            ("callBackId", text("w")),
            ("tenantUserId", text("1945")),
            ("state", text("failed")),
            ("registered", AttributeValue::Bool(false)),
        ]);
        let failure = recorded(&failure).unwrap();
        assert_eq!((failure.terms.clone(), failure.standing()), (None, Standing::FailedUnregistered));
    }

    #[test]
    fn a_hold_that_is_anything_but_false_holds() {
        for (held, is_held) in [
            (AttributeValue::Bool(true), true),
            (AttributeValue::Bool(false), false),
            (text("false"), true),
            (AttributeValue::Null(true), true),
        ] {
            let mut order = registered();
            order.insert("held".into(), held.clone());
            assert_eq!(recorded(&order).unwrap().is_held, is_held, "{held:?}");
        }
    }

    /// Of two confirmations that read an order which belonged to nobody, the second finds that it does by now.
    #[test]
    fn an_order_that_was_read_as_nobodys_is_bound_only_if_it_still_is() {
        let update = |basis: Basis| {
            let order: OrderUpdate = OrderUpdate {
                tracking_id: Some("t".into()),
                expect: Expect::AsRead(basis),
                ..waas_callback::hold(&"w".into(), false)
            };
            update("Withdrawals", &order, SystemTime::UNIX_EPOCH).unwrap().condition_expression.unwrap()
        };
        let basis = Basis {
            state: OrderState::Confirmed,
            is_registered: true,
            tracking_id: None,
            not_held: true,
            not_stalled: false,
        };
        let condition = update(basis.clone());
        assert!(condition.contains("attribute_not_exists(#trackingId)"), "{condition}");
        assert!(condition.contains("#state = :expected_state") && condition.contains("#held"), "{condition}");
        let condition = update(Basis { tracking_id: Some("t".into()), not_stalled: true, ..basis });
        assert!(condition.contains("#trackingId = :expected_trackingId"), "{condition}");
        assert!(condition.contains("attribute_not_exists(#stalled)"), "{condition}");
    }
}
