//! What identifies a payment: its transaction, and the order that it pays.

use crate::harness::*;

/// A type 3 on an order in a transaction that pays others too.
fn in_batch(id: &str, amount: &str) -> String {
    with(&completion(id, amount), "txId", "batch")
}

#[tokio::test]
async fn one_transaction_can_pay_many_orders() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    for id in ["a", "b"] {
        assert_eq!(deployment.register(id, "1945", "5", PAYEE).await, 201);
        assert_eq!(verdict(&deployment.send("withdrawal-confirmation", &confirmation(id)).await), ACCEPTED);
    }
    for id in ["a", "b"] {
        assert_eq!(verdict(&twice(&deployment, "withdrawal", &in_batch(id, "5")).await), ACCEPTED);
        assert_eq!(deployment.state(id).await, "completed");
    }
    assert_eq!(deployment.usdt("1945").await, money("0", "0"));
    deployment.assert_audited().await;
}

/// A splice that moves a genuine payment onto another order meets what that order says: its user, its terms, the
/// withdrawal that it belongs to, and that it was to be confirmed.
#[tokio::test]
async fn a_payment_moved_onto_another_order_meets_that_orders_checks() {
    let deployment = Deployment::new().await;
    for user in ["1945", "1946"] {
        deployment.deposit(user, "USDT", "20").await;
    }
    for (id, user, amount) in [
        ("paid", "1945", "5"),
        ("others", "1946", "5"),
        ("dearer", "1945", "6"),
        ("bound", "1945", "5"),
        ("open", "1945", "4"),
    ] {
        assert_eq!(deployment.register(id, user, amount, PAYEE).await, 201);
    }
    for id in ["paid", "bound"] {
        assert_eq!(verdict(&deployment.send("withdrawal-confirmation", &confirmation(id)).await), ACCEPTED);
    }
    let genuine = completion("paid", "5");
    assert_eq!(verdict(&deployment.send("withdrawal", &genuine).await), ACCEPTED);
    let before = (deployment.usdt("1945").await, deployment.usdt("1946").await);
    for (target, code) in [("others", 2007), ("dearer", 2008), ("bound", 2013)] {
        let moved = retry_of(&with(&genuine, "callBackId", target));
        assert_eq!(verdict(&twice(&deployment, "withdrawal", &moved).await), (200, code), "onto {target}");
    }
    assert_eq!((deployment.usdt("1945").await, deployment.usdt("1946").await), before);
    // Of an order that agrees in all of that, the mode tells: it was to be confirmed, and is not.
    let moved = retry_of(&with(&with(&genuine, "callBackId", "open"), "amount", "4"));
    assert_eq!(verdict(&deployment.send("withdrawal", &moved).await), ACCEPTED);
    assert_eq!(deployment.outcomes().await["completed-unconfirmed"], 1, "an alarm");
}
