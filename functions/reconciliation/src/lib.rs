//! Reconciliation: tells what should have happened and did not, by holding the ledger against the platform and against
//! itself.
//!
//! A run goes through its phases in as many invocations as it takes; how far it is stands in the ledger. What it finds is
//! an event and a case, once; it changes nothing else, unless it is told to, and then only what both sides agree upon.

mod orders;
mod settings;

use std::time::{Duration, Instant, SystemTime};

use futures_util::{StreamExt as _, stream};
use tokio::sync::Mutex;
use tokio::time::{Interval, MissedTickBehavior, interval};
use waas_callback::{Counted, CountedType, Finding, RECONCILIATION, Reason, compare_counts};
use waas_callback_aws::{
    Awaits, Books, Config, Keys, Phase, Reconciler, RecordedCase, Run, Taken, Unavailable, milliseconds,
};
use waas_callback_worker::{Environment, Platform};
use waas_client::{Https, JobDay, Timeouts, Transport};

pub use settings::Settings;

/// In how many invocations in a row a run may not get on before it leaves out what it is at: some orders, or a phase.
const MAX_STUCK: u32 = 3;

/// How much longer than an invocation its lease lasts.
const LEASE_RESERVE: Duration = Duration::from_mins(1);

/// Since when a question has to be due for it to look as if nobody took it up.
const OVERDUE: Duration = Duration::from_hours(1);

/// How many days back the platform's counts are compared at most, and how many of them again: it may count late.
const MAX_DAYS: u32 = 31;
const AGAIN: u32 = 2;

/// How many findings, or orders, are looked at beside each other.
const BESIDE_EACH_OTHER: usize = 8;
const DAY: Duration = Duration::from_hours(24);

/// The function that is called by a schedule.
pub struct Reconciliation<T = Https> {
    reconciler: Reconciler,
    platform: Platform<T>,
    settings: Settings,
    clock: Clock,
    pace: Mutex<Option<Interval>>,
}

/// What tells the time.
pub type Clock = fn() -> SystemTime;

impl Reconciliation {
    /// Reads the environment and the keys: all that can be done once.
    ///
    /// # Errors
    ///
    /// If the environment or the secret cannot be used.
    pub async fn start(
        config: &Config,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, lambda_runtime::Error> {
        let Environment { platform_url, user_id, .. } = Environment::read(lookup)?;
        let settings = Settings::read(lookup)?;
        let keys = Keys::load(config).await?;
        let transport = Https::new(platform_url, Timeouts::default());
        let platform = Platform::new(transport, keys, user_id);
        Ok(Self::new(Reconciler::connect(config), platform, settings, SystemTime::now))
    }
}

impl<T: Transport + Clone> Reconciliation<T> {
    /// On this ledger, with this platform, by this clock.
    pub fn new(reconciler: Reconciler, platform: Platform<T>, settings: Settings, clock: Clock) -> Self {
        Self { reconciler, platform, settings, clock, pace: Mutex::new(None) }
    }

    /// Goes on with the run that is under way, or begins the one that is due; nothing is begun after `until`. How far it
    /// is then; absent if none is due, or another invocation is at it.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read or written. That the platform cannot be reached is no error: it goes on from there the
    /// next time.
    pub async fn go_on(&self, until: SystemTime) -> Result<Option<Run>, Unavailable> {
        let started = Instant::now();
        let now = (self.clock)();
        let lease = until.duration_since(now).unwrap_or_default() + LEASE_RESERVE;
        let taken = self.reconciler.take_run(self.settings.every, lease, now).await?;
        let Some(mut taken) = taken else {
            tracing::info!(outcome = "not-due", "reconciliation");
            return Ok(None);
        };
        let before = taken.run.clone();
        let done = self.phases(&mut taken, until).await;
        let is_ours = self.reconciler.let_go(&mut taken, (self.clock)()).await?;
        line(&taken.run, &before, is_ours, milliseconds(started.elapsed()));
        if let Err(error) = done {
            tracing::error!(phase = taken.run.phase.name(), cause = %error, "the run cannot go on");
            return Err(error);
        }
        Ok(Some(taken.run))
    }

