//! How an order is paid: confirmed, where a type 2 comes first, or direct, where none does.

use http::Method;
use serde_json::json;

use crate::harness::*;

const DIRECT: (u16, i64) = (200, 2015);

#[tokio::test]
async fn a_direct_order_is_never_taken_back_and_is_settled_when_gas_arrives() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    assert_eq!(deployment.register_in("direct", "w", "1945", "10", PAYEE).await, 201);
    assert_eq!(deployment.register_in("direct", "w", "1945", "10.0", PAYEE).await, 200, "the same again");
    assert_eq!(deployment.register("w", "1945", "10", PAYEE).await, 409, "known in another mode");
    let under_way = (409, "order-under-way".to_owned());
    assert_eq!(deployment.act(Method::DELETE, "/withdrawals/w").await, under_way);
    let stalled = deployment.send("insufficient-gas", &retry_of(&notice(7, "w").to_string())).await;
    assert_eq!(verdict(&stalled), ACCEPTED);
    assert_eq!(deployment.act(Method::DELETE, "/withdrawals/w").await, under_way);
    assert_eq!(deployment.usdt("1945").await, money("0", "10"), "the funds stay frozen");
    assert_eq!(verdict(&twice(&deployment, "withdrawal", &completion("w", "10")).await), ACCEPTED);
    assert_eq!(deployment.usdt("1945").await, money("0", "0"));
    assert_eq!(deployment.outcomes().await["completed"], 1, "as it should be");
    let (_, order) = deployment.call(Method::GET, "/withdrawals/w", None).await;
    assert_eq!((&order["mode"], &order["state"]), (&json!("direct"), &json!("completed")));
    deployment.assert_audited().await;
}

#[tokio::test]
async fn a_direct_order_is_neither_confirmed_nor_held() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    assert_eq!(deployment.register_in("direct", "w", "1945", "10", PAYEE).await, 201);
    let asked = twice(&deployment, "withdrawal-confirmation", &confirmation("w")).await;
    assert_eq!(verdict(&asked), DIRECT, "the platform pays it already: an answer would pay it twice");
    for method in [Method::PUT, Method::DELETE] {
        let refused = deployment.act(method, "/withdrawals/w/hold").await;
        assert_eq!(refused, (409, "order-direct".to_owned()));
    }
    let (_, order) = deployment.call(Method::GET, "/withdrawals/w", None).await;
    assert_eq!((&order["state"], &order["held"]), (&json!("reserved"), &json!(false)));
    assert_eq!(verdict(&deployment.send("withdrawal-failure", &failure("w")).await), ACCEPTED);
    assert_eq!(deployment.usdt("1945").await, money("10", "0"));
}

#[tokio::test]
async fn what_the_platform_spoke_of_cannot_be_taken_back() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    assert_eq!(deployment.register("stalled", "1945", "1", PAYEE).await, 201);
    let stalled = deployment.send("insufficient-balance", &retry_of(&notice(6, "stalled").to_string())).await;
    assert_eq!(verdict(&stalled), ACCEPTED);
    let refused = deployment.act(Method::DELETE, "/withdrawals/stalled").await;
    assert_eq!(refused, (409, "order-under-way".to_owned()));
    assert_eq!(
        deployment.act(Method::PUT, "/withdrawals/stalled/hold").await.0,
        200,
        "it can still be kept back"
    );
    assert_eq!(deployment.act(Method::DELETE, "/withdrawals/stalled/hold").await.0, 200);
    assert_eq!(
        verdict(&deployment.send("withdrawal-confirmation", &confirmation("stalled")).await),
        ACCEPTED
    );
    let refused = deployment.act(Method::DELETE, "/withdrawals/stalled").await;
    assert_eq!(refused, (409, "order-confirmed".to_owned()));
    assert_eq!(deployment.usdt("1945").await, money("9", "1"));
}

/// The platform knows of the withdrawal before we do: the registration that comes later is under way from the start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_platform_spoke_of_before_its_registration_cannot_be_taken_back() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "40").await;
    let stall = notice(7, "w").to_string();
    for _ in 0..2 {
        assert_eq!(verdict(&deployment.send("insufficient-gas", &retry_of(&stall)).await), ACCEPTED);
    }
    let (_, order) = deployment.call(Method::GET, "/withdrawals/w", None).await;
    assert_eq!((&order["state"], &order["registered"]), (&json!("reported"), &json!(false)));
    assert_eq!(deployment.act(Method::DELETE, "/withdrawals/w").await, (404, "not-found".to_owned()));
    assert_eq!(deployment.act(Method::PUT, "/withdrawals/w/hold").await, (404, "not-found".to_owned()));
    assert_eq!(verdict(&deployment.send("withdrawal-confirmation", &confirmation("w")).await), (200, 2006));
    assert_eq!(deployment.register("w", "1945", "10", PAYEE).await, 201);
    assert_eq!(verdict(&deployment.send("insufficient-gas", &retry_of(&stall)).await), ACCEPTED);
    let refused = deployment.act(Method::DELETE, "/withdrawals/w").await;
    assert_eq!(refused, (409, "order-under-way".to_owned()));
    assert_eq!(verdict(&deployment.send("withdrawal", &completion("w", "10")).await), ACCEPTED);
    assert_eq!(deployment.usdt("1945").await, money("30", "0"));

    // Whichever of the two is first.
    for nth in 0..20 {
        let id = format!("w{nth}");
        let stall = retry_of(&notice(7, &id).to_string());
        let both = async || {
            tokio::join!(
                deployment.send("insufficient-gas", &stall),
                deployment.register(&id, "1945", "1", PAYEE)
            )
        };
        let (stalled, registered) = both().await;
        assert_eq!((verdict(&stalled), registered), (ACCEPTED, 201));
        let refused = deployment.act(Method::DELETE, &format!("/withdrawals/{id}")).await;
        assert_eq!(refused, (409, "order-under-way".to_owned()));
    }
    // Nor does it stand in the way of what comes without a registration.
    for (id, function, callback, state) in [
        ("p", "withdrawal", completion("p", "1"), "completed"),
        ("f", "withdrawal-failure", failure("f"), "failed"),
    ] {
        let stall = with(&notice(6, id).to_string(), "tenantUserId", "somebody-else");
        assert_eq!(verdict(&deployment.send("insufficient-balance", &retry_of(&stall)).await), ACCEPTED);
        assert_eq!(verdict(&twice(&deployment, function, &callback).await), ACCEPTED);
        assert_eq!(deployment.state(id).await, state);
    }
    deployment.assert_audited().await;
}

