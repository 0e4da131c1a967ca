//! A new address is the user's once the platform says the same.

use http::Method;
use serde_json::{Value, json};

use super::{USER, last_question, waits};
use crate::harness::*;

fn change(user: &str, address: &str) -> Value {
    json!({ "tenantUserId": user, "chainName": "TRON", "symbol": "USDT", "newAddress": address })
}

/// The addresses that the merchant is shown: present and earlier ones.
async fn shown(verifying: &Verifying) -> Value {
    let (_, user) = verifying.call(Method::GET, &format!("/users/{USER}"), None).await;
    user["addresses"].as_array().unwrap().iter().map(|of| json!([of["address"], of["earlier"]])).collect()
}

#[tokio::test]
async fn a_new_address_counts_once_the_platform_has_the_same() {
    let verifying = Verifying::new().await;
    verifying.make_known(USER).await;
    verifying.gate.add(json!({ "addressChanges": [change(USER, "T-a")] }));
    assert_eq!(verifying.deliver().await, [ACCEPTED]);
    assert_eq!(shown(&verifying).await, json!([]));
    assert_eq!(verifying.waits().await, waits(&["verification"], "platform"));
    verifying.ask_new().await;
    assert_eq!(shown(&verifying).await, json!([["T-a", []]]));
    verifying.gate.add(json!({ "addressChanges": [change(USER, "T-b")] }));
    verifying.settle().await;
    assert_eq!(shown(&verifying).await, json!([["T-b", ["T-a"]]]));
    assert_eq!((verifying.gate.asked(), verifying.open_cases().await.len()), ([0, 0, 2], 0));
    verifying.assert_audited().await;
}

#[tokio::test]
async fn another_address_than_the_platforms_is_asked_about_until_the_limit_and_never_counts() {
    let verifying = Verifying::new().await;
    verifying.make_known(USER).await;
    let callback = json!({ "type": 4, "requestUUID": "x", "tenantUserId": USER, "chainName": "TRON", "symbol": "USDT",
                           "newAddress": "T-thief", "trackingId": null });
    let forged = retry_of(&callback.to_string());
    assert_eq!(verdict(&verifying.send("address-change", &forged).await), ACCEPTED);
    verifying.ask_new().await;
    verifying.ask_due().await;
    assert_eq!(last_question(&verifying, 2).await.0, "other-address");
    assert_eq!(verifying.waits().await, waits(&["verification"], "platform"), "it may change yet");
    verifying.let_the_limit_pass().await;
    verifying.ask_due().await;
    assert_eq!(verifying.waits().await, waits(&["contradicted"], "operator"));
    assert_eq!(shown(&verifying).await, json!([]));
    // And a deposit to it is not the user's.
    verifying.gate.add(json!({ "deposits": [deposit_at("T-thief", "thief", "tx-1", "2")] }));
    let stolen = super::told("T-thief", USER, "tx-1", "2");
    assert_eq!(verdict(&verifying.send("deposit", &stolen).await), ACCEPTED);
    verifying.ask_new().await;
    assert_eq!(verifying.parts(USER).await, ["0", "0", "2"]);
    verifying.assert_audited().await;
}

#[tokio::test]
async fn an_address_of_a_user_whom_nobody_here_knows_is_not_asked_for() {
    let verifying = Verifying::new().await;
    verifying.gate.add(json!({ "addressChanges": [change("new", "T-a")] }));
    verifying.deliver().await;
    verifying.ask_new().await;
    assert_eq!(
        (verifying.gate.asked(), last_question(&verifying, 1).await.0),
        ([0, 0, 0], "unknown-user".into())
    );
    verifying.make_known("new").await;
    verifying.ask_due().await;
    assert_eq!((verifying.gate.asked(), verifying.open_cases().await.len()), ([0, 0, 1], 0));
    verifying.assert_audited().await;
}

/// What a verified deposit showed to be the user's becomes the present address by its change.
#[tokio::test]
async fn a_change_to_an_address_that_has_received_already_counts_all_the_same() {
    let verifying = Verifying::new().await;
    verifying.fund(USER, "1").await;
    assert_eq!(shown(&verifying).await, json!([]));
    verifying.gate.add(json!({ "addressChanges": [change(USER, &address_of(USER))] }));
    verifying.settle().await;
    assert_eq!(shown(&verifying).await, json!([[address_of(USER), []]]));
    verifying.assert_audited().await;
}

#[tokio::test]
async fn an_address_that_the_user_had_before_is_told_again_and_changes_nothing() {
    let verifying = Verifying::new().await;
    verifying.make_known(USER).await;
    for address in ["T-a", "T-b"] {
        verifying.gate.add(json!({ "addressChanges": [change(USER, address)] }));
        verifying.settle().await;
    }
    // The same again under a trackingId, as no retry would have it, while the platform is back at the first one.
    verifying.gate.add(json!({ "users": [{ "tenantUserId": USER, "addresses": { "TRON": "T-a" } }] }));
    let callback = json!({ "type": 4, "requestUUID": "x", "tenantUserId": USER, "chainName": "TRON", "symbol": "USDT",
                           "newAddress": "T-a", "trackingId": "again" });
    assert_eq!(verdict(&verifying.send("address-change", &retry_of(&callback.to_string())).await), ACCEPTED);
    verifying.ask_new().await;
    assert_eq!(shown(&verifying).await, json!([["T-b", ["T-a"]]]));
    assert_eq!(verifying.outcomes().await["address-known"], 1);
    assert_eq!(verifying.open_cases().await.len(), 0);
    verifying.assert_audited().await;
}
