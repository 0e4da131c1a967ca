//! What the tests of a whole function need: the real binary under a Lambda Runtime API, and services that
//! can be made to fail.

mod deployment;
mod faults;
mod runtime;

pub use deployment::Deployment;
pub use faults::{Fault, FaultyProxy};
pub use runtime::{Function, Lambda};

use serde_json::{Value, json};
use waas_local::Stack;
use waas_platform::{Exchange, Platform, event};

/// The documents' deposit.
pub const DEPOSIT: &str = include_str!("../../../../../events/plain/deposit.json");

/// The documents' reply to it.
pub fn documented_reply() -> Value {
    json!({
        "type": 1, "callBackId": null, "trackingId": "6484", "state": null,
        "txId": "b00a4aa3d6426f6409a83ae72a79de5b559a2c339ebc89b8b75427c2600978e3", "txIndex": -1,
        "chainName": "TRON", "symbol": "TRX", "amount": "2.500000000000",
        "fromAddress": "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK", "toAddress": "TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP",
        "tenantType": null, "requestUUID": "fbd70fb4-c302-4228-bd61-6326e0539551", "tenantUserId": "2049"
    })
}

/// The documents' deposit with one field changed; `Value::Null` removes it.
pub fn deposit_with(field: &str, value: impl Into<Value>) -> String {
    with(DEPOSIT, field, value)
}

/// A callback with one field changed; `Value::Null` removes it.
pub fn with(plaintext: &str, field: &str, value: impl Into<Value>) -> String {
    let mut callback: Value = serde_json::from_str(plaintext).unwrap();
    match value.into() {
        Value::Null => _ = callback.as_object_mut().unwrap().remove(field),
        value => callback[field] = value,
    }
    callback.to_string()
}

/// A fresh requestUUID, everything else as it is: a retry.
pub fn retry_of(plaintext: &str) -> String {
    waas_platform::with_new_uuid(plaintext).unwrap()
}

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

/// The exchange's errCode; −1 where there is no envelope.
pub fn err_code(exchange: &Exchange) -> i64 {
    exchange.answer.as_ref().map_or(-1, |answer| answer.err_code)
}

/// Status and errCode.
pub fn verdict(exchange: &Exchange) -> (u16, i64) {
    (exchange.status, err_code(exchange))
}

/// A variable of the stack's environment.
pub fn variable(stack: &Stack, name: &str) -> String {
    stack.environment().iter().find(|(known, _)| *known == name).unwrap().1.clone()
}

/// The stack's environment, with the proxies for its endpoints.
pub fn environment(
    stack: &Stack,
    dynamodb: &FaultyProxy,
    secrets: &FaultyProxy,
) -> Vec<(&'static str, String)> {
    let proxied = |(name, value): &(&'static str, String)| match *name {
        "AWS_ENDPOINT_URL_DYNAMODB" => (*name, dynamodb.url.clone()),
        "AWS_ENDPOINT_URL_SECRETS_MANAGER" => (*name, secrets.url.clone()),
        _ => (*name, value.clone()),
    };
    stack.environment().iter().map(proxied).collect()
}