/// The condition of the transaction, not the reading before it: the shortage arrives between the two.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancellation_that_a_shortage_overtakes_is_refused() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "40").await;
    let (mut cancelled, mut refused) = (0, 0);
    for nth in 0..40 {
        let id = format!("w{nth}");
        assert_eq!(deployment.register(&id, "1945", "1", PAYEE).await, 201);
        let (stall, path) = (retry_of(&notice(7, &id).to_string()), format!("/withdrawals/{id}"));
        let (stalled, answer) =
            tokio::join!(deployment.send("insufficient-gas", &stall), deployment.act(Method::DELETE, &path));
        assert_eq!(verdict(&stalled), ACCEPTED);
        let (_, order) = deployment.call(Method::GET, &path, None).await;
        let events = deployment.events().await;
        let of = |event: &Item| event.get("callBackId").is_some_and(|of| of.as_s().unwrap() == &id);
        let is_stall = |event: &&Item| event.contains_key("type") && of(event);
        let came_of_it = events.iter().find(is_stall).unwrap()["outcome"].as_s().unwrap().clone();
        if answer.0 == 200 {
            assert_eq!((&order["state"], &order["stalled"]), (&json!("cancelled"), &json!(null)));
            assert_eq!(came_of_it, "ignored", "the shortage came after the cancellation");
            cancelled += 1;
        } else {
            assert_eq!(answer, (409, "order-under-way".to_owned()));
            assert_eq!(came_of_it, "stalled");
            assert_eq!(
                (&order["state"], &order["stalled"]),
                (&json!("reserved"), &json!("insufficient-gas"))
            );
            refused += 1;
        }
    }
    assert_eq!(deployment.usdt("1945").await, money(&cancelled.to_string(), &refused.to_string()));
    deployment.assert_audited().await;
}

#[tokio::test]
async fn what_was_paid_unasked_is_settled_and_told_apart() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    for id in ["unconfirmed", "held"] {
        assert_eq!(deployment.register(id, "1945", "1", PAYEE).await, 201);
    }
    assert_eq!(deployment.act(Method::PUT, "/withdrawals/held/hold").await.0, 200);
    for id in ["unconfirmed", "held"] {
        assert_eq!(verdict(&twice(&deployment, "withdrawal", &completion(id, "1")).await), ACCEPTED);
        assert_eq!(deployment.state(id).await, "completed", "the coins are gone");
    }
    assert_eq!(verdict(&deployment.send("withdrawal", &completion("late", "1")).await), ACCEPTED);
    assert_eq!(deployment.register("late", "1945", "1", PAYEE).await, 201, "and it was to be confirmed");
    assert_eq!(verdict(&deployment.send("withdrawal", &completion("late-direct", "1")).await), ACCEPTED);
    assert_eq!(deployment.register_in("direct", "late-direct", "1945", "1", PAYEE).await, 201);
    let outcomes = deployment.outcomes().await;
    assert_eq!((outcomes["completed-unconfirmed"], outcomes["completed"]), (3, 1));
    let (_, process) = deployment.function("withdrawal").await;
    assert_eq!(process.count("completed-unconfirmed"), 2, "counted for an alarm");
    let (_, process) = deployment.function("merchant-api").await;
    let told = process.log().lines().filter(|line| line.contains("request contradicts a payment")).count();
    assert_eq!(told, 1, "the late registration too");
    assert_eq!(deployment.usdt("1945").await, money("6", "0"));
    deployment.assert_audited().await;
}

#[tokio::test]
async fn an_order_that_ended_unpaid_is_not_registered_again() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    for id in ["cancelled", "failed"] {
        assert_eq!(deployment.register(id, "1945", "1", PAYEE).await, 201);
    }
    assert_eq!(deployment.act(Method::DELETE, "/withdrawals/cancelled").await.0, 200);
    deployment.send("withdrawal-failure", &failure("failed")).await;
    for id in ["cancelled", "failed"] {
        let order = json!({
            "callBackId": id, "tenantUserId": "1945", "chainName": "TRON", "symbol": "USDT", "amount": "1",
            "address": PAYEE
        });
        let (status, problem) = deployment.call(Method::POST, "/withdrawals", Some(&order)).await;
        assert_eq!((status, &problem["detail"]), (409, &json!(format!("the order is already {id}"))));
    }
    assert_eq!(deployment.usdt("1945").await, money("10", "0"));
    let (status, problem) = deployment
        .call(
            Method::POST,
            "/withdrawals",
            Some(&json!({
                "callBackId": "m", "tenantUserId": "1945", "chainName": "TRON", "symbol": "USDT", "amount": "1",
                "address": PAYEE, "mode": "both"
            })),
        )
        .await;
    assert_eq!((status, &problem["detail"]), (400, &json!("mode is neither confirmed nor direct")));
}
