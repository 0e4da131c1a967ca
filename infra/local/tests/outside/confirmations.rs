//! Type 2 pays out, so a confirmation has to be earned.

use http::Method;
use serde_json::json;

use crate::harness::*;

#[tokio::test]
async fn a_confirmation_is_refused_for_good_reasons() {
    let deployment = Deployment::with(&[("WAAS_CONFIRMATION_MAX_AGE_SECONDS", "3600")]).await;
    deployment.deposit("1945", "USDT", "100").await;
    for id in ["known", "held", "old", "twice"] {
        deployment.register(id, "1945", "3.3", PAYEE).await;
    }
    let refused = async |plaintext: &str| {
        let exchange = twice(&deployment, "withdrawal-confirmation", plaintext).await;
        let reply = exchange.reply.clone().unwrap();
        assert!(reply.get("address").is_none() && reply.get("amount").is_none(), "a refusal tells nothing");
        verdict(&exchange)
    };
    assert_eq!(refused(&confirmation("unknown")).await, (200, 2006));
    assert_eq!(refused(&with(&confirmation("known"), "tenantUserId", "1946")).await, (200, 2007));
    for (field, value) in [("amount", "3.4"), ("symbol", "TRX"), ("chainName", "ETH"), ("toAddress", "TX")] {
        assert_eq!(refused(&with(&confirmation("known"), field, value)).await, (200, 2008), "{field}");
    }

    assert_eq!(deployment.call(Method::PUT, "/withdrawals/held/hold", None).await.1["held"], true);
    assert_eq!(refused(&confirmation("held")).await, (200, 2011));
    assert_eq!(deployment.call(Method::DELETE, "/withdrawals/held/hold", None).await.1["held"], false);
    let confirmed = deployment.send("withdrawal-confirmation", &confirmation("held")).await;
    assert_eq!(verdict(&confirmed), ACCEPTED, "a refusal is not remembered against the order");

    let client = waas_callback_aws::clients::dynamodb(deployment.stack.config());
    let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
    let update = client.update_item().table_name("Withdrawals").key("callBackId", text("old"));
    let update = update.update_expression("SET registeredAt = :then");
    update.expression_attribute_values(":then", text("2026-01-01T00:00:00.000Z")).send().await.unwrap();
    assert_eq!(refused(&confirmation("old")).await, (200, 2012));

    // The older template's own details, in agreement; and a second payment of one order.
    let detailed = with(&with(&confirmation("twice"), "amount", "3.300"), "symbol", "USDT");
    let first = twice(&deployment, "withdrawal-confirmation", &detailed).await;
    assert_eq!(verdict(&first), ACCEPTED);
    assert_eq!(refused(&with(&confirmation("twice"), "trackingId", "another")).await, (200, 2013));

    // The first decision holds, whatever changes afterwards, until the order ends.
    assert_eq!(
        deployment.call(Method::PUT, "/withdrawals/twice/hold", None).await.0,
        409,
        "too late to hold it"
    );
    let again = deployment.send("withdrawal-confirmation", &retry_of(&detailed)).await;
    assert_eq!((verdict(&again), &again.reply.unwrap()["address"]), (ACCEPTED, &json!(PAYEE)));
    deployment.send("withdrawal-failure", &failure("twice")).await;
    let ended = deployment.send("withdrawal-confirmation", &retry_of(&detailed)).await;
    assert_eq!(verdict(&ended), (200, 2009));
    assert_eq!(deployment.outcomes().await["order-ended"], 1, "recorded");
    deployment.assert_audited().await;
}
