//! A deployment whose ledger is held against its platform, by a clock of the test's.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use reconciliation::{Reconciliation, Settings};
use serde_json::Value;
use waas_callback_aws::{Config, Keys, Phase, Reconciler, RecordedCase, Run};
use waas_callback_worker::Platform;
use waas_client::{Https, Timeouts};
use waas_local::Options;

use super::{Gate, Item, Lambda, Process, RECONCILER, Verifying, WORKER_TIMEOUT};

/// How long an invocation takes at most, by the test's clock.
const INVOCATION: Duration = Duration::from_mins(10);

thread_local! {
    /// How far the test's clock is ahead of the real one, or behind it, in milliseconds. A test has a thread of its own.
    static AHEAD_MS: Cell<i64> = const { Cell::new(0) };
}

/// The test's time, in which reconciliation runs.
pub fn clock() -> SystemTime {
    let (now, ahead) = (SystemTime::now(), AHEAD_MS.get());
    let by = Duration::from_millis(ahead.unsigned_abs());
    if ahead < 0 { now - by } else { now + by }
}

/// Lets the test's clock show this time, and go on from there.
pub fn travel_to(time: SystemTime) {
    let ms = |time: Duration| i64::try_from(time.as_millis()).unwrap();
    let now = SystemTime::now();
    AHEAD_MS.set(time.duration_since(now).map_or_else(|error| -ms(error.duration()), ms));
}

/// Lets time pass by the test's clock.
pub fn advance(time: Duration) {
    travel_to(clock() + time);
}

/// The deployment, and reconciliation in this process.
pub struct Reconciling {
    verifying: Verifying,
    pub settings: Settings,
}

impl Deref for Reconciling {
    type Target = Verifying;

    fn deref(&self) -> &Verifying {
        &self.verifying
    }
}

impl DerefMut for Reconciling {
    fn deref_mut(&mut self) -> &mut Verifying {
        &mut self.verifying
    }
}

impl Reconciling {
    /// Deposits are believed, so that their money is there at once.
    pub async fn new() -> Self {
        Self::on(&Options::default()).await
    }

    pub async fn on(options: &Options) -> Self {
        AHEAD_MS.set(0);
        let gate = Gate::start(waas_platform::Platform::development()).await;
        let verifying = Verifying::on_services(options, gate, &[("WAAS_VERIFY", "false")]).await;
        let settings = Settings { calls_per_second: 1000, ..Settings::default() };
        Self { verifying, settings }
    }

    /// Reconciliation as a new process would have it.
    pub async fn started(&self) -> Reconciliation<Https> {
        let config = self.config(true);
        let url = self.gate.url.parse().unwrap();
        let keys = Keys::load(&config).await.unwrap();
        let platform = Platform::new(Https::new(url, Timeouts::default()), keys, "1308734".parse().unwrap());
        Reconciliation::new(Reconciler::connect(&config), platform, self.settings, clock)
    }

    /// The ledger, without its function.
    pub fn reconciler(&self) -> Reconciler {
        Reconciler::connect(&self.config(false))
    }

    /// Its calls pass the proxy, where they can be made to fail, in the function's name.
    fn config(&self, is_proxied: bool) -> Config {
        let (settings, own) = (self.environment(), self.stack.environment());
        Config::read(|name| {
            if is_proxied && name == "AWS_ACCESS_KEY_ID" {
                return Some(RECONCILER.to_owned());
            }
            let variables = if name.starts_with("AWS_ENDPOINT_URL") && !is_proxied { own } else { &settings };
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
        })
        .unwrap()
    }

    /// One invocation; how far the run is then.
    pub async fn invoke(&self) -> Option<Run> {
        Box::pin(self.started().await.go_on(clock() + INVOCATION)).await.unwrap()
    }

    /// A run from its beginning to its end, a day after the last.
    pub async fn run(&self) -> Run {
        let run = self.invoke().await.expect("a run is due");
        assert_eq!(run.phase, Phase::Done, "{run:?}");
        advance(Duration::from_hours(24));
        run
    }

