//! What each function's code asks for when everything that can happen to it happens: all that its role has.

use std::collections::BTreeSet;
use std::time::SystemTime;

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::{Value, json};

use crate::harness::iam::{Asked, Policy};
use crate::harness::template::{functions, named, table_arn};
use crate::harness::*;

/// Verb and table, then each attribute and each kind of keys that is named there: of rights, or of what was asked for.
type Words = BTreeSet<String>;

/// Table or index, or the secret.
fn short(action: &str, resource: &str) -> Option<String> {
    let (service, verb) = action.split_once(':').unwrap();
    match service {
        "dynamodb" => Some(format!("{verb} {}", resource.strip_prefix(&table_arn("")).unwrap())),
        "secretsmanager" => {
            assert_eq!(resource, named("Secret"));
            Some(format!("{verb} the secret"))
        }
        _ => None, // to log, to trace, to have tables decrypted: what AWS does in a function's name
    }
}

fn granted(policy: &Policy) -> Words {
    let mut words = Words::new();
    for statement in &policy.0 {
        let ([action], [resource]) = (statement.actions.as_slice(), statement.resources.as_slice()) else {
            continue;
        };
        let Some(what) = short(action, resource) else { continue };
        for condition in
            statement.conditions.iter().filter(|condition| condition.key.starts_with("dynamodb:"))
        {
            match (condition.key.as_str(), condition.operator.as_str()) {
                (_, "Null") => {}
                ("dynamodb:Attributes", _) => {
                    words.extend(condition.values.iter().map(|name| format!("{what} naming {name}")));
                }
                _ => words.extend(condition.values.iter().map(|key| format!("{what} under {key}"))),
            }
        }
        words.insert(what);
    }
    words
}

/// As far as it is restricted, what was asked for.
fn asked_for(asked: &BTreeSet<Asked>, granted: &Words) -> Words {
    let mut words = Words::new();
    for Asked { action, resource, context } in asked {
        let what = short(action, resource).unwrap();
        let is_restricted =
            |how: &str| granted.iter().any(|words| words.starts_with(&format!("{what} {how} ")));
        let values = |key| context.get(key).into_iter().flatten();
        if is_restricted("naming") {
            words.extend(values("dynamodb:Attributes").map(|name| format!("{what} naming {name}")));
        }
        if is_restricted("under") {
            let kind = |key: &String| key.rsplit_once('.').unwrap().0.to_owned();
            words.extend(values("dynamodb:LeadingKeys").map(|key| format!("{what} under {}.*", kind(key))));
        }
        words.insert(what);
    }
    words
}

/// A deployment, and what its functions have asked for.
struct Recorder {
    deployment: Deployment,
    asked: BTreeSet<Asked>,
}

impl Recorder {
    /// Whose callbacks are verified, or are not.
    async fn new(verify: &'static str) -> Self {
        let settings = [("WAAS_RISK_THRESHOLD", "50"), ("WAAS_ACTUAL_BELOW_ORDER", "fee")];
        let mut deployment = Deployment::with(&settings).await;
        deployment.deposit("1945", "USDT", "100").await;
        deployment.set(&[("WAAS_VERIFY", verify)]);
        for id in ["a", "b", "c", "d", "e"] {
            assert_eq!(deployment.register(id, "1945", "1", PAYEE).await, 201);
        }
        deployment.stop_functions(); // so that init is recorded too
        Self { deployment, asked: BTreeSet::new() }
    }

    /// Records what is asked for by `work` alone.
    async fn record<T>(&mut self, work: impl AsyncFnOnce(&Deployment) -> T) -> T {
        self.deployment.dynamodb.take_asked();
        self.deployment.secrets.take_asked();
        let result = work(&self.deployment).await;
        self.asked.extend(self.deployment.dynamodb.take_asked());
        self.asked.extend(self.deployment.secrets.take_asked());
        result
    }

