//! The simulated platform on loopback, behind a gate that can keep its answers back or put others in their place.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, Uri, header};
use rand::SeedableRng as _;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use waas_platform::Platform;
use waas_platform::simulator::{Asked, Call, HttpAnswer, Simulator};

/// What happens to one of the merchant's calls, besides the simulator's own misbehaviour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlatformFault {
    /// Nothing: this one goes through, and the next fault waits.
    Pass,
    /// It does not arrive, and is not answered.
    Hang,
    /// It takes effect, and is not answered.
    AnswerHangs,
    /// It does not arrive, and somebody else answers.
    Answer(u16, String),
    /// The simulator misbehaves at this one: what it does, as a scenario has it.
    Misbehaves(Value),
}

/// The platform. Ends when dropped.
pub struct Gate {
    pub url: String,
    state: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    simulator: Mutex<Simulator>,
    /// The simulator's clock: it stands still unless a test moves it.
    now: Mutex<SystemTime>,
    faults: Mutex<VecDeque<PlatformFault>>,
    always: Mutex<Option<PlatformFault>>,
    hung: watch::Sender<usize>,
}

impl Gate {
    /// A platform that knows nobody yet. What it makes up is the same in every run.
    pub async fn start(platform: Platform) -> Self {
        let rng = Box::new(rand::rngs::StdRng::seed_from_u64(10));
        let state = Arc::new(Shared {
            simulator: Mutex::new(Simulator::new(platform, rng)),
            now: Mutex::new(UNIX_EPOCH + Duration::from_hours(24 * 365 * 50)),
            faults: Mutex::default(),
            always: Mutex::default(),
            hung: watch::Sender::default(),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&state));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, state, server }
    }

    /// The platform itself. Not to be held over an `await`.
    pub fn simulator(&self) -> MutexGuard<'_, Simulator> {
        self.state.simulator.lock().unwrap()
    }

    /// Its time.
    pub fn now(&self) -> SystemTime {
        *self.state.now.lock().unwrap()
    }

    /// Lets time pass there, and nowhere else.
    pub fn advance(&self, time: Duration) {
        *self.state.now.lock().unwrap() += time;
    }

    /// Lets a scenario happen, by its JSON.
    pub fn add(&self, scenario: Value) {
        let (scenario, now) = (serde_json::from_value(scenario).unwrap(), self.now());
        self.simulator().add(now, scenario).unwrap();
    }

    /// How often it was asked: for a deposit, for an order, for a user's address.
    pub fn asked(&self) -> [u64; 3] {
        let calls = [Call::GetDepositOrder, Call::GetWithdrawOrder, Call::GetUserAddress];
        calls.map(|call| self.simulator().calls_of(call))
    }

    /// The next calls go wrong like this, one each.
    pub fn fail_next(&self, faults: impl IntoIterator<Item = PlatformFault>) {
        self.state.faults.lock().unwrap().extend(faults);
    }

    /// Takes back what was to go wrong.
    pub fn fail_no_more(&self) {
        self.state.faults.lock().unwrap().clear();
    }

    /// All calls go wrong like this, until told otherwise.
    pub fn fail_always(&self, fault: Option<PlatformFault>) {
        *self.state.always.lock().unwrap() = fault;
    }

    /// Returns once a call hangs, of those since the last time.
    pub async fn hangs(&self) {
        self.state.hung.subscribe().wait_for(|hung| *hung > 0).await.unwrap();
        self.state.hung.send_replace(0);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(state): State<Arc<Shared>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let asked = Asked {
        path: uri.path(),
        content_type: text("content-type"),
        api_key: text("x-api-key"),
        body: &body,
    };
    let ask = || {
        let now = *state.now.lock().unwrap();
        state.simulator.lock().unwrap().call(now, &asked)
    };
    let fault = state.faults.lock().unwrap().pop_front().or(state.always.lock().unwrap().clone());
    let reply = match fault {
        Some(PlatformFault::Answer(status, body)) => return plain(HttpAnswer { status, body }),
        Some(fault @ (PlatformFault::Hang | PlatformFault::AnswerHangs)) => {
            if fault == PlatformFault::AnswerHangs {
                _ = ask();
            }
            state.hung.send_modify(|hung| *hung += 1);
            return std::future::pending().await;
        }
        Some(PlatformFault::Misbehaves(fault)) => {
            let rule = serde_json::json!({ "misbehaviour": { "calls": [{ "do": fault, "times": 1 }] } });
            let (now, mut simulator) = (*state.now.lock().unwrap(), state.simulator.lock().unwrap());
            simulator.add(now, serde_json::from_value(rule).unwrap()).unwrap();
            simulator.call(now, &asked)
        }
        None | Some(PlatformFault::Pass) => ask(),
    };
    tokio::time::sleep(reply.after).await;
    match reply.answer {
        Some(answer) => plain(answer),
        // Until whoever asked gives up.
        None => std::future::pending().await,
    }
}

fn plain(HttpAnswer { status, body }: HttpAnswer) -> Response {
    let content_type = if body.starts_with('<') { "text/html" } else { "application/json" };
    (StatusCode::from_u16(status).unwrap(), [(header::CONTENT_TYPE, content_type)], body).into_response()
}
