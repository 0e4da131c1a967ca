//! Two workers, the merchant, an operator and the platform at once: an order is paid once at most, and its funds are back
//! only where it is not.

use std::time::Duration;

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use waas_callback::{OrderState, Stage};

use super::*;

/// What the platform tells of an order, at some moment of its submission.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Told {
    Confirmation,
    Completion,
    Failure,
    Shortage,
}

impl Told {
    /// The callback, under the platform's withdrawal of that order if it has one.
    fn callback(self, id: &str, tracking_id: &Value) -> (&'static str, String) {
        let (function, text) = match self {
            Self::Confirmation => ("withdrawal-confirmation", confirmation(id)),
            Self::Completion => ("withdrawal", completion(id, "1")),
            Self::Failure => ("withdrawal-failure", failure(id)),
            Self::Shortage => ("insufficient-balance", retry_of(&notice(6, id).to_string())),
        };
        (function, with(&text, "trackingId", tracking_id.clone()))
    }
}

/// The platform's own name of an order.
fn tracking_id(submitting: &Submitting, id: &str) -> Option<Value> {
    let report = submitting.gate.simulator().report();
    let orders = report["withdrawals"].as_array().unwrap();
    orders.iter().find(|order| order["callBackId"] == id).map(|order| order["trackingId"].clone())
}

/// Returns once the platform has so many calls.
async fn has_calls(submitting: &Submitting, count: u64) {
    while submitting.calls().iter().sum::<u64>() < count {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_message_ten_times_at_once_over_three_workers_is_sent_once() {
    for mode in Mode::ALL {
        let submitting = Submitting::new().await;
        let workers =
            [submitting.submitter().await, submitting.submitter().await, submitting.submitter().await];
        for round in 1..=8_u64 {
            let message = submitting.submit(mode, &format!("w-{round}")).await;
            let taking =
                (0..10).map(|nth| workers[nth % 3].0.invoke_raw(batch(std::slice::from_ref(&message))));
            for answer in join_all(taking).await {
                assert_eq!(answer.unwrap()["batchItemFailures"], json!([]));
            }
            let [asked, requested, direct] = submitting.calls();
            assert_eq!((asked, requested + direct), (0, round), "one of them took it");
        }
        submitting.come_to_an_end().await;
        assert_eq!(submitting.open_cases().await.len(), 0);
    }
}

/// The first waits for the platform's answer for longer than its turn lasts: another takes it up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_slower_than_its_lease_is_not_in_the_way_of_the_next() {
    for (mode, answer) in [
        (Mode::Confirmed, json!({ "delay": 900 })),
        (Mode::Direct, json!({ "delay": 900 })),
        (Mode::Confirmed, json!({ "refuse": 7 })),
        (Mode::Direct, json!({ "refuse": 7 })),
    ] {
        for round in 0..6_u64 {
            let submitting = Submitting::new().await;
            let message = submitting.submit(mode, "w").await;
            let [one, another] = [submitting.submitter().await, submitting.submitter().await];
            // The slow one is kept at the table, or by the platform.
            if round % 2 == 0 {
                submitting.goes_wrong(&PlatformFault::Misbehaves(answer.clone()));
            } else {
                submitting.dynamodb.fail_next([Fault::Pass; 2].into_iter().chain([Fault::Internal; 3]));
            }
            let second = async {
                tokio::time::sleep(Duration::from_millis(30 * (round + 1))).await;
                submitting.make_due().await; // its lease is over
                submitting.take_by(&another.0, &message).await
            };
            let (first, second) =
                tokio::join!(one.0.invoke_raw(batch(std::slice::from_ref(&message))), second);
            assert!(first.is_ok() && second.is_ok());
            submitting.is_right(&format!("{mode}, {answer}, {round}")).await;
            let [_, requested, direct] = submitting.calls();
            assert!(direct <= 1 && requested <= 2, "{mode}, {answer}, {round}: {requested}, {direct}");
            submitting.come_to_an_end().await;
            let [_, _, direct] = submitting.calls();
            assert!(direct <= 1, "{mode}, {answer}, {round}");
        }
    }
}

/// It writes that it will call, after another has taken the order up: it does not call then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_lost_the_lease_sends_nothing() {
    for mode in Mode::ALL {
        let submitting = Submitting::new().await;
        let message = submitting.submit(mode, "w").await;
        let [one, another] = [submitting.submitter().await, submitting.submitter().await];
        // It reads the case, takes it up, reads both, and then its transaction is long on its way.
        let late = Fault::Late(Duration::from_millis(900));
        submitting.dynamodb.fail_next([Fault::Pass; 4].into_iter().chain([late]));
        let overtake = async {
            submitting.dynamodb.hangs().await;
            submitting.make_due().await;
            // The other takes it up, and dies.
            submitting.dynamodb.fail_next([Fault::Pass, Fault::Pass, Fault::Hang]);
            tokio::select! {
                answer = submitting.take_by(&another.0, &message) => panic!("{answer:?}"),
                () = submitting.dynamodb.hangs() => {}
            }
        };
        let (answer, ()) = tokio::join!(submitting.take_by(&one.0, &message), overtake);
        assert_eq!(answer.unwrap()["batchItemFailures"], json!([]), "{mode}");
        assert_eq!(submitting.calls(), [0, 0, 0], "{mode}");
        assert_eq!(submitting.order("w").await.submission.unwrap().stage, Stage::Requested);
        submitting.come_to_an_end().await;
        assert_eq!(submitting.calls().iter().sum::<u64>(), 1, "{mode}");
        assert_eq!(submitting.order("w").await.state, OrderState::Completed);
    }
}