    /// Sends it, a retry of it, and its contradiction.
    async fn all(&mut self, function: &str, plaintext: &str) {
        let contradiction = with(plaintext, "tenantUserId", "somebody-else");
        for plaintext in [plaintext, &retry_of(plaintext), &contradiction] {
            self.record(async |deployment| deployment.send(function, plaintext).await).await;
        }
    }

    /// Calls one of the doors; the answer.
    async fn call(&mut self, method: Method, path: &str, body: Option<&Value>) -> Value {
        let (status, answer) =
            self.record(async |deployment| deployment.call(method, path, body).await).await;
        assert!(status < 500, "{path}: {answer}");
        answer
    }

    async fn merchant(&mut self) {
        let order = |id: &str, amount: &str| {
            json!({ "callBackId": id, "tenantUserId": "1945", "chainName": "TRON", "symbol": "USDT",
                    "amount": amount, "address": PAYEE })
        };
        // Paid before they are registered: with a fee, and by somebody else's registration.
        for id in ["late", "contradicted"] {
            self.deployment.send("withdrawal", &completion(id, "1")).await;
        }
        let mut contradicted = order("contradicted", "1");
        contradicted["tenantUserId"] = json!("somebody-else");
        for (method, path, body) in [
            (Method::POST, "/withdrawals", Some(order("m", "1"))),
            (Method::POST, "/withdrawals", Some(order("late", "1.5"))),
            (Method::POST, "/withdrawals", Some(contradicted)),
            (Method::POST, "/withdrawals", Some(submitted("s", "confirmed"))),
            (Method::GET, "/withdrawals/m", None),
            (Method::DELETE, "/withdrawals/m", None),
            (Method::POST, "/movements", Some(legs("m", "-1", Some("1")))),
            (Method::POST, "/movements", Some(legs("beyond", "-100000", Some("100000")))),
            (Method::PUT, "/users/1945", None),
            (Method::GET, "/users/1945", None),
            (Method::GET, "/users/1945/events", None),
        ] {
            self.call(method, path, body.as_ref()).await;
        }
    }

    /// Does what can be done about the only open case of a query.
    async fn resolve(&mut self, query: &str, action: &str) {
        let page = self.call(Method::GET, &format!("/cases?{query}"), None).await;
        let key =
            page["cases"][0]["caseKey"].as_str().unwrap_or_else(|| panic!("{query}: {page}")).to_owned();
        let case = self.call(Method::GET, &format!("/cases/{key}"), None).await;
        let act = json!({ "id": format!("{action}-{key}"), "action": action, "reason": "r", "expected": case["expected"] });
        let done = self.call(Method::POST, &format!("/cases/{key}/resolve"), Some(&act)).await;
        assert_eq!(done["outcome"], "resolved", "{done}");
    }

