//! An order belongs to one withdrawal of the platform: what first takes effect binds it to a trackingId, for ever.

use http::Method;

use crate::harness::*;

const OTHER_TRACKING_ID: (u16, i64) = (200, 2013);

/// The callback under another withdrawal of the platform.
fn foreign(plaintext: &str) -> String {
    retry_of(&with(plaintext, "trackingId", "foreign"))
}

async fn reserved() -> Deployment {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    assert_eq!(deployment.register("w", "1945", "10", PAYEE).await, 201);
    deployment
}

#[tokio::test]
async fn a_foreign_failure_frees_nothing_and_the_genuine_payment_settles() {
    let deployment = reserved().await;
    assert_eq!(verdict(&deployment.send("withdrawal-confirmation", &confirmation("w")).await), ACCEPTED);
    assert_eq!(verdict(&twice(&deployment, "withdrawal-failure", &foreign(&failure("w"))).await), ACCEPTED);
    assert_eq!(
        (deployment.state("w").await, deployment.usdt("1945").await),
        ("confirmed".into(), money("0", "10"))
    );
    assert_eq!(
        deployment.register("elsewhere", "1945", "10", PAYEE).await,
        422,
        "nothing came back to spend"
    );
    assert_eq!(verdict(&twice(&deployment, "withdrawal", &completion("w", "10")).await), ACCEPTED);
    assert_eq!(
        (deployment.state("w").await, deployment.usdt("1945").await),
        ("completed".into(), money("0", "0"))
    );
    let (_, process) = deployment.function("withdrawal-failure").await;
    process.callbacks(2).await;
    assert_eq!(process.count("foreign"), 1, "counted for an alarm");
    deployment.assert_audited().await;
}

#[tokio::test]
async fn whatever_binds_the_order_every_other_withdrawal_is_foreign() {
    for (function, bind, state) in [
        ("withdrawal-confirmation", confirmation("w"), "confirmed"),
        ("withdrawal", completion("w", "10"), "completed"),
        ("withdrawal-failure", failure("w"), "failed"),
    ] {
        let deployment = reserved().await;
        assert_eq!(verdict(&deployment.send(function, &bind).await), ACCEPTED);
        let usdt = deployment.usdt("1945").await;
        for (function, callback, expected) in [
            ("withdrawal-confirmation", confirmation("w"), OTHER_TRACKING_ID),
            ("withdrawal", with(&completion("w", "10"), "txId", "another"), OTHER_TRACKING_ID),
            ("withdrawal-failure", failure("w"), ACCEPTED),
            ("insufficient-balance", notice(6, "w").to_string(), ACCEPTED),
            ("insufficient-gas", notice(7, "w").to_string(), ACCEPTED),
        ] {
            let seen = twice(&deployment, function, &foreign(&callback)).await;
            assert_eq!(verdict(&seen), expected, "{function} after {state}");
            assert_eq!(
                (deployment.state("w").await, deployment.usdt("1945").await),
                (state.to_owned(), usdt.clone())
            );
        }
        let (_, order) = deployment.call(Method::GET, "/withdrawals/w", None).await;
        assert_eq!((&order["trackingId"], &order["stalled"]), (&"t-w".into(), &serde_json::Value::Null));
        let outcomes = deployment.outcomes().await;
        assert_eq!((outcomes["foreign"], outcomes["other-tracking-id"]), (3, 2), "each recorded once");
        deployment.assert_audited().await;
    }
}

#[tokio::test]
async fn a_shortage_binds_nothing() {
    let deployment = reserved().await;
    assert_eq!(
        verdict(&deployment.send("insufficient-gas", &foreign(&notice(7, "w").to_string())).await),
        ACCEPTED
    );
    let (_, order) = deployment.call(Method::GET, "/withdrawals/w", None).await;
    assert_eq!(
        (&order["stalled"], &order["trackingId"]),
        (&"insufficient-gas".into(), &serde_json::Value::Null)
    );
    assert_eq!(verdict(&deployment.send("withdrawal-confirmation", &confirmation("w")).await), ACCEPTED);
    assert_eq!(verdict(&deployment.send("withdrawal", &completion("w", "10")).await), ACCEPTED);
}

#[tokio::test]
async fn without_a_tracking_id_nothing_is_bound_and_every_other_check_holds() {
    let deployment = reserved().await;
    let without = |plaintext: &str| retry_of(&with(plaintext, "trackingId", serde_json::Value::Null));
    assert_eq!(
        verdict(&deployment.send("withdrawal-confirmation", &without(&confirmation("w"))).await),
        ACCEPTED
    );
    let (_, order) = deployment.call(Method::GET, "/withdrawals/w", None).await;
    assert_eq!((&order["state"], &order["trackingId"]), (&"confirmed".into(), &serde_json::Value::Null));
    for (field, value) in
        [("tenantUserId", "1946"), ("amount", "9"), ("toAddress", "TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb")]
    {
        let other = without(&with(&completion("w", "10"), field, value));
        assert!(err_code(&deployment.send("withdrawal", &other).await) >= 2007, "{field}");
    }
    assert_eq!(
        verdict(&deployment.send("withdrawal-confirmation", &confirmation("w")).await),
        ACCEPTED,
        "binds now"
    );
    assert_eq!(
        verdict(&deployment.send("withdrawal", &foreign(&completion("w", "10"))).await),
        OTHER_TRACKING_ID
    );
    assert_eq!(verdict(&deployment.send("withdrawal", &without(&completion("w", "10"))).await), ACCEPTED);
    assert_eq!(deployment.usdt("1945").await, money("0", "0"));
}

