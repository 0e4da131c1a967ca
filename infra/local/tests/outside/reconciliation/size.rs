//! How much reconciliation takes: open orders by the hundred thousand, of which one in a hundred of each kind has lost the
//! callback that it waits for.

use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use dynoxide::{AttributeValue, Database, ImportOptions, Item};
use serde_json::json;
use waas_callback::{Address, Amount, Asset, EventKey, Terms, terms_digest};
use waas_callback_aws::{Phase, Run};
use waas_local::{Options, Stack};

use super::{reasons, theirs};
use crate::harness::*;

const ORDERS_OF_A_USER: usize = 100;
const FINGERPRINT: &str = "b00a4aa3d6426f6409a83ae72a79de5b559a2c339ebc89b8b75427c2600978e3";

/// Two days ago: old enough to be asked for, and not so old that somebody has to look at it for that alone. The same all
/// the time.
static LONG_AGO: LazyLock<String> = LazyLock::new(|| {
    let two_days_ago = DateTime::from(SystemTime::now()).secs() - 2 * 86_400;
    let text = DateTime::from_secs(two_days_ago).fmt(DateTimeFormat::DateTime).unwrap();
    text.replace('Z', ".678Z")
});

fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn n(number: impl Into<String>) -> AttributeValue {
    AttributeValue::N(number.into())
}

