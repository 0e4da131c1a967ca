//! What reconciliation finds, puts right and notes, and what somebody would only make of it.

use http::Method;
use serde_json::json;
use std::time::{Duration, SystemTime};
use waas_callback_aws::RUN_KEY;

use super::submitted::without;
use super::*;

const DAY: Duration = Duration::from_hours(24);

/// A ledger that was held against its platform, and a hand that writes where only functions should.
struct Reconciled {
    reconciling: Reconciling,
    client: Client,
}

impl Reconciled {
    /// Orders that were paid, ended without it, and are unknown there, of which one was taken back after that was found; a
    /// payment that nobody registers; a day of which the platform counts more.
    async fn new() -> Self {
        let mut reconciling = Reconciling::new().await;
        reconciling.settings.is_applied = true;
        let client = waas_callback_aws::clients::dynamodb(reconciling.stack.config());
        reconciling.deposit("1945", "USDT", "100").await;
        for id in ["failed", "unknown", "over"] {
            assert_eq!(reconciling.register(id, "1945", "3.3", PAYEE).await, 201);
        }
        assert_eq!(reconciling.register_in("direct", "paid", "1945", "3.3", PAYEE).await, 201);
        let terms = json!({ "chainName": "TRON", "symbol": "USDT", "amount": "3.3", "toAddress": PAYEE });
        let ended = |id: &str, state: u8| json!({ "callBackId": id, "tenantUserId": "1945", "orderState": state, "terms": terms });
        reconciling.gate.add(json!({ "withdrawals": [ended("paid", 3), ended("failed", 6)] }));
        let nobody = with(&completion("nobody", "1"), "tenantUserId", "1945");
        assert_eq!(verdict(&reconciling.send("withdrawal", &retry_of(&nobody)).await), ACCEPTED);
        // Of the day after the first run, the platform has a deposit.
        let tomorrow = SystemTime::now() + DAY;
        reconciling.gate.advance(tomorrow.duration_since(reconciling.gate.now()).unwrap());
        let untold = deposit_at(&address_of("1945"), "1945", "untold", "1");
        reconciling.gate.add(json!({ "deposits": [untold] }));
        for _ in 0..4 {
            reconciling.run().await;
        }
        assert_eq!(reconciling.act(Method::DELETE, "/withdrawals/over").await.0, 200);
        let paid = with(&completion("paid", "3.3"), "tenantUserId", "1945");
        assert_eq!(verdict(&reconciling.send("withdrawal", &retry_of(&paid)).await), ACCEPTED);
        reconciling.forget_sums().await;
        reconciling.run().await;
        let outcomes = reconciling.outcomes().await;
        let expected = [
            ("found", 4),
            ("finding-over", 1),
            ("settled-unproven", 1),
            ("unfrozen", 1),
            ("completion-proved", 1),
        ];
        for (outcome, count) in expected {
            assert_eq!(outcomes.get(outcome), Some(&count), "{outcome}: {outcomes:?}");
        }
        reconciling.assert_audited().await;
        Self { reconciling, client }
    }

    /// The event with this outcome of an order, or of a day or a reason.
    async fn event(&self, outcome: &str, of: &str) -> Item {
        let is_it = |event: &Item| {
            event["outcome"] == text(outcome)
                && ["callBackId", "finding"].iter().any(|name| event.get(*name) == Some(&text(of)))
        };
        let found: Vec<_> = self.reconciling.events().await.into_iter().filter(is_it).collect();
        let [event] = found.as_slice() else { panic!("{outcome} {of}: {found:?}") };
        event.clone()
    }

    /// The case that names an event.
    async fn case(&self, event: &Item) -> String {
        let names = |case: &Item| case.get("eventKey") == Some(&event["eventKey"]);
        let case = self.reconciling.cases().await.into_iter().find(names).unwrap();
        case["caseKey"].as_s().unwrap().clone()
    }