/// The merchant takes it back before, while and after it is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merchant_takes_back_only_what_the_platform_does_not_have() {
    let submitting = Submitting::new().await;
    let mut taken_back = 0;
    for mode in Mode::ALL {
        for round in 0..16_u64 {
            let id = format!("{mode}-{round}");
            let message = submitting.submit(mode, &id).await;
            let cancel = async {
                tokio::time::sleep(Duration::from_millis(round * 3)).await;
                submitting.act(Method::DELETE, &format!("/withdrawals/{id}")).await
            };
            let ((), (status, problem)) = tokio::join!(submitting.take(&message), cancel);
            match (status, &*problem) {
                (200, _) => taken_back += 1,
                (409, "order-under-way" | "order-ended") => {}
                other => panic!("{mode}, {round}: {other:?}"),
            }
            submitting.is_right(&format!("{mode}, {round}")).await;
            let [_, _, direct] = submitting.calls();
            assert!(mode == Mode::Direct || direct == 0);
        }
    }
    submitting.come_to_an_end().await;
    assert_eq!(submitting.open_cases().await.len(), 0);
    println!("taken back: {taken_back} of 32");
}

/// What is said of an order is true, and comes before the worker has its answer.
#[tokio::test]
async fn what_the_platform_tells_before_it_answers_ends_the_submission() {
    for (mode, told, state) in [
        (Mode::Confirmed, Told::Confirmation, OrderState::Confirmed),
        (Mode::Confirmed, Told::Shortage, OrderState::Reserved),
        (Mode::Direct, Told::Shortage, OrderState::Reserved),
        (Mode::Direct, Told::Completion, OrderState::Completed),
        (Mode::Confirmed, Told::Failure, OrderState::Reserved),
        (Mode::Direct, Told::Failure, OrderState::Reserved),
    ] {
        // The answer is late, or lost.
        for fault in [json!({ "delay": 700 }), json!("nothing")] {
            let at = format!("{mode}, {told:?}, {fault}");
            let submitting = Submitting::new().await;
            let outcome = match told {
                Told::Failure if mode == Mode::Direct => "failed",
                Told::Shortage => "insufficient-balance",
                Told::Confirmation | Told::Completion | Told::Failure => "complete",
            };
            submitting.gate.add(json!({ "outcomes": { "w": outcome } }));
            let message = submitting.submit(mode, "w").await;
            let before: u64 = submitting.calls().iter().sum();
            submitting.goes_wrong(&PlatformFault::Misbehaves(fault.clone()));
            let tell = async {
                has_calls(&submitting, before + 1).await;
                let tracking_id = tracking_id(&submitting, "w").unwrap();
                let (function, callback) = told.callback("w", &tracking_id);
                if told == Told::Completion {
                    // Its own, for the simulator has paid it by now.
                    assert!(submitting.deliver().await.contains(&ACCEPTED), "{at}");
                } else {
                    assert_eq!(verdict(&submitting.send(function, &callback).await), ACCEPTED, "{at}");
                }
            };
            tokio::join!(submitting.take(&message), tell);
            assert_eq!(submitting.order("w").await.state, state, "{at}");
            submitting.is_right(&at).await;
            submitting.ask_new().await;
            submitting.come_to_an_end().await;
            for _ in 0..3 {
                submitting.ask_due().await;
                submitting.pass().await;
            }
            submitting.is_right(&at).await;
            let [_, requested, direct] = submitting.calls();
            assert_eq!(requested + direct, 1, "{at}: sent once");
        }
    }
}

