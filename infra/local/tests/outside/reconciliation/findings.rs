//! Each callback that was lost is one finding, which ends when what was missing comes, or an operator ends it.

use http::Method;
use serde_json::{Value, json};

use super::{DAY, HOUR, MINUTE, USER, reasons, theirs, with_orders};
use crate::harness::*;

/// Each order, how it is paid, and how the platform has it; the callbacks that would tell are lost on their way.
const ORDERS: [(&str, &str); 12] = [
    ("asked", "confirmed"),
    ("paid", "direct"),
    ("failed", "direct"),
    ("cancelled", "direct"),
    ("unknown", "direct"),
    ("unknown-too", "confirmed"),
    ("other-amount", "direct"),
    ("other-coin", "direct"),
    ("under-way", "direct"),
    ("by-hand", "direct"),
    ("not-begun", "direct"),
    ("ended", "direct"),
];

/// All of them, and a payment that nobody has registered.
async fn everything_lost() -> Reconciling {
    let reconciling = with_orders(&ORDERS).await;
    let mut other_coin = theirs("other-coin", USER, 3, "3");
    other_coin["terms"]["symbol"] = json!("USDC");
    reconciling.gate.add(json!({
        "outcomes": { "paid": "complete", "failed": "failed", "cancelled": "cancelled" },
        "withdrawals": [
            theirs("asked", USER, 1, "3"),
            theirs("paid", USER, 2, "3.000"),
            theirs("failed", USER, 2, "3"),
            theirs("cancelled", USER, 2, "3"),
            theirs("other-amount", USER, 3, "3.1"),
            other_coin,
            theirs("under-way", USER, 2, "3"),
            theirs("by-hand", USER, 5, "3"),
            theirs("not-begun", USER, 0, "3"),
            theirs("ended", USER, 3, "3"),
        ],
        "misbehaviour": { "callbacks": [{ "do": "lose" }] },
    }));
    assert_eq!(reconciling.deliver().await, [], "nothing comes");
    assert_eq!(verdict(&reconciling.send("withdrawal-failure", &failure("ended")).await), ACCEPTED);
    assert_eq!(verdict(&reconciling.send("withdrawal", &completion("stray", "3")).await), ACCEPTED);
    reconciling
}

fn expected() -> Vec<[String; 4]> {
    let mut expected = vec![
        ["asked", "confirmation-missing", "reserved", "waiting"],
        ["cancelled", "failure-missing", "reserved", "ended-unpaid"],
        ["failed", "failure-missing", "reserved", "ended-unpaid"],
        ["other-amount", "order-differs", "reserved", "paid"],
        ["other-coin", "order-differs", "reserved", "paid"],
        ["paid", "completion-missing", "reserved", "paid"],
        ["stray", "registration-missing", "completed", "registered"],
        ["unknown", "order-unknown", "reserved", "unknown"],
        ["unknown-too", "order-unknown", "reserved", "unknown"],
    ];
    expected.sort_unstable();
    expected.into_iter().map(|finding| finding.map(str::to_owned)).collect()
}

#[tokio::test]
async fn each_lost_callback_is_found_once_and_nothing_that_is_young_ended_or_under_way() {
    let mut reconciling = everything_lost().await;
    reconciling.settings.every = MINUTE;
    let before = (reconciling.parts(USER).await, reconciling.balances().await);
    // The payment was told of just now, and the orders are younger than a day.
    for (at, new) in [
        (30 * MINUTE, reasons([])),
        (2 * HOUR, reasons([("registration-missing", 1)])),
        (23 * HOUR, reasons([])),
    ] {
        travel_to(std::time::SystemTime::now() + at);
        let run = reconciling.invoke().await.unwrap();
        assert_eq!((run.found, run.compared.orders, run.calls), (new, 0, run.calls), "{at:?}");
        assert_eq!(reconciling.gate.asked()[1], 0, "the platform is not asked about what is young");
    }
    travel_to(std::time::SystemTime::now() + DAY + MINUTE);
    let run = reconciling.run().await;
    let new = [
        ("completion-missing", 1),
        ("confirmation-missing", 1),
        ("failure-missing", 2),
        ("order-differs", 2),
        ("order-unknown", 2),
    ];
    assert_eq!((run.found, run.compared.orders, run.compared.unregistered), (reasons(new), 11, 1));
    assert_eq!((run.unanswered, run.repaired, run.over), (0, 0, 0));
    assert_eq!(reconciling.findings().await, expected());

    // Told once: the day after, and the day after that.
    for _ in 0..2 {
        let run = reconciling.run().await;
        assert_eq!((run.found, run.compared.orders), (reasons([]), 11));
        assert_eq!(reconciling.findings().await, expected());
    }
    assert_eq!(reconciling.parts(USER).await, before.0, "nothing was moved");
    let recorded = reconciling.balances().await;
    for name in ["available", "frozen"] {
        let all = |items: &[Item]| items.iter().map(|item| item[name].clone()).collect::<Vec<_>>();
        assert_eq!(all(&recorded), all(&before.1));
    }
    assert_eq!(reconciling.outcomes().await["found"], 9);
}

