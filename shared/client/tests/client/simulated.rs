//! Against the simulated platform: every call, and everything that can go wrong with it, by its error's name.

use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::net::TcpListener;
use waas_callback::{Address, Asset, CallBackId, OpenError};
use waas_client::{
    AddressQuestion, Answer, Call, CallError, Client, Effect, Https, Request, Timeouts, Transport,
    Unreachable, WithdrawState,
};
use waas_platform::Platform;
use waas_platform::simulator::{Asked, Scenario, Served, Simulator};

use crate::fake::Fake;
use crate::{deposit, direct, order, request, user};

/// The simulator within the process. What takes time times out.
#[derive(Clone)]
struct Simulated(Arc<Mutex<Simulator>>);

const SECOND: Duration = Duration::from_secs(1);

fn simulator(scenario: &str) -> Simulator {
    let mut simulator = Simulator::new(Platform::development(), Box::new(StdRng::seed_from_u64(7)));
    let scenario: Scenario = serde_json::from_str(scenario).unwrap();
    simulator.add(UNIX_EPOCH, scenario).unwrap();
    simulator
}

fn client(scenario: &str) -> (Client<Simulated>, Simulated) {
    let simulated = Simulated(Arc::new(Mutex::new(simulator(scenario))));
    (Client::new(simulated.clone(), Fake::merchant()), simulated)
}

impl Transport for Simulated {
    async fn post(&self, request: Request<'_>) -> Result<Answer, Unreachable> {
        let path = format!("/api/v1/api/{}", request.call.path());
        let reply = self.0.lock().unwrap().call(
            UNIX_EPOCH,
            &Asked {
                path: &path,
                content_type: Some("application/x-www-form-urlencoded"),
                api_key: Some(request.api_key.as_str()),
                body: request.form.as_bytes(),
            },
        );
        match reply.answer.filter(|_| reply.after.is_zero()) {
            Some(answer) => Ok(Answer { status: answer.status, body: answer.body.into_bytes() }),
            None => Err(Unreachable::TimedOut(SECOND)),
        }
    }
}

/// All that the calls of the tests are about.
const KNOWN: &str = r#""deposits":[{"txId":"37e9da49134670ae0aec4d3645a08636f06b1ed0a2a984d8b1e11d019d8d5bc1",
    "chainName":"TRON","symbol":"TRX","toAddress":"TAqNhkKiash2nbL278BD7XogGuET9p7VMC","tenantUserId":"209638249",
    "amount":"12345678901234567890.123456789012345678"}],
    "withdrawals":[{"callBackId":"250619639710001","tenantUserId":"1945","orderState":3,"terms":{"chainName":"TRON",
    "symbol":"USDT","amount":"1.000000000000","toAddress":"TAqNhkKiash2nbL278BD7XogGuET9p7VMC"}}]"#;

