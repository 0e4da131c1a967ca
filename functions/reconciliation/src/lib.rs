//! Reconciliation: tells what should have happened and did not, by holding the ledger against the platform and against
//! itself.
//!
//! A run goes through its phases in as many invocations as it takes; how far it is stands in the ledger. What it finds is
//! an event and a case, once; it changes nothing else, unless it is told to, and then only what both sides agree upon.

mod orders;
mod settings;

use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Mutex;
use tokio::time::{Interval, MissedTickBehavior, interval};
use waas_callback::{Counted, CountedType, Finding, case_of, compare_counts};
use waas_callback_aws::{
    Awaits, Books, Config, Keys, Phase, Reconciler, RecordedCase, Run, Taken, Unavailable, milliseconds,
};
use waas_callback_worker::{Environment, Platform, known};
use waas_client::{CallError, Https, JobDay, Timeouts, Transport};

pub use settings::Settings;

/// How often in a row a run may not get on before it leaves out what it is at.
const MAX_STUCK: u32 = 3;

/// How much longer than an invocation its lease lasts.
const LEASE_RESERVE: Duration = Duration::from_mins(1);

/// Since when a question has to be due for it to look as if nobody took it up.
const OVERDUE: Duration = Duration::from_hours(1);

/// How many of the days that have ended are compared.
const DAYS: u32 = 2;
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
        let (phase, before) = (taken.run.phase, taken.run.clone());
        let done = self.phases(&mut taken, until).await;
        if done.is_err() {
            taken.run.stuck += 1;
        }
        let is_ours = self.reconciler.let_go(&mut taken, (self.clock)()).await?;
        line(&taken.run, &before, is_ours, milliseconds(started.elapsed()));
        match done {
            // What cannot be read must not keep all else from being compared for ever.
            Err(error) if taken.run.stuck < MAX_STUCK => {
                tracing::error!(phase = ?phase, cause = %error, "the run cannot go on");
                Err(error)
            }
            _ => Ok(Some(taken.run)),
        }
    }

    /// One phase after the other, until all are done or no time is left.
    async fn phases(&self, taken: &mut Taken, until: SystemTime) -> Result<(), Unavailable> {
        while taken.run.phase != Phase::Done && (self.clock)() < until {
            if taken.run.stuck >= MAX_STUCK {
                tracing::error!(phase = ?taken.run.phase, "a part of the run is left out");
                taken.run.unanswered += 1;
                let next = after(taken.run.phase);
                taken.run.enter(next);
            }
            let is_on = match taken.run.phase {
                Phase::Findings => self.close_what_is_over(taken, until).await?,
                Phase::Orders => self.compare_orders(taken, Awaits::End, until).await?,
                Phase::Unregistered => self.compare_orders(taken, Awaits::Registration, until).await?,
                Phase::Counts => self.compare_days(taken).await?,
                Phase::Frozen => {
                    let books = self.reconciler.frozen().await?;
                    self.report_books(taken, &books).await?;
                    taken.run.enter(Phase::Balances);
                    true
                }
                Phase::Balances => self.compare_balances(taken, until).await?,
                Phase::Done => true,
            };
            if !is_on || !self.reconciler.save(taken).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Closes what was found before and is over. Says whether it came to its end.
    async fn close_what_is_over(&self, taken: &mut Taken, until: SystemTime) -> Result<bool, Unavailable> {
        for case in self.open_findings().await? {
            let now = (self.clock)();
            if now >= until {
                return Ok(false); // it begins anew, with what is open then
            }
            if self.reconciler.close_if_over(&case, now).await? {
                taken.run.over += 1;
            }
        }
        let overdue = self.reconciler.waiting((self.clock)() - OVERDUE).await?;
        (taken.run.compared.waiting, taken.run.compared.overdue) = (overdue.open, overdue.overdue);
        taken.run.enter(Phase::Orders);
        Ok(true)
    }

    async fn open_findings(&self) -> Result<Vec<RecordedCase>, Unavailable> {
        let (mut all, mut from) = (Vec::new(), None);
        loop {
            let (findings, next) = self.reconciler.findings(from.as_deref()).await?;
            all.extend(findings);
            from = next;
            if from.is_none() {
                return Ok(all);
            }
        }
    }

    /// Holds the platform's counts of the days that ended last, and of those of which something was found, against ours.
    async fn compare_days(&self, taken: &mut Taken) -> Result<bool, Unavailable> {
        let (now, since) = ((self.clock)(), taken.run.since());
        let findings = self.open_findings().await?;
        let mut days: Vec<JobDay> =
            findings.iter().filter_map(|case| case.day.as_deref()?.parse().ok()).collect();
        days.extend((1..=DAYS).filter_map(|before| JobDay::at(now - DAY * before)));
        days.sort_unstable();
        days.dedup();
        for day in days {
            let Some(begins) = u64::try_from(day.starts_at_ms()).ok() else { continue };
            let begins = SystemTime::UNIX_EPOCH + Duration::from_millis(begins);
            let is_whole = since.is_some_and(|since| since <= begins);
            let is_over = begins + DAY + self.settings.edge <= now;
            if !is_whole || !is_over {
                continue;
            }
            let told =
                self.told(taken, async |client| client.get_user_daily_statistics(day, rand::rng()).await);
            let told = match told.await {
                Ok(Some(told)) if !told.is_empty() => told,
                // It has no counts of that day: nothing to compare.
                Ok(_) => continue,
                Err(error) => {
                    taken.run.unanswered += 1;
                    tracing::warn!(day = %day, cause = %error, "a day's counts are not told");
                    continue;
                }
            };
            let theirs = told.iter().fold((0_u64, 0_u64), |(deposits, withdrawals), one| {
                (
                    deposits.saturating_add(one.total_deposit_count),
                    withdrawals.saturating_add(one.total_withdraw_count),
                )
            });
            taken.run.compared.days += 1;
            let mut differing = Vec::new();
            for (of, theirs) in CountedType::ALL.into_iter().zip([theirs.0, theirs.1]) {
                let ours = self.counted(of, begins).await?;
                differing.extend(compare_counts(&day.to_string(), of, ours, theirs));
            }
            let still: Vec<_> = differing.iter().map(case_of).collect();
            for finding in &differing {
                self.report(taken, finding).await?;
            }
            for case in findings.iter().filter(|case| case.day.as_deref() == Some(&*day.to_string())) {
                if !still.contains(&case.case_key) && self.reconciler.close(case, now).await? {
                    taken.run.over += 1;
                }
            }
        }
        taken.run.enter(Phase::Frozen);
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
        loop {
            let books = self.reconciler.balances(taken.run.balance.clone(), (self.clock)()).await?;
            self.report_books(taken, &books).await?;
            taken.run.balance = books.next;
            if taken.run.balance.is_none() {
                taken.run.enter(Phase::Done);
                return Ok(true);
            }
            if (self.clock)() >= until || !self.reconciler.save(taken).await? {
                return Ok(false);
            }
        }
    }

    async fn report_books(&self, taken: &mut Taken, books: &Books) -> Result<(), Unavailable> {
        if taken.run.phase == Phase::Balances {
            taken.run.compared.balances += books.compared;
        }
        taken.run.compared.busy += books.busy;
        for finding in &books.findings {
            self.report(taken, finding).await?;
        }
        Ok(())
    }

    /// Records a finding.
    async fn report(&self, taken: &mut Taken, finding: &Finding) -> Result<(), Unavailable> {
        if self.reconciler.report(finding, (self.clock)()).await? {
            let reason = finding.reason.name();
            *taken.run.found.entry(reason.to_owned()).or_default() += 1;
            tracing::warn!(caseKey = case_of(finding).as_str(), outcome = reason, "finding");
        }
        Ok(())
    }

    /// Asks the platform, not more often than it may be: what it knows, or nothing.
    async fn told<R>(
        &self,
        taken: &mut Taken,
        question: impl AsyncFn(&waas_client::Client<T>) -> Result<R, CallError>,
    ) -> Result<Option<R>, CallError> {
        taken.run.calls += 1;
        self.wait_for_turn().await;
        known(self.platform.ask(question).await)
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

/// What comes after a phase.
fn after(phase: Phase) -> Phase {
    match phase {
        Phase::Findings => Phase::Orders,
        Phase::Orders => Phase::Unregistered,
        Phase::Unregistered => Phase::Counts,
        Phase::Counts => Phase::Frozen,
        Phase::Frozen => Phase::Balances,
        Phase::Balances | Phase::Done => Phase::Done,
    }
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
        phase = ?run.phase,
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
