//! The audit names what no event explains, and nothing else, while callbacks arrive.

use std::process::Output;
use std::time::SystemTime;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use waas_callback::{Action, Asset, CaseKey, Collection, Expected, Resolution};
use waas_callback_aws::{CaseFilter, Operator, RecordedCase, Target};
use waas_local::audit::{Audit, Kind, Reading, audit};

use crate::harness::*;
use crate::movements::move_;

mod reconciled;
mod submitted;
mod verified;

const USDT: &str = "1945 TRON#USDT";

/// A ledger in which everything has happened, and a hand that writes where only functions should.
struct Scene {
    deployment: Deployment,
    operator: Operator,
    client: Client,
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: &str) -> AttributeValue {
    AttributeValue::N(value.to_owned())
}

fn key_of(event: &Item) -> &str {
    event["eventKey"].as_s().unwrap()
}

/// The item with one attribute changed.
fn changed(mut item: Item, name: &str, value: AttributeValue) -> Item {
    item.insert(name.to_owned(), value);
    item
}

/// The event with parts of its one posting changed.
fn posting(mut event: Item, parts: &[(&str, &str)]) -> Item {
    let Some(AttributeValue::L(postings)) = event.get_mut("postings") else { panic!("no postings") };
    let [AttributeValue::M(posting)] = postings.as_mut_slice() else { panic!("not one posting") };
    posting.extend(parts.iter().map(|(part, value)| ((*part).to_owned(), number(value))));
    event
}

/// A deposit of USDT with a transaction of its own.
fn deposit(user: &str, tx_id: &str, amount: &str) -> String {
    let deposit = with(&with(&deposit_with("tenantUserId", user), "symbol", "USDT"), "txId", tx_id);
    retry_of(&with(&deposit, "amount", amount))
}

impl Scene {
    async fn new() -> Self {
        let deployment = Deployment::with(&[("WAAS_RISK_THRESHOLD", "50")]).await;
        let operator = Operator::connect(deployment.stack.config());
        let client = waas_callback_aws::clients::dynamodb(deployment.stack.config());
        let scene = Self { deployment, operator, client };
        Box::pin(scene.deposits()).await;
        Box::pin(scene.orders()).await;
        Box::pin(scene.debts()).await;
        scene.deployment.assert_audited().await;
        scene
    }

    /// Held deposits that wait, were released, were rejected; one that another told otherwise, credited by an operator.
    async fn deposits(&self) {
        self.send("deposit", &deposit("1945", "plain", "100")).await;
        for (tx_id, amount) in [("waiting", "5"), ("released", "4"), ("rejected", "6")] {
            self.send("deposit", &with(&deposit("1945", tx_id, amount), "riskLevelFrom", 80)).await;
        }
        let key = self.event("held", "released").await["eventKey"].as_s().unwrap().clone();
        assert_eq!(self.operator.release(&key, "arn", SystemTime::now()).await.unwrap(), "released");
        self.resolve(Action::Reject, "deposit", |case| case.claim.amount.as_ref().unwrap().text() == "6")
            .await;
        assert_eq!(verdict(&self.deployment.send("deposit", &deposit("1945", "plain", "7")).await).1, 2003);
        self.resolve(Action::Credit, "deposit", |case| case.claim.amount.as_ref().unwrap().text() == "7")
            .await;
    }

