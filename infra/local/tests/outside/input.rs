//! What cannot be opened or read has its answer and no effect; what API Gateway may make of a body is read.

use serde_json::{Value, json};
use waas_platform::{DEVELOPMENT_API_KEY, PrivateKey};

use crate::harness::*;

#[tokio::test]
async fn bad_input_has_its_answer_and_no_effect() {
    let deployment = Deployment::new().await;
    let key = &deployment.platform.key;
    let sealed = key.seal(DEPOSIT.as_bytes());
    let blocks: Vec<u8> = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.decode(&sealed).unwrap()
    };
    let encode = |bytes: &[u8]| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(bytes)
    };
    let join = |order: &[usize]| {
        let chosen = order.iter().flat_map(|block| &blocks[block * 128..(block + 1) * 128]);
        encode(&chosen.copied().collect::<Vec<_>>())
    };
    let unopenable = [
        ("empty body", String::new()),
        ("no Base64", "{\"type\":1}".to_owned()),
        ("URL-safe Base64", sealed.replace(['+', '/'], "-")),
        ("form-decoded Base64", sealed.replacen('+', " ", 1)),
        ("Base64 of plain JSON", encode(DEPOSIT.as_bytes())),
        ("truncated", sealed[..sealed.len() - 8].to_owned()),
        ("half a block", encode(&blocks[..64])),
        ("all FF", encode(&[0xff; 128])),
        ("another key", PrivateKey::generate(1024).unwrap().seal(DEPOSIT.as_bytes())),
    ];
    let mut messages = std::collections::BTreeSet::new();
    for (name, body) in unopenable {
        let exchange = deployment.post("deposit", &body).await;
        assert_eq!(verdict(&exchange), (400, 1003), "{name}");
        messages.insert(serde_json::to_string(&exchange.answer).unwrap());
    }
    assert_eq!(messages.len(), 1, "one answer for every way that opening fails: {messages:?}");

    assert!(blocks.len() >= 4 * 128);
    for (name, body) in [
        ("one block missing", join(&[0, 1, 3])),
        ("first block missing", join(&[1, 2, 3])),
        ("blocks swapped", join(&[0, 2, 1, 3])),
        ("block duplicated", join(&[0, 1, 1, 2, 3])),
        ("not an object", key.seal(b"[1]")),
        ("a bare text", key.seal(b"\"type\"")),
        ("not JSON", key.seal(b"type=1")),
        ("duplicate key", key.seal(DEPOSIT.replacen('{', "{\"amount\":\"1\",", 1).as_bytes())),
        ("escaped duplicate key", key.seal(DEPOSIT.replacen('{', "{\"\\u0061mount\":\"1\",", 1).as_bytes())),
        ("type 99", key.seal(deposit_with("type", 99).as_bytes())),
        ("type true", key.seal(deposit_with("type", true).as_bytes())),
    ] {
        assert_eq!(verdict(&deployment.post("deposit", &body).await), (400, 1004), "{name}");
    }
    for field in ["requestUUID", "tenantUserId", "type", "txId", "chainName", "symbol", "amount", "toAddress"]
    {
        let missing = deployment.send("deposit", &deposit_with(field, Value::Null)).await;
        assert_eq!(verdict(&missing), (400, 1004), "{field} missing");
        assert_eq!(missing.answer.unwrap().message, format!("{field} is missing"));
        let wrong = deployment.send("deposit", &deposit_with(field, json!({ "a": 1 }))).await;
        assert_eq!(verdict(&wrong), (400, 1004), "{field} an object");
        assert_eq!(wrong.answer.unwrap().message, format!("{field} has the wrong type"));
    }
    for amount in ["-1", "1e999999999", "1e-39", "NaN", "", ".5", "0x10"] {
        assert_eq!(
            verdict(&deployment.send("deposit", &deposit_with("amount", amount)).await),
            (400, 1004),
            "{amount:?}"
        );
    }
    for amount in [json!(-1), json!(1e300)] {
        assert_eq!(
            verdict(&deployment.send("deposit", &deposit_with("amount", amount.clone())).await),
            (400, 1004),
            "{amount}"
        );
    }

    let too_large = "A".repeat(waas_callback::MAX_BODY_BYTES + 1);
    assert_eq!(verdict(&deployment.post("deposit", &too_large).await), (413, 1002));

    let withdrawal = include_str!("../../../../events/plain/withdrawal.json");
    let wrong_url = deployment.send("deposit", withdrawal).await;
    assert_eq!(verdict(&wrong_url), (200, 2001));
    assert_eq!(wrong_url.reply.unwrap()["callBackId"], "250624392590001");

    let unknown = deployment.send("deposit", r#"{"type":0}"#).await;
    assert_eq!((unknown.status, unknown.answer), (204, None));

    assert!(deployment.events().await.is_empty());
    assert!(deployment.requests().await.is_empty());
    assert_eq!(deployment.available("2049", "TRON#TRX").await, "0");
}

#[tokio::test]
async fn both_payload_formats_arrive_encoded_or_not() {
    let deployment = Deployment::new().await;
    let (lambda, _) = deployment.function("deposit").await;
    let body = deployment.platform.key.seal(DEPOSIT.as_bytes());
    assert!(body.contains('+'), "a + that form decoding would lose");
    let wrapped: String =
        body.as_bytes().chunks(76).map(|line| [str::from_utf8(line).unwrap(), "\r\n"].concat()).collect();

    let mut text_v2 = waas_platform::event("/callback/deposit", DEVELOPMENT_API_KEY, "");
    text_v2["body"] = json!(wrapped);
    text_v2["isBase64Encoded"] = json!(false);
    let v1 = json!({
        "resource": "/callback/deposit", "path": "/callback/deposit", "httpMethod": "POST",
        "headers": { "X-API-KEY": DEVELOPMENT_API_KEY, "Content-Type": "application/x-www-form-urlencoded" },
        "multiValueHeaders": { "X-API-KEY": [DEVELOPMENT_API_KEY] },
        "queryStringParameters": null, "multiValueQueryStringParameters": null, "pathParameters": null,
        "stageVariables": null,
        "requestContext": {
            "accountId": "123456789012", "apiId": "id", "stage": "prod", "resourceId": "r", "resourcePath": "/callback/deposit",
            "httpMethod": "POST", "requestId": "q", "protocol": "HTTP/1.1", "path": "/prod/callback/deposit",
            "identity": { "sourceIp": "203.0.113.7" }
        },
        "body": body, "isBase64Encoded": false
    });
    for event in [text_v2, v1, waas_platform::event("/callback/deposit", DEVELOPMENT_API_KEY, &wrapped)] {
        let (status, text) = lambda.invoke(&event).await;
        assert_eq!(verdict(&deployment.platform.examine(status, &text, &Value::Null)), ACCEPTED);
    }
    assert_eq!(deployment.available("2049", "TRON#TRX").await, "2.5");
}
