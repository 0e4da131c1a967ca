//! A genuine deposit that a splice overtook ends credited once, and the splice ends rejected.

use serde_json::json;

use super::{USER, last_question, told, waits};
use crate::harness::*;

const EVENT_CONFLICT: (u16, i64) = (200, 2003);

/// What the platform has is 2.5 for the user; what arrives first says 899, or another user.
fn splices() -> [String; 2] {
    [told(&address_of(USER), USER, "tx-1", "899"), told(&address_of(USER), "thief", "tx-1", "2.5")]
}

async fn overtaken(splice: &str) -> Verifying {
    let verifying = Verifying::new().await;
    verifying.make_known(USER).await;
    verifying.make_known("thief").await;
    let addresses = json!({ "TRON": "T-address-of-thief" });
    verifying.gate.add(json!({ "users": [{ "tenantUserId": "thief", "addresses": addresses }] }));
    assert_eq!(verdict(&verifying.send("deposit", splice).await), ACCEPTED);
    verifying.gate.add(json!({ "deposits": [deposit_at(&address_of(USER), USER, "tx-1", "2.5")] }));
    verifying
}

async fn is_put_right(verifying: &Verifying, splice: &str) {
    // The genuine one is sent until it is taken, and then no more.
    verifying.settle().await;
    let callbacks: Vec<_> = verifying.gate.simulator().callbacks().map(|callback| json!(callback)).collect();
    assert_eq!(callbacks[0]["state"], "accepted");
    for _ in 0..2 {
        assert_eq!(verifying.parts(USER).await, ["2.5", "0", "0"]);
        assert_eq!(verifying.parts("thief").await, ["0", "0", "0"]);
        assert_eq!(verifying.open_cases().await.len(), 0);
        // Nor does the splice again.
        assert_eq!(verdict(&verifying.send("deposit", &retry_of(splice)).await), ACCEPTED);
        verifying.settle().await;
    }
    let outcomes = verifying.outcomes().await;
    let counts =
        ["credited", "rejected", "unverified", "event-conflict"].map(|name| outcomes.get(name).copied());
    assert_eq!(counts, [Some(1); 4], "{outcomes:?}");
    verifying.assert_audited().await;
}

#[tokio::test]
async fn a_genuine_deposit_behind_a_splice_is_credited_before_the_splice_is_asked_about() {
    for splice in splices() {
        let verifying = overtaken(&splice).await;
        let of_splice = verifying.messages().await;
        assert_eq!(verifying.deliver().await, [EVENT_CONFLICT]);
        verifying.ask_new().await;
        assert_eq!(verifying.parts(USER).await, ["2.5", "0", "0"]);
        verifying.ask_all(&of_splice).await;
        is_put_right(&verifying, &splice).await;
    }
}

#[tokio::test]
async fn a_genuine_deposit_behind_a_splice_is_credited_after_the_splice_was_contradicted() {
    for splice in splices() {
        let verifying = overtaken(&splice).await;
        verifying.ask_new().await;
        assert_eq!(verifying.waits().await, waits(&["contradicted"], "operator"));
        assert_eq!(verifying.deliver().await, [EVENT_CONFLICT]);
        assert_eq!(verifying.open_cases().await.len(), 2);
        verifying.ask_new().await;
        is_put_right(&verifying, &splice).await;
    }
}

#[tokio::test]
async fn a_genuine_deposit_and_its_splice_asked_about_at_once_end_the_same() {
    for splice in splices() {
        let verifying = overtaken(&splice).await;
        assert_eq!(verifying.deliver().await, [EVENT_CONFLICT]);
        let messages = verifying.messages().await;
        assert_eq!(messages.len(), 2);
        let (one, another) = (verifying.worker().await, verifying.worker().await);
        let (first, second) = tokio::join!(
            one.0.invoke_raw(batch(&messages[..1])),
            another.0.invoke_raw(batch(&messages[1..]))
        );
        assert!(first.is_ok() && second.is_ok());
        is_put_right(&verifying, &splice).await;
    }
}

