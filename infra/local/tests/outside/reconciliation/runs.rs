//! A run comes to its end, whoever is killed, slow or silent, and finds what it would have found.

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use waas_callback_aws::{Phase, Run};

use super::{DAY, HOUR, MINUTE, USER, reasons, theirs, with_orders};
use crate::harness::*;

/// Of a process, which goes by the real clock: everything is old, and a run is always due.
const AT_ONCE: [(&str, &str); 4] = [
    ("WAAS_RECONCILIATION_EVERY_SECONDS", "0"),
    ("WAAS_RECONCILIATION_AGE_SECONDS", "0"),
    ("WAAS_RECONCILIATION_GRACE_SECONDS", "0"),
    ("WAAS_RECONCILIATION_CALLS_PER_SECOND", "1000"),
];

const ORDERS: [(&str, &str); 5] = [
    ("asked", "confirmed"),
    ("paid", "direct"),
    ("failed", "direct"),
    ("unknown", "direct"),
    ("under-way", "direct"),
];

/// One order of each kind, a payment that nobody has registered, and a balance that no event explains.
async fn everything() -> Reconciling {
    let reconciling = with_orders(&ORDERS).await;
    reconciling.gate.add(json!({ "withdrawals": [
        theirs("asked", USER, 1, "3"), theirs("paid", USER, 3, "3"), theirs("failed", USER, 6, "3"),
        theirs("under-way", USER, 2, "3") ] }));
    assert_eq!(verdict(&reconciling.send("withdrawal", &completion("stray", "3")).await), ACCEPTED);
    reconciling
}

fn all() -> std::collections::BTreeMap<String, u64> {
    reasons([
        ("completion-missing", 1),
        ("confirmation-missing", 1),
        ("failure-missing", 1),
        ("order-unknown", 1),
        ("registration-missing", 1),
    ])
}

async fn abouts(reconciling: &Reconciling) -> Vec<String> {
    reconciling.findings().await.into_iter().map(|[about, ..]| about).collect()
}

const ABOUTS: [&str; 5] = ["asked", "failed", "paid", "stray", "unknown"];

/// Nothing was ever compared.
async fn forget(reconciling: &Reconciling) {
    let client = waas_callback_aws::clients::dynamodb(reconciling.stack.config());
    for (table, key, items) in
        [("Events", "eventKey", reconciling.events().await), ("Cases", "caseKey", reconciling.cases().await)]
    {
        for item in items.iter().filter(|item| item[key].as_s().unwrap().starts_with("reconciliation.")) {
            let delete = client.delete_item().table_name(table).key(key, item[key].clone());
            delete.send().await.unwrap();
        }
    }
}

/// Whoever had taken the run has had his time.
async fn let_the_lease_end(reconciling: &Reconciling) {
    let past = AttributeValue::S("2001-02-03T04:05:06.789Z".to_owned());
    reconciling.tamper("Cases", &[("caseKey", "reconciliation.run")], "leasedUntil", past).await;
}

async fn last(reconciling: &Reconciling) -> Run {
    let runs = reconciling.ledger.reconciliation().await.unwrap();
    assert_eq!(runs.current, None);
    runs.last.unwrap()
}

/// Kills the function at every one of its requests to a service; how many there are.
async fn killed_everywhere(is_platform: bool, is_answered_too_late: bool) -> usize {
    let reconciling = everything().await;
    let mut found_before = 0;
    for nth in 0..100 {
        let at = format!("{nth}, platform: {is_platform}, answered: {is_answered_too_late}");
        forget(&reconciling).await;
        let (lambda, process) = reconciling.process(&AT_ONCE).await;
        let hangs = if is_platform {
            let fault = if is_answered_too_late { PlatformFault::AnswerHangs } else { PlatformFault::Hang };
            let pass = std::iter::repeat_n(PlatformFault::Pass, nth);
            reconciling.gate.fail_next(pass.chain([fault]));
            futures_util::future::Either::Left(reconciling.gate.hangs())
        } else {
            let fault = if is_answered_too_late { Fault::AnswerHangs } else { Fault::Hang };
            let pass = std::iter::repeat_n(Fault::Pass, nth);
            reconciling.dynamodb.fail_next(pass.chain([fault]));
            futures_util::future::Either::Right(reconciling.dynamodb.hangs())
        };
        let is_done = tokio::select! {
            answer = lambda.invoke_raw("{}".to_owned()) => {
                assert_eq!(answer.unwrap()["run"]["phase"], "done", "{at}");
                true
            }
            () = hangs => false,
        };
        drop(process);
        reconciling.dynamodb.fail_no_more();
        reconciling.gate.fail_no_more();
        if is_done {
            assert!(found_before <= 1, "only what was killed at its end had found all before");
            assert_eq!((last(&reconciling).await.found, nth > 3), (all(), true));
            return nth;
        }
        if reconciling
            .cases()
            .await
            .iter()
            .any(|case| case["caseKey"].as_s().unwrap() == "reconciliation.run")
        {
            let_the_lease_end(&reconciling).await;
        }
        let (lambda, _process) = reconciling.process(&AT_ONCE).await;
        let answer = lambda.invoke_raw("{}".to_owned()).await.unwrap();
        assert_eq!(answer["run"]["phase"], "done", "{at}");
        assert_eq!(abouts(&reconciling).await, ABOUTS, "{at}");
        let run = last(&reconciling).await;
        if run.found.is_empty() {
            found_before += 1;
        } else {
            assert_eq!(run.found, all(), "{at}");
        }
        assert_eq!((run.compared.orders, run.unanswered), (5, 0), "{at}");
        assert_eq!(reconciling.outcomes().await["found"], 5, "{at}");
    }
    panic!("more requests than anybody has counted");
}

