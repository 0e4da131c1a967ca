//! An operator and the platform's word: one of the two ends the case, and the money moves once.

use http::Method;
use serde_json::{Value, json};

use super::{USER, told, waits, with_a_deposit};
use crate::harness::*;

/// The case, with its actions, as an operator sees it.
async fn seen(verifying: &Verifying) -> Value {
    let [case] = verifying.open_cases().await.try_into().unwrap();
    let path = format!("/cases/{}", case["caseKey"].as_str().unwrap());
    verifying.call(Method::GET, &path, None).await.1
}

fn actions(case: &Value) -> Vec<&str> {
    let mut actions: Vec<_> =
        case["actions"].as_array().unwrap().iter().map(|of| of["action"].as_str().unwrap()).collect();
    actions.sort_unstable();
    actions
}

#[tokio::test]
async fn an_operator_ends_what_the_platform_is_asked_about_and_its_word_changes_nothing_then() {
    for (action, parts) in [("release", ["2.5", "0", "0"]), ("reject", ["0", "0", "0"])] {
        let verifying = with_a_deposit(&[]).await;
        verifying.deliver().await;
        let case = seen(&verifying).await;
        assert_eq!(actions(&case), ["reject", "release"]);
        assert_eq!(verifying.resolve_as_seen(&case, action).await, 201);
        for _ in 0..2 {
            verifying.settle().await;
            assert_eq!(verifying.parts(USER).await, parts, "{action}");
        }
        assert_eq!(verifying.gate.asked(), [0, 0, 0]);
        verifying.assert_audited().await;
    }
}

#[tokio::test]
async fn what_the_platform_contradicts_an_operator_releases_or_rejects() {
    for (action, parts) in [("release", ["899", "0", "0"]), ("reject", ["0", "0", "0"])] {
        let verifying = with_a_deposit(&[]).await;
        let forged = told(&address_of(USER), USER, "tx-1", "899");
        assert_eq!(verdict(&verifying.send("deposit", &forged).await), ACCEPTED);
        verifying.ask_new().await;
        let case = seen(&verifying).await;
        assert_eq!(verifying.resolve_as_seen(&case, action).await, 201);
        assert_eq!(verifying.parts(USER).await, parts);
        assert_eq!(verifying.resolve_as_seen(&case, action).await, 200, "the same again");
        assert_eq!(verifying.parts(USER).await, parts);
        verifying.assert_audited().await;
    }
}

