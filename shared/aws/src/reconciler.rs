//! Reconciliation: what is open is read, what was found is recorded, and what both sides agree upon is put right.

mod books;
mod counts;
mod run;

use std::time::SystemTime;

use aws_sdk_dynamodb::operation::query::QueryOutput;
use waas_callback::{
    CallBackId, CaseKey, Entry, EventKey, Finding, Fingerprint, Identity, Order, Outcome, RECONCILIATION,
    Subject, found, is_over,
};

use crate::commit::{NotSettled, Obstacle};
use crate::config::Config;
use crate::read::{CaseFilter, CasePage};
use crate::retry::{Attempt, Deadline, Unavailable, failed, retry};
use crate::tables::cases::{self, RecordedCase};
use crate::tables::events::{Ending, Event, Reconciled, Source};
use crate::tables::withdrawals::{self, Awaits};
use crate::tables::{Item, Ledger, read, text, timestamp};

pub use books::{BookCursor, Books};
pub use run::{Compared, OrderCursor, Phase, Run, Runs, Taken};

/// The ledger, as far as reconciliation reads and changes it.
#[derive(Debug, Clone)]
pub struct Reconciler {
    ledger: Ledger,
}

/// Part of the open orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOrders {
    /// Each of them, the longest open first: what comes next is behind it.
    pub orders: Vec<OrderCursor>,
    /// Where the next part begins; absent at the end.
    pub next: Option<OrderCursor>,
}

/// What became of the attempt to put an order right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repaired {
    /// It was.
    Yes,
    /// The order has changed since it was read.
    Changed,
    /// The ledger does not hold what would be moved.
    Impossible,
}

/// A finding that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its case.
    pub case_key: CaseKey,
    /// Since when, RFC 3339 in UTC.
    pub since: String,
}

/// How many questions and submissions wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// All that wait for the platform.
    pub open: u64,
    /// Those that nobody has taken up although they are long due.
    pub overdue: u64,
}

impl Reconciler {
    /// The tables that `config` names.
    #[must_use]
    pub fn connect(config: &Config) -> Self {
        Self { ledger: Ledger::connect(config) }
    }

    /// The orders that have waited since `until` or longer, at most `limit`, the longest first. Eventually consistent.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer.
    pub async fn open_orders(
        &self,
        awaits: Awaits,
        until: SystemTime,
        from: Option<&OrderCursor>,
        limit: i32,
    ) -> Result<OpenOrders, Unavailable> {
        let until = timestamp(until)?;
        let start = from.map(|OrderCursor { open_since, call_back_id }| {
            Item::from([
                (withdrawals::OPEN.into(), text(awaits.name())),
                (withdrawals::OPEN_SINCE.into(), text(open_since)),
                (withdrawals::KEY.into(), text(call_back_id)),
            ])
        });
        let page = self.read_open_orders(awaits, &until, start, limit).await?;
        let cursor = |item: &Item| {
            let owned = |name: &str| read(item, name).map(str::to_owned);
            let (open_since, call_back_id) = (owned(withdrawals::OPEN_SINCE)?, owned(withdrawals::KEY)?);
            Some(OrderCursor { open_since, call_back_id })
        };
        let orders = page.items().iter().filter_map(cursor).collect();
        Ok(OpenOrders { orders, next: page.last_evaluated_key.as_ref().and_then(cursor) })
    }

    async fn read_open_orders(
        &self,
        awaits: Awaits,
        until: &str,
        start: Option<Item>,
        limit: i32,
    ) -> Result<QueryOutput, Unavailable> {
        let Ledger { client, tables } = &self.ledger;
        let attempt = async || {
            let query = client.query().table_name(&tables.withdrawals);
            let query = query.index_name(withdrawals::BY_OPEN_SINCE).limit(limit);
            let query = query.key_condition_expression("#open = :awaits AND #openSince <= :until");
            let query = query.expression_attribute_names("#open", withdrawals::OPEN);
            let query = query.expression_attribute_names("#openSince", withdrawals::OPEN_SINCE);
            let query = query.expression_attribute_values(":awaits", text(awaits.name()));
            let query = query.expression_attribute_values(":until", text(until));
            match query.set_exclusive_start_key(start.clone()).send().await {
                Ok(page) => Attempt::Done(Ok(page)),
                Err(error) => failed(&error),
            }
        };
        retry(Deadline::after(None), attempt).await
    }

    /// An order as it stands now.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with something that is no order.
    pub async fn order(&self, call_back_id: &CallBackId) -> Result<Option<Order>, Unavailable> {
        self.ledger.order(call_back_id).await
    }

