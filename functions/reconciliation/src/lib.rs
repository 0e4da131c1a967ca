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
use waas_callback::{Counted, CountedType, Finding, Reason, compare_counts};
use waas_callback_aws::{
    Awaits, Books, Config, Keys, Phase, Reconciler, RecordedCase, Run, Taken, Unavailable, milliseconds,
};
use waas_callback_worker::{Environment, Platform, known};
use waas_client::{Https, JobDay, Timeouts, Transport};

pub use settings::Settings;

/// In how many invocations in a row a run may not get on before it leaves out what it is at: some orders, or a phase.
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
        let before = taken.run.clone();
        let done = self.phases(&mut taken, until).await;
        let is_ours = self.reconciler.let_go(&mut taken, (self.clock)()).await?;
        line(&taken.run, &before, is_ours, milliseconds(started.elapsed()));
        if let Err(error) = done {
            tracing::error!(phase = ?taken.run.phase, cause = %error, "the run cannot go on");
            return Err(error);
        }
        Ok(Some(taken.run))
    }

    /// One phase after the other, until all are done or no time is left.
    async fn phases(&self, taken: &mut Taken, until: SystemTime) -> Result<(), Unavailable> {
        while taken.run.phase != Phase::Done && (self.clock)() < until {
            // What cannot be read must not keep all else from being compared for ever. Of the orders, some are left out first.
            let patience = match taken.run.phase {
                Phase::Orders | Phase::Unregistered => 2 * MAX_STUCK,
                _ => MAX_STUCK,
            };
            if taken.run.stuck > patience {
                tracing::error!(phase = ?taken.run.phase, "a part of the run is left out");
                taken.run.unanswered += 1;
                let next = after(taken.run.phase);
                taken.run.enter(next);
            }
            let is_on = match taken.run.phase {
                Phase::Findings => self.close_what_is_over(taken, until).await?,
                Phase::Orders => self.compare_orders(taken, Awaits::End, until).await?,
                Phase::Unregistered => self.compare_orders(taken, Awaits::Registration, until).await?,
                Phase::Counts => self.compare_days(taken, until).await?,
                Phase::Frozen => {
                    let (books, open) = (self.reconciler.frozen().await?, self.open_findings().await?);
                    taken.run = self.with_books(&taken.run, &books, &open).await?;
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
        let findings = self.open_findings().await?;
        let mut failures = 0;
        for case in &findings {
            let now = (self.clock)();
            if now >= until {
                return Ok(false); // it begins anew, with what is open then
            }
            match self.reconciler.close_if_over(case, now).await {
                Ok(is_over) => taken.run.over += u64::from(is_over),
                // An order that cannot be read must not keep the others' findings open; all of them are another matter.
                Err(error) => {
                    failures += 1;
                    taken.run.unanswered += 1;
                    let case_key = case.case_key.as_str();
                    tracing::error!(caseKey = case_key, cause = %error, "a finding is not looked at");
                    if failures > 1 && failures == findings.len() {
                        return Err(error);
                    }
                }
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
    async fn compare_days(&self, taken: &mut Taken, until: SystemTime) -> Result<bool, Unavailable> {
        let (now, since) = ((self.clock)(), taken.run.since());
        let findings = self.open_findings().await?;
        let mut days: Vec<JobDay> =
            findings.iter().filter_map(|case| case.day.as_deref()?.parse().ok()).collect();
        days.extend((1..=DAYS).filter_map(|before| JobDay::at(now - DAY * before)));
        days.sort_unstable();
        days.dedup();
        let mut run = taken.run.clone();
        for day in days {
            if (self.clock)() >= until {
                return Ok(false); // it begins anew
            }
            let Some(begins) = u64::try_from(day.starts_at_ms()).ok() else { continue };
            let begins = SystemTime::UNIX_EPOCH + Duration::from_millis(begins);
            let is_whole = since.is_some_and(|since| since <= begins);
            let is_over = begins + DAY + self.settings.edge <= now;
            if is_whole && is_over {
                self.compare_day(&mut run, day, begins, &findings).await?;
            }
        }
        taken.run = run;
        taken.run.enter(Phase::Frozen);
        Ok(true)
    }

    async fn compare_day(
        &self,
        run: &mut Run,
        day: JobDay,
        begins: SystemTime,
        open: &[RecordedCase],
    ) -> Result<(), Unavailable> {
        let question =
            async |client: &waas_client::Client<T>| client.get_user_daily_statistics(day, rand::rng()).await;
        run.calls += 1;
        self.wait_for_turn().await;
        let told = match known(self.platform.ask(question).await) {
            Ok(Some(told)) if !told.is_empty() => told,
            // It has no counts of that day, or not yet.
            Ok(_) => {
                run.unanswered += 1;
                tracing::warn!(day = %day, "a day's counts are not there");
                return Ok(());
            }
            Err(error) => {
                run.unanswered += 1;
                tracing::warn!(day = %day, cause = %error, "a day's counts are not told");
                return Ok(());
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
        Ok(())
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
                taken.run.enter(Phase::Done);
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