/// A splice that comes second harms nothing and is an operator's.
#[tokio::test]
async fn a_splice_behind_a_genuine_deposit_is_refused_and_stays_so() {
    for is_credited_first in [true, false] {
        let verifying = super::with_a_deposit(&[]).await;
        assert_eq!(verifying.deliver().await, [ACCEPTED]);
        if is_credited_first {
            verifying.settle().await;
        }
        let splice = told(&address_of(USER), USER, "tx-1", "899");
        assert_eq!(verdict(&verifying.send("deposit", &splice).await), EVENT_CONFLICT);
        verifying.settle().await;
        assert_eq!(verifying.parts(USER).await, ["2.5", "0", "0"]);
        assert_eq!(verifying.waits().await, waits(&["event-conflict"], "operator"));
        assert_eq!(verdict(&verifying.send("deposit", &retry_of(&splice)).await), EVENT_CONFLICT);
        verifying.assert_audited().await;
    }
}

/// Two deposits of the same amount to one user, by one transaction: which of the two the platform vouches for, nobody
/// can tell. Neither is thrown away. What differs in its trackingId alone is the one deposit in other words; two outputs
/// are a person's.
#[tokio::test]
async fn what_the_platforms_word_does_not_tell_apart_is_not_rejected_for_each_other() {
    for (field, value) in [("trackingId", json!("another")), ("txIndex", json!(1))] {
        for is_second_asked_first in [true, false] {
            let verifying = super::with_a_deposit(&[]).await;
            let first = with(&told(&address_of(USER), USER, "tx-1", "2.5"), "txIndex", 0);
            assert_eq!(verdict(&verifying.send("deposit", &first).await), ACCEPTED);
            let of_first = verifying.messages().await;
            let second = retry_of(&with(&first, field, value.clone()));
            assert_eq!(verdict(&verifying.send("deposit", &second).await), EVENT_CONFLICT);
            let of_second = verifying.messages().await;
            let order = if is_second_asked_first { [&of_second, &of_first] } else { [&of_first, &of_second] };
            for messages in order {
                verifying.ask_all(messages).await;
            }
            verifying.ask_due().await;
            assert_eq!(verifying.parts(USER).await, ["2.5", "0", "0"], "{field}");
            if field == "trackingId" {
                assert_eq!(verifying.open_cases().await, Vec::<serde_json::Value>::new());
                assert_eq!(verdict(&verifying.send("deposit", &retry_of(&second)).await), ACCEPTED);
            } else {
                assert_eq!(verifying.waits().await, waits(&["event-conflict"], "operator"));
            }
            assert_eq!(verifying.outcomes().await.get("rejected"), None, "{field}");
            verifying.assert_audited().await;
        }
    }
}

/// A deposit of nothing takes its event without a case of its own.
#[tokio::test]
async fn a_genuine_deposit_behind_a_splice_of_nothing_is_credited_once() {
    let verifying = super::with_a_deposit(&[]).await;
    let nothing = told(&address_of(USER), USER, "tx-1", "0.00");
    assert_eq!(verdict(&verifying.send("deposit", &nothing).await), ACCEPTED);
    // And so does every other content of that event, of which one is true.
    let others =
        ["t-2", "t-3"].map(|id| with(&told(&address_of(USER), USER, "tx-1", "2.5"), "trackingId", id));
    for other in &others {
        assert_eq!(verdict(&verifying.send("deposit", other).await), EVENT_CONFLICT);
    }
    verifying.settle().await;
    assert_eq!(verifying.parts(USER).await, ["2.5", "0", "0"]);
    verifying.settle().await;
    assert_eq!(verifying.parts(USER).await, ["2.5", "0", "0"]);
    verifying.assert_audited().await;
}

