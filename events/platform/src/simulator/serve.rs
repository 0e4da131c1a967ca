//! The simulator on the network: its calls over HTTP, its callbacks posted, with a real clock.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::{Asked, HttpAnswer, Scenario, Sending, Simulator};
use crate::send::{Exchange, SendError};

/// The longest body that is looked at; the documents' calls need a hundredth of it.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// How long nothing is done without a look at the clock, which may not run at everybody's pace.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// Where callbacks go.
#[derive(Debug, Clone)]
pub struct Merchant {
    /// All types but 2.
    pub callbacks: String,
    /// Type 2.
    pub confirmations: String,
}

/// Told of each call and of each sending, as it has ended.
pub enum Told<'a> {
    /// A call and the status of its answer; none if it gets none.
    Call(&'a str, Option<u16>),
    /// A callback and what came of it.
    Callback(&'a Sending, &'a Result<Exchange, SendError>),
}

/// A simulator that is served. Clones are the same one.
#[derive(Clone)]
pub struct Served {
    simulator: Arc<Mutex<Simulator>>,
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    tell: Arc<dyn Fn(Told<'_>) + Send + Sync>,
    /// Something may have become due.
    changed: Arc<Notify>,
}

impl Served {
    /// A simulator on that clock.
    pub fn new(
        simulator: Simulator,
        clock: impl Fn() -> SystemTime + Send + Sync + 'static,
        tell: impl Fn(Told<'_>) + Send + Sync + 'static,
    ) -> Self {
        Self {
            simulator: Arc::new(Mutex::new(simulator)),
            clock: Arc::new(clock),
            tell: Arc::new(tell),
            changed: Arc::new(Notify::new()),
        }
    }

    /// The simulator itself, for what a test asserts.
    pub fn simulator(&self) -> MutexGuard<'_, Simulator> {
        self.simulator.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a scenario happen now.
    ///
    /// # Errors
    ///
    /// As [`Simulator::add`].
    pub fn add(&self, scenario: Scenario) -> serde_json::Result<()> {
        let added = self.simulator().add((self.clock)(), scenario);
        self.changed.notify_one();
        added
    }

    /// Answers calls, and on `/simulator` GET with what it knows, POST with a scenario to add.
    ///
    /// # Errors
    ///
    /// Of the listener.
    pub async fn answer(self, listener: TcpListener) -> io::Result<()> {
        let router = Router::new().fallback(call).with_state(self);
        axum::serve(listener, router).await
    }

    /// Posts callbacks to the merchant as they become due, each apart, for as long as it is polled.
    pub async fn call_back(self, merchant: Merchant) {
        loop {
            let now = (self.clock)();
            let due = self.simulator().due(now);
            for sending in due {
                let (served, merchant) = (self.clone(), merchant.clone());
                tokio::task::spawn_blocking(move || served.send(&merchant, &sending));
            }
            let next = self.simulator().next_due();
            let pause = next.map_or(LONGEST_SLEEP, |next| next.duration_since(now).unwrap_or_default());
            _ = tokio::time::timeout(pause.min(LONGEST_SLEEP), self.changed.notified()).await;
        }
    }

    fn send(&self, merchant: &Merchant, sending: &Sending) {
        let url =
            if sending.callback_type == Some(2) { &merchant.confirmations } else { &merchant.callbacks };
        let platform = self.simulator().platform().clone();
        let exchange = platform.post(url, &sending.body, &sending.request);
        (self.tell)(Told::Callback(sending, &exchange));
        self.simulator().answered((self.clock)(), sending.number, exchange.as_ref().ok());
        self.changed.notify_one();
    }
}

async fn call(State(served): State<Served>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    match (head.method, head.uri.path()) {
        (Method::GET, "/simulator") => Json(served.simulator().report()).into_response(),
        (Method::POST, "/simulator") => add(&served, &body),
        (Method::POST, _) => answer(&served, &head.uri, &head.headers, &body).await,
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

fn add(served: &Served, body: &Bytes) -> Response {
    match serde_json::from_slice(body).and_then(|scenario| served.add(scenario)) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, format!("no scenario: {error}\n")).into_response(),
    }
}

async fn answer(served: &Served, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Response {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let asked =
        Asked { path: uri.path(), content_type: text("content-type"), api_key: text("x-api-key"), body };
    let reply = served.simulator().call((served.clock)(), &asked);
    served.changed.notify_one();
    (served.tell)(Told::Call(uri.path(), reply.answer.as_ref().map(|answer| answer.status)));
    tokio::time::sleep(reply.after).await;
    let Some(HttpAnswer { status, body }) = reply.answer else {
        // Until whoever asked gives up, which ends this.
        return std::future::pending().await;
    };
    let content_type = if body.starts_with('<') { "text/html" } else { "application/json" };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}
