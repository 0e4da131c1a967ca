//! Reads again what looks wrong, before it is called so.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::progress::Progress;

use super::books::Books;
use super::finding::{Finding, Kind, Named};
use super::names::digest;
use super::record::{self, Event, text};
use super::tables::{AT_ONCE, Item, Tables};
use super::{enter_balance, enter_case, enter_checkpoint, enter_event, enter_order, find_causes};

/// Before each reading by the index, which lags behind by less than a second as a rule.
const PAUSES: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];
/// The pause after which what still looks the same is not looked at by the index again.
const SETTLED: Duration = Duration::from_secs(1);
/// More findings than these are no matter of moments: a table was lost, or restored.
const MANY: usize = 10_000;

/// Which events of each user, order, case and movement were read: the sum of their keys' digests, which has no order.
type Marks = BTreeMap<String, u128>;

/// Decides on suspects: what could not be decided, and what is so.
pub(super) async fn decide(
    tables: &Tables,
    mut suspects: Vec<Finding>,
    progress: Progress,
) -> anyhow::Result<(Vec<Finding>, Vec<Finding>)> {
    for pause in PAUSES {
        if suspects.is_empty() || suspects.len() > MANY {
            break;
        }
        tokio::time::sleep(pause).await;
        let remaining = by_index(tables, &Suspects::of(&suspects), progress).await?;
        let is_settled = remaining == suspects && pause >= SETTLED;
        suspects = remaining;
        if is_settled {
            break;
        }
    }
    if suspects.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let (found, changed) = by_scan(tables, &Suspects::of(&suspects), progress).await?;
    Ok(part(found, &suspects, &changed))
}

/// Parts what was found into what could not be decided and what is so.
fn part(
    found: Vec<Finding>,
    suspects: &[Finding],
    changed: &BTreeSet<String>,
) -> (Vec<Finding>, Vec<Finding>) {
    // What shows up only now began after the audit did, or is known in part: it is the next audit's.
    let known: BTreeSet<_> = suspects.iter().map(|of| (of.kind, &of.key)).collect();
    let is_suspect = |of: &Finding| known.contains(&(of.kind, &of.key));
    let is_undecided = |of: &Finding| of.subjects().any(|subject| changed.contains(subject));
    found.into_iter().filter(is_suspect).partition(is_undecided)
}

/// What there is of one user, read within moments.
#[derive(Default)]
struct Slice {
    events: Vec<Item>,
    orders: Vec<Item>,
    cases: Vec<Item>,
    balances: Vec<Item>,
}

/// Reads the suspects' records again, user by user, the events by the index.
async fn by_index(tables: &Tables, suspects: &Suspects, progress: Progress) -> anyhow::Result<Vec<Finding>> {
    let mut books = Books::default();
    let mut all = Slice::default();
    // Those of the whole are in nobody's index.
    let movements = suspects.movements.iter().cloned();
    for item in tables.named(&tables.names.events, "eventKey", movements).await? {
        enter_event(&mut books, &item);
    }
    let mut part = progress.begin("looking again", u64::try_from(suspects.users.len()).ok());
    let mut slices = stream::iter(&suspects.users).map(|user| slice(tables, user)).buffer_unordered(AT_ONCE);
    while let Some(of_user) = slices.try_next().await? {
        // Read after the events, and all the same of those that were long there.
        for item in &of_user.balances {
            enter_checkpoint(&mut books, item);
        }
        for item in &of_user.events {
            enter_event(&mut books, item);
        }
        all.orders.extend(of_user.orders);
        all.cases.extend(of_user.cases);
        all.balances.extend(of_user.balances);
        part.advance(1);
    }
    drop(slices);
    part.end();
    // Those that no event of these users names.
    let names = &tables.names;
    let missing = |wanted: &BTreeSet<String>, key: &str, found: &[Item]| {
        let found: BTreeSet<_> = found.iter().filter_map(|item| text(item, key)).collect();
        wanted.iter().filter(|wanted| !found.contains(&***wanted)).cloned().collect::<Vec<_>>()
    };
    let orders = missing(&suspects.orders, "callBackId", &all.orders);
    all.orders.extend(tables.named(&names.withdrawals, "callBackId", orders).await?);
    let cases = missing(&suspects.cases, "caseKey", &all.cases);
    all.cases.extend(tables.named(&names.cases, "caseKey", cases).await?);
    enter(&mut books, &all);
    find_causes(tables, &mut books).await?;
    Ok(suspects.among(books.close()))
}

async fn slice(tables: &Tables, user: &str) -> anyhow::Result<Slice> {
    let names = &tables.names;
    let events = tables.of_user(&names.events, Some("byUser"), user).await?;
    let orders: BTreeSet<_> = events.iter().filter_map(|item| text(item, "callBackId")).collect();
    let orders = orders.into_iter().map(str::to_owned);
    let cases: BTreeSet<_> = events.iter().filter_map(|item| Event::read(item)?.case_key).collect();
    let (orders, cases, balances) = tokio::try_join!(
        tables.named(&names.withdrawals, "callBackId", orders),
        tables.named(&names.cases, "caseKey", cases),
        tables.of_user(&names.balances, None, user)
    )?;
    Ok(Slice { events, orders, cases, balances })
}

/// Enters records; their events were entered before.
fn enter(books: &mut Books, Slice { orders, cases, balances, .. }: &Slice) {
    // Two users' events can name one order, or one case.
    let mut entered = BTreeSet::new();
    for item in orders.iter().filter(|item| entered.insert(text(item, "callBackId"))) {
        enter_order(books, item);
    }
    entered.clear();
    for item in cases.iter().filter(|item| entered.insert(text(item, "caseKey"))) {
        enter_case(books, item);
    }
    for item in balances {
        enter_balance(books, item);
    }
}

