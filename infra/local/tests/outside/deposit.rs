//! The binary `deposit` from outside: under a Lambda Runtime API, by the environment contract.

use std::collections::BTreeMap;

use crate::harness::*;
use serde_json::{Value, json};
use waas_callback::{Asset, Balance};
use waas_callback_aws::Books;
use waas_local::{Options, Stack, secret};
use waas_platform::{DEVELOPMENT_API_KEY, Exchange, Platform, PrivateKey};

const ACCEPTED: (u16, i64) = (200, 0);
const REQUEST_CONFLICT: (u16, i64) = (200, 2002);
const EVENT_CONFLICT: (u16, i64) = (200, 2003);

/// One function on services of its own, behind proxies.
struct Scene {
    stack: Stack,
    dynamodb: FaultyProxy,
    secrets: FaultyProxy,
    lambda: Lambda,
    function: Function,
    books: Books,
    platform: Platform,
}

impl Scene {
    async fn new() -> Self {
        Self::with(Options::default(), Platform::development()).await
    }

    async fn with(options: Options, platform: Platform) -> Self {
        let stack = Stack::start_services(&options).await.unwrap();
        let dynamodb = FaultyProxy::before(&variable(&stack, "AWS_ENDPOINT_URL_DYNAMODB")).await;
        let secrets = FaultyProxy::before(&variable(&stack, "AWS_ENDPOINT_URL_SECRETS_MANAGER")).await;
        let lambda = Lambda::start().await;
        let function = lambda.spawn("deposit", &environment(&stack, &dynamodb, &secrets));
        let books = Books::of(stack.config());
        Self { stack, dynamodb, secrets, lambda, function, books, platform }
    }

    async fn send(&self, plaintext: &str) -> Exchange {
        send(&self.lambda, &self.platform, plaintext).await
    }

    async fn post(&self, body: &str) -> Exchange {
        post(&self.lambda, &self.platform, body, &Value::Null).await
    }

    async fn available(&self, user: &str, asset: &str) -> String {
        let Balance { available, frozen, .. } =
            self.books.balance(user, &asset.parse::<Asset>().unwrap()).await.unwrap();
        assert!(frozen.is_zero());
        available.to_string()
    }

    /// Outcomes of all events.
    async fn outcomes(&self) -> BTreeMap<String, usize> {
        let mut outcomes = BTreeMap::new();
        for event in self.books.all_events().await.unwrap() {
            *outcomes.entry(event["outcome"].as_s().unwrap().clone()).or_default() += 1;
        }
        outcomes
    }
}