    /// An order in every state, and what an operator can do to one.
    async fn orders(&self) {
        let deployment = &self.deployment;
        for id in ["reserved", "confirmed", "paid", "failed", "cancelled", "charged", "reversed", "settled"] {
            assert_eq!(deployment.register(id, "1945", "3.3", PAYEE).await, 201);
        }
        for id in ["confirmed", "paid", "failed"] {
            self.send("withdrawal-confirmation", &confirmation(id)).await;
        }
        self.send("withdrawal", &completion("paid", "3.3")).await;
        self.send("withdrawal-failure", &failure("failed")).await;
        for id in ["cancelled", "charged"] {
            assert_eq!(deployment.act(http::Method::DELETE, &format!("/withdrawals/{id}")).await.0, 200);
        }
        assert_eq!(verdict(&deployment.send("withdrawal", &completion("charged", "3")).await).1, 2009);
        self.resolve(Action::Charge, "withdrawal", |case| case.claim.call_back_id == Some("charged".into()))
            .await;
        self.send("withdrawal", &completion("reversed", "3.3")).await;
        self.put_right(Action::Reverse, "reversed").await;
        self.put_right(Action::Settle, "settled").await;
        self.send("withdrawal", &completion("unregistered", "7")).await;
        self.send("withdrawal", &completion("late", "1.5")).await;
        assert_eq!(deployment.register("late", "1945", "1.5", PAYEE).await, 201);
        self.send("insufficient-gas", &retry_of(&notice(7, "spoken-of").to_string())).await;
        // A confirmation is decided anew whatever was resolved, and its case is opened anew for another reason.
        assert_eq!(deployment.register("asked", "1945", "3.3", PAYEE).await, 201);
        let asked = with(&confirmation("asked"), "amount", "5");
        for expected in [2008, 2009] {
            assert_eq!(
                verdict(&deployment.send("withdrawal-confirmation", &retry_of(&asked)).await).1,
                expected
            );
            let kind = "withdrawal-confirmation";
            self.resolve_as(&format!("asked-{expected}"), Action::Dismiss, kind, |_| true).await;
            deployment.act(http::Method::DELETE, "/withdrawals/asked").await;
        }
        // A failure of another withdrawal of the platform: its case waits.
        self.send("withdrawal-failure", &with(&failure("confirmed"), "trackingId", "foreign")).await;
    }

    /// A user who owes, and from whom some was collected; another whose late registration was charged in part.
    async fn debts(&self) {
        let now = SystemTime::now();
        self.send("deposit", &deposit("2049", "little", "1")).await;
        self.send("withdrawal", &with(&completion("owing", "3"), "tenantUserId", "2049")).await;
        assert_eq!(self.deployment.register("owing", "2049", "3", PAYEE).await, 422);
        self.resolve(Action::Charge, "registration", |case| case.claim.call_back_id == Some("owing".into()))
            .await;
        self.send("deposit", &deposit("2049", "more", "0.5")).await;
        let asset: Asset = "TRON#USDT".parse().unwrap();
        let collection = Collection { id: "c".into(), tenant_user_id: "2049".into(), asset: asset.clone() };
        assert!(self.operator.collect(&collection, "arn", now).await.unwrap().is_some());
        // Paid after it had failed, and nobody had registered it: charged, and failed still.
        let of_user = |plaintext: &str| with(plaintext, "tenantUserId", "2049");
        self.send("withdrawal-failure", &of_user(&failure("never"))).await;
        let paid = of_user(&completion("never", "2"));
        assert_eq!(verdict(&self.deployment.send("withdrawal", &paid).await).1, 2009);
        self.resolve_as("never", Action::Charge, "withdrawal", |case| case.claim.tenant_user_id == "2049")
            .await;
        let balance = self.deployment.ledger.balance("2049", &asset).await.unwrap();
        assert_eq!((balance.available.to_string(), balance.owed.to_string()), ("0".into(), "3.5".into()));
    }

    async fn send(&self, function: &str, plaintext: &str) {
        assert_eq!(verdict(&self.deployment.send(function, plaintext).await), ACCEPTED);
    }

    /// Ends the one open case of a kind of which this is so.
    async fn resolve(&self, action: Action, kind: &str, is_it: impl Fn(&RecordedCase) -> bool) {
        let id = format!("{kind}-{action}");
        self.resolve_as(&id, action, kind, is_it).await;
    }

    async fn resolve_as(&self, id: &str, action: Action, kind: &str, is_it: impl Fn(&RecordedCase) -> bool) {
        let key = self.case(kind, is_it).await;
        let expected = Box::pin(self.operator.case(&key, SystemTime::now())).await.unwrap().expected;
        self.act(Target::Case(&key), action, id, expected).await;
    }

    /// The one open case of a kind of which this is so.
    async fn case(&self, kind: &str, is_it: impl Fn(&RecordedCase) -> bool) -> CaseKey {
        let page = self.operator.ledger.open_cases(&CaseFilter::default(), 100, None).await.unwrap().unwrap();
        let of_kind = page.cases.into_iter().filter(|case| case.case_key.kind() == kind && is_it(case));
        let keys: Vec<_> = of_kind.map(|case| case.case_key).collect();
        let [key] = keys.as_slice() else { panic!("{keys:?}") };
        key.clone()
    }

