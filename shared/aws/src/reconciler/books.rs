//! The books: what is frozen against the open orders, and balances against the sum of their events.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use waas_callback::{Asset, Balance, Decimal, Finding, compare_balance, compare_frozen};

use super::Reconciler;
use crate::retry::{Attempt, Deadline, Unavailable, failed, retry};
use crate::tables::balances::{self, UserBalance};
use crate::tables::events::{self, RecordedEvent};
use crate::tables::withdrawals::{self, Awaits};
use crate::tables::{Item, Ledger, read, text, timestamp};

/// How long what differs has to stay as it is before it is taken for more than something under way, and how often that is
/// looked at.
const QUIET: Duration = Duration::from_secs(2);
const LOOKS: usize = 3;

/// What was committed may bear an older time than this: a checkpoint lies before it.
const SETTLED: Duration = Duration::from_mins(10);

/// How many balances are read at once.
const BALANCES_AT_ONCE: i32 = 500;
const BESIDE_EACH_OTHER: usize = 8;

/// Behind which balance a run goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BookCursor {
    /// The user.
    pub tenant_user_id: String,
    /// The asset.
    pub asset: String,
}

/// What came of a look at some balances.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Books {
    /// How many were compared with their events.
    pub compared: u64,
    /// How many changed all the time that they were looked at.
    pub busy: u64,
    /// How many could not be read, of balances and of orders.
    pub unread: u64,
    /// What differs.
    pub findings: Vec<Finding>,
    same: Same,
    /// Where the next part begins; absent at the end.
    pub next: Option<BookCursor>,
}

/// Which balances were found as they should be.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Same {
    These(HashSet<(String, Asset)>),
    AllBut(HashSet<(String, Asset)>),
}

impl Default for Same {
    fn default() -> Self {
        Self::These(HashSet::new())
    }
}

impl Books {
    /// Was this balance found as it should be?
    #[must_use]
    pub fn is_same(&self, tenant_user_id: &str, asset: &Asset) -> bool {
        let balance = (tenant_user_id.to_owned(), asset.clone());
        match &self.same {
            Same::These(balances) => balances.contains(&balance),
            Same::AllBut(balances) => !balances.contains(&balance),
        }
    }
}

/// What is frozen of a balance, and what its open orders are to pay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Frozen {
    balance: Decimal,
    orders: Decimal,
}

impl Frozen {
    /// By how much they differ.
    fn by(self) -> Option<Decimal> {
        self.balance.checked_sub(self.orders)
    }
}

type ByBalance<T> = HashMap<(String, Asset), T>;

