//! What waits for the platform's word, what its word moved, and what nobody would ever ask.

use http::Method;
use waas_callback::{Difference, Word};
use waas_callback_aws::Ruled;

use super::*;

const AMOUNT: Word = Word::Differs(Difference::Amount);

/// A case, and what a hand makes of its record.
type Damage<'a> = (&'a str, &'a dyn Fn(Item) -> Item);

fn without(mut item: Item, name: &str) -> Item {
    item.remove(name).unwrap();
    item
}

fn texts(values: &[&str]) -> AttributeValue {
    AttributeValue::Ss(values.iter().map(|value| (*value).to_owned()).collect())
}

impl Scene {
    /// A ledger that believes nothing at once.
    async fn verified() -> Self {
        let settings = [("WAAS_VERIFY", "true"), ("WAAS_RISK_THRESHOLD", "50")];
        let deployment = Deployment::with(&settings).await;
        let operator = Operator::connect(deployment.stack.config());
        let client = waas_callback_aws::clients::dynamodb(deployment.stack.config());
        let scene = Self { deployment, operator, client };
        Box::pin(scene.unverified_deposits()).await;
        Box::pin(scene.overtaken()).await;
        Box::pin(scene.reported_failures()).await;
        Box::pin(scene.addresses()).await;
        scene.deployment.assert_audited().await;
        scene
    }

    /// The platform's word on the one open question about this amount or order, or of this kind.
    async fn word(&self, word: Word, about: &str) -> Ruled {
        let is_it = |case: &RecordedCase| {
            case.claim.amount.as_ref().is_some_and(|amount| amount.text() == about)
                || case.claim.call_back_id == Some(about.into())
                || case.case_key.kind() == about
        };
        Box::pin(self.deployment.rule(word, is_it)).await
    }

    async fn send_deposit(&self, tx_id: &str, amount: &str, risk: u8) {
        self.send("deposit", &with(&deposit("1945", tx_id, amount), "riskLevelFrom", risk)).await;
    }

    /// The one deposit with this transaction.
    async fn deposit_of(&self, tx_id: &str) -> Item {
        let events = self.deployment.events().await;
        let is_it = |event: &&Item| {
            event["eventKey"].as_s().unwrap().starts_with("deposit.")
                && event["callback"].as_s().unwrap().contains(&format!("\"{tx_id}\""))
        };
        events.iter().find(is_it).unwrap().clone()
    }

    /// An operator ends the one case of a deposit of this amount.
    async fn decide(&self, action: Action, amount: &str) {
        let is_it = |case: &RecordedCase| case.claim.amount.as_ref().unwrap().text() == amount;
        self.resolve_as(&format!("{action}-{amount}"), action, "deposit", is_it).await;
    }

    async fn release(&self, tx_id: &str, expected: &str) {
        let deposit = self.deposit_of(tx_id).await;
        let done = self.operator.release(key_of(&deposit), "arn", SystemTime::now()).await;
        assert_eq!(done.unwrap(), expected);
    }

    async fn unverified_deposits(&self) {
        let tell = async |tx_id: &str, amount: &str, word: Word| {
            self.send_deposit(tx_id, amount, 1).await;
            self.word(word, amount).await
        };
        assert_eq!(tell("plain", "100", Word::Agrees).await, Ruled::Verified);
        assert_eq!(tell("waiting", "5", Word::Unknown).await, Ruled::AskAgain);
        assert_eq!(tell("false", "7", AMOUNT).await, Ruled::Contradicted);
        for (tx_id, amount, action) in
            [("believed", "8", Action::Release), ("disbelieved", "9", Action::Reject)]
        {
            assert_eq!(tell(tx_id, amount, AMOUNT).await, Ruled::Contradicted);
            self.decide(action, amount).await;
        }
        // Its risk is one matter, and whether it is true another.
        for (tx_id, amount) in
            [("risky", "1"), ("risky-released", "2"), ("lifted", "3"), ("lifted-true", "4")]
        {
            self.send_deposit(tx_id, amount, 80).await;
        }
        assert_eq!(self.word(Word::Agrees, "1").await, Ruled::Verified);
        assert_eq!(self.word(Word::Agrees, "2").await, Ruled::Verified);
        self.release("risky-released", "released").await;
        self.release("lifted", "risk-lifted").await;
        self.release("lifted-true", "risk-lifted").await;
        assert_eq!(self.word(Word::Agrees, "4").await, Ruled::Verified);
    }

