//! An event takes effect once, however often, at however many places and however altered it arrives.

use serde_json::{Value, json};

use crate::harness::*;

const REQUEST_CONFLICT: (u16, i64) = (200, 2002);
const EVENT_CONFLICT: (u16, i64) = (200, 2003);

#[tokio::test]
async fn repetitions_are_accepted_and_apply_nothing() {
    let deployment = Deployment::new().await;
    let (_, function) = deployment.function("deposit").await;
    let first = deployment.send("deposit", DEPOSIT).await;
    let again = deployment.send("deposit", DEPOSIT).await;
    assert_eq!((verdict(&again), &again.reply), (ACCEPTED, &first.reply));

    let retry = retry_of(DEPOSIT);
    let retried = deployment.send("deposit", &retry).await;
    let uuid = |text: &str| serde_json::from_str::<Value>(text).unwrap()["requestUUID"].clone();
    assert_eq!(verdict(&retried), ACCEPTED);
    assert_eq!(retried.reply.unwrap()["requestUUID"], uuid(&retry), "its own requestUUID is echoed");

    // What is neither money nor identity may change between retries.
    for change in
        [("amount", json!("2.5")), ("amount", json!(2.50)), ("riskLevelFrom", json!(80)), ("tag", json!("x"))]
    {
        assert_eq!(
            verdict(&deployment.send("deposit", &retry_of(&deposit_with(change.0, change.1))).await),
            ACCEPTED
        );
    }
    assert_eq!(deployment.available("2049", "TRON#TRX").await, "2.5");
    assert_eq!(deployment.outcomes().await, outcomes([("credited", 1)]));
    assert_eq!(deployment.requests().await.len(), 1);
    function.callbacks(7).await;
    assert_eq!((function.count("credited"), function.count("repetition")), (1, 6));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_copies_at_once_over_eight_processes_credit_once() {
    let deployment = Deployment::new().await;
    let (lambda, _) = deployment.function("deposit").await;
    let environment = deployment.environment();
    let _more: Vec<_> = (1..8).map(|_| lambda.spawn("deposit", &environment)).collect();
    let copies: Vec<_> =
        (0..100).map(|i| if i % 2 == 0 { DEPOSIT.to_owned() } else { retry_of(DEPOSIT) }).collect();
    let sending = copies.iter().map(|copy| deployment.send("deposit", copy));
    let exchanges = futures_util::future::join_all(sending).await;
    assert!(exchanges.iter().all(|exchange| verdict(exchange) == ACCEPTED));
    assert_eq!(deployment.available("2049", "TRON#TRX").await, "2.5");
    assert_eq!(deployment.outcomes().await, outcomes([("credited", 1)]));
}

#[tokio::test]
async fn contradicting_content_is_a_conflict_recorded_once_and_never_a_duplicate() {
    let deployment = Deployment::new().await;
    let (_, function) = deployment.function("deposit").await;
    deployment.send("deposit", DEPOSIT).await;
    let changes = [
        ("amount", json!("2500")),
        ("tenantUserId", json!("2050")),
        ("trackingId", json!("6485")),
        ("toAddress", json!("TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb")),
    ];
    for (field, value) in changes.clone() {
        let altered = deposit_with(field, value);
        assert_eq!(
            verdict(&deployment.send("deposit", &altered).await),
            REQUEST_CONFLICT,
            "{field}, same requestUUID"
        );
        if field == "toAddress" {
            continue; // under another requestUUID it is another event
        }
        let altered = retry_of(&altered);
        let refused = deployment.send("deposit", &altered).await;
        assert_eq!(verdict(&refused), EVENT_CONFLICT, "{field}, new requestUUID");
        let echoed = refused.reply.expect("a refusal still echoes the request");
        assert_eq!(echoed["requestUUID"], serde_json::from_str::<Value>(&altered).unwrap()["requestUUID"]);
        assert_eq!(verdict(&deployment.send("deposit", &altered).await), EVENT_CONFLICT, "and stays one");
    }
    // The same requestUUID for another event, as in a splice.
    let other_event = deposit_with("txId", "c".repeat(64));
    assert_eq!(verdict(&deployment.send("deposit", &other_event).await), REQUEST_CONFLICT);

    assert_eq!(deployment.available("2049", "TRON#TRX").await, "2.5");
    assert_eq!(deployment.available("2050", "TRON#TRX").await, "0");
    let expected = outcomes([("credited", 1), ("request-conflict", 5), ("event-conflict", 3)]);
    assert_eq!(deployment.outcomes().await, expected, "each recorded once");
    for event in deployment.events().await {
        let is_refusal = event["outcome"].as_s().unwrap() != "credited";
        assert_eq!(is_refusal, event["postings"].as_l().unwrap().is_empty());
        assert_eq!(is_refusal, event.contains_key("refusedEventKey"));
    }
    let lines = function.callbacks(12).await;
    let warned = lines.iter().filter(|line| line["level"] == "WARN").count();
    assert_eq!(warned, 11, "every conflict is logged");
    assert_eq!((function.count("request-conflict"), function.count("event-conflict")), (5, 6));

    // A refused request does not use up its requestUUID: the genuine one still goes through.
    let genuine = deposit_with("txId", "d".repeat(64));
    let genuine = retry_of(&genuine);
    let spliced = with(
        &with(&genuine, "txId", "b00a4aa3d6426f6409a83ae72a79de5b559a2c339ebc89b8b75427c2600978e3"),
        "amount",
        "9",
    );
    assert_eq!(verdict(&deployment.send("deposit", &spliced).await), EVENT_CONFLICT);
    assert_eq!(verdict(&deployment.send("deposit", &genuine).await), ACCEPTED);
    assert_eq!(deployment.available("2049", "TRON#TRX").await, "5");
}

#[tokio::test]
async fn one_transaction_can_pay_several_addresses_and_symbols() {
    let deployment = Deployment::new().await;
    for other in [
        DEPOSIT.to_owned(),
        deposit_with("symbol", "USDT"),
        deposit_with("toAddress", "TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb"),
        deposit_with("toAddress", "TyLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP"), // TRON: another case, another address
    ] {
        assert_eq!(verdict(&deployment.send("deposit", &retry_of(&other)).await), ACCEPTED);
    }
    assert_eq!(deployment.available("2049", "TRON#TRX").await, "7.5");
    assert_eq!(deployment.available("2049", "TRON#USDT").await, "2.5");

    let evm = |address: &str| {
        let on_eth = with(&with(DEPOSIT, "chainName", "ETH"), "symbol", "ETH");
        retry_of(&with(&on_eth, "toAddress", address))
    };
    for address in
        ["0xDe0B295669a9FD93d5F28D9Ec85E40f4cb697BAe", "0xde0b295669a9fd93d5f28d9ec85e40f4cb697bae"]
    {
        assert_eq!(verdict(&deployment.send("deposit", &evm(address)).await), ACCEPTED);
    }
    assert_eq!(deployment.available("2049", "ETH#ETH").await, "2.5", "one event, whatever the case");
}
