//! Movements and adjustments: all legs or none, exactly once, and never more than there is.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use waas_callback::{Asset, Decimal};

use crate::harness::*;

/// Has all the digits that a balance can have.
const RICH: &str = "rich";

/// A leg, as `("1945", "USDT", "-1.5")`.
pub type Leg<'a> = (&'a str, &'a str, &'a str);

/// What is posted under an id.
pub fn legs(id: &str, legs: &[Leg<'_>]) -> Value {
    let leg = |(user, symbol, amount): &Leg<'_>| json!({ "tenantUserId": user, "chainName": "TRON", "symbol": symbol, "amount": amount });
    json!({ "id": id, "reason": "a gift", "legs": legs.iter().map(leg).collect::<Vec<_>>() })
}

async fn ask(deployment: &Deployment, path: &str, body: &Value) -> (u16, Value) {
    deployment.call(Method::POST, path, Some(body)).await
}

/// Posts a movement.
pub async fn move_(deployment: &Deployment, id: &str, of: &[Leg<'_>]) -> (u16, Value) {
    ask(deployment, "/movements", &legs(id, of)).await
}

/// Posts an adjustment.
pub async fn adjust(deployment: &Deployment, id: &str, of: &[Leg<'_>]) -> (u16, Value) {
    ask(deployment, "/adjustments", &legs(id, of)).await
}

/// The status, the problem's name, and the leg that it names.
fn refused((status, answer): &(u16, Value)) -> (u16, &str, Option<u64>) {
    let problem = answer["type"].as_str().unwrap_or_default();
    (*status, problem.trim_start_matches("urn:waas-callbacks:problem:"), answer["leg"].as_u64())
}

/// What all users have of each asset, by the table.
async fn sums(deployment: &Deployment) -> BTreeMap<String, Decimal> {
    let client = waas_callback_aws::clients::dynamodb(deployment.stack.config());
    let mut sums = BTreeMap::<_, Decimal>::new();
    let items = client.scan().table_name("Balances").send().await.unwrap().items.unwrap();
    // With what the rich one has, no sum could be told.
    for item in items.iter().filter(|item| item["tenantUserId"].as_s().unwrap() != RICH) {
        let sum = sums.entry(item["asset"].as_s().unwrap().clone()).or_default();
        for part in ["available", "frozen"] {
            *sum = sum.checked_add(item[part].as_n().unwrap().parse().unwrap()).unwrap();
        }
    }
    sums
}

/// More processes of the function: what is asked for at once is done at once.
async fn processes(deployment: &Deployment, function: &str, count: usize) -> Vec<Process> {
    let (lambda, _) = deployment.function(function).await;
    let environment = deployment.environment();
    (0..count).map(|_| lambda.spawn(function, &environment)).collect()
}

/// A user who has this much and owes this much.
async fn owing(deployment: &Deployment, user: &str, amount: &str) {
    deployment.deposit(user, "USDT", "1").await;
    let paid = with(&completion(&format!("of-{user}"), "3"), "tenantUserId", user);
    assert_eq!(verdict(&deployment.send("withdrawal", &paid).await), ACCEPTED);
    assert_eq!(deployment.register(&format!("of-{user}"), user, "3", PAYEE).await, 422);
    let (_, open) = deployment.call(Method::GET, &format!("/cases?tenantUserId={user}"), None).await;
    let case = open["cases"][0]["caseKey"].as_str().unwrap();
    let (_, shown) = deployment.call(Method::GET, &format!("/cases/{case}"), None).await;
    let charge = json!({ "id": format!("of-{user}"), "action": "charge", "reason": "r", "expected": shown["expected"] });
    assert_eq!(ask(deployment, &format!("/cases/{case}/resolve"), &charge).await.0, 201);
    deployment.deposit(user, "USDT", amount).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_movements_at_once_against_funds_for_twenty_are_twenty() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "66").await;
    deployment.deposit("2049", "TRX", "1").await;
    let before = sums(&deployment).await;
    let _more = processes(&deployment, "merchant-api", 4).await;
    let moving = (0..50).map(|n| {
        let deployment = &deployment;
        async move {
            let (id, payee) = (format!("m{n}"), format!("payee-{n}"));
            move_(
                deployment,
                &id,
                &[(&payee, "USDT", "1.1"), ("1945", "USDT", "-3.3"), ("fees", "USDT", "2.2")],
            )
            .await
        }
    });
    let answers = join_all(moving).await;
    let posted = answers.iter().filter(|(status, _)| *status == 201).count();
    let too_low =
        answers.iter().filter(|answer| refused(answer) == (422, "balance-too-low", Some(1))).count();
    assert_eq!((posted, too_low), (20, 30));
    assert_eq!(deployment.available("1945", "TRON#USDT").await, "0");
    assert_eq!(deployment.available("fees", "TRON#USDT").await, "44");
    assert_eq!(sums(&deployment).await, before, "nothing was made and nothing lost");
    let expected = outcomes([("credited", 2), ("leg-moved", 60), ("moved", 20)]);
    assert_eq!(deployment.outcomes().await, expected);
    deployment.assert_audited().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_ten_times_at_once_moves_once() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "100").await;
    for (function, path) in [("merchant-api", "/movements"), ("operator-api", "/adjustments")] {
        let _more = processes(&deployment, function, 4).await;
        let body = legs("once", &[("1945", "USDT", "-1"), ("2049", "USDT", "1")]);
        let asking = (0..10).map(|_| ask(&deployment, path, &body));
        let answers = join_all(asking).await;
        let now = answers.iter().filter(|(status, _)| *status == 201).count();
        let before = answers.iter().filter(|(status, _)| *status == 200).count();
        assert_eq!((now, before), (1, 9), "{path}");
        assert!(answers.iter().all(|(_, answer)| *answer == answers[0].1), "{path}: one answer for all");
    }
    // The ids of movements and of adjustments do not meet: each posted.
    assert_eq!(deployment.available("2049", "TRON#USDT").await, "2");
    deployment.assert_audited().await;
}

#[tokio::test]
async fn legs_are_posted_all_or_none_whatever_fails() {
    let mut deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "100").await;
    let leg_events = async |deployment: &Deployment| {
        let outcomes = deployment.outcomes().await;
        ["moved", "leg-moved"].map(|name| outcomes.get(name).copied().unwrap_or_default())
    };
    let passing = [
        Fault::Cancelled("TransactionConflict"),
        Fault::Cancelled("ThrottlingError"),
        Fault::Error("ThrottlingException"),
        Fault::Error("TransactionInProgressException"),
        Fault::Internal,
        Fault::AnswerLost,
    ];
    for (nth, fault) in passing.into_iter().enumerate() {
        deployment.dynamodb.fail_next([fault, fault]);
        let of = [("1945", "USDT", "-1"), ("2049", "USDT", "0.4"), ("2050", "USDT", "0.6")];
        let (status, _) = move_(&deployment, &format!("passing-{nth}"), &of).await;
        assert!(status == 201 || (status == 200 && fault == Fault::AnswerLost), "{fault:?}: {status}");
        assert_eq!(leg_events(&deployment).await, [nth + 1, 3 * (nth + 1)], "{fault:?}");
    }
    assert_eq!(deployment.usdt("1945").await, money("94", "0"));

    // Where it lasts it is 503, and the same again tells what became of it.
    deployment.stop_functions();
    deployment.timeout = Duration::from_millis(700);
    let lasting = [
        (Fault::Internal, 201),
        (Fault::Hang, 201),
        (Fault::Error("AccessDeniedException"), 201),
        (Fault::AnswerLost, 200),
    ];
    for (nth, (fault, again)) in lasting.into_iter().enumerate() {
        let (id, of) = (format!("lasting-{nth}"), [("1945", "USDT", "-1"), ("2049", "USDT", "1")]);
        deployment.dynamodb.fail_always(Some(fault));
        assert_eq!(refused(&move_(&deployment, &id, &of).await), (503, "unavailable", None), "{fault:?}");
        deployment.dynamodb.fail_always(None);
        assert_eq!(move_(&deployment, &id, &of).await.0, again, "{fault:?}");
        assert_eq!(move_(&deployment, &id, &of).await.0, 200, "{fault:?}");
    }
    assert_eq!(deployment.usdt("1945").await, money("90", "0"));
    deployment.assert_audited().await;
}

