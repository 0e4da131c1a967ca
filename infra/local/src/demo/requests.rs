//! Sends what a row says, and tells what came of it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use waas_callback::Decimal;
use waas_platform::simulator::Call;
use waas_platform::{Exchange, Platform};

use super::step::Request;
use crate::stack::Stack;

/// What was sent and what came back, as the table shows it.
pub(super) struct Told {
    pub(super) request: String,
    pub(super) answer: String,
    pub(super) status: u16,
    pub(super) err_code: i64,
}

/// What is asked to verify what callbacks say, and what a withdrawal is ordered by.
const CALLS: [(Call, &str); 5] = [
    (Call::GetDepositOrder, "getDepositOrder"),
    (Call::GetUserAddress, "getUserAddress"),
    (Call::GetWithdrawOrder, "getWithdrawOrder"),
    (Call::WithdrawRequest, "withdrawRequest"),
    (Call::WithdrawWithoutVerify, "withdrawWithoutVerify"),
];

/// How long the platform takes at most for what it does by itself, and how often that is looked at.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(20);

/// Sends it; `user` is whom the row is about.
pub(super) async fn send(stack: &Stack, request: &Request, user: &str) -> anyhow::Result<Told> {
    match request {
        Request::Callback { platform, route, plaintext, body } => {
            callback(stack, platform, route, plaintext, body).await
        }
        Request::Question { outcomes } => Box::pin(question(stack, user, outcomes)).await,
        Request::Submission => Box::pin(submission(stack, user)).await,
        Request::Reconciliation { found } => Box::pin(reconciliation(stack, found)).await,
        Request::Completion { id } => completion(stack, user, id).await,
        Request::Call { method, path, body } => call(stack, method, path, body.as_ref()).await,
        Request::Resolve { query, action, reason } => resolve(stack, query, action, reason).await,
    }
}

async fn callback(
    stack: &Stack,
    platform: &Platform,
    route: &str,
    plaintext: &str,
    body: &str,
) -> anyhow::Result<Told> {
    let callback: Value = serde_json::from_str(plaintext)?;
    let (url, platform, sent, request) =
        (stack.url(route), platform.clone(), body.to_owned(), callback.clone());
    let exchange = tokio::task::spawn_blocking(move || platform.post(&url, &sent, &request)).await??;
    ensure!(exchange.problems.is_empty(), "{:?}", exchange.problems);
    let uuid: String = callback["requestUUID"].as_str().unwrap_or_default().chars().take(8).collect();
    Ok(Told {
        request: format!("type {}: {}\nrequestUUID {uuid}…", callback["type"], subject(&callback)),
        answer: answer(&exchange),
        status: exchange.status,
        err_code: exchange.answer.as_ref().map_or(0, |answer| answer.err_code),
    })
}

/// What the platform is asked that is due, of which user, and what that came to.
async fn question(stack: &Stack, user: &str, outcomes: &[&str]) -> anyhow::Result<Told> {
    let (asked, ()) = calls_of(stack, stack.ask()).await?;
    let (_, answer) = ask(stack, "GET", &format!("/users/{user}/events?limit=2"), None).await?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let newest = &answer["events"][0]["recordedAt"];
    // Two at once, where the one's truth is the other's end.
    let is_of_it = |event: &&Value| {
        event["recordedAt"] == *newest && text(&event["eventKey"]).starts_with("verification.")
    };
    let events = answer["events"].as_array().into_iter().flatten().filter(is_of_it);
    let mut said: Vec<_> = events.map(|event| (text(&event["outcome"]), text(&event["word"]))).collect();
    said.sort();
    let seen: Vec<_> = said.iter().map(|(outcome, _)| outcome).collect();
    ensure!(seen == outcomes, "expected {outcomes:?}, saw {seen:?}");
    let said: Vec<_> = said.iter().map(|(outcome, word)| format!("{word}: {outcome}")).collect();
    Ok(Told { request: asked, answer: said.join("\n"), status: 200, err_code: 0 })
}