#[tokio::test]
async fn a_finding_is_over_when_what_was_missing_comes_after_all() {
    let reconciling = everything_lost().await;
    travel_to(std::time::SystemTime::now() + DAY + MINUTE);
    assert_eq!(reconciling.found().await.values().sum::<u64>(), 9);
    for (function, callback) in [
        ("withdrawal-confirmation", confirmation("asked")),
        ("withdrawal", completion("paid", "3")),
        ("withdrawal-failure", failure("failed")),
        ("withdrawal", completion("other-amount", "3")),
        ("withdrawal", completion("unknown", "3")),
    ] {
        assert_eq!(verdict(&reconciling.send(function, &callback).await), ACCEPTED, "{callback}");
    }
    assert_eq!(reconciling.register_in("direct", "stray", USER, "3", PAYEE).await, 201);
    reconciling.gate.add(json!({ "withdrawals": [theirs("asked", USER, 2, "3")] }));
    reconciling.forget_sums().await;
    let run = reconciling.run().await;
    assert_eq!((run.over, run.found), (6, reasons([])));
    let left: Vec<_> = reconciling.findings().await.into_iter().map(|[about, ..]| about).collect();
    assert_eq!(left, ["cancelled", "other-coin", "unknown-too"]);
    for order in ["asked", "paid", "failed", "other-amount", "unknown", "stray"] {
        assert_eq!(reconciling.reconciled(order).await, ["finding-over", "found"], "{order}");
    }
    let run = reconciling.run().await;
    assert_eq!((run.over, run.found), (0, reasons([])));
}

/// The merchant confirmed, and the platform does not know that: its answer was lost, and nobody asked again.
#[tokio::test]
async fn a_confirmation_that_did_not_arrive_there_stays_a_finding_until_it_does() {
    let reconciling = with_orders(&[("w", "confirmed")]).await;
    assert_eq!(verdict(&reconciling.send("withdrawal-confirmation", &confirmation("w")).await), ACCEPTED);
    reconciling.gate.add(json!({ "withdrawals": [theirs("w", USER, 1, "3")] }));
    travel_to(std::time::SystemTime::now() + DAY + MINUTE);
    assert_eq!(reconciling.found().await, reasons([("confirmation-missing", 1)]));
    for _ in 0..2 {
        let run = reconciling.run().await;
        assert_eq!((run.found, run.over, reconciling.findings().await.len()), (reasons([]), 0, 1));
    }
    reconciling.gate.add(json!({ "withdrawals": [theirs("w", USER, 2, "3")] }));
    let run = reconciling.run().await;
    assert_eq!((run.found, run.over, reconciling.findings().await.len()), (reasons([]), 1, 0));
    // And again, as if it had been forgotten there.
    reconciling.gate.add(json!({ "withdrawals": [theirs("w", USER, 1, "3")] }));
    assert_eq!(reconciling.found().await, reasons([("confirmation-missing", 1)]));
    assert_eq!(reconciling.findings().await.len(), 1);
}

/// The order reaches the platform a day late.
#[tokio::test]
async fn an_order_that_the_platform_knows_at_last_is_no_unknown_one_any_more() {
    let reconciling = with_orders(&[("w", "direct")]).await;
    travel_to(std::time::SystemTime::now() + DAY + MINUTE);
    assert_eq!(reconciling.found().await, reasons([("order-unknown", 1)]));
    reconciling.gate.add(json!({ "withdrawals": [theirs("w", USER, 2, "3")] }));
    let run = reconciling.run().await;
    assert_eq!((run.found, run.over, reconciling.findings().await.len()), (reasons([]), 1, 0));
    // What is wrong with it then is another finding.
    reconciling.gate.add(json!({ "withdrawals": [theirs("w", USER, 6, "3")] }));
    assert_eq!(reconciling.found().await, reasons([("failure-missing", 1)]));
}

