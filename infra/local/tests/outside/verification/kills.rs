//! The worker is killed between any two of its steps, and another one finishes what it began.
//!
//! Its steps are its requests: to DynamoDB and to the platform. It dies with one that was not sent on, and with one that
//! took effect and whose answer it never saw.

use serde_json::{Value, json};

use super::told;
use crate::harness::*;

/// Two matters of a user, or one: what is true of it afterwards, and how the worker is told.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Matter {
    Deposit,
    Failure,
    AddressChange,
    /// A genuine deposit behind a splice that was contradicted.
    Overtaken,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Service {
    DynamoDb,
    Platform,
}

impl Matter {
    /// Makes it happen to a user of its own: the messages of what the worker is to be killed at.
    async fn happens(self, verifying: &Verifying, user: &str) -> Vec<Value> {
        let address = address_of(user);
        let order = format!("w-{user}");
        match self {
            Self::Deposit | Self::Overtaken => {
                verifying.make_known(user).await;
                if self == Self::Overtaken {
                    let splice = told(&address, user, user, "899");
                    assert_eq!(verdict(&verifying.send("deposit", &splice).await), ACCEPTED);
                }
                verifying.gate.add(json!({ "deposits": [deposit_at(&address, user, user, "2.5")] }));
                verifying.ask_new().await;
                verifying.deliver().await;
            }
            Self::Failure => {
                verifying.fund(user, "10").await;
                assert_eq!(verifying.register(&order, user, "3", PAYEE).await, 201);
                let withdrawal = json!({ "callBackId": order, "tenantUserId": user, "orderState": 6 });
                verifying.gate.add(json!({ "withdrawals": [withdrawal] }));
                let failure = with(&failure(&order), "tenantUserId", user);
                assert_eq!(verdict(&verifying.send("withdrawal-failure", &failure).await), ACCEPTED);
            }
            Self::AddressChange => {
                verifying.make_known(user).await;
                verifying.gate.add(json!({ "addressChanges": [
                    { "tenantUserId": user, "chainName": "TRON", "symbol": "USDT", "newAddress": address } ] }));
                verifying.deliver().await;
            }
        }
        verifying.messages().await
    }

    async fn is_right(self, verifying: &Verifying, user: &str, at: &str) {
        let parts = match self {
            Self::Deposit | Self::Overtaken => ["2.5", "0", "0"],
            Self::Failure => ["10", "0", "0"],
            Self::AddressChange => ["0", "0", "0"],
        };
        assert_eq!(verifying.parts(user).await, parts, "{at}");
        match self {
            Self::Failure => assert_eq!(verifying.state(&format!("w-{user}")).await, "failed", "{at}"),
            Self::AddressChange => {
                let (_, shown) = verifying.call(http::Method::GET, &format!("/users/{user}"), None).await;
                assert_eq!(shown["addresses"][0]["address"], json!(address_of(user)), "{at}");
                assert_eq!(shown["addresses"][0]["earlier"], json!([]), "{at}");
            }
            Self::Deposit | Self::Overtaken => {}
        }
        let of_user = |event: &&Item| event["tenantUserId"].as_s().unwrap() == user;
        let verified = verifying.events().await;
        let verified = verified.iter().filter(of_user).filter(|event| event.contains_key("verifiedEventKey"));
        let mut outcomes: Vec<_> = verified.map(|event| event["outcome"].as_s().unwrap().as_str()).collect();
        outcomes.sort_unstable();
        let expected: &[_] = match self {
            Self::Deposit => &["credited"],
            Self::Failure => &["credited", "failed"], // its funds, too
            Self::AddressChange => &["address-changed"],
            Self::Overtaken => &["contradicted", "credited", "rejected"],
        };
        assert_eq!(outcomes, expected, "{at}");
        assert_eq!(verifying.open_cases().await.len(), 0, "{at}");
    }
}

/// Kills a worker at every one of its requests to a service; how many there were.
async fn killed_everywhere(matter: Matter, service: Service, is_answered_too_late: bool) -> usize {
    let verifying = Verifying::new().await;
    for nth in 0..30 {
        let user = format!("user-{nth}");
        let at = format!("{matter:?}, {service:?}, {nth}, {is_answered_too_late}");
        let messages = matter.happens(&verifying, &user).await;
        let (lambda, process) = verifying.worker().await;
        // Init is over once it asks for its first batch; what it reads then is not of this matter.
        _ = lambda.invoke_raw(batch(&[])).await.unwrap();
        let hangs = match service {
            Service::DynamoDb => {
                let fault = if is_answered_too_late { Fault::AnswerHangs } else { Fault::Hang };
                let pass = std::iter::repeat_n(Fault::Pass, nth);
                verifying.dynamodb.fail_next(pass.chain([fault]));
                futures_util::future::Either::Left(verifying.dynamodb.hangs())
            }
            Service::Platform => {
                let fault =
                    if is_answered_too_late { PlatformFault::AnswerHangs } else { PlatformFault::Hang };
                let pass = std::iter::repeat_n(PlatformFault::Pass, nth);
                verifying.gate.fail_next(pass.chain([fault]));
                futures_util::future::Either::Right(verifying.gate.hangs())
            }
        };
        let is_done = tokio::select! {
            answer = lambda.invoke_raw(batch(&messages)) => {
                assert_eq!(answer.unwrap()["batchItemFailures"], json!([]), "{at}");
                true
            }
            () = hangs => false,
        };
        drop(process);
        verifying.dynamodb.fail_no_more();
        verifying.gate.fail_no_more();
        // The queue hands over again what was not answered; the schedule comes later.
        verifying.ask_all(&messages).await;
        verifying.settle().await;
        matter.is_right(&verifying, &user, &at).await;
        if is_done {
            verifying.assert_audited().await;
            return nth;
        }
    }
    panic!("{matter:?} takes more requests to {service:?} than anybody has counted");
}

/// How many requests to DynamoDB and to the platform there were; the worker was killed at each, twice.
async fn killed(matter: Matter) -> [usize; 2] {
    let mut requests = [0; 2];
    for (count, service) in requests.iter_mut().zip([Service::DynamoDb, Service::Platform]) {
        *count = killed_everywhere(matter, service, false).await;
        assert_eq!(killed_everywhere(matter, service, true).await, *count, "{matter:?}, {service:?}");
    }
    requests
}

#[tokio::test]
async fn a_worker_killed_anywhere_leaves_a_deposit_to_the_next() {
    let requests = killed(Matter::Deposit).await;
    assert_eq!(requests[1], 2);
    println!("killed twice at each of these requests: {requests:?}");
}

#[tokio::test]
async fn a_worker_killed_anywhere_leaves_a_failure_to_the_next() {
    let requests = killed(Matter::Failure).await;
    assert_eq!(requests[1], 1);
    println!("killed twice at each of these requests: {requests:?}");
}

#[tokio::test]
async fn a_worker_killed_anywhere_leaves_a_new_address_to_the_next() {
    let requests = killed(Matter::AddressChange).await;
    assert_eq!(requests[1], 1);
    println!("killed twice at each of these requests: {requests:?}");
}

#[tokio::test]
async fn a_worker_killed_anywhere_leaves_an_overtaken_deposit_to_the_next() {
    let requests = killed(Matter::Overtaken).await;
    assert_eq!(requests[1], 2);
    println!("killed twice at each of these requests: {requests:?}");
}