#[tokio::test]
async fn a_leg_that_cannot_be_posted_is_named_and_nothing_moves() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    deployment.deposit("1945", "TRX", "5").await;
    owing(&deployment, "2049", "7").await;
    let nines = "9".repeat(38);
    assert_eq!(adjust(&deployment, "rich", &[(RICH, "USDT", &nines)]).await.0, 201);
    let before = (sums(&deployment).await, deployment.events().await.len());
    for (of, expected) in [
        (&[("1945", "USDT", "-10.1"), ("3", "USDT", "10.1")][..], (422, "balance-too-low", Some(0))),
        (&[("3", "USDT", "1"), ("nobody", "USDT", "-1")], (422, "balance-too-low", Some(1))),
        (&[("1945", "USDT", "-1"), ("2049", "USDT", "-1"), ("3", "USDT", "2")], (422, "user-owes", Some(1))),
        (&[("1945", "USDT", "-2"), (RICH, "USDT", "2")], (422, "balance-out-of-range", Some(1))),
        // The first that cannot.
        (
            &[("2049", "USDT", "-1"), ("nobody", "USDT", "-1"), ("3", "USDT", "2")],
            (422, "user-owes", Some(0)),
        ),
        (&[("1945", "ENERGY", "-1"), ("3", "ENERGY", "1")], (422, "no-coin", Some(0))),
        (&[("1945", "USDT", "-1"), ("3", "USDT", "0.9")], (400, "malformed", None)),
        (&[("1945", "USDT", "-1"), ("3", "TRX", "1")], (400, "malformed", None)),
        (&[("1945", "USDT", "-1")], (400, "malformed", None)),
        (&[("1945", "USDT", "-1"), ("3", "USDT", "0"), ("4", "USDT", "1")], (400, "malformed", Some(1))),
        (&[("1945", "USDT", "-1"), ("3", "USDT", "2"), ("1945", "USDT", "-1")], (400, "malformed", Some(2))),
        (&[("1945", "USDT", "-1"), ("a/b", "USDT", "1")], (400, "malformed", Some(1))),
    ] {
        let answer = move_(&deployment, "m", of).await;
        assert_eq!(refused(&answer), expected, "{of:?}: {}", answer.1);
    }
    let too_low =
        move_(&deployment, "m", &[("1945", "USDT", "-1"), ("2049", "USDT", "-1"), ("3", "USDT", "2")]).await;
    assert_eq!(too_low.1["detail"], "legs[1]: the user owes in this asset");
    assert_eq!(
        (sums(&deployment).await, deployment.events().await.len()),
        before,
        "nothing moved, nothing recorded"
    );

    // Whoever owes may receive, and the id of what was refused is free.
    let exchange = [
        ("1945", "USDT", "-1"),
        ("2049", "USDT", "1"),
        ("1945", "TRX", "-5"),
        ("3", "TRX", "4.5"),
        ("4", "TRX", "0.50"),
    ];
    let (status, posted) = move_(&deployment, "m", &exchange).await;
    assert_eq!((status, posted["legs"].as_array().unwrap().len()), (201, 5));
    assert_eq!(sums(&deployment).await, before.0);
    // In another order and with other zeros it is the same; with another leg it is not.
    let mut again = exchange;
    again.reverse();
    again[0].2 = "0.5";
    assert_eq!(move_(&deployment, "m", &again).await.0, 200);
    let other = [("1945", "USDT", "-1"), ("2050", "USDT", "1")];
    assert_eq!(refused(&move_(&deployment, "m", &other).await), (409, "id-used", None));
    deployment.assert_audited().await;
}

