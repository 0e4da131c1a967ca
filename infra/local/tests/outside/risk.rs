//! Deposits of a risk above the threshold.

use http::Method;
use serde_json::{Value, json};

use crate::harness::*;

#[tokio::test]
async fn risky_deposits_are_held_until_released() {
    let deployment = Deployment::with(&[("WAAS_RISK_THRESHOLD", "65")]).await;
    let deposit = |tx: &str, from: Value, to: Value| {
        let deposit = with(&with(DEPOSIT, "riskLevelFrom", from), "riskLevelTo", to);
        retry_of(&with(&with(&deposit, "txId", tx), "symbol", "USDT"))
    };
    for (nth, (from, to, is_held)) in [
        (json!(64), json!(0), false),
        (json!(65), json!(0), true),
        (json!(0), json!(100), true),
        (Value::Null, json!(0), true),
        (json!(-1), json!(0), true),
        (json!(0), json!(101), true),
    ]
    .into_iter()
    .enumerate()
    {
        let before = deployment.outcomes().await.get("held").copied().unwrap_or_default();
        let exchange = twice(&deployment, "deposit", &deposit(&format!("tx{nth}"), from, to)).await;
        assert_eq!(verdict(&exchange), ACCEPTED, "{nth}: held or not, it is accepted");
        let after = deployment.outcomes().await.get("held").copied().unwrap_or_default();
        assert_eq!(after > before, is_held, "{nth}");
    }
    let (_, user) = deployment.call(Method::GET, "/users/2049", None).await;
    let balance = json!({
        "chainName": "TRON", "symbol": "USDT", "available": "2.5", "frozen": "0", "held": "12.5", "owed": "0"
    });
    assert_eq!(user["balances"], json!([balance]));

    let events = deployment.events().await;
    let key = |outcome: &str| {
        let event = events.iter().find(|event| event["outcome"].as_s().unwrap() == outcome).unwrap();
        event["eventKey"].as_s().unwrap().clone()
    };
    for _ in 0..2 {
        let path = format!("/deposits/{}/release", key("held"));
        assert_eq!(deployment.call(Method::POST, &path, None).await.0, 200);
        let (_, user) = deployment.call(Method::GET, "/users/2049", None).await;
        assert_eq!(
            (&user["balances"][0]["available"], &user["balances"][0]["held"]),
            (&json!("5"), &json!("10"))
        );
    }
    let credited = format!("/deposits/{}/release", key("credited"));
    assert_eq!(deployment.call(Method::POST, &credited, None).await.0, 409);
    assert_eq!(deployment.call(Method::POST, "/deposits/deposit-0/release", None).await.0, 404);
    deployment.assert_audited().await;
}
