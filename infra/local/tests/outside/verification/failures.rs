//! A failure frees an order's funds once the platform says that it did not pay, and nothing else does.

use http::Method;
use serde_json::{Value, json};

use super::{last_question, waits};
use crate::harness::*;

/// 3 of 10 are frozen for an order, which the platform has too, in a state; its failure was told and taken.
async fn reported(mode: &str, state: u8, terms: Value) -> Verifying {
    let verifying = Verifying::new().await;
    verifying.fund("1945", "10").await;
    assert_eq!(verifying.register_in(mode, "w", "1945", "3", PAYEE).await, 201);
    let order = json!({ "callBackId": "w", "tenantUserId": "1945", "orderState": state, "terms": terms });
    verifying.gate.add(json!({ "withdrawals": [order] }));
    assert_eq!(verdict(&verifying.send("withdrawal-failure", &failure("w")).await), ACCEPTED);
    assert_eq!(verifying.parts("1945").await, ["7", "3", "0"], "nothing is freed by a word alone");
    assert_eq!(verifying.state("w").await, "reserved");
    verifying
}

fn terms(symbol: &str, amount: &str) -> Value {
    json!({ "chainName": "TRON", "symbol": symbol, "amount": amount, "toAddress": PAYEE })
}

#[tokio::test]
async fn a_failure_that_the_platform_confirms_frees_the_funds_once() {
    for (state, mode, told) in [
        (6, "confirmed", Value::Null),
        (4, "direct", Value::Null),
        (6, "direct", terms("USDT", "3.000")),
        (4, "confirmed", terms("USDT", "3")),
    ] {
        let verifying = reported(mode, state, told).await;
        assert_eq!(verifying.waits().await, waits(&["verification"], "platform"));
        let messages = verifying.messages().await;
        for _ in 0..3 {
            verifying.ask_all(&messages).await;
            verifying.ask_due().await;
            let again = verifying.send("withdrawal-failure", &failure("w")).await;
            assert_eq!(verdict(&again), ACCEPTED);
            assert_eq!(verifying.parts("1945").await, ["10", "0", "0"]);
            assert_eq!(verifying.state("w").await, "failed");
        }
        assert_eq!((verifying.gate.asked()[1], verifying.open_cases().await.len()), (1, 0));
        verifying.assert_audited().await;
    }
}

#[tokio::test]
async fn an_order_that_the_platform_has_paid_waits_for_its_payment_which_settles_it() {
    let verifying = reported("direct", 3, terms("USDT", "3")).await;
    verifying.ask_new().await;
    assert_eq!(verifying.parts("1945").await, ["7", "3", "0"]);
    assert_eq!(verifying.waits().await, waits(&["contradicted"], "operator"));
    assert_eq!(last_question(&verifying, 2).await, ("contradicted".into(), "paid".into()));
    assert_eq!(verdict(&verifying.send("withdrawal", &completion("w", "3")).await), ACCEPTED);
    assert_eq!(verifying.parts("1945").await, ["7", "0", "0"]);
    let [case] = verifying.open_cases().await.try_into().unwrap();
    assert_eq!(verifying.resolve(case["caseKey"].as_str().unwrap(), "dismiss").await, 201);
    assert_eq!(verifying.parts("1945").await, ["7", "0", "0"]);
    verifying.assert_audited().await;
}

#[tokio::test]
async fn what_is_not_final_or_unknown_is_asked_about_until_the_limit_and_then_a_persons() {
    for (state, word) in
        [(0, "not-final"), (1, "not-final"), (2, "not-final"), (5, "not-final"), (6, "unknown")]
    {
        let verifying = reported("direct", state, Value::Null).await;
        if word == "unknown" {
            let nothing = json!({ "calls": [{ "on": "getWithdrawOrder", "do": "nothing" }] });
            verifying.gate.add(json!({ "misbehaviour": nothing }));
        }
        verifying.ask_new().await;
        verifying.ask_due().await;
        assert_eq!(verifying.waits().await, waits(&["verification"], "platform"), "{state}");
        assert_eq!(last_question(&verifying, 3).await.0, word, "{state}");
        verifying.let_the_limit_pass().await;
        verifying.ask_due().await;
        assert_eq!(verifying.waits().await, waits(&["contradicted"], "operator"), "{state}");
        assert_eq!(verifying.parts("1945").await, ["7", "3", "0"]);
        let [case] = verifying.open_cases().await.try_into().unwrap();
        assert_eq!(verifying.resolve(case["caseKey"].as_str().unwrap(), "unfreeze").await, 201);
        assert_eq!(verifying.parts("1945").await, ["10", "0", "0"]);
        verifying.settle().await;
        assert_eq!(verifying.parts("1945").await, ["10", "0", "0"]);
        verifying.assert_audited().await;
    }
}