/// The answer is kept back while the operator acts, and comes then.
#[tokio::test]
async fn an_answer_that_comes_after_an_operators_act_finds_the_case_ended() {
    for (action, parts) in [("release", ["2.5", "0", "0"]), ("reject", ["0", "0", "0"])] {
        let verifying = with_a_deposit(&[]).await;
        verifying.deliver().await;
        let late = json!({ "calls": [{ "on": "getDepositOrder", "do": { "delay": 1500 }, "times": 1 }] });
        verifying.gate.add(json!({ "misbehaviour": late }));
        let case = seen(&verifying).await;
        let act = async {
            while verifying.gate.asked()[0] == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            verifying.resolve_as_seen(&case, action).await
        };
        let ((), status) = tokio::join!(verifying.ask_new(), act);
        assert_eq!(status, 201);
        assert_eq!(verifying.parts(USER).await, parts, "{action}");
        assert_eq!(super::last_question(&verifying, 1).await.0, "answered-before");
        verifying.assert_audited().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_and_the_worker_at_once_move_the_money_once() {
    let verifying = Verifying::new().await;
    verifying.make_known(USER).await;
    let (mut operators, mut words) = (0, 0);
    for round in 0..12 {
        let tx_id = format!("tx-{round}");
        verifying.gate.add(json!({ "deposits": [deposit_at(&address_of(USER), USER, &tx_id, "1")] }));
        verifying.deliver().await;
        let case = seen(&verifying).await;
        let messages = verifying.messages().await;
        let late = async {
            tokio::time::sleep(std::time::Duration::from_millis(round * 4)).await;
            verifying.resolve_as_seen(&case, "reject").await
        };
        let (given_back, status) = tokio::join!(verifying.ask(&messages), late);
        assert_eq!(given_back, Vec::<String>::new());
        match status {
            201 => operators += 1,
            409 => words += 1,
            other => panic!("{other}"),
        }
        assert_eq!(verifying.parts(USER).await, [words.to_string().as_str(), "0", "0"]);
        assert_eq!(verifying.open_cases().await.len(), 0);
    }
    assert_eq!(operators + words, 12);
    verifying.assert_audited().await;
}

#[tokio::test]
async fn a_failure_that_is_being_asked_about_is_ended_by_an_operator_too() {
    let verifying = Verifying::new().await;
    verifying.fund("1945", "10").await;
    assert_eq!(verifying.register("w", "1945", "3", PAYEE).await, 201);
    verifying
        .gate
        .add(json!({ "withdrawals": [{ "callBackId": "w", "tenantUserId": "1945", "orderState": 6 }] }));
    assert_eq!(verdict(&verifying.send("withdrawal-failure", &failure("w")).await), ACCEPTED);
    let case = seen(&verifying).await;
    assert_eq!(actions(&case), ["unfreeze"], "nobody would tell of it again");
    assert_eq!(verifying.resolve_as_seen(&case, "dismiss").await, 409);
    assert_eq!(verifying.resolve_as_seen(&case, "unfreeze").await, 201);
    for _ in 0..2 {
        verifying.settle().await;
        assert_eq!(verifying.parts("1945").await, ["10", "0", "0"]);
        assert_eq!(verifying.state("w").await, "failed");
    }
    assert_eq!(verifying.gate.asked()[1], 0);
    verifying.assert_audited().await;
}

/// A genuine deposit that was refused for its requestUUID, and taken at its retry.
#[tokio::test]
async fn what_was_refused_for_its_request_before_is_released_all_the_same() {
    for is_true in [true, false] {
        let verifying = with_a_deposit(&[]).await;
        verifying.settle().await;
        let first: Value = serde_json::from_str(
            verifying
                .events()
                .await
                .iter()
                .find_map(|event| Some(event.get("callback")?.as_s().unwrap().clone()))
                .unwrap()
                .as_str(),
        )
        .unwrap();
        if is_true {
            verifying.gate.add(json!({ "deposits": [deposit_at(&address_of(USER), USER, "tx-2", "1")] }));
        }
        let second = told(&address_of(USER), USER, "tx-2", "1");
        let second = if is_true { with(&second, "trackingId", first["trackingId"].clone()) } else { second };
        let refused = with(&second, "requestUUID", first["requestUUID"].clone());
        assert_eq!(verdict(&verifying.send("deposit", &refused).await), (200, 2002));
        assert_eq!(verifying.waits().await, waits(&["request-conflict"], "operator"));
        assert_eq!(verdict(&verifying.send("deposit", &second).await), ACCEPTED);
        assert_eq!(verifying.waits().await, waits(&["request-conflict", "verification"], "platform"));
        verifying.ask_new().await;
        if is_true {
            assert_eq!(verifying.parts(USER).await, ["3.5", "0", "0"]);
            assert_eq!(verifying.open_cases().await.len(), 0);
        } else {
            verifying.let_the_limit_pass().await;
            verifying.ask_due().await;
            assert_eq!(verifying.waits().await, waits(&["contradicted", "request-conflict"], "operator"));
            let case = seen(&verifying).await;
            assert_eq!(actions(&case), ["reject", "release"], "whatever the platform does not say");
            assert_eq!(verifying.resolve_as_seen(&case, "release").await, 201);
            assert_eq!(verifying.parts(USER).await, ["3.5", "0", "0"]);
        }
        verifying.assert_audited().await;
    }
}
