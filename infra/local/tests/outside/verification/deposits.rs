//! A deposit is held until the platform vouches for it and for whose it is.

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use http::Method;
use serde_json::json;

use super::{USER, last_question, told, waits, with_a_deposit};
use crate::harness::*;

#[tokio::test]
async fn a_deposit_is_available_once_the_platform_vouches_for_it_and_once_only() {
    let verifying = with_a_deposit(&[]).await;
    verifying.dynamodb.take_requests();
    assert_eq!(verifying.deliver().await, [ACCEPTED]);
    let requests = verifying.dynamodb.take_requests();
    assert_eq!(requests.values().sum::<usize>(), 1, "still one round trip: {requests:?}");
    assert_eq!(verifying.parts(USER).await, ["0", "0", "2.5"]);
    assert_eq!(verifying.waits().await, waits(&["verification"], "platform"));
    assert_eq!(verifying.gate.asked(), [0, 0, 0], "the platform is not asked while it waits for its answer");

    let messages = verifying.messages().await;
    assert_eq!(messages.len(), 1);
    for _ in 0..3 {
        verifying.ask_all(&messages).await;
        verifying.ask_due().await;
        assert_eq!(verifying.parts(USER).await, ["2.5", "0", "0"]);
        assert_eq!(verifying.gate.asked(), [1, 0, 1]);
    }
    assert_eq!(verifying.open_cases().await, Vec::<serde_json::Value>::new());
    let expected = outcomes([("user-registered", 1), ("unverified", 1), ("credited", 1)]);
    assert_eq!(verifying.outcomes().await, expected);
    assert_eq!(last_question(&verifying, 1).await, ("verified".into(), String::new()));
    verifying.assert_audited().await;
}

#[tokio::test]
async fn risk_and_verification_are_lifted_each_for_itself_and_the_last_one_moves_the_money() {
    for is_released_first in [true, false] {
        let verifying = with_a_deposit(&[("WAAS_RISK_THRESHOLD", "3")]).await;
        assert_eq!(verifying.deliver().await, [ACCEPTED]);
        assert_eq!(verifying.waits().await, waits(&["risk", "verification"], "platform"));
        let events = verifying.events().await;
        let held = events.iter().find(|event| event["outcome"].as_s().unwrap() == "held").unwrap();
        let release = format!("/deposits/{}/release", held["eventKey"].as_s().unwrap());
        let of_both = if is_released_first {
            assert_eq!(verifying.call(Method::POST, &release, None).await.0, 200);
            assert_eq!(verifying.waits().await, waits(&["verification"], "platform"));
            assert_eq!(verifying.parts(USER).await, ["0", "0", "2.5"], "released from its risk alone");
            assert_eq!(verifying.call(Method::POST, &release, None).await.0, 200, "again");
            verifying.ask_new().await;
            [("held", 1), ("risk-lifted", 1), ("credited", 1), ("user-registered", 1)]
        } else {
            verifying.ask_new().await;
            assert_eq!(verifying.waits().await, waits(&["risk"], "operator"));
            assert_eq!(verifying.parts(USER).await, ["0", "0", "2.5"], "vouched for, and still risky");
            assert_eq!(verifying.call(Method::POST, &release, None).await.0, 200);
            [("held", 1), ("verified", 1), ("released", 1), ("user-registered", 1)]
        };
        assert_eq!(verifying.parts(USER).await, ["2.5", "0", "0"]);
        for _ in 0..2 {
            verifying.call(Method::POST, &release, None).await;
            verifying.settle().await;
        }
        assert_eq!(verifying.parts(USER).await, ["2.5", "0", "0"]);
        assert_eq!(verifying.outcomes().await, outcomes(of_both));
        assert_eq!(verifying.open_cases().await.len(), 0);
        verifying.assert_audited().await;
    }
}

#[tokio::test]
async fn another_amount_than_the_platforms_is_contradicted_and_nobody_asks_for_the_user() {
    let verifying = with_a_deposit(&[]).await;
    let forged = told(&address_of(USER), USER, "tx-1", "899");
    assert_eq!(verdict(&verifying.send("deposit", &forged).await), ACCEPTED);
    verifying.ask_new().await;
    assert_eq!(verifying.parts(USER).await, ["0", "0", "899"]);
    assert_eq!(verifying.waits().await, waits(&["contradicted"], "operator"));
    assert_eq!(verifying.gate.asked(), [1, 0, 0]);
    assert_eq!(last_question(&verifying, 1).await, ("contradicted".into(), "other-amount".into()));
    // It is asked no more.
    verifying.ask_due().await;
    assert_eq!(verifying.gate.asked(), [1, 0, 0]);
    verifying.assert_audited().await;
}

