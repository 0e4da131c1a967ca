//! Submission: orders registered withdrawals from the platform, each at most once.
//!
//! That a call is made is written before it is made, under a lease, so that there are never two in flight. After a call
//! whose end nobody saw, the platform is asked first. A message only says that something may be due.

mod call;

use std::time::{Duration, Instant, SystemTime};

use futures_util::{StreamExt as _, stream};
use waas_callback::{CaseKey, Doubt, End, Stage, Step, Submission, after_asking, after_sending, next_step};
use waas_callback_aws::{Config, Errand, Keys, Submitter, Unavailable, milliseconds};
use waas_callback_worker::{Environment, Message, Platform};
use waas_client::{Https, Timeouts, Transport};

/// How many of the due ones are taken up at once, and how many are sent beside each other.
const AT_ONCE: i32 = 50;
const BESIDE_EACH_OTHER: usize = 8;

/// How often one is decided anew because its order changed meanwhile.
const MAX_DECISIONS: usize = 10;

/// What is begun later than this after it was taken up is not sent any more: its lease may end before the call does.
const SENT_WITHIN: Duration = Duration::from_secs(30);

/// The function behind the queue of submissions.
pub struct Submissions<T = Https> {
    submitter: Submitter,
    platform: Platform<T>,
    /// How long it may be unclear whether the platform has an order.
    unclear_for: Duration,
}

/// What became of a submission that was taken up.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Ended(End),
    Waits(Option<String>),
    /// Somebody else brought it to its end.
    EndedBefore,
}

impl Submissions {
    /// Reads the environment and the keys: all that can be done once.
    ///
    /// # Errors
    ///
    /// If the environment or the secret cannot be used.
    pub async fn start(
        config: &Config,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, lambda_runtime::Error> {
        let Environment { platform_url, user_id, unclear_for, .. } = Environment::read(lookup)?;
        let keys = Keys::load(config).await?;
        let transport = Https::new(platform_url, Timeouts::default());
        Ok(Self::new(Submitter::connect(config), Platform::new(transport, keys, user_id), unclear_for))
    }
}

impl<T: Transport + Clone> Submissions<T> {
    /// On this ledger, with this platform.
    pub fn new(submitter: Submitter, platform: Platform<T>, unclear_for: Duration) -> Self {
        Self { submitter, platform, unclear_for }
    }

    /// Takes a message of the queue; nothing is begun after `until`.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read or written. That the platform cannot be reached is no error: it is tried again.
    pub async fn take(&self, message: Message, until: SystemTime) -> Result<(), Unavailable> {
        match message {
            Message::One { case_key } => {
                self.submit(&CaseKey::from(case_key), SystemTime::now()).await.map(|_| ())
            }
            Message::Due { .. } => self.submit_due(until).await,
        }
    }

    /// Takes up what is due, until there is nothing or no time left.
    async fn submit_due(&self, until: SystemTime) -> Result<(), Unavailable> {
        let (mut due, mut taken) = (0, 0);
        loop {
            let now = SystemTime::now();
            let keys = if now < until { self.submitter.due(AT_ONCE, now).await? } else { Vec::new() };
            due += keys.len();
            let answers = stream::iter(&keys).map(async |key| {
                let now = SystemTime::now();
                if now < until { self.submit(key, now).await } else { Ok(false) }
            });
            let answers: Vec<_> = answers.buffer_unordered(BESIDE_EACH_OTHER).collect().await;
            let of_round = answers.iter().filter(|answer| matches!(answer, Ok(true))).count();
            taken += of_round;
            // What the index still shows though it was taken is not taken up again for ever.
            if of_round == 0 {
                tracing::info!(due, taken, "submissions");
                return answers.into_iter().find_map(Result::err).map_or(Ok(()), Err);
            }
        }
    }

