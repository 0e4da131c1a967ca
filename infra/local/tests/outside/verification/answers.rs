//! Whatever comes instead of the platform's answer is told apart in the log, is no word of the platform's, and leaves the
//! question open until it answers.

use serde_json::{Value, json};
use waas_platform::{DEVELOPMENT_API_KEY, Platform, PrivateKey};

use super::{USER, last_question, waits, with_a_deposit};
use crate::harness::*;

/// What goes wrong with a call.
enum Wrong {
    /// As the simulator does it.
    Fault(Value),
    /// Somebody else answers.
    Answer(u16, String),
}

fn envelope(data: &str) -> String {
    json!({ "code": 0, "message": "", "data": data }).to_string()
}

/// The question is asked in vain, as often as told, for this cause; then the platform answers.
async fn in_vain(wrong: Wrong, calls: u64, cause: &str) {
    // Silence would count as a contradiction at once. This is none.
    let verifying = with_a_deposit(&[("WAAS_VERIFY_UNKNOWN_SECONDS", "0")]).await;
    assert_eq!(verifying.deliver().await, [ACCEPTED]);
    match wrong {
        Wrong::Fault(fault) => {
            let rule = json!({ "on": "getDepositOrder", "do": fault, "times": calls });
            verifying.gate.add(json!({ "misbehaviour": { "calls": [rule] } }));
        }
        Wrong::Answer(status, body) => verifying.gate.fail_always(Some(PlatformFault::Answer(status, body))),
    }
    verifying.ask_new().await;
    let (outcome, told) = last_question(&verifying, 1).await;
    assert_eq!(outcome, "unavailable", "{cause}");
    assert!(told.starts_with(cause), "{cause}: {told}");
    let (_, process) = verifying.function(WORKER).await;
    assert_eq!(process.lines("question", 1).await[0]["level"], "WARN");
    assert!(!process.log().contains(DEVELOPMENT_API_KEY));
    assert_eq!(verifying.waits().await, waits(&["verification"], "platform"), "{cause}");
    assert_eq!(verifying.parts(USER).await, ["0", "0", "2.5"], "{cause}");
    verifying.gate.fail_always(None);
    verifying.ask_due().await;
    assert_eq!(verifying.parts(USER).await, ["2.5", "0", "0"], "{cause}");
    assert_eq!(verifying.open_cases().await.len(), 0);
    verifying.assert_audited().await;
}

/// The platform answers another question: it is asked again, until the limit, and then a person has to look.
async fn about_something_else(wrong: Wrong) {
    let verifying = with_a_deposit(&[]).await;
    assert_eq!(verifying.deliver().await, [ACCEPTED]);
    match wrong {
        Wrong::Fault(fault) => {
            let rule = json!({ "on": "getDepositOrder", "do": fault });
            verifying.gate.add(json!({ "misbehaviour": { "calls": [rule] } }));
        }
        Wrong::Answer(status, body) => verifying.gate.fail_always(Some(PlatformFault::Answer(status, body))),
    }
    verifying.ask_new().await;
    assert_eq!(last_question(&verifying, 1).await.0, "other-question");
    assert_eq!(verifying.waits().await, waits(&["verification"], "platform"));
    verifying.let_the_limit_pass().await;
    verifying.ask_due().await;
    assert_eq!(last_question(&verifying, 2).await, ("contradicted".into(), "other-question".into()));
    assert_eq!(verifying.waits().await, waits(&["contradicted"], "operator"));
    assert_eq!(verifying.parts(USER).await, ["0", "0", "2.5"]);
    verifying.assert_audited().await;
}

#[tokio::test]
async fn what_http_says_is_no_word() {
    let fault = |status: u16| Wrong::Fault(json!({ "status": status }));
    in_vain(fault(401), 2, "the platform does not accept the API key (HTTP 401)").await;
    in_vain(fault(403), 1, "the platform does not admit this caller (HTTP 403)").await;
    in_vain(fault(404), 1, "there is no such call at the platform's URL (HTTP 404)").await;
    in_vain(fault(429), 1, "the platform answered HTTP 429").await;
    in_vain(fault(500), 1, "the platform answered HTTP 500").await;
    in_vain(Wrong::Answer(302, String::new()), 1, "the platform answered HTTP 302").await;
}

