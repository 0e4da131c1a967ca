//! A whole deployment: services behind proxies, and each function's binary, started when first used.

use std::collections::{BTreeMap, HashMap};

use http::Method;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use waas_callback_aws::Books;
use waas_local::audit::audit;
use waas_local::{Options, Stack};
use waas_platform::{Exchange, Platform};

use super::{FaultyProxy, Function, Lambda, environment, send, variable};

pub struct Deployment {
    pub stack: Stack,
    pub dynamodb: FaultyProxy,
    pub secrets: FaultyProxy,
    pub books: Books,
    pub platform: Platform,
    settings: Vec<(&'static str, String)>,
    functions: Mutex<HashMap<String, &'static (Lambda, Function)>>,
}

impl Deployment {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With settings besides the contract's, for every function.
    pub async fn with(settings: &[(&'static str, &str)]) -> Self {
        let stack = Stack::start_services(&Options::default()).await.unwrap();
        let dynamodb = FaultyProxy::before(&variable(&stack, "AWS_ENDPOINT_URL_DYNAMODB")).await;
        let secrets = FaultyProxy::before(&variable(&stack, "AWS_ENDPOINT_URL_SECRETS_MANAGER")).await;
        Self {
            books: Books::of(stack.config()),
            stack,
            dynamodb,
            secrets,
            platform: Platform::development(),
            settings: settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
            functions: Mutex::default(),
        }
    }

    /// The function's queue and its first process.
    pub async fn function(&self, name: &str) -> &'static (Lambda, Function) {
        let mut functions = self.functions.lock().await;
        if let Some(function) = functions.get(name) {
            return function;
        }
        let mut environment = environment(&self.stack, &self.dynamodb, &self.secrets);
        environment.extend(self.settings.clone());
        let lambda = Lambda::start().await;
        let process = lambda.spawn(name, &environment);
        // Taken back in `drop`.
        let function: &'static _ = Box::leak(Box::new((lambda, process)));
        functions.insert(name.to_owned(), function);
        function
    }

    /// Ends the processes; the next call starts new ones, init and all.
    pub async fn stop_functions(&self) {
        for (_, process) in std::mem::take(&mut *self.functions.lock().await).into_values() {
            process.kill();
        }
    }

    /// Sends a callback to a function.
    pub async fn send(&self, function: &str, plaintext: &str) -> Exchange {
        let (lambda, _) = self.function(function).await;
        send(lambda, &self.platform, plaintext).await
    }

    /// Calls the merchant API; status and JSON body.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let (lambda, _) = self.function("merchant-api").await;
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let event = json!({
            "version": "2.0", "routeKey": format!("{method} {path}"), "rawPath": path, "rawQueryString": query,
            "headers": { "content-type": "application/json", "host": "localhost" },
            "requestContext": {
                "accountId": "123456789012", "apiId": "id", "domainName": "localhost", "domainPrefix": "id",
                "http": { "method": method.as_str(), "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "t" },
                "requestId": "r", "routeKey": "$default", "stage": "$default", "time": "", "timeEpoch": 0
            },
            "body": body.map(ToString::to_string), "isBase64Encoded": false
        });
        let (status, text) = lambda.invoke(&event).await;
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Credits a user.
    pub async fn deposit(&self, user: &str, symbol: &str, amount: &str) {
        let deposit = super::with(&super::deposit_with("tenantUserId", user), "symbol", symbol);
        let tx_id = waas_platform::with_new_uuid(&deposit).unwrap();
        let tx_id: Value = serde_json::from_str(&tx_id).unwrap();
        let deposit =
            super::with(&super::with(&deposit, "amount", amount), "txId", tx_id["requestUUID"].clone());
        let exchange = self.send("deposit", &super::retry_of(&deposit)).await;
        assert_eq!(super::verdict(&exchange), (200, 0));
    }

    /// Registers a withdrawal of USDT on TRON; the status.
    pub async fn register(&self, id: &str, user: &str, amount: &str, address: &str) -> u16 {
        let order = json!({
            "callBackId": id, "tenantUserId": user, "chainName": "TRON", "symbol": "USDT", "amount": amount,
            "address": address
        });
        self.call(Method::POST, "/withdrawals", Some(&order)).await.0
    }

    /// A user's available and frozen USDT on TRON.
    pub async fn usdt(&self, user: &str) -> (String, String) {
        let balance = self.books.balance(user, &"TRON#USDT".parse().unwrap()).await.unwrap();
        (balance.available.to_string(), balance.frozen.to_string())
    }

    /// The order's state.
    pub async fn state(&self, id: &str) -> String {
        self.books.order(id).await.unwrap().map_or("none".to_owned(), |order| order.state)
    }

    /// How often each outcome stands among the events.
    pub async fn outcomes(&self) -> BTreeMap<String, usize> {
        let mut outcomes = BTreeMap::new();
        for event in self.books.all_events().await.unwrap() {
            *outcomes.entry(event["outcome"].as_s().unwrap().clone()).or_default() += 1;
        }
        outcomes
    }

    /// Every balance is the sum of its postings.
    pub async fn assert_audited(&self) {
        let audit = audit(&self.books).await.unwrap();
        assert!(audit.differences.is_empty(), "{audit}");
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        for function in std::mem::take(self.functions.get_mut()).into_values() {
            function.1.kill();
        }
    }
}
