//! Withdrawals: the orders, by the merchant's `callBackId`.

use std::time::SystemTime;

use aws_sdk_dynamodb::types::{AttributeValue, TransactGetItem, Update};
use waas_callback::{
    Address, Amount, Asset, CallBackId, Decimal, Details, Expect, Mode, Order, OrderState, OrderUpdate,
    Submission, Terms, TxId,
};

use super::events::Registered;
use super::{
    Change, Holds, Index, Item, Layout, get, number, parsed_time, read, read_number, text, timestamp,
};
use crate::retry::Unavailable;

pub(crate) const KEY: &str = "callBackId";
/// Counts the changes of the record: what was read is expected by it.
const VERSION: &str = "version";
/// The withdrawal of the platform that the order belongs to.
const TRACKING_ID: &str = "trackingId";
/// When it was registered. Only a registration writes it.
const REGISTERED_AT: &str = "registeredAt";
/// Since when it is said to have failed, while or after the platform was asked.
const FAILURE_REPORTED: &str = "failureReported";
/// How far it is on its way to the platform, how many calls were begun, and whether one may have arrived.
const SUBMISSION: &str = "submission";
const ATTEMPTS: &str = "attempts";
const MAY_HAVE_ARRIVED: &str = "mayHaveArrived";
/// The state in which a payment is expected: confirmed or, for direct orders, reserved. It spares the usual payment a
/// reading, and nothing else believes it: how an order is paid, its registration says.
const PAYABLE_IN: &str = "payableIn";

/// There while the order is open, or was paid and not registered yet, and with it the order in the index of these.
pub(crate) const OPEN: &str = "open";
pub(crate) const OPEN_SINCE: &str = "openSince";

/// What an order in the index waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaits {
    /// Its end.
    End,
    /// Its registration: it was paid.
    Registration,
}

impl Awaits {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::End => "end",
            Self::Registration => "registration",
        }
    }
}

/// The index of the open orders, oldest first.
pub(crate) const BY_OPEN_SINCE: &str = "byOpenSince";

/// It holds what [`reserved`] reads. That does not change while an order is open, so that its index is not written then.
pub(super) const LAYOUT: Layout = Layout {
    indexes: &[Index {
        name: BY_OPEN_SINCE,
        keys: &[OPEN, OPEN_SINCE],
        holds: Holds::KeysAnd(&["tenantUserId", "chainName", "symbol", "amount"]),
    }],
    ..Layout::keyed(&[KEY])
};