    /// One phase after the other, until all are done or no time is left.
    async fn phases(&self, taken: &mut Taken, until: SystemTime) -> Result<(), Unavailable> {
        while taken.run.phase != Phase::Done && (self.clock)() < until {
            // What cannot be read, or kills whoever reads it, must not keep all else from being compared for ever. Of the
            // orders, some are left out first.
            let patience = match taken.run.phase {
                Phase::Orders | Phase::Unregistered => 2 * MAX_STUCK,
                _ => MAX_STUCK,
            };
            if taken.run.stuck > patience {
                leave_out(taken, 1);
            }
            let is_on = match taken.run.phase {
                Phase::Findings => self.close_what_is_over(taken, until).await?,
                Phase::Frozen => {
                    let (books, open) = (self.reconciler.frozen().await?, self.open_findings().await?);
                    taken.run = self.with_books(&taken.run, &books, &open).await?;
                    taken.run.enter(Phase::Frozen.next());
                    true
                }
                Phase::Balances => self.compare_balances(taken, until).await?,
                Phase::Unregistered => self.compare_orders(taken, Awaits::Registration, until).await?,
                Phase::Orders => self.compare_orders(taken, Awaits::End, until).await?,
                Phase::Counts => self.compare_days(taken, until).await?,
                Phase::Done => true,
            };
            if !is_on || !self.reconciler.save(taken).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Closes what was found before of orders that have ended since. Says whether it came to its end.
    async fn close_what_is_over(&self, taken: &mut Taken, until: SystemTime) -> Result<bool, Unavailable> {
        let waiting = self.reconciler.waiting((self.clock)() - OVERDUE).await?;
        (taken.run.compared.waiting, taken.run.compared.overdue) = (waiting.open, waiting.overdue);
        loop {
            let page = self.reconciler.open_cases(taken.run.case.as_deref()).await?;
            let findings: Vec<_> = page.cases.iter().filter(|case| is_finding(case)).collect();
            let looks = stream::iter(&findings)
                .map(async |case| (case, self.reconciler.close_if_over(case, (self.clock)()).await));
            let looks: Vec<_> = looks.buffer_unordered(BESIDE_EACH_OTHER).collect().await;
            let is_down = looks.len() > 1 && looks.iter().all(|(_, closed)| closed.is_err());
            let mut run = taken.run.clone();
            for (case, closed) in looks {
                match closed {
                    Ok(is_over) => run.over += u64::from(is_over),
                    // An order that cannot be read must not keep the others' findings open; all of them are another matter.
                    Err(error) if is_down => return Err(error),
                    Err(error) => {
                        run.unanswered += 1;
                        let case_key = case.case_key.as_str();
                        tracing::error!(caseKey = case_key, cause = %error, "a finding is not looked at");
                    }
                }
            }
            (run.case, run.stuck) = (page.next, 0);
            taken.run = run;
            if taken.run.case.is_none() {
                taken.run.enter(Phase::Findings.next());
                return Ok(true);
            }
            if !self.reconciler.save(taken).await? || (self.clock)() >= until {
                return Ok(false);
            }
        }
    }

    /// The open cases of all kinds that are wanted.
    async fn open_cases(
        &self,
        is_wanted: impl Fn(&RecordedCase) -> bool,
    ) -> Result<Vec<RecordedCase>, Unavailable> {
        let (mut all, mut from) = (Vec::new(), None);
        loop {
            let page = self.reconciler.open_cases(from.as_deref()).await?;
            all.extend(page.cases.into_iter().filter(&is_wanted));
            from = page.next;
            if from.is_none() {
                return Ok(all);
            }
        }
    }

    async fn open_findings(&self) -> Result<Vec<RecordedCase>, Unavailable> {
        self.open_cases(is_finding).await
    }

    /// Holds the platform's counts against ours: of the days that have ended since the last that was compared, of the last
    /// two, and of those of which something was found.
    async fn compare_days(&self, taken: &mut Taken, until: SystemTime) -> Result<bool, Unavailable> {
        let (now, since) = ((self.clock)(), taken.run.since());
        let findings = self.open_findings().await?;
        let mut days: Vec<JobDay> =
            findings.iter().filter_map(|case| case.day.as_deref()?.parse().ok()).collect();
        let through = taken.run.counted_through.as_deref().and_then(|day| day.parse::<JobDay>().ok());
        let is_new = |day: &JobDay| through.is_none_or(|through| *day > through);
        let at = |before: u32| JobDay::at(now - DAY * before);
        days.extend((1..=MAX_DAYS).filter_map(at).filter(is_new));
        days.extend((1..=AGAIN).filter_map(at));
        days.sort_unstable();
        days.dedup();
        let (mut run, mut is_told_so_far) = (taken.run.clone(), true);
        for day in days {
            if (self.clock)() >= until {
                return Ok(false); // it begins anew
            }
            let Some(begins) = u64::try_from(day.starts_at_ms()).ok() else { continue };
            let begins = SystemTime::UNIX_EPOCH + Duration::from_millis(begins);
            let is_whole = since.is_some_and(|since| since <= begins);
            let is_over = begins + DAY + self.settings.edge <= now;
            if !is_whole || !is_over {
                continue;
            }
            // What is not told is asked for again in the next run, and what comes after it with it.
            is_told_so_far &= self.compare_day(&mut run, day, begins, &findings).await?;
            if is_told_so_far && is_new(&day) {
                run.counted_through = Some(day.to_string());
            }
        }
        taken.run = run;
        taken.run.enter(Phase::Counts.next());
        Ok(true)
    }

    /// Says whether the platform has told its counts.
    async fn compare_day(
        &self,
        run: &mut Run,
        day: JobDay,
        begins: SystemTime,
        open: &[RecordedCase],
    ) -> Result<bool, Unavailable> {
        let question =
            async |client: &waas_client::Client<T>| client.get_user_daily_statistics(day, rand::rng()).await;
        run.calls += 1;
        self.wait_for_turn().await;
        let answer = match self.platform.ask(question).await {
            Ok(told) if !told.is_empty() => Ok(told),
            Ok(_) => Err("it has none".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        let told = match answer {
            Ok(told) => told,
            Err(cause) => {
                run.unanswered += 1;
                tracing::warn!(day = %day, outcome = "unavailable", cause, "a day's counts are not told");
                return Ok(false);
            }
        };
        let deposits = told.iter().fold(0, |sum: u64, one| sum.saturating_add(one.total_deposit_count));
        let withdrawals = told.iter().fold(0, |sum: u64, one| sum.saturating_add(one.total_withdraw_count));
        let mut differing = Vec::new();
        for (of, theirs) in CountedType::ALL.into_iter().zip([deposits, withdrawals]) {
            let ours = self.counted(of, begins).await?;
            differing.extend(compare_counts(&day.to_string(), of, ours, theirs));
        }
        for finding in &differing {
            self.report(run, finding).await?;
        }
        run.compared.days += 1;
        let is_still = |case: &RecordedCase| {
            let said = (case.recorded.as_deref(), case.expected.as_deref());
            differing.iter().any(|finding| said == (Some(&*finding.recorded), Some(&*finding.expected)))
        };
        for case in open.iter().filter(|case| case.day.as_deref() == Some(&*day.to_string())) {
            if !is_still(case) && self.reconciler.close(case, (self.clock)()).await? {
                run.over += 1;
            }
        }
        Ok(true)
    }

    /// What was recorded here of a day.
    async fn counted(&self, of: CountedType, begins: SystemTime) -> Result<Counted, Unavailable> {
        let (edge, ends) = (self.settings.edge, begins + DAY);
        let surely = self.reconciler.count(of, begins + edge, ends - edge).await?;
        let first = self.reconciler.count(of, begins - edge, begins + edge).await?;
        let last = self.reconciler.count(of, ends - edge, ends + edge).await?;
        Ok(Counted { surely, perhaps: first + last })
    }

    /// Holds the balances against their events.
    async fn compare_balances(&self, taken: &mut Taken, until: SystemTime) -> Result<bool, Unavailable> {
        let open = self.open_findings().await?;
        loop {
            let books = self.reconciler.balances(taken.run.balance.clone(), (self.clock)()).await?;
            let mut run = self.with_books(&taken.run, &books, &open).await?;
            run.compared.balances += books.compared;
            run.balance = books.next;
            run.stuck = 0;
            taken.run = run;
            if taken.run.balance.is_none() {
                taken.run.enter(Phase::Balances.next());
                return Ok(true);
            }
            if (self.clock)() >= until || !self.reconciler.save(taken).await? {
                return Ok(false);
            }
        }
    }

    /// The run with what came of a look at balances: what differs is told, and what differed and does not is over.
    async fn with_books(&self, run: &Run, books: &Books, open: &[RecordedCase]) -> Result<Run, Unavailable> {
        let mut run = run.clone();
        run.compared.busy += books.busy;
        run.unanswered += books.unread;
        for finding in &books.findings {
            self.report(&mut run, finding).await?;
        }
        let reason = match run.phase {
            Phase::Frozen => Reason::FrozenDiffers,
            _ => Reason::BalanceDiffers,
        };
        for case in open.iter().filter(|case| *case.claim.reasons == [reason]) {
            let user = &case.claim.tenant_user_id;
            let is_over = case.claim.asset.as_ref().is_some_and(|asset| books.is_same(user, asset));
            if is_over && self.reconciler.close(case, (self.clock)()).await? {
                run.over += 1;
            }
        }
        Ok(run)
    }

    /// Records a finding. What this run has told already, before it was noted how far it is, counts as well.
    pub(crate) async fn report(&self, run: &mut Run, finding: &Finding) -> Result<(), Unavailable> {
        let told = self.reconciler.report(finding, (self.clock)()).await?;
        if told.since >= run.started_at {
            let reason = finding.reason.name();
            *run.found.entry(reason.to_owned()).or_default() += 1;
            tracing::warn!(caseKey = told.case_key.as_str(), outcome = reason, "finding");
        }
        Ok(())
    }

    async fn wait_for_turn(&self) {
        let mut pace = self.pace.lock().await;
        let pace = pace.get_or_insert_with(|| {
            let mut pace = interval(Duration::from_secs(1) / self.settings.calls_per_second);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            pace
        });
        pace.tick().await;
    }
}

/// Leaves out what a run is at: so many comparisons.
fn leave_out(taken: &mut Taken, comparisons: usize) {
    let phase = taken.run.phase;
    tracing::error!(phase = phase.name(), outcome = "unavailable", "a part of the run is left out");
    taken.run.unanswered += u64::try_from(comparisons).unwrap_or_default();
    taken.run.enter(phase.next());
}

fn is_finding(case: &RecordedCase) -> bool {
    case.case_key.kind() == RECONCILIATION
}

/// What an invocation has done: the operator's alarms count these lines.
fn line(run: &Run, before: &Run, is_ours: bool, latency_ms: f64) {
    let outcome = match (is_ours, run.phase) {
        (false, _) => "taken-over",
        (true, Phase::Done) => "finished",
        (true, _) => "to-be-continued",
    };
    let new = |run: &Run| run.found.values().sum::<u64>();
    tracing::info!(
        outcome,
        phase = run.phase.name(),
        findings = new(run) - new(before),
        orders = run.compared.orders,
        unregistered = run.compared.unregistered,
        waiting = run.compared.waiting,
        overdue = run.compared.overdue,
        days = run.compared.days,
        balances = run.compared.balances,
        busy = run.compared.busy,
        over = run.over,
        repaired = run.repaired,
        calls = run.calls,
        unanswered = run.unanswered,
        invocations = run.invocations,
        latencyMs = latency_ms,
        "reconciliation"
    );
}
