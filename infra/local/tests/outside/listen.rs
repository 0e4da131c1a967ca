//! `GET /listen` of waas-local: what its routes take, told while it happens.

use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use waas_local::{Options, Stack, secret};
use waas_platform::{Platform, PrivateKey};

use crate::harness::*;

/// A reader of the lines, until they end.
struct Listener(mpsc::UnboundedReceiver<Value>);

impl Listener {
    async fn start(stack: &Stack) -> Self {
        let url = stack.url("/listen");
        let answer = tokio::task::spawn_blocking(move || ureq::get(url).call().unwrap()).await.unwrap();
        let (lines, listener) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            let told = BufReader::new(answer.into_body().into_reader()).lines().map_while(Result::ok);
            told.for_each(|line| _ = lines.send(serde_json::from_str(&line).unwrap()));
        });
        Self(listener)
    }

    /// The next line; none once they have ended.
    async fn next(&mut self) -> Option<Value> {
        tokio::time::timeout(Duration::from_secs(10), self.0.recv()).await.expect("a line or the end in time")
    }
}

async fn send(stack: &Stack, platform: &Platform, route: &str, plaintext: &str) {
    let (url, platform, sent) = (stack.url(route), platform.clone(), plaintext.to_owned());
    tokio::task::spawn_blocking(move || platform.send(&url, &sent).unwrap()).await.unwrap();
}

/// Outcome, status, errCode and the record's outcome.
fn told(line: &Value) -> Value {
    json!([line["outcome"], line["status"], line["errCode"], line["record"]["outcome"]])
}

#[tokio::test]
async fn each_callback_is_told_with_its_decision_and_its_record() {
    let stack = Stack::start(&Options::default()).await.unwrap();
    let platform = Platform::development();
    let stranger = Platform::new(platform.key.clone(), Some("not-ours".to_owned()));
    let forger = Platform::new(PrivateKey::generate(1024).unwrap(), platform.api_key.clone());
    let unheard = retry_of(&deposit_with("txId", "before anybody listens"));
    send(&stack, &platform, "/callback", &unheard).await;
    let mut listener = Listener::start(&stack).await;

    let retry = retry_of(DEPOSIT);
    let altered = retry_of(&deposit_with("amount", "2500"));
    for (platform, plaintext, expected) in [
        (&platform, DEPOSIT, json!(["credited", 200, 0, "credited"])),
        (&platform, &retry, json!(["repetition", 200, 0, "credited"])),
        (&platform, &altered, json!(["event-conflict", 200, 2003, "event-conflict"])),
        (&platform, &confirmation("D1"), json!(["wrong-function", 200, 2001, null])),
        (&platform, r#"{"type":1}"#, json!(["malformed", 400, 1004, null])),
        (&platform, r#"{"type":0}"#, json!(["unknown", 204, 0, null])),
        (&stranger, DEPOSIT, json!(["unauthorized", 401, 1001, null])),
    ] {
        send(&stack, platform, "/callback", plaintext).await;
        let line = listener.next().await.unwrap();
        assert_eq!(told(&line), expected, "{line}");
        assert_eq!(line["callback"], plaintext);
        assert!(line["latencyMs"].as_f64().unwrap() > 0.0);
    }
    send(&stack, &forger, "/callback/deposit", DEPOSIT).await;
    let line = listener.next().await.unwrap();
    assert_eq!(told(&line), json!(["unopenable", 400, 1003, null]));
    assert_eq!((&line["callback"], &line["path"]), (&Value::Null, &json!("/callback/deposit")));
    assert_eq!(line["message"], "the body cannot be opened");
    assert!(line["cause"].is_string(), "the reason, which the answer keeps to itself");
}

#[tokio::test]
async fn postings_are_told_exactly() {
    let stack = Stack::start(&Options::default()).await.unwrap();
    let mut listener = Listener::start(&stack).await;
    let amount = "0.12345678901234567890123456789012345678";
    send(&stack, &Platform::development(), "/callback", &deposit_with("amount", amount)).await;
    let line = listener.next().await.unwrap();
    let posting = json!({
        "tenantUserId": "2049", "asset": "TRON#TRX", "available": amount, "frozen": "0", "held": "0"
    });
    assert_eq!(line["record"]["postings"], json!([posting]));
    assert_eq!(line["record"]["eventKey"], line["eventKey"]);
}

#[tokio::test]
async fn a_key_that_was_rotated_still_opens_what_is_told() {
    let stack = Stack::start(&Options::default()).await.unwrap();
    let mut listener = Listener::start(&stack).await;
    let new = Platform::new(PrivateKey::generate(2048).unwrap(), Some("new".to_owned()));
    let put = waas_callback_aws::clients::secrets_manager(stack.config()).put_secret_value();
    let value = secret(&new.key, "new");
    put.secret_id(&stack.config().secret_id).secret_string(value).send().await.unwrap();
    for (platform, outcome) in [(&new, "credited"), (&Platform::development(), "repetition")] {
        send(&stack, platform, "/callback", DEPOSIT).await;
        let line = listener.next().await.unwrap();
        assert_eq!((&line["outcome"], &line["callback"]), (&json!(outcome), &json!(DEPOSIT)));
    }
}

#[tokio::test]
async fn whoever_listens_does_not_keep_the_stack_from_ending() {
    let stack = Stack::start(&Options::default()).await.unwrap();
    let mut listener = Listener::start(&stack).await;
    tokio::time::timeout(Duration::from_secs(10), stack.stop()).await.expect("in time").unwrap();
    assert_eq!(listener.next().await, None);
}
