//! Callbacks in plain text, as the platform writes them before sealing.

use serde_json::{Value, json};

/// The documents' deposit.
pub const DEPOSIT: &str = include_str!("../../../../../events/plain/deposit.json");

/// Whom withdrawals pay.
pub const PAYEE: &str = "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK";

/// The documents' sample of a function.
pub fn plain(name: &str) -> String {
    let path = format!("{}/../../events/plain/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
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

/// The documents' deposit with one field changed; `Value::Null` removes it.
pub fn deposit_with(field: &str, value: impl Into<Value>) -> String {
    with(DEPOSIT, field, value)
}

/// A fresh requestUUID, everything else as it is: a retry.
pub fn retry_of(plaintext: &str) -> String {
    waas_platform::with_new_uuid(plaintext).unwrap()
}

/// A callback of a type on an order of user 1945.
pub fn notice(r#type: u8, id: &str) -> Value {
    json!({
        "business": 0, "requestUUID": "x", "tenantUserId": "1945", "callBackId": id, "type": r#type,
        "trackingId": format!("t-{id}")
    })
}

/// A type 2 on an order.
pub fn confirmation(id: &str) -> String {
    retry_of(&notice(2, id).to_string())
}

/// A type 3 on an order, with a transaction of its own.
pub fn completion(id: &str, amount: &str) -> String {
    let mut callback = notice(3, id);
    callback["txId"] = json!(format!("tx-of-{id}"));
    callback["chainName"] = json!("TRON");
    callback["symbol"] = json!("USDT");
    callback["amount"] = json!(amount);
    callback["fromAddress"] = json!("TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb");
    callback["toAddress"] = json!(PAYEE);
    retry_of(&callback.to_string())
}

/// A type 5 on an order.
pub fn failure(id: &str) -> String {
    retry_of(&notice(5, id).to_string())
}
