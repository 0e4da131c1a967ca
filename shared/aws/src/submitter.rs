//! Submissions under way: registered withdrawals that are to be ordered from the platform.

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::types::CancellationReason;
use waas_callback::{
    CallBackId, CaseKey, Doubt, End, EventKey, Fingerprint, Identity, Order, Outcome, Reason, Submission,
    ended, noted, pause,
};

use crate::commit::{NotSettled, Obstacle};
use crate::config::Config;
use crate::retry::{Attempt, Deadline, Unavailable, is_transient_code};
use crate::tables::cases::RecordedCase;
use crate::tables::events::{Ending, Event, Source, Submitted};
use crate::tables::{Ledger, cases, in_transaction, timestamp, withdrawals};

/// How long whoever takes a submission up has it for himself: longer than any call takes, and what follows of it.
const LEASE: Duration = Duration::from_mins(1);

/// The ledger, as far as submissions change it.
#[derive(Debug, Clone)]
pub struct Submitter {
    ledger: Ledger,
}

/// A submission that was taken up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    /// Its case.
    pub case: RecordedCase,
    /// The order, as it stands.
    pub order: Order,
    /// How long it has been under way.
    pub open_for: Duration,
}

impl Submitter {
    /// The tables that `config` names.
    #[must_use]
    pub fn connect(config: &Config) -> Self {
        Self { ledger: Ledger::connect(config) }
    }

    /// What is due, the longest due first, at most `limit`. Eventually consistent.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer.
    pub async fn due(&self, limit: i32, now: SystemTime) -> Result<Vec<CaseKey>, Unavailable> {
        self.ledger.due_cases(cases::SUBMISSION, limit, now).await
    }

    /// Takes a submission up; absent if it is none, or not due, or somebody else has it.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with what is no case.
    pub async fn take(&self, case_key: &CaseKey, now: SystemTime) -> Result<Option<Errand>, Unavailable> {
        let Some(case) = self.ledger.case(case_key).await? else { return Ok(None) };
        if case.expects != cases::SUBMISSION {
            return Ok(None);
        }
        let Some(next) = &case.next_ask_at else { return Ok(None) };
        // At first it is taken whenever somebody says so, for the clock that opened it may be ahead of this one.
        if case.asked > 0 && *next > timestamp(now)? {
            return Ok(None);
        }
        let update = cases::take(&self.ledger.tables.cases, &case, now + pause(case.asked).max(LEASE))?;
        if !self.ledger.change(&update, Deadline::after(None)).await? {
            return Ok(None);
        }
        self.again(case_key, now).await
    }

    /// A submission that was taken up, as it stands now; absent if it came to its end meanwhile.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with what is no case.
    pub async fn again(&self, case_key: &CaseKey, now: SystemTime) -> Result<Option<Errand>, Unavailable> {
        let Some(case) = self.ledger.case(case_key).await? else { return Ok(None) };
        if case.open_since.is_none() || case.next_ask_at.is_none() || case.expects != cases::SUBMISSION {
            return Ok(None);
        }
        let id: CallBackId =
            case.claim.call_back_id.clone().ok_or_else(|| Unavailable::new("a submission names no order"))?;
        let order = self.ledger.order(&id).await?;
        let order = order.ok_or_else(|| Unavailable::new("the order of a submission is missing"))?;
        let open_for = case.open_for(now);
        Ok(Some(Errand { case, order, open_for }))
    }

    /// Writes how a submission stands, if the order is as it was read. Says whether it was.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer: it may be written or not.
    pub async fn note(
        &self,
        order: &Order,
        submission: Submission,
        now: SystemTime,
    ) -> Result<bool, Unavailable> {
        let update = noted(order, submission);
        let update = withdrawals::update(&self.ledger.tables.withdrawals, &update, now)?;
        // A transaction, for its token: a lost answer must not look as if somebody else had changed the order.
        let changed = self.ledger.write(vec![in_transaction(update)], Deadline::after(None), changed).await?;
        Ok(changed.is_none())
    }

    /// Brings a submission to its end, exactly once: one transaction closes its case, or leaves it to an operator, and
    /// does what follows. Says whether it did; if not, something has changed, and it has to be decided anew.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or the ledger does not hold what would be moved.
    pub async fn end(&self, errand: &Errand, end: End, now: SystemTime) -> Result<bool, Unavailable> {
        let Errand { case, order, .. } = errand;
        let entry = ended(order, end);
        let others = case.claim.reasons.iter().copied().filter(|reason| *reason != Reason::Submission);
        let mut left: Vec<_> = others.collect();
        if entry.outcome == Outcome::SubmissionUnclear {
            left.push(Reason::SubmissionUnclear);
        }
        let ending =
            Ending { case_key: &case.case_key, seen: Some(&case.claim.reasons), left: &left, word: None };
        let doubt = match end {
            End::Unclear(doubt) => Some(Doubt::name(doubt)),
            End::Submitted | End::Refused | End::Over => None,
        };
        let submission = order.submission.unwrap_or_else(Submission::requested);
        let identity = identity(case, entry.outcome.name());
        let event = Event {
            identity: &identity,
            tenant_user_id: &order.tenant_user_id,
            call_back_id: Some(&order.call_back_id),
            source: Source::Submission(Submitted { ending, submission, doubt }),
        };
        match self.ledger.transact(&event, &entry, now, Deadline::after(None)).await {
            Ok(None | Some(Obstacle::Known(..))) => Ok(true),
            Ok(Some(Obstacle::Refused(refusal))) | Err(NotSettled::Refused(refusal)) => {
                Err(Unavailable::new(refusal.to_string()))
            }
            Ok(Some(Obstacle::Order(_) | Obstacle::AddressKnown | Obstacle::Changed)) => Ok(false),
            Err(NotSettled::Unavailable(unavailable)) => Err(unavailable),
            Err(NotSettled::RecordMissing(which)) => {
                Err(Unavailable::new(format!("a record is missing: {which}")))
            }
        }
    }
}

/// Why a single change was not made: what it was decided upon has changed.
fn changed(reasons: &[CancellationReason]) -> Attempt<Option<()>> {
    match reasons.first().and_then(CancellationReason::code) {
        Some("ConditionalCheckFailed") => Attempt::Done(Ok(Some(()))),
        Some(code) if is_transient_code(code) => Attempt::Again(Unavailable::new(code)),
        code => {
            Attempt::Done(Err(Unavailable::new(format!("transaction cancelled: {}", code.unwrap_or("None")))))
        }
    }
}

/// The event that ends a submission: one for each time that its case was opened, and for what came of it.
fn identity(case: &RecordedCase, what: &str) -> Identity {
    let opening = [Some(case.case_key.as_str()), case.open_since.as_deref(), Some(what)];
    Identity {
        event_key: EventKey::new("submission", opening),
        fingerprint: Fingerprint::new("submission", []),
        position: None,
    }
}
