//! `docs/events.md` shows what the merchant's systems are sent: examples made by the functions themselves.
//!
//! `UPDATE_DOCS=1 cargo test -p waas-local --test outside` writes them anew.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::{Map, Value, json};
use waas_callback::{Difference, EventKey, Sent, Theirs, Word};
use waas_callback_aws::RecordedCase;

use crate::harness::*;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/events.md");
const OPENING: &str = "```json\n";
const CLOSING: &str = "\n```";
/// When everything happens there.
const NOW: &str = "2026-01-02T03:04:05.678Z";

/// The pipe of the template: where the detail-type stands, and the detail's template.
struct Pipe {
    source: String,
    detail_type: String,
    input_template: String,
}

impl Pipe {
    fn of_template() -> Self {
        let template: yaml_serde::Value =
            yaml_serde::from_str(include_str!("../../../template.yaml")).unwrap();
        let target = &template["Resources"]["EventPipe"]["Properties"]["TargetParameters"];
        let bus = &target["EventBridgeEventBusParameters"];
        let text = |value: &yaml_serde::Value| value.as_str().unwrap().to_owned();
        Self {
            source: text(&bus["Source"]),
            detail_type: text(&bus["DetailType"]),
            input_template: text(&target["InputTemplate"]),
        }
    }

    /// What the bus is given for a record of the stream.
    ///
    /// Follows the letter of "Amazon EventBridge Pipes input transformation": texts are put in as they are,
    /// objects as JSON, and what is missing leaves nothing.
    fn event(&self, record: &Value) -> Value {
        let mut detail = String::new();
        let mut rest = self.input_template.as_str();
        while let Some((before, after)) = rest.split_once("<$") {
            let (path, after) = after.split_once('>').unwrap();
            detail.push_str(before);
            match at(record, path) {
                Some(Value::String(text)) => detail.push_str(text),
                Some(object @ Value::Object(_)) => detail.push_str(&object.to_string()),
                other => panic!("{path} of {record} is {other:?}: neither a text nor an object"),
            }
            rest = after;
        }
        detail.push_str(rest);
        let detail: Value = serde_json::from_str(&detail).expect("the detail is JSON");
        let detail_type = at(record, self.detail_type.strip_prefix('$').unwrap()).unwrap();
        json!({ "source": self.source, "detail-type": detail_type, "detail": detail })
    }
}

/// The value at `.a.b.c`.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    value.pointer(&path.replace('.', "/"))
}

/// An item as the stream has it.
fn image(item: &Item) -> Value {
    item.iter().map(|(name, value)| (name.clone(), attribute(value))).collect::<Map<_, _>>().into()
}

fn attribute(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::Bool(value) => json!({ "BOOL": value }),
        AttributeValue::L(list) => json!({ "L": list.iter().map(attribute).collect::<Vec<_>>() }),
        AttributeValue::M(map) => json!({ "M": image(map) }),
        other => panic!("events have no {other:?}"),
    }
}

/// A callback of a type on an order of user 1945; its requestUUID is a fixed one.
fn notice(r#type: u8, id: &str, more: Value) -> String {
    let mut callback = json!({
        "requestUUID": format!("00000000-0000-4000-8000-{:0>10}{type:02}", id), "tenantUserId": "1945",
        "callBackId": id, "type": r#type, "trackingId": format!("7{id}"), "business": 0
    });
    if let Value::Object(more) = more {
        callback.as_object_mut().unwrap().extend(more);
    }
    callback.to_string()
}

fn paid(amount: &str, symbol: &str) -> Value {
    json!({
        "txId": "598433d2fe70a2e944bbda8b517cca36e0cf7cfe49642b569e73cf1a641148cb", "chainName": "TRON",
        "symbol": symbol, "amount": amount, "fromAddress": "TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb", "toAddress": PAYEE
    })
}

fn address(from: &str, to: &str, uuid: u8) -> String {
    json!({
        "requestUUID": format!("00000000-0000-4000-8000-0000000000{uuid}"), "tenantUserId": "1945", "type": 4,
        "chainName": "TRON", "symbol": "USDT", "toAddress": from, "newAddress": to, "trackingId": null, "business": 0
    })
    .to_string()
}