#[tokio::test]
async fn what_is_no_envelope_is_no_word() {
    in_vain(Wrong::Fault(json!("html")), 1, "the platform's answer is not JSON").await;
    in_vain(Wrong::Answer(200, "busy".to_owned()), 1, "the platform's answer is not JSON").await;
    for text in [
        "",
        "null",
        "{}",
        "[]",
        "{\"code\":0,\"data\":",
        "{\"code\":{},\"data\":null}",
        "{\"code\":0,\"data\":7}",
    ] {
        in_vain(Wrong::Answer(200, text.to_owned()), 1, "the platform's answer").await;
    }
    let large = envelope(&"A".repeat(9 * 1024 * 1024));
    in_vain(Wrong::Answer(200, large), 1, "the platform's answer is too large").await;
}

#[tokio::test]
async fn what_our_key_does_not_open_or_is_about_something_else_is_no_word() {
    in_vain(Wrong::Fault(json!("unopenable")), 2, "the platform's answer cannot be opened").await;
    about_something_else(Wrong::Fault(json!("other-question"))).await;
    let genuine = json!({ "txId": "tx-1", "chainName": "TRON", "symbol": "USDT", "toAddress": address_of(USER),
                          "depositAmount": 2.5, "callbackSuccess": true });
    let other_key = PrivateKey::generate(1024).unwrap().seal(genuine.to_string().as_bytes());
    in_vain(Wrong::Answer(200, envelope(&other_key)), 2, "the platform's answer cannot be opened").await;
    let key = PrivateKey::development();
    let sealed = |value: &Value| envelope(&key.seal(value.to_string().as_bytes()));
    // Answers that were captured: of the same call for another deposit, and of another call.
    for (field, other) in
        [("symbol", "TRX"), ("chainName", "ETH"), ("toAddress", "T-other"), ("txId", "tx-2")]
    {
        let mut other_question = genuine.clone();
        other_question[field] = json!(other);
        about_something_else(Wrong::Answer(200, sealed(&other_question))).await;
    }
    let other_call = json!({ "tenantUserId": USER, "chainName": "TRON", "address": address_of(USER) });
    in_vain(Wrong::Answer(200, sealed(&other_call)), 1, "what the platform sealed has another form").await;
    // Its answer sent back to it: our own question, sealed for the platform and for nobody else.
    let ours = waas_callback::PublicKey::parse(&key.public_key_base64()).unwrap();
    let ours = ours.seal(genuine.to_string().as_bytes(), &mut rand::rng());
    in_vain(Wrong::Answer(200, envelope(&ours)), 2, "the platform's answer cannot be opened").await;
}

#[tokio::test]
async fn that_it_could_not_open_the_question_is_no_word() {
    in_vain(Wrong::Fault(json!({ "refuse": 1005 })), 2, "the platform says no").await;
}

#[tokio::test]
async fn an_answer_that_is_lost_or_comes_too_late_is_no_word() {
    let lost = in_vain(Wrong::Fault(json!("lose-answer")), 1, "no answer from the platform within 10s");
    let never_sent = in_vain(Wrong::Fault(json!("lose")), 1, "no answer from the platform within 10s");
    let late = in_vain(Wrong::Fault(json!({ "delay": 11_000 })), 1, "no answer from the platform within 10s");
    tokio::join!(lost, never_sent, late);
}

#[tokio::test]
async fn a_platform_that_nothing_reaches_is_no_word() {
    let verifying = with_a_deposit(&[("WAAS_VERIFY_UNKNOWN_SECONDS", "0")]).await;
    verifying.deliver().await;
    let messages = verifying.messages().await;
    let (lambda, process) = verifying.worker_with(&[("WAAS_PLATFORM_URL", "http://127.0.0.1:9")]).await;
    assert_eq!(lambda.invoke_raw(batch(&messages)).await.unwrap()["batchItemFailures"], json!([]));
    let line = &process.lines("question", 1).await[0];
    assert_eq!(line["outcome"], "unavailable");
    assert!(line["cause"].as_str().unwrap().starts_with("no connection to the platform"), "{line}");
    assert_eq!(verifying.waits().await, waits(&["verification"], "platform"));
    verifying.ask_due().await;
    assert_eq!(verifying.parts(USER).await, ["2.5", "0", "0"]);
    verifying.assert_audited().await;
}

