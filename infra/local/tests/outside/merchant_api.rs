//! The merchant's own door answers as its document says, and never gives away more than there is.

use std::collections::BTreeMap;

use http::Method;
use serde_json::json;

use crate::harness::*;

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
        ("chainName", json!("XRP")),
        ("address", json!("TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb")),
        ("mode", json!("direct")),
    ] {
        let mut other = order.clone();
        other[field] = value;
        let (status, problem) = deployment.call(Method::POST, "/withdrawals", Some(&other)).await;
        assert_eq!((status, &problem["status"]), (409, &json!(409)), "{field}");
    }
    let too_long = &*format!("/withdrawals/{}", "x".repeat(256));
    let mut dots = order.clone();
    dots["callBackId"] = json!("..");
    let problems = [
        (Method::POST, "/withdrawals", Some(json!({ "callBackId": "x" })), 400, "malformed"),
        (Method::POST, "/withdrawals", Some(json!([1])), 400, "malformed"),
        (Method::GET, "/withdrawals/unknown", None, 404, "not-found"),
        (Method::DELETE, "/withdrawals/unknown", None, 404, "not-found"),
        (Method::PUT, "/withdrawals/unknown/hold", None, 404, "not-found"),
        (Method::GET, "/users/1945/events?limit=0", None, 400, "malformed"),
        (Method::GET, "/users/1945/events?limit=x", None, 400, "malformed"),
        (Method::GET, "/users/1945/events?cursor=no-cursor", None, 400, "malformed"),
        (Method::GET, "/users/1945/events?cursor=eCA", None, 400, "malformed"), // a time, a space and no event
        (Method::GET, too_long, None, 400, "malformed"),
        (Method::POST, "/withdrawals", Some(dots), 400, "malformed"),
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
