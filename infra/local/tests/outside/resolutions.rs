//! What was refused or contradicts is put right by an operator, once, and the platform is told so at its next retry.

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use crate::harness::*;

/// The open case of an order, or of a user's deposit.
async fn case_of(deployment: &Deployment, query: &str) -> Value {
    let (status, page) = deployment.call(Method::GET, &format!("/cases?{query}"), None).await;
    assert_eq!(status, 200, "{page}");
    let cases = page["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 1, "{query}: {page}");
    let key = cases[0]["caseKey"].as_str().unwrap();
    let (status, case) = deployment.call(Method::GET, &format!("/cases/{key}"), None).await;
    assert_eq!((status, case["caseKey"].as_str()), (200, Some(key)), "{case}");
    case
}

fn problem(answer: &Value) -> &str {
    answer["type"].as_str().unwrap_or_default().trim_start_matches("urn:waas-callbacks:problem:")
}

/// An operator ends the case as another tries to; both try again. It is done once, and as it was told beforehand.
async fn resolve(deployment: &Deployment, query: &str, action: &str) {
    let case = case_of(deployment, query).await;
    let path = format!("/cases/{}/resolve", case["caseKey"].as_str().unwrap());
    let offered = case["actions"].as_array().unwrap().iter().any(|offered| offered["action"] == action);
    assert!(offered, "{action} of {case}");
    let act = |id: &str| {
        json!({ "id": format!("{id}-{query}-{action}").replace(['=', '&'], "-"), "action": action,
                "reason": "the platform's word of today", "expected": case["expected"] })
    };
    let (mine, theirs) = (act("a"), act("b"));
    let (first, second) = tokio::join!(
        deployment.call(Method::POST, &path, Some(&mine)),
        deployment.call(Method::POST, &path, Some(&theirs))
    );
    let mut statuses = [first.0, second.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{action}: {} {}", first.1, second.1);
    let (done, late) = if first.0 == 201 { (&mine, &theirs) } else { (&theirs, &mine) };
    assert_eq!(deployment.call(Method::POST, &path, Some(done)).await.0, 200, "the same again");
    let (status, answer) = deployment.call(Method::POST, &path, Some(late)).await;
    assert_eq!((status, problem(&answer)), (409, "case-closed"), "a second operator");
    let other = with(&done.to_string(), "reason", "another");
    let other = serde_json::from_str(&other).unwrap();
    let (status, answer) = deployment.call(Method::POST, &path, Some(&other)).await;
    assert_eq!((status, problem(&answer)), (409, "id-used"), "the same id for something else");
    let (_, page) = deployment.call(Method::GET, &format!("/cases?{query}"), None).await;
    assert_eq!(page["cases"], json!([]), "{action}");
    deployment.assert_audited().await;
}

/// A retry of what was refused: accepted now, and nothing moves.
async fn accepted_without_a_move(deployment: &Deployment, function: &str, refused: &str) {
    let before = (deployment.usdt("1945").await, deployment.outcomes().await);
    for _ in 0..2 {
        deployment.dynamodb.take_requests();
        assert_eq!(verdict(&deployment.send(function, &retry_of(refused)).await), ACCEPTED);
        let round_trips: usize = deployment.dynamodb.take_requests().values().sum();
        assert!(round_trips <= 3, "one more than a refusal that is not recorded: {round_trips}");
    }
    assert_eq!((deployment.usdt("1945").await, deployment.outcomes().await), before);
}

async fn funded(amount: &str) -> Deployment {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", amount).await;
    deployment
}

/// Frozen 3 of 10; confirmed, and so of its own withdrawal of the platform.
async fn confirmed(deployment: &Deployment, id: &str) {
    assert_eq!(deployment.register(id, "1945", "3", PAYEE).await, 201);
    assert_eq!(verdict(&deployment.send("withdrawal-confirmation", &confirmation(id)).await), ACCEPTED);
}

async fn owed(deployment: &Deployment, user: &str) -> String {
    deployment.ledger.balance(user, &"TRON#USDT".parse().unwrap()).await.unwrap().owed.to_string()
}

#[tokio::test]
async fn a_payment_after_the_end_is_charged_and_what_is_not_there_is_owed() {
    let deployment = funded("10").await;
    confirmed(&deployment, "w").await;
    deployment.send("withdrawal-failure", &failure("w")).await;
    assert_eq!(deployment.register("rest", "1945", "8", PAYEE).await, 201);
    assert_eq!(deployment.usdt("1945").await, money("2", "8"));
    let paid = completion("w", "3");
    assert_eq!(verdict(&twice(&deployment, "withdrawal", &paid).await), (200, 2009));

    resolve(&deployment, "callBackId=w", "charge").await;
    assert_eq!(
        (deployment.usdt("1945").await, owed(&deployment, "1945").await),
        (money("0", "8"), "1".into())
    );
    assert_eq!(deployment.state("w").await, "completed");
    accepted_without_a_move(&deployment, "withdrawal", &paid).await;

    // While the user owes, nothing is set aside; what arrives can be collected.
    deployment.deposit("1945", "USDT", "5").await;
    let order = json!({ "callBackId": "next", "tenantUserId": "1945", "chainName": "TRON", "symbol": "USDT",
                        "amount": "1", "address": PAYEE });
    let (status, answer) = deployment.call(Method::POST, "/withdrawals", Some(&order)).await;
    assert_eq!((status, problem(&answer)), (422, "user-owes"));
    let collect = json!({ "id": "c-1", "chainName": "TRON", "symbol": "USDT" });
    for _ in 0..2 {
        let (status, answer) = deployment.call(Method::POST, "/users/1945/collect", Some(&collect)).await;
        assert!(status == 200 || status == 201, "{answer}");
        assert_eq!(
            (deployment.usdt("1945").await, owed(&deployment, "1945").await),
            (money("4", "8"), "0".into())
        );
    }
    assert_eq!(deployment.call(Method::POST, "/withdrawals", Some(&order)).await.0, 201);
    deployment.assert_audited().await;
}

#[tokio::test]
async fn a_failure_after_a_payment_gives_back_what_was_taken() {
    let deployment = funded("10").await;
    confirmed(&deployment, "w").await;
    deployment.send("withdrawal", &completion("w", "3")).await;
    let failed = failure("w");
    assert_eq!(verdict(&twice(&deployment, "withdrawal-failure", &failed).await), (200, 2009));
    resolve(&deployment, "callBackId=w", "reverse").await;
    assert_eq!(
        (deployment.usdt("1945").await, deployment.state("w").await),
        (money("10", "0"), "failed".into())
    );
    assert_eq!(verdict(&deployment.send("withdrawal-failure", &retry_of(&failed)).await), ACCEPTED);
    assert_eq!(deployment.usdt("1945").await, money("10", "0"));
}

#[tokio::test]
async fn other_terms_are_settled_or_dismissed_and_the_retry_is_accepted() {
    let deployment = funded("10").await;
    for id in ["settled", "dismissed"] {
        assert_eq!(deployment.register(id, "1945", "3", PAYEE).await, 201);
        let paid = completion(id, "2.9");
        assert_eq!(verdict(&twice(&deployment, "withdrawal", &paid).await), (200, 2008));
        let action = if id == "settled" { "settle" } else { "dismiss" };
        resolve(&deployment, &format!("callBackId={id}"), action).await;
        accepted_without_a_move(&deployment, "withdrawal", &paid).await;
    }
    assert_eq!(deployment.usdt("1945").await, money("4", "3"), "one is settled, one waits for its payment");
    let genuine = with(&completion("dismissed", "3"), "txId", "genuine");
    assert_eq!(verdict(&deployment.send("withdrawal", &genuine).await), ACCEPTED);
    assert_eq!(deployment.usdt("1945").await, money("4", "0"));
    deployment.assert_audited().await;
}

#[tokio::test]
async fn an_order_moves_to_another_withdrawal_of_the_platform_by_an_operators_word_alone() {
    let deployment = funded("10").await;
    confirmed(&deployment, "w").await;
    let foreign = with(&completion("w", "3"), "trackingId", "second");
    assert_eq!(verdict(&twice(&deployment, "withdrawal", &foreign).await), (200, 2013));
    resolve(&deployment, "callBackId=w&reason=other-tracking-id", "repin").await;
    assert_eq!(deployment.usdt("1945").await, money("7", "3"), "nothing moves by that alone");
    assert_eq!(verdict(&deployment.send("withdrawal", &retry_of(&foreign)).await), ACCEPTED);
    assert_eq!(
        (deployment.usdt("1945").await, deployment.state("w").await),
        (money("7", "0"), "completed".into())
    );

    // A failure of another withdrawal was answered 0 and moved nothing. It may have been the truth all the same.
    confirmed(&deployment, "x").await;
    let foreign = with(&failure("x"), "trackingId", "second");
    assert_eq!(verdict(&twice(&deployment, "withdrawal-failure", &foreign).await), ACCEPTED);
    resolve(&deployment, "callBackId=x", "unfreeze").await;
    assert_eq!(
        (deployment.usdt("1945").await, deployment.state("x").await),
        (money("7", "0"), "failed".into())
    );
    deployment.assert_audited().await;
}

/// errCode 0 to a type 2 is the payout: no resolution answers one.
#[tokio::test]
async fn a_confirmation_is_decided_anew_whatever_an_operator_did() {
    let deployment = funded("10").await;
    confirmed(&deployment, "w").await;
    let second = with(&confirmation("w"), "trackingId", "second");
    assert_eq!(verdict(&twice(&deployment, "withdrawal-confirmation", &second).await), (200, 2013));
    resolve(&deployment, "callBackId=w", "dismiss").await;
    let again = twice(&deployment, "withdrawal-confirmation", &retry_of(&second)).await;
    assert_eq!(verdict(&again), (200, 2013), "dismissed, and refused as before");
    assert_eq!(again.reply.unwrap().get("address"), None, "nothing is given away");
    let (_, page) = deployment.call(Method::GET, "/cases", None).await;
    assert_eq!(page["cases"], json!([]), "and it does not call again");

    confirmed(&deployment, "x").await;
    let second = with(&confirmation("x"), "trackingId", "second");
    assert_eq!(verdict(&twice(&deployment, "withdrawal-confirmation", &second).await), (200, 2013));
    resolve(&deployment, "callBackId=x", "repin").await;
    let paid = deployment.send("withdrawal-confirmation", &retry_of(&second)).await;
    assert_eq!((verdict(&paid), paid.reply.unwrap()["address"].as_str()), (ACCEPTED, Some(PAYEE)));
    // The first withdrawal is another now.
    assert_eq!(verdict(&deployment.send("withdrawal-confirmation", &confirmation("x")).await), (200, 2013));
    deployment.assert_audited().await;
}

/// An operator who gave the order to another withdrawal has not said that its payment is right.
#[tokio::test]
async fn a_retry_that_is_refused_for_another_reason_calls_again_unless_the_matter_was_settled() {
    let deployment = funded("10").await;
    confirmed(&deployment, "w").await;
    let short = with(&completion("w", "2.9"), "trackingId", "second");
    assert_eq!(verdict(&twice(&deployment, "withdrawal", &short).await), (200, 2013));
    resolve(&deployment, "callBackId=w", "repin").await;
    assert_eq!(verdict(&twice(&deployment, "withdrawal", &short).await), (200, 2008), "never 0");
    let case = case_of(&deployment, "callBackId=w").await;
    assert_eq!(case["reasons"], json!(["other-terms", "other-tracking-id"]), "the same case, open again");
    assert_eq!(case.get("resolutionKey"), None);
    resolve(&deployment, "callBackId=w&reason=other-terms", "settle").await;
    accepted_without_a_move(&deployment, "withdrawal", &short).await;
    assert_eq!(deployment.usdt("1945").await, money("7", "0"));

    // Dismissed as a conflict of requests; its retry meets another deposit of that name.
    let deposit = |amount: &str| {
        let deposit = with(&with(&deposit_with("txId", "t"), "amount", amount), "symbol", "USDT");
        retry_of(&with(&deposit, "tenantUserId", "1945"))
    };
    let known = deployment.requests().await[0]["requestUUID"].as_s().unwrap().clone();
    let spliced = with(&deposit("5"), "requestUUID", known);
    assert_eq!(verdict(&deployment.send("deposit", &spliced).await), (200, 2002));
    resolve(&deployment, "reason=request-conflict", "dismiss").await;
    assert_eq!(verdict(&deployment.send("deposit", &deposit("1")).await), ACCEPTED);
    assert_eq!(verdict(&twice(&deployment, "deposit", &deposit("5")).await), (200, 2003), "never 0");
    resolve(&deployment, "reason=event-conflict", "credit").await;
    assert_eq!(deployment.usdt("1945").await, money("13", "0"));
}

/// Refused for its requestUUID, and held at a retry: one case with two reasons.
#[tokio::test]
async fn what_is_held_is_not_waved_away_with_another_reason() {
    let deployment = Deployment::with(&[("WAAS_RISK_THRESHOLD", "50")]).await;
    let safe = retry_of(&with(&deposit_with("txId", "safe"), "riskLevelTo", 1));
    assert_eq!(verdict(&deployment.send("deposit", &safe).await), ACCEPTED);
    let known: Value = serde_json::from_str(&safe).unwrap();
    let risky = with(&deposit_with("txId", "risky"), "riskLevelTo", 90);
    let collided = with(&risky, "requestUUID", known["requestUUID"].clone());
    assert_eq!(verdict(&deployment.send("deposit", &collided).await), (200, 2002));
    assert_eq!(verdict(&deployment.send("deposit", &retry_of(&risky)).await), ACCEPTED);
    let case = case_of(&deployment, "reason=risk").await;
    assert_eq!(case["reasons"], json!(["request-conflict", "risk"]));
    let actions: Vec<_> = case["actions"].as_array().unwrap().iter().map(|of| of["action"].clone()).collect();
    assert_eq!(actions, [json!("reject")], "it is credited by its release, and by nothing else");
    let event = case["events"].as_array().unwrap().iter().find(|event| event["outcome"] == "held").unwrap();
    let release = format!("/deposits/{}/release", event["eventKey"].as_str().unwrap());
    assert_eq!(deployment.call(Method::POST, &release, None).await.0, 200);
    assert_eq!(deployment.available("2049", "TRON#TRX").await, "5");
    deployment.assert_audited().await;
}

#[tokio::test]
async fn an_order_that_was_asked_for_too_late_is_ended() {
    let deployment = Deployment::with(&[("WAAS_CONFIRMATION_MAX_AGE_SECONDS", "0")]).await;
    deployment.deposit("1945", "USDT", "10").await;
    assert_eq!(deployment.register("w", "1945", "3", PAYEE).await, 201);
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert_eq!(
        verdict(&twice(&deployment, "withdrawal-confirmation", &confirmation("w")).await),
        (200, 2012)
    );
    resolve(&deployment, "callBackId=w", "unfreeze").await;
    assert_eq!(
        (deployment.usdt("1945").await, deployment.state("w").await),
        (money("10", "0"), "failed".into())
    );
    let again = deployment.send("withdrawal-confirmation", &confirmation("w")).await;
    assert_eq!(verdict(&again), (200, 2009), "for another reason now, which somebody has to see");
    let case = case_of(&deployment, "callBackId=w").await;
    assert_eq!(case["reasons"], json!(["order-ended", "order-too-old"]), "the same case, open again");
}

#[tokio::test]
async fn a_second_payment_of_one_order_is_charged_or_borne() {
    let deployment = funded("10").await;
    for (id, action, after) in [("charged", "charge", "4"), ("borne", "write-off", "1")] {
        confirmed(&deployment, id).await;
        assert_eq!(verdict(&deployment.send("withdrawal", &completion(id, "3")).await), ACCEPTED);
        let second = with(&completion(id, "3"), "txId", format!("second-{id}"));
        assert_eq!(verdict(&twice(&deployment, "withdrawal", &second).await), (200, 2009));
        resolve(&deployment, &format!("callBackId={id}"), action).await;
        assert_eq!(deployment.usdt("1945").await, money(after, "0"), "{action}");
        accepted_without_a_move(&deployment, "withdrawal", &second).await;
    }
}

#[tokio::test]
async fn a_deposit_in_conflict_is_credited_or_dismissed() {
    let deployment = Deployment::new().await;
    let deposit = |tx: &str, amount: &str| {
        let deposit = with(&with(&deposit_with("txId", tx), "amount", amount), "symbol", "USDT");
        retry_of(&with(&deposit, "tenantUserId", "1945"))
    };
    for (tx, action, after) in [("t1", "credit", "6"), ("t2", "dismiss", "7")] {
        assert_eq!(verdict(&deployment.send("deposit", &deposit(tx, "1")).await), ACCEPTED);
        let genuine = deposit(tx, "5");
        assert_eq!(verdict(&twice(&deployment, "deposit", &genuine).await), (200, 2003));
        resolve(&deployment, "reason=event-conflict", action).await;
        assert_eq!(deployment.usdt("1945").await, money(after, "0"));
        accepted_without_a_move(&deployment, "deposit", &genuine).await;
    }
    // Known under another event's requestUUID: credited with its own record, so that its retry is a repetition.
    let first = deposit("t3", "1");
    deployment.send("deposit", &first).await;
    let uuid: Value = serde_json::from_str(&first).unwrap();
    let other = with(&deposit("t4", "2"), "requestUUID", uuid["requestUUID"].clone());
    assert_eq!(verdict(&deployment.send("deposit", &other).await), (200, 2002));
    resolve(&deployment, "reason=request-conflict", "credit").await;
    assert_eq!(deployment.usdt("1945").await, money("10", "0"));
    accepted_without_a_move(&deployment, "deposit", &other).await;
    deployment.assert_audited().await;
}

#[tokio::test]
async fn a_held_deposit_is_rejected_or_released_and_not_both() {
    let deployment = Deployment::with(&[("WAAS_RISK_THRESHOLD", "50")]).await;
    let risky = |tx: &str| retry_of(&with(&deposit_with("riskLevelTo", 90), "txId", tx));
    let held = risky("rejected");
    assert_eq!(verdict(&deployment.send("deposit", &held).await), ACCEPTED);
    let case = case_of(&deployment, "reason=risk").await;
    let event_key = case["events"][0]["eventKey"].as_str().unwrap().to_owned();
    assert!(event_key.starts_with("deposit."), "{case}");
    resolve(&deployment, "reason=risk", "reject").await;
    let release = format!("/deposits/{event_key}/release");
    let (status, answer) = deployment.call(Method::POST, &release, None).await;
    assert_eq!((status, problem(&answer)), (409, "case-closed"));
    accepted_without_a_move(&deployment, "deposit", &held).await;
    let balance = deployment.ledger.balance("2049", &"TRON#TRX".parse().unwrap()).await.unwrap();
    assert_eq!(balance, waas_callback::Balance::default());

    assert_eq!(verdict(&deployment.send("deposit", &risky("released")).await), ACCEPTED);
    let case = case_of(&deployment, "reason=risk").await;
    let release = format!("/deposits/{}/release", case["events"][0]["eventKey"].as_str().unwrap());
    assert_eq!(deployment.call(Method::POST, &release, None).await.0, 200);
    let path = format!("/cases/{}/resolve", case["caseKey"].as_str().unwrap());
    let reject = json!({ "id": "late", "action": "reject", "reason": "x", "expected": case["expected"] });
    let (status, answer) = deployment.call(Method::POST, &path, Some(&reject)).await;
    assert_eq!((status, problem(&answer)), (409, "case-closed"));
    assert_eq!(deployment.available("2049", "TRON#TRX").await, "2.5");
    deployment.assert_audited().await;
}

#[tokio::test]
async fn a_registration_beyond_the_users_funds_is_made_good() {
    let deployment = funded("2").await;
    for (id, action) in [("charged", "charge"), ("borne", "write-off")] {
        assert_eq!(verdict(&deployment.send("withdrawal", &completion(id, "5")).await), ACCEPTED);
        assert_eq!(deployment.register(id, "1945", "5", PAYEE).await, 422);
        assert_eq!(deployment.register(id, "1945", "5", PAYEE).await, 422, "again, and one case");
        resolve(&deployment, &format!("callBackId={id}"), action).await;
        assert_eq!(deployment.register(id, "1945", "5", PAYEE).await, 200, "registered with it");
        assert_eq!(deployment.state(id).await, "completed");
    }
    assert_eq!(
        (deployment.usdt("1945").await, owed(&deployment, "1945").await),
        (money("0", "0"), "3".into())
    );
    deployment.assert_audited().await;
}

#[tokio::test]
async fn an_order_is_put_right_without_a_case_and_its_payment_proves_it_later() {
    let deployment = funded("10").await;
    confirmed(&deployment, "w").await;
    let act = |id: &str, action: &str, state: &str| json!({ "id": id, "action": action, "reason": "the chain", "expected": { "state": state, "trackingId": "t-w" } });
    let path = "/withdrawals/w/resolve";
    let (status, answer) = deployment.call(Method::POST, path, Some(&act("1", "settle", "reserved"))).await;
    assert_eq!((status, problem(&answer)), (409, "not-as-expected"));
    let (status, answer) = deployment.call(Method::POST, path, Some(&act("1", "credit", "confirmed"))).await;
    assert_eq!((status, problem(&answer)), (409, "not-in-this-state"));
    // Ten operators at once, under ids of their own.
    let acts: Vec<_> = (0..10).map(|nth| act(&format!("settle-{nth}"), "settle", "confirmed")).collect();
    let answers = join_all(acts.iter().map(|act| deployment.call(Method::POST, path, Some(act)))).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == 201).count(), 1);
    assert!(answers.iter().all(|(status, _)| *status == 201 || *status == 409), "{answers:?}");
    assert_eq!(deployment.usdt("1945").await, money("7", "0"));

    assert_eq!(
        verdict(&deployment.send("withdrawal", &completion("w", "2")).await),
        (200, 2008),
        "other terms"
    );
    assert_eq!(verdict(&twice(&deployment, "withdrawal", &completion("w", "3")).await), ACCEPTED);
    assert_eq!(deployment.outcomes().await["completion-proved"], 1);
    assert_eq!(deployment.usdt("1945").await, money("7", "0"), "nothing is taken again");
    let (_, order) = deployment.call(Method::GET, "/withdrawals/w", None).await;
    assert_eq!(order["txId"], "tx-of-w");
    let another = with(&completion("w", "3"), "txId", "another");
    assert_eq!(verdict(&deployment.send("withdrawal", &another).await), (200, 2009));
    deployment.assert_audited().await;
}

/// The operator's answer is lost after the commit, or the call before it: the same again is done once.
#[tokio::test]
async fn an_act_is_done_once_whatever_is_lost() {
    let deployment = funded("10").await;
    for (nth, fault) in [Fault::AnswerLost, Fault::Internal].into_iter().enumerate() {
        let id = format!("w{nth}");
        confirmed(&deployment, &id).await;
        let act = json!({ "id": format!("act-{nth}"), "action": "unfreeze", "reason": "x",
                          "expected": { "state": "confirmed", "trackingId": format!("t-{id}") } });
        let path = format!("/withdrawals/{id}/resolve");
        for passing in 0..6 {
            deployment.dynamodb.fail_next(std::iter::repeat_n(Fault::Pass, passing).chain([fault]));
            let (status, answer) = deployment.call(Method::POST, &path, Some(&act)).await;
            assert!(status == 201 || status == 200, "{answer}");
            deployment.dynamodb.fail_no_more();
            assert_eq!(deployment.usdt("1945").await, money("10", "0"));
        }
    }
    deployment.assert_audited().await;
}
