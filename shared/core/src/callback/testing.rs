//! What tests share: the documents' samples, read without the cipher.

use serde_json::Value;

use super::Callback;
use crate::fields::SchemaError;
use crate::identity::Identity;
use crate::terms::Terms;

pub(crate) const DEPOSIT: &str = include_str!("../../../../events/plain/deposit.json");
pub(crate) const WITHDRAWAL: &str = include_str!("../../../../events/plain/withdrawal.json");

pub(crate) fn parse(json: &str) -> Callback {
    Callback::parse_json(json).unwrap().unwrap()
}

pub(crate) fn refused(json: &str) -> SchemaError {
    Callback::parse_json(json).unwrap_err()
}

pub(crate) fn identity(json: &str) -> Identity {
    parse(json).identity()
}

/// A callback with one field as this JSON text; without the field for "".
pub(crate) fn with(json: &str, field: &str, value: &str) -> String {
    let mut callback: serde_json::Map<String, Value> = serde_json::from_str(json).unwrap();
    callback.remove(field);
    let text = Value::Object(callback).to_string();
    if value.is_empty() { text } else { text.replacen('{', &format!("{{\"{field}\":{value},"), 1) }
}

/// A type 2, 4, 5, 6 or 7 with these own fields.
pub(crate) fn of_type(r#type: u8, own: &str) -> String {
    format!(r#"{{"requestUUID":"u","tenantUserId":"1945","trackingId":"1","type":{type},{own}}}"#)
}

/// The reply as JSON.
pub(crate) fn reply(json: &str, payout: Option<&Terms>) -> Value {
    serde_json::from_str(&parse(json).reply(payout)).unwrap()
}