fn item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Item {
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn event(key: &EventKey, user: &str, outcome: &str, available: &str, frozen: &str) -> Item {
    let posting = item([
        ("tenantUserId", s(user)),
        ("asset", s("TRON#USDT")),
        ("available", n(available)),
        ("frozen", n(frozen)),
        ("held", n("0")),
    ]);
    item([
        ("eventKey", s(key.as_str())),
        ("tenantUserId", s(user)),
        ("fingerprint", s(FINGERPRINT)),
        ("outcome", s(outcome)),
        ("detailType", s("waas.withdrawal.reserved")),
        ("recordedAt", s(&*LONG_AGO)),
        ("postings", AttributeValue::L(vec![AttributeValue::M(posting)])),
    ])
}

fn id_of(nth: usize) -> String {
    format!("w-{nth:09}")
}

fn user_of(nth: usize) -> String {
    format!("user-{:07}", nth / ORDERS_OF_A_USER)
}

/// What was lost of an order, and how the platform has it.
fn lost(nth: usize) -> (Option<&'static str>, Option<u8>) {
    match nth % 100 {
        2 => (Some("confirmation-missing"), Some(1)),
        3 => (Some("completion-missing"), Some(3)),
        5 => (Some("failure-missing"), Some(6)),
        7 => (Some("order-unknown"), None),
        _ => (None, Some(2)),
    }
}

/// Registered open orders of 1, a hundred for each user, who had 1000.
fn fill(database: &Path, count: usize) {
    let database = Database::new(database.to_str().unwrap()).unwrap();
    let asset = Asset::new("TRON", "USDT").unwrap();
    let address = Address::reported("TRON", PAYEE);
    let terms = Terms { asset, amount: Amount::registered("1").unwrap(), address };
    let terms_of = [("chainName", s("TRON")), ("symbol", s("USDT")), ("address", s(PAYEE))];
    for first in (0..count).step_by(2_000) {
        let (mut events, mut orders, mut balances) = (Vec::new(), Vec::new(), Vec::new());
        for nth in first..count.min(first + 2_000) {
            let (id, user) = (id_of(nth), user_of(nth));
            if nth % ORDERS_OF_A_USER == 0 {
                events.push(event(&EventKey::new("deposit", [Some(&*user)]), &user, "credited", "1000", "0"));
                let open = count.min(nth + ORDERS_OF_A_USER) - nth;
                balances.push(item([
                    ("tenantUserId", s(&user)),
                    ("asset", s("TRON#USDT")),
                    ("available", n((1000 - open).to_string())),
                    ("frozen", n(open.to_string())),
                ]));
            }
            let mode = if lost(nth).0 == Some("confirmation-missing") { "confirmed" } else { "direct" };
            let key = EventKey::new("registration", [Some(&*id)]);
            let mut registration = event(&key, &user, "reserved", "-1", "1");
            registration.extend(item(terms_of.clone()));
            registration.extend(item([
                ("callBackId", s(&id)),
                ("amountText", s("1")),
                ("termsDigest", s(terms_digest(&user, &terms).as_str())),
                ("mode", s(mode)),
            ]));
            events.push(registration);
            let mut order = item(terms_of.clone());
            order.extend(item([
                ("callBackId", s(&id)),
                ("tenantUserId", s(&user)),
                ("amount", n("1")),
                ("payableIn", s(if mode == "direct" { "reserved" } else { "confirmed" })),
                ("state", s("reserved")),
                ("open", s("end")),
                ("openSince", s(&*LONG_AGO)),
                ("registeredAt", s(&*LONG_AGO)),
                ("updatedAt", s(&*LONG_AGO)),
                ("version", n("1")),
            ]));
            orders.push(order);
        }
        for (table, items) in [("Events", events), ("Withdrawals", orders), ("Balances", balances)] {
            database.import_items(table, items, ImportOptions::default()).unwrap();
        }
    }
}

/// So many open orders here and there, and what was lost of them, by the orders' ids.
async fn with_open_orders(folder: &Path, count: usize) -> (Reconciling, Vec<[String; 2]>) {
    let database = folder.join("database");
    let options = Options { database: Some(database.clone()), ..Options::default() };
    Stack::start_services(&options).await.unwrap().stop().await.unwrap();
    fill(&database, count);
    let reconciling = Reconciling::on(&options).await;
    let known = (0..count).filter_map(|nth| Some(theirs(&id_of(nth), &user_of(nth), lost(nth).1?, "1")));
    reconciling.gate.add(json!({ "withdrawals": known.collect::<Vec<_>>() }));
    let lost = (0..count).filter_map(|nth| Some([id_of(nth), lost(nth).0?.to_owned()]));
    (reconciling, lost.collect())
}

fn assert_compared(run: &Run, count: usize) {
    let each = u64::try_from(count / 100).unwrap();
    let kinds = ["completion-missing", "confirmation-missing", "failure-missing", "order-unknown"];
    assert_eq!(run.found, reasons(kinds.map(|kind| (kind, each))));
    let count = u64::try_from(count).unwrap();
    assert_eq!((run.compared.orders, run.unanswered, run.over), (count, 0, 0));
    assert_eq!(run.compared.balances, count.div_ceil(100));
}

/// What it took.
async fn exactly_what_is_lost_is_found(count: usize) -> String {
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let (reconciling, lost) = with_open_orders(folder.path(), count).await;
    let mut took = vec![format!("{count} open orders made in {:.0?}", began.elapsed())];

    // Killed halfway: it is dropped where it is, and its lease runs out.
    let half = u64::try_from(count / 2).unwrap();
    let began = Instant::now();
    tokio::select! {
        run = async {
            loop {
                let run = reconciling.invoke().await.unwrap();
                if run.phase == Phase::Done {
                    break run;
                }
            }
        } => panic!("{run:?}"),
        () = async {
            while reconciling.gate.asked()[1] < half {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        } => {}
    }
    took.push(format!("killed after {:.0?} and {} calls", began.elapsed(), reconciling.gate.asked()[1]));
    reconciling.dynamodb.take_requests();
    advance(Duration::from_mins(12));
    let again = Instant::now();
    let run = loop {
        let run = reconciling.invoke().await.unwrap();
        if run.phase == Phase::Done {
            break run;
        }
    };
    let calls = reconciling.gate.asked()[1];
    took.push(format!(
        "the rest in {:.0?}, {calls} calls in all, {} invocations; {:?} requests to DynamoDB since",
        again.elapsed(),
        run.invocations,
        reconciling.dynamodb.take_requests(),
    ));
    assert_compared(&run, count);
    assert!(
        calls < u64::try_from(count).unwrap() + 200,
        "{calls}: at most some hundred are asked about twice"
    );
    let findings = reconciling.findings().await;
    let found: Vec<_> = findings.into_iter().map(|[about, reason, ..]| [about, reason]).collect();
    assert_eq!(found, lost);
    let (events, cases) = (reconciling.outcomes().await["found"], reconciling.cases().await.len());
    assert_eq!((events, cases), (lost.len(), lost.len() + 1));

    // The day after, nothing is new.
    advance(Duration::from_hours(24));
    reconciling.dynamodb.take_requests();
    let again = Instant::now();
    let run = reconciling.run().await;
    took.push(format!(
        "the day after in {:.0?}, {} calls; {:?} requests to DynamoDB",
        again.elapsed(),
        run.calls,
        reconciling.dynamodb.take_requests(),
    ));
    assert_eq!((run.found, run.over, run.unanswered), (reasons([]), 0, 0));
    took.join("\n")
}

#[tokio::test]
async fn of_many_open_orders_exactly_those_with_a_lost_callback_are_found() {
    println!("{}", exactly_what_is_lost_is_found(1_000).await);
}

/// `WAAS_OPEN_ORDERS=100000 cargo test -p waas-local --test outside -- --ignored --nocapture as_many_open_orders`
#[tokio::test]
#[ignore = "a measurement of some minutes"]
async fn of_as_many_open_orders_as_are_wanted_exactly_those_with_a_lost_callback_are_found() {
    let count = std::env::var("WAAS_OPEN_ORDERS").map_or(100_000, |count| count.parse().unwrap());
    println!("{}", exactly_what_is_lost_is_found(count).await);
}
