//! A day's callbacks are counted against the platform's own count of that day.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use waas_client::JobDay;

use super::{DAY, HOUR, MINUTE, USER, reasons};
use crate::harness::*;

/// The platform's day of which the tests tell, at UTC+8.
const A_DAY: &str = "2025-06-20";

fn midnight() -> SystemTime {
    let ms = A_DAY.parse::<JobDay>().unwrap().starts_at_ms();
    UNIX_EPOCH + Duration::from_millis(ms.try_into().unwrap())
}

/// A deployment whose first run was just before the day's midnight, when there was nothing.
async fn since_midnight() -> Reconciling {
    let reconciling = Reconciling::new().await;
    travel_to(midnight() - MINUTE);
    assert_eq!(reconciling.invoke().await.unwrap().compared.days, 0);
    reconciling
}

/// A deposit that the platform counts at that time. It is told of as far as it is not lost.
fn deposited(reconciling: &Reconciling, at: SystemTime, tx_id: &str) {
    reconciling.gate.advance(at.duration_since(reconciling.gate.now()).unwrap());
    reconciling.gate.add(json!({ "deposits": [deposit_at(&address_of(USER), USER, tx_id, "1")] }));
}

/// All that was recorded by the real clock since the last call was recorded at that time.
async fn recorded(reconciling: &Reconciling, at: SystemTime) {
    let ms = at.duration_since(UNIX_EPOCH).unwrap().as_millis();
    let at = time_of(ms.try_into().unwrap());
    for event in reconciling.events().await {
        let Some(counted_on) = event.get("countedOn") else { continue };
        let is_new = event["recordedAt"].as_s().unwrap().as_str() > "2025-12";
        if !is_new {
            continue;
        }
        let (r#type, _) = counted_on.as_s().unwrap().split_once('#').unwrap();
        let key = event["eventKey"].as_s().unwrap();
        let text = AttributeValue::S;
        reconciling.tamper("Events", &[("eventKey", key)], "recordedAt", text(at.clone())).await;
        let day = text(format!("{type}#{}", &at[..10]));
        reconciling.tamper("Events", &[("eventKey", key)], "countedOn", day).await;
    }
}

/// RFC 3339 in UTC with milliseconds, of a time in June 2025.
fn time_of(ms: u64) -> String {
    let since = ms - 1_748_736_000_000; // the first of June
    let (days, of_day) = (since / 86_400_000, since % 86_400_000);
    let (hours, minutes) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (seconds, ms) = (of_day / 1000 % 60, of_day % 1000);
    format!("2025-06-{:02}T{hours:02}:{minutes:02}:{seconds:02}.{ms:03}Z", days + 1)
}

/// The run after the day's end.
async fn day_after(reconciling: &Reconciling) -> waas_callback_aws::Run {
    travel_to(midnight() + DAY + 2 * HOUR);
    reconciling.run().await
}

fn lose_one() -> serde_json::Value {
    json!({ "misbehaviour": { "callbacks": [{ "on": "deposit", "do": "lose", "times": 1 }] } })
}

#[tokio::test]
async fn a_day_on_which_all_came_is_no_finding_and_nor_is_the_day_before_the_first_run() {
    let reconciling = since_midnight().await;
    // Nobody knows what came of these.
    deposited(&reconciling, midnight() - HOUR * 2, "before-1");
    deposited(&reconciling, midnight() - HOUR * 2, "before-2");
    reconciling.gate.simulator().due(reconciling.gate.now());
    for (nth, hours) in [3, 12, 22].into_iter().enumerate() {
        let at = midnight() + hours * HOUR;
        deposited(&reconciling, at, &format!("tx-{nth}"));
        assert_eq!(reconciling.deliver().await, [ACCEPTED]);
        recorded(&reconciling, at).await;
    }
    let run = day_after(&reconciling).await;
    assert_eq!((run.found, run.compared.days, run.unanswered), (reasons([]), 1, 0));
}

#[tokio::test]
async fn a_lost_deposit_makes_its_day_differ_until_it_comes() {
    let reconciling = since_midnight().await;
    reconciling.gate.add(lose_one());
    let noon = midnight() + 12 * HOUR;
    deposited(&reconciling, noon, "lost");
    assert_eq!(reconciling.deliver().await, []);
    deposited(&reconciling, noon + MINUTE, "told");
    assert_eq!(reconciling.deliver().await, [ACCEPTED]);
    recorded(&reconciling, noon + MINUTE).await;
    let run = day_after(&reconciling).await;
    assert_eq!((run.found, run.compared.days), (reasons([("counts-differ", 1)]), 1));
    let finding = [A_DAY, "counts-differ", "1 deposits", "2 deposits"].map(str::to_owned);
    assert_eq!(reconciling.findings().await, std::slice::from_ref(&finding));

    // Told once, and looked at again as long as it is open, though other days come: the next is of no deposit at all.
    let run = reconciling.run().await;
    assert_eq!((run.found, run.compared.days), (reasons([]), 2));
    assert_eq!(reconciling.findings().await, [finding]);
    assert_eq!(reconciling.run().await.compared.days, 3);

    // It comes within the day's edge, as far as the ledger knows.
    let deposit = deposit_at(&address_of(USER), USER, "lost", "1");
    let mut told = deposit.clone();
    for (name, value) in [("type", json!(1)), ("trackingId", json!("t-lost")), ("requestUUID", json!("x"))] {
        told[name] = value;
    }
    assert_eq!(verdict(&reconciling.send("deposit", &retry_of(&told.to_string())).await), ACCEPTED);
    recorded(&reconciling, midnight() + DAY + 30 * MINUTE).await;
    reconciling.forget_sums().await;
    let run = reconciling.run().await;
    assert_eq!((run.found, run.over, reconciling.findings().await.len()), (reasons([]), 1, 0));
}

#[tokio::test]
async fn what_came_close_to_midnight_may_be_of_either_day() {
    let reconciling = since_midnight().await;
    // Counted before midnight and recorded behind it, and the other way round.
    for (nth, (counted, was_recorded)) in [
        (midnight() + DAY - MINUTE, midnight() + DAY + 59 * MINUTE),
        (midnight() + DAY + MINUTE, midnight() + DAY - MINUTE),
    ]
    .into_iter()
    .enumerate()
    {
        deposited(&reconciling, counted, &format!("tx-{nth}"));
        assert_eq!(reconciling.deliver().await, [ACCEPTED]);
        recorded(&reconciling, was_recorded).await;
    }
    assert_eq!(day_after(&reconciling).await.found, reasons([]));
    let run = reconciling.run().await;
    assert_eq!((run.found, run.compared.days), (reasons([]), 2));
    // An hour is an hour: what is later is of the next day.
    deposited(&reconciling, midnight() + 3 * DAY - MINUTE, "late");
    assert_eq!(reconciling.deliver().await, [ACCEPTED]);
    recorded(&reconciling, midnight() + 3 * DAY + HOUR + MINUTE).await;
    // Both days differ then: the one misses it, and the other has it too many.
    reconciling.forget_sums().await;
    reconciling.run().await;
    travel_to(midnight() + 4 * DAY + 3 * HOUR);
    reconciling.run().await;
    let days: Vec<_> =
        reconciling.findings().await.into_iter().map(|[day, _, ours, _]| (day, ours)).collect();
    let expected = [("2025-06-22", "0 deposits"), ("2025-06-23", "1 deposits")];
    assert_eq!(days, expected.map(|(day, ours)| (day.to_owned(), ours.to_owned())));
}

#[tokio::test]
async fn a_forged_deposit_is_one_too_many() {
    let reconciling = since_midnight().await;
    let noon = midnight() + 12 * HOUR;
    deposited(&reconciling, noon, "true");
    assert_eq!(reconciling.deliver().await, [ACCEPTED]);
    reconciling.deposit(USER, "USDT", "1000").await; // sealed with the platform's key, and nothing that it knows
    recorded(&reconciling, noon).await;
    assert_eq!(day_after(&reconciling).await.found, reasons([("counts-differ", 1)]));
    let finding = [A_DAY, "counts-differ", "2 deposits", "1 deposits"].map(str::to_owned);
    assert_eq!(reconciling.findings().await, [finding]);
}

#[tokio::test]
async fn a_lost_payment_makes_its_day_differ() {
    let reconciling = since_midnight().await;
    let noon = midnight() + 12 * HOUR;
    reconciling.gate.advance(noon.duration_since(reconciling.gate.now()).unwrap());
    reconciling.gate.add(json!({
        "withdrawals": [super::theirs("w", USER, 2, "3")], "outcomes": { "w": "complete" },
        "misbehaviour": { "callbacks": [{ "on": "withdrawal", "do": "lose" }] } }));
    assert_eq!(reconciling.deliver().await, []);
    assert_eq!(day_after(&reconciling).await.found, reasons([("counts-differ", 1)]));
    let finding = [A_DAY, "counts-differ", "0 withdrawals", "1 withdrawals"].map(str::to_owned);
    assert_eq!(reconciling.findings().await, [finding]);
}
