//! A whole story, told in a table: each request, its answer, and the balance after it.

mod requests;
mod splice;
mod step;
mod story;

use anyhow::{Context as _, ensure};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use waas_callback::{Asset, Balance};
use waas_callback_aws::Ledger;

use crate::audit::{Reading, audit};
use crate::platform::Simulated;
use crate::stack::{Options, Stack};
use crate::workers::Calling;

/// Columns of the table: what a page shows without a scroll bar.
const WIDTH: u16 = 108;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Not two dozen rows.
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
    let options = Options {
        // Nobody who looks at the table waits for an order to be a day old.
        settings: [("WAAS_VERIFY", "true"), ("WAAS_RECONCILIATION_AGE_SECONDS", "0")]
            .map(|(name, value)| (name, value.to_owned()))
            .into(),
        simulator: Some(Simulated::default()),
        calling: Calling::WhenTold,
        ..Options::default()
    };
    let stack = Stack::start(&options).await?;
    let table = Box::pin(tell(&stack, length)).await;
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
        if let (Some(known), Some(simulator)) = (&step.known, stack.simulator()) {
            simulator.add(serde_json::from_str(&known.to_string())?)?;
        }
        let (user, asset) = step.holder;
        let told = requests::send(stack, &step.request, user).await.context(step.story)?;
        let asset: Asset = asset.parse()?;
        let balance = ledger.balance(user, &asset).await?;
        let requests::Told { request, answer, status, err_code } = told;
        table.add_row([step.story.to_owned(), request, answer, shown(user, &asset, &balance)]);

        let [available, frozen, held] =
            [balance.available, balance.frozen, balance.held].map(|part| part.to_string());
        let seen = (status, err_code, (&*available, &*frozen), &*held);
        let expected = (step.status, step.err_code, step.balance, step.held);
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
