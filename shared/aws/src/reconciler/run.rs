//! The run: how far reconciliation is, so that whoever goes on after a crash goes on there.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::Reconciler;
use super::books::BookCursor;
use crate::retry::{Deadline, Unavailable};
use crate::tables::cases::{self, RunRecord};
use crate::tables::{Ledger, parsed_time, timestamp};

/// One comparison of the whole ledger, in as many invocations as it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// When it began, RFC 3339 in UTC.
    pub started_at: String,
    /// When the first of all began: of the days before it, not all callbacks need have come here.
    pub since: String,
    /// When it came to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
    /// What it is at.
    pub phase: Phase,
    /// Behind which order it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderCursor>,
    /// Behind which balance it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance: Option<BookCursor>,
    /// In how many invocations in a row it has not got on from here, the one at it now included.
    #[serde(default)]
    pub stuck: u32,
    /// Behind which of the open cases it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The last day whose counts were compared, or never will be, `yyyy-MM-dd` at UTC+8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted_through: Option<String>,
    /// What it has compared so far.
    pub compared: Compared,
    /// What is new of what it has found, by reason.
    pub found: BTreeMap<String, u64>,
    /// What had been found and is over.
    pub over: u64,
    /// How many orders it has put right.
    pub repaired: u64,
    /// How many calls of the platform it has made.
    pub calls: u64,
    /// How many of them brought no answer to what was asked, so that something was not compared.
    pub unanswered: u64,
    /// In how many invocations.
    pub invocations: u64,
}

/// What a run has compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    /// Open orders, with the platform.
    pub orders: u64,
    /// Payments of withdrawals that nobody has registered.
    pub unregistered: u64,
    /// Questions and submissions that wait for the platform.
    pub waiting: u64,
    /// Those of them that nobody has taken up although they are long due.
    pub overdue: u64,
    /// Days, with the platform's counts.
    pub days: u64,
    /// Balances, with their open orders and the sum of their events.
    pub balances: u64,
    /// Balances that changed all the time that they were looked at.
    pub busy: u64,
}

/// What a run is at, in this order: what needs no platform comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// What was found before: is it over?
    Findings,
    /// What is frozen, against the open orders.
    Frozen,
    /// The balances, against their events.
    Balances,
    /// What was paid, and nobody has registered.
    Unregistered,
    /// The open orders, against the platform.
    Orders,
    /// The days' counts.
    Counts,
    /// It is at its end.
    Done,
}

impl Phase {
    /// The name in records and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Findings => "findings",
            Self::Frozen => "frozen",
            Self::Balances => "balances",
            Self::Unregistered => "unregistered",
            Self::Orders => "orders",
            Self::Counts => "counts",
            Self::Done => "done",
        }
    }

    /// What comes after it.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Findings => Self::Frozen,
            Self::Frozen => Self::Balances,
            Self::Balances => Self::Unregistered,
            Self::Unregistered => Self::Orders,
            Self::Orders => Self::Counts,
            Self::Counts | Self::Done => Self::Done,
        }
    }
}

/// Behind which of the open orders a run goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderCursor {
    /// Since when it is open.
    pub open_since: String,
    /// Its id.
    pub call_back_id: String,
}

/// The run under way, and the last that came to its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Runs {
    /// Under way; another invocation goes on with it.
    pub current: Option<Run>,
    /// The last.
    pub last: Option<Run>,
}

/// A run that was taken up: nobody else goes on with it until its lease ends.
#[derive(Debug, Clone)]
pub struct Taken {
    /// How far it is.
    pub run: Run,
    /// The last that came to its end.
    pub last: Option<Run>,
    version: u64,
    leased_until: String,
}

impl Run {
    fn new(started_at: String, since: String) -> Self {
        Self {
            started_at,
            since,
            finished_at: None,
            phase: Phase::Findings,
            order: None,
            balance: None,
            stuck: 0,
            case: None,
            counted_through: None,
            compared: Compared::default(),
            found: BTreeMap::new(),
            over: 0,
            repaired: 0,
            calls: 0,
            unanswered: 0,
            invocations: 0,
        }
    }

    /// When it began; the run itself is reckoned from there.
    #[must_use]
    pub fn started(&self) -> Option<SystemTime> {
        parsed_time(&self.started_at)
    }

