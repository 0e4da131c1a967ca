//! Keys of every length, API keys, and their rotation.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use waas_local::{Options, secret};
use waas_platform::{DEVELOPMENT_API_KEY, Platform, PrivateKey};

use crate::harness::*;

#[tokio::test]
async fn keys_of_2048_and_4096_bits_and_117_byte_pieces_work() {
    for bits in [2048, 4096] {
        let platform = Platform::new(PrivateKey::generate(bits).unwrap(), Some("its-key".into()));
        let options = Options { secret: Some(secret(&platform.key, "its-key")), ..Options::default() };
        let deployment = Deployment::on(&options, platform).await;
        assert_eq!(verdict(&deployment.send("deposit", DEPOSIT).await), ACCEPTED);
        let cut_at_117 = deployment.platform.key.seal_pieces(retry_of(DEPOSIT).as_bytes(), 117);
        assert_eq!(verdict(&deployment.post("deposit", &cut_at_117).await), ACCEPTED);
        assert_eq!(deployment.available("2049", "TRON#TRX").await, "2.5");
    }
}

#[tokio::test]
async fn only_a_valid_api_key_gets_further() {
    let deployment = Deployment::new().await;
    let (lambda, _) = deployment.function("deposit").await;
    let body = deployment.platform.key.seal(DEPOSIT.as_bytes());
    let with_headers = |headers: Value| {
        let mut event = waas_platform::event("/callback/deposit", "", &body);
        event["headers"] = headers;
        event
    };
    for headers in [
        json!({}),
        json!({ "x-api-key": "" }),
        json!({ "x-api-key": "wrong" }),
        json!({ "x-api-key": "DEVELOPMENT-API-KEY" }),
    ] {
        let (status, text) = lambda.invoke(&with_headers(headers.clone())).await;
        let exchange = deployment.platform.examine(status, &text, &Value::Null);
        assert_eq!(verdict(&exchange), (401, 1001), "{headers}");
        assert!(!text.contains(DEVELOPMENT_API_KEY), "a stranger does not learn our key");
    }
    assert_eq!(deployment.dynamodb.take_requests(), BTreeMap::new());
    let refreshes = deployment.secrets.take_requests()["GetSecretValue"] - 2;
    assert_eq!(refreshes, 2, "one refresh for all of them");

    let (status, _) = lambda.invoke(&with_headers(json!({ "X-Api-KEY": DEVELOPMENT_API_KEY }))).await;
    assert_eq!(status, 200, "header names have no case");
}

#[tokio::test]
async fn an_expired_api_key_is_refused() {
    let platform = Platform::new(PrivateKey::development(), Some("callback-key".into()));
    let secret = |not_after: &str| {
        json!({
            "publicKey": platform.key.public_key_base64(), "apiKey": "ours", "callbackApiKey": "callback-key",
            "callbackApiKeyNotAfter": not_after
        })
    };
    for (not_after, expected) in
        [("2020-01-01T00:00:00+08:00", (401, 1001)), ("2999-12-31T23:59:59Z", ACCEPTED)]
    {
        let options = Options { secret: Some(secret(not_after).to_string()), ..Options::default() };
        let deployment = Deployment::on(&options, platform.clone()).await;
        let exchange = deployment.send("deposit", DEPOSIT).await;
        assert_eq!(verdict(&exchange), expected);
        assert_eq!(exchange.answer.unwrap().api_key, if expected == ACCEPTED { "ours" } else { "" });
    }
}

#[tokio::test]
async fn a_rotation_loses_no_callback_and_replies_with_the_key_of_the_request() {
    let deployment = Deployment::new().await;
    let (lambda, _) = deployment.function("deposit").await;
    assert_eq!(verdict(&deployment.send("deposit", DEPOSIT).await), ACCEPTED);
    let new = Platform::new(PrivateKey::generate(2048).unwrap(), Some("new-api-key".into()));
    let client = waas_callback_aws::clients::secrets_manager(deployment.stack.config());
    let put = client.put_secret_value().secret_id("waas/callbacks");
    put.secret_string(secret(&new.key, "new-api-key")).send().await.unwrap();

    for (tx, platform) in [("a", &new), ("b", &deployment.platform), ("c", &new), ("d", &deployment.platform)]
    {
        let deposit = retry_of(&deposit_with("txId", tx.repeat(64)));
        let exchange = send(lambda, platform, &deposit).await; // opens the reply with its own key
        assert_eq!(verdict(&exchange), ACCEPTED);
        assert_eq!(exchange.answer.unwrap().api_key, *platform.api_key.as_ref().unwrap());
    }
    assert_eq!(deployment.available("2049", "TRON#TRX").await, "12.5");
}