    /// Deposits whose event a splice took first.
    async fn overtaken(&self) {
        for (tx_id, spliced, genuine) in [
            ("spliced", "899", "30"),
            ("asked", "898", "31"),
            ("nobody's", "897", "32"),
            ("open", "896", "33"),
        ] {
            let splice = with(&deposit("1945", tx_id, spliced), "tenantUserId", "2049");
            self.send("deposit", &splice).await;
            let refused = self.deployment.send("deposit", &deposit("1945", tx_id, genuine)).await;
            assert_eq!(verdict(&refused).1, 2003);
        }
        assert_eq!(self.word(Word::Agrees, "30").await, Ruled::Verified);
        assert_eq!(self.word(AMOUNT, "32").await, Ruled::Contradicted);
        // One that waits or was credited, told once more in other words.
        for (tx_id, amount, ruled) in [("waiting", "5", Ruled::AskAgain), ("plain", "100", Ruled::Verified)] {
            let again = with(&deposit("1945", tx_id, amount), "trackingId", format!("{tx_id} again"));
            assert_eq!(verdict(&self.deployment.send("deposit", &again).await).1, 2003);
            let is_it = |case: &RecordedCase| case.claim.tracking_id == Some(format!("{tx_id} again"));
            assert_eq!(Box::pin(self.deployment.rule(Word::Agrees, is_it)).await, ruled);
        }
        // An operator believes it meanwhile.
        assert_eq!(self.word(AMOUNT, "898").await, Ruled::Contradicted);
        self.decide(Action::Reject, "898").await;
        self.decide(Action::Credit, "31").await;
    }

    async fn reported_failures(&self) {
        for id in ["failed", "silent", "paid", "freed", "elsewhere", "ended"] {
            assert_eq!(self.deployment.register(id, "1945", "3.3", PAYEE).await, 201);
            self.send("withdrawal-confirmation", &confirmation(id)).await;
        }
        for id in ["failed", "silent", "paid", "freed", "never"] {
            self.send("withdrawal-failure", &failure(id)).await;
        }
        let elsewhere = with(&failure("elsewhere"), "toAddress", "TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb");
        self.send("withdrawal-failure", &elsewhere).await;
        for id in ["failed", "elsewhere", "never"] {
            assert_eq!(self.word(Word::Agrees, id).await, Ruled::Verified, "{id}");
        }
        assert_eq!(self.word(Word::Differs(Difference::Paid), "paid").await, Ruled::Contradicted);
        self.send("withdrawal", &completion("paid", "3.3")).await;
        // An operator was faster.
        self.put_right(Action::Unfreeze, "freed").await;
        assert_eq!(self.word(Word::Agrees, "freed").await, Ruled::Verified);
        // Spoken of, and registered only then.
        self.send("withdrawal-failure", &failure("late")).await;
        assert_eq!(self.deployment.register("late", "1945", "3.3", PAYEE).await, 201);
        assert_eq!(self.word(Word::Agrees, "late").await, Ruled::Verified);
        // A contradiction that nobody is asked about.
        self.send("withdrawal", &completion("ended", "3.3")).await;
        assert_eq!(verdict(&self.deployment.send("withdrawal-failure", &failure("ended")).await).1, 2009);
    }

    async fn addresses(&self) {
        let change = |address: &str, tracking_id: &str| {
            let change = with(&plain("address-change"), "newAddress", address);
            retry_of(&with(&with(&change, "tenantUserId", "1945"), "trackingId", tracking_id))
        };
        for (tracking_id, address) in [("first", PAYEE), ("again", PAYEE)] {
            self.send("address-change", &change(address, tracking_id)).await;
            assert_eq!(self.word(Word::Agrees, "address-change").await, Ruled::Verified);
        }
        self.send("address-change", &change("TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb", "later")).await;
        let user = self.deployment.call(Method::PUT, "/users/1945", None).await;
        assert_eq!(user.0, 201);
    }

    /// A case's record.
    async fn record(&self, key: &str) -> Item {
        let get = self.client.get_item().table_name("Cases").key("caseKey", text(key));
        get.send().await.unwrap().item.unwrap()
    }

    /// The case of the one event of this outcome that names this transaction or order.
    async fn case_of(&self, outcome: &str, name: &str) -> String {
        let event = self.event(outcome, name).await;
        let key = event.get("question").or_else(|| event.get("caseKey")).unwrap();
        key.as_s().unwrap().clone()
    }