    /// Does this to an order, without a case.
    async fn put_right(&self, action: Action, id: &str) {
        let id = id.into();
        let order = self.operator.ledger.order(&id).await.unwrap();
        self.act(Target::Order(&id), action, id.as_str(), Expected::of(None, order.as_ref())).await;
    }

    async fn act(&self, target: Target<'_>, action: Action, id: &str, expected: Expected) {
        let (id, reason) = (id.to_owned(), "the platform's word".to_owned());
        let resolution = Resolution { id, action, reason, expected, tracking_id: None };
        let done = Box::pin(self.operator.resolve(target, &resolution, "arn", SystemTime::now())).await;
        assert!(done.unwrap().is_new);
    }

    /// The one event with this outcome that names this transaction, order or action.
    async fn event(&self, outcome: &str, name: &str) -> Item {
        let is_it = |event: &Item| {
            let told = event.get("callback").map_or("", |callback| callback.as_s().unwrap());
            let is_named = told.contains(&format!("\"{name}\""))
                || [event.get("callBackId"), event.get("action"), event.get("operator")]
                    .contains(&Some(&text(name)));
            is_named && event["outcome"] == text(outcome)
        };
        let mut found: Vec<_> = self.deployment.events().await.into_iter().filter(is_it).collect();
        assert_eq!(found.len(), 1, "{outcome} {name}");
        found.remove(0)
    }

    async fn update(
        &self,
        table: &str,
        key: &[(&str, &str)],
        expression: &str,
        name: &str,
        value: Option<AttributeValue>,
    ) {
        let key = key.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect();
        let update =
            self.client.update_item().table_name(table).set_key(Some(key)).update_expression(expression);
        let update = update.expression_attribute_names("#name", name);
        let values = value.map(|value| [(":value".to_owned(), value)].into());
        update.set_expression_attribute_values(values).send().await.unwrap();
    }

    /// Adds to a part of user 1945's balance, as a function would with its event.
    async fn add(&self, part: &str, value: &str) {
        let key = [("tenantUserId", "1945"), ("asset", "TRON#USDT")];
        self.update("Balances", &key, "ADD #name :value", part, Some(number(value))).await;
    }

    async fn set_order(&self, id: &str, name: &str, value: AttributeValue) {
        self.update("Withdrawals", &[("callBackId", id)], "SET #name = :value", name, Some(value)).await;
    }

    async fn put(&self, table: &str, item: Item) {
        self.client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
    }

    async fn delete(&self, table: &str, key: &str, value: &str) {
        self.client.delete_item().table_name(table).key(key, text(value)).send().await.unwrap();
    }

    async fn found(&self) -> Audit {
        audit(self.deployment.stack.config(), Reading::default()).await.unwrap()
    }

    /// The audit's differences are these and no more.
    async fn assert_found(&self, expected: &[(Kind, &str)]) {
        let audit = self.found().await;
        let found: Vec<_> = audit.differences.iter().map(|found| (found.kind, &*found.key)).collect();
        assert_eq!(found, expected, "{audit}");
        assert_eq!(audit.undecided, []);
    }

    /// A changed event, its change in the balance, and what is found of it, until all is as it was.
    async fn assert_posting_found(
        &self,
        event: &Item,
        parts: [&[(&str, &str)]; 2],
        expected: &[(Kind, &str)],
    ) {
        let [posted, added] = parts;
        self.put("Events", posting(event.clone(), posted)).await;
        for (part, value) in added {
            self.add(part, value).await;
        }
        self.assert_found(expected).await;
        self.put("Events", event.clone()).await;
        for (part, value) in added {
            let back = value.strip_prefix('-').map_or_else(|| format!("-{value}"), str::to_owned);
            self.add(part, &back).await;
        }
    }