/// Changes an order's record, if what the change was decided upon still holds.
pub(crate) fn update(table: &str, order: &OrderUpdate, now: SystemTime) -> Result<Update, Unavailable> {
    let mut change = Change::default();
    match &order.details {
        Some(Details::Registered { tenant_user_id, terms, mode }) => {
            change.set("tenantUserId", text(tenant_user_id));
            change.set("chainName", text(terms.asset.chain_name()));
            change.set("symbol", text(terms.asset.symbol()));
            change.set("amount", number(terms.amount.value()));
            change.set("address", text(terms.address.text()));
            change.set(REGISTERED_AT, text(&timestamp(now)?));
            let payable_in = match mode {
                Mode::Confirmed => OrderState::Confirmed,
                Mode::Direct => OrderState::Reserved,
            };
            change.set(PAYABLE_IN, text(payable_in.name()));
        }
        Some(Details::Reported { tenant_user_id, terms }) => {
            change.set("reportedTenantUserId", text(tenant_user_id));
            if let Some(terms) = terms {
                change.set("reportedChainName", text(terms.asset.chain_name()));
                change.set("reportedSymbol", text(terms.asset.symbol()));
                change.set("reportedAmount", number(terms.amount.value()));
                change.set("reportedAddress", text(terms.address.text()));
            }
        }
        None => {}
    }
    if let Some(state) = order.state {
        change.set("state", text(state.name()));
        match state {
            OrderState::Reported | OrderState::Reserved => {}
            // No other function writes this attribute, so only its role may.
            OrderState::Confirmed => change.set("confirmedAt", text(&timestamp(now)?)),
            OrderState::Completed | OrderState::Failed | OrderState::Cancelled => change.remove("stalled"),
        }
        let awaits = match (state, &order.details) {
            (OrderState::Reserved, Some(Details::Registered { .. })) => Some(Some(Awaits::End)),
            (OrderState::Completed, Some(Details::Reported { .. })) => Some(Some(Awaits::Registration)),
            (OrderState::Completed | OrderState::Failed | OrderState::Cancelled, _) => Some(None),
            (OrderState::Reported | OrderState::Reserved | OrderState::Confirmed, _) => None, // as it was
        };
        match awaits {
            Some(Some(awaits)) => {
                change.set(OPEN, text(awaits.name()));
                change.set(OPEN_SINCE, text(&timestamp(now)?));
            }
            Some(None) => {
                change.remove(OPEN);
                change.remove(OPEN_SINCE);
            }
            None => {}
        }
    }
    let optional = [
        ("txId", order.tx_id.as_ref().map(|id| text(id.text()))),
        (TRACKING_ID, order.tracking_id.as_deref().map(text)),
        ("stalled", order.stalled.map(|cause| text(cause.name()))),
        ("fee", order.fee.as_ref().map(|fee| number(fee.value()))),
        ("charged", order.charged.map(number)),
        ("held", order.is_held.map(AttributeValue::Bool)),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            change.set(name, value);
        }
    }
    if order.is_unpaid {
        for name in ["txId", "fee", "charged"] {
            change.remove(name);
        }
    }
    if order.is_failure_reported {
        change.set_new(FAILURE_REPORTED, text(&timestamp(now)?));
    }
    if let Some(Submission { stage, attempts, may_have_arrived }) = order.submission {
        change.set(SUBMISSION, text(stage.name()));
        change.set(ATTEMPTS, AttributeValue::N(attempts.to_string()));
        change.set(MAY_HAVE_ARRIVED, AttributeValue::Bool(may_have_arrived));
    }
    change.set("updatedAt", text(&timestamp(now)?));
    change.add(VERSION, Decimal::ONE);
    expect(&mut change, &order.expect);
    change.build(table, [(KEY, text(order.call_back_id.as_str()))])
}

fn expect(change: &mut Change, expect: &Expect) {
    match expect {
        Expect::Absent => change.condition(format!("attribute_not_exists({KEY})"), &[], []),
        Expect::AsRead { version: 0 } => {
            change.condition(
                format!("attribute_exists({KEY}) AND attribute_not_exists(#{VERSION})"),
                &[VERSION],
                [],
            );
        }
        Expect::AsRead { version } => change.equals(VERSION, AttributeValue::N(version.to_string())),
        Expect::Payable { tracking_id } => {
            change.condition(format!("#state = #{PAYABLE_IN}"), &["state", PAYABLE_IN], []);
            belongs_to(change, tracking_id.as_deref());
        }
        Expect::Open { tracking_id } => {
            let states = [
                ("confirmed", text(OrderState::Confirmed.name())),
                ("reserved", text(OrderState::Reserved.name())),
            ];
            change.condition("#state IN (:reserved, :confirmed)", &["state"], states);
            belongs_to(change, tracking_id.as_deref());
        }
    }
}

/// The order belongs to this withdrawal of the platform or to none yet. Without a trackingId nothing can be compared.
fn belongs_to(change: &mut Change, tracking_id: Option<&str>) {
    if let Some(tracking_id) = tracking_id {
        let belongs = format!("(attribute_not_exists(#{TRACKING_ID}) OR #{TRACKING_ID} = :spokenOf)");
        change.condition(belongs, &[TRACKING_ID], [("spokenOf", text(tracking_id))]);
    }
}