/// Reads the suspects' records again, the events by consistent reads before and after them. Says too of which users,
/// orders and cases the events were not the same by then.
async fn by_scan(
    tables: &Tables,
    suspects: &Suspects,
    progress: Progress,
) -> anyhow::Result<(Vec<Finding>, BTreeSet<String>)> {
    let mut books = Books::default();
    let subjects = suspects.all();
    for item in balances(tables, suspects).await? {
        enter_checkpoint(&mut books, &item);
    }
    let before = scan_events(tables, &subjects, progress, |item| enter_event(&mut books, item)).await?;
    enter_records(tables, &mut books, suspects).await?;
    let after = scan_events(tables, &subjects, progress, |_| {}).await?;
    let changed = subjects.into_iter().filter(|subject| before.get(subject) != after.get(subject)).collect();
    Ok((suspects.among(books.close()), changed))
}

/// Reads all events and hands over those of these subjects.
async fn scan_events(
    tables: &Tables,
    subjects: &BTreeSet<String>,
    progress: Progress,
    mut enter: impl FnMut(&Item),
) -> anyhow::Result<Marks> {
    let mut marks = Marks::new();
    let total = if progress == Progress::Hidden { None } else { tables.about(&tables.names.events).await };
    let mut part = progress.begin("making sure", total);
    let mut pages = tables.scan(&tables.names.events);
    while let Some(page) = pages.try_next().await? {
        for item in &page {
            let named: Vec<_> =
                record::subjects(item).into_iter().filter(|subject| subjects.contains(&**subject)).collect();
            let Some(key) = text(item, "eventKey").filter(|_| !named.is_empty()) else { continue };
            for subject in named {
                let mark = marks.entry(subject.into_owned()).or_default();
                *mark = mark.wrapping_add(u128::from_be_bytes(digest(key)));
            }
            enter(item);
        }
        part.advance(page.len());
    }
    part.end();
    Ok(marks)
}

/// Enters the records of the suspects, and of what their events tell of.
async fn enter_records(tables: &Tables, books: &mut Books, suspects: &Suspects) -> anyhow::Result<()> {
    let names = &tables.names;
    let orders: BTreeSet<_> = suspects.orders.iter().cloned().chain(books.orders()).collect();
    let cases: BTreeSet<_> = suspects.cases.iter().cloned().chain(books.cases()).collect();
    let (orders, cases) = tokio::try_join!(
        tables.named(&names.withdrawals, "callBackId", orders),
        tables.named(&names.cases, "caseKey", cases)
    )?;
    let balances = balances(tables, suspects).await?;
    enter(books, &Slice { orders, cases, balances, ..Slice::default() });
    find_causes(tables, books).await
}

async fn balances(tables: &Tables, suspects: &Suspects) -> anyhow::Result<Vec<Item>> {
    let queries =
        stream::iter(&suspects.users).map(|user| tables.of_user(&tables.names.balances, None, user));
    queries.buffer_unordered(AT_ONCE).try_concat().await
}

/// What is read again.
struct Suspects {
    users: BTreeSet<String>,
    orders: BTreeSet<String>,
    cases: BTreeSet<String>,
    movements: BTreeSet<String>,
}

impl Suspects {
    fn of(findings: &[Finding]) -> Self {
        let keys = |of| {
            let findings = findings.iter().filter(move |finding| finding.named() == of);
            findings.map(|finding| finding.key.clone()).collect()
        };
        Self {
            users: findings.iter().flat_map(|finding| finding.users.iter().cloned()).collect(),
            orders: keys(Named::Order),
            cases: keys(Named::Case),
            movements: keys(Named::Movement),
        }
    }

    fn all(&self) -> BTreeSet<String> {
        let all = self.users.iter().chain(&self.orders).chain(&self.cases);
        all.chain(&self.movements).cloned().collect()
    }

    /// What is found of the suspects: of others, and of other movements of their users, not all was read.
    fn among(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let all = self.all();
        let is_of_them =
            |of: &Finding| of.kind != Kind::Unreadable && of.subjects().any(|subject| all.contains(subject));
        findings.into_iter().filter(is_of_them).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(kind: Kind, key: &str, user: &str) -> Finding {
        let users = BTreeSet::from([user.to_owned()]);
        Finding { kind, key: key.to_owned(), detail: String::new(), users }
    }

    #[test]
    fn what_changed_meanwhile_is_no_difference() {
        let balance = finding(Kind::Balance, "1945 TRON#USDT", "1945");
        let order = finding(Kind::OrderState, "w", "2049");
        let case = finding(Kind::Case, "deposit.1", "3000");
        let movement = finding(Kind::Movement, "movement.1", "1945");
        let new = finding(Kind::Frozen, "1945 TRON#USDT", "1945");
        let suspects = [balance.clone(), order.clone(), case.clone(), movement.clone()];
        let part = |changed: &[&str]| {
            let changed = changed.iter().map(|subject| (*subject).to_owned()).collect();
            super::part([&suspects[..], std::slice::from_ref(&new)].concat(), &suspects, &changed)
        };
        let but = |left: &Finding| suspects.iter().filter(|of| *of != left).cloned().collect::<Vec<_>>();
        assert_eq!(part(&[]), (vec![], suspects.to_vec()));
        assert_eq!(
            part(&["1945"]),
            (vec![balance.clone()], but(&balance)),
            "a movement's own events alone tell of it"
        );
        assert_eq!(
            part(&["w", "3000"]),
            (vec![order.clone(), case.clone()], vec![balance.clone(), movement.clone()])
        );
        assert_eq!(part(&["deposit.1"]), (vec![case.clone()], but(&case)));
        assert_eq!(part(&["movement.1"]), (vec![movement.clone()], but(&movement)));
    }
}