    /// When the first of all began.
    #[must_use]
    pub fn since(&self) -> Option<SystemTime> {
        parsed_time(&self.since)
    }

    /// Goes on with what comes next, from its beginning.
    pub fn enter(&mut self, phase: Phase) {
        (self.phase, self.case, self.order, self.balance) = (phase, None, None, None);
        self.stuck = 0;
    }
}

impl Ledger {
    /// How far reconciliation is.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with what is no run.
    pub async fn reconciliation(&self) -> Result<Runs, Unavailable> {
        let record = self.run_record().await?;
        Ok(Runs { current: parsed(record.run.as_deref())?, last: parsed(record.last_run.as_deref())? })
    }

    async fn run_record(&self) -> Result<RunRecord, Unavailable> {
        let item = self.get(&self.tables.cases, cases::run_key()).await?;
        item.as_ref().map_or_else(|| Ok(RunRecord::default()), cases::run)
    }
}

fn parsed(run: Option<&str>) -> Result<Option<Run>, Unavailable> {
    let run = run.map(serde_json::from_str).transpose();
    run.map_err(|_| Unavailable::new("the record of a run is malformed"))
}

fn written(run: &Run) -> Result<String, Unavailable> {
    serde_json::to_string(run).map_err(|_| Unavailable::new("a run cannot be written"))
}

impl Reconciler {
    /// Goes on with the run that is under way, or begins one if the last began `every` ago or longer. Absent if none is due,
    /// or somebody else is at it until its lease ends.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with what is no run.
    pub async fn take_run(
        &self,
        every: Duration,
        lease: Duration,
        now: SystemTime,
    ) -> Result<Option<Taken>, Unavailable> {
        let record = self.ledger.run_record().await?;
        if record.leased_until.as_deref().is_some_and(|until| now_text_before(now, until)) {
            return Ok(None);
        }
        let last = parsed(record.last_run.as_deref())?;
        let mut run = if let Some(run) = parsed(record.run.as_deref())? {
            run
        } else {
            let began = last.as_ref().and_then(Run::started);
            if began.and_then(|began| now.duration_since(began).ok()).is_some_and(|since| since < every) {
                return Ok(None);
            }
            let now = timestamp(now)?;
            let since = last.as_ref().map_or_else(|| now.clone(), |last| last.since.clone());
            let counted_through = last.as_ref().and_then(|last| last.counted_through.clone());
            Run { counted_through, ..Run::new(now, since) }
        };
        run.invocations += 1;
        run.stuck += 1; // until it gets on: who is killed says nothing any more
        let leased_until = timestamp(now + lease)?;
        let mut taken = Taken { run, last, version: record.version, leased_until };
        Ok(self.save(&mut taken).await?.then_some(taken))
    }

    /// Notes how far a run is. Says whether it is still this invocation's: after the end of its lease another may be at it.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer: it may be noted or not.
    pub async fn save(&self, taken: &mut Taken) -> Result<bool, Unavailable> {
        let run = Some(written(&taken.run)?);
        let last_run = taken.last.as_ref().map(written).transpose()?;
        let leased_until = Some(taken.leased_until.clone());
        self.put_run(taken, RunRecord { version: taken.version, leased_until, run, last_run }).await
    }

    /// Lets another invocation go on with a run, or, where it is done, brings it to its end.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer: it may be noted or not.
    pub async fn let_go(&self, taken: &mut Taken, now: SystemTime) -> Result<bool, Unavailable> {
        let (mut run, mut last_run) = (None, taken.last.as_ref().map(written).transpose()?);
        if taken.run.phase == Phase::Done {
            taken.run.finished_at = Some(timestamp(now)?);
            last_run = Some(written(&taken.run)?);
        } else {
            run = Some(written(&taken.run)?);
        }
        self.put_run(taken, RunRecord { version: taken.version, leased_until: None, run, last_run }).await
    }

    async fn put_run(&self, taken: &mut Taken, record: RunRecord) -> Result<bool, Unavailable> {
        let update = cases::put_run(&self.ledger.tables.cases, &record)?;
        let is_ours = self.ledger.change(&update, Deadline::after(None)).await?;
        if is_ours {
            taken.version += 1;
        }
        Ok(is_ours)
    }
}

/// Is it before that time? What cannot be compared is over.
fn now_text_before(now: SystemTime, until: &str) -> bool {
    timestamp(now).is_ok_and(|now| now.as_str() < until)
}