#[tokio::test]
async fn an_amount_is_compared_by_value() {
    let verifying = with_a_deposit(&[]).await;
    let padded = told(&address_of(USER), USER, "tx-1", "2.500000000000");
    assert_eq!(verdict(&verifying.send("deposit", &padded).await), ACCEPTED);
    verifying.ask_new().await;
    assert_eq!(verifying.parts(USER).await, ["2.5", "0", "0"]);
    verifying.assert_audited().await;
}

/// The platform names no user: the deposit of one, told as another's.
#[tokio::test]
async fn a_deposit_to_an_address_that_is_not_the_users_is_contradicted() {
    let verifying = with_a_deposit(&[]).await;
    verifying.make_known("thief").await;
    verifying.gate.add(
        json!({ "users": [{ "tenantUserId": "thief", "addresses": { "TRON": "T-address-of-thief" } }] }),
    );
    let forged = told(&address_of(USER), "thief", "tx-1", "2.5");
    assert_eq!(verdict(&verifying.send("deposit", &forged).await), ACCEPTED);
    verifying.ask_new().await;
    assert_eq!(verifying.parts("thief").await, ["0", "0", "2.5"]);
    assert_eq!(verifying.waits().await, waits(&["contradicted"], "operator"));
    assert_eq!(verifying.gate.asked(), [1, 0, 1]);
    assert_eq!(last_question(&verifying, 1).await, ("contradicted".into(), "other-user".into()));
    verifying.assert_audited().await;
}

#[tokio::test]
async fn an_address_that_the_platform_vouched_for_before_is_not_asked_for_again() {
    // By a verified deposit. The second one is of another coin of the same chain.
    let verifying = with_a_deposit(&[]).await;
    verifying.settle().await;
    assert_eq!(verifying.gate.asked(), [1, 0, 1]);
    let mut other_coin = deposit_at(&address_of(USER), USER, "tx-2", "4");
    other_coin["symbol"] = json!("TRX");
    verifying.gate.add(json!({ "deposits": [other_coin] }));
    verifying.settle().await;
    assert_eq!(verifying.gate.asked(), [2, 0, 1]);
    assert_eq!(verifying.available(USER, "TRON#TRX").await, "4");

    // By a verified change. The old address still receives.
    verifying.gate.add(json!({ "addressChanges": [
        { "tenantUserId": USER, "chainName": "TRON", "symbol": "USDT", "newAddress": "T-new" } ] }));
    verifying.settle().await;
    assert_eq!(verifying.gate.asked(), [2, 0, 2]);
    verifying.gate.add(json!({ "deposits": [
        deposit_at("T-new", USER, "tx-3", "1"), deposit_at(&address_of(USER), USER, "tx-4", "1") ] }));
    verifying.settle().await;
    assert_eq!(verifying.gate.asked(), [4, 0, 2]);
    assert_eq!(verifying.parts(USER).await, ["4.5", "0", "0"]);
    assert_eq!(verifying.open_cases().await.len(), 0);
    verifying.assert_audited().await;
}

/// The question would register whomever it names.
#[tokio::test]
async fn nobody_is_asked_for_a_user_whom_nobody_here_knows_until_the_merchant_does() {
    let verifying = Verifying::new().await;
    verifying.gate.add(json!({ "deposits": [deposit_at("T-1", "new", "tx-1", "2.5")] }));
    assert_eq!(verifying.deliver().await, [ACCEPTED]);
    verifying.ask_new().await;
    verifying.ask_due().await;
    assert_eq!(verifying.gate.asked(), [2, 0, 0]);
    assert_eq!(verifying.parts("new").await, ["0", "0", "2.5"]);
    assert_eq!(last_question(&verifying, 2).await.0, "unknown-user");
    assert_eq!(verifying.waits().await, waits(&["verification"], "platform"));

    verifying.make_known("new").await;
    verifying.ask_due().await;
    assert_eq!(verifying.gate.asked(), [3, 0, 1]);
    assert_eq!(verifying.parts("new").await, ["2.5", "0", "0"]);
    verifying.assert_audited().await;
}

#[tokio::test]
async fn a_user_who_stays_unknown_here_is_a_persons_matter_at_the_limit() {
    let verifying = Verifying::new().await;
    verifying.gate.add(json!({ "deposits": [deposit_at("T-1", "new", "tx-1", "2.5")] }));
    verifying.deliver().await;
    verifying.ask_new().await;
    verifying.let_the_limit_pass().await;
    verifying.ask_due().await;
    assert_eq!(verifying.waits().await, waits(&["contradicted"], "operator"));
    assert_eq!(
        (verifying.gate.asked(), verifying.parts("new").await),
        ([2, 0, 0], ["0", "0", "2.5"].map(Into::into))
    );
    verifying.assert_audited().await;
}