fn outcomes<const N: usize>(expected: [(&str, usize); N]) -> BTreeMap<String, usize> {
    expected.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

#[tokio::test]
async fn the_documents_deposit_is_credited_and_answered_as_documented() {
    let scene = Scene::new().await;
    let exchange = scene.send(DEPOSIT).await;
    assert_eq!(verdict(&exchange), ACCEPTED);
    let answer = exchange.answer.unwrap();
    assert_eq!((&*answer.api_key, &*answer.message), (DEVELOPMENT_API_KEY, ""));
    assert_eq!(exchange.reply, Some(documented_reply()));
    assert_eq!(scene.available("2049", "TRON#TRX").await, "2.5");

    let events = scene.books.all_events().await.unwrap();
    let event = &events[0];
    assert_eq!(events.len(), 1);
    assert_eq!(event["type"].as_n().unwrap(), "1");
    assert_eq!(event["requestUUID"].as_s().unwrap(), "fbd70fb4-c302-4228-bd61-6326e0539551");
    assert_eq!(event["trackingId"].as_s().unwrap(), "6484");
    assert_eq!(event["callback"].as_s().unwrap(), DEPOSIT);
    let posting = event["postings"].as_l().unwrap()[0].as_m().unwrap();
    assert_eq!(posting["available"].as_n().unwrap(), "2.5");
    let requests = scene.books.all_requests().await.unwrap();
    assert_eq!(requests[0]["eventKey"], event["eventKey"]);
    assert_eq!(requests[0]["decision"].as_s().unwrap(), "credited");
}

#[tokio::test]
async fn keys_of_2048_and_4096_bits_and_117_byte_pieces_work() {
    for bits in [2048, 4096] {
        let platform = Platform::new(PrivateKey::generate(bits).unwrap(), Some("its-key".into()));
        let options = Options { secret: Some(secret(&platform.key, "its-key")), ..Options::default() };
        let scene = Scene::with(options, platform).await;
        assert_eq!(verdict(&scene.send(DEPOSIT).await), ACCEPTED);
        let cut_at_117 = scene.platform.key.seal_pieces(retry_of(DEPOSIT).as_bytes(), 117);
        assert_eq!(verdict(&scene.post(&cut_at_117).await), ACCEPTED);
        assert_eq!(scene.available("2049", "TRON#TRX").await, "2.5");
    }
}

#[tokio::test]
async fn repetitions_are_accepted_and_apply_nothing() {
    let scene = Scene::new().await;
    let first = scene.send(DEPOSIT).await;
    let again = scene.send(DEPOSIT).await;
    assert_eq!((verdict(&again), &again.reply), (ACCEPTED, &first.reply));

    let retry = retry_of(DEPOSIT);
    let retried = scene.send(&retry).await;
    let uuid = |text: &str| serde_json::from_str::<Value>(text).unwrap()["requestUUID"].clone();
    assert_eq!(verdict(&retried), ACCEPTED);
    assert_eq!(retried.reply.unwrap()["requestUUID"], uuid(&retry), "its own requestUUID is echoed");

    // What is neither money nor identity may change between retries.
    for change in
        [("amount", json!("2.5")), ("amount", json!(2.50)), ("riskLevelFrom", json!(80)), ("tag", json!("x"))]
    {
        assert_eq!(verdict(&scene.send(&retry_of(&deposit_with(change.0, change.1))).await), ACCEPTED);
    }
    assert_eq!(scene.available("2049", "TRON#TRX").await, "2.5");
    assert_eq!(scene.outcomes().await, outcomes([("credited", 1)]));
    assert_eq!(scene.books.all_requests().await.unwrap().len(), 1);
    scene.function.callbacks(7).await;
    assert_eq!((scene.function.count("credited"), scene.function.count("repetition")), (1, 6));
}

#[tokio::test]
async fn contradicting_content_is_a_conflict_recorded_once_and_never_a_duplicate() {
    let scene = Scene::new().await;
    scene.send(DEPOSIT).await;
    let changes = [
        ("amount", json!("2500")),
        ("tenantUserId", json!("2050")),
        ("trackingId", json!("6485")),
        ("txIndex", json!(0)),
        ("fromAddress", json!("TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb")),
    ];
    for (field, value) in changes.clone() {
        let altered = deposit_with(field, value);
        assert_eq!(verdict(&scene.send(&altered).await), REQUEST_CONFLICT, "{field}, same requestUUID");
        let altered = retry_of(&altered);
        let refused = scene.send(&altered).await;
        assert_eq!(verdict(&refused), EVENT_CONFLICT, "{field}, new requestUUID");
        let echoed = refused.reply.expect("a refusal still echoes the request");
        assert_eq!(echoed["requestUUID"], serde_json::from_str::<Value>(&altered).unwrap()["requestUUID"]);
        assert_eq!(verdict(&scene.send(&altered).await), EVENT_CONFLICT, "and stays one");
    }
    // The same requestUUID for another event, as in a splice.
    let other_event = deposit_with("txId", "c".repeat(64));
    assert_eq!(verdict(&scene.send(&other_event).await), REQUEST_CONFLICT);

    assert_eq!(scene.available("2049", "TRON#TRX").await, "2.5");
    assert_eq!(scene.available("2050", "TRON#TRX").await, "0");
    let expected = outcomes([("credited", 1), ("request-conflict", 6), ("event-conflict", 5)]);
    assert_eq!(scene.outcomes().await, expected, "each recorded once");
    for event in scene.books.all_events().await.unwrap() {
        let is_refusal = event["outcome"].as_s().unwrap() != "credited";
        assert_eq!(is_refusal, event["postings"].as_l().unwrap().is_empty());
        assert_eq!(is_refusal, event.contains_key("refusedEventKey"));
    }
    let lines = scene.function.callbacks(17).await;
    let warned = lines.iter().filter(|line| line["level"] == "WARN").count();
    assert_eq!(warned, 16, "every conflict is logged");
    assert_eq!((scene.function.count("request-conflict"), scene.function.count("event-conflict")), (6, 10));

    // A refused request does not use up its requestUUID: the genuine one still goes through.
    let genuine = deposit_with("txId", "d".repeat(64));
    let genuine = retry_of(&genuine);
    let spliced = with(
        &with(&genuine, "txId", "b00a4aa3d6426f6409a83ae72a79de5b559a2c339ebc89b8b75427c2600978e3"),
        "amount",
        "9",
    );
    assert_eq!(verdict(&scene.send(&spliced).await), EVENT_CONFLICT);
    assert_eq!(verdict(&scene.send(&genuine).await), ACCEPTED);
    assert_eq!(scene.available("2049", "TRON#TRX").await, "5");
}

#[tokio::test]
async fn one_transaction_can_pay_several_addresses_and_symbols() {
    let scene = Scene::new().await;
    for other in [
        DEPOSIT.to_owned(),
        deposit_with("symbol", "USDT"),
        deposit_with("toAddress", "TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb"),
        deposit_with("toAddress", "TyLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP"), // TRON: another case, another address
    ] {
        assert_eq!(verdict(&scene.send(&retry_of(&other)).await), ACCEPTED);
    }
    assert_eq!(scene.available("2049", "TRON#TRX").await, "7.5");
    assert_eq!(scene.available("2049", "TRON#USDT").await, "2.5");

    let evm = |address: &str| {
        let on_eth = with(&with(DEPOSIT, "chainName", "ETH"), "symbol", "ETH");
        retry_of(&with(&on_eth, "toAddress", address))
    };
    for address in
        ["0xDe0B295669a9FD93d5F28D9Ec85E40f4cb697BAe", "0xde0b295669a9fd93d5f28d9ec85e40f4cb697bae"]
    {
        assert_eq!(verdict(&scene.send(&evm(address)).await), ACCEPTED);
    }
    assert_eq!(scene.available("2049", "ETH#ETH").await, "2.5", "one event, whatever the case");
}

#[tokio::test]
async fn amounts_of_38_digits_add_exactly_and_39_are_refused() {
    let scene = Scene::new().await;
    let deposit = |tx: char, amount: Value| {
        retry_of(&with(&deposit_with("txId", tx.to_string().repeat(64)), "amount", amount))
    };
    let amount: Value = serde_json::from_str("12345678901234567890.123456789012345678").unwrap();
    assert_ne!(amount.to_string(), "12345678901234567890.123456789012345678", "a float would lose digits");
    let text = deposit('a', json!("12345678901234567890.123456789012345678"));
    let number = deposit('b', json!("PLACE")).replace("\"PLACE\"", "12345678901234567890.123456789012345678");
    for plaintext in [text, number] {
        let exchange = scene.send(&plaintext).await;
        assert_eq!(verdict(&exchange), ACCEPTED);
        assert_eq!(exchange.reply.unwrap()["amount"], "12345678901234567890.123456789012345678");
    }
    assert_eq!(scene.available("2049", "TRON#TRX").await, "24691357802469135780.246913578024691356");
    let too_long = deposit('c', json!("123456789012345678901.123456789012345678"));
    assert_eq!(verdict(&scene.send(&too_long).await), (400, 1004));
    // Each has 38 digits or fewer, their exact sum more: refused rather than rounded, and told apart.
    let too_large = deposit('d', json!("99999999999999999999999999999999999999"));
    assert_eq!(verdict(&scene.send(&too_large).await), (200, 2004));
    assert_eq!(scene.available("2049", "TRON#TRX").await, "24691357802469135780.246913578024691356");
    assert_eq!(scene.outcomes().await, outcomes([("credited", 2), ("balance-out-of-range", 1)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_copies_at_once_over_eight_processes_credit_once() {
    let scene = Scene::new().await;
    let environment = environment(&scene.stack, &scene.dynamodb, &scene.secrets);
    let _more: Vec<_> = (1..8).map(|_| scene.lambda.spawn("deposit", &environment)).collect();
    let copies: Vec<_> =
        (0..100).map(|i| if i % 2 == 0 { DEPOSIT.to_owned() } else { retry_of(DEPOSIT) }).collect();
    let sending = copies.iter().map(|copy| scene.send(copy));
    let exchanges = futures_util::future::join_all(sending).await;
    assert!(exchanges.iter().all(|exchange| verdict(exchange) == ACCEPTED));
    assert_eq!(scene.available("2049", "TRON#TRX").await, "2.5");
    assert_eq!(scene.outcomes().await, outcomes([("credited", 1)]));
}

#[tokio::test]
async fn every_callback_costs_one_round_trip() {
    let scene = Scene::new().await;
    scene.send(DEPOSIT).await;
    let one = || BTreeMap::from([("TransactWriteItems".to_owned(), 1)]);
    let secrets = scene.secrets.take_requests();
    assert_eq!(secrets, BTreeMap::from([("GetSecretValue".to_owned(), 2)]), "init reads both versions");
    assert_eq!(scene.dynamodb.take_requests(), one());
    for repetition in [DEPOSIT.to_owned(), retry_of(DEPOSIT), retry_of(&deposit_with("symbol", "USDT"))] {
        scene.send(&repetition).await;
        assert_eq!(scene.dynamodb.take_requests(), one());
    }
    scene.send(&deposit_with("amount", "3")).await;
    let with_record = BTreeMap::from([("TransactWriteItems".to_owned(), 1), ("PutItem".to_owned(), 1)]);
    assert_eq!(scene.dynamodb.take_requests(), with_record);
    for nothing in [deposit_with("amount", "0"), deposit_with("type", 0)] {
        scene.send(&nothing).await;
        assert_eq!(scene.dynamodb.take_requests(), BTreeMap::new());
    }
    assert_eq!(scene.secrets.take_requests(), BTreeMap::new(), "none after init");
}

#[tokio::test]
async fn bad_input_has_its_answer_and_no_effect() {
    let scene = Scene::new().await;
    let key = &scene.platform.key;
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
        let exchange = scene.post(&body).await;
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
        assert_eq!(verdict(&scene.post(&body).await), (400, 1004), "{name}");
    }
    for field in [
        "requestUUID",
        "tenantUserId",
        "type",
        "txId",
        "txIndex",
        "chainName",
        "symbol",
        "amount",
        "fromAddress",
        "toAddress",
    ] {
        let missing = scene.send(&deposit_with(field, Value::Null)).await;
        assert_eq!(verdict(&missing), (400, 1004), "{field} missing");
        assert_eq!(missing.answer.unwrap().message, format!("{field} is missing"));
        let wrong = scene.send(&deposit_with(field, json!({ "a": 1 }))).await;
        assert_eq!(verdict(&wrong), (400, 1004), "{field} an object");
        assert_eq!(wrong.answer.unwrap().message, format!("{field} has the wrong type"));
    }
    for amount in ["0", "-1", "1e3", "NaN", "", ".5", "0.000"] {
        assert_eq!(verdict(&scene.send(&deposit_with("amount", amount)).await), (400, 1004), "{amount:?}");
    }
    for amount in [json!(0), json!(-1), json!(1e300)] {
        assert_eq!(
            verdict(&scene.send(&deposit_with("amount", amount.clone())).await),
            (400, 1004),
            "{amount}"
        );
    }

    let too_large = "A".repeat(waas_callback::MAX_BODY_BYTES + 1);
    assert_eq!(verdict(&scene.post(&too_large).await), (413, 1002));

    let withdrawal = include_str!("../../../../events/plain/withdrawal.json");
    let wrong_url = scene.send(withdrawal).await;
    assert_eq!(verdict(&wrong_url), (200, 2001));
    assert_eq!(wrong_url.reply.unwrap()["callBackId"], "250624392590001");

    let unknown = scene.send(r#"{"type":0}"#).await;
    assert_eq!((unknown.status, unknown.answer), (204, None));

    assert!(scene.books.all_events().await.unwrap().is_empty());
    assert!(scene.books.all_requests().await.unwrap().is_empty());
    assert_eq!(scene.available("2049", "TRON#TRX").await, "0");
}

#[tokio::test]
async fn only_a_valid_api_key_gets_further() {
    let scene = Scene::new().await;
    let body = scene.platform.key.seal(DEPOSIT.as_bytes());
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
        let (status, text) = scene.lambda.invoke(&with_headers(headers.clone())).await;
        let exchange = scene.platform.examine(status, &text, &Value::Null);
        assert_eq!(verdict(&exchange), (401, 1001), "{headers}");
        assert!(!text.contains(DEVELOPMENT_API_KEY), "a stranger does not learn our key");
    }
    assert_eq!(scene.dynamodb.take_requests(), BTreeMap::new());
    let refreshes = scene.secrets.take_requests()["GetSecretValue"] - 2;
    assert_eq!(refreshes, 2, "one refresh for all of them");

    let (status, _) = scene.lambda.invoke(&with_headers(json!({ "X-Api-KEY": DEVELOPMENT_API_KEY }))).await;
    assert_eq!(status, 200, "header names have no case");
}

#[tokio::test]
async fn both_payload_formats_arrive_encoded_or_not() {
    let scene = Scene::new().await;
    let body = scene.platform.key.seal(DEPOSIT.as_bytes());
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
        let (status, text) = scene.lambda.invoke(&event).await;
        assert_eq!(verdict(&scene.platform.examine(status, &text, &Value::Null)), ACCEPTED);
    }
    assert_eq!(scene.available("2049", "TRON#TRX").await, "2.5");
}

#[tokio::test]
async fn passing_errors_are_outlived_within_the_invocation() {
    let scene = Scene::new().await;
    let passing = [
        Fault::Cancelled("TransactionConflict"),
        Fault::Cancelled("ThrottlingError"),
        Fault::Error("ThrottlingException"),
        Fault::Error("ProvisionedThroughputExceededException"),
        Fault::Error("TransactionInProgressException"),
        Fault::Internal,
    ];
    for (tx, fault) in passing.into_iter().enumerate() {
        scene.dynamodb.fail_next([fault]);
        let deposit = retry_of(&deposit_with("txId", tx.to_string().repeat(64)));
        assert_eq!(verdict(&scene.send(&deposit).await), ACCEPTED, "{fault:?}");
    }
    assert_eq!(scene.available("2049", "TRON#TRX").await, "15");

    // The work was done, the answer lost: done once all the same.
    scene.dynamodb.fail_next([Fault::AnswerLost, Fault::AnswerLost]);
    let deposit = retry_of(&deposit_with("txId", "f".repeat(64)));
    assert_eq!(verdict(&scene.send(&deposit).await), ACCEPTED);
    assert_eq!(scene.available("2049", "TRON#TRX").await, "17.5");
}

#[tokio::test]
async fn lasting_errors_are_503_until_they_end() {
    let mut scene = Scene::new().await;
    scene.lambda.timeout = std::time::Duration::from_millis(700);
    for fault in [
        Fault::Error("ThrottlingException"),
        Fault::Cancelled("TransactionConflict"),
        Fault::Error("AccessDeniedException"),
        Fault::Error("ResourceNotFoundException"),
        Fault::Internal,
        Fault::AnswerLost,
        Fault::Hang,
    ] {
        scene.dynamodb.fail_always(Some(fault));
        let exchange = scene.send(DEPOSIT).await;
        assert_eq!(verdict(&exchange), (503, 5003), "{fault:?}");
    }
    scene.dynamodb.fail_always(None);
    assert_eq!(verdict(&scene.send(DEPOSIT).await), ACCEPTED);
    assert_eq!(scene.available("2049", "TRON#TRX").await, "2.5");

    // A conflict whose record cannot be written is not answered as one yet.
    scene.dynamodb.fail_next([Fault::Cancelled("None")]);
    assert_eq!(verdict(&scene.send(&retry_of(&deposit_with("txId", "e".repeat(64)))).await), (503, 5003));
}

#[tokio::test]
async fn a_database_that_is_gone_and_comes_back_needs_no_restart() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = Options { database: Some(directory.path().join("waas.db")), ..Options::default() };
    let stack = Stack::start_services(&options).await.unwrap();
    let mut lambda = Lambda::start().await;
    lambda.timeout = std::time::Duration::from_millis(700);
    let _function = lambda.spawn("deposit", stack.environment());
    let platform = Platform::development();
    assert_eq!(verdict(&send(&lambda, &platform, DEPOSIT).await), ACCEPTED);

    let port = |name| variable(&stack, name).rsplit(':').next().unwrap().parse().unwrap();
    options.dynamodb_port = port("AWS_ENDPOINT_URL_DYNAMODB");
    options.secrets_manager_port = port("AWS_ENDPOINT_URL_SECRETS_MANAGER");
    stack.stop().await.unwrap();
    let second = retry_of(&deposit_with("txId", "a".repeat(64)));
    assert_eq!(verdict(&send(&lambda, &platform, &second).await), (503, 5003));

    let stack = Stack::start_services(&options).await.unwrap();
    for plaintext in [&second, &retry_of(DEPOSIT)] {
        assert_eq!(verdict(&send(&lambda, &platform, plaintext).await), ACCEPTED);
    }
    let books = Books::of(stack.config());
    let balance = books.balance("2049", &"TRON#TRX".parse().unwrap()).await.unwrap();
    assert_eq!(balance.available.to_string(), "5", "what was written before is still there");
}

#[tokio::test]
async fn init_fails_and_names_the_cause() {
    let key = PrivateKey::development().public_key_base64();
    let malformed = [
        (Some("not json".to_owned()), "is malformed: it is not a JSON object of strings"),
        (Some("{}".to_owned()), "is malformed: its field apiKey is missing"),
        (Some(json!({ "apiKey": "a" }).to_string()), "is malformed: its field publicKey is missing"),
        (
            Some(json!({ "apiKey": "a", "publicKey": "AAAA" }).to_string()),
            "its field publicKey: the public key is not an X.509",
        ),
        (
            Some(
                json!({ "apiKey": "a", "publicKey": key, "callbackApiKeyNotAfter": "tomorrow" }).to_string(),
            ),
            "its field callbackApiKeyNotAfter is not an RFC 3339 time",
        ),
        (None, "does not exist or has no value yet"),
    ];
    for (secret, expected) in malformed {
        let stack = Stack::start_services(&Options { secret, ..Options::default() }).await.unwrap();
        let lambda = Lambda::start().await;
        let (status, log) = lambda.spawn("deposit", stack.environment()).ended().await;
        assert_eq!(status.code(), Some(1));
        assert!(log.contains("secret waas/callbacks") && log.contains(expected), "{expected}: {log}");
    }
    let stack = Stack::start_services(&Options::default()).await.unwrap();
    let dynamodb = FaultyProxy::before(&variable(&stack, "AWS_ENDPOINT_URL_DYNAMODB")).await;
    let secrets = FaultyProxy::before(&variable(&stack, "AWS_ENDPOINT_URL_SECRETS_MANAGER")).await;
    secrets.fail_always(Some(Fault::Error("AccessDeniedException")));
    let lambda = Lambda::start().await;
    let (status, log) = lambda.spawn("deposit", &environment(&stack, &dynamodb, &secrets)).ended().await;
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("Secrets Manager answered AccessDeniedException"), "{log}");

    let mut nowhere = environment(&stack, &dynamodb, &secrets);
    nowhere.iter_mut().find(|(name, _)| name.ends_with("SECRETS_MANAGER")).unwrap().1 =
        "http://127.0.0.1:9".into();
    let (status, log) = lambda.spawn("deposit", &nowhere).ended().await;
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("Secrets Manager cannot be reached"), "{log}");
}

