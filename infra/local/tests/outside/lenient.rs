//! What moves no money blocks no money.

use serde_json::{Value, json};

use crate::harness::*;

#[tokio::test]
async fn whatever_an_echo_holds_the_user_is_credited_and_it_is_given_back() {
    let deployment = Deployment::new().await;
    let mut nth = 0;
    for (field, values) in [
        ("txIndex", vec![json!(null), json!("0"), json!(1.5), json!([1]), json!("x"), json!({ "a": 1 })]),
        ("fromAddress", vec![json!(null), json!(""), json!(7), json!(["T"]), json!(true)]),
    ] {
        for value in values {
            nth += 1;
            let mut callback: Value =
                serde_json::from_str(&deposit_with("txId", format!("tx{nth}"))).unwrap();
            callback[field] = value.clone();
            let exchange = twice(&deployment, "deposit", &retry_of(&callback.to_string())).await;
            assert_eq!(verdict(&exchange), ACCEPTED, "{field} {value}");
            assert_eq!(exchange.reply.unwrap()[field], value);
        }
        nth += 1;
        let missing = with(&deposit_with("txId", format!("tx{nth}")), field, Value::Null);
        let exchange = deployment.send("deposit", &retry_of(&missing)).await;
        assert_eq!(
            (verdict(&exchange), &exchange.reply.unwrap()[field]),
            (ACCEPTED, &Value::Null),
            "{field} missing"
        );
    }
    assert_eq!(deployment.outcomes().await["credited"], nth);
    assert_eq!(deployment.available("2049", "TRON#TRX").await, "32.5", "13 deposits of 2.5");
}

#[tokio::test]
async fn dust_that_java_writes_with_an_exponent_is_credited_exactly() {
    let deployment = Deployment::new().await;
    for (nth, (amount, available)) in [
        (json!("1.00000E-7"), "0.0000001"),
        (json!("1E-12"), "0.000000100001"),
        (json!("1E+3"), "1000.000000100001"),
        (json!("2.5e0"), "1002.500000100001"),
    ]
    .into_iter()
    .enumerate()
    {
        let deposit = with(&deposit_with("txId", format!("tx{nth}")), "amount", amount.clone());
        let exchange = twice(&deployment, "deposit", &retry_of(&deposit)).await;
        assert_eq!(
            (verdict(&exchange), &exchange.reply.unwrap()["amount"]),
            (ACCEPTED, &amount),
            "as it came"
        );
        assert_eq!(deployment.available("2049", "TRON#TRX").await, available);
    }
    for amount in ["1e999999999", "1e-999999999", "1E38", "1e-39"] {
        let refused = deployment.send("deposit", &retry_of(&deposit_with("amount", amount))).await;
        assert_eq!(verdict(&refused), (400, 1004), "{amount}");
        assert_eq!(refused.answer.unwrap().message, "amount has more than 38 digits");
    }
    deployment.assert_audited().await;
}

#[tokio::test]
async fn nothing_at_all_is_recorded_and_posts_nothing() {
    let deployment = Deployment::new().await;
    for amount in ["0", "0.000000000000", "0E-12"] {
        let deposit = with(&deposit_with("txId", format!("poison{amount}")), "amount", amount);
        assert_eq!(verdict(&twice(&deployment, "deposit", &retry_of(&deposit)).await), ACCEPTED);
    }
    assert_eq!(verdict(&twice(&deployment, "withdrawal", &completion("nobody", "0")).await), ACCEPTED);
    assert_eq!(deployment.state("nobody").await, "none");
    deployment.deposit("1945", "USDT", "1").await;
    assert_eq!(deployment.register("w", "1945", "1", PAYEE).await, 201);
    assert_eq!(verdict(&deployment.send("withdrawal", &completion("w", "0")).await), (200, 2008));
    assert_eq!(deployment.outcomes().await["zero-amount"], 4);
    let zeros: Vec<_> = deployment.events().await;
    let zeros = zeros.iter().filter(|event| event["outcome"].as_s().unwrap() == "zero-amount");
    assert!(zeros.into_iter().all(|event| event["postings"].as_l().unwrap().is_empty()));
    assert_eq!(deployment.ledger.balances("2049").await.unwrap(), []);
}

#[tokio::test]
async fn a_retry_that_tells_another_position_or_payer_is_a_repetition() {
    let deployment = Deployment::new().await;
    assert_eq!(verdict(&deployment.send("deposit", DEPOSIT).await), ACCEPTED);
    for (field, value) in [
        ("txIndex", json!(3)),
        ("txIndex", json!(null)),
        ("fromAddress", json!("TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb")),
    ] {
        let retry = retry_of(&deposit_with(field, value.clone()));
        assert_eq!(verdict(&deployment.send("deposit", &retry).await), ACCEPTED, "{field} {value}");
    }
    assert_eq!(deployment.available("2049", "TRON#TRX").await, "2.5");
    assert_eq!(deployment.outcomes().await.into_iter().collect::<Vec<_>>(), [("credited".to_owned(), 1)]);
}

#[tokio::test]
async fn two_outputs_of_one_transaction_to_one_address_are_not_silently_one() {
    let deployment = Deployment::new().await;
    for (index, expected) in
        [(json!(0), ACCEPTED), (json!(0), ACCEPTED), (json!(1), (200, 2003)), (json!("2"), (200, 2003))]
    {
        let output = retry_of(&deposit_with("txIndex", index.clone()));
        assert_eq!(verdict(&deployment.send("deposit", &output).await), expected, "{index}");
    }
    let same_request = deposit_with("txIndex", 5);
    let first = deployment.requests().await[0]["requestUUID"].as_s().unwrap().clone();
    let other = deployment.send("deposit", &with(&same_request, "requestUUID", first)).await;
    assert_eq!(verdict(&other), (200, 2003));
    assert_eq!(deployment.available("2049", "TRON#TRX").await, "2.5");
    assert_eq!(deployment.outcomes().await["event-conflict"], 3, "each recorded, for somebody to look at");
}

#[tokio::test]
async fn a_damaged_payee_in_a_failure_keeps_no_funds_frozen() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    let damaged = "TGVJZLgz88XPYwkQECMRocSgHt极QT7VQZd"; // as in a sample of the documents
    for (id, to) in [("w0", json!(damaged)), ("w1", json!(7)), ("w2", json!(PAYEE)), ("w3", json!(""))] {
        assert_eq!(deployment.register(id, "1945", "1", PAYEE).await, 201);
        assert_eq!(verdict(&deployment.send("withdrawal-confirmation", &confirmation(id)).await), ACCEPTED);
        let failed = with(&failure(id), "toAddress", to);
        assert_eq!(verdict(&twice(&deployment, "withdrawal-failure", &failed).await), ACCEPTED);
        assert_eq!(deployment.state(id).await, "failed");
    }
    assert_eq!(deployment.usdt("1945").await, money("10", "0"));
    let outcomes = deployment.outcomes().await;
    assert_eq!((outcomes["failed-other-address"], outcomes["failed"]), (1, 3));
    let (_, process) = deployment.function("withdrawal-failure").await;
    assert_eq!(process.count("failed-other-address"), 1, "counted for an alarm");
    deployment.assert_audited().await;
}
