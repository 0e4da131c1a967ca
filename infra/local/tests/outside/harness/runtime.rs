//! A Lambda Runtime API on loopback, which the functions' binaries poll.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use http::StatusCode;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::{Process, path_of};

/// Longer than anything here may take; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// One Lambda function: a queue of invocations, and the processes that serve it.
pub struct Lambda {
    invocations: mpsc::UnboundedSender<Invocation>,
    address: String,
    server: JoinHandle<()>,
    /// What each invocation is given.
    pub timeout: Duration,
}

struct Invocation {
    event: String,
    deadline: SystemTime,
    answer: oneshot::Sender<Result<Value, String>>,
}

struct Queue {
    invocations: tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>,
    waiting: Mutex<HashMap<String, oneshot::Sender<Result<Value, String>>>>,
}

impl Lambda {
    pub async fn start() -> Self {
        let (invocations, queue) = mpsc::unbounded_channel();
        let queue = Queue { invocations: tokio::sync::Mutex::new(queue), waiting: Mutex::default() };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .with_state(Arc::new(queue));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { invocations, address, server, timeout: Duration::from_secs(10) }
    }

    /// Starts one more process of `binary` with this environment and no other, and credentials that name it.
    pub fn spawn(&self, binary: &str, environment: &[(&str, String)]) -> Process {
        let mut command = Command::new(path_of(binary));
        command.env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
        command.env("AWS_ACCESS_KEY_ID", binary);
        command.env("AWS_LAMBDA_RUNTIME_API", &self.address);
        command.env("AWS_LAMBDA_FUNCTION_NAME", binary);
        command.env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
        command.env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256");
        Process::start(command)
    }

    /// Invokes the function and unpacks the answer that API Gateway would send on.
    pub async fn invoke(&self, event: &Value) -> (u16, String) {
        let answer = self.invoke_raw(event.to_string()).await.expect("an answer, not an invocation error");
        let status = answer["statusCode"].as_u64().unwrap().try_into().unwrap();
        let body = answer["body"].as_str().unwrap_or_default().to_owned();
        if answer["isBase64Encoded"] == true {
            let bytes = base64::engine::general_purpose::STANDARD.decode(body).unwrap();
            return (status, String::from_utf8(bytes).unwrap());
        }
        (status, body)
    }

    /// Invokes the function with any payload.
    pub async fn invoke_raw(&self, event: String) -> Result<Value, String> {
        let (answer, answered) = oneshot::channel();
        let deadline = SystemTime::now() + self.timeout;
        self.invocations.send(Invocation { event, deadline, answer }).ok().unwrap();
        tokio::time::timeout(PATIENCE, answered).await.expect("answered in time").expect("the runtime lives")
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(queue): State<Arc<Queue>>) -> Response {
    static COUNTER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let Some(invocation) = queue.invocations.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let count = COUNTER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let id = format!("00000000-0000-0000-0000-{count:012}");
    queue.waiting.lock().unwrap().insert(id.clone(), invocation.answer);
    let deadline = invocation.deadline.duration_since(UNIX_EPOCH).unwrap().as_millis().to_string();
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:123456789012:function:f".into()),
        (
            "lambda-runtime-trace-id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0".into(),
        ),
        ("content-type", "application/json".into()),
    ];
    (headers, invocation.event).into_response()
}

async fn response(State(queue): State<Arc<Queue>>, Path(id): Path<String>, body: String) -> StatusCode {
    finish(&queue, &id, serde_json::from_str(&body).map_err(|_| body))
}

async fn error(State(queue): State<Arc<Queue>>, Path(id): Path<String>, body: String) -> StatusCode {
    finish(&queue, &id, Err(body))
}

fn finish(queue: &Queue, id: &str, answer: Result<Value, String>) -> StatusCode {
    if let Some(waiting) = queue.waiting.lock().unwrap().remove(id) {
        _ = waiting.send(answer);
    }
    StatusCode::ACCEPTED
}