/// While the machine follows an order, an operator neither gives its funds back nor waves it away.
#[tokio::test]
async fn an_operator_waits_as_long_as_the_order_is_followed_and_has_a_way_out_then() {
    for mode in Mode::ALL {
        let submitting = Submitting::new().await;
        let message = submitting.submit(mode, "w").await;
        let case = submitting.case_of("w").await;
        // Not begun: nothing can have arrived, and its funds may be given back; but it is not waved away.
        assert_eq!(submitting.problem_of(&case, "dismiss").await, (409, "waits".into()));
        submitting.goes_wrong(&PlatformFault::Misbehaves(json!({ "status": 500 })));
        submitting.take(&message).await;
        for action in ["unfreeze", "dismiss"] {
            assert_eq!(submitting.problem_of(&case, action).await, (409, "waits".into()), "{mode}, {action}");
        }
        let unfreeze = submitting.resolve_order("w", "unfreeze", "too-early").await;
        assert_eq!(unfreeze, (409, "waits".into()), "nor by the order itself");
        let (_, shown) = submitting.call(Method::GET, &format!("/cases/{case}"), None).await;
        let actions: Vec<_> = shown["actions"].as_array().unwrap().iter().map(|of| &of["action"]).collect();
        assert_eq!(actions, ["settle"], "{mode}");
        // Nobody is at it any more, as where the platform's URL was taken away: an hour later it is an operator's.
        submitting.make_due().await;
        assert_eq!(submitting.problem_of(&case, "unfreeze").await.0, 201, "{mode}");
        assert_eq!(submitting.order("w").await.state, OrderState::Failed);
        submitting.take(&message).await;
        submitting.come_to_an_end().await;
        assert_eq!(submitting.calls().iter().sum::<u64>(), 1, "{mode}: it is not sent any more");
    }
}

/// The platform has accepted: that it has ended it, and told nobody, an operator may say an hour later.
#[tokio::test]
async fn what_was_just_accepted_is_not_given_back_by_mistake() {
    for mode in Mode::ALL {
        let submitting = Submitting::new().await;
        submitting.gate.add(json!({ "outcomes": { "w": "waits" } }));
        let message = submitting.submit(mode, "w").await;
        submitting.take(&message).await;
        assert_eq!(submitting.resolve_order("w", "unfreeze", "1").await, (409, "waits".into()), "{mode}");
        submitting.has_rested("w").await;
        assert_eq!(submitting.resolve_order("w", "unfreeze", "2").await.0, 201, "{mode}");
    }
}

#[tokio::test]
async fn what_was_never_sent_is_given_back_by_an_operator_and_then_not_sent() {
    for mode in Mode::ALL {
        let submitting = Submitting::new().await;
        let message = submitting.submit(mode, "w").await;
        submitting.goes_wrong(&PlatformFault::Misbehaves(json!({ "status": 403 })));
        submitting.take(&message).await;
        let case = submitting.case_of("w").await;
        assert_eq!(submitting.problem_of(&case, "unfreeze").await.0, 201, "{mode}");
        submitting.take_later(&message).await;
        submitting.come_to_an_end().await;
        assert_eq!(submitting.order("w").await.state, OrderState::Failed);
        assert_eq!(submitting.calls().iter().sum::<u64>(), 1, "{mode}");
    }
}