#[tokio::test]
async fn killed_at_any_of_its_requests_to_the_ledger_it_finds_the_same() {
    let requests = Box::pin(killed_everywhere(false, false)).await;
    println!("killed at each of {requests} requests to DynamoDB");
}

#[tokio::test]
async fn killed_behind_any_of_its_requests_to_the_ledger_it_finds_the_same() {
    Box::pin(killed_everywhere(false, true)).await;
}

#[tokio::test]
async fn killed_at_any_of_its_calls_it_finds_the_same() {
    assert_eq!(Box::pin(killed_everywhere(true, false)).await, 5);
    assert_eq!(Box::pin(killed_everywhere(true, true)).await, 5);
}

#[tokio::test]
async fn of_two_invocations_at_once_one_goes_on() {
    let reconciling = everything().await;
    travel_to(SystemTime::now() + DAY + MINUTE);
    for _ in 0..3 {
        let (one, other) = tokio::join!(reconciling.invoke(), reconciling.invoke());
        let run = one.xor(other).expect("one of them, and not both");
        assert_eq!((run.phase, run.compared.orders), (Phase::Done, 5));
        assert_eq!(abouts(&reconciling).await, ABOUTS);
        advance(DAY);
    }
    assert_eq!(reconciling.outcomes().await["found"], 5);
    // Nor is one due before its time.
    travel_to(clock() - HOUR);
    assert_eq!(reconciling.invoke().await, None);
}

/// It has waited for the platform for longer than its lease, by a clock that does not tell it so.
#[tokio::test]
async fn who_comes_back_after_the_end_of_his_lease_overwrites_nothing() {
    let reconciling = everything().await;
    travel_to(SystemTime::now() + DAY + MINUTE);
    reconciling.gate.fail_next(std::iter::repeat_n(PlatformFault::Hang, 5));
    let mut paused = Box::pin(reconciling.invoke());
    tokio::select! {
        run = &mut paused => panic!("{run:?}"),
        () = reconciling.gate.hangs() => {}
    }
    let then = clock();
    advance(10 * MINUTE);
    assert_eq!(reconciling.invoke().await, None, "it is still another's");
    advance(2 * MINUTE);
    reconciling.gate.fail_no_more();
    let run = reconciling.invoke().await.unwrap();
    assert_eq!((run.phase, run.invocations, run.found.clone()), (Phase::Done, 2, all()));
    travel_to(then);
    paused.await.expect("it has gone on by itself");
    assert_eq!(last(&reconciling).await, run);
    assert_eq!(abouts(&reconciling).await, ABOUTS);
}

#[tokio::test]
async fn while_the_platform_is_down_a_run_stays_where_it_is_and_then_goes_on() {
    let reconciling = everything().await;
    travel_to(SystemTime::now() + DAY + MINUTE);
    reconciling.gate.fail_always(Some(PlatformFault::Answer(503, String::new())));
    for _ in 0..3 {
        let run = reconciling.invoke().await.unwrap();
        assert_eq!((run.phase, run.order, run.unanswered), (Phase::Orders, None, 0));
        advance(15 * MINUTE);
    }
    reconciling.gate.fail_always(None);
    let run = reconciling.invoke().await.unwrap();
    assert_eq!((run.phase, run.found, run.unanswered, run.invocations), (Phase::Done, all(), 0, 4));
}

