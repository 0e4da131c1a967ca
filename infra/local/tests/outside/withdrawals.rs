//! A withdrawal's way from registration to its end, in the documents' order.

use http::Method;
use serde_json::{Value, json};

use crate::harness::*;

#[tokio::test]
async fn a_confirmed_withdrawal_goes_its_whole_way() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    assert_eq!(deployment.register("w", "1945", "3.3", PAYEE).await, 201);
    assert_eq!(deployment.register("w", "1945", "3.30", PAYEE).await, 200, "the same again");
    assert_eq!(deployment.usdt("1945").await, money("6.7", "3.3"));

    let confirmed = twice(&deployment, "withdrawal-confirmation", &confirmation("w")).await;
    assert_eq!(verdict(&confirmed), ACCEPTED);
    let reply = confirmed.reply.unwrap();
    let told = ["address", "chainName", "symbol", "amount"].map(|name| reply[name].as_str().unwrap());
    assert_eq!(told, [PAYEE, "TRON", "USDT", "3.3"]);
    assert_eq!(
        (deployment.state("w").await, deployment.usdt("1945").await),
        ("confirmed".into(), money("6.7", "3.3"))
    );
    let (status, problem) = deployment.call(Method::DELETE, "/withdrawals/w", None).await;
    assert_eq!((status, &problem["type"]), (409, &json!("urn:waas-callbacks:problem:order-confirmed")));

    let completed = twice(&deployment, "withdrawal", &completion("w", "3.3")).await;
    assert_eq!(verdict(&completed), ACCEPTED);
    assert_eq!(deployment.usdt("1945").await, money("6.7", "0"));
    let (status, order) = deployment.call(Method::GET, "/withdrawals/w", None).await;
    assert_eq!((status, &order["state"], &order["txId"]), (200, &json!("completed"), &json!("tx-of-w")));
    assert_eq!(deployment.register("w", "1945", "3.3", PAYEE).await, 200, "still the same registration");
    deployment.assert_audited().await;
}

#[tokio::test]
async fn a_failed_withdrawal_gives_its_funds_back_once() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    deployment.register("w", "1945", "3.3", PAYEE).await;
    twice(&deployment, "withdrawal-confirmation", &confirmation("w")).await;
    for (r#type, function, cause) in
        [(6, "insufficient-balance", "insufficient-balance"), (7, "insufficient-gas", "insufficient-gas")]
    {
        let stalled = twice(&deployment, function, &retry_of(&notice(r#type, "w").to_string())).await;
        assert_eq!(verdict(&stalled), ACCEPTED);
        assert_eq!(deployment.usdt("1945").await, money("6.7", "3.3"), "the funds stay frozen");
        let (_, order) = deployment.call(Method::GET, "/withdrawals/w", None).await;
        assert_eq!((&order["state"], &order["stalled"]), (&json!("confirmed"), &json!(cause)));
        let (_, process) = deployment.function(function).await;
        process.callbacks(2).await;
        assert_eq!(process.count("stalled"), 1, "counted for an alarm");
    }
    assert_eq!(verdict(&twice(&deployment, "withdrawal-failure", &failure("w")).await), ACCEPTED);
    let other_tracking = with(&failure("w"), "trackingId", "another");
    assert_eq!(verdict(&twice(&deployment, "withdrawal-failure", &other_tracking).await), ACCEPTED);
    assert_eq!(deployment.usdt("1945").await, money("10", "0"), "once, however often it comes");
    let (_, order) = deployment.call(Method::GET, "/withdrawals/w", None).await;
    assert_eq!((&order["state"], &order["stalled"]), (&json!("failed"), &Value::Null));

    for (r#type, function) in [(6, "insufficient-balance"), (7, "insufficient-gas")] {
        let late = with(&notice(r#type, "w").to_string(), "trackingId", "late");
        assert_eq!(verdict(&twice(&deployment, function, &retry_of(&late)).await), ACCEPTED);
    }
    let outcomes = deployment.outcomes().await;
    assert_eq!(
        (outcomes["foreign"], outcomes.get("ignored")),
        (3, None),
        "another withdrawal's than the order's"
    );
    for (r#type, function) in [(6, "insufficient-balance"), (7, "insufficient-gas")] {
        let late = json!({ "stalledAgain": true, "type": r#type });
        let late = with(&with(&notice(r#type, "w").to_string(), "trackingId", Value::Null), "tag", late);
        assert_eq!(verdict(&twice(&deployment, function, &retry_of(&late)).await), ACCEPTED);
    }
    assert_eq!(deployment.outcomes().await["ignored"], 2, "too late to matter");
    deployment.assert_audited().await;
}

#[tokio::test]
async fn less_than_ordered_is_a_fee_only_where_the_merchant_says_so() {
    let deployment = Deployment::with(&[("WAAS_ACTUAL_BELOW_ORDER", "fee")]).await;
    deployment.deposit("1945", "USDT", "10").await;
    deployment.register("w", "1945", "3.3", PAYEE).await;
    let more = deployment.send("withdrawal", &with(&completion("w", "3.4"), "txId", "more")).await;
    assert_eq!(verdict(&more), (200, 2008), "more than ordered is never one");
    assert_eq!(verdict(&twice(&deployment, "withdrawal", &completion("w", "3.29")).await), ACCEPTED);
    assert_eq!(deployment.usdt("1945").await, money("6.7", "0"), "the ordered amount is gone");

    // Paid before it was registered: the same ledger.
    assert_eq!(verdict(&deployment.send("withdrawal", &completion("early", "0.9")).await), ACCEPTED);
    assert_eq!(deployment.register("early", "1945", "0.8", PAYEE).await, 409);
    assert_eq!(deployment.register("early", "1945", "1", PAYEE).await, 201);
    assert_eq!(deployment.usdt("1945").await, money("5.7", "0"));
    let (_, order) = deployment.call(Method::GET, "/withdrawals/early", None).await;
    assert_eq!((&order["state"], &order["fee"]), (&json!("completed"), &json!("0.1")));

    let (_, order) = deployment.call(Method::GET, "/withdrawals/w", None).await;
    assert_eq!((&order["state"], &order["fee"]), (&json!("completed"), &json!("0.01")));
    deployment.assert_audited().await;
}

#[tokio::test]
async fn an_energy_lease_moves_no_coin() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    deployment.register("w", "1945", "3.3", PAYEE).await;
    let lease =
        with(&with(&completion("w", "65000"), "symbol", "ENERGY"), "txTimeStamp", 1_750_752_000_123_u64);
    let leased = twice(&deployment, "withdrawal", &lease).await;
    assert_eq!(
        (verdict(&leased), &leased.reply.unwrap()["txTimeStamp"]),
        (ACCEPTED, &json!(1_750_752_000_123_u64))
    );
    assert_eq!(
        (deployment.state("w").await, deployment.usdt("1945").await),
        ("reserved".into(), money("6.7", "3.3"))
    );
    // The token's own withdrawal in the same transaction.
    assert_eq!(verdict(&twice(&deployment, "withdrawal", &completion("w", "3.3")).await), ACCEPTED);
    assert_eq!(deployment.usdt("1945").await, money("6.7", "0"));
    let energy = json!({ "callBackId": "e", "tenantUserId": "1945", "chainName": "TRON", "symbol": "ENERGY", "amount": "1", "address": PAYEE });
    assert_eq!(deployment.call(Method::POST, "/withdrawals", Some(&energy)).await.0, 422);
    deployment.assert_audited().await;
}
