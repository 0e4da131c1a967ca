//! `GET /listen`: each callback as it came, what was decided, and what stands in the ledger of it.
//!
//! The tap sits around the routes of waas-local; the Lambdas have none. It adds nothing to a function: the decision is
//! the one line that the function logs, the content is opened with the stack's own secret, and the record is read from
//! the table `Events` after the answer. While nobody listens, it does nothing.

mod log;
mod record;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::{StatusCode, header};
use lambda_http::Body;
use serde_json::{Map, Value, json};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinSet;
use waas_callback_aws::Config;

use record::Ledger;

/// A listener that falls behind by more is told how many callbacks it missed.
const BACKLOG: usize = 1024;

/// Where the routes hand in what they saw.
#[derive(Clone)]
pub(crate) struct Tap {
    taken: mpsc::UnboundedSender<Taken>,
    lines: broadcast::Sender<Arc<str>>,
}

/// One callback and its answer.
struct Taken {
    at: SystemTime,
    path: String,
    body: Bytes,
    /// The function's log line.
    log: Map<String, Value>,
    /// The answer's body.
    answer: Vec<u8>,
}

impl Tap {
    /// A tap, and among `parts` what tells of what it saw, until the stack stops.
    pub(crate) fn start(
        config: &Config,
        parts: &mut JoinSet<anyhow::Result<()>>,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        let (taken, arrivals) = mpsc::unbounded_channel();
        let (lines, _) = broadcast::channel(BACKLOG);
        parts.spawn(tell(Ledger::connect(config), arrivals, lines.clone(), stopped));
        Self { taken, lines }
    }

    /// Waits for a function's answer to the callback `body`, and tells the listeners of both.
    pub(crate) async fn watch(
        &self,
        path: String,
        body: Bytes,
        answer: impl Future<Output = http::Response<Body>>,
    ) -> http::Response<Body> {
        if self.lines.receiver_count() == 0 {
            return answer.await;
        }
        let at = SystemTime::now();
        let (answer, log) = log::captured(answer).await;
        // If the other end is gone, the stack is stopping.
        _ = self.taken.send(Taken { at, path, body, log, answer: answer.body().to_vec() });
        answer
    }

    /// `GET /listen`.
    pub(crate) fn router(&self, stopped: watch::Receiver<bool>) -> Router {
        Router::new().route("/listen", get(listen)).with_state((self.lines.clone(), stopped))
    }
}

/// Makes lines of what was taken, in the order of the answers.
async fn tell(
    ledger: Ledger,
    mut taken: mpsc::UnboundedReceiver<Taken>,
    lines: broadcast::Sender<Arc<str>>,
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    loop {
        let taken = tokio::select! {
            taken = taken.recv() => taken,
            _ = stopped.wait_for(|stop| *stop) => None,
        };
        let Some(taken) = taken else { return Ok(()) };
        let line = Value::from(line(&ledger, taken).await);
        // Without a listener it is told to nobody.
        _ = lines.send(line.to_string().into());
    }
}

/// A line: the function's own, with what it does not tell a log.
async fn line(ledger: &Ledger, taken: Taken) -> Map<String, Value> {
    let Taken { at, path, body, log: mut line, answer } = taken;
    let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
    line.insert("at".into(), timestamp(at).into());
    line.insert("path".into(), path.into());
    line.insert("message".into(), answer["message"].clone());
    let opened = ledger.open(&body).await;
    let record = match &opened {
        Some(opened) => ledger.record(opened, &line).await,
        None => Ok(None),
    };
    match record {
        Ok(record) => line.insert("record".into(), record.into()),
        Err(error) => line.insert("unread".into(), format!("{error:#}").into()),
    };
    line.insert("callback".into(), opened.map(|opened| opened.as_str().to_owned()).into());
    line
}

/// RFC 3339 in UTC with milliseconds, as the ledger's own.
fn timestamp(at: SystemTime) -> String {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let millis = i64::try_from(since.as_millis()).unwrap_or_default();
    DateTime::from_millis(millis).fmt(DateTimeFormat::DateTime).unwrap_or_default()
}

/// A line of JSON for each callback from now on. It shows plaintext, so it is for this machine alone.
async fn listen(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    State((lines, stopped)): State<(broadcast::Sender<Arc<str>>, watch::Receiver<bool>)>,
) -> Response {
    if !peer.ip().to_canonical().is_loopback() {
        return (StatusCode::FORBIDDEN, "callbacks are shown to this machine alone\n").into_response();
    }
    let lines = futures_util::stream::unfold(
        (lines.subscribe(), stopped),
        |(mut lines, mut stopped)| async move {
            let line = tokio::select! {
                biased; // what happened before the end is told
                line = lines.recv() => match line {
                    Ok(line) => format!("{line}\n"),
                    Err(broadcast::error::RecvError::Lagged(count)) => format!("{}\n", json!({ "missed": count })),
                    Err(broadcast::error::RecvError::Closed) => return None,
                },
                _ = stopped.wait_for(|stop| *stop) => return None,
            };
            Some((Ok::<_, Infallible>(line), (lines, stopped)))
        },
    );
    let json_lines = [(header::CONTENT_TYPE, "application/x-ndjson")];
    (json_lines, axum::body::Body::from_stream(lines)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn another_machine_is_shown_nothing() {
        let asked_by = async |peer: &str| {
            let (stop, stopped) = watch::channel(false);
            let lines = broadcast::channel(1).0;
            stop.send_replace(true);
            listen(ConnectInfo(peer.parse().unwrap()), State((lines, stopped))).await.status()
        };
        for peer in ["127.0.0.1:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
            assert_eq!(asked_by(peer).await, StatusCode::OK, "{peer}");
        }
        for peer in ["10.99.0.1:80", "0.0.0.0:80", "[::]:80", "[::ffff:10.0.0.1]:80", "[fe80::1]:80"] {
            assert_eq!(asked_by(peer).await, StatusCode::FORBIDDEN, "{peer}");
        }
    }

    #[tokio::test]
    async fn whoever_falls_behind_is_told_how_many_callbacks_were_missed() {
        let (_stop, stopped) = watch::channel(false);
        let lines = broadcast::Sender::<Arc<str>>::new(2);
        let peer = ConnectInfo("127.0.0.1:80".parse().unwrap());
        let shown = listen(peer, State((lines.clone(), stopped))).await;
        for number in 1..=5 {
            lines.send(number.to_string().into()).unwrap();
        }
        drop(lines);
        let shown = axum::body::to_bytes(shown.into_body(), 1024).await.unwrap();
        assert_eq!(shown, "{\"missed\":3}\n4\n5\n");
    }
}
