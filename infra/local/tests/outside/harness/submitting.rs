//! A deployment that orders withdrawals from the simulated platform, and what the platform pays for them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Mutex;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::{Value, json};
use waas_callback::{CaseKey, Identity, Mode, Order, OrderState, Registration};
use waas_platform::simulator::Call;

use super::{ACCEPTED, Lambda, PAYEE, PlatformFault, Process, SUBMITTER, Verifying, batch};

/// Who withdraws: whom the callbacks of this program are about.
const SUBMITTING_USER: &str = "1945";
/// What the user has at first. Every order is of one.
const FUNDS: u32 = 1_000;

/// The deployment, its platform, and the orders that were submitted, with their modes.
pub struct Submitting {
    verifying: Verifying,
    orders: Mutex<BTreeMap<String, Mode>>,
    /// Those of which the network has made two, which the platform pays twice.
    doubled: Mutex<BTreeSet<String>>,
}

impl Deref for Submitting {
    type Target = Verifying;

    fn deref(&self) -> &Verifying {
        &self.verifying
    }
}

impl Submitting {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With settings besides.
    pub async fn with(settings: &[(&'static str, &str)]) -> Self {
        let verifying = Verifying::with(settings).await;
        verifying.fund(SUBMITTING_USER, &FUNDS.to_string()).await;
        Self { verifying, orders: Mutex::default(), doubled: Mutex::default() }
    }

    /// Other settings from now on, and new processes.
    pub fn set(&mut self, settings: &[(&'static str, &str)]) {
        self.verifying.set(settings);
    }

    /// How the platform does what the documents do not say: an unknown order, a known callBackId.
    pub fn platform_is(&self, unknown: &str, repeated: &str) {
        self.gate.add(json!({ "settings": { "unknown": unknown, "repeatedCallBackId": repeated } }));
    }

    /// The merchant registers a withdrawal of one USDT on TRON that is to be submitted: the message of the bus's rule.
    pub async fn submit(&self, mode: Mode, id: &str) -> Value {
        let order = json!({
            "callBackId": id, "tenantUserId": SUBMITTING_USER, "chainName": "TRON", "symbol": "USDT", "amount": "1",
            "address": PAYEE, "mode": mode.name(), "submit": true
        });
        let (status, answer) = self.call(Method::POST, "/withdrawals", Some(&order)).await;
        assert_eq!(status, 201, "{answer}");
        self.orders.lock().unwrap().insert(id.to_owned(), mode);
        json!({ "caseKey": self.case_of(id).await })
    }

    /// The case of an order that was submitted.
    pub async fn case_of(&self, id: &str) -> String {
        let key = Registration::event_key(&id.into());
        let event = self.ledger.event(key.as_str()).await.unwrap().unwrap();
        let identity = Identity {
            event_key: event.event_key.into(),
            fingerprint: event.fingerprint.into(),
            position: None,
        };
        CaseKey::of(&identity).to_string()
    }

    /// What the bus's rule puts into the queue: a message for each event with the attribute `submission`.
    pub async fn submissions(&self) -> Vec<Value> {
        let events = self.events().await;
        let submissions = events.iter().filter_map(|event| event.get("submission"));
        submissions.map(|case| json!({ "caseKey": case.as_s().unwrap() })).collect()
    }

    /// Hands the worker a message, which it does not give back.
    pub async fn take(&self, message: &Value) {
        let (lambda, process) = self.function(SUBMITTER).await;
        let answer = lambda.invoke_raw(batch(std::slice::from_ref(message))).await.unwrap();
        assert_eq!(answer["batchItemFailures"], json!([]), "{message}: {}", process.log());
    }

    /// The same at the next turn of it, which comes by the clock.
    pub async fn take_later(&self, message: &Value) {
        let case_key = message["caseKey"].as_str().unwrap();
        // One that came to its end has no turn.
        self.was_long_ago("Cases", "caseKey", case_key, "nextAskAt").await;
        self.take(message).await;
    }

    /// The order's record has not changed since long ago.
    pub async fn has_rested(&self, id: &str) {
        self.was_long_ago("Withdrawals", "callBackId", id, "updatedAt").await;
    }

    /// Puts a time of an item back, if it has it.
    async fn was_long_ago(&self, table: &str, name: &str, key: &str, time: &str) {
        let client = waas_callback_aws::clients::dynamodb(self.stack.config());
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let update = client.update_item().table_name(table).key(name, text(key));
        let update = update.update_expression(format!("SET {time} = :past"));
        let update = update.condition_expression(format!("attribute_exists({time})"));
        let update = update.expression_attribute_values(":past", text("2001-02-03T04:05:06.789Z"));
        if let Err(error) = update.send().await {
            assert!(error.into_service_error().is_conditional_check_failed_exception());
        }
    }

    /// The worker takes up whatever is due by now.
    pub async fn take_due(&self) {
        self.make_due().await;
        self.take(&json!({ "due": true })).await;
    }

    /// A process of the worker's own, which has begun: to be killed.
    pub async fn submitter(&self) -> (Lambda, Process) {
        let mut lambda = Lambda::start().await;
        lambda.timeout = super::WORKER_TIMEOUT;
        let process = lambda.spawn(SUBMITTER, &self.environment());
        _ = lambda.invoke_raw(batch(&[])).await.unwrap();
        (lambda, process)
    }

    /// Hands a worker's process a message; whatever it answers.
    pub async fn take_by(&self, lambda: &Lambda, message: &Value) -> Result<Value, String> {
        lambda.invoke_raw(batch(std::slice::from_ref(message))).await
    }

    /// An operator ends a case as it stands: status, and the problem's name.
    pub async fn problem_of(&self, case_key: &str, action: &str) -> (u16, String) {
        let (_, case) = self.call(Method::GET, &format!("/cases/{case_key}"), None).await;
        let act = act(&format!("{action}-{case_key}"), action, &case["expected"]);
        self.asked(&format!("/cases/{case_key}/resolve"), &act).await
    }

    /// An operator puts a reserved order right, upon nothing but itself.
    pub async fn resolve_order(&self, id: &str, action: &str, act_id: &str) -> (u16, String) {
        let act = act(act_id, action, &json!({ "state": "reserved", "trackingId": null }));
        self.asked(&format!("/withdrawals/{id}/resolve"), &act).await
    }

    async fn asked(&self, path: &str, act: &Value) -> (u16, String) {
        let (status, answer) = self.call(Method::POST, path, Some(act)).await;
        let problem = answer["type"].as_str().unwrap_or_default();
        (status, problem.trim_start_matches("urn:waas-callbacks:problem:").to_owned())
    }

    /// The next call goes wrong.
    pub fn goes_wrong(&self, fault: &PlatformFault) {
        self.gate.fail_next([fault.clone()]);
    }

    /// What the network has doubled on its way counts for one that the platform pays twice.
    pub fn is_doubled(&self, id: &str) {
        self.doubled.lock().unwrap().insert(id.to_owned());
    }

    /// How often an order was asked for, sent, and sent directly.
    pub fn calls(&self) -> [u64; 3] {
        let calls = [Call::GetWithdrawOrder, Call::WithdrawRequest, Call::WithdrawWithoutVerify];
        calls.map(|call| self.gate.simulator().calls_of(call))
    }

    /// The worker takes what is due, and the platform sends what it has to, for a day and a half.
    pub async fn pass(&self) {
        for _ in 0..3 {
            self.take_due().await;
            while self.deliver().await.contains(&ACCEPTED) {}
            self.gate.advance(Duration::from_hours(12));
        }
    }

    /// Everything comes to its end: without a limit that passes, and then with it.
    pub async fn come_to_an_end(&self) {
        self.pass().await;
        self.is_right("while the limit has not passed").await;
        self.let_the_limit_pass().await;
        self.pass().await;
        self.is_right("after the limit").await;
        let still: Vec<_> = self.open_cases().await;
        let still: Vec<_> = still.iter().filter(|case| case["waitsFor"] == "submission").collect();
        assert!(still.is_empty(), "under way for ever: {still:?}");
    }

    pub async fn order(&self, id: &str) -> Order {
        self.ledger.order(&id.into()).await.unwrap().unwrap()
    }

    /// The reasons of an order's case; none if it is closed.
    pub async fn reasons(&self, id: &str) -> Vec<String> {
        let case = self.ledger.case(&self.case_of(id).await.into()).await.unwrap().unwrap();
        let is_open = case.open_since.is_some();
        let reasons = case.claim.reasons.iter().map(|reason| reason.name().to_owned());
        if is_open { reasons.collect() } else { Vec::new() }
    }

    /// Of every order: it was paid once at most, its funds are back only where the platform has no order that it would
    /// pay, and gone only where it has paid. And the user's funds are whole.
    pub async fn is_right(&self, at: &str) {
        let orders = self.orders.lock().unwrap().clone();
        let (mut frozen, mut paid) = (0, 0);
        for (id, mode) in orders {
            let order = self.order(&id).await;
            self.is_paid_at_most_once(&id, mode, order.state, at);
            match order.state {
                OrderState::Reserved | OrderState::Confirmed => frozen += 1,
                OrderState::Completed => paid += 1,
                OrderState::Failed | OrderState::Cancelled => {}
                OrderState::Reported => panic!("{at}: {id} is registered"),
            }
        }
        let parts = [FUNDS - frozen - paid, frozen, 0].map(|part| part.to_string());
        assert_eq!(self.parts(SUBMITTING_USER).await, parts, "{at}");
    }

    fn is_paid_at_most_once(&self, id: &str, mode: Mode, state: OrderState, at: &str) {
        let simulator = self.gate.simulator();
        let payouts = simulator.payouts_of(id);
        let allowed = if self.doubled.lock().unwrap().contains(id) { 2 } else { 1 };
        assert!(payouts <= allowed, "{at}: {id} was paid {payouts} times");
        match state {
            OrderState::Completed => assert!(payouts > 0, "{at}: {id} was never paid"),
            OrderState::Failed | OrderState::Cancelled => {
                assert_eq!(payouts, 0, "{at}: the funds of {id} are back, and it was paid");
                let report = simulator.report();
                let of_order = report["withdrawals"].as_array().unwrap().iter();
                let of_order = of_order.filter(|order| order["callBackId"] == id);
                let states: Vec<_> = of_order.map(|order| order["orderState"].as_u64().unwrap()).collect();
                // One that is in review waits for a confirmation that an order without funds does not get.
                let is_ended =
                    |state: &u64| [4, 6].contains(state) || (mode == Mode::Confirmed && *state == 1);
                assert!(states.iter().all(is_ended), "{at}: the funds of {id} are back: {states:?}");
            }
            OrderState::Reserved | OrderState::Confirmed | OrderState::Reported => {}
        }
    }
}

fn act(id: &str, action: &str, expected: &Value) -> Value {
    json!({ "id": id, "action": action, "reason": "the platform's console says so", "expected": expected })
}
