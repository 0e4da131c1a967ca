//! The books: what is frozen against the open orders, and balances against the sum of their events.

use std::collections::HashMap;
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
    /// How many were compared.
    pub compared: u64,
    /// How many changed all the time that they were looked at.
    pub busy: u64,
    /// What differs.
    pub findings: Vec<Finding>,
    /// Where the next part begins; absent at the end.
    pub next: Option<BookCursor>,
}

/// What is frozen of a balance, and what its open orders are to pay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Frozen {
    balance: Decimal,
    orders: Decimal,
}

type ByBalance<T> = HashMap<(String, Asset), T>;

impl Reconciler {
    /// Holds what is frozen against the open orders, of all users. What differs is looked at again, and again, and counts
    /// only if it is the same each time.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with what is no balance.
    pub async fn frozen(&self) -> Result<Books, Unavailable> {
        let mut differing: Option<ByBalance<Frozen>> = None;
        let mut compared = 0;
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(QUIET).await;
            }
            let all = self.all_frozen().await?;
            compared = u64::try_from(all.len()).unwrap_or(u64::MAX);
            let mut now: ByBalance<_> =
                all.into_iter().filter(|(_, frozen)| frozen.balance != frozen.orders).collect();
            if let Some(before) = differing {
                now.retain(|key, frozen| before.get(key) == Some(frozen));
            }
            if now.is_empty() {
                return Ok(Books { compared, ..Books::default() });
            }
            differing = Some(now);
        }
        let differing = differing.unwrap_or_default();
        let findings = differing.iter().filter_map(|((user, asset), Frozen { balance, orders })| {
            compare_frozen(user, asset, *balance, *orders)
        });
        let mut findings: Vec<_> = findings.collect();
        findings
            .sort_by(|one, other| one.identity().event_key.as_str().cmp(other.identity().event_key.as_str()));
        Ok(Books { compared, findings, ..Books::default() })
    }

    async fn all_frozen(&self) -> Result<ByBalance<Frozen>, Unavailable> {
        let mut all = ByBalance::<Frozen>::new();
        let mut start = None;
        // Orders first: what is frozen meanwhile has an order that is not seen, and is seen at the next look.
        loop {
            let page = self.read_open_orders(Awaits::End, "9999", start, 1000).await?;
            for item in page.items() {
                let (user, asset, amount) = withdrawals::reserved(item)
                    .ok_or_else(|| Unavailable::new("an order's record is malformed"))?;
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
            let (page, next) = self.read_balances(from).await?;
            for UserBalance { tenant_user_id, asset, balance } in page {
                let key = (tenant_user_id, asset);
                if balance.frozen.is_zero() && !all.contains_key(&key) {
                    continue;
                }
                all.entry(key).or_default().balance = balance.frozen;
            }
            from = next;
            if from.is_none() {
                return Ok(all);
            }
        }
    }

    /// Balances from behind another, in no order of meaning. Consistent, each for itself.
    async fn read_balances(
        &self,
        from: Option<BookCursor>,
    ) -> Result<(Vec<UserBalance>, Option<BookCursor>), Unavailable> {
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
        Ok((page.items().iter().map(balances::recorded).collect::<Result<_, _>>()?, next))
    }

    /// Holds some balances against the sum of their events since each one's checkpoint, and moves the checkpoints on.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with what is no balance or no event.
    pub async fn balances(&self, from: Option<BookCursor>, now: SystemTime) -> Result<Books, Unavailable> {
        let (page, next) = self.read_balances(from).await?;
        let mut books = Books { next, ..Books::default() };
        let looks = stream::iter(&page).map(async |UserBalance { tenant_user_id, asset, .. }| {
            self.compare(tenant_user_id, asset, now).await
        });
        let looks: Vec<_> = looks.buffer_unordered(BESIDE_EACH_OTHER).collect().await;
        for looked in looks {
            match looked? {
                Looked::Same => books.compared += 1,
                Looked::Differs(finding) => {
                    books.compared += 1;
                    books.findings.push(finding);
                }
                Looked::Busy => books.busy += 1,
            }
        }
        Ok(books)
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
            let mut posted = checkpoint.sum;
            let mut sum = checkpoint.sum;
            let since = checkpoint.to.as_deref();
            for event in self.ledger.events_since(tenant_user_id, since).await? {
                let postings = event.postings.iter();
                for posting in postings.filter(|posting| posting.asset == *asset) {
                    posted = added(posted, posting)?;
                    if event.recorded_at <= settled {
                        sum = added(sum, posting)?;
                    }
                }
            }
            if posted == balance {
                if since.is_none_or(|since| since < settled.as_str()) && sum != checkpoint.sum {
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

    /// A user's events after a time, oldest first. Eventually consistent.
    async fn events_since(
        &self,
        tenant_user_id: &str,
        since: Option<&str>,
    ) -> Result<Vec<RecordedEvent>, Unavailable> {
        let (mut all, mut start) = (Vec::new(), None::<Item>);
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
                all.push(events::recorded(item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(all);
            }
        }
    }
}
