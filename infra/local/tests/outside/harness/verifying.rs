//! A deployment that gives nothing away before the platform vouches for it, with a simulated platform.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Mutex;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::{Value, json};
use waas_local::Options;
use waas_platform::Platform;

use super::{Deployment, Gate, Lambda, Process, WORKER, WORKER_TIMEOUT, post, verdict};

/// The deployment, its platform, and what of its queue was handed over.
pub struct Verifying {
    deployment: Deployment,
    pub gate: Gate,
    handed: Mutex<BTreeSet<String>>,
}

impl Deref for Verifying {
    type Target = Deployment;

    fn deref(&self) -> &Deployment {
        &self.deployment
    }
}

impl Verifying {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With settings besides, which may be others than these.
    pub async fn with(settings: &[(&'static str, &str)]) -> Self {
        Self::on(Gate::start(Platform::development()).await, settings).await
    }

    /// Before another platform.
    pub async fn on(gate: Gate, settings: &[(&'static str, &str)]) -> Self {
        Self::on_services(&Options::default(), gate, settings).await
    }

    /// On other services, too.
    pub async fn on_services(options: &Options, gate: Gate, settings: &[(&'static str, &str)]) -> Self {
        let own =
            [("WAAS_VERIFY", "true"), ("WAAS_PLATFORM_URL", gate.url.as_str()), ("WAAS_USER_ID", "1308734")];
        let is_other = |name: &str| settings.iter().all(|(set, _)| *set != name);
        let own = own.into_iter().filter(|(name, _)| is_other(name));
        let settings: Vec<_> = own.chain(settings.iter().copied()).collect();
        let mut deployment = Deployment::on(options, Platform::development()).await;
        deployment.set(&settings);
        Self { deployment, gate, handed: Mutex::default() }
    }

    /// Other settings from now on, and new processes: what is configured anew begins anew.
    pub fn set(&mut self, settings: &[(&'static str, &str)]) {
        self.deployment.set(settings);
        self.deployment.stop_functions();
    }

    /// Sends what the platform has to send now, and tells it the answers: status and errCode of each.
    pub async fn deliver(&self) -> Vec<(u16, i64)> {
        let (now, mut verdicts) = (self.gate.now(), Vec::new());
        let due = self.gate.simulator().due(now);
        for sending in due {
            let function = match sending.callback_type {
                Some(1) => "deposit",
                Some(2) => "withdrawal-confirmation",
                Some(3) => "withdrawal",
                Some(4) => "address-change",
                Some(5) => "withdrawal-failure",
                Some(6) => "insufficient-balance",
                Some(7) => "insufficient-gas",
                other => panic!("nothing here is of type {other:?}"),
            };
            let (lambda, _) = self.function(function).await;
            let exchange = post(lambda, &self.platform, &sending.body, &sending.request).await;
            assert_eq!(exchange.problems, Vec::<String>::new(), "{exchange:?}");
            self.gate.simulator().answered(now, sending.number, Some(&exchange));
            verdicts.push(verdict(&exchange));
        }
        verdicts
    }

    /// What the bus's rule would put into the queue since the last time: a message for each event or refusal that opened
    /// a question.
    pub async fn messages(&self) -> Vec<Value> {
        let events = self.events().await;
        let mut handed = self.handed.lock().unwrap();
        let new = events.iter().filter(|event| handed.insert(event["eventKey"].as_s().unwrap().clone()));
        let asking = new.filter_map(|event| event.get("question"));
        asking.map(|case| json!({ "caseKey": case.as_s().unwrap() })).collect()
    }

    /// The question that a deposit has opened. Read from the case's own record, which is quicker than all events.
    pub async fn question_of(&self, deposit: &Value) -> String {
        let callback = waas_callback::Callback::recorded(&deposit.to_string()).unwrap().unwrap();
        let case_key = waas_callback::CaseKey::of(&callback.identity());
        assert!(self.ledger.case(&case_key).await.unwrap().is_some());
        case_key.to_string()
    }

    /// Hands the worker what the bus's rule would. None of it is given back.
    pub async fn ask_new(&self) {
        self.ask_all(&self.messages().await).await;
    }

    /// Hands the worker messages, of which it gives back none.
    pub async fn ask_all(&self, messages: &[Value]) {
        for messages in messages.chunks(10) {
            let given_back = self.ask(messages).await;
            let (_, process) = self.function(WORKER).await;
            assert!(given_back.is_empty(), "{given_back:?} of {messages:?}: {}", process.log());
        }
    }

    /// Hands the worker a batch of messages, named by their place; which of them it gives back.
    pub async fn ask(&self, messages: &[Value]) -> Vec<String> {
        let (lambda, _) = self.function(WORKER).await;
        ask(lambda, messages).await
    }

    /// Everything that waits for the platform is due from now on, and is asked, as the schedule would have it.
    ///
    /// Pauses begin at 15 seconds of the real clock, which no test waits for: the times in the table are moved.
    pub async fn ask_due(&self) {
        self.make_due().await;
        self.ask_all(&[json!({ "due": true })]).await;
    }

    /// All open questions are due since long ago.
    pub async fn make_due(&self) {
        self.rewrite_questions("nextAskAt").await;
    }

    /// The platform has been silent since long ago, so that whatever limit there is has passed.
    pub async fn let_the_limit_pass(&self) {
        self.rewrite_questions("silentSince").await;
    }

    async fn rewrite_questions(&self, attribute: &str) {
        let client = waas_callback_aws::clients::dynamodb(self.stack.config());
        for case in self.cases().await.iter().filter(|case| case.contains_key("nextAskAt")) {
            let past = AttributeValue::S("2001-02-03T04:05:06.789Z".to_owned());
            let update = client.update_item().table_name("Cases").key("caseKey", case["caseKey"].clone());
            let update = update.update_expression("SET #time = :past");
            let update = update.expression_attribute_names("#time", attribute);
            update.expression_attribute_values(":past", past).send().await.unwrap();
        }
    }

    /// A process of the worker's own, with a queue of its own: to be killed.
    pub async fn worker(&self) -> (Lambda, Process) {
        self.worker_with(&[]).await
    }

    /// The same, with other settings.
    pub async fn worker_with(&self, settings: &[(&'static str, &str)]) -> (Lambda, Process) {
        let mut lambda = Lambda::start().await;
        lambda.timeout = WORKER_TIMEOUT;
        let mut environment = self.environment();
        for (name, value) in settings {
            environment.retain(|(known, _)| known != name);
            environment.push((name, (*value).to_owned()));
        }
        let process = lambda.spawn(WORKER, &environment);
        (lambda, process)
    }

    /// A user's available, frozen and held USDT on TRON.
    pub async fn parts(&self, user: &str) -> [String; 3] {
        let balance = self.ledger.balance(user, &"TRON#USDT".parse().unwrap()).await.unwrap();
        [balance.available, balance.frozen, balance.held].map(|part| part.to_string())
    }

    /// The platform's deposit for a user of the same name as its address, verified.
    pub async fn fund(&self, user: &str, amount: &str) {
        _ = self.call(Method::PUT, &format!("/users/{user}"), None).await;
        self.gate.add(
            json!({ "deposits": [deposit_at(&address_of(user), user, &format!("{user}-funds"), amount)] }),
        );
        self.settle().await;
        assert_eq!(self.parts(user).await, [amount, "0", "0"]);
    }

    /// The open cases, oldest first.
    pub async fn open_cases(&self) -> Vec<Value> {
        let (status, page) = self.call(Method::GET, "/cases", None).await;
        assert_eq!(status, 200, "{page}");
        page["cases"].as_array().unwrap().clone()
    }

    /// The one open case, by its reasons and whom it waits for.
    pub async fn waits(&self) -> (Vec<String>, String) {
        let [case] = self.open_cases().await.try_into().unwrap();
        let reasons = case["reasons"].as_array().unwrap().iter();
        let reasons = reasons.map(|reason| reason.as_str().unwrap().to_owned());
        (reasons.collect(), case["waitsFor"].as_str().unwrap().to_owned())
    }

    /// An operator ends a case as it stands; the status.
    pub async fn resolve(&self, case_key: &str, action: &str) -> u16 {
        let (_, case) = self.call(Method::GET, &format!("/cases/{case_key}"), None).await;
        self.resolve_as_seen(&case, action).await
    }

    /// An operator ends a case as it was seen; the status.
    pub async fn resolve_as_seen(&self, case: &Value, action: &str) -> u16 {
        let key = case["caseKey"].as_str().unwrap();
        let act = json!({ "id": format!("{action}-{key}"), "action": action, "reason": "the platform's word of today",
                          "expected": case["expected"] });
        self.call(Method::POST, &format!("/cases/{key}/resolve"), Some(&act)).await.0
    }

    /// The merchant makes a user known.
    pub async fn make_known(&self, user: &str) {
        assert_eq!(self.call(Method::PUT, &format!("/users/{user}"), None).await.0, 201, "{user}");
    }

    /// The platform sends until it is taken, for a day at most; the worker asks what it is told to, and what is due.
    pub async fn settle(&self) {
        for _ in 0..4 {
            self.deliver().await;
            self.ask_new().await;
            self.ask_due().await;
            self.gate.advance(Duration::from_hours(6));
        }
    }
}

/// Hands a queue's function a batch of messages, named by their place; which of them it gives back.
async fn ask(lambda: &Lambda, messages: &[Value]) -> Vec<String> {
    let answer = lambda.invoke_raw(batch(messages)).await.expect("a batch is answered");
    let failures = answer["batchItemFailures"].as_array().unwrap().iter();
    failures.map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect()
}

/// What SQS hands over.
pub fn batch(messages: &[Value]) -> String {
    let records = messages.iter().enumerate().map(|(nth, message)| {
        json!({
            "messageId": nth.to_string(), "receiptHandle": "r", "body": message.to_string(), "attributes": {},
            "messageAttributes": {}, "md5OfBody": "", "eventSource": "aws:sqs", "awsRegion": "eu-central-1",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:questions"
        })
    });
    json!({ "Records": records.collect::<Vec<_>>() }).to_string()
}

/// Where a user receives, if nothing else is said.
pub fn address_of(user: &str) -> String {
    format!("T-address-of-{user}")
}

/// A deposit of USDT on TRON, as a scenario has it.
pub fn deposit_at(address: &str, user: &str, tx_id: &str, amount: &str) -> Value {
    json!({ "txId": tx_id, "chainName": "TRON", "symbol": "USDT", "amount": amount, "toAddress": address,
            "tenantUserId": user, "fromAddress": "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK", "riskLevelFrom": 3,
            "riskLevelTo": 3 })
}