/// Everything that can happen where nothing is verified, once.
async fn story(deployment: &Deployment) {
    let mut funds = deposit_with("tenantUserId", "1945");
    for (field, value) in
        [("symbol", "USDT"), ("amount", "10"), ("requestUUID", "00000000-0000-4000-8000-000000000001")]
    {
        funds = with(&funds, field, value);
    }
    let funds = with(&with(&funds, "riskLevelFrom", 1), "riskLevelTo", 1);
    deployment.send("deposit", &funds).await; // credited
    let altered =
        with(&with(&funds, "amount", "1000"), "requestUUID", "00000000-0000-4000-8000-000000000002");
    deployment.send("deposit", &altered).await; // a conflict
    let nothing = with(&with(&funds, "amount", "0.000000000000"), "txId", "poison");
    deployment.send("deposit", &with(&nothing, "requestUUID", "00000000-0000-4000-8000-000000000003")).await;
    deployment.send("deposit", DEPOSIT).await; // held: its risk is 3
    let events = deployment.events().await;
    let held = events.iter().find(|event| event["outcome"].as_s().unwrap() == "held").unwrap();
    let release = format!("/deposits/{}/release", held["eventKey"].as_s().unwrap());
    assert_eq!(deployment.call(Method::POST, &release, None).await.0, 200);

    for id in ["101", "102", "103"] {
        assert_eq!(deployment.register(id, "1945", "3.3", PAYEE).await, 201);
    }
    assert_eq!(deployment.call(Method::DELETE, "/withdrawals/103", None).await.0, 200);
    for (function, callback) in [
        ("withdrawal-confirmation", notice(2, "101", Value::Null)),
        ("insufficient-balance", notice(6, "101", Value::Null)),
        ("withdrawal", notice(3, "101", paid("3.3", "USDT"))),
        ("withdrawal-failure", notice(5, "101", Value::Null)), // a contradiction
        ("insufficient-gas", notice(7, "101", Value::Null)),   // too late to matter
        ("withdrawal-failure", notice(5, "101", json!({ "trackingId": "another" }))), // foreign: a contradiction too
        ("withdrawal-failure", notice(5, "102", Value::Null)),
        ("withdrawal", notice(3, "104", paid("65000", "ENERGY"))),
        ("address-change", address("TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP", PAYEE, 11)),
        ("address-change", address(PAYEE, "TGVJZLgz88XPYwkQECMRocSgHtKQT7VQZd", 12)),
        (
            "address-change",
            address("TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP", PAYEE, 13).replace("null", "\"late\""),
        ),
    ] {
        deployment.send(function, &callback).await;
    }
    a_way_back(deployment, &funds).await;
}

/// A payment after the end is charged; a part is owed, and collected from what arrives.
async fn a_way_back(deployment: &Deployment, funds: &str) {
    assert_eq!(deployment.register("105", "1945", "5", PAYEE).await, 201);
    deployment.send("withdrawal", &notice(3, "102", paid("3.3", "USDT"))).await; // a contradiction
    let (_, open) = deployment.call(Method::GET, "/cases?callBackId=102", None).await;
    let case = open["cases"][0]["caseKey"].as_str().unwrap();
    let charge = json!({
        "id": "2026-01-02-1", "action": "charge", "reason": "on chain since block 1000",
        "expected": { "state": "failed", "trackingId": "7102" }
    });
    let path = format!("/cases/{case}/resolve");
    assert_eq!(deployment.call(Method::POST, &path, Some(&charge)).await.0, 201);
    let more = with(&with(funds, "txId", "more"), "requestUUID", "00000000-0000-4000-8000-000000000004");
    deployment.send("deposit", &more).await;
    let collect = json!({ "id": "2026-01-02-2", "chainName": "TRON", "symbol": "USDT" });
    assert!(deployment.call(Method::POST, "/users/1945/collect", Some(&collect)).await.0 < 300);
    a_gift_and_a_correction(deployment).await;
}

async fn a_gift_and_a_correction(deployment: &Deployment) {
    let leg = |user: &str, amount: &str| json!({ "tenantUserId": user, "chainName": "TRON", "symbol": "USDT", "amount": amount });
    let gift = json!({
        "id": "order-4711", "reason": "paid from the balance", "legs": [leg("1945", "-2.5"), leg("2049", "2.5")]
    });
    assert_eq!(deployment.call(Method::POST, "/movements", Some(&gift)).await.0, 201);
    let opening = json!({ "id": "2026-01-02-3", "reason": "opening", "legs": [leg("2050", "7")] });
    assert_eq!(deployment.call(Method::POST, "/adjustments", Some(&opening)).await.0, 201);
}

