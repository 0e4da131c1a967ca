//! What was written where only functions should write is found, once, however much happens besides.

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::types::AttributeValue;

use super::{DAY, HOUR, MINUTE, USER, reasons, theirs, with_orders};
use crate::harness::*;

const BALANCE: [(&str, &str); 2] = [("tenantUserId", USER), ("asset", "TRON#USDT")];

fn number(value: &str) -> AttributeValue {
    AttributeValue::N(value.to_owned())
}

/// 100, of which 3 are frozen for an order that the platform is busy with.
async fn with_books() -> Reconciling {
    let reconciling = with_orders(&[("w", "direct")]).await;
    reconciling.gate.add(serde_json::json!({ "withdrawals": [theirs("w", USER, 2, "3")] }));
    assert_eq!(reconciling.parts(USER).await, ["97", "3", "0"]);
    reconciling
}

#[tokio::test]
async fn a_balance_that_no_event_explains_is_found_once_and_over_when_it_is_explained() {
    let reconciling = with_books().await;
    let run = reconciling.run().await;
    assert_eq!((run.found, run.compared.balances, run.compared.busy), (reasons([]), 1, 0));

    reconciling.tamper("Balances", &BALANCE, "available", number("1097")).await;
    assert_eq!(reconciling.found().await, reasons([("balance-differs", 1)]));
    let expected = [
        USER,
        "balance-differs",
        "available 1097, frozen 3, held 0, owed 0",
        "available 97, frozen 3, held 0, owed 0",
    ];
    assert_eq!(reconciling.findings().await, [expected.map(str::to_owned)]);
    // The user goes on, and it stays the same finding.
    reconciling.forget_sums().await;
    reconciling.deposit(USER, "USDT", "5").await;
    assert_eq!(reconciling.found().await, reasons([]));
    assert_eq!(reconciling.parts(USER).await, ["1102", "3", "0"], "it changes nothing");

    reconciling.tamper("Balances", &BALANCE, "available", number("102")).await;
    let run = reconciling.run().await;
    assert_eq!((run.found, run.over, reconciling.findings().await.len()), (reasons([]), 1, 0));
    // By as much as the first time, and it is told as it was then.
    reconciling.tamper("Balances", &BALANCE, "available", number("1102")).await;
    assert_eq!(reconciling.found().await, reasons([("balance-differs", 1)]));
    assert_eq!(reconciling.findings().await.len(), 1);
}

#[tokio::test]
async fn what_is_frozen_for_no_order_is_found_by_the_orders_and_by_the_events() {
    let reconciling = with_books().await;
    reconciling.tamper("Balances", &BALANCE, "frozen", number("5")).await;
    let found = reasons([("balance-differs", 1), ("frozen-differs", 1)]);
    assert_eq!(reconciling.found().await, found);
    let findings = reconciling.findings().await;
    let frozen = [USER, "frozen-differs", "frozen 5", "open orders of 3"].map(str::to_owned);
    assert_eq!((findings.len(), &findings[1]), (2, &frozen));
    assert_eq!(reconciling.found().await, reasons([]));
    reconciling.tamper("Balances", &BALANCE, "frozen", number("3")).await;
    let run = reconciling.run().await;
    assert_eq!((run.found, run.over, reconciling.findings().await.len()), (reasons([]), 2, 0));
}

#[tokio::test]
async fn an_order_whose_copy_of_the_amount_is_another_is_found() {
    let reconciling = with_books().await;
    reconciling.tamper("Withdrawals", &[("callBackId", "w")], "amount", number("30")).await;
    assert_eq!(reconciling.found().await, reasons([("frozen-differs", 1)]));
    let frozen = [USER, "frozen-differs", "frozen 3", "open orders of 30"].map(str::to_owned);
    assert_eq!(reconciling.findings().await, [frozen]);
    assert_eq!(reconciling.found().await, reasons([]));
}

/// Both say the same, and neither is what the events say.
#[tokio::test]
async fn a_balance_made_up_with_its_order_is_found_by_the_events() {
    let reconciling = with_books().await;
    reconciling.tamper("Withdrawals", &[("callBackId", "w")], "amount", number("30")).await;
    reconciling.tamper("Balances", &BALANCE, "frozen", number("30")).await;
    assert_eq!(reconciling.found().await, reasons([("balance-differs", 1)]));
}