impl Reconciler {
    /// Holds what is frozen against the open orders, of all users. What differs is looked at again, and again, and counts
    /// only if it differs by the same each time.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with what is no balance.
    pub async fn frozen(&self) -> Result<Books, Unavailable> {
        let mut differing: Option<ByBalance<Frozen>> = None;
        let mut unread = 0;
        let mut suspect = HashSet::new();
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(QUIET).await;
            }
            let all;
            (all, unread) = self.all_frozen().await?;
            let mut now: ByBalance<_> =
                all.into_iter().filter(|(_, frozen)| frozen.balance != frozen.orders).collect();
            match differing {
                Some(before) => {
                    now.retain(|key, frozen| before.get(key).is_some_and(|was| was.by() == frozen.by()));
                }
                None => suspect = now.keys().cloned().collect(),
            }
            let is_settled = now.is_empty();
            differing = Some(now);
            if is_settled {
                break;
            }
        }
        let differing = differing.unwrap_or_default();
        let findings = differing.iter().filter_map(|((user, asset), Frozen { balance, orders })| {
            compare_frozen(user, asset, *balance, *orders)
        });
        let mut findings: Vec<_> = findings.collect();
        findings.sort_by_cached_key(|finding| finding.identity(None).event_key);
        Ok(Books { unread, findings, same: Same::AllBut(suspect), ..Books::default() })
    }

    /// All of it, and how many records could not be read: one that is damaged, or planted, must not hide the others.
    async fn all_frozen(&self) -> Result<(ByBalance<Frozen>, u64), Unavailable> {
        let (mut all, mut unread) = (ByBalance::<Frozen>::new(), 0);
        let mut start = None;
        // Orders first: what is frozen meanwhile has an order that is not seen, and is seen at the next look.
        loop {
            let page = self.read_open_orders(Awaits::End, "9999", start, 1000).await?;
            for item in page.items() {
                let Some((user, asset, amount)) = withdrawals::reserved(item) else {
                    tracing::error!(callBackId = read(item, withdrawals::KEY), "an order is malformed");
                    unread += 1;
                    continue;
                };
                let of = all.entry((user, asset)).or_default();
                let sum = of.orders.checked_add(amount);
                of.orders = sum.ok_or_else(|| Unavailable::new("open orders need more than 38 digits"))?;
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        let mut from = None;
        loop {
            let (page, malformed, next) = self.read_balances(from).await?;
            unread += malformed;
            for UserBalance { tenant_user_id, asset, balance } in page {
                let key = (tenant_user_id, asset);
                if balance.frozen.is_zero() && !all.contains_key(&key) {
                    continue;
                }
                all.entry(key).or_default().balance = balance.frozen;
            }
            from = next;
            if from.is_none() {
                return Ok((all, unread));
            }
        }
    }

    /// Balances from behind another, in no order of meaning, and how many of them are malformed. Consistent, each for
    /// itself.
    async fn read_balances(
        &self,
        from: Option<BookCursor>,
    ) -> Result<(Vec<UserBalance>, u64, Option<BookCursor>), Unavailable> {
        let Ledger { client, tables } = &self.ledger;
        let start = from.map(|BookCursor { tenant_user_id, asset }| {
            Item::from([("tenantUserId".into(), text(&tenant_user_id)), ("asset".into(), text(&asset))])
        });
        let attempt = async || {
            let scan = client.scan().table_name(&tables.balances).consistent_read(true);
            match scan.limit(BALANCES_AT_ONCE).set_exclusive_start_key(start.clone()).send().await {
                Ok(page) => Attempt::Done(Ok(page)),
                Err(error) => failed(&error),
            }
        };
        let page = retry(Deadline::after(None), attempt).await?;
        let next = page.last_evaluated_key.as_ref().and_then(|key| {
            let owned = |name: &str| read(key, name).map(str::to_owned);
            Some(BookCursor { tenant_user_id: owned("tenantUserId")?, asset: owned("asset")? })
        });
        let (mut all, mut malformed) = (Vec::with_capacity(page.items().len()), 0);
        for item in page.items() {
            match balances::recorded(item) {
                Ok(balance) => all.push(balance),
                Err(error) => {
                    tracing::error!(asset = read(item, "asset"), cause = %error, "a balance is not read");
                    malformed += 1;
                }
            }
        }
        Ok((all, malformed, next))
    }

    /// Holds some balances against the sum of their events since each one's checkpoint, and moves the checkpoints on.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with what is no balance or no event.
    pub async fn balances(&self, from: Option<BookCursor>, now: SystemTime) -> Result<Books, Unavailable> {
        let (page, unread, next) = self.read_balances(from).await?;
        let mut books = Books { unread, next, ..Books::default() };
        let mut same = HashSet::new();
        let mut failures = Vec::new();
        let looks = stream::iter(&page).map(async |UserBalance { tenant_user_id, asset, .. }| {
            ((tenant_user_id, asset), self.compare(tenant_user_id, asset, now).await)
        });
        let looks: Vec<_> = looks.buffer_unordered(BESIDE_EACH_OTHER).collect().await;
        for ((tenant_user_id, asset), looked) in looks {
            match looked {
                Ok(Looked::Same) => {
                    books.compared += 1;
                    same.insert((tenant_user_id.clone(), asset.clone()));
                }
                Ok(Looked::Differs(finding)) => {
                    books.compared += 1;
                    books.findings.push(finding);
                }
                Ok(Looked::Busy) => books.busy += 1,
                Err(error) => failures.push(error),
            }
        }
        books.same = Same::These(same);
        for error in &failures {
            tracing::error!(cause = %error, "a balance is not compared");
            books.unread += 1;
        }
        // What cannot be read of one, its record may be the cause of; of all of them, the tables are.
        match failures.pop() {
            Some(error) if !page.is_empty() && failures.len() + 1 == page.len() && page.len() > 1 => {
                Err(error)
            }
            _ => Ok(books),
        }
    }

    /// Compares one balance. What is under way just now makes a balance and its events differ for a moment: only what stays
    /// so while the balance does not change is a finding.
    async fn compare(
        &self,
        tenant_user_id: &str,
        asset: &Asset,
        now: SystemTime,
    ) -> Result<Looked, Unavailable> {
        let settled = timestamp(now - SETTLED)?;
        let mut before = None;
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(QUIET).await;
            }
            let Some((balance, checkpoint)) = self.ledger.audited(tenant_user_id, asset).await? else {
                return Ok(Looked::Same); // it is gone
            };
            let (mut posted, mut sum, mut is_further) = (checkpoint.sum, checkpoint.sum, false);
            let since = checkpoint.to.as_deref();
            let add = |event: &RecordedEvent| {
                // Whatever it is of: the next run need not read it again.
                let is_settled = event.recorded_at <= settled;
                is_further |= is_settled;
                let postings = event.postings.iter();
                for posting in postings.filter(|posting| posting.asset == *asset) {
                    posted = added(posted, posting)?;
                    if is_settled {
                        sum = added(sum, posting)?;
                    }
                }
                Ok(())
            };
            self.ledger.each_event_since(tenant_user_id, since, add).await?;
            if posted == balance {
                if is_further {
                    self.ledger.set_audited(tenant_user_id, asset, &settled, sum).await?;
                }
                return Ok(Looked::Same);
            }
            let seen = (balance, posted);
            if before == Some(seen) && look + 1 == LOOKS {
                let finding = compare_balance(tenant_user_id, asset, balance, posted);
                return Ok(finding.map_or(Looked::Same, Looked::Differs));
            }
            if before.is_some_and(|before| before != seen) {
                return Ok(Looked::Busy);
            }
            before = Some(seen);
        }
        Ok(Looked::Busy)
    }
}

