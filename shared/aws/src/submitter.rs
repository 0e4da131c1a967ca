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
    /// How long nobody could tell whether the platform has the order.
    pub unclear_for: Duration,
    /// What says in the case's record that it was taken up by whoever holds this.
    lease: String,
}

impl Errand {
    /// Has nobody else taken it up since?
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.case.next_ask_at.as_deref() == Some(&*self.lease)
    }
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
        let until = now + pause(case.asked).max(LEASE);
        let update = cases::take(&self.ledger.tables.cases, &case, until)?;
        if !self.ledger.change(&update, Deadline::after(None)).await? {
            return Ok(None);
        }
        self.read(case_key, timestamp(until)?, now).await
    }

    /// A submission as it stands now; absent if it came to its end meanwhile.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with what is no case.
    pub async fn again(&self, errand: &Errand, now: SystemTime) -> Result<Option<Errand>, Unavailable> {
        self.read(&errand.case.case_key, errand.lease.clone(), now).await
    }

    async fn read(
        &self,
        case_key: &CaseKey,
        lease: String,
        now: SystemTime,
    ) -> Result<Option<Errand>, Unavailable> {
        let Some(case) = self.ledger.case(case_key).await? else { return Ok(None) };
        if case.open_since.is_none() || case.next_ask_at.is_none() || case.expects != cases::SUBMISSION {
            return Ok(None);
        }
        let id: CallBackId =
            case.claim.call_back_id.clone().ok_or_else(|| Unavailable::new("a submission names no order"))?;
        let order = self.ledger.order(&id).await?;
        let order = order.ok_or_else(|| Unavailable::new("the order of a submission is missing"))?;
        let (open_for, unclear_for) = (case.open_for(now), case.silent_for(now));
        Ok(Some(Errand { case, order, open_for, unclear_for, lease }))
    }

    /// Writes how a submission stands, if the order is as it was read and nobody else has taken the submission up. Says
    /// whether that was so.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer: it may be written or not.
    pub async fn note(
        &self,
        errand: &Errand,
        submission: Submission,
        now: SystemTime,
    ) -> Result<bool, Unavailable> {
        let Errand { case, order, lease, .. } = errand;
        let tables = &self.ledger.tables;
        let update = withdrawals::update(&tables.withdrawals, &noted(order, submission), now)?;
        let doubt = cases::note_doubt(&tables.cases, &case.case_key, lease, submission.is_doubtful(), now)?;
        // With a token: a lost answer must not look as if somebody else had changed the order.
        let items = vec![in_transaction(update), in_transaction(doubt)];
        let changed = self.ledger.write(items, Deadline::after(None), changed).await?;
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

/// Why a change was not made: what it was decided upon has changed, or that passes.
fn changed(reasons: &[CancellationReason]) -> Attempt<Option<()>> {
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code().unwrap_or("None")).collect();
    if codes.contains(&"ConditionalCheckFailed") {
        Attempt::Done(Ok(Some(())))
    } else if let Some(code) = codes.iter().find(|code| is_transient_code(code)) {
        Attempt::Again(Unavailable::new(*code))
    } else {
        Attempt::Done(Err(Unavailable::new(format!("transaction cancelled: {}", codes.join(", ")))))
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