#[tokio::test]
async fn what_nobody_can_tell_is_an_operators_once_the_limit_has_passed() {
    for action in ["unfreeze", "settle", "dismiss"] {
        let submitting = Submitting::new().await;
        let message = submitting.submit(Mode::Direct, "w").await;
        submitting.goes_wrong(&PlatformFault::Misbehaves(json!({ "status": 500 })));
        submitting.take(&message).await;
        submitting.take_later(&message).await;
        let case = submitting.case_of("w").await;
        assert_eq!(submitting.problem_of(&case, action).await.0, if action == "settle" { 201 } else { 409 });
        if action == "settle" {
            submitting.take_later(&message).await;
            assert_eq!(submitting.order("w").await.state, OrderState::Completed);
            continue;
        }
        submitting.come_to_an_end().await;
        assert_eq!(submitting.reasons("w").await, ["submission-unclear"]);
        assert_eq!(submitting.problem_of(&case, action).await.0, 201, "{action}");
        let state = if action == "unfreeze" { OrderState::Failed } else { OrderState::Reserved };
        assert_eq!(submitting.order("w").await.state, state, "{action}");
        submitting.come_to_an_end().await;
        assert_eq!(submitting.calls()[2], 1, "{action}");
    }
}

/// An operator acts at the moment at which the worker begins.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_and_the_worker_at_once_pay_or_give_back() {
    let submitting = Submitting::new().await;
    let mut given_back = 0;
    for mode in Mode::ALL {
        for round in 0..16_u64 {
            let id = format!("{mode}-{round}");
            let message = submitting.submit(mode, &id).await;
            let act = async {
                tokio::time::sleep(Duration::from_millis(round * 3)).await;
                submitting.resolve_order(&id, "unfreeze", &id).await
            };
            // What has arrived is answered late, so that there is time in which it is under way.
            submitting.goes_wrong(&PlatformFault::Misbehaves(json!({ "delay": 60 })));
            let ((), (status, problem)) = tokio::join!(submitting.take(&message), act);
            submitting.gate.fail_no_more();
            let at = format!("{mode}, {round}: {status} {problem}");
            match (status, &*problem) {
                (201, _) => {
                    given_back += 1;
                    assert_eq!(
                        submitting.order(&id).await.submission.unwrap().stage,
                        Stage::Requested,
                        "{at}"
                    );
                }
                (409, "waits") => {}
                other => panic!("{at}: {other:?}"),
            }
            submitting.is_right(&at).await;
        }
    }
    submitting.come_to_an_end().await;
    println!("given back: {given_back} of 32");
}

/// Each queue's worker leaves alone what is the other's.
#[tokio::test]
async fn neither_worker_takes_what_is_the_others() {
    let submitting = Submitting::new().await;
    let message = submitting.submit(Mode::Direct, "w").await;
    submitting.make_known("2049").await;
    submitting.gate.add(json!({ "deposits": [deposit_at(&address_of("2049"), "2049", "tx", "2.5")] }));
    submitting.deliver().await;
    let questions = submitting.messages().await;
    let calls = submitting.calls();
    submitting.ask_all(std::slice::from_ref(&message)).await;
    for question in &questions {
        submitting.take(question).await;
    }
    assert_eq!(submitting.calls(), calls);
    assert_eq!(submitting.parts("2049").await, ["0", "0", "2.5"]);
    // Neither has lost its turn by that.
    let asked = submitting.cases().await.into_iter().filter(|case| case.contains_key("nextAskAt"));
    assert!(asked.into_iter().all(|case| !case.contains_key("asked")));
    submitting.ask_all(&questions).await;
    submitting.take(&message).await;
    assert_eq!(submitting.parts("2049").await, ["2.5", "0", "0"]);
    submitting.come_to_an_end().await;
    assert_eq!(submitting.open_cases().await.len(), 0);
}

#[tokio::test]
async fn no_message_makes_anything_be_sent() {
    let submitting = Submitting::new().await;
    let message = submitting.submit(Mode::Direct, "w").await;
    assert_eq!(submitting.submissions().await, std::slice::from_ref(&message), "of the bus's rule");
    let (lambda, _process) = submitting.submitter().await;
    let nonsense = [
        json!({ "caseKey": "registration.0000" }),
        json!({ "caseKey": "" }),
        json!({ "caseKey": "x".repeat(3000) }),
        json!({ "caseKey": message["caseKey"], "callBackId": "w" }),
        json!({ "due": "yes" }),
        json!([]),
        json!(null),
    ];
    _ = lambda.invoke_raw(batch(&nonsense)).await.unwrap();
    assert_eq!(submitting.calls(), [0, 0, 0]);
    submitting.take(&message).await;
    submitting.come_to_an_end().await;
    // Nor once it has ended.
    for _ in 0..3 {
        submitting.take(&message).await;
    }
    assert_eq!(submitting.calls(), [0, 0, 1]);
}
