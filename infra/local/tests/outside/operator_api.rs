//! The operator's own door answers as its document says, and does what it is asked once and for somebody.

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use crate::harness::*;

const BOB: &str = "arn:aws:iam::123456789012:user/bob";

fn problem(answer: &Value) -> &str {
    answer["type"].as_str().unwrap_or_default().trim_start_matches("urn:waas-callbacks:problem:")
}

/// What was sent and what came: status, and the problem's name if it is one.
async fn refused(deployment: &Deployment, method: Method, path: &str, body: Option<Value>) -> (u16, String) {
    let (status, answer) = deployment.call(method, path, body.as_ref()).await;
    assert!(status < 400 || answer["status"] == status, "{path}: {answer}");
    (status, problem(&answer).to_owned())
}

fn named(status: u16, name: &str) -> (u16, String) {
    (status, name.to_owned())
}

fn act(id: &str, action: &str, expected: &Value) -> Value {
    json!({ "id": id, "action": action, "reason": "seen in the explorer", "expected": expected })
}

/// More processes of the function: what is asked for at once is done at once.
async fn processes(deployment: &Deployment, count: usize) -> Vec<Process> {
    let (lambda, _) = deployment.function("operator-api").await;
    let environment = deployment.environment();
    (0..count).map(|_| lambda.spawn("operator-api", &environment)).collect()
}