#[tokio::test]
async fn what_the_platform_does_not_know_is_asked_about_with_growing_pauses_until_the_limit() {
    for unknown in ["nothing", "refused"] {
        let verifying = Verifying::new().await;
        verifying.gate.add(json!({ "settings": { "unknown": unknown } }));
        verifying.make_known(USER).await;
        let forged = told(&address_of(USER), USER, "nowhere", "899");
        assert_eq!(verdict(&verifying.send("deposit", &forged).await), ACCEPTED);
        let message = verifying.messages().await;
        let mut pauses = Vec::new();
        for time in 0..9 {
            let asked_at = SystemTime::now();
            verifying.ask_all(&message).await;
            assert_eq!(verifying.gate.asked(), [time + 1, 0, 0]);
            // Before it is due, nobody asks, whoever says so.
            verifying.ask_all(&[message[0].clone(), json!({ "due": true })]).await;
            assert_eq!(verifying.gate.asked(), [time + 1, 0, 0]);
            let [case] = verifying.cases().await.try_into().unwrap();
            pauses.push(seconds_until(case["nextAskAt"].as_s().unwrap(), asked_at));
            verifying.make_due().await;
        }
        assert_eq!(pauses, [15, 30, 60, 120, 240, 480, 900, 900, 900], "{unknown}");
        assert_eq!(verifying.waits().await, waits(&["verification"], "platform"));
        verifying.let_the_limit_pass().await;
        verifying.ask_due().await;
        assert_eq!(verifying.waits().await, waits(&["contradicted"], "operator"));
        assert_eq!(verifying.parts(USER).await, ["0", "0", "899"]);
        assert_eq!(last_question(&verifying, 10).await, ("contradicted".into(), "unknown".into()));
        verifying.assert_audited().await;
    }
}

/// To the nearest second, for the worker asks a moment after it is told to.
fn seconds_until(time: &str, from: SystemTime) -> u64 {
    let time = DateTime::from_str(time, DateTimeFormat::DateTime).unwrap();
    let pause = SystemTime::try_from(time).unwrap().duration_since(from).unwrap();
    (pause + Duration::from_millis(500)).as_secs()
}

#[tokio::test]
async fn a_platform_that_is_down_is_asked_as_long_as_it_takes_and_contradicts_nothing() {
    let verifying = with_a_deposit(&[("WAAS_VERIFY_UNKNOWN_SECONDS", "0")]).await;
    verifying.gate.fail_always(Some(PlatformFault::Answer(503, "<html>".to_owned())));
    verifying.deliver().await;
    verifying.ask_new().await;
    for _ in 0..3 {
        verifying.let_the_limit_pass().await;
        verifying.ask_due().await;
        assert_eq!(verifying.waits().await, waits(&["verification"], "platform"));
    }
    assert_eq!(
        last_question(&verifying, 4).await,
        ("unavailable".into(), "the platform answered HTTP 503".into())
    );
    verifying.gate.fail_always(None);
    verifying.ask_due().await;
    assert_eq!(verifying.parts(USER).await, ["2.5", "0", "0"]);
    verifying.assert_audited().await;
}

#[tokio::test]
async fn a_deposit_of_nothing_waits_for_nobody() {
    let verifying = Verifying::new().await;
    let nothing = told("T-1", USER, "dust", "0.000");
    assert_eq!(verdict(&verifying.send("deposit", &nothing).await), ACCEPTED);
    assert_eq!((verifying.open_cases().await.len(), verifying.messages().await.len()), (0, 0));
    verifying.assert_audited().await;
}

/// What waits goes on waiting, and ends as it would have.
#[tokio::test]
async fn without_verification_open_cases_stay_open_and_can_still_be_ended() {
    let mut verifying = Verifying::new().await;
    verifying.make_known(USER).await;
    let deposits =
        ["answered", "released", "rejected"].map(|tx_id| deposit_at(&address_of(USER), USER, tx_id, "2"));
    verifying.gate.add(json!({ "deposits": deposits }));
    assert_eq!(verifying.deliver().await, [ACCEPTED; 3]);
    verifying.set(&[("WAAS_VERIFY", "false")]);
    // What came before is not credited by its retry; what comes now is not asked about.
    let again = told(&address_of(USER), USER, "later", "1");
    assert_eq!(verdict(&verifying.send("deposit", &again).await), ACCEPTED);
    assert_eq!(verifying.parts(USER).await, ["1", "0", "6"]);

    let cases = verifying.open_cases().await;
    let key = |tx_id: &str| {
        let case = cases.iter().find(|case| case["txId"] == tx_id).unwrap();
        case["caseKey"].as_str().unwrap().to_owned()
    };
    assert_eq!(verifying.resolve(&key("released"), "release").await, 201);
    assert_eq!(verifying.resolve(&key("rejected"), "reject").await, 201);
    assert_eq!(verifying.parts(USER).await, ["3", "0", "2"]);
    verifying.ask_new().await;
    assert_eq!(verifying.parts(USER).await, ["5", "0", "0"]);
    assert_eq!((verifying.open_cases().await.len(), verifying.gate.asked()), (0, [1, 0, 1]));
    verifying.assert_audited().await;
}
