//! What is sent, and what came back.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use waas_platform::{Exchange, Platform, event};

use super::{Deployment, Lambda, retry_of};

/// Status and errCode of what was accepted.
pub const ACCEPTED: (u16, i64) = (200, 0);

/// Sends a callback to a function by the event that API Gateway would make of it.
pub async fn send(lambda: &Lambda, platform: &Platform, plaintext: &str) -> Exchange {
    let request = serde_json::from_str(plaintext).unwrap_or(Value::Null);
    let exchange = post(lambda, platform, &platform.key.seal(plaintext.as_bytes()), &request).await;
    assert_eq!(exchange.problems, Vec::<String>::new(), "{exchange:?}");
    exchange
}

/// Sends a body as it is.
pub async fn post(lambda: &Lambda, platform: &Platform, body: &str, request: &Value) -> Exchange {
    let api_key = platform.api_key.as_deref().unwrap_or_default();
    let (status, text) = lambda.invoke(&event("/callback", api_key, body)).await;
    platform.examine(status, &text, request)
}

/// The outcome of one sending, and that a retry of it is answered the same and changes nothing.
pub async fn twice(deployment: &Deployment, function: &str, plaintext: &str) -> Exchange {
    let first = deployment.send(function, plaintext).await;
    let (before, events) = (deployment.usdt("1945").await, deployment.outcomes().await);
    let again = deployment.send(function, &retry_of(plaintext)).await;
    assert_eq!(verdict(&again), verdict(&first));
    let mut reply = again.reply.unwrap();
    reply["requestUUID"] = first.reply.as_ref().unwrap()["requestUUID"].clone();
    assert_eq!(Some(&reply), first.reply.as_ref());
    assert_eq!((deployment.usdt("1945").await, deployment.outcomes().await), (before, events));
    first
}

/// Status and errCode.
pub fn verdict(exchange: &Exchange) -> (u16, i64) {
    (exchange.status, err_code(exchange))
}

/// The exchange's errCode; −1 where there is no envelope.
pub fn err_code(exchange: &Exchange) -> i64 {
    exchange.answer.as_ref().map_or(-1, |answer| answer.err_code)
}

/// Available and frozen, as [`Deployment::usdt`] has them.
pub fn money(available: &str, frozen: &str) -> (String, String) {
    (available.to_owned(), frozen.to_owned())
}

/// How often each outcome is expected, as [`Deployment::outcomes`] has them.
pub fn outcomes<const N: usize>(expected: [(&str, usize); N]) -> BTreeMap<String, usize> {
    expected.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

/// The documents' reply to their deposit.
pub fn documented_reply() -> Value {
    json!({
        "type": 1, "callBackId": null, "trackingId": "6484", "state": null,
        "txId": "b00a4aa3d6426f6409a83ae72a79de5b559a2c339ebc89b8b75427c2600978e3", "txIndex": -1,
        "chainName": "TRON", "symbol": "TRX", "amount": "2.500000000000",
        "fromAddress": "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK", "toAddress": "TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP",
        "tenantType": null, "requestUUID": "fbd70fb4-c302-4228-bd61-6326e0539551", "tenantUserId": "2049"
    })
}