    async fn put(&self, table: &str, item: Item) {
        self.client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
    }

    async fn assert_found(&self, expected: &[(Kind, &str)]) {
        let audit = audit(self.reconciling.stack.config(), Reading::default()).await.unwrap();
        let found: Vec<_> = audit.differences.iter().map(|found| (found.kind, &*found.key)).collect();
        assert_eq!(found, expected, "{audit}");
    }

    /// A hand that writes into a record what should not stand there, and what is found of it.
    async fn assert_damage_found(
        &self,
        table: &str,
        key: &[(&str, &str)],
        damage: impl Fn(Item) -> Item,
        expected: &[(Kind, &str)],
    ) {
        let key = key.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect();
        let get = self.client.get_item().table_name(table).set_key(Some(key));
        let record = get.send().await.unwrap().item.unwrap();
        self.put(table, damage(record.clone())).await;
        self.assert_found(expected).await;
        self.put(table, record).await;
    }
}

#[tokio::test]
async fn an_order_that_is_kept_from_being_compared_or_is_compared_for_nothing_is_named() {
    let scene = Reconciled::new().await;
    let since = || text("2026-01-02T03:04:05.678Z");
    let damages: [(&str, &dyn Fn(Item) -> Item); 6] = [
        ("unknown", &|order| without(order, &["open", "openSince"])),
        ("unknown", &|order| without(order, &["openSince"])),
        ("unknown", &|order| changed(order, "open", text("registration"))),
        ("unknown", &|order| changed(order, "openSince", text("never"))),
        ("nobody", &|order| without(order, &["open", "openSince"])),
        ("paid", &|order| changed(changed(order, "open", text("end")), "openSince", since())),
    ];
    for (id, damage) in damages {
        scene
            .assert_damage_found("Withdrawals", &[("callBackId", id)], damage, &[(Kind::OrderOpen, id)])
            .await;
    }
    scene.assert_found(&[]).await;
}

#[tokio::test]
async fn what_is_not_counted_for_its_day_is_named() {
    let scene = Reconciled::new().await;
    let deposit =
        scene.reconciling.events().await.into_iter().find(|event| event["outcome"] == text("credited"));
    let (deposit, payment) = (deposit.unwrap(), scene.event("completed-unregistered", "nobody").await);
    let found = scene.event("found", "counts-differ").await;
    let damages: [(&Item, &dyn Fn(Item) -> Item); 5] = [
        (&deposit, &|event| without(event, &["countedOn"])),
        (&deposit, &|event| changed(event, "countedOn", text("1#2026-01-02"))),
        (&payment, &|event| without(event, &["countedOn"])),
        (&payment, &|event| {
            let day = event["countedOn"].as_s().unwrap().replacen('3', "1", 1);
            changed(event, "countedOn", text(&day))
        }),
        (&found, &|event| changed(event, "countedOn", text("3#2026-01-02"))),
    ];
    for (event, damage) in damages {
        let key = key_of(event);
        scene.assert_damage_found("Events", &[("eventKey", key)], damage, &[(Kind::Counted, key)]).await;
    }
    scene.assert_found(&[]).await;
}

#[tokio::test]
async fn a_sum_that_is_not_that_of_the_events_until_then_is_named() {
    let scene = Reconciled::new().await;
    let key = [("tenantUserId", "1945"), ("asset", "TRON#USDT")];
    for part in ["auditedAvailable", "auditedFrozen", "auditedHeld", "auditedOwed"] {
        let damage = |balance| changed(balance, part, number("7"));
        scene.assert_damage_found("Balances", &key, damage, &[(Kind::Checkpoint, USDT)]).await;
    }
    // Noted for another time: by then there was less.
    let damage = |balance| changed(balance, "auditedTo", text("2026-01-02T03:04:05.678Z"));
    scene.assert_damage_found("Balances", &key, damage, &[(Kind::Checkpoint, USDT)]).await;
    // A sum that fits a balance that somebody wrote: the events fit neither.
    let damage =
        |balance| changed(changed(balance, "available", number("1000")), "auditedAvailable", number("1000"));
    let expected = [(Kind::Balance, USDT), (Kind::Checkpoint, USDT)];
    scene.assert_damage_found("Balances", &key, damage, &expected).await;
    scene.assert_found(&[]).await;
}

