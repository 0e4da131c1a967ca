//! The worker is killed at each of its requests, to DynamoDB and to the platform, and the next one brings it right.
//!
//! It dies with a request that was not sent on, and with one that took effect and whose answer it never saw.

use futures_util::future::Either;
use serde_json::json;
use waas_callback::OrderState;

use super::*;

/// What the call that orders it comes to, where the worker lives to see it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Answer {
    Accepted,
    Refused,
    /// It arrived, and nobody was told: the worker asks at the next turn, at which it is killed.
    LostBefore,
    /// It said no before: the worker asks whether it has it, and is killed.
    RefusedBefore,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Service {
    DynamoDb,
    Platform,
}

/// Kills a worker at every one of its requests to a service; how many there were.
async fn killed_everywhere(
    mode: Mode,
    answer: Answer,
    service: Service,
    is_answered_too_late: bool,
) -> usize {
    let submitting = Submitting::new().await;
    let refused = PlatformFault::Misbehaves(json!({ "refuse": 7 }));
    for nth in 0..30 {
        let id = format!("w-{nth}");
        let at = format!("{mode}, {answer:?}, {service:?}, {nth}, {is_answered_too_late}");
        let message = submitting.submit(mode, &id).await;
        match answer {
            Answer::LostBefore => submitting.goes_wrong(&PlatformFault::Misbehaves(json!("nothing"))),
            Answer::RefusedBefore => submitting.goes_wrong(&refused),
            Answer::Accepted | Answer::Refused => {}
        }
        if matches!(answer, Answer::LostBefore | Answer::RefusedBefore) {
            submitting.take(&message).await;
            submitting.make_due().await;
        }
        let [_, requested, direct] = submitting.calls();
        let (lambda, process) = submitting.submitter().await;
        let hangs = match service {
            Service::DynamoDb => {
                let fault = if is_answered_too_late { Fault::AnswerHangs } else { Fault::Hang };
                submitting.dynamodb.fail_next(std::iter::repeat_n(Fault::Pass, nth).chain([fault]));
                if answer == Answer::Refused {
                    submitting.goes_wrong(&refused);
                }
                Either::Left(submitting.dynamodb.hangs())
            }
            // Its one call, or its one question.
            Service::Platform => {
                let fault =
                    if is_answered_too_late { PlatformFault::AnswerHangs } else { PlatformFault::Hang };
                let first =
                    if answer == Answer::Refused && nth > 0 { refused.clone() } else { PlatformFault::Pass };
                submitting.gate.fail_next(std::iter::repeat_n(first, nth).chain([fault]));
                Either::Right(submitting.gate.hangs())
            }
        };
        let is_done = tokio::select! {
            answer = lambda.invoke_raw(batch(std::slice::from_ref(&message))) => {
                assert_eq!(answer.unwrap()["batchItemFailures"], json!([]), "{at}");
                true
            }
            () = hangs => false,
        };
        drop(process);
        submitting.dynamodb.fail_no_more();
        submitting.gate.fail_no_more();
        submitting.is_right(&at).await;
        // The queue hands over again what was not answered, while the dead one's lease lasts; the schedule comes later.
        submitting.take(&message).await;
        submitting.come_to_an_end().await;
        let [_, requested_now, direct_now] = submitting.calls();
        if mode == Mode::Direct {
            assert!(direct_now - direct <= 1, "{at}: sent {} times", direct_now - direct);
        } else {
            assert!(requested_now - requested <= 2, "{at}: sent {} times", requested_now - requested);
        }
        let state = submitting.order(&id).await.state;
        let left = submitting.reasons(&id).await;
        match (state, mode, answer) {
            (OrderState::Completed, ..) => assert_eq!(left, Vec::<String>::new(), "{at}"),
            (OrderState::Failed, _, Answer::Refused | Answer::RefusedBefore) => {
                assert_eq!(left, Vec::<String>::new(), "{at}");
            }
            // Nobody can tell whether it was sent.
            (OrderState::Reserved, Mode::Direct, Answer::Accepted | Answer::Refused) => {
                assert_eq!(left, ["submission-unclear"], "{at}");
            }
            other => panic!("{at}: {other:?}"),
        }
        if is_done {
            return nth;
        }
    }
    panic!("{mode}, {answer:?} takes more requests to {service:?} than anybody has counted");
}

/// Killed at each request to DynamoDB and to the platform, before and after it; how many there were.
async fn killed(mode: Mode, answer: Answer) -> [usize; 2] {
    let mut requests = [0; 2];
    for (count, service) in requests.iter_mut().zip([Service::DynamoDb, Service::Platform]) {
        *count = killed_everywhere(mode, answer, service, false).await;
        assert_eq!(
            killed_everywhere(mode, answer, service, true).await,
            *count,
            "{mode}, {answer:?}, {service:?}"
        );
    }
    assert_eq!(requests[1], 1);
    requests
}

#[tokio::test]
async fn a_worker_killed_anywhere_leaves_what_is_accepted_to_the_next() {
    for mode in Mode::ALL {
        let requests = killed(mode, Answer::Accepted).await;
        println!("{mode}, Accepted: killed twice at each of these requests: {requests:?}");
    }
}

#[tokio::test]
async fn a_worker_killed_anywhere_leaves_what_is_refused_to_the_next() {
    for mode in Mode::ALL {
        let requests = killed(mode, Answer::Refused).await;
        println!("{mode}, Refused: killed twice at each of these requests: {requests:?}");
        let requests = killed(mode, Answer::RefusedBefore).await;
        println!("{mode}, RefusedBefore: killed twice at each of these requests: {requests:?}");
    }
}

#[tokio::test]
async fn a_worker_killed_anywhere_leaves_what_was_lost_to_the_next() {
    for mode in Mode::ALL {
        let requests = killed(mode, Answer::LostBefore).await;
        println!("{mode}, LostBefore: killed twice at each of these requests: {requests:?}");
    }
}