    /// What a run finds that is new, by reason.
    pub async fn found(&self) -> BTreeMap<String, u64> {
        self.run().await.found
    }

    /// A process of the function's own, with settings besides: to be killed.
    pub async fn process(&self, settings: &[(&'static str, &str)]) -> (Lambda, Process) {
        let mut lambda = Lambda::start().await;
        lambda.timeout = WORKER_TIMEOUT;
        let mut environment = self.environment();
        for (name, value) in settings {
            environment.retain(|(known, _)| known != name);
            environment.push((name, (*value).to_owned()));
        }
        let process = lambda.spawn(RECONCILER, &environment);
        (lambda, process)
    }

    /// The open findings: whom or what each is about, its reason, what is recorded and what is expected; sorted.
    pub async fn findings(&self) -> Vec<[String; 4]> {
        let mut findings = Vec::new();
        let mut from = None;
        loop {
            let page = self.reconciler().open_cases(from.as_deref()).await.unwrap();
            let is_finding = |case: &RecordedCase| case.case_key.kind() == "reconciliation";
            for case in page.cases.into_iter().filter(is_finding) {
                let [reason] = case.claim.reasons.as_slice() else { panic!("{case:?}") };
                let claim = &case.claim;
                let order = claim.call_back_id.as_ref().map(ToString::to_string);
                let about = case.day.or(order).unwrap_or_else(|| claim.tenant_user_id.clone());
                let (recorded, expected) = (case.recorded.unwrap(), case.expected.unwrap());
                findings.push([about, reason.name().to_owned(), recorded, expected]);
            }
            from = page.next;
            if from.is_none() {
                findings.sort();
                return findings;
            }
        }
    }

    /// The one open finding of a reason about an order, as the operator sees it.
    pub async fn finding(&self, reason: &str, order: &str) -> Value {
        let (status, page) = self.call(Method::GET, &format!("/cases?reason={reason}"), None).await;
        assert_eq!(status, 200, "{page}");
        let mut cases = page["cases"].as_array().unwrap().clone();
        cases.retain(|case| case["callBackId"] == order);
        let [case] =
            cases.try_into().unwrap_or_else(|cases| panic!("not one {reason} of {order}: {cases:?}"));
        case
    }

    /// The outcomes of all events of reconciliation about an order, sorted.
    pub async fn reconciled(&self, order: &str) -> Vec<String> {
        let of_order = |event: &&Item| event.get("callBackId").is_some_and(|id| id.as_s().unwrap() == order);
        let is_ours = |event: &&Item| event["eventKey"].as_s().unwrap().starts_with("reconciliation.");
        let events = self.events().await;
        let events = events.iter().filter(of_order).filter(is_ours);
        let mut outcomes: Vec<_> = events.map(|event| event["outcome"].as_s().unwrap().clone()).collect();
        outcomes.sort();
        outcomes
    }

    /// Lets it sum up all events again. The functions go by the real clock: what they record after a run of tomorrow's lies
    /// before its sums, as nothing does otherwise.
    pub async fn forget_sums(&self) {
        let client = waas_callback_aws::clients::dynamodb(self.stack.config());
        for item in self.balances().await {
            let update = client.update_item().table_name("Balances").update_expression("REMOVE auditedTo");
            let update = update.key("tenantUserId", item["tenantUserId"].clone());
            update.key("asset", item["asset"].clone()).send().await.unwrap();
        }
    }

    /// Writes one attribute of an item, where only functions should.
    pub async fn tamper(&self, table: &str, key: &[(&str, &str)], name: &str, value: AttributeValue) {
        let client = waas_callback_aws::clients::dynamodb(self.stack.config());
        let mut update = client.update_item().table_name(table);
        for (part, text) in key {
            update = update.key(*part, AttributeValue::S((*text).to_owned()));
        }
        let update = update.update_expression("SET #name = :value").expression_attribute_names("#name", name);
        update.expression_attribute_values(":value", value).send().await.unwrap();
    }
}