#[tokio::test]
async fn a_payment_settles_whatever_failure_was_told_before_it() {
    for is_asked_first in [true, false] {
        let verifying = reported("direct", 2, terms("USDT", "3")).await;
        if is_asked_first {
            verifying.ask_new().await;
        }
        assert_eq!(verdict(&verifying.send("withdrawal", &completion("w", "3")).await), ACCEPTED);
        assert_eq!(
            (verifying.state("w").await.as_str(), verifying.parts("1945").await),
            ("completed", ["7", "0", "0"].map(Into::into))
        );
        // Even if the platform says now that it failed.
        let failed = json!({ "callBackId": "w", "tenantUserId": "1945", "orderState": 6 });
        verifying.gate.add(json!({ "withdrawals": [failed] }));
        verifying.ask_new().await;
        verifying.ask_due().await;
        assert_eq!(verifying.waits().await, waits(&["contradicted"], "operator"));
        assert_eq!(verifying.parts("1945").await, ["7", "0", "0"]);
        verifying.assert_audited().await;
    }
}

#[tokio::test]
async fn an_order_of_another_coin_or_amount_is_not_the_one_that_failed() {
    for told in [terms("TRX", "3"), terms("USDT", "2.9")] {
        let verifying = reported("direct", 6, told).await;
        verifying.ask_new().await;
        assert_eq!(verifying.waits().await, waits(&["contradicted"], "operator"));
        assert_eq!(last_question(&verifying, 2).await, ("contradicted".into(), "other-terms".into()));
        assert_eq!(verifying.parts("1945").await, ["7", "3", "0"]);
        verifying.assert_audited().await;
    }
}

#[tokio::test]
async fn the_merchant_takes_no_order_back_whose_failure_is_being_asked_about() {
    let verifying = reported("confirmed", 2, Value::Null).await;
    assert_eq!(verifying.act(Method::DELETE, "/withdrawals/w").await, (409, "order-under-way".into()));
    verifying.ask_new().await;
    assert_eq!(verifying.act(Method::DELETE, "/withdrawals/w").await, (409, "order-under-way".into()));
    assert_eq!(verifying.parts("1945").await, ["7", "3", "0"]);
    let (_, order) = verifying.call(Method::GET, "/withdrawals/w", None).await;
    assert!(order["failureReported"].is_string(), "{order}");
    verifying.assert_audited().await;
}

/// A failure binds the order to no withdrawal of the platform before it is true.
#[tokio::test]
async fn a_forged_failure_neither_frees_nor_binds_an_order() {
    let verifying = reported("confirmed", 2, Value::Null).await;
    let forged = with(&failure("w"), "trackingId", "of-nobody");
    assert_eq!(verdict(&verifying.send("withdrawal-failure", &forged).await), ACCEPTED);
    verifying.ask_new().await;
    let confirmed = verifying.send("withdrawal-confirmation", &confirmation("w")).await;
    assert_eq!(verdict(&confirmed), ACCEPTED, "the genuine withdrawal is still answered");
    assert_eq!(verdict(&verifying.send("withdrawal", &completion("w", "3")).await), ACCEPTED);
    assert_eq!(verifying.parts("1945").await, ["7", "0", "0"]);
    verifying.assert_audited().await;
}

#[tokio::test]
async fn a_failure_of_an_order_that_nobody_registered_frees_nothing() {
    let verifying = Verifying::new().await;
    verifying.fund("1945", "10").await;
    verifying
        .gate
        .add(json!({ "withdrawals": [{ "callBackId": "w", "tenantUserId": "1945", "orderState": 6 }] }));
    assert_eq!(verdict(&verifying.send("withdrawal-failure", &failure("w")).await), ACCEPTED);
    assert_eq!(verifying.state("w").await, "reported");
    verifying.ask_new().await;
    assert_eq!(
        (verifying.state("w").await.as_str(), verifying.parts("1945").await),
        ("failed", ["10", "0", "0"].map(Into::into))
    );
    assert_eq!(verifying.open_cases().await.len(), 0);
    verifying.assert_audited().await;
}

/// Registered between the failure and the platform's word of it.
#[tokio::test]
async fn a_registration_between_a_failure_and_its_confirmation_is_freed_by_it() {
    let verifying = Verifying::new().await;
    verifying.fund("1945", "10").await;
    verifying
        .gate
        .add(json!({ "withdrawals": [{ "callBackId": "w", "tenantUserId": "1945", "orderState": 6 }] }));
    assert_eq!(verdict(&verifying.send("withdrawal-failure", &failure("w")).await), ACCEPTED);
    assert_eq!(verifying.register("w", "1945", "3", PAYEE).await, 201);
    assert_eq!(verifying.parts("1945").await, ["7", "3", "0"]);
    verifying.ask_new().await;
    assert_eq!(
        (verifying.state("w").await.as_str(), verifying.parts("1945").await),
        ("failed", ["10", "0", "0"].map(Into::into))
    );
    verifying.assert_audited().await;
}

#[tokio::test]
async fn another_payee_keeps_the_case_open_when_the_funds_are_free() {
    let verifying = Verifying::new().await;
    verifying.fund("1945", "10").await;
    assert_eq!(verifying.register("w", "1945", "3", PAYEE).await, 201);
    verifying
        .gate
        .add(json!({ "withdrawals": [{ "callBackId": "w", "tenantUserId": "1945", "orderState": 6 }] }));
    let other = with(&failure("w"), "toAddress", "TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb");
    assert_eq!(verdict(&verifying.send("withdrawal-failure", &other).await), ACCEPTED);
    verifying.ask_new().await;
    assert_eq!(verifying.parts("1945").await, ["10", "0", "0"]);
    assert_eq!(verifying.waits().await, waits(&["failed-other-address"], "operator"));
    verifying.assert_audited().await;
}