    /// Records a finding and opens its case, once while it lasts: again only if it was over since. What was dismissed
    /// stays so.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer.
    pub async fn report(&self, finding: &Finding, now: SystemTime) -> Result<Told, Unavailable> {
        let mut identity = finding.identity(None);
        // Most of what is found was found before, and a reading is cheaper than a transaction that is cancelled.
        while let Some(event) = self.ledger.event(identity.event_key.as_str()).await? {
            let case_key = CaseKey::of(&identity);
            let over = self.ledger.case(&case_key).await?.and_then(|case| case.resolution_key);
            match over.map(EventKey::from) {
                Some(over) if over.kind() == RECONCILIATION => {
                    identity = finding.identity(Some(over.as_str()));
                }
                _ => return Ok(Told { case_key, since: event.recorded_at }),
            }
        }
        let call_back_id = match &finding.subject {
            Subject::Order { call_back_id, .. } => Some(call_back_id),
            Subject::Day(_) | Subject::Balance { .. } => None,
        };
        let event = Event {
            identity: &identity,
            tenant_user_id: finding.tenant_user_id().unwrap_or_default(),
            call_back_id,
            source: Source::Reconciliation(Reconciled::Found(finding)),
        };
        // Where another was faster, it is told as well.
        self.transact(&event, &found(finding), now).await?;
        Ok(Told { case_key: CaseKey::of(&identity), since: timestamp(now)? })
    }

    /// Puts an order right, as `entry` says, upon how it stands at the platform.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer.
    pub async fn repair(
        &self,
        order: &Order,
        entry: &Entry,
        theirs: &'static str,
        now: SystemTime,
    ) -> Result<Repaired, Unavailable> {
        let parts = [Some(entry.outcome.name()), Some(order.call_back_id.as_str())];
        let version = order.version.to_string();
        let identity = identity(parts.into_iter().chain([Some(version.as_str())]));
        let event = Event {
            identity: &identity,
            tenant_user_id: &order.tenant_user_id,
            call_back_id: Some(&order.call_back_id),
            source: Source::Reconciliation(Reconciled::Repaired(theirs)),
        };
        Ok(match self.transact(&event, entry, now).await? {
            None => Repaired::Yes,
            Some(Obstacle::Refused(_)) => Repaired::Impossible,
            Some(_) => Repaired::Changed,
        })
    }

    /// Open cases of all kinds, the longest open first, from where an earlier page ended.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer.
    pub async fn open_cases(&self, from: Option<&str>) -> Result<CasePage, Unavailable> {
        let page = self.ledger.open_cases(&CaseFilter::default(), OPEN_CASES_AT_ONCE, from).await?;
        page.ok_or_else(|| Unavailable::new("the cursor is no page's end"))
    }

    /// Closes a finding about an order if its matter is over. Says whether it did.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer.
    pub async fn close_if_over(&self, case: &RecordedCase, now: SystemTime) -> Result<bool, Unavailable> {
        let (Some(id), [reason]) = (&case.claim.call_back_id, &*case.claim.reasons) else { return Ok(false) };
        let order = self.ledger.order(id).await?;
        if !is_over(*reason, order.as_ref()) {
            return Ok(false);
        }
        self.close(case, now).await
    }

    /// Closes a finding whose matter is over. Says whether it did.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer.
    pub async fn close(&self, case: &RecordedCase, now: SystemTime) -> Result<bool, Unavailable> {
        let opening = [Some("over"), Some(case.case_key.as_str()), case.open_since.as_deref()];
        let identity = identity(opening);
        let ending =
            Ending { case_key: &case.case_key, seen: Some(&case.claim.reasons), left: &[], word: None };
        let event = Event {
            identity: &identity,
            tenant_user_id: &case.claim.tenant_user_id,
            call_back_id: case.claim.call_back_id.as_ref(),
            source: Source::Reconciliation(Reconciled::Over(ending)),
        };
        Ok(self.transact(&event, &Entry::of(Outcome::FindingOver), now).await?.is_none())
    }

    /// How many questions and submissions wait, and how many have been due since `overdue` without being taken up.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer.
    pub async fn waiting(&self, overdue: SystemTime) -> Result<Waiting, Unavailable> {
        let mut waiting = Waiting::default();
        for whom in [cases::PLATFORM, cases::SUBMISSION] {
            waiting.open += self.ledger.count_due(whom, None).await?;
            waiting.overdue += self.ledger.count_due(whom, Some(overdue)).await?;
        }
        Ok(waiting)
    }

    async fn transact(
        &self,
        event: &Event<'_>,
        entry: &Entry,
        now: SystemTime,
    ) -> Result<Option<Obstacle>, Unavailable> {
        match self.ledger.transact(event, entry, now, Deadline::after(None)).await {
            Ok(obstacle) => Ok(obstacle),
            Err(NotSettled::Unavailable(unavailable)) => Err(unavailable),
            Err(NotSettled::Refused(refusal)) => Ok(Some(Obstacle::Refused(refusal))),
            Err(NotSettled::RecordMissing(which)) => {
                Err(Unavailable::new(format!("a record is missing: {which}")))
            }
        }
    }
}

/// How many of the open cases are looked through at once.
const OPEN_CASES_AT_ONCE: i32 = 200;

/// An event of reconciliation's, by what it is about.
fn identity<'a>(parts: impl IntoIterator<Item = Option<&'a str>>) -> Identity {
    Identity {
        event_key: EventKey::new(RECONCILIATION, parts),
        fingerprint: Fingerprint::new(RECONCILIATION, []),
        position: None,
    }
}