#[tokio::test]
async fn a_call_that_arrives_twice_or_is_answered_slowly_is_answered() {
    for fault in [json!("repeat"), json!({ "delay": 1500 })] {
        let verifying = with_a_deposit(&[]).await;
        verifying.deliver().await;
        verifying.gate.add(json!({ "misbehaviour": { "calls": [{ "do": fault }] } }));
        verifying.ask_new().await;
        assert_eq!(verifying.parts(USER).await, ["2.5", "0", "0"]);
        verifying.assert_audited().await;
    }
}

/// What goes wrong with the question for the address is no word either: the amount alone credits nobody.
#[tokio::test]
async fn without_the_users_address_nothing_is_true() {
    for fault in [json!({ "status": 500 }), json!("html"), json!({ "status": 403 })] {
        let verifying = with_a_deposit(&[("WAAS_VERIFY_UNKNOWN_SECONDS", "0")]).await;
        verifying.deliver().await;
        let rule = json!({ "on": "getUserAddress", "do": fault, "times": 1 });
        verifying.gate.add(json!({ "misbehaviour": { "calls": [rule] } }));
        verifying.ask_new().await;
        assert_eq!(last_question(&verifying, 1).await.0, "unavailable", "{fault}");
        assert_eq!(verifying.parts(USER).await, ["0", "0", "2.5"]);
        verifying.ask_due().await;
        assert_eq!(verifying.parts(USER).await, ["2.5", "0", "0"]);
        verifying.assert_audited().await;
    }
}

/// The same for what a failure is asked about.
#[tokio::test]
async fn without_an_answer_no_failure_is_true() {
    for (fault, times) in [
        (json!({ "status": 500 }), 1),
        (json!({ "status": 404 }), 1),
        (json!("html"), 1),
        (json!("unopenable"), 2),
    ] {
        let verifying = Verifying::with(&[("WAAS_VERIFY_UNKNOWN_SECONDS", "0")]).await;
        verifying.fund("1945", "10").await;
        assert_eq!(verifying.register("w", "1945", "3", PAYEE).await, 201);
        let rule = json!({ "on": "getWithdrawOrder", "do": fault, "times": times });
        verifying.gate.add(json!({
            "withdrawals": [{ "callBackId": "w", "tenantUserId": "1945", "orderState": 6 }],
            "misbehaviour": { "calls": [rule] }
        }));
        assert_eq!(verdict(&verifying.send("withdrawal-failure", &failure("w")).await), ACCEPTED);
        verifying.ask_new().await;
        assert_eq!(last_question(&verifying, 2).await.0, "unavailable", "{fault}");
        assert_eq!(verifying.parts("1945").await, ["7", "3", "0"]);
        verifying.ask_due().await;
        assert_eq!(verifying.parts("1945").await, ["10", "0", "0"]);
        verifying.assert_audited().await;
    }
}

#[tokio::test]
async fn a_rotation_of_the_keys_is_noticed_by_the_answer_and_the_question_asked_once_more() {
    let new = Platform::new(PrivateKey::development(), Some("new-api-key".into()));
    let with_new_key = Platform::new(PrivateKey::generate(1024).unwrap(), Some(DEVELOPMENT_API_KEY.into()));
    for platform in [new, with_new_key] {
        let verifying = Verifying::on(Gate::start(platform.clone()).await, &[]).await;
        verifying.make_known(USER).await;
        let (lambda, _) = verifying.function(WORKER).await; // with the old keys
        _ = lambda.invoke_raw(batch(&[])).await.unwrap();
        let deposit = super::told(&address_of(USER), USER, "tx-1", "2.5");
        assert_eq!(verdict(&verifying.send("deposit", &deposit).await), ACCEPTED);
        let mut known = deposit_at(&address_of(USER), USER, "tx-1", "2.5");
        known["callbackSuccess"] = json!(true);
        verifying.gate.add(json!({ "deposits": [known] }));

        let client = waas_callback_aws::clients::secrets_manager(verifying.stack.config());
        let secret = waas_local::secret(&platform.key, platform.api_key.as_ref().unwrap());
        let put = client.put_secret_value().secret_id("waas/callbacks").secret_string(secret);
        put.send().await.unwrap();
        verifying.ask_new().await;
        assert_eq!(last_question(&verifying, 1).await.0, "verified");
        assert_eq!(verifying.gate.asked(), [2, 0, 1], "once with the old key");
        assert_eq!(verifying.parts(USER).await, ["2.5", "0", "0"]);
        verifying.assert_audited().await;
    }
}