#[tokio::test]
async fn an_operator_ends_a_finding_as_its_case_allows() {
    let reconciling = everything_lost().await;
    travel_to(std::time::SystemTime::now() + DAY + MINUTE);
    reconciling.run().await;
    assert_eq!(reconciling.parts(USER).await, ["67", "33", "0"]);
    for (reason, order, refused, action, parts) in [
        ("completion-missing", "paid", "unfreeze", "settle", ["67", "30", "0"]),
        ("failure-missing", "failed", "settle", "unfreeze", ["70", "27", "0"]),
        ("order-differs", "other-amount", "charge", "settle", ["70", "24", "0"]),
        ("order-differs", "other-coin", "credit", "unfreeze", ["73", "21", "0"]),
        ("order-unknown", "unknown", "settle", "unfreeze", ["76", "18", "0"]),
        ("confirmation-missing", "asked", "settle", "dismiss", ["76", "18", "0"]),
        ("registration-missing", "stray", "settle", "dismiss", ["76", "18", "0"]),
    ] {
        let case = reconciling.finding(reason, order).await;
        let (recorded, expected) = (&case["finding"]["recorded"], &case["finding"]["expected"]);
        assert!(recorded.is_string() && expected.is_string(), "{case}");
        let key = case["caseKey"].as_str().unwrap();
        assert_eq!(reconciling.resolve(key, refused).await, 409, "{order}");
        assert_eq!(reconciling.resolve(key, action).await, 201, "{order}");
        assert_eq!(reconciling.parts(USER).await, parts, "{order}");
        assert_eq!(reconciling.reconciled(order).await, ["found"], "{order}");
    }
    // What was settled without a transaction is proved by it, and nothing moves twice.
    assert_eq!(reconciling.state("paid").await, "completed");
    assert_eq!(verdict(&reconciling.send("withdrawal", &completion("paid", "3")).await), ACCEPTED);
    assert_eq!(reconciling.parts(USER).await, ["76", "18", "0"]);
    assert_eq!(reconciling.outcomes().await["completion-proved"], 1);
    // What was dismissed is not told again.
    reconciling.forget_sums().await;
    assert_eq!(reconciling.found().await, reasons([]));
    let left: Vec<_> = reconciling.findings().await.into_iter().map(|[about, ..]| about).collect();
    assert_eq!(left, ["cancelled", "unknown-too"]);
}

#[tokio::test]
async fn the_last_run_and_what_is_open_are_shown_to_the_operator() {
    let reconciling = everything_lost().await;
    let (status, before) = reconciling.call(Method::GET, "/reconciliation", None).await;
    assert_eq!((status, &before), (200, &json!({ "openFindings": { "byReason": {}, "isComplete": true } })));
    travel_to(std::time::SystemTime::now() + DAY + MINUTE);
    let run = reconciling.run().await;
    let (status, shown) = reconciling.call(Method::GET, "/reconciliation", None).await;
    assert_eq!(status, 200);
    let by_reason = json!({ "completion-missing": 1, "confirmation-missing": 1, "failure-missing": 2,
                            "order-differs": 2, "order-unknown": 2, "registration-missing": 1 });
    assert_eq!(shown["openFindings"], json!({ "byReason": by_reason, "isComplete": true }));
    let last = &shown["last"];
    assert_eq!((&last["found"], &last["phase"]), (&by_reason, &json!("done")));
    assert_eq!((&last["orders"], &last["unregistered"]), (&json!(11), &json!(1)));
    assert_eq!((&last["startedAt"], &last["calls"]), (&json!(run.started_at), &json!(run.calls)));
    assert_eq!((&shown["current"], &last["finishedAt"]), (&Value::Null, &json!(run.finished_at)));
}