#[tokio::test]
async fn a_rotation_loses_no_callback_and_replies_with_the_key_of_the_request() {
    let scene = Scene::new().await;
    assert_eq!(verdict(&scene.send(DEPOSIT).await), ACCEPTED);
    let new = Platform::new(PrivateKey::generate(2048).unwrap(), Some("new-api-key".into()));
    let client = waas_callback_aws::clients::secrets_manager(scene.stack.config());
    let put = client.put_secret_value().secret_id("waas/callbacks");
    put.secret_string(secret(&new.key, "new-api-key")).send().await.unwrap();

    for (tx, platform) in [("a", &new), ("b", &scene.platform), ("c", &new), ("d", &scene.platform)] {
        let deposit = retry_of(&deposit_with("txId", tx.repeat(64)));
        let exchange = send(&scene.lambda, platform, &deposit).await; // opens the reply with its own key
        assert_eq!(verdict(&exchange), ACCEPTED);
        assert_eq!(exchange.answer.unwrap().api_key, *platform.api_key.as_ref().unwrap());
    }
    assert_eq!(scene.available("2049", "TRON#TRX").await, "12.5");
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
        let scene = Scene::with(options, platform.clone()).await;
        let exchange = scene.send(DEPOSIT).await;
        assert_eq!(verdict(&exchange), expected);
        assert_eq!(exchange.answer.unwrap().api_key, if expected == ACCEPTED { "ours" } else { "" });
    }
}