    /// The command, as an operator runs it.
    fn command(&self, arguments: &[&str]) -> Output {
        let environment = self.deployment.stack.environment().iter().map(|(name, value)| (name, value));
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_waas-local"));
        let run = || command.arg("audit").args(arguments).envs(environment).output();
        tokio::task::block_in_place(run).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_balance_that_its_postings_do_not_explain_is_named() {
    let scene = Scene::new().await;
    scene.add("available", "0.00000001").await;
    scene.assert_found(&[(Kind::Balance, USDT)]).await;
    let report = scene.found().await.to_string();
    let line = report.lines().next().unwrap();
    assert!(
        line.starts_with("balance 1945 TRON#USDT: recorded available ") && line.contains(", posted "),
        "{line}"
    );
    assert!(report.ends_with("balances, 1 differences"), "{report}");

    // The command, as an operator runs it.
    let failed = scene.command(&[]);
    assert_eq!(
        (failed.status.code(), &*String::from_utf8_lossy(&failed.stdout)),
        (Some(1), &*format!("{report}\n"))
    );
    let failed = scene.command(&["--json", "--progress"]);
    let json: Value = serde_json::from_slice(&failed.stdout).unwrap();
    assert_eq!(
        (&json["differences"][0]["kind"], &json["differences"][0]["key"]),
        (&"balance".into(), &USDT.into())
    );
    assert_eq!(json["read"].as_array().unwrap().len(), 4);
    assert!(String::from_utf8_lossy(&failed.stderr).contains("events: "), "{failed:?}");
    scene.add("available", "-0.00000001").await;
    assert_eq!(scene.command(&[]).status.code(), Some(0));

    for (part, expected) in [
        ("frozen", &[(Kind::Balance, USDT), (Kind::Frozen, USDT)][..]),
        ("held", &[(Kind::Balance, USDT), (Kind::Held, USDT)]),
        ("owed", &[(Kind::Balance, USDT)]),
    ] {
        scene.add(part, "1").await;
        scene.assert_found(expected).await;
        scene.add(part, "-1").await;
    }
    let nobody = [("tenantUserId", text("nobody")), ("asset", text("TRON#USDT")), ("available", number("1"))];
    scene.put("Balances", nobody.map(|(name, value)| (name.to_owned(), value)).into()).await;
    scene.assert_found(&[(Kind::Balance, "nobody TRON#USDT")]).await;
}

/// Event and balance agree, as where a function was made to write both; what it was told does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_posting_that_is_not_what_was_told_is_named() {
    let scene = Scene::new().await;
    let (posting, frozen, held) = (Kind::Posting, (Kind::Frozen, USDT), (Kind::Held, USDT));

    let credited = scene.event("credited", "plain").await;
    let parts: [&[_]; 2] = [&[("available", "101")], &[("available", "1")]];
    scene.assert_posting_found(&credited, parts, &[(posting, key_of(&credited))]).await;
    let waiting = scene.event("held", "waiting").await;
    let parts: [&[_]; 2] = [&[("held", "0"), ("available", "5")], &[("held", "-5"), ("available", "5")]];
    let case = scene.case("deposit", |_| true).await;
    scene
        .assert_posting_found(&waiting, parts, &[(posting, key_of(&waiting)), (Kind::Case, case.as_str())])
        .await;

    let reserved = scene.event("reserved", "reserved").await;
    let parts: [&[_]; 2] =
        [&[("available", "-2"), ("frozen", "2")], &[("available", "1.3"), ("frozen", "-1.3")]];
    scene.assert_posting_found(&reserved, parts, &[frozen, (posting, key_of(&reserved))]).await;
    let late = scene.event("completed-unconfirmed", "late").await;
    let parts: [&[_]; 2] = [&[("available", "-1")], &[("available", "0.5")]];
    scene.assert_posting_found(&late, parts, &[(posting, key_of(&late))]).await;
    let paid = scene.event("completed", "paid").await;
    let parts: [&[_]; 2] = [&[("frozen", "-3")], &[("frozen", "0.3")]];
    scene.assert_posting_found(&paid, parts, &[frozen, (posting, key_of(&paid))]).await;

    // Of what names no amount, the order's counts.
    for (outcome, id) in [("failed", "failed"), ("cancelled", "cancelled")] {
        let event = scene.event(outcome, id).await;
        let parts: [&[_]; 2] =
            [&[("available", "4.3"), ("frozen", "-4.3")], &[("available", "1"), ("frozen", "-1")]];
        scene.assert_posting_found(&event, parts, &[frozen, (Kind::OrderPosting, id)]).await;
    }
    let settled = scene.event("resolved", "settle").await;
    let parts: [&[_]; 2] = [&[("frozen", "-4.3")], &[("frozen", "-1")]];
    scene.assert_posting_found(&settled, parts, &[frozen, (Kind::OrderPosting, "settled")]).await;
    let reversed = scene.event("resolved", "reverse").await;
    let parts: [&[_]; 2] = [&[("available", "4.3")], &[("available", "1")]];
    scene.assert_posting_found(&reversed, parts, &[(Kind::OrderPosting, "reversed")]).await;

    // And the case's, or the held deposit's.
    for (action, part, value, by, is_held) in [
        ("credit", "available", "8", "1", false),
        ("charge", "available", "-4", "-1", false),
        ("reject", "held", "-7", "-1", true),
    ] {
        let events = scene.deployment.events().await;
        let is_it = |event: &&Item| {
            event.get("action") == Some(&text(action))
                && event["tenantUserId"] == text("1945")
                && !event["postings"].as_l().unwrap().is_empty()
        };
        let event = events.iter().find(is_it).unwrap();
        let case = event["caseKey"].as_s().unwrap();
        let held = is_held.then_some(held);
        let expected: Vec<_> = held.into_iter().chain([(Kind::CasePosting, &**case)]).collect();
        scene.assert_posting_found(event, [&[(part, value)], &[(part, by)]], &expected).await;
    }
    let released = scene.event("released", "arn").await;
    let case = released["caseKey"].as_s().unwrap();
    let parts: [&[_]; 2] = [&[("available", "5"), ("held", "-5")], &[("available", "1"), ("held", "-1")]];
    scene.assert_posting_found(&released, parts, &[held, (Kind::CasePosting, case)]).await;
    scene.assert_found(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_stands_where_no_event_has_brought_it_is_named() {
    let scene = Scene::new().await;
    let (frozen, state) = ((Kind::Frozen, USDT), Kind::OrderState);
    for (id, before, after, [moves_frozen, is_listed_wrong]) in [
        ("reserved", "reserved", "completed", [true, true]), // ended without an event
        ("failed", "failed", "reserved", [true, true]),      // open with one
        ("reserved", "reserved", "confirmed", [false, false]),
        ("paid", "completed", "failed", [false, false]),
        ("unregistered", "completed", "reported", [false, true]),
        ("reversed", "failed", "completed", [false, false]),
    ] {
        scene.set_order(id, "state", text(after)).await;
        let (frozen, listed) =
            (moves_frozen.then_some(frozen), is_listed_wrong.then_some((Kind::OrderOpen, id)));
        scene.assert_found(&frozen.into_iter().chain([(state, id)]).chain(listed).collect::<Vec<_>>()).await;
        scene.set_order(id, "state", text(before)).await;
    }

    // A second event that ends it, with its posting.
    let failed = scene.event("failed", "failed").await;
    let again = changed(failed, "eventKey", text("withdrawal-failure.again"));
    scene.put("Events", again).await;
    scene.add("available", "3.3").await;
    scene.add("frozen", "-3.3").await;
    scene.assert_found(&[frozen, (Kind::OrderPosting, "failed")]).await;
    scene.delete("Events", "eventKey", "withdrawal-failure.again").await;
    scene.add("available", "-3.3").await;
    scene.add("frozen", "3.3").await;

    let key = [("callBackId", "paid")];
    scene.set_order("unregistered", "registeredAt", text("2026-01-02T03:04:05.678Z")).await;
    scene.update("Withdrawals", &key, "REMOVE #name", "registeredAt", None).await;
    let both = |kind| [(kind, "paid"), (kind, "unregistered")];
    scene.assert_found(&[both(Kind::OrderRegistration), both(Kind::OrderOpen)].concat()).await;
    scene.set_order("paid", "registeredAt", text("2026-01-02T03:04:05.678Z")).await;
    let key = [("callBackId", "unregistered")];
    scene.update("Withdrawals", &key, "REMOVE #name", "registeredAt", None).await;

    for (name, before, after) in [
        ("amount", number("3.3"), number("3")),
        ("tenantUserId", text("1945"), text("2049")),
        ("symbol", text("USDT"), text("TRX")),
        ("payableIn", text("confirmed"), text("reserved")),
        ("address", text(PAYEE), text("TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb")),
    ] {
        scene.set_order("confirmed", name, after).await;
        scene.assert_found(&[(Kind::OrderTerms, "confirmed")]).await;
        scene.set_order("confirmed", name, before).await;
    }

    let registration = scene.event("reserved", "reserved").await;
    scene.delete("Events", "eventKey", key_of(&registration)).await;
    let nothing_froze_it =
        [(Kind::Balance, USDT), frozen, (state, "reserved"), (Kind::OrderRegistration, "reserved")];
    scene.assert_found(&nothing_froze_it).await;
    scene.put("Events", registration).await;
    scene.delete("Withdrawals", "callBackId", "reserved").await;
    scene.assert_found(&[frozen, (state, "reserved")]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_was_credited_twice_is_named_unless_an_operator_credited_it() {
    let scene = Scene::new().await;
    let credited = scene.event("credited", "plain").await;
    let again =
        changed(changed(credited.clone(), "eventKey", text("deposit.again")), "tenantUserId", text("2049"));
    let mut again = again;
    let Some(AttributeValue::L(postings)) = again.get_mut("postings") else { panic!("no postings") };
    let [AttributeValue::M(posting)] = postings.as_mut_slice() else { panic!("not one posting") };
    posting.insert("tenantUserId".to_owned(), text("2049"));
    scene.put("Events", again).await;
    let key = [("tenantUserId", "2049"), ("asset", "TRON#USDT")];
    scene.update("Balances", &key, "ADD #name :value", "available", Some(number("100"))).await;
    scene.assert_found(&[(Kind::CreditedTwice, key_of(&credited))]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_without_its_cause_or_its_end_is_named() {
    let scene = Scene::new().await;
    let foreign = scene.case("withdrawal-failure", |_| true).await;
    let waiting = scene.case("deposit", |_| true).await;
    let record = async |key: &CaseKey| {
        let get = scene.client.get_item().table_name("Cases").key("caseKey", text(key.as_str()));
        get.send().await.unwrap().item.unwrap()
    };
    let (of_foreign, of_waiting) = (record(&foreign).await, record(&waiting).await);
    let closed = |mut case: Item| {
        case.remove("open");
        case.remove("openSince");
        case
    };

    // The event of an open case is gone.
    let event = scene.event("foreign", "confirmed").await;
    scene.delete("Events", "eventKey", key_of(&event)).await;
    scene.assert_found(&[(Kind::Case, foreign.as_str())]).await;
    scene.put("Events", event).await;

    // A case is hidden, or lost, or said to have ended.
    for (key, case) in [(&foreign, &of_foreign), (&waiting, &of_waiting)] {
        scene.put("Cases", closed(case.clone())).await;
        scene.assert_found(&[(Kind::Case, key.as_str())]).await;
        scene.put("Cases", changed(closed(case.clone()), "resolutionKey", text("resolution.none"))).await;
        scene.assert_found(&[(Kind::Case, key.as_str())]).await;
        scene.put("Cases", case.clone()).await;
    }
    scene.delete("Cases", "caseKey", waiting.as_str()).await;
    scene.assert_found(&[(Kind::Case, waiting.as_str())]).await;
    scene.put("Cases", of_waiting).await;

    // One that ended is open again, as where the table was restored alone.
    let acts = scene.deployment.events().await;
    let case_of =
        |is_act: &dyn Fn(&Item) -> bool| acts.iter().find(|event| is_act(event)).unwrap()["caseKey"].clone();
    let released = case_of(&|event| event["outcome"] == text("released"));
    let credited = case_of(&|event| event.get("action") == Some(&text("credit")));
    for ended in [released, credited].map(|key| CaseKey::from(key.as_s().unwrap().clone())) {
        let case = record(&ended).await;
        let since = text("2026-01-02T03:04:05.678Z");
        scene.put("Cases", changed(changed(case.clone(), "open", text("open")), "openSince", since)).await;
        scene.assert_found(&[(Kind::Case, ended.as_str())]).await;
        scene.put("Cases", case).await;
    }
    scene.assert_found(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_cannot_be_read_is_named_and_ends_nothing() {
    let scene = Scene::new().await;
    let event = scene.event("stalled-unregistered", "spoken-of").await;
    scene.put("Events", changed(event.clone(), "postings", text("none"))).await;
    let named = format!("event {}", key_of(&event));
    scene.assert_found(&[(Kind::OrderState, "spoken-of"), (Kind::Unreadable, &named)]).await;
    let mut no_time = event.clone();
    no_time.remove("recordedAt");
    no_time.remove("tenantUserId");
    scene.put("Events", no_time).await;
    scene.assert_found(&[(Kind::OrderState, "spoken-of"), (Kind::Unreadable, &named)]).await;
    scene.put("Events", event).await;

    scene.set_order("paid", "state", text("gone")).await;
    scene.assert_found(&[(Kind::Unreadable, "order paid")]).await;
    scene.set_order("paid", "state", text("completed")).await;
    let key = [("tenantUserId", "2049"), ("asset", "TRON#USDT")];
    scene.update("Balances", &key, "SET #name = :value", "available", Some(text("much"))).await;
    scene.assert_found(&[(Kind::Unreadable, "balance 2049 TRON#USDT")]).await;
}

/// Users who deposit, register, are paid, cancel and give all the time, while one audit follows the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callbacks_that_arrive_while_it_reads_are_no_difference() {
    let deployment = Deployment::new().await;
    let damaged = waas_callback_aws::clients::dynamodb(deployment.stack.config());
    let users: Vec<String> = (0..4).map(|user| format!("user-{user}")).collect();
    for user in &users {
        deployment.deposit(user, "USDT", "1000").await;
    }
    let live = std::sync::atomic::AtomicBool::new(true);
    let is_live = || live.load(std::sync::atomic::Ordering::Relaxed);
    let busy = users.iter().map(|user| {
        let deployment = &deployment;
        async move {
            let mut round = 0;
            while is_live() {
                round += 1;
                deployment.deposit(user, "USDT", "2.5").await;
                let (paid, cancelled) = (format!("p-{user}-{round}"), format!("c-{user}-{round}"));
                for id in [&paid, &cancelled] {
                    assert_eq!(deployment.register(id, user, "1.5", PAYEE).await, 201);
                }
                let of_user = |plaintext: &str| with(plaintext, "tenantUserId", &**user);
                deployment.send("withdrawal-confirmation", &of_user(&confirmation(&paid))).await;
                deployment.send("withdrawal", &of_user(&completion(&paid, "1.5"))).await;
                let path = format!("/withdrawals/{cancelled}");
                assert_eq!(deployment.act(http::Method::DELETE, &path).await.0, 200);
                let gift = [(&**user, "USDT", "-0.5"), ("whose-gifts-they-are", "USDT", "0.5")];
                assert_eq!(move_(deployment, &format!("m-{user}-{round}"), &gift).await.0, 201);
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            round
        }
    });
    let audits = async {
        let mut events = Vec::new();
        for _ in 0..5 {
            let found = audit(deployment.stack.config(), Reading::default()).await.unwrap();
            assert_eq!(found.differences, [], "{found}");
            events.push(found.read[0].records);
        }
        // A user at rest whose balance is wrong is told from those whose balances move.
        let update = damaged.update_item().table_name("Balances").key("tenantUserId", text("at-rest"));
        let update = update.key("asset", text("TRON#USDT")).update_expression("ADD available :one");
        update.expression_attribute_values(":one", number("1")).send().await.unwrap();
        let found = audit(deployment.stack.config(), Reading::default()).await.unwrap();
        let named: Vec<_> = found.differences.iter().map(|found| (found.kind, &*found.key)).collect();
        assert_eq!(named, [(Kind::Balance, "at-rest TRON#USDT")], "{found}");
        live.store(false, std::sync::atomic::Ordering::Relaxed);
        events
    };
    let (rounds, events) = tokio::join!(futures_util::future::join_all(busy), audits);
    assert!(rounds.iter().all(|rounds| *rounds > 1), "{rounds:?}");
    assert!(
        events.windows(2).filter(|pair| pair[0] < pair[1]).count() > 2,
        "events came meanwhile: {events:?}"
    );
}