/// What else happens where the platform is asked.
async fn verified(deployment: &Deployment) {
    let deposit = |nth: u8, tx_id: &str, amount: &str, risk: u8| {
        let deposit = with(&with(&deposit_with("symbol", "USDT"), "tenantUserId", "1945"), "txId", tx_id);
        let deposit = with(&with(&deposit, "riskLevelFrom", risk), "riskLevelTo", risk);
        let uuid = format!("00000000-0000-4000-8000-0000000000{nth}");
        with(&with(&deposit, "amount", amount), "requestUUID", uuid)
    };
    let word = async |kind: &str, amount: &str, word: Word| {
        let is_it = |case: &RecordedCase| {
            let about = case.claim.amount.as_ref().map(waas_callback::Amount::text);
            case.case_key.kind() == kind && about.is_none_or(|about| about == amount)
        };
        Box::pin(deployment.rule(word, is_it)).await;
    };
    let (kind, differs) = ("deposit", Word::Differs(Difference::Amount));
    deployment.send(kind, &deposit(21, "true", "10", 1)).await;
    word(kind, "10", Word::Agrees).await;
    deployment.send(kind, &deposit(22, "not-true", "899", 1)).await;
    word(kind, "899", differs).await;
    deployment.send(kind, &deposit(23, "risky", "2", 3)).await;
    word(kind, "2", Word::Agrees).await;
    deployment.send(kind, &deposit(24, "risk-lifted", "3", 3)).await;
    let (_, open) = deployment.call(Method::GET, "/cases?waitsFor=platform", None).await;
    let path = format!("/cases/{}", open["cases"][0]["caseKey"].as_str().unwrap());
    let (_, case) = deployment.call(Method::GET, &path, None).await;
    let release = format!("/deposits/{}/release", case["events"][0]["eventKey"].as_str().unwrap());
    assert_eq!(deployment.call(Method::POST, &release, None).await.0, 200);
    let again = with(&deposit(29, "true", "10", 1), "trackingId", "another");
    deployment.send(kind, &again).await;
    word(kind, "10", Word::Agrees).await;
    // A splice comes before the deposit from which it is.
    deployment.send(kind, &deposit(25, "spliced", "898", 1)).await;
    deployment.send(kind, &deposit(26, "spliced", "4", 1)).await;
    word(kind, "4", Word::Agrees).await;

    assert_eq!(deployment.register("201", "1945", "3.3", PAYEE).await, 201);
    deployment.send("withdrawal-failure", &notice(5, "201", Value::Null)).await;
    word("withdrawal-failure", "", Word::Agrees).await;
    for nth in [27, 28] {
        let change = address("TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP", PAYEE, nth);
        let change = change.replace("null", &format!("\"{nth}\""));
        deployment.send("address-change", &change).await;
        word("address-change", "", Word::Agrees).await;
    }
    assert_eq!(deployment.call(Method::PUT, "/users/1945", None).await.0, 201);
}

/// What comes of withdrawals that are ordered from the platform: it has one, refuses one, and is silent on one.
async fn submitted(deployment: &Deployment) {
    for (id, sent) in [("301", Sent::Accepted), ("302", Sent::Refused), ("303", Sent::Unclear)] {
        let order = json!({ "callBackId": id, "tenantUserId": "1945", "chainName": "TRON", "symbol": "USDT",
                            "amount": "1", "address": PAYEE, "submit": true });
        assert_eq!(deployment.call(Method::POST, "/withdrawals", Some(&order)).await.0, 201);
        deployment.end_submission(id, sent).await;
    }
}

/// What reconciliation finds and puts right: one order that the platform has paid, and one that it has ended without.
async fn reconciled(deployment: &Deployment) {
    deployment.deposit("1945", "USDT", "2").await;
    for (id, stage) in [("401", Theirs::Paid), ("402", Theirs::EndedUnpaid)] {
        assert_eq!(deployment.register_in("direct", id, "1945", "1", PAYEE).await, 201);
        if stage == Theirs::Paid {
            deployment.find_and_forget(id, stage).await;
        }
        deployment.put_right(id, stage).await;
    }
}