/// What an order in the index is to pay, by the copies in its record: whose, of what, how much.
pub(crate) fn reserved(item: &Item) -> Option<(String, Asset, Decimal)> {
    let asset = Asset::new(read(item, "chainName")?, read(item, "symbol")?).ok()?;
    Some((read(item, "tenantUserId")?.to_owned(), asset, read_number(item, "amount")?))
}

/// Reads an order in a transaction.
pub(crate) fn get_by(table: &str, call_back_id: &CallBackId) -> Result<TransactGetItem, Unavailable> {
    get(table, KEY, call_back_id.as_str())
}

/// Does an order's record speak of a registration? Then there is the event of it.
pub(crate) fn was_registered(item: &Item) -> bool {
    item.contains_key(REGISTERED_AT)
}

/// An order: its record, and its registration if there is one.
pub(crate) fn recorded(item: &Item, registered: Option<Registered>) -> Result<Order, Unavailable> {
    read_order(item, registered).ok_or_else(|| Unavailable::new("an order's record is malformed"))
}

fn read_order(item: &Item, registered: Option<Registered>) -> Option<Order> {
    let is_false = |name: &str| item.get(name).and_then(|value| value.as_bool().ok()) == Some(&false);
    let reported = reported(item)?;
    let is_registered = registered.is_some();
    let written_at = match read(item, REGISTERED_AT) {
        Some(time) => Some(parsed_time(time)?),
        None => None,
    };
    let (tenant_user_id, terms, mode, registered_at) =
        if let Some(Registered { tenant_user_id, terms, mode, registered_at }) = registered {
            // Of two times the earlier, since what is old is not confirmed.
            let registered_at = written_at.map_or(registered_at, |written_at| written_at.min(registered_at));
            (tenant_user_id, Some(terms), mode, Some(registered_at))
        } else {
            let user = read(item, "reportedTenantUserId").unwrap_or_default();
            (user.to_owned(), reported.clone(), Mode::default(), None)
        };
    Some(Order {
        call_back_id: read(item, KEY)?.into(),
        version: match item.get(VERSION) {
            Some(version) => version.as_n().ok()?.parse().ok()?,
            None => 0,
        },
        is_registered,
        tenant_user_id,
        terms,
        reported,
        state: read(item, "state")?.parse().ok()?,
        is_held: item.contains_key("held") && !is_false("held"),
        mode,
        tracking_id: read(item, TRACKING_ID).map(str::to_owned),
        tx_id: read(item, "txId").map(TxId::from),
        stalled: match read(item, "stalled") {
            Some(cause) => Some(cause.parse().ok()?),
            None => None,
        },
        failure_reported: read(item, FAILURE_REPORTED).map(str::to_owned),
        submission: match read(item, SUBMISSION) {
            Some(stage) => Some(Submission {
                stage: stage.parse().ok()?,
                attempts: read_number(item, ATTEMPTS)?.to_string().parse().ok()?,
                // Only what says that none has arrived is believed.
                may_have_arrived: !is_false(MAY_HAVE_ARRIVED),
            }),
            None => None,
        },
        fee: read_number(item, "fee"),
        charged: read_number(item, "charged"),
        registered_at,
        updated_at: read(item, "updatedAt").map(str::to_owned),
    })
}

/// What the platform reported of an order that nobody had registered. `None` if that is malformed.
#[expect(clippy::option_option, reason = "malformed, and nothing reported")]
fn reported(item: &Item) -> Option<Option<Terms>> {
    let Some(amount) = item.get("reportedAmount") else { return Some(None) };
    let asset = Asset::new(read(item, "reportedChainName")?, read(item, "reportedSymbol")?).ok()?;
    let address = Address::reported(asset.chain_name(), read(item, "reportedAddress")?);
    Some(Some(Terms { asset, amount: Amount::reported(amount.as_n().ok()?).ok()?, address }))
}

#[cfg(test)]
mod tests {
    use waas_callback::Standing;

    use super::*;