/// A deposit of 2 USDT, of which another amount was told before: the key of its open case.
async fn contradicted(deployment: &Deployment, user: &str, tx: &str) -> String {
    let deposit = with(&with(&deposit_with("tenantUserId", user), "symbol", "USDT"), "txId", tx);
    for (amount, expected) in [("1", ACCEPTED), ("2", (200, 2003))] {
        let exchange = deployment.send("deposit", &retry_of(&with(&deposit, "amount", amount))).await;
        assert_eq!(verdict(&exchange), expected);
    }
    let (_, page) =
        deployment.call(Method::GET, &format!("/cases?tenantUserId={user}&limit=200"), None).await;
    let case = page["cases"].as_array().unwrap().iter().find(|case| case["txId"] == tx);
    case.unwrap()["caseKey"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_case_shows_what_is_needed_to_decide_and_how_it_ended() {
    let deployment = Deployment::new().await;
    let key = contradicted(&deployment, "1945", "tx").await;
    let (status, case) = deployment.call(Method::GET, &format!("/cases/{key}"), None).await;
    assert_eq!(status, 200);
    let balance = |available: &str| {
        json!({ "chainName": "TRON", "symbol": "USDT", "available": available, "frozen": "0", "held": "0",
                "owed": "0" })
    };
    let facts = ["kind", "waitsFor", "tenantUserId", "chainName", "symbol", "amount", "txId", "trackingId"];
    assert_eq!(
        facts.map(|fact| case[fact].as_str().unwrap()),
        ["deposit", "operator", "1945", "TRON", "USDT", "2", "tx", "6484"]
    );
    assert_eq!(case["reasons"], json!(["event-conflict"]));
    assert_eq!(case["expected"], json!({ "state": "open" }));
    let credit = json!({
        "action": "credit", "tenantUserId": "1945", "postings": [balance("2")], "balance": balance("1"),
        "balanceAfter": balance("3")
    });
    assert_eq!(case["actions"], json!([credit, { "action": "dismiss", "postings": [] }]));
    let [refusal] = &case["events"].as_array().unwrap()[..] else { panic!("{case}") };
    assert_eq!(
        (&refusal["outcome"], &refusal["callback"]["amount"]),
        (&json!("event-conflict"), &json!("2"))
    );

    let path = format!("/cases/{key}/resolve");
    let credit = act("1", "credit", &case["expected"]);
    let (status, done) = deployment.call(Method::POST, &path, Some(&credit)).await;
    assert_eq!(
        (status, &done["outcome"], &done["postings"]),
        (201, &json!("resolved"), &json!([balance("2")]))
    );
    assert_eq!([&done["operator"], &done["action"], &done["caseKey"]], [CALLER, "credit", &*key]);
    assert_eq!(
        deployment.call(Method::POST, &path, Some(&credit)).await,
        (200, done.clone()),
        "the same again"
    );
    let (_, closed) = deployment.call(Method::GET, &format!("/cases/{key}"), None).await;
    assert_eq!((&closed["resolutionKey"], &closed["actions"]), (&done["eventKey"], &json!([])));
    assert!(closed["closedAt"].is_string() && closed["openSince"].is_null() && closed["waitsFor"].is_null());
    let outcomes =
        closed["events"].as_array().unwrap().iter().map(|event| event["outcome"].as_str().unwrap());
    assert_eq!(outcomes.collect::<Vec<_>>(), ["event-conflict", "resolved"], "the first is the oldest");
    assert_eq!(deployment.available("1945", "TRON#USDT").await, "3");

    let (_, process) = deployment.function("operator-api").await;
    let log = process.log();
    assert!(log.contains("/cases/{caseKey}/resolve") && log.contains(&key) && !log.contains("1945"), "{log}");
    deployment.assert_audited().await;
}

#[tokio::test]
async fn each_refusal_has_its_name() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    for id in ["open", "moved", "ended"] {
        assert_eq!(deployment.register(id, "1945", "1", PAYEE).await, 201);
    }
    assert_eq!(deployment.act(Method::DELETE, "/withdrawals/ended").await.0, 200);
    let key = contradicted(&deployment, "1945", "tx").await;
    let (case, resolve) = (format!("/cases/{key}"), format!("/cases/{key}/resolve"));
    let (open, reserved) = (json!({ "state": "open" }), json!({ "state": "reserved" }));
    let post = async |path: &str, body: Value| refused(&deployment, Method::POST, path, Some(body)).await;
    let order = |id: &str| format!("/withdrawals/{id}/resolve");

    // Malformed.
    let with = |name: &str, value: Value| {
        let mut body = act("x", "dismiss", &open);
        body[name] = value;
        body
    };
    for body in [
        json!([]),
        json!({}),
        with("id", json!("a/b")),
        with("id", json!(1)),
        with("action", json!("pay")),
        with("reason", json!("")),
        with("reason", json!("x".repeat(256))),
        with("expected", json!("open")),
        with("expected", json!({ "trackingId": "t" })),
        with("trackingId", json!(1)),
    ] {
        assert_eq!(post(&resolve, body.clone()).await, named(400, "malformed"), "{body}");
    }
    for body in
        [json!({ "id": "c", "chainName": "T#", "symbol": "USDT" }), json!({ "id": "c", "symbol": "USDT" })]
    {
        assert_eq!(post("/users/1945/collect", body).await, named(400, "malformed"));
    }
    for query in
        ["limit=0", "limit=201", "limit=x", "cursor=no", "cursor=eCA", "reason=", "reason=bad", "callBackId="]
    {
        let path = format!("/cases?{query}");
        assert_eq!(refused(&deployment, Method::GET, &path, None).await, named(400, "malformed"), "{query}");
    }
    assert_eq!(post(&resolve, json!({ "id": "x".repeat(20_000) })).await, named(413, "malformed"));

    // Unknown.
    for (method, path) in [
        (Method::GET, "/cases/unknown"),
        (Method::PUT, "/withdrawals/unknown/hold"),
        (Method::DELETE, "/withdrawals/unknown/hold"),
        (Method::POST, "/deposits/unknown/release"),
    ] {
        assert_eq!(refused(&deployment, method, path, None).await, named(404, "not-found"), "{path}");
    }
    assert_eq!(post("/cases/unknown/resolve", act("x", "dismiss", &open)).await, named(404, "not-found"));
    assert_eq!(post(&order("unknown"), act("x", "settle", &reserved)).await, named(404, "not-found"));

    // Not so.
    assert_eq!(post(&resolve, act("x", "settle", &open)).await, named(409, "not-for-this-reason"));
    assert_eq!(post(&resolve, act("x", "credit", &reserved)).await, named(409, "not-as-expected"));
    assert_eq!(post(&order("open"), act("x", "reverse", &reserved)).await, named(409, "not-in-this-state"));
    assert_eq!(post(&order("open"), act("x", "credit", &reserved)).await, named(409, "not-in-this-state"));
    assert_eq!(post(&order("open"), act("x", "repin", &reserved)).await, named(409, "incomplete"));
    let pinned = json!({ "state": "reserved", "trackingId": "t" });
    assert_eq!(post(&order("open"), act("x", "settle", &pinned)).await, named(409, "not-as-expected"));
    assert_eq!(
        refused(&deployment, Method::PUT, "/withdrawals/ended/hold", None).await,
        named(409, "order-ended")
    );
    let (_, shown) = deployment.call(Method::GET, "/users/1945/events", None).await;
    let credited = shown["events"].as_array().unwrap().iter().find(|event| event["outcome"] == "credited");
    let release = format!("/deposits/{}/release", credited.unwrap()["eventKey"].as_str().unwrap());
    assert_eq!(refused(&deployment, Method::POST, &release, None).await, named(409, "not-held"));

    // What the ledger does not hold is not moved, whoever took it from there.
    let client = waas_callback_aws::clients::dynamodb(deployment.stack.config());
    let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
    let take = async |frozen: &str| {
        let update = client.update_item().table_name("Balances").key("tenantUserId", text("1945"));
        let update = update.key("asset", text("TRON#USDT")).update_expression("SET frozen = :frozen");
        let frozen = aws_sdk_dynamodb::types::AttributeValue::N(frozen.to_owned());
        update.expression_attribute_values(":frozen", frozen).send().await.unwrap();
    };
    take("0.5").await;
    assert_eq!(post(&order("moved"), act("x", "settle", &reserved)).await, named(422, "balance-too-low"));
    take("2").await;

    // Done, and so over.
    assert_eq!(post(&order("moved"), act("settled", "settle", &reserved)).await.0, 201);
    assert_eq!(post(&order("moved"), act("settled", "unfreeze", &reserved)).await, named(409, "id-used"));
    assert_eq!(post(&order("open"), act("settled", "settle", &reserved)).await, named(409, "id-used"));
    assert_eq!(post(&resolve, act("dismissed", "dismiss", &open)).await.0, 201);
    assert_eq!(post(&resolve, act("x", "credit", &open)).await, named(409, "case-closed"));
    assert_eq!(deployment.call(Method::GET, &case, None).await.0, 200, "closed, and still to be read");
    assert_eq!(refused(&deployment, Method::PUT, "/cases", None).await, named(404, "no-route"));
    deployment.assert_audited().await;
}

#[tokio::test]
async fn nothing_is_done_for_nobody() {
    let deployment = Deployment::with(&[("WAAS_RISK_THRESHOLD", "65")]).await;
    deployment.deposit("1945", "USDT", "10").await;
    assert_eq!(deployment.register("w", "1945", "1", PAYEE).await, 201);
    let key = contradicted(&deployment, "1945", "tx").await;
    let risky = retry_of(&deposit_with("riskLevelTo", 99));
    assert_eq!(verdict(&deployment.send("deposit", &risky).await), ACCEPTED);
    let events = deployment.events().await;
    let held = events.iter().find(|event| event["outcome"].as_s().unwrap() == "held").unwrap();
    let release = format!("/deposits/{}/release", held["eventKey"].as_s().unwrap());
    let resolve = format!("/cases/{key}/resolve");
    let (credit, settle) = (
        act("1", "credit", &json!({ "state": "open" })),
        act("2", "settle", &json!({ "state": "reserved" })),
    );
    let collect = json!({ "id": "3", "chainName": "TRON", "symbol": "USDT" });
    let writing = [
        (Method::POST, &*resolve, Some(&credit), 201),
        (Method::PUT, "/withdrawals/w/hold", None, 200),
        (Method::DELETE, "/withdrawals/w/hold", None, 200),
        (Method::POST, "/withdrawals/w/resolve", Some(&settle), 201),
        (Method::POST, &*release, None, 200),
        (Method::POST, "/users/1945/collect", Some(&collect), 200),
    ];
    let before = (deployment.events().await.len(), deployment.usdt("1945").await);
    for (method, path, body, _) in &writing {
        for caller in [None, Some("")] {
            let (status, answer) = deployment.call_as(caller, method.clone(), path, *body).await;
            assert_eq!((status, problem(&answer)), (403, "no-caller"), "{path}");
            let request = Handed { body: *body, ..Handed::matched(method, path) };
            let (lambda, _) = deployment.function("operator-api").await;
            let (status, text) = lambda.invoke(&request.event_of(Payload::V1, caller)).await;
            assert!(status == 403 && text.contains("no-caller"), "{path}: {text}");
        }
    }
    assert_eq!((deployment.events().await.len(), deployment.usdt("1945").await), before);
    for path in ["/cases", &format!("/cases/{key}")] {
        assert_eq!(deployment.call_as(None, Method::GET, path, None).await.0, 200, "{path}: only read");
    }
    for (method, path, body, status) in writing {
        assert_eq!(deployment.call_as(Some(BOB), method, path, body).await.0, status, "{path}");
    }
    let events = deployment.events().await;
    let by_bob =
        events.iter().filter(|event| event.get("operator").is_some_and(|arn| arn.as_s().unwrap() == BOB));
    let mut outcomes: Vec<_> = by_bob.map(|event| event["outcome"].as_s().unwrap().as_str()).collect();
    outcomes.sort_unstable();
    // A credit has a second event, which keeps another content of the deposit from being credited too.
    let expected = ["released", "resolved", "resolved", "resolved"];
    assert_eq!(outcomes, expected, "nothing was owed, and a hold is no event");
    let (_, process) = deployment.function("operator-api").await;
    let log = process.log();
    let holds = log.lines().filter(|line| line.contains(BOB) && line.contains("\"hold\""));
    assert_eq!(holds.count(), 2, "the log tells whose: {log}");
}

#[tokio::test]
async fn the_caller_is_recorded_from_either_payload() {
    let deployment = Deployment::new().await;
    for (nth, payload) in [Payload::V1, Payload::V2].into_iter().enumerate() {
        let key = contradicted(&deployment, "1945", &format!("tx{nth}")).await;
        let body = act(&format!("a{nth}"), "dismiss", &json!({ "state": "open" }));
        let path = format!("/cases/{key}/resolve");
        let request = Handed { body: Some(&body), ..Handed::matched(&Method::POST, &path) };
        let (status, done) = deployment.hand_over(payload, &request).await;
        assert_eq!((status, &done["operator"]), (201, &json!(CALLER)), "{payload:?}: {done}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_equal_requests_at_once_over_five_processes_are_one_act() {
    let deployment = Deployment::new().await;
    let _more = processes(&deployment, 4).await;
    deployment.deposit("1945", "USDT", "10").await;
    assert_eq!(deployment.register("w", "1945", "3", PAYEE).await, 201);
    let key = contradicted(&deployment, "1945", "tx").await;
    for (path, body) in [
        (format!("/cases/{key}/resolve"), act("credit", "credit", &json!({ "state": "open" }))),
        ("/withdrawals/w/resolve".to_owned(), act("settle", "settle", &json!({ "state": "reserved" }))),
    ] {
        let asking = (0..10).map(|_| deployment.call(Method::POST, &path, Some(&body)));
        let answers = join_all(asking).await;
        let mut statuses: Vec<_> = answers.iter().map(|(status, _)| *status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 200, 200, 201], "{path}");
        assert!(answers.iter().all(|(_, answer)| *answer == answers[0].1), "{path}");
    }
    assert_eq!(deployment.usdt("1945").await, money("10", "0"), "10 + 1 + 2 − 3");
    assert_eq!(deployment.outcomes().await["resolved"], 3, "two acts, and that the deposit was credited");
    deployment.assert_audited().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_operators_at_once_one_acts_and_the_other_is_told() {
    let deployment = Deployment::new().await;
    let _more = processes(&deployment, 1).await;
    deployment.deposit("1945", "USDT", "20").await;
    for nth in 0..10 {
        let id = format!("w{nth}");
        assert_eq!(deployment.register(&id, "1945", "1", PAYEE).await, 201);
        let path = format!("/withdrawals/{id}/resolve");
        let reserved = json!({ "state": "reserved" });
        let (hers, his) =
            (act(&format!("a{nth}"), "settle", &reserved), act(&format!("b{nth}"), "unfreeze", &reserved));
        let (first, second) = tokio::join!(
            deployment.call(Method::POST, &path, Some(&hers)),
            deployment.call_as(Some(BOB), Method::POST, &path, Some(&his))
        );
        let (done, late) = if first.0 == 201 { (first, second) } else { (second, first) };
        assert_eq!((done.0, late.0), (201, 409), "{late:?}");
        assert!(["not-in-this-state", "not-as-expected"].contains(&problem(&late.1)), "{}", late.1);

        let key = contradicted(&deployment, "2049", &format!("tx{nth}")).await;
        let path = format!("/cases/{key}/resolve");
        let open = json!({ "state": "open" });
        let (hers, his) =
            (act(&format!("c{nth}"), "credit", &open), act(&format!("d{nth}"), "dismiss", &open));
        let (first, second) = tokio::join!(
            deployment.call(Method::POST, &path, Some(&hers)),
            deployment.call_as(Some(BOB), Method::POST, &path, Some(&his))
        );
        let (done, late) = if first.0 == 201 { (first, second) } else { (second, first) };
        assert_eq!((done.0, late.0, problem(&late.1)), (201, 409, "case-closed"));
    }
    deployment.assert_audited().await;
}

#[tokio::test]
async fn open_cases_come_oldest_first_page_by_page_and_as_they_are_asked_for() {
    let deployment = Deployment::new().await;
    let mut opened = Vec::new();
    for nth in 0..50 {
        opened.push(
            contradicted(&deployment, if nth % 5 == 0 { "five" } else { "others" }, &format!("tx{nth}"))
                .await,
        );
    }
    deployment.deposit("1945", "USDT", "10").await;
    for nth in 0..10 {
        let id = format!("w{nth}");
        assert_eq!(deployment.register(&id, "1945", "1", PAYEE).await, 201);
        let other = with(&completion(&id, "1"), "tenantUserId", "somebody-else");
        assert_eq!(verdict(&deployment.send("withdrawal", &other).await), (200, 2007));
    }
    let listed = async |query: &str| {
        let (mut cases, mut cursor) = (Vec::new(), String::new());
        loop {
            let (status, page) = deployment.call(Method::GET, &format!("/cases?{query}{cursor}"), None).await;
            assert_eq!(status, 200, "{page}");
            let part = page["cases"].as_array().unwrap();
            assert!(part.len() <= 7, "{}", part.len());
            cases.extend(part.iter().cloned());
            let Some(next) = page["next"].as_str() else { return cases };
            cursor = format!("&cursor={next}");
        }
    };
    let keys = |cases: &[Value]| -> Vec<String> {
        cases.iter().map(|case| case["caseKey"].as_str().unwrap().to_owned()).collect()
    };
    let all = listed("open&limit=7").await;
    assert_eq!(all.len(), 60);
    assert_eq!(keys(&all[..50]), opened, "oldest first, each once");
    let since = all.iter().map(|case| case["openSince"].as_str().unwrap());
    assert!(since.is_sorted());

    let fives: Vec<_> = opened.iter().step_by(5).cloned().collect();
    for (query, expected) in [
        ("limit=7&tenantUserId=five", fives),
        ("limit=7&reason=event-conflict", opened.clone()),
        ("limit=7&reason=other-user", keys(&all[50..])),
        ("limit=7&reason=other-user&callBackId=w3", keys(&all[53..54])),
        ("limit=1&callBackId=w9", keys(&all[59..])),
        ("limit=7&reason=risk", vec![]),
        ("limit=7&tenantUserId=five&reason=other-user", vec![]),
    ] {
        assert_eq!(keys(&listed(query).await), expected, "{query}");
    }

    // What is closed is gone, also from a page that is under way.
    let (_, first) = deployment.call(Method::GET, "/cases?limit=2", None).await;
    for key in &opened[1..4] {
        let dismiss = act(key, "dismiss", &json!({ "state": "open" }));
        assert_eq!(
            deployment.call(Method::POST, &format!("/cases/{key}/resolve"), Some(&dismiss)).await.0,
            201
        );
    }
    let next = format!("/cases?limit=2&cursor={}", first["next"].as_str().unwrap());
    let (_, second) = deployment.call(Method::GET, &next, None).await;
    assert_eq!(keys(second["cases"].as_array().unwrap()), opened[4..6]);
    assert_eq!(listed("limit=7").await.len(), 57);
}

#[tokio::test]
async fn what_is_owed_is_collected_once_and_only_of_what_is_there() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    assert_eq!(deployment.register("w", "1945", "10", PAYEE).await, 201);
    assert_eq!(deployment.act(Method::DELETE, "/withdrawals/w").await.0, 200);
    assert_eq!(deployment.register("x", "1945", "8", PAYEE).await, 201);
    assert_eq!(verdict(&deployment.send("withdrawal", &completion("w", "10")).await), (200, 2009));
    let cancelled = json!({ "state": "cancelled" });
    let charged =
        refused(&deployment, Method::POST, "/withdrawals/w/resolve", Some(act("1", "charge", &cancelled)));
    assert_eq!(charged.await.0, 201);
    let collect = async |id: &str, symbol: &str| {
        let body = json!({ "id": id, "chainName": "TRON", "symbol": symbol });
        let (status, answer) = deployment.call(Method::POST, "/users/1945/collect", Some(&body)).await;
        let parts =
            ["available", "frozen", "owed"].map(|part| answer["balance"][part].as_str().map(str::to_owned));
        (status, answer["collected"].as_str().map(str::to_owned), parts)
    };
    let balance = |parts: [&str; 3]| parts.map(|part| Some(part.to_owned()));
    let collected = |status, amount: &str, parts| (status, Some(amount.to_owned()), balance(parts));
    assert_eq!(collect("a", "USDT").await, collected(200, "0", ["0", "8", "8"]), "nothing is there");
    assert_eq!(collect("a", "TRX").await, collected(200, "0", ["0", "0", "0"]), "nothing is owed");
    deployment.deposit("1945", "USDT", "5").await;
    assert_eq!(collect("a", "USDT").await, collected(201, "5", ["0", "8", "3"]));
    assert_eq!(deployment.register("y", "1945", "1", PAYEE).await, 422, "who owes withdraws nothing");
    deployment.deposit("1945", "USDT", "5").await;
    assert_eq!(collect("a", "USDT").await, collected(200, "5", ["5", "8", "3"]), "the same again");
    assert_eq!(collect("a", "TRX").await.0, 409, "the id is of another asset");
    assert_eq!(collect("b", "USDT").await, collected(201, "3", ["2", "8", "0"]));
    assert_eq!(collect("c", "USDT").await, collected(200, "0", ["2", "8", "0"]));
    assert_eq!(deployment.register("y", "1945", "1", PAYEE).await, 201);
    deployment.assert_audited().await;
}
