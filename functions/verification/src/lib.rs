//! Verification: asks the platform whether what a callback gives away is true, and makes it count.
//!
//! The open cases are the questions. A message only says that one may be due; asked twice, it is posted once.

mod question;

use std::time::{Instant, SystemTime};

use futures_util::{StreamExt as _, stream};
use waas_callback::CaseKey;
use waas_callback_aws::{Config, Keys, Ruled, Unavailable, Verifier, milliseconds};
use waas_callback_worker::{Environment, Message, Platform};
use waas_client::{Https, Timeouts, Transport};

use question::Silence;

/// How many of the due questions are taken up at once, and how many are asked beside each other.
const AT_ONCE: i32 = 50;
const BESIDE_EACH_OTHER: usize = 8;

/// The function behind the queue of questions.
pub struct Verification<T = Https> {
    verifier: Verifier,
    platform: Platform<T>,
}

impl Verification {
    /// Reads the environment and the keys: all that can be done once.
    ///
    /// # Errors
    ///
    /// If the environment or the secret cannot be used.
    pub async fn start(
        config: &Config,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, lambda_runtime::Error> {
        let Environment { platform_url, user_id, unknown_for, .. } = Environment::read(lookup)?;
        let keys = Keys::load(config).await?;
        let transport = Https::new(platform_url, Timeouts::default());
        Ok(Self::new(Verifier::connect(config, unknown_for), Platform::new(transport, keys, user_id)))
    }
}

impl<T: Transport + Clone> Verification<T> {
    /// On this ledger, with this platform.
    pub fn new(verifier: Verifier, platform: Platform<T>) -> Self {
        Self { verifier, platform }
    }

    /// Takes a message of the queue; nothing is begun after `until`.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read or written. That the platform cannot be reached is no error: the question is asked
    /// again when it is due.
    pub async fn take(&self, message: Message, until: SystemTime) -> Result<(), Unavailable> {
        match message {
            Message::One { case_key } => {
                self.ask(&CaseKey::from(case_key), SystemTime::now()).await.map(|_| ())
            }
            Message::Due { .. } => self.ask_due(until).await,
        }
    }

    /// Asks what is due, until there is nothing or no time left.
    async fn ask_due(&self, until: SystemTime) -> Result<(), Unavailable> {
        let (mut due, mut asked) = (0, 0);
        loop {
            let now = SystemTime::now();
            let keys = if now < until { self.verifier.due(AT_ONCE, now).await? } else { Vec::new() };
            due += keys.len();
            let answers = stream::iter(&keys).map(async |key| {
                let now = SystemTime::now();
                if now < until { self.ask(key, now).await } else { Ok(false) }
            });
            let answers: Vec<_> = answers.buffer_unordered(BESIDE_EACH_OTHER).collect().await;
            let of_round = answers.iter().filter(|answer| matches!(answer, Ok(true))).count();
            asked += of_round;
            // What the index still shows though it was taken is not taken up again for ever.
            if of_round == 0 {
                tracing::info!(due, asked, "questions");
                return answers.into_iter().find_map(Result::err).map_or(Ok(()), Err);
            }
        }
    }

    /// Asks one question, if it is due. Says whether it was.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read or written.
    pub async fn ask(&self, case_key: &CaseKey, now: SystemTime) -> Result<bool, Unavailable> {
        let started = Instant::now();
        let Some(question) = self.verifier.take(case_key, now).await? else { return Ok(false) };
        let (asked, open_for) = (question.case.asked, question.open_for);
        let (outcome, cause) = match self.word_on(&question).await {
            Ok(word) => match Box::pin(self.verifier.rule(question, word, now)).await? {
                Ruled::Verified => ("verified", None),
                Ruled::Contradicted => ("contradicted", Some(word.name().to_owned())),
                Ruled::AskAgain => (word.name(), None),
                Ruled::AnsweredBefore => ("answered-before", None),
            },
            Err(Silence::Platform(error)) => ("unavailable", Some(error.to_string())),
            Err(Silence::Word(word)) => (word.name(), None),
            Err(Silence::Ledger(unavailable)) => return Err(unavailable),
        };
        let (kind, case_key) = (case_key.kind(), case_key.as_str());
        let (open_seconds, latency_ms) = (open_for.as_secs(), milliseconds(started.elapsed()));
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    caseKey = case_key,
                    kind,
                    outcome,
                    cause,
                    openSeconds = open_seconds,
                    asked,
                    latencyMs = latency_ms,
                    "question"
                )
            };
        }
        if matches!(outcome, "contradicted" | "unavailable") {
            line!(warn);
        } else {
            line!(info);
        }
        Ok(true)
    }
}