    async fn operator(&mut self) {
        for (id, amount) in [("o", "1"), ("p", "-1"), ("beyond", "-100000")] {
            self.call(Method::POST, "/adjustments", Some(&legs(id, amount, None))).await;
        }
        for method in [Method::PUT, Method::DELETE] {
            self.call(method, "/withdrawals/a/hold", None).await;
        }
        // Of two risky deposits one is released, the other rejected.
        for tx_id in ["released", "rejected"] {
            let risky = with(&deposit_with("riskLevelTo", 90), "txId", tx_id);
            self.deployment.send("deposit", &retry_of(&risky)).await;
        }
        let page = self.call(Method::GET, "/cases?reason=risk", None).await;
        let case = page["cases"][0]["caseKey"].as_str().unwrap();
        let case = self.call(Method::GET, &format!("/cases/{case}"), None).await;
        let deposit = case["events"][0]["eventKey"].as_str().unwrap();
        self.call(Method::POST, &format!("/deposits/{deposit}/release"), None).await;
        self.resolve("reason=risk", "reject").await;
        // A requestUUID that came for two deposits, the second an output of its own.
        let first = retry_of(&deposit_with("txId", "first"));
        self.deployment.send("deposit", &first).await;
        self.deployment.send("deposit", &with(&with(&first, "txId", "second"), "txIndex", 1)).await;
        self.resolve("reason=request-conflict", "credit").await;
        // Told with another amount, which is the true one.
        self.deployment.send("deposit", &retry_of(&with(&first, "amount", "9"))).await;
        self.resolve("reason=event-conflict", "credit").await;
        // Paid after it had failed, and more than was ordered and than is there.
        self.deployment.send("withdrawal-failure", &failure("b")).await;
        self.deployment.send("withdrawal", &completion("b", "200")).await;
        self.resolve("callBackId=b", "charge").await;
        let collect = json!({ "id": "c", "chainName": "TRON", "symbol": "USDT" });
        self.deployment.deposit("1945", "USDT", "200").await;
        self.call(Method::POST, "/users/1945/collect", Some(&collect)).await;
        // Paid to somebody else, which is accepted as a payment less a fee.
        let elsewhere = with(&completion("c", "0.9"), "toAddress", "TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb");
        self.deployment.send("withdrawal", &elsewhere).await;
        self.resolve("callBackId=c", "settle").await;
        // Paid, and registered when the user no longer had it.
        self.deployment.send("withdrawal", &completion("late", "1000")).await;
        assert_eq!(self.deployment.register("late", "1945", "1000", PAYEE).await, 422);
        self.resolve("callBackId=late", "charge").await;
        // Paid, they say, and not registered by anybody.
        self.deployment.send("withdrawal", &completion("nobody", "1")).await;
        let expected = json!({ "state": "completed", "trackingId": "t-nobody" });
        let act = json!({ "id": "reversed", "action": "reverse", "reason": "r", "expected": expected });
        let done = self.call(Method::POST, "/withdrawals/nobody/resolve", Some(&act)).await;
        assert_eq!(done["outcome"], "resolved", "{done}");
    }
}

/// A withdrawal that is to be ordered from the platform.
fn submitted(id: &str, mode: &str) -> Value {
    json!({ "callBackId": id, "tenantUserId": "1945", "chainName": "TRON", "symbol": "USDT", "amount": "1",
            "address": PAYEE, "mode": mode, "submit": true })
}

/// A movement, or an adjustment of one leg.
fn legs(id: &str, amount: &str, given: Option<&str>) -> Value {
    let leg = |user: &str, amount: &str| json!({ "tenantUserId": user, "chainName": "TRON", "symbol": "USDT", "amount": amount });
    let legs: Vec<_> =
        std::iter::once(leg("1945", amount)).chain(given.map(|amount| leg("2", amount))).collect();
    json!({ "id": id, "reason": "r", "legs": legs })
}

