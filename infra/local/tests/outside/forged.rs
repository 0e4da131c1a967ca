//! What a compromised function could write into an order's record is not believed.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::harness::*;

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

/// Rewrites attributes of an order's record.
async fn rewrite(deployment: &Deployment, id: &str, attributes: &[(&str, AttributeValue)]) {
    let client = waas_callback_aws::clients::dynamodb(deployment.stack.config());
    let sets = attributes.iter().enumerate().map(|(nth, _)| format!("#n{nth} = :v{nth}"));
    let expression = format!("SET {}", sets.collect::<Vec<_>>().join(", "));
    let mut update = client.update_item().table_name("Withdrawals").key("callBackId", text(id));
    for (nth, (name, value)) in attributes.iter().enumerate() {
        update = update.expression_attribute_names(format!("#n{nth}"), *name);
        update = update.expression_attribute_values(format!(":v{nth}"), value.clone());
    }
    update.update_expression(expression).send().await.unwrap();
}

#[tokio::test]
async fn a_confirmation_pays_what_was_registered_whatever_the_orders_record_says() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    assert_eq!(deployment.register("w", "1945", "3", PAYEE).await, 201);
    let number = |value: &str| AttributeValue::N(value.to_owned());
    let thief = [
        ("address", text("TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb")),
        ("canonicalAddress", text("TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb")),
        ("amount", number("9999")),
        ("amountText", text("9999")),
        ("symbol", text("TRX")),
        ("chainName", text("ETH")),
        ("tenantUserId", text("1946")),
        ("mode", text("direct")),
        ("payableIn", text("reserved")),
    ];
    rewrite(&deployment, "w", &thief).await;
    let paid = deployment.send("withdrawal-confirmation", &confirmation("w")).await;
    assert_eq!(verdict(&paid), ACCEPTED);
    let reply = paid.reply.unwrap();
    let told =
        ["address", "amount", "symbol", "chainName"].map(|field| reply[field].as_str().unwrap().to_owned());
    assert_eq!(told, [PAYEE, "3", "USDT", "TRON"]);
    // The payment is held against the registration too.
    let to_thief = with(&completion("w", "9999"), "toAddress", "TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb");
    assert_eq!(verdict(&twice(&deployment, "withdrawal", &to_thief).await), (200, 2008));
    assert_eq!(verdict(&twice(&deployment, "withdrawal", &completion("w", "3")).await), ACCEPTED);
    assert_eq!(deployment.usdt("1945").await, money("7", "0"));
}

#[tokio::test]
async fn an_order_that_nobody_registered_is_not_paid_whatever_its_record_says() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    for (id, state, registered) in [
        ("without", "reserved", None),
        ("with", "reserved", Some(AttributeValue::Bool(true))),
        ("confirmed", "confirmed", Some(AttributeValue::Bool(true))),
    ] {
        let mut forged = vec![
            ("tenantUserId", text("1945")),
            ("chainName", text("TRON")),
            ("symbol", text("USDT")),
            ("amount", AttributeValue::N("5".into())),
            ("amountText", text("5")),
            ("address", text(PAYEE)),
            ("state", text(state)),
        ];
        forged.extend(registered.map(|value| ("registered", value)));
        rewrite(&deployment, id, &forged).await;
        let refused = twice(&deployment, "withdrawal-confirmation", &confirmation(id)).await;
        assert_eq!(verdict(&refused), (200, 2006), "{id}");
        // And nobody else's funds are frozen for it: a failure frees nothing, a payment takes nothing.
        assert_eq!(verdict(&twice(&deployment, "withdrawal-failure", &failure(id)).await), ACCEPTED, "{id}");
        assert_eq!(deployment.usdt("1945").await, money("10", "0"), "{id}");
    }
    // A record that says when it was registered, and no such registration: a table was lost or restored alone.
    let lost = [("state", text("reserved")), ("registeredAt", text("2026-01-02T03:04:05.678Z"))];
    rewrite(&deployment, "lost", &lost).await;
    for (function, callback) in [
        ("withdrawal-confirmation", confirmation("lost")),
        ("withdrawal", completion("lost", "5")),
        ("withdrawal-failure", failure("lost")),
    ] {
        assert_eq!(verdict(&deployment.send(function, &callback).await), (503, 5004), "{function}");
    }
    assert_eq!(deployment.usdt("1945").await, money("10", "0"));
}
