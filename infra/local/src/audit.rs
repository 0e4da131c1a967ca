//! Recomputes from the events what every other record has to be, and names each difference.
//!
//! It reads a live system and stops nobody, so what it reads first is older than what it reads last. What looks
//! wrong is therefore read again before it is called so: at first by the index of events by user, which is quick
//! and can only acquit; then, if it still looks wrong, by consistent reads before and after its records. Where both
//! have the same events, nothing happened between them, and the records are those of one moment.

mod accounts;
mod again;
mod books;
mod cases;
mod event;
mod finding;
mod movements;
mod names;
mod orders;
mod record;
mod report;
mod tables;
mod way;

use std::collections::BTreeSet;
use std::time::SystemTime;

use futures_util::stream::TryStreamExt as _;
use waas_callback_aws::{Config, RUN_KEY};

use crate::progress::Progress;

use books::Books;
use record::{Case, Event, Order, Recorded, Whole, text};
use tables::{Item, Tables};

pub use finding::{Finding, Kind};
pub use report::{Audit, Read};

/// How an audit reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// How far it tells.
    pub progress: Progress,
    /// How many parts of a table it reads at once.
    pub segments: i32,
}

impl Default for Reading {
    /// Without a word, four parts at once.
    fn default() -> Self {
        Self { progress: Progress::Hidden, segments: 4 }
    }
}

/// Enters a record.
type Enter = fn(&mut Books, &Item);

/// Audits the tables.
///
/// # Errors
///
/// If the tables cannot be read.
pub async fn audit(config: &Config, Reading { progress, segments }: Reading) -> anyhow::Result<Audit> {
    let tables = Tables::connect(config, segments);
    let mut audit = Audit::default();
    let found = everything(&tables, progress, &mut audit.read).await?;
    // No moment makes a record unreadable, or an event one that is not counted.
    let is_certain = |of: &Finding| matches!(of.kind, Kind::Unreadable | Kind::Counted);
    let (certain, suspects) = found.into_iter().partition::<Vec<_>, _>(is_certain);
    let (undecided, differences) = again::decide(&tables, suspects, progress).await?;
    audit.differences = [certain, differences].concat();
    audit.differences.sort();
    audit.undecided = undecided;
    Ok(audit)
}

/// Reads all of every table: the events first, since what they say is there to be found when the records are read. Before
/// them only what reconciliation has noted of the balances: what it sums was there by then.
async fn everything(
    tables: &Tables,
    progress: Progress,
    read: &mut Vec<Read>,
) -> anyhow::Result<Vec<Finding>> {
    let mut books = Books::default();
    let names = &tables.names;
    let parts: [(_, _, Enter); 5] = [
        ("checkpoints", &names.balances, enter_checkpoint),
        ("events", &names.events, enter_event),
        ("orders", &names.withdrawals, enter_order),
        ("cases", &names.cases, enter_case),
        ("balances", &names.balances, enter_balance),
    ];
    for (what, table, enter) in parts {
        let total = if progress == Progress::Hidden { None } else { tables.about(table).await };
        let mut part = progress.begin(what, total);
        let (from, mut records) = (SystemTime::now(), 0);
        let mut pages = tables.scan(table);
        while let Some(page) = pages.try_next().await? {
            for item in &page {
                enter(&mut books, item);
            }
            find_causes(tables, &mut books).await?;
            part.advance(page.len());
            let is_one = |item: &&Item| text(item, "caseKey") != Some(RUN_KEY);
            records += u64::try_from(page.iter().filter(is_one).count())?;
        }
        part.end();
        // Those that are only looked through for what was noted are read again below, and counted there.
        if what != "checkpoints" {
            read.push(Read { what, records, from, until: SystemTime::now() });
        }
    }
    Ok(books.close())
}

/// Looks for the events that open cases name.
async fn find_causes(tables: &Tables, books: &mut Books) -> anyhow::Result<()> {
    let causes = books.take_causes();
    let keys: BTreeSet<_> = causes.iter().map(|cause| cause.event_key.clone()).collect();
    let found = tables.named(&tables.names.events, "eventKey", keys).await?;
    let found: BTreeSet<_> = found.iter().filter_map(|item| text(item, "eventKey")).collect();
    for cause in causes.iter().filter(|cause| !found.contains(&*cause.event_key)) {
        books.causeless(cause);
    }
    Ok(())
}

fn enter_event(books: &mut Books, item: &Item) {
    let entered = if Whole::is(item) {
        Whole::read(item).map(|whole| books.whole(&whole))
    } else {
        Event::read(item).map(|event| books.event(&event))
    };
    if entered.is_none() {
        books.unreadable("event", item, &["eventKey"]);
    }
}

fn enter_order(books: &mut Books, item: &Item) {
    match Order::read(item) {
        Some(order) => books.order(&order),
        None => books.unreadable("order", item, &["callBackId"]),
    }
}

fn enter_case(books: &mut Books, item: &Item) {
    // How far reconciliation is stands beside its cases, and is none.
    if text(item, "caseKey") == Some(RUN_KEY) {
        return;
    }
    match Case::read(item) {
        Some(case) => books.case(case),
        None => books.unreadable("case", item, &["caseKey"]),
    }
}

/// One that cannot be read is told of later.
fn enter_checkpoint(books: &mut Books, item: &Item) {
    if let Some(balance) = Recorded::read(item) {
        books.checkpoint(&balance);
    }
}

fn enter_balance(books: &mut Books, item: &Item) {
    match Recorded::read(item) {
        Some(balance) => books.balance(&balance),
        None => books.unreadable("balance", item, &["tenantUserId", "asset"]),
    }
}
