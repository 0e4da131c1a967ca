//! Sends a callback as the platform would, and checks the answer as it would.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use ureq::Agent;

use crate::key::{DEVELOPMENT_API_KEY, PrivateKey};

/// The platform, as far as one merchant sees it.
#[derive(Debug, Clone)]
pub struct Platform {
    /// The merchant's key pair.
    pub key: PrivateKey,
    /// Sent as `X-API-KEY`; without it no such header is sent.
    pub api_key: Option<String>,
    agent: Agent,
}

/// The envelope of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The merchant's API key.
    pub api_key: String,
    /// Base64 of the sealed reply.
    pub data: String,
    /// 0 = accepted.
    pub err_code: i64,
    /// What is wrong; may be empty on success.
    pub message: String,
}

/// A callback and what came of it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exchange {
    /// HTTP status.
    pub status: u16,
    /// The answer's envelope, if it was one.
    pub answer: Option<Answer>,
    /// The opened reply, if there was one.
    pub reply: Option<Value>,
    /// What the platform would find wrong with the answer, whatever it says; empty if nothing.
    pub problems: Vec<String>,
    /// From sending to the answer's last byte, in milliseconds.
    pub latency_ms: u128,
}

/// Why a callback got no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Nothing was answered.
    #[error("no answer")]
    NoAnswer(#[from] ureq::Error),
}

impl Exchange {
    /// Would the platform leave it at that, or send the callback again?
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.status == 200 && self.answer.as_ref().is_some_and(|answer| answer.err_code == 0)
    }
}

impl Platform {
    /// The platform of the development keys.
    #[must_use]
    pub fn development() -> Self {
        Self::new(PrivateKey::development(), Some(DEVELOPMENT_API_KEY.to_owned()))
    }

