//! `docs/ledger.md` shows what each outcome posts: every row of its table happens here, and nothing else does.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::json;
use waas_callback::{Difference, Outcome, Sent, Theirs, Word};
use waas_callback_aws::{RecordedCase, Ruled};

use crate::harness::*;
use crate::movements::{adjust, move_};

/// The amount a of the table: of every deposit and every order here.
const A: &str = "2.5";

/// A row of the table: what comes to this outcome, and what it adds.
#[derive(Debug)]
struct Row {
    outcome: String,
    /// The types of callbacks that it names; none for what the merchant or an operator does.
    types: BTreeSet<String>,
    /// Is it the platform's word on what such a callback told?
    is_word: bool,
    /// Is it the end of a submission?
    is_submission: bool,
    /// The operator's actions that it names.
    actions: BTreeSet<String>,
    /// Available, frozen, held, owed.
    parts: [String; 4],
}

impl Row {
    /// From a line such as `| outcome | caused by (1) | + a | | |`.
    fn of(line: &str) -> Self {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [outcome, caused_by, available, frozen, held, owed] = cells[..] else { panic!("{line}") };
        let amount = |cell: &str| match cell {
            "" => "0".to_owned(),
            "+ a" => A.to_owned(),
            "− a" => format!("-{A}"),
            other => panic!("{other} in {line}"),
        };
        let in_brackets = caused_by.split('(').skip(1).filter_map(|rest| rest.split_once(')'));
        let types = in_brackets.flat_map(|(types, _)| types.split(", ")).map(str::to_owned).collect();
        Self {
            outcome: outcome.trim_matches('`').to_owned(),
            types,
            is_word: caused_by.starts_with("the platform's word"),
            is_submission: caused_by.starts_with("a submission"),
            actions: caused_by.split('`').skip(1).step_by(2).map(str::to_owned).collect(),
            parts: [available, frozen, held, owed].map(amount),
        }
    }

    /// Where nothing is added there is no posting at all.
    fn is_of(&self, event: &Item) -> bool {
        let is_none = self.parts.iter().all(|amount| *amount == "0");
        let part = |posting: &AttributeValue, name: &str| {
            let part = posting.as_m().unwrap().get(name);
            part.map_or("0".to_owned(), |part| part.as_n().unwrap().clone())
        };
        match event["postings"].as_l().unwrap().as_slice() {
            [] => is_none,
            [posting] => {
                let parts = ["available", "frozen", "held", "owed"].map(|name| part(posting, name));
                !is_none && parts == self.parts
            }
            more => panic!("an event has one posting or none: {more:?}"),
        }
    }
}

fn table() -> Vec<Row> {
    let document = include_str!("../../../../docs/ledger.md");
    let (_, table) = document.split_once("<!-- postings -->").unwrap();
    let (table, _) = table.split_once("<!-- /postings -->").unwrap();
    table.lines().filter(|line| line.starts_with('|')).skip(2).map(Row::of).collect()
}

async fn accept(deployment: &Deployment, function: &str, plaintext: &str) {
    assert_eq!(verdict(&deployment.send(function, plaintext).await), ACCEPTED, "{function}: {plaintext}");
}

async fn reserved(deployment: &Deployment, mode: &str, id: &str) {
    deployment.deposit("1945", "USDT", A).await;
    assert_eq!(deployment.register_in(mode, id, "1945", A, PAYEE).await, 201, "{id}");
}

async fn confirmed(deployment: &Deployment, id: &str) {
    reserved(deployment, "confirmed", id).await;
    accept(deployment, "withdrawal-confirmation", &confirmation(id)).await;
}