#[tokio::test]
async fn an_adjustment_is_somebodys_and_takes_from_who_owes_but_never_below_zero() {
    let deployment = Deployment::new().await;
    owing(&deployment, "2049", "7").await;
    let correction = legs("a", &[("2049", "USDT", "-6"), ("1945", "USDT", "2.5")]);
    for caller in [None, Some("")] {
        let answer = deployment.call_as(caller, Method::POST, "/adjustments", Some(&correction)).await;
        assert_eq!(refused(&answer), (403, "no-caller", None));
    }
    assert_eq!(ask(&deployment, "/adjustments", &correction).await.0, 201);
    let alice = "arn:aws:sts::123456789012:assumed-role/operators/somebody-else";
    let again = deployment.call_as(Some(alice), Method::POST, "/adjustments", Some(&correction)).await;
    assert_eq!(again.0, 200, "whoever asks, it was done");
    let asset: Asset = "TRON#USDT".parse().unwrap();
    let balance = deployment.ledger.balance("2049", &asset).await.unwrap();
    assert_eq!(
        [balance.available, balance.owed].map(|part| part.to_string()),
        ["1", "2"],
        "what is owed stays"
    );
    let beyond = adjust(&deployment, "b", &[("1945", "USDT", "1"), ("2049", "USDT", "-1.1")]).await;
    assert_eq!(refused(&beyond), (422, "balance-too-low", Some(1)));
    assert_eq!(deployment.available("1945", "TRON#USDT").await, "2.5");
    let adjusted: Vec<_> =
        deployment.events().await.into_iter().filter(|event| event.contains_key("id")).collect();
    assert_eq!(adjusted.len(), 3);
    assert!(adjusted.iter().all(|event| event["operator"].as_s().unwrap() == CALLER));
    // The adjustment's doors are the operator's, the movement's the merchant's.
    assert_eq!(deployment.outcomes().await.get("moved"), None);
    deployment.assert_audited().await;
}