    async fn assert_case_found(&self, (key, damage): Damage<'_>) {
        let case = self.record(key).await;
        self.put("Cases", damage(case.clone())).await;
        self.assert_found(&[(Kind::Case, key)]).await;
        self.put("Cases", case).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_nobody_would_ask_and_one_that_is_none_are_named() {
    let scene = Scene::verified().await;
    let never = |case: Item| changed(case, "nextAskAt", text("2126-01-02T03:04:05.678Z"));
    let unasked = |case: Item| changed(without(case, "nextAskAt"), "expects", text("operator"));
    let asked = |case: Item| {
        changed(changed(case, "nextAskAt", text("2026-01-02T03:04:05.678Z")), "expects", text("platform"))
    };
    let waiting = scene.case_of("unverified", "waiting").await;
    let refused = scene.case_of("event-conflict", "open").await;
    let silent = scene.case_of("failure-reported", "silent").await;
    let lifted = scene.case_of("held", "lifted").await;
    let address = scene.case("address-change", |_| true).await;
    for key in [&*waiting, &refused, &silent, &lifted, address.as_str()] {
        scene.assert_case_found((key, &unasked)).await;
    }
    scene.assert_case_found((&waiting, &|case| without(case, "nextAskAt"))).await;
    scene.assert_case_found((&silent, &|case| changed(case, "expects", text("operator")))).await;
    scene.assert_case_found((&waiting, &never)).await;

    // It was answered, or there never was a question, or its case is closed.
    let answered = scene.case_of("unverified", "false").await;
    let elsewhere = scene.case_of("failure-reported", "elsewhere").await;
    let ended =
        scene.case("withdrawal-failure", |case| case.claim.call_back_id == Some("ended".into())).await;
    let plain = scene.case_of("credited", "plain").await;
    for key in [&*answered, &elsewhere, ended.as_str(), &plain] {
        scene.assert_case_found((key, &asked)).await;
    }
    let as_before = |case| changed(case, "reasons", texts(&["failed-other-address", "verification"]));
    scene.assert_case_found((&elsewhere, &as_before)).await;
    scene.assert_found(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deposit_that_waits_and_the_case_that_holds_it_belong_together() {
    let scene = Scene::verified().await;
    let waiting = scene.case_of("unverified", "waiting").await;
    let contradicted = scene.case_of("unverified", "false").await;
    let lifted = scene.case_of("held", "lifted").await;
    let closed = |case: Item| {
        let mut case = changed(case, "resolutionKey", text("resolution.none"));
        for name in ["open", "openSince", "nextAskAt"] {
            case.remove(name);
        }
        case
    };
    for key in [&waiting, &contradicted, &lifted] {
        scene.assert_case_found((key, &closed)).await;
        scene.assert_case_found((key, &|case| changed(case, "reasons", texts(&["request-conflict"])))).await;
        scene.assert_case_found((key, &|case| changed(case, "amount", text("6")))).await;
        scene.assert_case_found((key, &|case| changed(case, "tenantUserId", text("2049")))).await;
    }
    // One that was credited is open again, as where the table was restored alone.
    let credited = scene.case_of("credited", "plain").await;
    let open =
        |case| changed(changed(case, "open", text("open")), "openSince", text("2026-01-02T03:04:05.678Z"));
    scene.assert_case_found((&credited, &open)).await;

    // What lifts a reason ends nothing: said to have ended the case, it does not.
    for (outcome, name) in [("contradicted", "false"), ("verified", "risky")] {
        let event = scene.event(outcome, name).await;
        let key = event["caseKey"].as_s().unwrap();
        let ended = |case| changed(closed(case), "resolutionKey", event["eventKey"].clone());
        scene.assert_case_found((key, &ended)).await;
    }
    scene.assert_found(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_platforms_word_moved_is_what_was_held_or_told_and_once() {
    let scene = Scene::verified().await;
    let (posting, held) = (Kind::Posting, (Kind::Held, USDT));
    let credited = scene.event("credited", "plain").await;
    let case = credited["caseKey"].as_s().unwrap();
    let parts: [&[_]; 2] = [&[("available", "101"), ("held", "-101")], &[("available", "1"), ("held", "-1")]];
    let both = [held, (posting, key_of(&credited)), (Kind::Case, case)];
    scene.assert_posting_found(&credited, parts, &both).await;
    let own = scene.event("credited", "spliced").await;
    let parts: [&[_]; 2] = [&[("available", "899")], &[("available", "869")]];
    scene.assert_posting_found(&own, parts, &[(posting, key_of(&own))]).await;
    let believed = scene.event("resolved", "release").await;
    let parts: [&[_]; 2] = [&[("available", "9"), ("held", "-9")], &[("available", "1"), ("held", "-1")]];
    let case = believed["caseKey"].as_s().unwrap();
    scene.assert_posting_found(&believed, parts, &[held, (Kind::CasePosting, case)]).await;
    let unverified = scene.event("unverified", "waiting").await;
    let parts: [&[_]; 2] = [&[("available", "5"), ("held", "0")], &[("available", "5"), ("held", "-5")]];
    let case = unverified["question"].as_s().unwrap();
    let found = [(posting, key_of(&unverified)), (Kind::Case, case)];
    scene.assert_posting_found(&unverified, parts, &found).await;

    // A second word on one deposit.
    scene.put("Events", changed(credited.clone(), "eventKey", text("verification.again"))).await;
    scene.add("available", "100").await;
    scene.add("held", "-100").await;
    let case = credited["caseKey"].as_s().unwrap();
    scene.assert_found(&[held, (Kind::CasePosting, case)]).await;
    scene.delete("Events", "eventKey", "verification.again").await;
    scene.add("available", "-100").await;
    scene.add("held", "100").await;
    scene.assert_found(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_splice_that_was_rejected_is_no_credit_and_one_that_was_not_is() {
    let scene = Scene::verified().await;
    let payment = scene.deposit_of("spliced").await;
    let key = [("tenantUserId", "2049"), ("asset", "TRON#USDT")];
    let add = async |part: &str, value: &str| {
        scene.update("Balances", &key, "ADD #name :value", part, Some(number(value))).await;
    };
    let rejected = scene.event("rejected", "spliced").await;
    // Both are available.
    let day = format!("1#{}", &rejected["recordedAt"].as_s().unwrap()[..10]);
    let credited = changed(changed(rejected.clone(), "outcome", text("credited")), "countedOn", text(&day));
    let credited = posting(credited, &[("available", "899")]);
    scene.put("Events", credited).await;
    add("available", "899").await;
    scene.assert_found(&[(Kind::CreditedTwice, key_of(&payment))]).await;
    add("available", "-899").await;
    // One is, and the other waits still.
    scene.delete("Events", "eventKey", key_of(&rejected)).await;
    add("held", "899").await;
    let case = rejected["caseKey"].as_s().unwrap();
    scene.assert_found(&[(Kind::Case, case), (Kind::CreditedTwice, key_of(&payment))]).await;
    add("held", "-899").await;
    scene.put("Events", rejected).await;
    scene.assert_found(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_moves_nothing_until_the_platform_agrees_and_then_the_orders_terms_once() {
    let scene = Scene::verified().await;
    let frozen = (Kind::Frozen, USDT);
    // Noted, and said to have failed.
    scene.set_order("silent", "state", text("failed")).await;
    let unlisted = (Kind::OrderOpen, "silent");
    scene.assert_found(&[frozen, (Kind::OrderState, "silent"), unlisted]).await;
    scene.set_order("silent", "state", text("confirmed")).await;
    for (id, back) in [("failed", "confirmed"), ("never", "reported")] {
        scene.set_order(id, "state", text(back)).await;
        // What only looks reported is not open.
        let is_open = id == "failed";
        let (frozen, unlisted) = (is_open.then_some(frozen), is_open.then_some((Kind::OrderOpen, id)));
        let found = frozen.into_iter().chain([(Kind::OrderState, id)]).chain(unlisted);
        scene.assert_found(&found.collect::<Vec<_>>()).await;
        scene.set_order(id, "state", text("failed")).await;
    }
    // Freed with other than its terms, by a report alone, and twice.
    let failed = scene.event("failed", "failed").await;
    let parts: [&[_]; 2] =
        [&[("available", "4.3"), ("frozen", "-4.3")], &[("available", "1"), ("frozen", "-1")]];
    scene.assert_posting_found(&failed, parts, &[frozen, (Kind::OrderPosting, "failed")]).await;
    let moves = async |sign: [&str; 2]| {
        scene.add("available", &format!("{}3.3", sign[0])).await;
        scene.add("frozen", &format!("{}3.3", sign[1])).await;
    };
    let reported = scene.event("failure-reported", "silent").await;
    scene.put("Events", changed(reported.clone(), "postings", failed["postings"].clone())).await;
    moves(["", "-"]).await;
    scene.assert_found(&[frozen, (Kind::Posting, key_of(&reported))]).await;
    scene.put("Events", reported).await;
    scene.put("Events", changed(failed, "eventKey", text("verification.again"))).await;
    scene.assert_found(&[frozen, (Kind::OrderPosting, "failed")]).await;
    scene.delete("Events", "eventKey", "verification.again").await;
    moves(["-", ""]).await;
    scene.assert_found(&[]).await;
}
