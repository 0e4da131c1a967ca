//! A proxy before an AWS service that counts its requests, asks whether the caller's role allows them, and can make them
//! fail.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::asked::asked;
use super::iam::{Asked, Policy};

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Answered with this error code and HTTP 400; the service does not see it.
    Error(&'static str),
    /// A transaction cancelled with this reason at every position; the service does not see it.
    Cancelled(&'static str),
    /// HTTP 500; the service does not see it.
    Internal,
    /// The service does the work, but the answer is lost: HTTP 500.
    AnswerLost,
    /// None: this request goes through, and the next fault waits.
    Pass,
    /// No answer for longer than anybody waits; the service does not see it.
    Hang,
    /// The service does the work, and there is no answer for longer than anybody waits.
    AnswerHangs,
    /// It reaches the service only after this time.
    Late(Duration),
}

/// The proxy. Ends when dropped.
pub struct FaultyProxy {
    pub url: String,
    state: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    target: String,
    agent: ureq::Agent,
    requests: Mutex<BTreeMap<String, usize>>,
    asked: Mutex<BTreeSet<Asked>>,
    denied: Mutex<BTreeSet<String>>,
    faults: Mutex<VecDeque<Fault>>,
    always: Mutex<Option<Fault>>,
    hung: watch::Sender<usize>,
}

impl FaultyProxy {
    /// A proxy before the service at `target`.
    pub async fn before(target: &str) -> Self {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let state = Arc::new(Shared {
            target: target.to_owned(),
            agent,
            requests: Mutex::default(),
            asked: Mutex::default(),
            denied: Mutex::default(),
            faults: Mutex::default(),
            always: Mutex::default(),
            hung: watch::Sender::default(),
        });
        let router = Router::new().fallback(handle).with_state(Arc::clone(&state));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, state, server }
    }

    /// The next requests fail like this, one each.
    pub fn fail_next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state.faults.lock().unwrap().extend(faults);
    }

    /// Takes back what was to fail.
    pub fn fail_no_more(&self) {
        self.state.faults.lock().unwrap().clear();
    }

    /// All requests fail like this, until told otherwise.
    pub fn fail_always(&self, fault: Option<Fault>) {
        *self.state.always.lock().unwrap() = fault;
    }

    /// Returns once a request hangs, of those since the last call.
    pub async fn hangs(&self) {
        self.state.hung.subscribe().wait_for(|hung| *hung > 0).await.unwrap();
        self.state.hung.send_replace(0);
    }

    /// The requests since the last call, by operation.
    pub fn take_requests(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut self.state.requests.lock().unwrap())
    }

    /// What was denied since the last call: why, in IAM's words.
    pub fn take_denied(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.state.denied.lock().unwrap())
    }

    /// What IAM was asked since the last call.
    pub fn take_asked(&self) -> BTreeSet<Asked> {
        std::mem::take(&mut self.state.asked.lock().unwrap())
    }
}

/// Who has a right too few answers 503 like many another thing: a test that expects that must not pass by it.
impl Drop for FaultyProxy {
    fn drop(&mut self) {
        self.server.abort();
        let denied = self.take_denied();
        assert!(
            std::thread::panicking() || denied.is_empty(),
            "infra/template.yaml does not allow: {denied:#?}"
        );
    }
}

/// Why the role of the calling function does not allow a request, if it does not. The functions' access key ids are their
/// names.
fn denial(headers: &HeaderMap, asked: &[Asked]) -> Option<String> {
    let authorization = headers.get("authorization").map_or("", |value| value.to_str().unwrap());
    let function =
        authorization.split("Credential=").nth(1).and_then(|credential| credential.split('/').next());
    let Some((function, policy)) = function.and_then(|function| Some((function, Policy::of(function)?)))
    else {
        return Some(format!("nobody knows who asks: {authorization}"));
    };
    let denial = asked.iter().find_map(|asked| policy.decide(asked).err())?;
    Some(format!("User: arn:aws:sts::123456789012:assumed-role/{function} is {denial}"))
}

async fn handle(State(state): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").map_or("?", |value| value.to_str().unwrap()).to_owned();
    let operation = target.rsplit('.').next().unwrap().to_owned();
    let json = serde_json::from_slice(&body).unwrap_or_default();
    let asked = asked(&target, &json);
    state.asked.lock().unwrap().extend(asked.iter().cloned());
    *state.requests.lock().unwrap().entry(operation).or_default() += 1;
    if let Some(message) = denial(&headers, &asked) {
        state.denied.lock().unwrap().insert(message.clone());
        let code = "com.amazon.coral.service#AccessDeniedException";
        return aws_error(&json!({ "__type": code, "Message": message }));
    }
    let fault = state.faults.lock().unwrap().pop_front().or(*state.always.lock().unwrap());
    match fault {
        Some(Fault::Error(code)) => aws_error(&json!({ "__type": code, "message": "injected" })),
        Some(Fault::Cancelled(code)) => aws_error(&json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "injected",
            "CancellationReasons": [{ "Code": code }, { "Code": code }, { "Code": code }]
        })),
        Some(Fault::Internal) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(Fault::AnswerLost) => {
            _ = forward(state, headers, body).await;
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Some(fault @ (Fault::Hang | Fault::AnswerHangs)) => {
            if fault == Fault::AnswerHangs {
                _ = forward(Arc::clone(&state), headers, body).await;
            }
            state.hung.send_modify(|hung| *hung += 1);
            std::future::pending().await
        }
        Some(Fault::Late(time)) => {
            state.hung.send_modify(|hung| *hung += 1);
            tokio::time::sleep(time).await;
            forward(state, headers, body).await
        }
        None | Some(Fault::Pass) => forward(state, headers, body).await,
    }
}

fn aws_error(body: &serde_json::Value) -> Response {
    (StatusCode::BAD_REQUEST, [("content-type", "application/x-amz-json-1.0")], body.to_string())
        .into_response()
}

async fn forward(state: Arc<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let sending = tokio::task::spawn_blocking(move || {
        let mut request = state.agent.post(&state.target);
        for (name, value) in headers.iter().filter(|(name, _)| *name != "host" && *name != "content-length") {
            request = request.header(name, value);
        }
        request.send(&body[..]).map(|mut answer| {
            let status = answer.status();
            let crc = answer.headers().get("x-amz-crc32").cloned();
            let bytes = answer.body_mut().read_to_vec().unwrap();
            (status, crc, bytes)
        })
    });
    match sending.await.unwrap() {
        Ok((status, crc, bytes)) => {
            let mut answer =
                (status, [("content-type", "application/x-amz-json-1.0")], bytes).into_response();
            if let Some(crc) = crc {
                answer.headers_mut().insert("x-amz-crc32", crc);
            }
            answer
        }
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}
