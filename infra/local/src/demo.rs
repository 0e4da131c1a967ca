//! A whole story, told in a table: each request, its answer, and the balance after it.

use anyhow::{Context as _, ensure};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use waas_callback::Asset;
use waas_callback_aws::Books;
use waas_platform::{Exchange, Platform, PrivateKey, with_new_uuid};

use crate::stack::{Options, Stack};

const DEPOSIT: &str = include_str!("../../../events/plain/deposit.json");
const ROUTE: &str = "/callback/deposit";

/// One request of the story and what has to come of it.
struct Step {
    story: &'static str,
    platform: Platform,
    plaintext: String,
    status: u16,
    err_code: i64,
    available: &'static str,
}

/// Plays the story on a stack of its own and returns the table.
///
/// # Errors
///
/// If a part cannot be started, or an answer or a balance is not what the story says.
pub async fn play() -> anyhow::Result<String> {
    let stack = Stack::start(&Options::default()).await?;
    let table = tell(&stack).await;
    stack.stop().await?;
    table
}

async fn tell(stack: &Stack) -> anyhow::Result<String> {
    let books = Books::of(stack.config());
    let asset = Asset::new("TRON", "TRX")?;
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["what happens", "request", "answer", "2049 holds, TRON#TRX"]);
    for step in story()? {
        let url = stack.url(ROUTE);
        let (platform, plaintext) = (step.platform, step.plaintext.clone());
        let sending = tokio::task::spawn_blocking(move || platform.send(&url, &plaintext));
        let exchange = sending.await?.context(step.story)?;
        let available = books.balance("2049", &asset).await?.available.to_string();
        table.add_row([
            step.story.to_owned(),
            request(&step.plaintext)?,
            answer(&exchange),
            available.clone(),
        ]);

        let err_code = exchange.answer.as_ref().map_or(0, |answer| answer.err_code);
        let seen = (exchange.status, err_code, &*available);
        let expected = (step.status, step.err_code, step.available);
        ensure!(seen == expected, "{}: expected {expected:?}, saw {seen:?}\n{table}", step.story);
        ensure!(exchange.problems.is_empty(), "{}: {:?}", step.story, exchange.problems);
    }
    Ok(table.to_string())
}

fn story() -> anyhow::Result<Vec<Step>> {
    let platform = Platform::development();
    let retry = with_new_uuid(DEPOSIT)?;
    let altered = with_new_uuid(&DEPOSIT.replace("2.500000000000", "2500.000000000000"))?;
    let forger = Platform::new(PrivateKey::generate(1024)?, platform.api_key.clone());
    let stranger = Platform::new(platform.key.clone(), Some("not-our-api-key".to_owned()));
    let step = |story, platform: &Platform, plaintext: &str, status, err_code| Step {
        story,
        platform: platform.clone(),
        plaintext: plaintext.to_owned(),
        status,
        err_code,
        available: "2.5",
    };
    Ok(vec![
        step("a deposit arrives", &platform, DEPOSIT, 200, 0),
        step("the platform repeats it", &platform, DEPOSIT, 200, 0),
        step("it retries under a new requestUUID", &platform, &retry, 200, 0),
        step("the same deposit with another amount", &platform, &altered, 200, 2003),
        step("a forger seals with a key of his own", &forger, DEPOSIT, 400, 1003),
        step("a stranger has the wrong API key", &stranger, DEPOSIT, 401, 1001),
    ])
}

fn request(plaintext: &str) -> anyhow::Result<String> {
    let callback: serde_json::Value = serde_json::from_str(plaintext)?;
    let field = |name: &str| callback[name].as_str().unwrap_or_default().to_owned();
    let uuid = field("requestUUID");
    Ok(format!(
        "type {}, {} {}\nrequestUUID {}…",
        callback["type"],
        field("amount"),
        field("symbol"),
        &uuid[..8]
    ))
}

fn answer(exchange: &Exchange) -> String {
    let Some(answer) = &exchange.answer else { return exchange.status.to_string() };
    let head = format!("{} errCode {}", exchange.status, answer.err_code);
    let echoed = exchange.reply.as_ref().and_then(|reply| reply["requestUUID"].as_str());
    match echoed {
        Some(uuid) if answer.err_code == 0 => format!("{head}\nsealed reply to {}…", &uuid[..8]),
        _ => format!("{head}\n{}", answer.message),
    }
}