/// Two withdrawals of the platform ask for one order that was confirmed without a trackingId: one is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_confirmations_that_race_one_is_accepted() {
    for unbound in [false, true] {
        let deployment = reserved().await;
        if unbound {
            let asked = retry_of(&with(&confirmation("w"), "trackingId", serde_json::Value::Null));
            assert_eq!(verdict(&deployment.send("withdrawal-confirmation", &asked).await), ACCEPTED);
        }
        let (lambda, _) = deployment.function("withdrawal-confirmation").await;
        let environment = deployment.environment();
        let _more: Vec<_> = (1..4).map(|_| lambda.spawn("withdrawal-confirmation", &environment)).collect();
        let asked: Vec<_> =
            (0..12).map(|nth| with(&confirmation("w"), "trackingId", format!("t{}", nth % 4))).collect();
        let asking = asked.iter().map(|asked| deployment.send("withdrawal-confirmation", asked));
        let exchanges = futures_util::future::join_all(asking).await;
        let (_, order) = deployment.call(Method::GET, "/withdrawals/w", None).await;
        let bound = order["trackingId"].as_str().unwrap();
        for (asked, exchange) in asked.iter().zip(exchanges) {
            let is_ours = asked.contains(&format!("\"{bound}\""));
            let expected = if is_ours { ACCEPTED } else { OTHER_TRACKING_ID };
            assert_eq!(verdict(&exchange), expected, "{asked}, bound to {bound}");
        }
    }
}

/// Concurrent copies need no right that the role of type 3 lacks: none of them reads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_of_an_unregistered_payment_at_once_write_and_read_nothing() {
    let deployment = Deployment::new().await;
    let (lambda, _) = deployment.function("withdrawal").await;
    let environment = deployment.environment();
    let _more: Vec<_> = (1..4).map(|_| lambda.spawn("withdrawal", &environment)).collect();
    deployment.dynamodb.take_asked();
    for round in 0..12 {
        let copies: Vec<_> = (0..8).map(|_| completion(&format!("nobody{round}"), "1")).collect();
        let sending = copies.iter().map(|copy| deployment.send("withdrawal", copy));
        for exchange in futures_util::future::join_all(sending).await {
            assert_eq!(verdict(&exchange), ACCEPTED);
        }
    }
    let asked = deployment.dynamodb.take_asked();
    assert!(asked.iter().all(|asked| asked.action != "dynamodb:GetItem"), "{asked:?}");
    assert_eq!(deployment.outcomes().await["completed-unregistered"], 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_of_a_payment_with_a_fee_at_once_write_and_read_nothing() {
    let deployment = Deployment::with(&[("WAAS_ACTUAL_BELOW_ORDER", "fee")]).await;
    deployment.deposit("1945", "USDT", "20").await;
    for nth in 0..10 {
        assert_eq!(deployment.register(&format!("w{nth}"), "1945", "2", PAYEE).await, 201);
    }
    let (lambda, _) = deployment.function("withdrawal").await;
    let environment = deployment.environment();
    let _more: Vec<_> = (1..4).map(|_| lambda.spawn("withdrawal", &environment)).collect();
    deployment.dynamodb.take_asked();
    for nth in 0..10 {
        let copies: Vec<_> = (0..8).map(|_| completion(&format!("w{nth}"), "1")).collect();
        let sending = copies.iter().map(|copy| deployment.send("withdrawal", copy));
        for exchange in futures_util::future::join_all(sending).await {
            assert_eq!(verdict(&exchange), ACCEPTED);
        }
    }
    let asked = deployment.dynamodb.take_asked();
    assert!(asked.iter().all(|asked| asked.action != "dynamodb:GetItem"), "{asked:?}");
    assert_eq!(deployment.usdt("1945").await, money("0", "0"));
    deployment.assert_audited().await;
}

/// errCode 0 to a type 2 is the payout, and nothing says that a question without a trackingId is the same withdrawal.
#[tokio::test]
async fn a_question_without_a_tracking_id_is_not_answered_for_an_order_that_belongs_to_one() {
    let deployment = reserved().await;
    assert_eq!(verdict(&deployment.send("withdrawal-confirmation", &confirmation("w")).await), ACCEPTED);
    let unnamed = with(&confirmation("w"), "trackingId", serde_json::Value::Null);
    let refused = twice(&deployment, "withdrawal-confirmation", &unnamed).await;
    assert_eq!(verdict(&refused), OTHER_TRACKING_ID);
    assert_eq!(verdict(&deployment.send("withdrawal-confirmation", &confirmation("w")).await), ACCEPTED);
}