enum Looked {
    Same,
    Differs(Finding),
    Busy,
}

fn added(balance: Balance, posting: &waas_callback::Posting) -> Result<Balance, Unavailable> {
    balance.checked_add(posting).ok_or_else(|| Unavailable::new("postings need more than 38 digits"))
}

/// Up to when a balance's events were summed, and their sum.
struct Checkpoint {
    to: Option<String>,
    sum: Balance,
}

impl Ledger {
    /// A balance, and its checkpoint.
    async fn audited(
        &self,
        tenant_user_id: &str,
        asset: &Asset,
    ) -> Result<Option<(Balance, Checkpoint)>, Unavailable> {
        let key = crate::tables::user_and_asset(tenant_user_id, asset);
        let Some(item) = self.get(&self.tables.balances, key).await? else { return Ok(None) };
        let (to, sum) = balances::checkpoint(&item)?;
        Ok(Some((balances::recorded(&item)?.balance, Checkpoint { to, sum })))
    }

    async fn set_audited(
        &self,
        tenant_user_id: &str,
        asset: &Asset,
        to: &str,
        sum: Balance,
    ) -> Result<(), Unavailable> {
        let update = balances::set_checkpoint(&self.tables.balances, tenant_user_id, asset, to, sum)?;
        self.change(&update, Deadline::after(None)).await.map(|_| ())
    }

    /// Looks at a user's events after a time, oldest first, of which there may be more than memory holds. Eventually
    /// consistent.
    async fn each_event_since(
        &self,
        tenant_user_id: &str,
        since: Option<&str>,
        mut look: impl FnMut(&RecordedEvent) -> Result<(), Unavailable>,
    ) -> Result<(), Unavailable> {
        let mut start = None::<Item>;
        loop {
            let attempt = async || {
                let query = self.client.query().table_name(&self.tables.events).index_name(events::BY_USER);
                let query = query.key_condition_expression("tenantUserId = :user AND recordedAt > :since");
                let query = query.expression_attribute_values(":user", text(tenant_user_id));
                let since = AttributeValue::S(since.unwrap_or("0").to_owned());
                let query = query.expression_attribute_values(":since", since);
                match query.set_exclusive_start_key(start.clone()).send().await {
                    Ok(page) => Attempt::Done(Ok(page)),
                    Err(error) => failed(&error),
                }
            };
            let page = retry(Deadline::after(None), attempt).await?;
            for item in page.items() {
                look(&events::recorded(item)?)?;
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(());
            }
        }
    }
}
