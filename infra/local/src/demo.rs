//! A whole story, told in a table: each request, its answer, and the balance after it.

mod story;

use anyhow::{Context as _, ensure};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use serde_json::{Value, json};
use waas_callback::{Asset, Balance, Decimal};
use waas_callback_aws::Ledger;
use waas_platform::{Exchange, Platform};

use crate::audit::{Reading, audit};
use crate::stack::{Options, Stack};

/// Columns of the table: what a page shows without a scroll bar.
const WIDTH: u16 = 108;

/// One request of the story and what has to come of it.
struct Step {
    story: &'static str,
    request: Request,
    status: u16,
    /// The answer's errCode; 0 for the merchant's own requests.
    err_code: i64,
    /// Whose balance is shown, in what.
    holder: (&'static str, &'static str),
    /// What that holds afterwards, available and frozen.
    balance: (&'static str, &'static str),
    /// Does the short story have it too?
    is_brief: bool,
}

impl Step {
    fn brief(self) -> Self {
        Self { is_brief: true, ..self }
    }
}

enum Request {
    /// From the platform, to a route.
    Callback { platform: Box<Platform>, route: &'static str, plaintext: String },
    /// From the merchant, to its own API.
    Call { method: &'static str, path: &'static str, body: Option<Value> },
    /// From an operator: ends the open case that the query finds.
    Resolve { query: &'static str, action: &'static str, reason: &'static str },
}

/// What was sent and what came back, as the table shows it.
struct Told {
    request: String,
    answer: String,
    status: u16,
    err_code: i64,
}

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// A dozen rows.
    Brief,
    /// Every row.
    All,
}

/// Plays the story on a stack of its own and returns the table, with the ledger's audit below it.
///
/// # Errors
///
/// If a part cannot be started, or an answer or a balance is not what the story says.
pub async fn play(length: Length) -> anyhow::Result<String> {
    let stack = Stack::start(&Options::default()).await?;
    let table = tell(&stack, length).await;
    stack.stop().await?;
    table
}

async fn tell(stack: &Stack, length: Length) -> anyhow::Result<String> {
    let ledger = Ledger::connect(stack.config());
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH);
    table.set_header(["what happens", "request", "answer", "balance after it"]);
    let steps = story::steps()?.into_iter().filter(|step| length == Length::All || step.is_brief);
    for step in steps {
        let told = match &step.request {
            Request::Callback { platform, route, plaintext } => {
                callback(stack, platform, route, plaintext).await.context(step.story)?
            }
            Request::Call { method, path, body } => call(stack, method, path, body.as_ref()).await?,
            Request::Resolve { query, action, reason } => {
                resolve(stack, query, action, reason).await.context(step.story)?
            }
        };
        let (user, asset) = step.holder;
        let asset: Asset = asset.parse()?;
        let balance = ledger.balance(user, &asset).await?;
        let Told { request, answer, status, err_code } = told;
        table.add_row([step.story.to_owned(), request, answer, shown(user, &asset, &balance)]);

        let (available, frozen) = (balance.available.to_string(), balance.frozen.to_string());
        let seen = (status, err_code, (&*available, &*frozen));
        let expected = (step.status, step.err_code, step.balance);
        ensure!(seen == expected, "{}: expected {expected:?}, saw {seen:?}\n{table}", step.story);
    }
    let audit = audit(stack.config(), Reading::default()).await?;
    ensure!(audit.is_clean(), "{audit}\n{table}");
    Ok(format!("{table}\naudit: {audit}"))
}

fn shown(user: &str, asset: &Asset, balance: &Balance) -> String {
    let mut shown = format!("{user}: {} {}", balance.available, asset.symbol());
    for (part, name) in [(balance.frozen, "frozen"), (balance.held, "held"), (balance.owed, "owed")] {
        if !part.is_zero() {
            shown = format!("{shown}\n+ {part} {name}");
        }
    }
    shown
}

async fn callback(stack: &Stack, platform: &Platform, route: &str, plaintext: &str) -> anyhow::Result<Told> {
    let (url, platform, sent) = (stack.url(route), platform.clone(), plaintext.to_owned());
    let exchange = tokio::task::spawn_blocking(move || platform.send(&url, &sent)).await??;
    ensure!(exchange.problems.is_empty(), "{:?}", exchange.problems);
    let callback: Value = serde_json::from_str(plaintext)?;
    let uuid: String = callback["requestUUID"].as_str().unwrap_or_default().chars().take(8).collect();
    Ok(Told {
        request: format!("type {}: {}\nrequestUUID {uuid}…", callback["type"], subject(&callback)),
        answer: answer(&exchange),
        status: exchange.status,
        err_code: exchange.answer.as_ref().map_or(0, |answer| answer.err_code),
    })
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
    let detail = answer["state"].as_str().or(answer["detail"].as_str()).or(posted).unwrap_or_default();
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
    let body = json!({
        "id": format!("demo-{action}"), "action": action, "reason": reason, "expected": case["expected"]
    });
    let (status, answer) = ask(stack, "POST", &format!("{path}/resolve"), Some(&body)).await?;
    let detail = answer["detail"].as_str().unwrap_or("the case is closed");
    let kind = key.split('.').next().unwrap_or_default();
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
            ("DELETE", _) => agent.delete(url).call(),
            _ => agent.get(url).call(),
        }?;
        Ok::<_, ureq::Error>((response.status().as_u16(), response.body_mut().read_to_string()?))
    });
    let (status, text) = response.await??;
    Ok((status, serde_json::from_str(&text)?))
}
