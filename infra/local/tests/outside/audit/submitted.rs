//! What is on its way to the platform, what came of it, and what somebody would only make of it.

use http::Method;
use serde_json::json;

use super::*;

const SUBMISSION: Kind = Kind::OrderSubmission;

/// Orders on their way to the platform, and a hand that writes where only functions should.
struct Submitted {
    verifying: Verifying,
    client: Client,
}

impl Submitted {
    /// Orders that arrived, were refused, are unclear, wait, were taken back and are nobody's here.
    async fn new() -> Self {
        let verifying = Verifying::with(&[("WAAS_SUBMISSION_UNCLEAR_SECONDS", "0")]).await;
        verifying.fund("1945", "100").await;
        let client = waas_callback_aws::clients::dynamodb(verifying.stack.config());
        let scene = Self { verifying, client };
        let says = |status, text: &str| PlatformFault::Answer(status, text.to_owned());
        let refusal = says(200, r#"{"code":7,"message":"no","data":null}"#);
        for (id, fault) in
            [("arrived", None), ("refused", Some(refusal)), ("unclear", Some(says(500, "down")))]
        {
            scene.register(id, true).await;
            scene.verifying.gate.fail_next(fault);
            scene.submit(id).await;
            // What the platform refused is asked for once more.
            scene.verifying.make_due().await;
            scene.submit(id).await;
        }
        for (id, is_submitted) in [("waiting", true), ("taken-back", true), ("own", false)] {
            scene.register(id, is_submitted).await;
        }
        let taken_back = scene.verifying.act(Method::DELETE, "/withdrawals/taken-back").await;
        assert_eq!(taken_back.0, 200);
        scene.submit("taken-back").await;
        let outcomes = scene.verifying.outcomes().await;
        let ends = ["submitted", "submission-refused", "submission-unclear", "ignored"];
        assert!(ends.iter().all(|end| outcomes.get(*end) == Some(&1)), "{outcomes:?}");
        scene.verifying.assert_audited().await;
        scene
    }

    async fn register(&self, id: &str, is_submitted: bool) {
        let order = json!({ "callBackId": id, "tenantUserId": "1945", "chainName": "TRON", "symbol": "USDT",
                            "amount": "3.3", "address": PAYEE, "submit": is_submitted });
        let (status, answer) = self.verifying.call(Method::POST, "/withdrawals", Some(&order)).await;
        assert_eq!(status, 201, "{answer}");
    }

    async fn submit(&self, id: &str) {
        let (lambda, _) = self.verifying.function(SUBMITTER).await;
        let messages = [json!({ "caseKey": self.case_of(id).await })];
        assert_eq!(lambda.invoke_raw(batch(&messages)).await.unwrap(), json!({ "batchItemFailures": [] }));
    }

    /// The event of an order with this outcome.
    async fn event(&self, id: &str, outcome: &str) -> Item {
        let is_it =
            |event: &Item| event.get("callBackId") == Some(&text(id)) && event["outcome"] == text(outcome);
        let mut found = self.verifying.events().await.into_iter().filter(is_it);
        found.next().unwrap_or_else(|| panic!("{outcome} {id}"))
    }

    async fn case_of(&self, id: &str) -> String {
        self.event(id, "reserved").await["submission"].as_s().unwrap().clone()
    }

    async fn record(&self, table: &str, key: &str, value: &str) -> Item {
        let get = self.client.get_item().table_name(table).key(key, text(value));
        get.send().await.unwrap().item.unwrap()
    }

    async fn put(&self, table: &str, item: Item) {
        self.client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
    }

    async fn delete(&self, table: &str, key: &str, value: &str) {
        self.client.delete_item().table_name(table).key(key, text(value)).send().await.unwrap();
    }

    async fn assert_found(&self, expected: &[(Kind, &str)]) {
        let audit = audit(self.verifying.stack.config(), Reading::default()).await.unwrap();
        let found: Vec<_> = audit.differences.iter().map(|found| (found.kind, &*found.key)).collect();
        assert_eq!(found, expected, "{audit}");
    }

    /// A hand that writes into a record what should not stand there, and what is found of it.
    async fn assert_damage_found(
        &self,
        [table, key, value]: [&str; 3],
        damage: impl Fn(Item) -> Item,
        expected: &[(Kind, &str)],
    ) {
        let record = self.record(table, key, value).await;
        self.put(table, damage(record.clone())).await;
        self.assert_found(expected).await;
        self.put(table, record).await;
    }
}

pub(super) fn without(mut item: Item, names: &[&str]) -> Item {
    for name in names {
        item.remove(*name);
    }
    item
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_is_not_as_far_on_its_way_as_its_events_tell_is_named() {
    let scene = Submitted::new().await;
    for (id, stage) in [
        ("arrived", "submitting"),
        ("refused", "submitting"),
        ("waiting", "submitted"),
        ("unclear", "submitted"),
    ] {
        let damage = |order| changed(order, "submission", text(stage));
        scene.assert_damage_found(["Withdrawals", "callBackId", id], damage, &[(SUBMISSION, id)]).await;
    }
    for id in ["arrived", "refused"] {
        let damage = |order| changed(order, "attempts", number("2"));
        scene.assert_damage_found(["Withdrawals", "callBackId", id], damage, &[(SUBMISSION, id)]).await;
    }
    let names = ["submission", "attempts", "mayHaveArrived"];
    let damage = |order| without(order, &names);
    scene
        .assert_damage_found(["Withdrawals", "callBackId", "waiting"], damage, &[(SUBMISSION, "waiting")])
        .await;
    // One that the merchant orders itself would be ordered twice.
    let damage = |order| {
        let order = changed(changed(order, "submission", text("requested")), "attempts", number("0"));
        changed(order, "mayHaveArrived", AttributeValue::Bool(false))
    };
    scene.assert_damage_found(["Withdrawals", "callBackId", "own"], damage, &[(SUBMISSION, "own")]).await;
    scene.assert_found(&[]).await;
}

/// Event, balance, order and case agree, as where the function was made to write all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn funds_that_came_back_while_a_call_may_have_arrived_or_for_another_amount_are_named() {
    let scene = Submitted::new().await;
    let arrived = |order| changed(order, "mayHaveArrived", AttributeValue::Bool(true));
    scene
        .assert_damage_found(["Withdrawals", "callBackId", "refused"], arrived, &[(SUBMISSION, "refused")])
        .await;

    let refused = scene.event("refused", "submission-refused").await;
    let damage = |event| posting(event, &[("available", "4.3"), ("frozen", "-4.3")]);
    let expected = [(Kind::Balance, USDT), (Kind::OrderPosting, "refused")];
    scene.assert_damage_found(["Events", "eventKey", key_of(&refused)], damage, &expected).await;
    let damage = |event| posting(event, &[("available", "4.3")]);
    let expected = [(Kind::Balance, USDT), (Kind::Posting, key_of(&refused))];
    scene.assert_damage_found(["Events", "eventKey", key_of(&refused)], damage, &expected).await;

    // A refusal that never was, of an order that is under way, and of one that was never to be sent from here.
    for id in ["unclear", "own"] {
        let forged =
            changed(changed(refused.clone(), "eventKey", text("submission.forged")), "callBackId", text(id));
        let case = scene.event(id, "reserved").await.get("submission").cloned();
        let forged = match case {
            Some(case) => changed(forged, "caseKey", case),
            None => without(forged, &["caseKey"]),
        };
        scene.put("Events", forged).await;
        let order = scene.record("Withdrawals", "callBackId", id).await;
        scene
            .put(
                "Withdrawals",
                changed(without(order.clone(), &["open", "openSince"]), "state", text("failed")),
            )
            .await;
        let key = [("tenantUserId", text("1945")), ("asset", text("TRON#USDT"))];
        let get = scene.client.get_item().table_name("Balances");
        let get = get.set_key(Some(key.map(|(name, value)| (name.to_owned(), value)).into()));
        let balance = get.send().await.unwrap().item.unwrap();
        let plus = |balance: &Item, part: &str, by: &str| {
            let sum: waas_callback::Decimal = balance[part].as_n().unwrap().parse().unwrap();
            number(&sum.checked_add(by.parse().unwrap()).unwrap().to_string())
        };
        let freed = changed(balance.clone(), "available", plus(&balance, "available", "3.3"));
        let freed = changed(freed, "frozen", plus(&balance, "frozen", "-3.3"));
        scene.put("Balances", freed).await;
        scene.assert_found(&[(SUBMISSION, id)]).await;
        scene.put("Balances", balance).await;
        scene.put("Withdrawals", order).await;
        scene.delete("Events", "eventKey", "submission.forged").await;
    }
    scene.assert_found(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_nobody_would_send_and_one_that_would_be_sent_again_are_named() {
    let scene = Submitted::new().await;
    let (waiting, arrived) = (scene.case_of("waiting").await, scene.case_of("arrived").await);
    let unclear = scene.case_of("unclear").await;
    let damages: [fn(Item) -> Item; 4] = [
        |case| changed(without(case, &["nextAskAt"]), "expects", text("operator")),
        |case| changed(case, "expects", text("platform")),
        |case| changed(case, "nextAskAt", text("2126-01-02T03:04:05.678Z")),
        |case| without(case, &["open", "openSince", "nextAskAt"]),
    ];
    for damage in damages {
        scene.assert_damage_found(["Cases", "caseKey", &waiting], damage, &[(Kind::Case, &waiting)]).await;
    }
    let again = |case| {
        let case = changed(case, "nextAskAt", text("2026-01-02T03:04:05.678Z"));
        let case = changed(changed(case, "expects", text("submission")), "open", text("open"));
        changed(case, "openSince", text("2026-01-02T03:04:05.678Z"))
    };
    for key in [&arrived, &unclear] {
        scene.assert_damage_found(["Cases", "caseKey", key], again, &[(Kind::Case, key)]).await;
    }
    scene.assert_found(&[]).await;
}
