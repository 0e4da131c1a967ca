//! The order of arrival does not matter to the balances.

use std::collections::BTreeMap;

use http::Method;
use serde_json::json;

use crate::harness::*;

#[tokio::test]
async fn what_arrives_out_of_order_ends_in_the_same_ledger() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;

    // 3 before 2.
    deployment.register("early", "1945", "1", PAYEE).await;
    assert_eq!(verdict(&twice(&deployment, "withdrawal", &completion("early", "1")).await), ACCEPTED);
    assert_eq!(deployment.usdt("1945").await, money("9", "0"));

    // 3 before the registration.
    assert_eq!(verdict(&twice(&deployment, "withdrawal", &completion("late", "2")).await), ACCEPTED);
    assert_eq!(deployment.usdt("1945").await, money("9", "0"));
    assert_eq!(deployment.register("late", "1945", "2.1", PAYEE).await, 409, "not what was paid");
    assert_eq!(deployment.register("late", "1945", "2", PAYEE).await, 201);
    assert_eq!(deployment.register("late", "1945", "2", PAYEE).await, 200);
    assert_eq!(
        (deployment.state("late").await, deployment.usdt("1945").await),
        ("completed".into(), money("7", "0"))
    );

    // 5 before the registration.
    assert_eq!(verdict(&twice(&deployment, "withdrawal-failure", &failure("never")).await), ACCEPTED);
    assert_eq!(deployment.register("never", "1945", "3", PAYEE).await, 201);
    assert_eq!(
        (deployment.state("never").await, deployment.usdt("1945").await),
        ("failed".into(), money("7", "0"))
    );

    // Paid, but the user never had it: as the right order would, the registration is refused.
    assert_eq!(verdict(&twice(&deployment, "withdrawal", &completion("too-much", "50")).await), ACCEPTED);
    for _ in 0..2 {
        assert_eq!(deployment.register("too-much", "1945", "50", PAYEE).await, 422);
    }
    assert_eq!(deployment.usdt("1945").await, money("7", "0"));

    // Both refusals contradict a payment that cannot be undone: recorded once, and told to whoever is on call.
    let outcomes = deployment.outcomes().await;
    assert_eq!((outcomes["other-terms"], outcomes["balance-too-low"]), (1, 1));
    let (_, process) = deployment.function("merchant-api").await;
    let alarmed = process.log().lines().filter(|line| line.contains("request contradicts a payment")).count();
    assert_eq!(
        alarmed, 5,
        "the registration of what was to be confirmed and was paid too, and its repetition"
    );
    deployment.assert_audited().await;
}

#[tokio::test]
async fn a_withdrawal_that_nobody_registered_is_recorded_without_postings() {
    let deployment = Deployment::new().await;
    assert_eq!(verdict(&twice(&deployment, "withdrawal", &plain("withdrawal")).await), ACCEPTED);
    let (_, order) = deployment.call(Method::GET, "/withdrawals/250624392590001", None).await;
    assert_eq!((&order["state"], &order["registered"]), (&json!("completed"), &json!(false)));
    assert_eq!(order["txId"], "598433d2fe70a2e944bbda8b517cca36e0cf7cfe49642b569e73cf1a641148cb");
    let expected = BTreeMap::from([("completed-unregistered".to_owned(), 1)]);
    assert_eq!(deployment.outcomes().await, expected);
    let (_, process) = deployment.function("withdrawal").await;
    process.callbacks(2).await;
    assert_eq!(process.count("completed-unregistered"), 1);
    assert_eq!(deployment.usdt("1945").await, money("0", "0"));

    let unknown = failure("nobody-knows");
    assert_eq!(verdict(&twice(&deployment, "withdrawal-failure", &unknown).await), ACCEPTED);
    assert_eq!(deployment.state("nobody-knows").await, "failed");
}