#[tokio::test]
async fn where_it_may_it_puts_right_only_what_is_final_and_agreed_upon() {
    let mut reconciling = everything_lost().await;
    reconciling.settings.is_applied = true;
    // Ended without a payment, and nothing is told of its terms: nothing contradicts that.
    reconciling.gate.add(json!({ "withdrawals": [
        { "callBackId": "under-way", "tenantUserId": USER, "orderState": 4 },
        { "callBackId": "by-hand", "tenantUserId": USER, "orderState": 3 } ] }));
    travel_to(std::time::SystemTime::now() + DAY + MINUTE);
    let run = reconciling.run().await;
    assert_eq!(run.repaired, 4);
    let found = [
        ("completion-missing", 1), // paid, and how much is not told
        ("confirmation-missing", 1),
        ("order-differs", 2),
        ("order-unknown", 2),
        ("registration-missing", 1),
    ];
    assert_eq!(run.found, reasons(found));
    // One of 3 was paid, three were not; seven wait.
    assert_eq!(reconciling.parts(USER).await, ["76", "21", "0"]);
    for (order, state, outcome) in [
        ("paid", "completed", "settled-unproven"),
        ("failed", "failed", "unfrozen"),
        ("cancelled", "failed", "unfrozen"),
        ("under-way", "failed", "unfrozen"),
    ] {
        assert_eq!(reconciling.state(order).await, state, "{order}");
        assert_eq!(reconciling.reconciled(order).await, [outcome], "{order}");
    }
    for order in ["asked", "unknown", "unknown-too", "other-amount", "other-coin", "by-hand", "not-begun"] {
        assert_eq!(reconciling.state(order).await, "reserved", "{order}");
    }
    let run = reconciling.run().await;
    assert_eq!((run.repaired, run.found), (0, reasons([])));

    // The payment's own word comes at last, with its transaction. The money has moved already.
    assert_eq!(verdict(&reconciling.send("withdrawal", &completion("paid", "3")).await), ACCEPTED);
    assert_eq!(verdict(&reconciling.send("withdrawal", &completion("paid", "3")).await), ACCEPTED);
    assert_eq!(reconciling.outcomes().await["completion-proved"], 1);
    assert_eq!(reconciling.parts(USER).await, ["76", "21", "0"]);
    let order = reconciling.ledger.order(&"paid".into()).await.unwrap().unwrap();
    assert_eq!(order.tx_id.map(|id| id.text().to_owned()), Some("tx-of-paid".to_owned()));

    // The platform said that these would not be paid. What says otherwise is a person's, and nothing moves.
    let late = reconciling.send("withdrawal", &completion("failed", "3")).await;
    assert_ne!(verdict(&late), ACCEPTED);
    assert_eq!(reconciling.parts(USER).await, ["76", "21", "0"]);
    let (_, page) = reconciling.call(Method::GET, "/cases?reason=order-ended", None).await;
    assert_eq!(page["cases"][0]["callBackId"], "failed", "{page}");
    let late = reconciling.send("withdrawal-failure", &failure("cancelled")).await;
    assert_eq!(
        (verdict(&late), reconciling.parts(USER).await),
        (ACCEPTED, ["76", "21", "0"].map(Into::into))
    );
}

/// The platform is asked about a failure that was told, and says the same to reconciliation before it is asked.
#[tokio::test]
async fn what_waits_for_the_platforms_word_reconciliation_does_not_put_right_before() {
    for is_asked_first in [false, true] {
        let mut reconciling = with_orders(&[("w", "direct")]).await;
        reconciling.set(&[("WAAS_VERIFY", "true")]);
        reconciling.settings.is_applied = true;
        assert_eq!(verdict(&reconciling.send("withdrawal-failure", &failure("w")).await), ACCEPTED);
        reconciling.gate.add(json!({ "withdrawals": [theirs("w", USER, 6, "3")] }));
        assert_eq!(reconciling.parts(USER).await, ["97", "3", "0"], "nothing is freed by a word alone");
        if is_asked_first {
            reconciling.ask_new().await;
        }
        travel_to(std::time::SystemTime::now() + DAY + MINUTE);
        let run = reconciling.run().await;
        let found = if is_asked_first { reasons([]) } else { reasons([("failure-missing", 1)]) };
        assert_eq!((run.repaired, run.found), (0, found));
        reconciling.ask_new().await;
        reconciling.ask_due().await;
        assert_eq!(reconciling.parts(USER).await, ["100", "0", "0"]);
        // What was just recorded is older than the sums that were noted a day later.
        reconciling.forget_sums().await;
        travel_to(std::time::SystemTime::now() + 2 * (DAY + MINUTE));
        assert_eq!(reconciling.run().await.over, u64::from(!is_asked_first));
        assert_eq!(
            (reconciling.state("w").await.as_str(), reconciling.open_cases().await),
            ("failed", vec![])
        );
    }
}