/// What would have to be held for its risk is not credited by the platform's word, which is not about risk.
#[tokio::test]
async fn a_risky_deposit_behind_a_splice_is_an_operators() {
    let verifying = Verifying::with(&[("WAAS_RISK_THRESHOLD", "50")]).await;
    verifying.make_known(USER).await;
    let splice =
        with(&with(&told(&address_of(USER), USER, "tx-1", "899"), "riskLevelTo", 1), "riskLevelFrom", 1);
    assert_eq!(verdict(&verifying.send("deposit", &splice).await), ACCEPTED);
    let mut risky = deposit_at(&address_of(USER), USER, "tx-1", "2.5");
    risky["riskLevelTo"] = json!(90);
    verifying.gate.add(json!({ "deposits": [risky] }));
    verifying.settle().await;
    assert_eq!(verifying.parts(USER).await, ["0", "0", "899"]);
    assert_eq!(verifying.open_cases().await.len(), 2);
    assert_eq!(last_question(&verifying, 2).await.0, "contradicted");
    verifying.assert_audited().await;
}

/// A splice took the event of a deposit of nothing: what is true of it moves nothing, and the splice is rejected.
#[tokio::test]
async fn a_genuine_deposit_of_nothing_behind_a_splice_rejects_it() {
    for thief in [USER, "thief"] {
        let verifying = Verifying::new().await;
        verifying.make_known(USER).await;
        let splice = told(&address_of(USER), thief, "tx-1", "899");
        assert_eq!(verdict(&verifying.send("deposit", &splice).await), ACCEPTED);
        verifying.gate.add(json!({ "deposits": [deposit_at(&address_of(USER), USER, "tx-1", "0.00")] }));
        verifying.settle().await;
        for user in [USER, "thief"] {
            assert_eq!(verifying.parts(user).await, ["0", "0", "0"]);
        }
        assert_eq!(verifying.open_cases().await.len(), 0);
        verifying.assert_audited().await;
    }
}

/// One event is one deposit: an operator's credit and the platform's word are not both for it, whatever splices come.
#[tokio::test]
async fn what_an_operator_credits_is_not_credited_again_for_another_content_of_its_event() {
    let verifying = Verifying::new().await;
    verifying.make_known(USER).await;
    let splice = told(&address_of(USER), USER, "tx-1", "899");
    assert_eq!(verdict(&verifying.send("deposit", &splice).await), ACCEPTED);
    verifying.gate.fail_always(Some(PlatformFault::Answer(503, "<html>".to_owned())));
    let genuine = told(&address_of(USER), USER, "tx-1", "2.5");
    assert_eq!(verdict(&verifying.send("deposit", &genuine).await), EVENT_CONFLICT);
    verifying.ask_new().await;
    let cases = verifying.open_cases().await;
    let of = |amount: &str| {
        let case = cases.iter().find(|case| case["amount"] == amount).unwrap();
        case["caseKey"].as_str().unwrap().to_owned()
    };
    assert_eq!(verifying.resolve(&of("2.5"), "credit").await, 409, "while the splice may be released yet");
    assert_eq!(verifying.resolve(&of("899"), "reject").await, 201);
    assert_eq!(verifying.resolve(&of("2.5"), "credit").await, 201);
    assert_eq!(verifying.parts(USER).await, ["2.5", "0", "0"]);

    let another = retry_of(&with(&genuine, "trackingId", "another"));
    assert_eq!(verdict(&verifying.send("deposit", &another).await), EVENT_CONFLICT);
    let mut known = deposit_at(&address_of(USER), USER, "tx-1", "2.5");
    known["callbackSuccess"] = json!(true);
    verifying.gate.add(json!({ "deposits": [known] }));
    verifying.gate.fail_always(None);
    verifying.settle().await;
    assert_eq!(verifying.parts(USER).await, ["2.5", "0", "0"]);
    assert_eq!(verifying.waits().await, waits(&["event-conflict"], "operator"));
    verifying.assert_audited().await;
}