#[tokio::test]
async fn the_log_names_the_event_and_tells_nothing_of_the_user() {
    let scene = Scene::new().await;
    let deposit = deposit_with("tenantUserId", "a-private-person");
    scene.send(&deposit).await;
    scene.send(&with(&deposit, "amount", "31415.92653")).await;
    scene.send(&with(&deposit, "toAddress", 7)).await;
    scene.post("garbage").await;
    let lines = scene.function.callbacks(4).await;
    let seen: Vec<_> = lines.iter().map(|line| (line["outcome"].as_str().unwrap(), &line["type"])).collect();
    let one = json!(1);
    let expected = [
        ("credited", &one),
        ("request-conflict", &one),
        ("malformed", &Value::Null),
        ("unopenable", &Value::Null),
    ];
    assert_eq!(seen, expected);
    assert!(lines[0]["eventKey"].as_str().unwrap().starts_with("deposit-"));
    assert_eq!(lines[0]["trackingId"], "6484");
    assert!(lines.iter().all(|line| line["latencyMs"].is_number()));

    let log = scene.function.log();
    let public_key = scene.platform.key.public_key_base64();
    for private in [
        "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK",
        "TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP",
        "2.500000000000",
        "31415",
        "a-private-person",
        "b00a4aa3d6426f6409a83ae72a79de5b559a2c339ebc89b8b75427c2600978e3",
        DEVELOPMENT_API_KEY,
        &public_key,
    ] {
        assert!(!log.contains(private), "{private} in the log:\n{log}");
    }
    let metric = log.lines().find(|line| line.contains("CloudWatchMetrics")).unwrap();
    let metric: Value = serde_json::from_str(metric).unwrap();
    assert_eq!(metric["_aws"]["CloudWatchMetrics"][0]["Namespace"], "WaasCallbacks");
    assert_eq!(metric["Function"], "deposit");
}