/// All that the platform could say to a function of one type.
fn callbacks(function: &str) -> Vec<String> {
    let other_terms = with(&completion("d", "5"), "toAddress", "TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb");
    // Of another user, and of an order that has ended.
    let on_others = |r#type: u8| {
        [with(&notice(r#type, "e").to_string(), "tenantUserId", "2"), notice(r#type, "b").to_string()]
    };
    let callbacks: Vec<String> = match function {
        "deposit" => vec![
            deposit_with("riskLevelTo", 1),
            with(&with(&deposit_with("riskLevelTo", 90), "txId", "risky"), "txIndex", 1),
        ],
        "withdrawal-confirmation" => vec![confirmation("a"), confirmation("unknown")],
        "withdrawal" => vec![
            completion("b", "1"),
            completion("c", "0.9"),
            completion("nobody", "1"),
            completion("nobody-either", "0"),
            other_terms,
        ],
        "address-change" => vec![plain("address-change")],
        "withdrawal-failure" => vec![failure("c"), failure("unknown"), failure("d")],
        "insufficient-balance" => {
            [vec![notice(6, "a").to_string(), notice(6, "unknown").to_string()], on_others(6).into()].concat()
        }
        "insufficient-gas" => {
            [vec![notice(7, "a").to_string(), notice(7, "unknown").to_string()], on_others(7).into()].concat()
        }
        function => panic!("{function} takes no callbacks"),
    };
    callbacks.iter().map(|callback| retry_of(callback)).collect()
}

/// The types that the one URL takes.
const TYPES_OF_CALLBACK: [&str; 6] = [
    "deposit",
    "withdrawal",
    "address-change",
    "withdrawal-failure",
    "insufficient-balance",
    "insufficient-gas",
];

async fn asked_at_a_door(door: &str) -> BTreeSet<Asked> {
    // Only where the platform is called can a withdrawal be submitted.
    if door == "merchant-api" {
        let mut recorder = Recorder::new("true").await;
        recorder.merchant().await;
        return recorder.asked;
    }
    let mut recorder = Recorder::new("false").await;
    recorder.operator().await;
    recorder.asked
}

/// All that the platform's word can be on, and all that it can be.
async fn asked_by_verification() -> BTreeSet<Asked> {
    let verifying = Verifying::new().await;
    verifying.fund("1945", "10").await;
    assert_eq!(verifying.register("w", "1945", "1", PAYEE).await, 201);
    let deposits = [
        deposit_at(&address_of("1945"), "1945", "true", "1"),
        deposit_at(&address_of("1945"), "1945", "overtaken", "1"),
        deposit_at(&address_of("new"), "new", "unknown-user", "1"),
    ];
    let failed = |id: &str| json!({ "callBackId": id, "tenantUserId": "1945", "orderState": 6 });
    let change =
        json!({ "tenantUserId": "1945", "chainName": "TRON", "symbol": "USDT", "newAddress": "T-new" });
    let splice = json!({ "type": 1, "requestUUID": "x", "tenantUserId": "1945", "trackingId": "t", "chainName": "TRON",
        "symbol": "USDT", "amount": "899", "txId": "overtaken", "toAddress": address_of("1945"), "riskLevelFrom": 1,
        "riskLevelTo": 1 });
    let forged = with(&splice.to_string(), "txId", "forged");
    for callback in [splice.to_string(), forged] {
        assert_eq!(verdict(&verifying.send("deposit", &retry_of(&callback)).await), (200, 0));
    }
    verifying.gate.add(json!({
        "deposits": deposits, "withdrawals": [failed("w"), failed("nobody")], "addressChanges": [change]
    }));
    verifying.deliver().await;
    for id in ["w", "nobody"] {
        verifying.send("withdrawal-failure", &with(&failure(id), "tenantUserId", "1945")).await;
    }
    verifying.dynamodb.take_asked();
    verifying.secrets.take_asked();
    let (lambda, _process) = verifying.worker().await; // so that its init is recorded too
    let messages = verifying.messages().await;
    for messages in messages.chunks(10) {
        lambda.invoke_raw(batch(messages)).await.unwrap();
    }
    verifying.ask_due().await;
    let mut asked = verifying.dynamodb.take_asked();
    asked.extend(verifying.secrets.take_asked());
    asked
}

/// Accepted, refused, and never clearly answered.
async fn asked_by_submission() -> BTreeSet<Asked> {
    let verifying = Verifying::with(&[("WAAS_SUBMISSION_UNCLEAR_SECONDS", "0")]).await;
    verifying.fund("1945", "10").await;
    verifying.dynamodb.take_asked();
    verifying.secrets.take_asked();
    let mut asked = BTreeSet::new();
    let says = |status, text: &str| PlatformFault::Answer(status, text.to_owned());
    for (id, fault) in [
        ("accepted", None),
        ("refused", Some(says(200, r#"{"code":7,"message":"no","data":null}"#))),
        ("unclear", Some(says(500, "down"))),
    ] {
        assert_eq!(
            verifying.call(Method::POST, "/withdrawals", Some(&submitted(id, "confirmed"))).await.0,
            201
        );
        let events = verifying.events().await;
        let of_order = |event: &&Item| event.get("callBackId").is_some_and(|of| of.as_s().unwrap() == id);
        let case = events.iter().find(of_order).unwrap()["submission"].as_s().unwrap().clone();
        verifying.dynamodb.take_asked();
        verifying.gate.fail_next(fault);
        let (lambda, _) = verifying.function(SUBMITTER).await;
        for message in [json!({ "caseKey": case }), json!({ "due": true })] {
            let answer = lambda.invoke_raw(batch(&[message])).await;
            assert_eq!(answer.unwrap(), json!({ "batchItemFailures": [] }));
            verifying.make_due().await;
        }
        asked.extend(verifying.dynamodb.take_asked());
        asked.extend(verifying.secrets.take_asked());
    }
    let ends = ["submitted", "submission-refused", "submission-unclear"];
    let outcomes = verifying.outcomes().await;
    assert!(ends.iter().all(|end| outcomes.get(*end) == Some(&1)), "{outcomes:?}");
    asked
}

/// All that can be found and put right, and what is over at the next run. Days have to pass for that: they are made to have.
async fn asked_by_reconciliation() -> BTreeSet<Asked> {
    let at_once = [("WAAS_RECONCILIATION_EVERY_SECONDS", "0"), ("WAAS_RECONCILIATION_AGE_SECONDS", "0")];
    let at_once =
        [at_once, [("WAAS_RECONCILIATION_GRACE_SECONDS", "0"), ("WAAS_RECONCILIATION", "apply")]].concat();
    let verifying = Verifying::with(&at_once).await;
    verifying.fund("1945", "10").await;
    for id in ["failed", "unknown"] {
        assert_eq!(verifying.register(id, "1945", "1", PAYEE).await, 201);
    }
    assert_eq!(verifying.register_in("direct", "paid", "1945", "1", PAYEE).await, 201);
    let terms = json!({ "chainName": "TRON", "symbol": "USDT", "amount": "1", "toAddress": PAYEE });
    let ended = |id: &str, state: u8| json!({ "callBackId": id, "tenantUserId": "1945", "orderState": state, "terms": terms });
    verifying.gate.add(json!({ "withdrawals": [ended("paid", 3), ended("failed", 6)] }));
    verifying.send("withdrawal", &retry_of(&with(&completion("nobody", "1"), "tenantUserId", "1945"))).await;
    let client = waas_callback_aws::clients::dynamodb(verifying.stack.config());
    let update = async |table: &str, key: Item, expression: &str, values: &[(&str, AttributeValue)]| {
        let mut update =
            client.update_item().table_name(table).set_key(Some(key)).update_expression(expression);
        for (name, value) in values {
            update = update.expression_attribute_values(*name, value.clone());
        }
        update.send().await.unwrap();
    };
    let key = |item: &Item, names: &[&str]| -> Item {
        names.iter().map(|name| ((*name).to_owned(), item[*name].clone())).collect()
    };
    let text = |text: &str| AttributeValue::S(text.to_owned());
    // A noon of the platform's two days ago, of which everything is known here.
    let noon = {
        let day = (DateTime::from(SystemTime::now()).secs() + 8 * 3600) / 86_400 - 2;
        DateTime::from_secs(day * 86_400 + 4 * 3600)
    };
    let noon = noon.fmt(DateTimeFormat::DateTime).unwrap().replace('Z', ".000Z");
    for event in verifying.events().await {
        let event_key = key(&event, &["eventKey"]);
        match event.get("countedOn") {
            Some(counted) => {
                let counted = text(&format!("{}{}", &counted.as_s().unwrap()[..2], &noon[..10]));
                let expression = "SET recordedAt = :at, countedOn = :on";
                update("Events", event_key, expression, &[(":at", text(&noon)), (":on", counted)]).await;
            }
            None => update("Events", event_key, "SET recordedAt = :at", &[(":at", text(&noon))]).await,
        }
    }
    let (lambda, _) = verifying.function(RECONCILER).await;
    let run = async || {
        let answer = lambda.invoke_raw("{}".to_owned()).await;
        let denied = verifying.dynamodb.take_denied();
        assert!(
            answer.as_ref().is_ok_and(|answer| answer["run"]["phase"] == "done"),
            "{answer:?} {denied:?}"
        );
    };
    verifying.dynamodb.take_asked();
    verifying.secrets.take_asked();
    run().await; // notes sums; it is the first, and knows of no whole day
    let asked = verifying.dynamodb.take_asked();
    let record = Item::from([("caseKey".to_owned(), text("reconciliation.run"))]);
    let run_before =
        verifying.cases().await.into_iter().find(|case| case["caseKey"] == record["caseKey"]).unwrap();
    let mut last: Value = serde_json::from_str(run_before["lastRun"].as_s().unwrap()).unwrap();
    last["since"] = json!("2001-02-03T04:05:06.789Z");
    update("Cases", record, "SET lastRun = :last", &[(":last", text(&last.to_string()))]).await;
    for balance in verifying.balances().await {
        let one = AttributeValue::N("1".to_owned());
        update("Balances", key(&balance, &["tenantUserId", "asset"]), "ADD frozen :one", &[(":one", one)])
            .await;
    }
    verifying.dynamodb.take_asked();
    run().await;
    let mut asked: BTreeSet<_> = asked.into_iter().chain(verifying.dynamodb.take_asked()).collect();
    assert_eq!(verifying.register("nobody", "1945", "1", PAYEE).await, 201);
    assert_eq!(verifying.act(Method::DELETE, "/withdrawals/unknown").await.0, 200);
    verifying.dynamodb.take_asked();
    run().await;
    asked.extend(verifying.dynamodb.take_asked());
    asked.extend(verifying.secrets.take_asked());
    let outcomes = verifying.outcomes().await;
    for outcome in ["found", "settled-unproven", "unfrozen", "finding-over"] {
        assert!(outcomes.contains_key(outcome), "{outcome}: {outcomes:?}");
    }
    asked
}

#[tokio::test]
async fn every_role_allows_what_its_code_asks_for_and_nothing_else() {
    // Their records of requests, events and cases are one sort: what some of them name, all of them may.
    let is_shared = |words: &String| {
        let records = ["PutItem Requests naming", "PutItem Events naming", "UpdateItem Cases naming"];
        records.iter().any(|record| words.starts_with(record))
    };
    let mut shared = (Words::new(), Words::new());
    for binary in functions().keys() {
        let all_asked = match binary.as_str() {
            WORKER => asked_by_verification().await,
            SUBMITTER => asked_by_submission().await,
            RECONCILER => asked_by_reconciliation().await,
            "merchant-api" | "operator-api" => asked_at_a_door(binary).await,
            _ => {
                let own =
                    if binary == "callback" { TYPES_OF_CALLBACK.to_vec() } else { vec![binary.as_str()] };
                let mut asked = BTreeSet::new();
                for verify in ["false", "true"] {
                    let mut recorder = Recorder::new(verify).await;
                    for callback in own.iter().flat_map(|function| callbacks(function)) {
                        recorder.all(binary, &callback).await;
                    }
                    asked.extend(recorder.asked);
                }
                asked
            }
        };
        let mut granted = granted(Policy::of(binary).unwrap());
        let mut asked = asked_for(&all_asked, &granted);
        if !binary.ends_with("-api") && ![WORKER, SUBMITTER, RECONCILER].contains(&&**binary) {
            shared.0.extend(asked.extract_if(.., |words| is_shared(words)));
            shared.1.extend(granted.extract_if(.., |words| is_shared(words)));
        }
        let unused: Vec<_> = granted.difference(&asked).collect();
        let missing: Vec<_> = asked.difference(&granted).collect();
        assert!(
            unused.is_empty() && missing.is_empty(),
            "{binary}: unused {unused:#?}, missing {missing:#?}"
        );
    }
    assert_eq!(shared.0, shared.1, "asked for (left), allowed (right)");
}
