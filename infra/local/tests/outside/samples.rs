//! The documents' samples have the documents' replies, each at its own function.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use waas_platform::DEVELOPMENT_API_KEY;

use crate::harness::*;

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
async fn the_documents_deposit_is_credited_and_answered_as_documented() {
    let deployment = Deployment::new().await;
    let exchange = deployment.send("deposit", DEPOSIT).await;
    assert_eq!(verdict(&exchange), ACCEPTED);
    let answer = exchange.answer.unwrap();
    assert_eq!((&*answer.api_key, &*answer.message), (DEVELOPMENT_API_KEY, ""));
    assert_eq!(exchange.reply, Some(documented_reply()));
    assert_eq!(deployment.available("2049", "TRON#TRX").await, "2.5");

    let events = deployment.events().await;
    let event = &events[0];
    assert_eq!(events.len(), 1);
    assert_eq!(event["type"].as_n().unwrap(), "1");
    assert_eq!(event["requestUUID"].as_s().unwrap(), "fbd70fb4-c302-4228-bd61-6326e0539551");
    assert_eq!(event["trackingId"].as_s().unwrap(), "6484");
    assert_eq!(event["callback"].as_s().unwrap(), DEPOSIT);
    let posting = event["postings"].as_l().unwrap()[0].as_m().unwrap();
    assert_eq!(posting["available"].as_n().unwrap(), "2.5");
    let requests = deployment.requests().await;
    assert_eq!(requests[0]["eventKey"], event["eventKey"]);
    assert_eq!(requests[0]["decision"].as_s().unwrap(), "credited");
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