fn known_and(fault: &str) -> String {
    format!(r#"{{{KNOWN},"misbehaviour":{{"calls":[{{"do":{fault}}}]}}}}"#)
}

/// The error of each call, in the documents' order; none where it is answered.
async fn errors_of<T: Transport>(client: &Client<T>) -> Vec<(Call, Option<CallError>)> {
    let day = "1970-01-01".parse().unwrap();
    vec![
        (Call::GetDepositOrder, client.get_deposit_order(&deposit(), rand::rng()).await.err()),
        (Call::GetWithdrawOrder, client.get_withdraw_order(&order(), rand::rng()).await.err()),
        (Call::WithdrawRequest, client.withdraw_request(&request(), rand::rng()).await.err()),
        (Call::WithdrawWithoutVerify, client.withdraw_without_verify(&direct("1"), rand::rng()).await.err()),
        (Call::GetUserAddress, client.get_user_address(&user(), rand::rng()).await.err()),
        (Call::GetUserDailyStatistics, client.get_user_daily_statistics(day, rand::rng()).await.err()),
    ]
}

#[tokio::test]
async fn every_call_is_answered_with_what_the_platform_knows() {
    let (client, _) = client(&format!("{{{KNOWN}}}"));
    let deposit = client.get_deposit_order(&deposit(), rand::rng()).await.unwrap();
    assert_eq!(deposit.amount.text(), "12345678901234567890.123456789012345678");
    assert_eq!(deposit.callback_success, Some(false));
    let known = client.get_withdraw_order(&order(), rand::rng()).await.unwrap();
    assert_eq!((known.state, known.symbol.as_deref()), (WithdrawState::Complete, Some("USDT")));
    let address = client.get_user_address(&user(), rand::rng()).await.unwrap().address;
    assert_eq!(address, Address::reported("TRON", crate::ADDRESS), "the deposit's user has its address");
    for (call, error) in errors_of(&client).await {
        assert_eq!(error, None, "{call:?}");
    }
    let day = "1970-01-01".parse().unwrap();
    let days = client.get_user_daily_statistics(day, rand::rng()).await.unwrap();
    assert_eq!((days[0].total_deposit_count, days[0].total_withdraw_count), (1, 1));
    assert_eq!(days[0].total_deposit_amount.unwrap().to_string(), "12345678901234567890.123456789012345678");
}

#[tokio::test]
async fn what_is_unknown_there_is_unknown_or_a_no_and_an_unknown_user_is_registered() {
    type Is = fn(CallError) -> bool;
    let cases: [(&str, Is); 2] = [
        ("{}", |error| error == CallError::UnknownThere),
        (r#"{"unknown":"refused"}"#, |error| matches!(error, CallError::Refused(_))),
    ];
    for (settings, is_expected) in cases {
        let (client, simulated) = client(&format!(r#"{{"settings":{settings}}}"#));
        assert!(is_expected(client.get_deposit_order(&deposit(), rand::rng()).await.unwrap_err()));
        assert!(is_expected(client.get_withdraw_order(&order(), rand::rng()).await.unwrap_err()));
        for chain in ["TRON", "ETH"] {
            let asset = Asset::new(chain, "USDT").unwrap();
            let question = AddressQuestion { tenant_user_id: "new".to_owned(), asset };
            let address = client.get_user_address(&question, rand::rng()).await.unwrap().address;
            assert!(Address::registered(chain, address.text()).is_ok());
            assert_eq!(simulated.0.lock().unwrap().report()["users"]["new"][chain], address.text());
        }
    }
}

#[tokio::test]
async fn every_misbehaviour_has_its_named_error_in_every_call() {
    type Is = fn(&CallError) -> bool;
    let cases: [(&str, Is, Effect); 11] = [
        ("\"lose\"", |error| matches!(error, CallError::Unreachable(_)), Effect::Unclear),
        ("\"lose-answer\"", |error| matches!(error, CallError::Unreachable(_)), Effect::Unclear),
        ("{\"delay\":60000}", |error| matches!(error, CallError::Unreachable(_)), Effect::Unclear),
        ("\"other-question\"", |error| matches!(error, CallError::OtherQuestion(_)), Effect::Unclear),
        ("{\"status\":401}", |error| matches!(error, CallError::Unauthorized(Some(_))), Effect::Refused),
        ("{\"status\":403}", |error| matches!(error, CallError::Forbidden(Some(_))), Effect::Refused),
        ("{\"status\":500}", |error| matches!(error, CallError::Status { status: 500, .. }), Effect::Unclear),
        ("\"html\"", |error| *error == CallError::NotJson, Effect::Unclear),
        ("\"unopenable\"", |error| *error == CallError::NotOpened(OpenError::Padding), Effect::Unclear),
        (
            "\"nothing\"",
            |error| matches!(error, CallError::UnknownThere | CallError::Unconfirmed),
            Effect::Unclear,
        ),
        ("{\"refuse\":7}", |error| matches!(error, CallError::Refused(_)), Effect::Refused),
    ];
    for (fault, is_expected, effect) in cases {
        for (call, error) in errors_of(&client(&known_and(fault)).0).await {
            let error = error.unwrap_or_else(|| panic!("{call:?} is answered despite {fault}"));
            assert!(is_expected(&error), "{fault}: {call:?}: {error:?}");
            assert_eq!(error.effect(), effect, "{fault}: {call:?}");
            let is_order = matches!(error, CallError::Unconfirmed);
            assert!(fault != "\"nothing\"" || is_order == call.is_order(), "{call:?}: {error:?}");
        }
    }
}

#[tokio::test]
async fn a_contradiction_is_an_answer_and_the_callers_to_notice() {
    let (client, _) = client(&known_and("\"contradict\""));
    let told = client.get_deposit_order(&deposit(), rand::rng()).await.unwrap();
    assert_eq!(told.amount.text(), "22345678901234567890.123456789012345678");
    let told = client.get_withdraw_order(&order(), rand::rng()).await.unwrap();
    assert_eq!(told.state, WithdrawState::Failed);
    let told = client.get_user_address(&user(), rand::rng()).await.unwrap();
    assert_ne!(told.address, Address::reported("TRON", crate::ADDRESS));
    let day = "1970-01-01".parse().unwrap();
    assert_eq!(client.get_user_daily_statistics(day, rand::rng()).await.unwrap()[0].total_deposit_count, 2);
    // The withdrawal calls' answers say no more than what was asked: another one is another question's.
    let error = client.withdraw_request(&request(), rand::rng()).await.unwrap_err();
    assert_eq!(error, CallError::OtherQuestion("tenantUserId"));
    let error = client.withdraw_without_verify(&direct("1"), rand::rng()).await.unwrap_err();
    assert_eq!(error, CallError::OtherQuestion("id"));
}

#[tokio::test]
async fn another_key_pair_is_refused_by_name() {
    let (_, simulated) = client("{}");
    let other = waas_platform::PrivateKey::generate(1024).unwrap();
    let public_key = waas_callback::PublicKey::parse(&other.public_key_base64()).unwrap();
    let client = Client::new(simulated, waas_client::Merchant { public_key, ..Fake::merchant() });
    let error = client.get_withdraw_order(&order(), rand::rng()).await.unwrap_err();
    let code = error.said().unwrap().code_number();
    assert_eq!((error.effect(), code), (Effect::Refused, Some(waas_client::Said::DECRYPTION_FAILED)));
}

#[tokio::test]
async fn asked_before_it_is_sent_again_an_order_is_paid_once_wherever_it_was_lost() {
    for (fault, is_known) in [("\"lose\"", false), ("\"lose-answer\"", true), ("\"unopenable\"", true)] {
        let scenario = format!(
            r#"{{"misbehaviour":{{"calls":[{{"on":"withdrawWithoutVerify","do":{fault},"times":1}}]}}}}"#
        );
        let (client, simulated) = client(&scenario);
        let order = CallBackId::from("250619639710001");
        let error = client.withdraw_without_verify(&direct("1"), rand::rng()).await.unwrap_err();
        assert_eq!(error.effect(), Effect::Unclear, "{fault}");
        match client.get_withdraw_order(&order, rand::rng()).await {
            Ok(known) => assert_eq!((known.state, is_known), (WithdrawState::Complete, true), "{fault}"),
            Err(CallError::UnknownThere) => {
                assert!(!is_known, "{fault}");
                client.withdraw_without_verify(&direct("1"), rand::rng()).await.unwrap();
            }
            Err(error) => panic!("{fault}: {error}"),
        }
        assert_eq!(simulated.0.lock().unwrap().payouts_of("250619639710001"), 1, "{fault}");
    }
}

#[tokio::test]
async fn an_order_that_is_sent_again_without_asking_is_paid_twice() {
    let scenario = r#"{"misbehaviour":{"calls":[{"do":"lose-answer","times":1}]}}"#;
    let (client, simulated) = client(scenario);
    client.withdraw_without_verify(&direct("1"), rand::rng()).await.unwrap_err();
    client.withdraw_without_verify(&direct("1"), rand::rng()).await.unwrap();
    assert_eq!(simulated.0.lock().unwrap().payouts_of("250619639710001"), 2);
}

#[tokio::test]
async fn over_the_network_it_is_the_same_platform() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = Served::new(simulator(&format!("{{{KNOWN}}}")), || UNIX_EPOCH, |_| {});
    tokio::spawn(served.clone().answer(listener));
    let within = |total| {
        let timeouts = Timeouts { connect: total, total };
        Client::new(Https::new(url.parse().unwrap(), timeouts), Fake::merchant())
    };
    for (call, error) in errors_of(&within(20 * SECOND)).await {
        assert_eq!(error, None, "{call:?}");
    }
    for (fault, total, error) in [
        ("\"lose\"", SECOND, Some(CallError::Unreachable(Unreachable::TimedOut(SECOND)))),
        ("{\"delay\":300}", 20 * SECOND, None),
        ("{\"delay\":20000}", SECOND, Some(CallError::Unreachable(Unreachable::TimedOut(SECOND)))),
        ("{\"status\":503}", 20 * SECOND, Some(CallError::Status { status: 503, said: None })),
        ("\"html\"", 20 * SECOND, Some(CallError::NotJson)),
    ] {
        let rule = format!(r#"{{"misbehaviour":{{"calls":[{{"do":{fault},"times":1}}]}}}}"#);
        served.add(serde_json::from_str(&rule).unwrap()).unwrap();
        let answer = within(total).get_withdraw_order(&order(), rand::rng()).await;
        assert_eq!(answer.err(), error, "{fault}");
    }
}