/// A platform that is out of order says no to everything. That it does not know an order may be said by a number, too: it is
/// believed where it does not say so of all at hand, or goes on saying so.
#[tokio::test]
async fn a_no_to_everything_is_not_taken_for_orders_that_are_unknown() {
    let reconciling = everything().await;
    travel_to(SystemTime::now() + DAY + MINUTE);
    let no = PlatformFault::Answer(200, r#"{"code":9999,"message":"busy","data":null}"#.to_owned());
    reconciling.gate.fail_always(Some(no));
    for _ in 0..3 {
        let run = reconciling.invoke().await.unwrap();
        assert_eq!((run.phase, run.order), (Phase::Orders, None));
        assert_eq!(run.found, reasons([("registration-missing", 1)]));
        advance(15 * MINUTE);
    }
    reconciling.gate.fail_always(None);
    let run = reconciling.invoke().await.unwrap();
    assert_eq!((run.phase, run.found, run.unanswered), (Phase::Done, all(), 0));
}

#[tokio::test]
async fn what_the_platform_never_answers_is_left_out_and_counted_and_asked_again_the_next_day() {
    let reconciling = everything().await;
    travel_to(SystemTime::now() + DAY + MINUTE);
    reconciling.gate.fail_always(Some(PlatformFault::Answer(503, String::new())));
    // In the first it got as far as the orders; then it stands still three times.
    for _ in 0..4 {
        assert_eq!(reconciling.invoke().await.unwrap().phase, Phase::Orders);
        advance(15 * MINUTE);
    }
    let run = reconciling.invoke().await.unwrap();
    assert_eq!((run.phase, run.unanswered, run.compared.orders), (Phase::Done, 5, 0));
    assert_eq!(run.found, reasons([("registration-missing", 1)]));
    // One alone does not hold the others up.
    advance(DAY);
    reconciling.gate.fail_always(None);
    reconciling.gate.fail_next([
        PlatformFault::Pass,
        PlatformFault::Pass,
        PlatformFault::Answer(500, String::new()),
    ]);
    let run = reconciling.run().await;
    assert_eq!((run.unanswered, run.compared.orders, run.invocations), (1, 4, 1));
    reconciling.run().await;
    assert_eq!(abouts(&reconciling).await, ABOUTS);
}

#[tokio::test]
async fn what_is_malformed_in_the_tables_keeps_nothing_else_from_being_compared() {
    let reconciling = everything().await;
    assert_eq!(reconciling.register_in("direct", "damaged", USER, "3", PAYEE).await, 201);
    assert_eq!(reconciling.register_in("direct", "damaged-later", USER, "3", PAYEE).await, 201);
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let damage =
        async |id| reconciling.tamper("Withdrawals", &[("callBackId", id)], "state", text("?")).await;
    damage("damaged").await;
    let planted = [("caseKey", "reconciliation.planted")];
    reconciling.tamper("Cases", &planted, "open", text("open")).await;
    reconciling.tamper("Cases", &planted, "openSince", text("2001-02-03T04:05:06.789Z")).await;
    reconciling.deposit("other", "USDT", "5").await;
    let other = [("tenantUserId", "other"), ("asset", "TRON#USDT")];
    reconciling.tamper("Balances", &other, "frozen", text("1")).await;
    travel_to(SystemTime::now() + DAY + MINUTE);
    let run = reconciling.run().await;
    let mut found = all();
    *found.get_mut("order-unknown").unwrap() = 2;
    // The order, and the balance twice.
    assert_eq!((run.found, run.compared.orders, run.unanswered), (found, 6, 3));

    damage("damaged-later").await;
    let amount = [("callBackId", "damaged-later")];
    reconciling.tamper("Withdrawals", &amount, "amount", text("?")).await;
    reconciling.forget_sums().await;
    assert_eq!(verdict(&reconciling.send("withdrawal", &completion("paid", "3")).await), ACCEPTED);
    let run = reconciling.run().await;
    // Its finding's order cannot be read, nor can the order, nor its copy of the amount, which the balance then lacks.
    assert_eq!((run.over, run.found), (1, reasons([("frozen-differs", 1)])));
    assert_eq!((run.compared.orders, run.unanswered), (4, 6));
}

#[tokio::test]
async fn out_of_time_a_run_is_continued_where_it_was_and_asks_nothing_twice() {
    const COUNT: usize = 130;
    let mut reconciling = with_orders(&[]).await;
    reconciling.deposit(USER, "USDT", "1000").await;
    for nth in 0..COUNT {
        assert_eq!(reconciling.register_in("direct", &format!("w-{nth}"), USER, "1", PAYEE).await, 201);
    }
    reconciling.settings.calls_per_second = 50;
    travel_to(SystemTime::now() + DAY + MINUTE);
    let mut invocations = 0;
    let run = loop {
        let started = reconciling.started().await;
        let run = Box::pin(started.go_on(clock() + Duration::from_millis(700))).await.unwrap().unwrap();
        invocations += 1;
        if run.phase == Phase::Done {
            break run;
        }
        assert!(run.order.is_some() || run.phase != Phase::Orders, "{run:?}");
    };
    assert!(invocations >= 4, "{invocations}");
    assert_eq!((run.invocations, run.calls, run.unanswered), (invocations, 130, 0));
    assert_eq!((run.found, run.compared.orders), (reasons([("order-unknown", 130)]), 130));
    assert_eq!(reconciling.gate.asked()[1], 130);
}
