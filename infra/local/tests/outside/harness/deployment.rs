//! A whole deployment: services behind proxies, and each function's binary, started when first used.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use waas_callback::Balance;
use waas_callback_aws::Ledger;
use waas_local::audit::{Reading, audit};
use waas_local::{Options, Stack};
use waas_platform::{Exchange, Platform};

use super::{
    CALLER, FaultyProxy, Handed, Lambda, Payload, Process, deposit_with, functions, post, retry_of, send,
    verdict, with,
};

/// The function behind the queue of questions.
pub const WORKER: &str = "verification";
/// The function behind the queue of submissions.
pub const SUBMITTER: &str = "withdrawal-submission";
/// The function that a schedule calls.
pub const RECONCILER: &str = "reconciliation";
/// They begin nothing in their last twenty seconds.
pub const WORKER_TIMEOUT: Duration = Duration::from_mins(1);

/// An item of a table.
pub type Item = HashMap<String, AttributeValue>;

pub struct Deployment {
    pub stack: Stack,
    pub dynamodb: FaultyProxy,
    pub secrets: FaultyProxy,
    pub ledger: Ledger,
    pub platform: Platform,
    /// What each invocation is given, of functions that are not used yet.
    pub timeout: Duration,
    settings: Vec<(&'static str, String)>,
    functions: BTreeMap<String, OnceCell<(Lambda, Process)>>,
}

impl Deployment {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With settings besides the contract's, for every function.
    pub async fn with(settings: &[(&'static str, &str)]) -> Self {
        let mut deployment = Self::on(&Options::default(), Platform::development()).await;
        deployment.settings = settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        deployment
    }

    /// Other settings, besides those that stay, for functions that are not used yet.
    pub fn set(&mut self, settings: &[(&'static str, &str)]) {
        for (name, value) in settings {
            self.settings.retain(|(known, _)| known != name);
            self.settings.push((*name, (*value).to_owned()));
        }
    }

    /// On other services, for another platform.
    pub async fn on(options: &Options, platform: Platform) -> Self {
        let stack = Stack::start_services(options).await.unwrap();
        Self {
            dynamodb: FaultyProxy::before(&variable(&stack, "AWS_ENDPOINT_URL_DYNAMODB")).await,
            secrets: FaultyProxy::before(&variable(&stack, "AWS_ENDPOINT_URL_SECRETS_MANAGER")).await,
            ledger: Ledger::connect(stack.config()),
            stack,
            platform,
            timeout: Duration::from_secs(10),
            settings: Vec::new(),
            functions: not_started(),
        }
    }

    /// What every function reads: the stack's environment, with the proxies for its endpoints, and the settings.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let proxied = |(name, value): &(&'static str, String)| match *name {
            "AWS_ENDPOINT_URL_DYNAMODB" => (*name, self.dynamodb.url.clone()),
            "AWS_ENDPOINT_URL_SECRETS_MANAGER" => (*name, self.secrets.url.clone()),
            _ => (*name, value.clone()),
        };
        let is_set = |name| self.settings.iter().any(|(set, _)| *set == name);
        let common = self.stack.environment().iter().filter(|(name, _)| !is_set(*name));
        common.map(proxied).chain(self.settings.iter().cloned()).collect()
    }

    /// The function's queue and its first process.
    pub async fn function(&self, name: &str) -> &(Lambda, Process) {
        let start = async || {
            let mut lambda = Lambda::start().await;
            lambda.timeout =
                if [WORKER, SUBMITTER, RECONCILER].contains(&name) { WORKER_TIMEOUT } else { self.timeout };
            let process = lambda.spawn(name, &self.environment());
            (lambda, process)
        };
        self.functions[name].get_or_init(start).await
    }

    /// Ends the processes; the next call starts new ones, init and all.
    pub fn stop_functions(&mut self) {
        self.functions = not_started();
    }

    /// Sends a callback to a function.
    pub async fn send(&self, function: &str, plaintext: &str) -> Exchange {
        let (lambda, _) = self.function(function).await;
        send(lambda, &self.platform, plaintext).await
    }

    /// Sends a body to a function as it is.
    pub async fn post(&self, function: &str, body: &str) -> Exchange {
        let (lambda, _) = self.function(function).await;
        post(lambda, &self.platform, body, &Value::Null).await
    }

    /// Calls the merchant API or the operator API, whose route it is; status and JSON body. The path is decoded, as in
    /// the event; the query is not.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.call_as(Some(CALLER), method, path, body).await
    }

    /// The same, signed by `caller`.
    pub async fn call_as(
        &self,
        caller: Option<&str>,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> (u16, Value) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Handed { query, body, ..Handed::matched(&method, path) };
        self.invoke(request.function(), &request.event_of(Payload::V2, caller)).await
    }

    /// Hands the function of its route a request, as an HTTP API does; status and JSON body.
    pub async fn hand_over(&self, payload: Payload, request: &Handed<'_>) -> (u16, Value) {
        self.invoke(request.function(), &request.event(payload)).await
    }

    async fn invoke(&self, function: &str, event: &Value) -> (u16, Value) {
        let (lambda, _) = self.function(function).await;
        let (status, text) = lambda.invoke(event).await;
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Credits a user.
    pub async fn deposit(&self, user: &str, symbol: &str, amount: &str) {
        let deposit = with(&deposit_with("tenantUserId", user), "symbol", symbol);
        let tx_id = waas_platform::with_new_uuid(&deposit).unwrap();
        let tx_id: Value = serde_json::from_str(&tx_id).unwrap();
        let deposit = with(&with(&deposit, "amount", amount), "txId", tx_id["requestUUID"].clone());
        let exchange = self.send("deposit", &retry_of(&deposit)).await;
        assert_eq!(verdict(&exchange), (200, 0));
    }

    /// Registers a withdrawal of USDT on TRON that is to be confirmed; the status.
    pub async fn register(&self, id: &str, user: &str, amount: &str, address: &str) -> u16 {
        self.register_in("confirmed", id, user, amount, address).await
    }

    /// Registers a withdrawal of USDT on TRON in a mode; the status.
    pub async fn register_in(&self, mode: &str, id: &str, user: &str, amount: &str, address: &str) -> u16 {
        let order = json!({
            "callBackId": id, "tenantUserId": user, "chainName": "TRON", "symbol": "USDT", "amount": amount,
            "address": address, "mode": mode
        });
        self.call(Method::POST, "/withdrawals", Some(&order)).await.0
    }

    /// The merchant's or the operator's call on an order: status, and the problem's name if it is one.
    pub async fn act(&self, method: Method, path: &str) -> (u16, String) {
        let (status, answer) = self.call(method, path, None).await;
        let problem = answer["type"].as_str().unwrap_or_default();
        (status, problem.trim_start_matches("urn:waas-callbacks:problem:").to_owned())
    }

    /// A user's available amount of an asset of which nothing is frozen.
    pub async fn available(&self, user: &str, asset: &str) -> String {
        let Balance { available, frozen, .. } =
            self.ledger.balance(user, &asset.parse().unwrap()).await.unwrap();
        assert!(frozen.is_zero());
        available.to_string()
    }

    /// A user's available and frozen USDT on TRON.
    pub async fn usdt(&self, user: &str) -> (String, String) {
        let balance = self.ledger.balance(user, &"TRON#USDT".parse().unwrap()).await.unwrap();
        (balance.available.to_string(), balance.frozen.to_string())
    }

    /// The order's state.
    pub async fn state(&self, id: &str) -> String {
        self.ledger
            .order(&id.into())
            .await
            .unwrap()
            .map_or("none".to_owned(), |order| order.state.to_string())
    }

    /// All events, as they stand in the table.
    pub async fn events(&self) -> Vec<Item> {
        self.items("EVENTS_TABLE").await
    }

    /// All requests that are remembered, as they stand in the table.
    pub async fn requests(&self) -> Vec<Item> {
        self.items("REQUESTS_TABLE").await
    }

    /// All cases, as they stand in the table.
    pub async fn cases(&self) -> Vec<Item> {
        self.items("CASES_TABLE").await
    }

    /// All balances, as they stand in the table.
    pub async fn balances(&self) -> Vec<Item> {
        self.items("BALANCES_TABLE").await
    }

    /// Read here and not by the ledger's own code, which is what is tested.
    async fn items(&self, table: &str) -> Vec<Item> {
        let client = waas_callback_aws::clients::dynamodb(self.stack.config());
        let scan = client.scan().table_name(variable(&self.stack, table)).into_paginator().items();
        scan.send().collect::<Result<_, _>>().await.unwrap()
    }

    /// How often each outcome stands among the events.
    pub async fn outcomes(&self) -> BTreeMap<String, usize> {
        let mut outcomes = BTreeMap::new();
        for event in self.events().await {
            *outcomes.entry(event["outcome"].as_s().unwrap().clone()).or_default() += 1;
        }
        outcomes
    }

    /// Everything is as the events say.
    pub async fn assert_audited(&self) {
        let audit = audit(self.stack.config(), Reading::default()).await.unwrap();
        assert!(audit.is_clean(), "{audit}");
    }
}

fn not_started() -> BTreeMap<String, OnceCell<(Lambda, Process)>> {
    functions().into_iter().map(|name| (name, OnceCell::new())).collect()
}

/// A variable of the stack's environment.
pub fn variable(stack: &Stack, name: &str) -> String {
    stack.environment().iter().find(|(known, _)| *known == name).unwrap().1.clone()
}