    /// The platform of a merchant with this key pair and API key.
    #[must_use]
    pub fn new(key: PrivateKey, api_key: Option<String>) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .into();
        Self { key, api_key, agent }
    }

    /// Seals `plaintext`, posts it to `url` and checks the answer against it.
    ///
    /// # Errors
    ///
    /// [`SendError`] if nothing came back; a bad answer is no error but a finding in the [`Exchange`].
    pub fn send(&self, url: &str, plaintext: &str) -> Result<Exchange, SendError> {
        let request = serde_json::from_str(plaintext).unwrap_or(Value::Null);
        self.post(url, &self.key.seal(plaintext.as_bytes()), &request)
    }

    /// Posts a body as it is; `request` is what the reply has to echo.
    ///
    /// # Errors
    ///
    /// [`SendError`] if nothing came back.
    pub fn post(&self, url: &str, body: &str, request: &Value) -> Result<Exchange, SendError> {
        let started = Instant::now();
        let mut post = self.agent.post(url).header("content-type", "application/x-www-form-urlencoded");
        if let Some(api_key) = &self.api_key {
            post = post.header("x-api-key", api_key);
        }
        let mut response = post.send(body)?;
        let text = response.body_mut().read_to_string()?;
        let mut exchange = self.examine(response.status().as_u16(), &text, request);
        exchange.latency_ms = started.elapsed().as_millis();
        Ok(exchange)
    }

    /// Reads an answer that came by another way than [`send`](Self::send), and checks it against `request`.
    #[must_use]
    pub fn examine(&self, status: u16, text: &str, request: &Value) -> Exchange {
        let answer = serde_json::from_str(text).ok();
        let mut exchange = Exchange { status, answer, reply: None, problems: Vec::new(), latency_ms: 0 };
        self.check(&mut exchange, request, text);
        exchange
    }

    /// What the documents promise of every answer.
    fn check(&self, exchange: &mut Exchange, request: &Value, text: &str) {
        let mut problems = Vec::new();
        if let Some(answer) = &exchange.answer {
            if !answer.data.is_empty() {
                let opened = self.key.open(&answer.data).map_err(|error| format!("data: {error}"));
                let reply = opened.and_then(|plaintext| {
                    serde_json::from_str::<Value>(&plaintext).map_err(|_| "data: not JSON".to_owned())
                });
                match reply {
                    Ok(reply) => exchange.reply = Some(reply),
                    Err(problem) => problems.push(problem),
                }
            }
            if answer.err_code == 0 && exchange.reply.is_none() {
                problems.push("accepted without a sealed reply".to_owned());
            }
            if answer.err_code != 0 && answer.message.is_empty() {
                problems.push("refused without a message".to_owned());
            }
        } else if exchange.status != 204 || !text.is_empty() {
            problems.push("the answer is not the documented envelope".to_owned());
        } else if !matches!(text_of(&request["type"]).as_str(), "0" | "null") {
            problems.push("no answer is for type 0 alone".to_owned());
        }
        if let Some(reply) = &exchange.reply {
            for field in ["requestUUID", "tenantUserId", "type", "txId", "callBackId", "chainName", "symbol"]
            {
                let (sent, echoed) = (&request[field], &reply[field]);
                if !sent.is_null() && !echoed.is_null() && text_of(sent) != text_of(echoed) {
                    problems.push(format!("{field} is not echoed"));
                }
            }
            if reply["requestUUID"].is_null() {
                problems.push("requestUUID is not echoed".to_owned());
            }
        }
        exchange.problems = problems;
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The same callback as a retry: under a fresh `requestUUID`, every other byte as it stands. The order of the
/// fields counts too, since it decides which of them share a block.
///
/// # Errors
///
/// If `plaintext` is no JSON object.
///
/// ```
/// let retry = waas_platform::with_new_uuid(r#"{"type": 6, "requestUUID": "a", "amount": 2.500}"#)?;
/// assert!(retry.starts_with(r#"{"type": 6, "requestUUID": ""#));
/// assert!(retry.ends_with(r#"", "amount": 2.500}"#));
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn with_new_uuid(plaintext: &str) -> serde_json::Result<String> {
    with_field(plaintext, "requestUUID", &json!(uuid::Uuid::new_v4().to_string()))
}

/// The same object with another value under that name, every other byte as it stands; first, if there was none.
pub(crate) fn with_field(plaintext: &str, name: &str, value: &Value) -> serde_json::Result<String> {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_str(plaintext)?;
    if let Some(old) = fields.get(name).map(|value| value.get()) {
        let start = old.as_ptr().addr() - plaintext.as_ptr().addr(); // borrowed from the plaintext
        let (before, after) = (&plaintext[..start], &plaintext[start + old.len()..]);
        return Ok(format!("{before}{value}{after}"));
    }
    let rest = plaintext.trim_start().trim_start_matches('{');
    let comma = if fields.is_empty() { "" } else { "," };
    Ok(format!("{{{}:{value}{comma}{rest}", json!(name)))
}

/// The event that an API Gateway HTTP API (payload format 2.0) invokes a function with for this body: it takes
/// the form content type for binary and encodes the body in Base64 once more.
#[must_use]
pub fn event(path: &str, api_key: &str, body: &str) -> Value {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(body);
    let route = format!("POST {path}");
    json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "accept": "*/*",
            "content-length": body.len().to_string(),
            "content-type": "application/x-www-form-urlencoded",
            "host": "id.execute-api.eu-central-1.amazonaws.com",
            "user-agent": "Apache-HttpClient/4.5.13 (Java/1.8.0_292)",
            "x-amzn-trace-id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
            "x-api-key": api_key,
            "x-forwarded-for": "203.0.113.7",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https"
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "id",
            "domainName": "id.execute-api.eu-central-1.amazonaws.com",
            "domainPrefix": "id",
            "http": {
                "method": "POST",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "Apache-HttpClient/4.5.13 (Java/1.8.0_292)"
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": route,
            "stage": "$default",
            "time": "20/Nov/2026:10:00:00 +0000",
            "timeEpoch": 1_795_168_800_000_u64
        },
        "body": encoded,
        "isBase64Encoded": true
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_differs_in_its_request_uuid_alone() {
        let deposit = include_str!("../../plain/deposit.json");
        let retry = with_new_uuid(deposit).unwrap();
        let fresh: Value = serde_json::from_str(&retry).unwrap();
        let fresh = fresh["requestUUID"].as_str().unwrap();

        assert_ne!(fresh, "fbd70fb4-c302-4228-bd61-6326e0539551");
        assert_eq!(retry, deposit.replace("fbd70fb4-c302-4228-bd61-6326e0539551", fresh));
    }

    #[test]
    fn a_callback_without_request_uuid_gets_one() {
        for plaintext in ["{}", " { }", r#"{"type":7}"#] {
            let retry: Value = serde_json::from_str(&with_new_uuid(plaintext).unwrap()).unwrap();
            assert!(retry["requestUUID"].is_string(), "{plaintext}");
        }
    }

    #[test]
    fn a_retry_of_what_is_no_object_is_refused() {
        for plaintext in ["", "[]", "null", "{\"type\":1", "{} {}"] {
            assert!(with_new_uuid(plaintext).is_err(), "{plaintext}");
        }
    }
}