/// Types 6 and 7 on an order, under a trackingId.
async fn shortages(deployment: &Deployment, id: &str, tracking_id: &str) {
    for (function, r#type) in [("insufficient-balance", 6), ("insufficient-gas", 7)] {
        let notice = with(&notice(r#type, id).to_string(), "trackingId", tracking_id);
        accept(deployment, function, &retry_of(&notice)).await;
    }
}

async fn deposits_and_addresses(deployment: &Deployment) {
    let risky = with(&deposit_with("riskLevelTo", 50), "txId", "risky");
    accept(deployment, "deposit", &retry_of(&risky)).await;
    let events = deployment.events().await;
    let held = events.iter().find(|event| event["outcome"].as_s().unwrap() == "held").unwrap();
    let release = format!("/deposits/{}/release", held["eventKey"].as_s().unwrap());
    assert_eq!(deployment.call(Method::POST, &release, None).await.0, 200);
    accept(deployment, "deposit", &retry_of(&with(&deposit_with("amount", "0"), "txId", "nothing"))).await;
    let address = plain("address-change");
    accept(deployment, "address-change", &address).await;
    accept(deployment, "address-change", &retry_of(&with(&address, "trackingId", "late"))).await;
}

async fn ends(deployment: &Deployment) {
    reserved(deployment, "confirmed", "cancelled").await;
    assert_eq!(deployment.act(Method::DELETE, "/withdrawals/cancelled").await.0, 200);
    accept(deployment, "withdrawal-failure", &failure("cancelled")).await;

    confirmed(deployment, "paid").await;
    accept(deployment, "withdrawal", &completion("paid", A)).await;
    shortages(deployment, "paid", "t-paid").await;
    confirmed(deployment, "fee").await;
    accept(deployment, "withdrawal", &completion("fee", "2")).await;
    reserved(deployment, "direct", "direct").await;
    accept(deployment, "withdrawal", &completion("direct", A)).await;
    reserved(deployment, "confirmed", "unasked").await;
    accept(deployment, "withdrawal", &completion("unasked", A)).await;
    accept(deployment, "withdrawal", &with(&completion("lease", "65000"), "symbol", "ENERGY")).await;

    reserved(deployment, "confirmed", "failed").await;
    accept(deployment, "withdrawal-failure", &failure("failed")).await;
    reserved(deployment, "confirmed", "elsewhere").await;
    let elsewhere = with(&failure("elsewhere"), "toAddress", "TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb");
    accept(deployment, "withdrawal-failure", &elsewhere).await;

    confirmed(deployment, "waiting").await;
    shortages(deployment, "waiting", "t-waiting").await;
    shortages(deployment, "waiting", "foreign").await;
    accept(deployment, "withdrawal-failure", &with(&failure("waiting"), "trackingId", "foreign")).await;
}

/// What the platform reports of orders that nobody registered, and what their registrations then come to.
async fn unregistered(deployment: &Deployment) {
    accept(deployment, "withdrawal", &completion("nothing", "0")).await;
    shortages(deployment, "unknown", "t-unknown").await;
    for (mode, id) in [("confirmed", "late"), ("direct", "late-direct")] {
        accept(deployment, "withdrawal", &completion(id, A)).await;
        reserved(deployment, mode, id).await;
        assert_eq!(deployment.state(id).await, "completed");
    }
    accept(deployment, "withdrawal-failure", &failure("late-failed")).await;
    reserved(deployment, "confirmed", "late-failed").await;
    assert_eq!(deployment.state("late-failed").await, "failed");
}

/// An operator's act on an order that belongs to its own withdrawal of the platform, if to any.
async fn act(deployment: &Deployment, id: &str, action: &str) {
    let (_, order) = deployment.call(Method::GET, &format!("/withdrawals/{id}"), None).await;
    let expected = json!({ "state": order["state"], "trackingId": order["trackingId"] });
    let events = deployment.events().await.len();
    let body =
        json!({ "id": format!("act-{events}"), "action": action, "reason": "because", "expected": expected });
    let (status, answer) =
        deployment.call(Method::POST, &format!("/withdrawals/{id}/resolve"), Some(&body)).await;
    assert_eq!(status, 201, "{action} of {id}: {answer}");
}

/// An operator's end of the one case that is open for a reason.
async fn end(deployment: &Deployment, reason: &str, action: &str) {
    let (_, open) = deployment.call(Method::GET, &format!("/cases?reason={reason}"), None).await;
    let path = format!("/cases/{}", open["cases"][0]["caseKey"].as_str().unwrap());
    let (_, case) = deployment.call(Method::GET, &path, None).await;
    let body = json!({
        "id": format!("{action}-{reason}"), "action": action, "reason": "because", "expected": case["expected"]
    });
    let (status, answer) = deployment.call(Method::POST, &format!("{path}/resolve"), Some(&body)).await;
    assert_eq!(status, 201, "{action}: {answer}");
}

async fn put_right(deployment: &Deployment) {
    confirmed(deployment, "settled").await;
    act(deployment, "settled", "settle").await;
    accept(deployment, "withdrawal", &completion("settled", A)).await;
    confirmed(deployment, "freed").await;
    for action in ["unfreeze", "charge", "reverse", "write-off"] {
        act(deployment, "freed", action).await;
    }
    let risky = with(&deposit_with("riskLevelTo", 50), "txId", "rejected");
    accept(deployment, "deposit", &retry_of(&risky)).await;
    end(deployment, "risk", "reject").await;
    let other = with(&plain("deposit"), "txId", "one more");
    let other =
        with(&other, "requestUUID", deployment.requests().await[0]["requestUUID"].as_s().unwrap().clone());
    assert_eq!(verdict(&deployment.send("deposit", &other).await), (200, 2002));
    end(deployment, "request-conflict", "credit").await;
}

/// A user's deposit of A in USDT that waits for the platform's word.
async fn unverified(deployment: &Deployment, tx_id: &str, risk: u8) {
    let deposit = with(&with(&plain("deposit"), "symbol", "USDT"), "riskLevelTo", risk);
    let deposit = with(&with(&with(&deposit, "amount", A), "tenantUserId", "1945"), "txId", tx_id);
    accept(deployment, "deposit", &retry_of(&deposit)).await;
}

/// The platform's word on the one open question of this kind.
async fn word(deployment: &Deployment, kind: &str, word: Word) -> Ruled {
    Box::pin(deployment.rule(word, |case| case.case_key.kind() == kind)).await
}

/// What waits for the platform's word, and what its word then does.
async fn verified(deployment: &Deployment) {
    unverified(deployment, "true", 1).await;
    assert_eq!(word(deployment, "deposit", Word::Agrees).await, Ruled::Verified);
    unverified(deployment, "not true", 1).await;
    let differs = Word::Differs(Difference::Amount);
    assert_eq!(word(deployment, "deposit", differs).await, Ruled::Contradicted);
    end(deployment, "contradicted", "release").await;
    unverified(deployment, "risky", 50).await;
    assert_eq!(word(deployment, "deposit", Word::Agrees).await, Ruled::Verified);
    unverified(deployment, "risk lifted", 50).await;
    let (_, open) = deployment.call(Method::GET, "/cases?waitsFor=platform", None).await;
    let (_, case) = deployment
        .call(Method::GET, &format!("/cases/{}", open["cases"][0]["caseKey"].as_str().unwrap()), None)
        .await;
    let release = format!("/deposits/{}/release", case["events"][0]["eventKey"].as_str().unwrap());
    assert_eq!(deployment.call(Method::POST, &release, None).await.1["state"], "risk-lifted");
    assert_eq!(word(deployment, "deposit", Word::Agrees).await, Ruled::Verified);

    // A splice takes the event of a deposit of another user, who is the true one.
    unverified(deployment, "spliced", 1).await;
    let genuine = with(&with(&plain("deposit"), "symbol", "USDT"), "amount", A);
    let genuine = retry_of(&with(&with(&genuine, "tenantUserId", "2"), "txId", "spliced"));
    assert_eq!(verdict(&deployment.send("deposit", &genuine).await), (200, 2003));
    let is_genuine = |case: &RecordedCase| case.claim.tenant_user_id == "2";
    assert_eq!(Box::pin(deployment.rule(Word::Agrees, is_genuine)).await, Ruled::Verified);

    // The same, told in other words.
    let again = with(&plain("deposit"), "symbol", "USDT");
    let again = with(&with(&again, "amount", A), "trackingId", "another");
    let again = retry_of(&with(&with(&again, "tenantUserId", "1945"), "txId", "true"));
    assert_eq!(verdict(&deployment.send("deposit", &again).await), (200, 2003));
    assert_eq!(word(deployment, "deposit", Word::Agrees).await, Ruled::Verified);

    // Of a deposit of nothing, a splice makes one of something.
    unverified(deployment, "dust", 1).await;
    let dust = with(&with(&plain("deposit"), "symbol", "USDT"), "amount", "0");
    let dust = retry_of(&with(&with(&dust, "tenantUserId", "2"), "txId", "dust"));
    assert_eq!(verdict(&deployment.send("deposit", &dust).await), (200, 2003));
    assert_eq!(Box::pin(deployment.rule(Word::Agrees, is_genuine)).await, Ruled::Verified);

    for id in ["failed", "freed", "paid"] {
        unverified(deployment, id, 1).await;
        assert_eq!(word(deployment, "deposit", Word::Agrees).await, Ruled::Verified);
        assert_eq!(deployment.register(id, "1945", A, PAYEE).await, 201);
        accept(deployment, "withdrawal-failure", &failure(id)).await;
        if id == "freed" {
            act(deployment, id, "unfreeze").await;
        }
        let (said, ruled) = match id {
            "paid" => (Word::Differs(Difference::Paid), Ruled::Contradicted),
            _ => (Word::Agrees, Ruled::Verified),
        };
        assert_eq!(word(deployment, "withdrawal-failure", said).await, ruled);
    }
    accept(deployment, "withdrawal-failure", &failure("nobody's")).await;
    assert_eq!(word(deployment, "withdrawal-failure", Word::Agrees).await, Ruled::Verified);

    let change = |tracking_id: &str| retry_of(&with(&plain("address-change"), "trackingId", tracking_id));
    for tracking_id in ["first", "again"] {
        accept(deployment, "address-change", &change(tracking_id)).await;
        assert_eq!(word(deployment, "address-change", Word::Agrees).await, Ruled::Verified);
    }
    accept(deployment, "address-change", &change("forged")).await;
    let silent = Box::pin(deployment.rule_at_last(Word::Unknown, |_| true)).await;
    assert_eq!(silent, Ruled::Contradicted);
    assert_eq!(deployment.call(Method::PUT, "/users/1945", None).await.0, 201);
}

/// Of a user who has spent what is to be taken.
/// What is ordered from the platform, and what came of it.
async fn submitted(deployment: &Deployment) {
    for (id, sent) in [
        ("submitted", Sent::Accepted),
        ("refused", Sent::Refused),
        ("unclear", Sent::Unclear),
        ("taken-back", Sent::NotSent),
    ] {
        assert_eq!(adjust(deployment, id, &[("1945", "USDT", A)]).await.0, 201);
        let order = json!({ "callBackId": id, "tenantUserId": "1945", "chainName": "TRON", "symbol": "USDT",
                            "amount": A, "address": PAYEE, "submit": true });
        assert_eq!(deployment.call(Method::POST, "/withdrawals", Some(&order)).await.0, 201);
        if id == "taken-back" {
            assert_eq!(deployment.act(Method::DELETE, "/withdrawals/taken-back").await.0, 200);
        }
        deployment.end_submission(id, sent).await;
    }
}

/// What reconciliation finds, and what it puts right.
async fn reconciled(deployment: &Deployment) {
    for (id, stage) in [("settled", Theirs::Paid), ("unfrozen", Theirs::EndedUnpaid)] {
        assert_eq!(adjust(deployment, id, &[("1945", "USDT", A)]).await.0, 201);
        assert_eq!(deployment.register_in("direct", id, "1945", A, PAYEE).await, 201);
        if id == "settled" {
            deployment.find_and_forget(id, stage).await;
        }
        deployment.put_right(id, stage).await;
    }
}

async fn debts(deployment: &Deployment) {
    deployment.deposit("2", "USDT", A).await;
    assert_eq!(deployment.register("owed", "2", A, PAYEE).await, 201);
    act(deployment, "owed", "unfreeze").await;
    assert_eq!(deployment.register("spent", "2", A, PAYEE).await, 201);
    for action in ["charge", "reverse", "charge"] {
        act(deployment, "owed", action).await;
    }
    deployment.deposit("2", "USDT", A).await;
    let collect = json!({ "id": "collect", "chainName": "TRON", "symbol": "USDT" });
    assert!(deployment.call(Method::POST, "/users/2/collect", Some(&collect)).await.0 < 300);
    accept(deployment, "withdrawal", &with(&completion("beyond", A), "tenantUserId", "2")).await;
    assert_eq!(deployment.register_in("direct", "beyond", "2", A, PAYEE).await, 422);
    end(deployment, "balance-too-low", "charge").await;
}

async fn movements_and_adjustments(deployment: &Deployment) {
    deployment.deposit("3", "USDT", A).await;
    let less = &*format!("-{A}");
    assert_eq!(move_(deployment, "there", &[("3", "USDT", less), ("4", "USDT", A)]).await.0, 201);
    for (id, amount) in [("taken", less), ("given", A)] {
        assert_eq!(adjust(deployment, id, &[("4", "USDT", amount)]).await.0, 201);
    }
}

#[tokio::test]
async fn every_row_of_the_document_happens_and_every_event_posts_what_a_row_says() {
    let rows = table();
    let names: BTreeSet<_> = rows.iter().map(|row| row.outcome.as_str()).collect();
    assert_eq!(names, Outcome::ALL.iter().map(|outcome| outcome.name()).collect());

    let deployment =
        Deployment::with(&[("WAAS_RISK_THRESHOLD", "50"), ("WAAS_ACTUAL_BELOW_ORDER", "fee")]).await;
    deposits_and_addresses(&deployment).await;
    ends(&deployment).await;
    unregistered(&deployment).await;
    put_right(&deployment).await;
    debts(&deployment).await;
    let asking = Deployment::with(&[("WAAS_VERIFY", "true"), ("WAAS_RISK_THRESHOLD", "50")]).await;
    verified(&asking).await;
    submitted(&asking).await;
    reconciled(&asking).await;
    movements_and_adjustments(&deployment).await;

    let (mut met, mut expected) = (BTreeSet::new(), BTreeSet::new());
    let is_refusal = |event: &Item| event.contains_key("refusedEventKey");
    let events = deployment.events().await.into_iter().chain(asking.events().await);
    for event in events.filter(|event| !is_refusal(event)) {
        let outcome = event["outcome"].as_s().unwrap();
        let r#type = event.get("type").map(|number| number.as_n().unwrap().clone());
        let is_row = |(_, row): &(usize, &Row)| {
            let is_cause = r#type.as_ref().map_or(row.types.is_empty(), |number| row.types.contains(number));
            let action = event.get("action").map(|action| action.as_s().unwrap().clone());
            let is_act = action.is_none_or(|action| row.actions.contains(&action));
            let is_word = event.contains_key("verifiedEventKey");
            let is_submission = event["eventKey"].as_s().unwrap().starts_with("submission.");
            let is_kind = row.is_word == is_word && row.is_submission == is_submission;
            row.outcome == *outcome && is_kind && is_cause && is_act && row.is_of(&event)
        };
        let row = rows.iter().enumerate().find(is_row);
        let (nth, _) = row.unwrap_or_else(|| panic!("{outcome} of type {type:?} in no row: {event:?}"));
        met.insert((nth, r#type));
    }
    for (nth, row) in rows.iter().enumerate() {
        let types = row.types.iter().cloned().map(Some);
        expected.extend(types.chain(row.types.is_empty().then_some(None)).map(|r#type| (nth, r#type)));
    }
    let never: Vec<_> = expected.difference(&met).map(|(nth, r#type)| (&rows[*nth], r#type)).collect();
    assert!(never.is_empty(), "shown, and did not happen: {never:?}");
    deployment.assert_audited().await;
    asking.assert_audited().await;
}