#[tokio::test]
async fn sums_move_on_and_what_comes_later_is_added_to_them() {
    let mut reconciling = with_books().await;
    reconciling.settings.every = Duration::ZERO;
    let sum = async || {
        let [balance] = reconciling.balances().await.try_into().unwrap();
        let number = |name: &str| balance.get(name).map(|value| value.as_n().unwrap().clone());
        (number("auditedAvailable"), number("auditedFrozen"))
    };
    let summed = |available: &str, frozen: &str| (Some(available.to_owned()), Some(frozen.to_owned()));
    // What is younger than ten minutes may still get company.
    travel_to(SystemTime::now());
    assert_eq!(reconciling.invoke().await.unwrap().found, reasons([]));
    assert_eq!(sum().await, (None, None));
    travel_to(SystemTime::now() + 10 * MINUTE + Duration::from_millis(1));
    assert_eq!(reconciling.invoke().await.unwrap().found, reasons([]));
    assert_eq!(sum().await, summed("97", "3"));
    // As if all that had happened an hour ago: the functions go by the real clock.
    let past = AttributeValue::S("2001-02-03T04:05:06.789Z".to_owned());
    reconciling.tamper("Balances", &BALANCE, "auditedTo", past.clone()).await;
    for event in reconciling.events().await {
        let key = event["eventKey"].as_s().unwrap();
        reconciling.tamper("Events", &[("eventKey", key)], "recordedAt", past.clone()).await;
    }
    reconciling.deposit(USER, "USDT", "2").await;
    assert_eq!(verdict(&reconciling.send("withdrawal", &completion("w", "3")).await), ACCEPTED);
    travel_to(SystemTime::now());
    assert_eq!(reconciling.invoke().await.unwrap().found, reasons([]));
    assert_eq!(sum().await, summed("97", "3"), "not settled");
    advance(HOUR);
    assert_eq!(reconciling.invoke().await.unwrap().found, reasons([]));
    assert_eq!(sum().await, summed("99", "0"));
    // A sum is a memory, and no truth: whoever changes it is found out by the balance.
    reconciling.tamper("Balances", &BALANCE, "auditedAvailable", number("98")).await;
    assert_eq!(reconciling.invoke().await.unwrap().found, reasons([("balance-differs", 1)]));
}

/// The events of a balance that never stands still are always a little ahead of it, or behind.
#[tokio::test]
async fn a_balance_that_changes_all_the_time_is_busy_and_no_finding() {
    let reconciling = with_books().await;
    reconciling.tamper("Balances", &BALANCE, "available", number("1097")).await;
    let run = tokio::select! {
        run = reconciling.run() => run,
        () = async {
            loop {
                reconciling.deposit(USER, "USDT", "1").await;
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
        } => unreachable!(),
    };
    assert_eq!((run.found, run.compared.busy, run.compared.balances), (reasons([]), 1, 0));
    // Once it rests, it is.
    reconciling.forget_sums().await;
    assert_eq!(reconciling.found().await, reasons([("balance-differs", 1)]));
}

#[tokio::test]
async fn all_balances_are_looked_at_where_they_are_more_than_one_page() {
    const USERS: usize = 1_003;
    let reconciling = with_books().await;
    let events = reconciling.events().await;
    let [deposit] = <[_; 1]>::try_from(
        events.iter().filter(|event| event["outcome"].as_s().unwrap() == "credited").collect::<Vec<_>>(),
    )
    .unwrap();
    let client = waas_callback_aws::clients::dynamodb(reconciling.stack.config());
    let put = async |table: &str, item: Item| {
        client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
    };
    let text = |text: String| AttributeValue::S(text);
    for nth in 0..USERS {
        let user = format!("user-{nth:05}");
        let mut event = deposit.clone();
        event.insert("eventKey".into(), text(format!("deposit.{nth:064x}")));
        event.insert("tenantUserId".into(), text(user.clone()));
        if let Some(AttributeValue::L(postings)) = event.get_mut("postings")
            && let [AttributeValue::M(posting)] = postings.as_mut_slice()
        {
            posting.insert("tenantUserId".into(), text(user.clone()));
        }
        put("Events", event).await;
        // One in five hundred has one too many.
        let available = if nth % 500 == 2 { "101" } else { "100" };
        let item = [
            ("tenantUserId", text(user)),
            ("asset", text("TRON#USDT".into())),
            ("available", number(available)),
            ("frozen", number("0")),
        ];
        put("Balances", item.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()).await;
    }
    travel_to(SystemTime::now() + DAY / 2);
    let run = reconciling.run().await;
    assert_eq!((run.compared.balances, run.unanswered), (1_004, 0));
    let about: Vec<_> = reconciling.findings().await.into_iter().map(|[about, ..]| about).collect();
    assert_eq!(about, ["user-00002", "user-00502", "user-01002"]);
    assert_eq!(reconciling.found().await, reasons([]));
}