    /// Takes up one submission, if it is due. Says whether it was.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read or written.
    pub async fn submit(&self, case_key: &CaseKey, now: SystemTime) -> Result<bool, Unavailable> {
        let started = Instant::now();
        let Some(errand) = self.submitter.take(case_key, now).await? else { return Ok(false) };
        let id = errand.order.call_back_id.clone();
        let open_seconds = errand.open_for.as_secs();
        let outcome = self.go_on(errand, started, now).await?;
        let (outcome, cause) = match outcome {
            Outcome::Ended(End::Submitted) => ("submitted", None),
            Outcome::Ended(End::Refused) => ("submission-refused", None),
            Outcome::Ended(End::Over) => ("over", None),
            Outcome::Ended(End::Unclear(doubt)) => ("submission-unclear", Some(doubt.name().to_owned())),
            Outcome::Waits(Some(cause)) => ("unavailable", Some(cause)),
            Outcome::Waits(None) => ("waits", None),
            Outcome::EndedBefore => ("ended-before", None),
        };
        let latency_ms = milliseconds(started.elapsed());
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    callBackId = id.as_str(),
                    outcome,
                    cause,
                    openSeconds = open_seconds,
                    latencyMs = latency_ms,
                    "submission"
                )
            };
        }
        let is_fine = matches!(outcome, "submitted" | "over" | "waits" | "ended-before");
        if is_fine {
            line!(info);
        } else {
            line!(warn);
        }
        Ok(true)
    }

    /// Does what is to be done, step by step, until it waits or is at its end.
    async fn go_on(
        &self,
        mut errand: Errand,
        started: Instant,
        now: SystemTime,
    ) -> Result<Outcome, Unavailable> {
        let mut step = next_step(&errand.order);
        let mut cause = None; // why the platform could not be asked, or did not accept
        let mut is_asked = false;
        for _ in 0..MAX_DECISIONS {
            step = match step {
                Step::End(end) => {
                    if self.submitter.end(&errand, end, now).await? {
                        return Ok(Outcome::Ended(end));
                    }
                    let Some(changed) = self.submitter.again(&errand, now).await? else {
                        return Ok(Outcome::EndedBefore);
                    };
                    errand = changed;
                    // Where it was brought to its end meanwhile, its record says how; what the platform has accepted, it has.
                    match (end, next_step(&errand.order)) {
                        (End::Submitted, Step::End(other)) => Step::End(other),
                        (End::Submitted, _) => Step::End(End::Submitted),
                        (_, step) => step,
                    }
                }
                Step::Ask => {
                    is_asked = true;
                    match self.ask(&errand.order).await {
                        Ok(told) => after_asking(&errand.order, told, self.is_overdue(&errand)),
                        Err(error) => {
                            cause = Some(error.to_string());
                            Step::Wait
                        }
                    }
                }
                Step::Send => {
                    let before = errand.order.submission.unwrap_or_else(Submission::requested);
                    let is_late = started.elapsed() > SENT_WITHIN;
                    if is_late {
                        return Ok(Outcome::Waits(Some("out of time".to_owned())));
                    }
                    let version = errand.order.version + 1; // after the note
                    let is_noted = self.submitter.note(&errand, before.begun(), now).await?;
                    let Some(begun) = self.submitter.again(&errand, now).await? else {
                        return Ok(Outcome::EndedBefore);
                    };
                    errand = begun;
                    // Nobody else has begun it meanwhile, or brought it to its end, or taken it back.
                    let is_ours = errand.order.submission == Some(before.begun());
                    if !errand.is_held() {
                        return Ok(Outcome::Waits(Some("somebody else has taken it up".to_owned())));
                    } else if !is_noted || !is_ours {
                        next_step(&errand.order)
                    } else if errand.order.version != version || started.elapsed() > SENT_WITHIN {
                        // Something else has changed it since, or time has run out: it was not sent, and nobody else can
                        // have sent it.
                        self.submitter.note(&errand, before, now).await?;
                        return Ok(Outcome::Waits(Some(
                            "the order has changed, or time has run out".to_owned(),
                        )));
                    } else {
                        let (sent, why) = self.send(&errand.order).await;
                        cause = why;
                        let (after, step) = after_sending(before, sent);
                        if !matches!(step, Step::End(_)) && !self.submitter.note(&errand, after, now).await? {
                            return Ok(Outcome::Waits(cause)); // it has changed: its next turn sees how
                        }
                        match self.submitter.again(&errand, now).await? {
                            Some(changed) => errand = changed,
                            None => return Ok(Outcome::EndedBefore),
                        }
                        step
                    }
                }
                Step::Wait => {
                    let known = errand.order.submission.filter(|known| known.is_doubtful());
                    // What was refused is not given up before the platform was asked for it.
                    let is_given_up = known.is_some_and(|known| known.stage != Stage::Refused || is_asked);
                    if !(is_given_up && self.is_overdue(&errand)) {
                        return Ok(Outcome::Waits(cause));
                    }
                    Step::End(End::Unclear(Doubt::Silence))
                }
            };
        }
        Err(Unavailable::new("the order changes too often"))
    }

    /// Could nobody tell for too long whether the platform has the order?
    fn is_overdue(&self, errand: &Errand) -> bool {
        errand.unclear_for >= self.unclear_for
    }
}