    fn item(attributes: &[(&str, AttributeValue)]) -> Item {
        attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn record() -> Item {
        item(&[
            ("callBackId", text("w")),
            ("tenantUserId", text("1945")),
            ("address", text("TThief")),
            ("amount", AttributeValue::N("1000".into())),
            ("version", AttributeValue::N("3".into())),
            ("state", text("reserved")),
            ("registeredAt", text("2026-01-02T03:04:05.678Z")),
        ])
    }

    fn registration() -> Registered {
        let asset = Asset::new("TRON", "USDT").unwrap();
        let address = Address::reported("TRON", "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK");
        Registered {
            tenant_user_id: "1945".into(),
            terms: Terms { asset, amount: Amount::registered("3.30").unwrap(), address },
            mode: Mode::Confirmed,
            registered_at: SystemTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn terms_are_believed_of_the_registration_alone() {
        let order = recorded(&record(), Some(registration())).unwrap();
        let terms = order.terms.as_ref().unwrap();
        assert_eq!(
            (terms.amount.text(), terms.address.text()),
            ("3.30", "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK")
        );
        assert_eq!((order.standing(), order.version, order.is_held), (Standing::Reserved, 3, false));
        for state in ["reserved", "confirmed", "cancelled", "reported"] {
            let mut forged = record();
            forged.insert("state".into(), text(state));
            let order = recorded(&forged, None).unwrap();
            assert_eq!((order.standing(), order.terms), (Standing::Reported, None), "{state}");
        }
    }

    #[test]
    fn an_order_is_read_whole_or_not_at_all() {
        for required in ["callBackId", "state"] {
            let mut damaged = record();
            damaged.remove(required);
            assert!(recorded(&damaged, Some(registration())).is_err(), "without {required}");
        }
        for (attribute, value) in [
            ("state", text("paid")),
            ("version", text("3")),
            ("registeredAt", text("yesterday")),
            ("stalled", text("for ever")),
            ("reportedAmount", text("1")),
        ] {
            let mut damaged = record();
            damaged.insert(attribute.into(), value);
            assert!(recorded(&damaged, None).is_err(), "{attribute}");
        }
        let failure = item(&[
            ("callBackId", text("w")),
            ("reportedTenantUserId", text("1945")),
            ("state", text("failed")),
        ]);
        let failure = recorded(&failure, None).unwrap();
        assert_eq!((failure.terms.clone(), failure.standing()), (None, Standing::FailedUnregistered));
        assert_eq!((&*failure.tenant_user_id, failure.version), ("1945", 0));
    }

    #[test]
    fn a_hold_that_is_anything_but_false_holds() {
        for (held, is_held) in [
            (AttributeValue::Bool(true), true),
            (AttributeValue::Bool(false), false),
            (text("false"), true),
            (AttributeValue::Null(true), true),
        ] {
            let mut order = record();
            order.insert("held".into(), held.clone());
            assert_eq!(recorded(&order, Some(registration())).unwrap().is_held, is_held, "{held:?}");
        }
    }

    /// Of two confirmations that read one order, the second finds that it has changed, whatever changed.
    #[test]
    fn a_change_expects_the_version_that_was_read_and_makes_the_next() {
        let update = |version| {
            let order = Order { version, ..recorded(&record(), Some(registration())).unwrap() };
            let hold = waas_callback::hold(&"w".into(), Some(&order), true).unwrap();
            update("Withdrawals", &hold, SystemTime::UNIX_EPOCH).unwrap()
        };
        let third = update(3);
        assert_eq!(third.condition_expression.as_deref(), Some("#version = :expected_version"));
        let values = third.expression_attribute_values.unwrap();
        assert_eq!(values[":expected_version"], AttributeValue::N("3".into()));
        assert!(third.update_expression.contains("ADD #version :version"), "{}", third.update_expression);
        let first = update(0).condition_expression.unwrap();
        assert_eq!(first, "attribute_exists(callBackId) AND attribute_not_exists(#version)");
    }
}