#[tokio::test]
async fn a_finding_that_was_hidden_or_made_up_is_named() {
    let scene = Reconciled::new().await;
    for of in ["unknown", "registration-missing", "counts-differ"] {
        let event = scene.event("found", of).await;
        let case = scene.case(&event).await;
        let hidden = |case| without(case, &["open", "openSince"]);
        scene.assert_damage_found("Cases", &[("caseKey", &case)], hidden, &[(Kind::Case, &case)]).await;
        let made_up =
            |case| changed(case, "eventKeys", AttributeValue::Ss(vec!["reconciliation.none".into()]));
        scene.assert_damage_found("Cases", &[("caseKey", &case)], made_up, &[(Kind::Case, &case)]).await;
        // Closed by the end of another.
        let over = scene.event("finding-over", "over").await;
        let closed = |case| {
            let case = without(case, &["open", "openSince"]);
            changed(case, "resolutionKey", over["eventKey"].clone())
        };
        scene.assert_damage_found("Cases", &[("caseKey", &case)], closed, &[(Kind::Case, &case)]).await;
    }
    // What is over is open again.
    let case = scene.case(&scene.event("found", "over").await).await;
    let open = |case| {
        let case = changed(case, "open", text("open"));
        changed(case, "openSince", text("2026-01-02T03:04:05.678Z"))
    };
    scene.assert_damage_found("Cases", &[("caseKey", &case)], open, &[(Kind::Case, &case)]).await;
    // How far it is, is no case, whatever stands there.
    let damage = |run| changed(run, "lastRun", text("nothing"));
    scene.assert_damage_found("Cases", &[("caseKey", RUN_KEY)], damage, &[]).await;
    scene.assert_found(&[]).await;
}

#[tokio::test]
async fn what_was_put_right_by_another_amount_or_twice_is_named() {
    let scene = Reconciled::new().await;
    let settled = scene.event("settled-unproven", "paid").await;
    let unfrozen = scene.event("unfrozen", "failed").await;
    let found = scene.event("found", "unknown").await;
    let checked = [(Kind::Balance, USDT), (Kind::OrderPosting, "paid"), (Kind::Checkpoint, USDT)];
    let damage = |event| posting(event, &[("frozen", "-4.3")]);
    scene.assert_damage_found("Events", &[("eventKey", key_of(&settled))], damage, &checked).await;
    for (event, parts) in [
        (&settled, &[("available", "3.3")][..]),
        (&unfrozen, &[("available", "4.3")]),
        (&unfrozen, &[("held", "1")]),
    ] {
        let expected = [(Kind::Balance, USDT), (Kind::Posting, key_of(event)), (Kind::Checkpoint, USDT)];
        let damage = |event| posting(event, parts);
        scene.assert_damage_found("Events", &[("eventKey", key_of(event))], damage, &expected).await;
    }
    // A finding that moves money.
    let moving = |event| changed(event, "postings", settled["postings"].clone());
    let expected = [(Kind::Balance, USDT), (Kind::Posting, key_of(&found)), (Kind::Checkpoint, USDT)];
    scene.assert_damage_found("Events", &[("eventKey", key_of(&found))], moving, &expected).await;
    // Settled once more, with its posting.
    scene.put("Events", changed(settled.clone(), "eventKey", text("reconciliation.again"))).await;
    scene
        .assert_found(&[(Kind::Balance, USDT), (Kind::OrderPosting, "paid"), (Kind::Checkpoint, USDT)])
        .await;
}