/// The names of the calls that the platform gets meanwhile.
async fn calls_of<T>(
    stack: &Stack,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<(String, T)> {
    let simulator = stack.simulator().context("no platform")?;
    let counts = || CALLS.map(|(call, _)| simulator.simulator().calls_of(call));
    let before = counts();
    let done = Box::pin(work).await?;
    let called = CALLS.iter().zip(before.iter().zip(counts()));
    let called: Vec<_> =
        called.filter(|(_, (before, after))| *before < after).map(|((_, name), _)| *name).collect();
    Ok((called.join("\n"), done))
}

/// What the platform is asked about the open orders, and what is found of them and of the ledger.
async fn reconciliation(stack: &Stack, expected: &[&str]) -> anyhow::Result<Told> {
    let (request, run) = calls_of(stack, stack.reconcile()).await?;
    let run = run.context("no run of reconciliation is due")?;
    let found: Vec<_> = run.found.keys().map(String::as_str).collect();
    ensure!(run.finished_at.is_some() && found == expected, "expected {expected:?}, saw {run:?}");
    let answer = format!("compared: {} open\nfound: {}", run.compared.orders, found.join(", "));
    Ok(Told { request, answer, status: 200, err_code: 0 })
}

/// What is ordered from the platform, for which user, and what that came to.
async fn submission(stack: &Stack, user: &str) -> anyhow::Result<Told> {
    let (request, ()) = calls_of(stack, stack.submit()).await?;
    let events = newest(stack, user).await?;
    // The platform may have asked already what to pay.
    let is_end =
        |event: &&Value| event["eventKey"].as_str().is_some_and(|key| key.starts_with("submission."));
    let end = events.iter().find(is_end).context("no submission has ended")?;
    let answer = end["outcome"].as_str().unwrap_or_default().to_owned();
    Ok(Told { request, answer, status: 200, err_code: 0 })
}

/// Waits until the platform has had an order confirmed and has paid it.
async fn completion(stack: &Stack, user: &str, id: &str) -> anyhow::Result<Told> {
    let until = Instant::now() + PATIENCE;
    loop {
        let events = newest(stack, user).await?;
        let mut told = Vec::new();
        for (number, outcome) in [(2, "confirmed"), (3, "completed")] {
            let is_it = |event: &Value| event["callBackId"] == id && event["outcome"] == outcome;
            if events.iter().any(is_it) {
                told.push((format!("type {number}: {id}"), outcome));
            }
        }
        if let [asks, paid] = told.as_slice() {
            let [request, answer] = [[&*asks.0, &*paid.0], [asks.1, paid.1]].map(|of| of.join("\n"));
            return Ok(Told { request, answer, status: 200, err_code: 0 });
        }
        ensure!(Instant::now() < until, "{id} is not paid: {told:?}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// The user's newest events, the newest first.
async fn newest(stack: &Stack, user: &str) -> anyhow::Result<Vec<Value>> {
    let (_, answer) = ask(stack, "GET", &format!("/users/{user}/events?limit=4"), None).await?;
    Ok(answer["events"].as_array().cloned().unwrap_or_default())
}

/// What a request is about, as far as it says so: order, amount and symbol, or its legs.
fn subject(request: &Value) -> String {
    let text = |name: &str| request[name].as_str();
    if let Some(legs) = request["legs"].as_array() {
        let leg = |leg: &Value| {
            let text = |name: &str| leg[name].as_str().unwrap_or_default();
            format!("{}: {} {}", text("tenantUserId"), text("amount"), text("symbol"))
        };
        return legs.iter().map(leg).collect::<Vec<_>>().join(", ");
    }
    let amount = text("amount")
        .map(|text| text.parse::<Decimal>().map_or_else(|_| text.to_owned(), |amount| amount.to_string()));
    let coins: Vec<_> = amount.as_deref().into_iter().chain(text("symbol")).collect();
    let coins = Some(coins.join(" ")).filter(|coins| !coins.is_empty());
    text("callBackId").into_iter().chain(coins.as_deref()).collect::<Vec<_>>().join(", ")
}

fn answer(exchange: &Exchange) -> String {
    let Some(answer) = &exchange.answer else { return exchange.status.to_string() };
    let head = format!("{} errCode {}", exchange.status, answer.err_code);
    let Some(reply) = exchange.reply.as_ref().filter(|_| answer.err_code == 0) else {
        return format!("{head}\n{}", answer.message);
    };
    let text = |name: &str| reply[name].as_str().unwrap_or_default();
    if reply["type"] == 2 {
        return format!("{head}\npay {} {} to {}…", text("amount"), text("symbol"), &text("address")[..8]);
    }
    format!("{head}\nsealed reply to {}…", &text("requestUUID")[..8])
}

/// The merchant's own request, as its backend would send it (there, signed for IAM).
async fn call(stack: &Stack, method: &'static str, path: &str, body: Option<&Value>) -> anyhow::Result<Told> {
    let (status, answer) = ask(stack, method, path, body).await?;
    let posted = answer["legs"].as_array().map(|_| "posted");
    let detail = answer["state"].as_str().or(answer["detail"].as_str()).or(posted);
    let detail = detail.unwrap_or("known from now on");
    Ok(Told {
        request: body
            .map_or_else(|| format!("{method} {path}"), |body| format!("{method} {path}\n{}", subject(body))),
        answer: format!("{status} {detail}"),
        status,
        err_code: 0,
    })
}

/// An operator's way: the list of what is open, the case, and its end with what was seen of it.
async fn resolve(stack: &Stack, query: &str, action: &str, reason: &str) -> anyhow::Result<Told> {
    let (_, open) = ask(stack, "GET", &format!("/cases?{query}"), None).await?;
    let key = open["cases"][0]["caseKey"].as_str().context("no open case")?;
    let path = format!("/cases/{key}");
    let (_, case) = ask(stack, "GET", &path, None).await?;
    let kind = key.split('.').next().unwrap_or_default();
    let id = format!("{action}-{kind}");
    let body = json!({ "id": id, "action": action, "reason": reason, "expected": case["expected"] });
    let (status, answer) = ask(stack, "POST", &format!("{path}/resolve"), Some(&body)).await?;
    let detail = answer["detail"].as_str().unwrap_or("the case is closed");
    let reasons: Vec<_> =
        case["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    Ok(Told {
        request: format!("resolve case {kind}…\n{}: {action}", reasons.join(", ")),
        answer: format!("{status} {detail}"),
        status,
        err_code: 0,
    })
}

async fn ask(
    stack: &Stack,
    method: &'static str,
    path: &str,
    body: Option<&Value>,
) -> anyhow::Result<(u16, Value)> {
    let (url, sent) = (stack.url(path), body.map(ToString::to_string));
    let response = tokio::task::spawn_blocking(move || {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut response = match (method, sent) {
            ("POST", body) => {
                agent.post(url).header("content-type", "application/json").send(body.unwrap_or_default())
            }
            ("PUT", _) => agent.put(url).send_empty(),
            ("DELETE", _) => agent.delete(url).call(),
            _ => agent.get(url).call(),
        }?;
        Ok::<_, ureq::Error>((response.status().as_u16(), response.body_mut().read_to_string()?))
    });
    let (status, text) = response.await??;
    Ok((status, serde_json::from_str(&text)?))
}
