//! The documents' flows from outside: every function's binary, the merchant API and the platform together.

use std::collections::BTreeMap;

use crate::harness::*;
use http::Method;
use serde_json::{Value, json};
use waas_local::audit::audit;
use waas_platform::Exchange;

const PAYEE: &str = "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK";
const ACCEPTED: (u16, i64) = (200, 0);
const ENDED: i64 = 2009;
const OTHER_TERMS: i64 = 2008;

fn plain(name: &str) -> String {
    let path = format!("{}/../../events/plain/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// A callback of a type on an order of user 1945.
fn notice(r#type: u8, id: &str) -> Value {
    json!({
        "business": 0, "requestUUID": "x", "tenantUserId": "1945", "callBackId": id, "type": r#type,
        "trackingId": format!("t-{id}")
    })
}

fn confirmation(id: &str) -> String {
    retry_of(&notice(2, id).to_string())
}

fn failure(id: &str) -> String {
    retry_of(&notice(5, id).to_string())
}

/// A type 3 on an order, with a transaction of its own.
fn completion(id: &str, amount: &str) -> String {
    let mut callback = notice(3, id);
    callback["txId"] = json!(format!("tx-of-{id}"));
    callback["chainName"] = json!("TRON");
    callback["symbol"] = json!("USDT");
    callback["amount"] = json!(amount);
    callback["fromAddress"] = json!("TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb");
    callback["toAddress"] = json!(PAYEE);
    retry_of(&callback.to_string())
}

/// The outcome of one sending, and that a retry of it is answered the same and changes nothing.
async fn twice(deployment: &Deployment, function: &str, plaintext: &str) -> Exchange {
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

fn money(available: &str, frozen: &str) -> (String, String) {
    (available.to_owned(), frozen.to_owned())
}

/// The documents' sample of each type and what they want to read.
fn samples() -> Vec<(&'static str, Value)> {
    vec![
        (
            "withdrawal-confirmation",
            json!({
                "tenantUserId": "bbxuzbc", "callBackId": "D611657466", "address": PAYEE, "chainName": "TRON",
                "symbol": "USDT", "amount": "3.30", "type": 2, "requestUUID": "f56d2814-7a8f-4dcf-9008-990c1be6e13e"
            }),
        ),
        (
            "withdrawal",
            json!({
                "type": 3, "callBackId": "250624392590001", "trackingId": "102003",
                "txId": "598433d2fe70a2e944bbda8b517cca36e0cf7cfe49642b569e73cf1a641148cb", "chainName": "TRON",
                "symbol": "USDT", "amount": "2.500000000000", "fromAddress": "TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb",
                "toAddress": PAYEE, "requestUUID": "00f2faf7-b705-4d65-9d82-0b6e372b92e4", "tenantUserId": "1945"
            }),
        ),
        (
            "address-change",
            json!({
                "type": 4, "chainName": "TRON", "symbol": "USDT", "toAddress": "TGVJZLgz88XPYwkQECMRocSgHtKQT7VQZd",
                "requestUUID": "f47d9353-d35b-437b-94ed-a0994794d688", "tenantUserId": "2020"
            }),
        ),
        (
            "withdrawal-failure",
            json!({
                "tenantUserId": "ryan_test_3", "callBackId": "D846735969", "trackingId": "102007",
                "requestUUID": "47b8d46c-12c9-4d64-98a0-ad1fbb6d0c29", "type": 5
            }),
        ),
        (
            "insufficient-balance",
            json!({
                "type": 6, "callBackId": "250529528850002", "trackingId": "101934",
                "requestUUID": "5aceadbb-0783-4d38-895a-3418127c5f06", "tenantUserId": "1945"
            }),
        ),
        (
            "insufficient-gas",
            json!({
                "type": 7, "callBackId": "250529528850002", "trackingId": "101934",
                "requestUUID": "5aceadbb-0783-4d38-895a-3418127c5f10", "tenantUserId": "1945"
            }),
        ),
    ]
}

#[tokio::test]
async fn every_sample_has_its_documented_reply_at_its_own_function_and_at_callback() {
    for through_callback in [false, true] {
        for (name, documented) in samples() {
            let deployment = Deployment::new().await;
            deployment.deposit("bbxuzbc", "USDT", "10").await;
            assert_eq!(deployment.register("D611657466", "bbxuzbc", "3.30", PAYEE).await, 201);
            let function = if through_callback { "callback" } else { name };
            let exchange = deployment.send(function, &plain(name)).await;
            if through_callback && name == "withdrawal-confirmation" {
                assert_eq!(verdict(&exchange), (200, 2001), "no confirmation through callback");
                assert_eq!(deployment.state("D611657466").await, "reserved");
                continue;
            }
            assert_eq!(verdict(&exchange), ACCEPTED, "{name}");
            assert_eq!(exchange.reply, Some(documented), "{name}");
        }
    }
    let deployment = Deployment::new().await;
    let unknown = deployment.send("callback", r#"{"type":"0"}"#).await;
    assert_eq!((unknown.status, unknown.answer), (204, None));
}

#[tokio::test]
async fn every_function_refuses_every_other_type() {
    let deployment = Deployment::new().await;
    let mut names: Vec<_> = samples().into_iter().map(|(name, _)| name).collect();
    names.push("deposit");
    for function in &names {
        for sample in &names {
            if function != sample {
                let exchange = deployment.send(function, &plain(sample)).await;
                assert_eq!(verdict(&exchange), (200, 2001), "{sample} at {function}");
            }
        }
    }
    assert_eq!(deployment.outcomes().await, BTreeMap::new());
}

#[tokio::test]
async fn a_confirmed_withdrawal_goes_its_whole_way() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    assert_eq!(deployment.register("w", "1945", "3.3", PAYEE).await, 201);
    assert_eq!(deployment.register("w", "1945", "3.30", PAYEE).await, 200, "the same again");
    assert_eq!(deployment.usdt("1945").await, money("6.7", "3.3"));

    let confirmed = twice(&deployment, "withdrawal-confirmation", &confirmation("w")).await;
    assert_eq!(verdict(&confirmed), ACCEPTED);
    let reply = confirmed.reply.unwrap();
    let told = ["address", "chainName", "symbol", "amount"].map(|name| reply[name].as_str().unwrap());
    assert_eq!(told, [PAYEE, "TRON", "USDT", "3.3"]);
    assert_eq!(
        (deployment.state("w").await, deployment.usdt("1945").await),
        ("confirmed".into(), money("6.7", "3.3"))
    );
    let (status, problem) = deployment.call(Method::DELETE, "/withdrawals/w", None).await;
    assert_eq!((status, &problem["type"]), (409, &json!("urn:waas-callbacks:problem:order-confirmed")));

    let completed = twice(&deployment, "withdrawal", &completion("w", "3.3")).await;
    assert_eq!(verdict(&completed), ACCEPTED);
    assert_eq!(deployment.usdt("1945").await, money("6.7", "0"));
    let (status, order) = deployment.call(Method::GET, "/withdrawals/w", None).await;
    assert_eq!((status, &order["state"], &order["txId"]), (200, &json!("completed"), &json!("tx-of-w")));
    assert_eq!(deployment.register("w", "1945", "3.3", PAYEE).await, 200, "still the same registration");
    let evm = "0xDe0B295669a9FD93d5F28D9Ec85E40f4cb697BAe";
    assert_eq!(deployment.register("evm", "1945", "1", evm).await, 201);
    assert_eq!(deployment.register("evm", "1945", "1", &evm.to_lowercase()).await, 200, "the same address");
    deployment.assert_audited().await;
}

#[tokio::test]
async fn a_failed_withdrawal_gives_its_funds_back_once() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    deployment.register("w", "1945", "3.3", PAYEE).await;
    twice(&deployment, "withdrawal-confirmation", &confirmation("w")).await;
    for (r#type, function, cause) in
        [(6, "insufficient-balance", "insufficient-balance"), (7, "insufficient-gas", "insufficient-gas")]
    {
        let stalled = twice(&deployment, function, &retry_of(&notice(r#type, "w").to_string())).await;
        assert_eq!(verdict(&stalled), ACCEPTED);
        assert_eq!(deployment.usdt("1945").await, money("6.7", "3.3"), "the funds stay frozen");
        let (_, order) = deployment.call(Method::GET, "/withdrawals/w", None).await;
        assert_eq!((&order["state"], &order["stalled"]), (&json!("confirmed"), &json!(cause)));
        let (_, process) = deployment.function(function).await;
        process.callbacks(2).await;
        assert_eq!(process.count("stalled"), 1, "counted for an alarm");
    }
    assert_eq!(verdict(&twice(&deployment, "withdrawal-failure", &failure("w")).await), ACCEPTED);
    let other_tracking = with(&failure("w"), "trackingId", "another");
    assert_eq!(verdict(&twice(&deployment, "withdrawal-failure", &other_tracking).await), ACCEPTED);
    assert_eq!(deployment.usdt("1945").await, money("10", "0"), "once, however often it comes");
    let (_, order) = deployment.call(Method::GET, "/withdrawals/w", None).await;
    assert_eq!((&order["state"], &order["stalled"]), (&json!("failed"), &Value::Null));

    for (r#type, function) in [(6, "insufficient-balance"), (7, "insufficient-gas")] {
        let late = with(&notice(r#type, "w").to_string(), "trackingId", "late");
        assert_eq!(verdict(&twice(&deployment, function, &retry_of(&late)).await), ACCEPTED);
    }
    assert_eq!(deployment.outcomes().await["ignored"], 3);
    deployment.assert_audited().await;
}

#[tokio::test]
async fn a_withdrawal_that_nobody_registered_is_recorded_without_postings() {
    let deployment = Deployment::new().await;
    assert_eq!(verdict(&twice(&deployment, "withdrawal", &plain("withdrawal")).await), ACCEPTED);
    let (_, order) = deployment.call(Method::GET, "/withdrawals/250624392590001", None).await;
    assert_eq!((&order["state"], &order["registered"]), (&json!("completed"), &json!(false)));
    assert_eq!(order["txId"], "598433d2fe70a2e944bbda8b517cca36e0cf7cfe49642b569e73cf1a641148cb");
    let expected = BTreeMap::from([("completed-unregistered".to_owned(), 1)]);
    assert_eq!(deployment.outcomes().await, expected);
    let (_, process) = deployment.function("withdrawal").await;
    process.callbacks(2).await;
    assert_eq!(process.count("completed-unregistered"), 1);
    assert_eq!(deployment.usdt("1945").await, money("0", "0"));

    let unknown = failure("nobody-knows");
    assert_eq!(verdict(&twice(&deployment, "withdrawal-failure", &unknown).await), ACCEPTED);
    assert_eq!(deployment.state("nobody-knows").await, "failed");
}

#[tokio::test]
async fn contradictions_move_nothing_and_are_recorded_once() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "100").await;
    for id in ["completed", "failed", "cancelled", "open"] {
        assert_eq!(deployment.register(id, "1945", "3.3", PAYEE).await, 201);
    }
    deployment.send("withdrawal", &completion("completed", "3.3")).await;
    deployment.send("withdrawal-failure", &failure("failed")).await;
    assert_eq!(deployment.call(Method::DELETE, "/withdrawals/cancelled", None).await.0, 200);
    assert_eq!(deployment.call(Method::DELETE, "/withdrawals/cancelled", None).await.0, 200, "again");
    assert_eq!(deployment.usdt("1945").await, money("93.4", "3.3"));

    let evm = "0xDe0B295669a9FD93d5F28D9Ec85E40f4cb697BAe";
    let cases = [
        ("withdrawal-failure", failure("completed"), ENDED),
        ("withdrawal", completion("failed", "3.3"), ENDED),
        ("withdrawal", completion("cancelled", "3.3"), ENDED),
        ("withdrawal", with(&completion("completed", "3.3"), "txId", "another"), ENDED),
        ("withdrawal-confirmation", confirmation("completed"), ENDED),
        ("withdrawal-confirmation", confirmation("failed"), ENDED),
        ("withdrawal-confirmation", confirmation("cancelled"), ENDED),
        ("withdrawal", completion("open", "3.2"), OTHER_TERMS),
        ("withdrawal", completion("open", "3.4"), OTHER_TERMS),
        ("withdrawal", with(&completion("open", "3.3"), "toAddress", evm), OTHER_TERMS),
        ("withdrawal", with(&completion("open", "3.3"), "symbol", "TRX"), OTHER_TERMS),
        ("withdrawal", with(&completion("open", "3.3"), "chainName", "ETH"), OTHER_TERMS),
        ("withdrawal", with(&completion("open", "3.3"), "tenantUserId", "1946"), 2007),
        ("withdrawal-failure", with(&failure("open"), "tenantUserId", "1946"), 2007),
        ("withdrawal-failure", with(&failure("open"), "toAddress", evm), OTHER_TERMS),
        ("insufficient-gas", retry_of(&with(&notice(7, "open").to_string(), "tenantUserId", "1946")), 2007),
    ];
    for (nth, (function, plaintext, code)) in cases.iter().enumerate() {
        let records = deployment.books.all_events().await.unwrap().len();
        let refused = twice(&deployment, function, plaintext).await;
        assert_eq!(verdict(&refused), (200, *code), "{nth}: {plaintext}");
        assert!(!refused.answer.unwrap().message.is_empty());
        assert_eq!(deployment.books.all_events().await.unwrap().len(), records + 1, "{nth}: recorded once");
        assert_eq!(deployment.usdt("1945").await, money("93.4", "3.3"), "{nth}");
    }
    for (id, state) in
        [("completed", "completed"), ("failed", "failed"), ("cancelled", "cancelled"), ("open", "reserved")]
    {
        assert_eq!(deployment.state(id).await, state);
    }
    let (_, process) = deployment.function("withdrawal").await;
    assert!(process.count("order-ended") >= 3 && process.count("other-terms") >= 5);
    // A failure after the merchant's own cancellation says what is so already.
    assert_eq!(verdict(&twice(&deployment, "withdrawal-failure", &failure("cancelled")).await), ACCEPTED);
    deployment.assert_audited().await;
}

#[tokio::test]
async fn what_arrives_out_of_order_ends_in_the_same_ledger() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;

    // 3 before 2.
    deployment.register("early", "1945", "1", PAYEE).await;
    assert_eq!(verdict(&twice(&deployment, "withdrawal", &completion("early", "1")).await), ACCEPTED);
    assert_eq!(deployment.usdt("1945").await, money("9", "0"));

    // 3 before the registration.
    assert_eq!(verdict(&twice(&deployment, "withdrawal", &completion("late", "2")).await), ACCEPTED);
    assert_eq!(deployment.usdt("1945").await, money("9", "0"));
    assert_eq!(deployment.register("late", "1945", "2.1", PAYEE).await, 409, "not what was paid");
    assert_eq!(deployment.register("late", "1945", "2", PAYEE).await, 201);
    assert_eq!(deployment.register("late", "1945", "2", PAYEE).await, 200);
    assert_eq!(
        (deployment.state("late").await, deployment.usdt("1945").await),
        ("completed".into(), money("7", "0"))
    );

    // 5 before the registration.
    assert_eq!(verdict(&twice(&deployment, "withdrawal-failure", &failure("never")).await), ACCEPTED);
    assert_eq!(deployment.register("never", "1945", "3", PAYEE).await, 201);
    assert_eq!(
        (deployment.state("never").await, deployment.usdt("1945").await),
        ("failed".into(), money("7", "0"))
    );

    // Paid, but the user never had it: as the right order would, the registration is refused.
    assert_eq!(verdict(&twice(&deployment, "withdrawal", &completion("too-much", "50")).await), ACCEPTED);
    for _ in 0..2 {
        assert_eq!(deployment.register("too-much", "1945", "50", PAYEE).await, 422);
    }
    assert_eq!(deployment.usdt("1945").await, money("7", "0"));

    // Both refusals contradict a payment that cannot be undone: recorded once, and told to whoever is on call.
    let outcomes = deployment.outcomes().await;
    assert_eq!((outcomes["other-terms"], outcomes["balance-too-low"]), (1, 1));
    let (_, process) = deployment.function("merchant-api").await;
    let alarmed = process.log().lines().filter(|line| line.contains("request contradicts a payment")).count();
    assert_eq!(alarmed, 3);
    deployment.assert_audited().await;
}

#[tokio::test]
async fn a_confirmation_is_refused_for_good_reasons() {
    let deployment = Deployment::with(&[("WAAS_CONFIRMATION_MAX_AGE_SECONDS", "3600")]).await;
    deployment.deposit("1945", "USDT", "100").await;
    for id in ["known", "held", "old", "twice"] {
        deployment.register(id, "1945", "3.3", PAYEE).await;
    }
    let refused = async |plaintext: &str| {
        let exchange = twice(&deployment, "withdrawal-confirmation", plaintext).await;
        let reply = exchange.reply.clone().unwrap();
        assert!(reply.get("address").is_none() && reply.get("amount").is_none(), "a refusal tells nothing");
        verdict(&exchange)
    };
    assert_eq!(refused(&confirmation("unknown")).await, (200, 2006));
    assert_eq!(refused(&with(&confirmation("known"), "tenantUserId", "1946")).await, (200, 2007));
    for (field, value) in [("amount", "3.4"), ("symbol", "TRX"), ("chainName", "ETH"), ("toAddress", "TX")] {
        assert_eq!(refused(&with(&confirmation("known"), field, value)).await, (200, 2008), "{field}");
    }

    assert_eq!(deployment.call(Method::PUT, "/withdrawals/held/hold", None).await.1["held"], true);
    assert_eq!(refused(&confirmation("held")).await, (200, 2011));
    assert_eq!(deployment.call(Method::DELETE, "/withdrawals/held/hold", None).await.1["held"], false);
    let confirmed = deployment.send("withdrawal-confirmation", &confirmation("held")).await;
    assert_eq!(verdict(&confirmed), ACCEPTED, "a refusal is not remembered against the order");

    let client = waas_callback_aws::clients::dynamodb(deployment.stack.config());
    let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
    let update = client.update_item().table_name("Withdrawals").key("callBackId", text("old"));
    let update = update.update_expression("SET registeredAt = :then");
    update.expression_attribute_values(":then", text("2026-01-01T00:00:00.000Z")).send().await.unwrap();
    assert_eq!(refused(&confirmation("old")).await, (200, 2012));

    // The older template's own details, in agreement; and a second payment of one order.
    let detailed = with(&with(&confirmation("twice"), "amount", "3.300"), "symbol", "USDT");
    let first = twice(&deployment, "withdrawal-confirmation", &detailed).await;
    assert_eq!(verdict(&first), ACCEPTED);
    assert_eq!(refused(&with(&confirmation("twice"), "trackingId", "another")).await, (200, 2013));

    // The first decision holds, whatever changes afterwards, until the order ends.
    assert_eq!(
        deployment.call(Method::PUT, "/withdrawals/twice/hold", None).await.0,
        409,
        "too late to hold it"
    );
    let again = deployment.send("withdrawal-confirmation", &retry_of(&detailed)).await;
    assert_eq!((verdict(&again), &again.reply.unwrap()["address"]), (ACCEPTED, &json!(PAYEE)));
    deployment.send("withdrawal-failure", &failure("twice")).await;
    let ended = deployment.send("withdrawal-confirmation", &retry_of(&detailed)).await;
    assert_eq!(verdict(&ended), (200, 2009));
    assert_eq!(deployment.outcomes().await["order-ended"], 1, "recorded");
    deployment.assert_audited().await;
}

#[tokio::test]
async fn less_than_ordered_is_a_fee_only_where_the_merchant_says_so() {
    let deployment = Deployment::with(&[("WAAS_ACTUAL_BELOW_ORDER", "fee")]).await;
    deployment.deposit("1945", "USDT", "10").await;
    deployment.register("w", "1945", "3.3", PAYEE).await;
    let more = deployment.send("withdrawal", &with(&completion("w", "3.4"), "txId", "more")).await;
    assert_eq!(verdict(&more), (200, 2008), "more than ordered is never one");
    assert_eq!(verdict(&twice(&deployment, "withdrawal", &completion("w", "3.29")).await), ACCEPTED);
    assert_eq!(deployment.usdt("1945").await, money("6.7", "0"), "the ordered amount is gone");

    // Paid before it was registered: the same ledger.
    assert_eq!(verdict(&deployment.send("withdrawal", &completion("early", "0.9")).await), ACCEPTED);
    assert_eq!(deployment.register("early", "1945", "0.8", PAYEE).await, 409);
    assert_eq!(deployment.register("early", "1945", "1", PAYEE).await, 201);
    assert_eq!(deployment.usdt("1945").await, money("5.7", "0"));
    let (_, order) = deployment.call(Method::GET, "/withdrawals/early", None).await;
    assert_eq!((&order["state"], &order["fee"]), (&json!("completed"), &json!("0.1")));

    let (_, order) = deployment.call(Method::GET, "/withdrawals/w", None).await;
    assert_eq!((&order["state"], &order["fee"]), (&json!("completed"), &json!("0.01")));
    deployment.assert_audited().await;
}

#[tokio::test]
async fn an_energy_lease_moves_no_coin() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    deployment.register("w", "1945", "3.3", PAYEE).await;
    let lease =
        with(&with(&completion("w", "65000"), "symbol", "ENERGY"), "txTimeStamp", 1_750_752_000_123_u64);
    let leased = twice(&deployment, "withdrawal", &lease).await;
    assert_eq!(
        (verdict(&leased), &leased.reply.unwrap()["txTimeStamp"]),
        (ACCEPTED, &json!(1_750_752_000_123_u64))
    );
    assert_eq!(
        (deployment.state("w").await, deployment.usdt("1945").await),
        ("reserved".into(), money("6.7", "3.3"))
    );
    // The token's own withdrawal in the same transaction.
    assert_eq!(verdict(&twice(&deployment, "withdrawal", &completion("w", "3.3")).await), ACCEPTED);
    assert_eq!(deployment.usdt("1945").await, money("6.7", "0"));
    let energy = json!({ "callBackId": "e", "tenantUserId": "1945", "chainName": "TRON", "symbol": "ENERGY", "amount": "1", "address": PAYEE });
    assert_eq!(deployment.call(Method::POST, "/withdrawals", Some(&energy)).await.0, 422);
    deployment.assert_audited().await;
}

#[tokio::test]
async fn a_late_retry_does_not_bring_an_old_address_back() {
    let deployment = Deployment::new().await;
    let to = |address: &str| {
        retry_of(&with(&with(&plain("address-change"), "newAddress", address), "tenantUserId", "1945"))
    };
    for address in ["TA", "TB", "TC"] {
        assert_eq!(verdict(&deployment.send("address-change", &to(address)).await), ACCEPTED);
    }
    let late = with(&to("TB"), "trackingId", "t"); // even one that looks like another event
    for again in [to("TB"), to("TC"), late] {
        assert_eq!(verdict(&deployment.send("address-change", &again).await), ACCEPTED);
    }
    let (_, user) = deployment.call(Method::GET, "/users/1945", None).await;
    let expected =
        json!([{ "chainName": "TRON", "symbol": "USDT", "address": "TC", "earlier": ["TA", "TB"] }]);
    assert_eq!(user["addresses"], expected);

    deployment.send("address-change", &plain("address-change")).await;
    let (_, user) = deployment.call(Method::GET, "/users/2020", None).await;
    assert_eq!(user["addresses"][0]["address"], "TGVJZLgz88XPYwkQECMRocSgHtKQT7VQZd", "not the damaged copy");

    let deposit = with(&with(DEPOSIT, "tenantUserId", "1945"), "toAddress", "TA");
    assert_eq!(
        verdict(&deployment.send("deposit", &deposit).await),
        ACCEPTED,
        "an earlier address still credits"
    );
    assert_eq!(deployment.outcomes().await["address-known"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_registrations_at_once_against_funds_for_twenty_give_twenty() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "66").await;
    let ids: Vec<_> = (0..50).map(|n| format!("w{n}")).collect();
    let registering = ids.iter().map(|id| deployment.register(id, "1945", "3.3", PAYEE));
    let mut statuses = BTreeMap::new();
    for status in futures_util::future::join_all(registering).await {
        *statuses.entry(status).or_insert(0) += 1;
    }
    assert_eq!(statuses, BTreeMap::from([(201, 20), (422, 30)]));
    assert_eq!(deployment.usdt("1945").await, money("0", "66"));
    deployment.assert_audited().await;
}

#[tokio::test]
async fn risky_deposits_are_held_until_released() {
    let deployment = Deployment::with(&[("WAAS_RISK_THRESHOLD", "65")]).await;
    let deposit = |tx: &str, from: Value, to: Value| {
        let deposit = with(&with(DEPOSIT, "riskLevelFrom", from), "riskLevelTo", to);
        retry_of(&with(&with(&deposit, "txId", tx), "symbol", "USDT"))
    };
    for (nth, (from, to, is_held)) in [
        (json!(64), json!(0), false),
        (json!(65), json!(0), true),
        (json!(0), json!(100), true),
        (Value::Null, json!(0), true),
        (json!(-1), json!(0), true),
        (json!(0), json!(101), true),
    ]
    .into_iter()
    .enumerate()
    {
        let before = deployment.outcomes().await.get("held").copied().unwrap_or_default();
        let exchange = twice(&deployment, "deposit", &deposit(&format!("tx{nth}"), from, to)).await;
        assert_eq!(verdict(&exchange), ACCEPTED, "{nth}: held or not, it is accepted");
        let after = deployment.outcomes().await.get("held").copied().unwrap_or_default();
        assert_eq!(after > before, is_held, "{nth}");
    }
    let (_, user) = deployment.call(Method::GET, "/users/2049", None).await;
    let balance =
        json!({ "chainName": "TRON", "symbol": "USDT", "available": "2.5", "frozen": "0", "held": "12.5" });
    assert_eq!(user["balances"], json!([balance]));

    let events = deployment.books.all_events().await.unwrap();
    let key = |outcome: &str| {
        let event = events.iter().find(|event| event["outcome"].as_s().unwrap() == outcome).unwrap();
        event["eventKey"].as_s().unwrap().clone()
    };
    for _ in 0..2 {
        let path = format!("/deposits/{}/release", key("held"));
        assert_eq!(deployment.call(Method::POST, &path, None).await.0, 200);
        let (_, user) = deployment.call(Method::GET, "/users/2049", None).await;
        assert_eq!(
            (&user["balances"][0]["available"], &user["balances"][0]["held"]),
            (&json!("5"), &json!("10"))
        );
    }
    let credited = format!("/deposits/{}/release", key("credited"));
    assert_eq!(deployment.call(Method::POST, &credited, None).await.0, 409);
    assert_eq!(deployment.call(Method::POST, "/deposits/deposit-0/release", None).await.0, 404);
    deployment.assert_audited().await;
}

#[tokio::test]
async fn the_merchant_api_answers_as_its_document_says() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    let order = json!({
        "callBackId": "w", "tenantUserId": "1945", "chainName": "TRON", "symbol": "USDT", "amount": "3.3",
        "address": PAYEE
    });
    let (status, registered) = deployment.call(Method::POST, "/withdrawals", Some(&order)).await;
    assert_eq!(
        (status, &registered["state"], &registered["amount"]),
        (201, &json!("reserved"), &json!("3.3"))
    );
    for (field, value) in [
        ("amount", json!("3.4")),
        ("tenantUserId", json!("1")),
        ("symbol", json!("TRX")),
        ("chainName", json!("ETH")),
        ("address", json!("T")),
    ] {
        let mut other = order.clone();
        other[field] = value;
        let (status, problem) = deployment.call(Method::POST, "/withdrawals", Some(&other)).await;
        assert_eq!((status, &problem["status"]), (409, &json!(409)), "{field}");
    }
    let problems = [
        (Method::POST, "/withdrawals", Some(json!({ "callBackId": "x" })), 400, "malformed"),
        (Method::POST, "/withdrawals", Some(json!([1])), 400, "malformed"),
        (Method::GET, "/withdrawals/unknown", None, 404, "not-found"),
        (Method::DELETE, "/withdrawals/unknown", None, 404, "not-found"),
        (Method::PUT, "/withdrawals/unknown/hold", None, 404, "not-found"),
        (Method::GET, "/users/1945/events?limit=0", None, 400, "malformed"),
        (Method::GET, "/users/1945/events?limit=x", None, 400, "malformed"),
        (Method::GET, "/users/1945/events?cursor=no-cursor", None, 400, "malformed"),
        (Method::POST, "/withdrawals", Some(json!({ "callBackId": "x".repeat(20_000) })), 413, "malformed"),
        (Method::GET, "/nowhere", None, 404, "no-route"),
        (Method::DELETE, "/users/1945", None, 405, "no-method"),
    ];
    for (method, path, body, status, name) in problems {
        let (answered, problem) = deployment.call(method, path, body.as_ref()).await;
        let expected = (status, json!(format!("urn:waas-callbacks:problem:{name}")));
        assert_eq!((answered, problem["type"].clone()), expected, "{path}");
    }
    let mut too_much = order.clone();
    too_much["callBackId"] = json!("too-much");
    too_much["amount"] = json!(6.71);
    let (status, problem) = deployment.call(Method::POST, "/withdrawals", Some(&too_much)).await;
    assert_eq!((status, &problem["detail"]), (422, &json!("the balance is too low")));

    let (_, nobody) = deployment.call(Method::GET, "/users/nobody", None).await;
    assert_eq!(nobody, json!({ "tenantUserId": "nobody", "balances": [], "addresses": [] }));

    for n in 0..5 {
        deployment.deposit("1945", "USDT", &format!("{}", n + 1)).await;
    }
    let mut outcomes = Vec::new();
    let mut path = "/users/1945/events?limit=3".to_owned();
    loop {
        let (status, page) = deployment.call(Method::GET, &path, None).await;
        assert_eq!(status, 200);
        let events = page["events"].as_array().unwrap();
        assert!(events.len() <= 3);
        outcomes.extend(
            events.iter().map(|event| event["postings"][0]["available"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/users/1945/events?limit=3&cursor={next}");
    }
    assert_eq!(outcomes, ["5", "4", "3", "2", "1", "-3.3", "10"], "newest first, each once");

    let (_, process) = deployment.function("merchant-api").await;
    let log = process.log();
    assert!(
        log.contains("/withdrawals/{callBackId}") && !log.contains(PAYEE) && !log.contains("1945"),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_audit_finds_what_is_put_in_by_hand() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    deployment.register("w", "1945", "3.3", PAYEE).await;
    deployment.assert_audited().await;
    let client = waas_callback_aws::clients::dynamodb(deployment.stack.config());
    let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
    let number = |value: &str| aws_sdk_dynamodb::types::AttributeValue::N(value.to_owned());
    let put = |user: &str, available: &str| {
        client
            .put_item()
            .table_name("Balances")
            .item("tenantUserId", text(user))
            .item("asset", text("TRON#USDT"))
            .item("available", number(available))
            .item("frozen", number("3.3"))
    };
    put("1945", "6.70000001").send().await.unwrap();
    put("nobody", "1").send().await.unwrap();
    let found = audit(&deployment.books).await.unwrap();
    assert_eq!(found.differences.len(), 2);
    let report = found.to_string();
    assert!(
        report.contains(
            "1945 TRON#USDT: recorded available 6.70000001 frozen 3.3 held 0, posted available 6.7"
        ),
        "{report}"
    );
    assert!(report.ends_with("2 balances, 2 differences"), "{report}");

    // The command, as an operator runs it.
    let command = || {
        let environment = deployment.stack.environment().iter().map(|(name, value)| (name, value));
        std::process::Command::new(env!("CARGO_BIN_EXE_waas-local")).arg("audit").envs(environment).output()
    };
    let failed = tokio::task::block_in_place(command).unwrap();
    assert_eq!(
        (failed.status.code(), &*String::from_utf8_lossy(&failed.stdout)),
        (Some(1), &*format!("{report}\n"))
    );
    put("1945", "6.7").send().await.unwrap();
    put("nobody", "0").item("frozen", number("0")).send().await.unwrap();
    assert_eq!(tokio::task::block_in_place(command).unwrap().status.code(), Some(0));
}

#[tokio::test]
async fn round_trips_are_as_promised() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    for id in ["a", "b", "c"] {
        deployment.register(id, "1945", "1", PAYEE).await;
    }
    let count = async |function: &str, plaintext: &str| {
        deployment.dynamodb.take_requests();
        deployment.send(function, plaintext).await;
        deployment.dynamodb.take_requests().values().sum::<usize>()
    };
    let (six, seven) = (notice(6, "a").to_string(), notice(7, "a").to_string());
    let one = [
        ("deposit", DEPOSIT.to_owned()),
        ("insufficient-balance", retry_of(&six)),
        ("insufficient-gas", retry_of(&seven)),
        ("withdrawal", completion("a", "1")),
        ("address-change", plain("address-change")),
    ];
    for (function, plaintext) in &one {
        assert_eq!(count(function, plaintext).await, 1, "{function}");
        assert_eq!(count(function, &retry_of(plaintext)).await, 1, "{function}, repeated");
    }
    for (function, plaintext) in
        [("withdrawal-confirmation", confirmation("b")), ("withdrawal-failure", failure("b"))]
    {
        assert_eq!(count(function, &plaintext).await, 2, "{function}");
        if function == "withdrawal-confirmation" {
            assert_eq!(count(function, &retry_of(&plaintext)).await, 1, "{function}, repeated");
        }
    }
    assert_eq!(count("withdrawal-failure", &failure("b")).await, 1, "repeated");
    for (function, refused) in [
        ("withdrawal-confirmation", confirmation("unknown")),
        ("withdrawal", completion("c", "2")),
        ("withdrawal-failure", failure("a")),
    ] {
        assert_eq!(count(function, &refused).await, 2, "{function}, refused");
    }
}