#[tokio::test]
async fn each_user_sees_the_own_leg_and_nobody_the_whole() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    deployment.dynamodb.take_requests();
    let (_, posted) =
        move_(&deployment, "gift-1", &[("1945", "USDT", "-1.50"), ("2049", "USDT", "1.5")]).await;
    assert_eq!((&posted["id"], &posted["reason"]), (&json!("gift-1"), &json!("a gift")));
    let expected = BTreeMap::from([("TransactWriteItems".to_owned(), 1)]);
    assert_eq!(deployment.dynamodb.take_requests(), expected, "one round trip");
    let whole = posted["eventKey"].as_str().unwrap();
    assert!(whole.starts_with("movement."));
    for (nth, (user, amount)) in [("1945", "-1.5"), ("2049", "1.5")].into_iter().enumerate() {
        let (_, page) = deployment.call(Method::GET, &format!("/users/{user}/events"), None).await;
        let leg = &page["events"][0];
        assert_eq!(leg["eventKey"], posted["legs"][nth]["eventKey"]);
        assert_eq!((&leg["wholeEventKey"], &leg["id"]), (&json!(whole), &json!("gift-1")));
        assert_eq!((&leg["outcome"], &leg["reason"]), (&json!("leg-moved"), &json!("a gift")));
        let [posting] = &leg["postings"].as_array().unwrap()[..] else { panic!("{leg}") };
        assert_eq!((&posting["available"], &posting["frozen"]), (&json!(amount), &json!("0")));
        assert_eq!(page["events"].as_array().unwrap().len(), 2 - nth, "no other event: {page}");
    }
    let (_, process) = deployment.function("merchant-api").await;
    let log = process.log();
    assert!(log.contains("\"gift-1\"") && !log.contains("1945") && !log.contains("2049"), "{log}");
}