/// Of each detail-type the first event that is a callback's, or somebody's act, the first that is the platform's word,
/// and the first that is the end of a submission, as the bus has them.
async fn examples() -> BTreeMap<String, Vec<Value>> {
    let deployment = Deployment::with(&[("WAAS_RISK_THRESHOLD", "3")]).await;
    story(&deployment).await;
    reconciled(&deployment).await;
    let asking = Deployment::with(&[("WAAS_RISK_THRESHOLD", "3"), ("WAAS_VERIFY", "true")]).await;
    verified(&asking).await;
    submitted(&asking).await;
    let pipe = Pipe::of_template();
    let mut examples: BTreeMap<(String, u8), Value> = BTreeMap::new();
    for mut items in [deployment.events().await, asking.events().await] {
        items.sort_by_key(|item| {
            (item["recordedAt"].as_s().unwrap().clone(), item["eventKey"].as_s().unwrap().clone())
        });
        for mut item in items {
            item.insert("recordedAt".into(), AttributeValue::S(NOW.into()));
            let (kind, place) = match item["eventKey"].as_s().unwrap().split('.').next() {
                Some("verification") => ("verification", 1),
                Some("submission") => ("submission", 2),
                Some("reconciliation") if item["outcome"].as_s().unwrap() == "finding-over" => {
                    ("reconciliation", 3)
                }
                _ => ("", 0),
            };
            let is_true_deposit = place == 1 && item["outcome"].as_s().unwrap() == "credited";
            if place > 0 && !is_true_deposit {
                // Its key says since when the case was open.
                let [case, what] = ["caseKey", "outcome"].map(|name| item[name].as_s().unwrap().clone());
                let key = EventKey::new(kind, [&*case, NOW, &what].map(Some));
                item.insert("eventKey".into(), AttributeValue::S(key.to_string()));
            }
            let event =
                pipe.event(&json!({ "eventName": "INSERT", "dynamodb": { "NewImage": image(&item) } }));
            let name = event["detail-type"].as_str().unwrap().to_owned();
            examples.entry((name, place)).or_insert(event);
        }
    }
    let mut by_name = BTreeMap::<_, Vec<_>>::new();
    for ((name, _), event) in examples {
        by_name.entry(name).or_default().push(event);
    }
    by_name
}

/// An event as JSON, an attribute of its record a line.
fn shown(event: &Value) -> String {
    let detail = &event["detail"];
    let record = detail["record"].as_object().unwrap().iter();
    let record: Vec<_> = record.map(|(name, value)| format!("      \"{name}\": {value}")).collect();
    let shown = format!(
        "{{\n  \"source\": {},\n  \"detail-type\": {},\n  \"detail\": {{\n    \"eventKey\": {},\n    \
         \"outcome\": {},\n    \"recordedAt\": {},\n    \"record\": {{\n{}\n    }}\n  }}\n}}",
        event["source"],
        event["detail-type"],
        detail["eventKey"],
        detail["outcome"],
        detail["recordedAt"],
        record.join(",\n"),
    );
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), *event, "nothing is left out");
    shown
}

/// The document with `examples` in the sections that bear their names, and those names in order.
fn filled(document: &str, examples: &BTreeMap<String, Vec<Value>>) -> (String, Vec<String>) {
    let mut sections = document.split("\n### `");
    let mut filled = sections.next().unwrap().to_owned();
    let mut names = Vec::new();
    for section in sections {
        let (name, _) = section.split_once('`').unwrap();
        let mut rest = section;
        filled.push_str("\n### `");
        for example in examples.get(name).unwrap_or_else(|| panic!("{name} never happened")) {
            let (before, after) =
                rest.split_once(OPENING).unwrap_or_else(|| panic!("{name} lacks an example"));
            for part in [before, OPENING, &shown(example), CLOSING] {
                filled.push_str(part);
            }
            rest = after.split_once(CLOSING).unwrap().1;
        }
        assert!(!rest.contains(OPENING), "{name} has an example too many");
        filled.push_str(rest);
        names.push(name.to_owned());
    }
    (filled, names)
}

#[tokio::test]
async fn the_document_shows_every_event_as_it_is_sent() {
    let examples = Box::pin(examples()).await;
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    let (filled, mut names) = filled(&document, &examples);
    names.sort();
    assert_eq!(names, examples.keys().cloned().collect::<Vec<_>>(), "documented (left), happened (right)");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(DOCUMENT, filled).unwrap();
        return;
    }
    assert!(
        document == filled,
        "docs/events.md is not what is sent; UPDATE_DOCS=1 writes it anew:\n{filled}"
    );
}

#[test]
fn a_text_with_quotes_cannot_break_an_event() {
    let image = json!({
        "eventKey": { "S": "deposit.1" }, "outcome": { "S": "credited" }, "recordedAt": { "S": "2026" },
        "detailType": { "S": "waas.deposit.credited" }, "tenantUserId": { "S": "\",\"outcome\":\"released\\" }
    });
    let event = Pipe::of_template().event(&json!({ "dynamodb": { "NewImage": image } }));
    assert_eq!(event["detail"]["record"], image);
    assert_eq!(event["detail"]["outcome"], "credited");
}
