//! Asked twice, it is posted once: by two workers, by the same message again, by what is due and what is new.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use super::{USER, with_a_deposit};
use crate::harness::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_message_ten_times_at_once_over_four_workers_is_posted_once() {
    let verifying = with_a_deposit(&[]).await;
    verifying.deliver().await;
    let message = verifying.messages().await;
    let workers = [
        verifying.worker().await,
        verifying.worker().await,
        verifying.worker().await,
        verifying.worker().await,
    ];
    let asking = (0..10).map(|nth| workers[nth % 4].0.invoke_raw(batch(&message)));
    for answer in join_all(asking).await {
        assert_eq!(answer.unwrap()["batchItemFailures"], json!([]));
    }
    assert_eq!(verifying.parts(USER).await, ["2.5", "0", "0"]);
    assert_eq!(verifying.outcomes().await["credited"], 1);
    assert_eq!(verifying.gate.asked(), [1, 0, 1], "one of them took it");
    verifying.assert_audited().await;
}

/// The one that took the question waits for its answer for longer than its turn lasts: another takes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_that_ask_the_same_question_post_once() {
    for round in 0..8_u64 {
        let verifying = with_a_deposit(&[]).await;
        verifying.deliver().await;
        let delay = json!({ "calls": [{ "on": "getDepositOrder", "do": { "delay": 400 + round * 3 }, "times": 1 },
                                      { "on": "getDepositOrder", "do": { "delay": 200 }, "times": 1 }] });
        verifying.gate.add(json!({ "misbehaviour": delay }));
        let message = verifying.messages().await;
        let (one, another) = (verifying.worker().await, verifying.worker().await);
        let second = async {
            while verifying.gate.asked()[0] == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            tokio::time::sleep(std::time::Duration::from_millis(150)).await;
            verifying.make_due().await;
            another.0.invoke_raw(batch(&message)).await
        };
        let (first, second) = tokio::join!(one.0.invoke_raw(batch(&message)), second);
        for answer in [first, second] {
            assert_eq!(answer.unwrap()["batchItemFailures"], json!([]));
        }
        assert_eq!(verifying.gate.asked()[0], 2, "both asked");
        assert_eq!(verifying.parts(USER).await, ["2.5", "0", "0"]);
        assert_eq!(verifying.outcomes().await["credited"], 1);
        verifying.assert_audited().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_due_and_what_is_new_at_once_are_posted_once_each() {
    let verifying = Verifying::new().await;
    verifying.make_known(USER).await;
    let deposits: Vec<_> =
        (0..60).map(|nth| deposit_at(&address_of(USER), USER, &format!("tx-{nth}"), "1")).collect();
    verifying.gate.add(json!({ "deposits": deposits }));
    assert_eq!(verifying.deliver().await, vec![ACCEPTED; 60]);
    verifying.make_due().await;
    let messages = verifying.messages().await;
    let due = [json!({ "due": true })];
    let workers = [verifying.worker().await, verifying.worker().await];
    let new = join_all(messages.chunks(10).map(|messages| workers[0].0.invoke_raw(batch(messages))));
    let due = join_all((0..3).map(|_| workers[1].0.invoke_raw(batch(&due))));
    let (new, due) = tokio::join!(new, due);
    for answer in new.into_iter().chain(due) {
        assert_eq!(answer.unwrap()["batchItemFailures"], json!([]));
    }
    assert_eq!(verifying.parts(USER).await, ["60", "0", "0"]);
    assert_eq!((verifying.outcomes().await["credited"], verifying.open_cases().await.len()), (60, 0));
    verifying.assert_audited().await;
}

/// A worker reads the tables: whatever a message says, it leads to no more than a question that is open.
#[tokio::test]
async fn no_message_makes_anything_true() {
    let verifying = with_a_deposit(&[]).await;
    verifying.deliver().await;
    let nonsense = [
        json!({ "caseKey": "deposit.0000" }),
        json!({ "caseKey": "" }),
        json!({ "caseKey": "x".repeat(3000) }),
        json!({ "caseKey": "deposit.0000", "word": "agrees" }),
        json!({ "due": "yes" }),
        json!([]),
        json!(null),
    ];
    let given_back = verifying.ask(&nonsense).await;
    assert!(given_back.iter().all(|nth| nth == "1" || nth == "2"), "{given_back:?}");
    assert_eq!(
        (verifying.parts(USER).await, verifying.gate.asked()),
        (["0", "0", "2.5"].map(Into::into), [0, 0, 0])
    );
    // Beside them, what can be done is.
    let mut mixed = nonsense.to_vec();
    mixed.extend(verifying.messages().await);
    verifying.ask(&mixed).await;
    assert_eq!(verifying.parts(USER).await, ["2.5", "0", "0"]);
    verifying.assert_audited().await;
}

#[tokio::test]
async fn only_the_message_that_failed_is_given_back_and_later_done() {
    let verifying = Verifying::new().await;
    verifying.make_known(USER).await;
    let deposits = ["tx-1", "tx-2", "tx-3"].map(|tx_id| deposit_at(&address_of(USER), USER, tx_id, "1"));
    verifying.gate.add(json!({ "deposits": deposits }));
    verifying.deliver().await;
    let messages = verifying.messages().await;
    let (lambda, process) = verifying.worker().await;
    _ = lambda.invoke_raw(batch(&[])).await.unwrap();
    verifying.dynamodb.fail_next([Fault::Error("AccessDeniedException")]);
    let answer = lambda.invoke_raw(batch(&messages)).await.unwrap();
    assert_eq!(answer["batchItemFailures"], json!([{ "itemIdentifier": "0" }]));
    assert!(process.log().contains("AccessDeniedException"));
    assert_eq!(verifying.parts(USER).await, ["2", "0", "1"]);
    verifying.ask_all(&messages[..1]).await;
    assert_eq!(verifying.parts(USER).await, ["3", "0", "0"]);
    verifying.assert_audited().await;
}

/// A question takes ten seconds where the platform does not answer: more of them than there is time for are left for the
/// next turn, before Lambda ends the process.
#[tokio::test]
async fn what_is_due_is_not_begun_when_the_time_is_up() {
    let verifying = Verifying::new().await;
    verifying.make_known(USER).await;
    let deposits: Vec<_> =
        (0..30).map(|nth| deposit_at(&address_of(USER), USER, &format!("tx-{nth}"), "1")).collect();
    verifying.gate.add(json!({ "deposits": deposits }));
    verifying.deliver().await;
    verifying.gate.fail_always(Some(PlatformFault::Hang));
    let (mut lambda, process) = verifying.worker().await;
    _ = lambda.invoke_raw(batch(&[])).await.unwrap();
    lambda.timeout = Duration::from_secs(24); // of which the last twenty begin nothing
    let started = Instant::now();
    let answer = lambda.invoke_raw(batch(&[json!({ "due": true })])).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(19), "{:?}", started.elapsed());
    assert_eq!(answer["batchItemFailures"], json!([]));
    let line = &process.lines("questions", 1).await[0];
    assert!(line["asked"].as_u64().unwrap() < 30, "{line}");
    verifying.gate.fail_always(None);
    verifying.ask_due().await;
    assert_eq!(verifying.parts(USER).await, ["30", "0", "0"]);
    verifying.assert_audited().await;
}
