//! The operator's side of the ledger: cases and their resolutions, holds, releases, debts.

use std::collections::BTreeMap;
use std::time::SystemTime;

use waas_callback::{
    Action, Amount, Balance, CallBackId, CaseKey, Claim, Collection, Entry, Expected, Identity, KnownEvent,
    NotResolved, Order, Outcome, Plan, Posting, PostingError, RECONCILIATION, Reason, Refusal, Registration,
    Resolution, Rival, Stage, Verdict, hold, plan,
};

use crate::commit::{NotSettled, Obstacle};
use crate::config::Config;
use crate::merchant::named;
use crate::read::CaseFilter;
use crate::retry::{Deadline, Unavailable};
use crate::tables::cases::RecordedCase;
use crate::tables::events::{Act, Ending, Event, RecordedEvent, Release, Source};
use crate::tables::{Ledger, cases, parsed_time, withdrawals};
use crate::verifier::credit_of;

/// How often an act is decided anew because what it was decided upon changed meanwhile.
const MAX_DECISIONS: usize = 10;
/// How many events a case shows. More than a few there are only where somebody floods.
const MAX_EVENTS: usize = 100;
/// How many of the open cases are looked through for findings: this many at once, that often.
const CASES_AT_ONCE: i32 = 500;
const MAX_PAGES: usize = 20;

/// The operator's side of the ledger.
#[derive(Debug, Clone)]
pub struct Operator {
    /// To read.
    pub ledger: Ledger,
}

/// Why the operator did not get its will.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperatorError {
    /// Nothing of that name.
    #[error("not found")]
    NotFound,
    /// Against the ledger's rules.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Against the tables of what may be done, or not as the operator saw it.
    #[error(transparent)]
    NotResolved(#[from] NotResolved),
    /// The case was ended before.
    #[error("the case is closed")]
    CaseClosed,
    /// The id was used before, for something else.
    #[error("this id was used before with other content")]
    IdUsed,
    /// The deposit is none that is held.
    #[error("the deposit is not held")]
    NotHeld,
    /// The ledger could not be read or written.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What an act is about.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// A case.
    Case(&'a CaseKey),
    /// An order.
    Order(&'a CallBackId),
}

/// What became of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// Whether it was done now, or before.
    pub is_new: bool,
    /// Its event.
    pub event: RecordedEvent,
}

/// A case with all that an operator needs to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseView {
    /// The case.
    pub case: RecordedCase,
    /// Its events and refusals, oldest first, at most a hundred.
    pub events: Vec<RecordedEvent>,
    /// Its order as it stands now.
    pub order: Option<Order>,
    /// What a resolution has to expect.
    pub expected: Expected,
    /// What can be done; empty once it is closed.
    pub options: Vec<ActionView>,
}

/// What an action would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionView {
    /// The action.
    pub action: Action,
    /// Where it would leave the order, if that moves.
    pub state: Option<String>,
    /// What it would change.
    pub postings: Vec<Posting>,
    /// The user's balance now and then, where it would change.
    pub balances: Option<(Balance, Balance)>,
}

/// All that an act is decided upon.
#[derive(PartialEq)]
struct Matter {
    case: Option<RecordedCase>,
    order: Option<Order>,
    /// What is known of the claim's own event.
    recorded: Option<KnownEvent>,
    /// What became of the content that a deposit's event was recorded with, where that is another than the claim's.
    rival: Option<Rival<()>>,
    /// Is the order on its way to the platform, and somebody at it?
    is_followed: bool,
}

impl Matter {
    fn claim(&self) -> Option<&Claim> {
        self.case.as_ref().map(|case| &case.claim)
    }

    fn plan(&self, resolution: &Resolution) -> Result<Plan, NotResolved> {
        let plan = plan(resolution, self.claim(), self.order.as_ref(), self.recorded.as_ref())?;
        // One deposit is credited once, in whatever words it is told.
        let is_same = |posting: &Posting, claim: &Claim| {
            let amount = claim.amount.as_ref().map(Amount::value);
            (&posting.tenant_user_id, Some(&posting.asset), Some(posting.available))
                == (&claim.tenant_user_id, claim.asset.as_ref(), amount)
        };
        let of_order = self.order.as_ref().and_then(|order| order.submission);
        let may_be_there = of_order.is_some_and(|known| known.is_doubtful() || known.is_under_way());
        match (resolution.action, &self.rival, self.claim()) {
            // While it is followed, nobody has to guess whether the platform has the order.
            (Action::Unfreeze, ..) if self.is_followed && may_be_there => Err(NotResolved::Waits),
            (Action::Dismiss, _, Some(claim))
                if self.is_followed && claim.reasons.contains(&Reason::Submission) =>
            {
                Err(NotResolved::Waits)
            }
            (Action::Credit, Some(Rival::Waits(..)), _) => Err(NotResolved::Waits),
            (Action::Credit, Some(Rival::Credited(posting)), Some(claim)) if is_same(posting, claim) => {
                Err(NotResolved::AppliedAlready)
            }
            _ => Ok(plan),
        }
    }
}

impl Operator {
    /// The tables that `config` names.
    #[must_use]
    pub fn connect(config: &Config) -> Self {
        Self { ledger: Ledger::connect(config) }
    }

    /// A case, with its events and what each action would do.
    ///
    /// # Errors
    ///
    /// [`OperatorError::NotFound`].
    pub async fn case(&self, case_key: &CaseKey, now: SystemTime) -> Result<CaseView, OperatorError> {
        let matter = self.matter(Target::Case(case_key), now).await?;
        let case = matter.case.clone().ok_or(OperatorError::NotFound)?;
        let mut events = Vec::with_capacity(case.event_keys.len());
        for key in case.event_keys.iter().take(MAX_EVENTS) {
            events.extend(self.ledger.event(key).await?);
        }
        events.sort_by(|a, b| (&a.recorded_at, &a.event_key).cmp(&(&b.recorded_at, &b.event_key)));
        let expected = Expected::of(matter.claim(), matter.order.as_ref());
        let mut options = Vec::new();
        for action in Action::ALL.into_iter().filter(|_| case.open_since.is_some()) {
            let resolution = Resolution {
                id: String::new(),
                action,
                reason: String::new(),
                expected: expected.clone(),
                tracking_id: None,
            };
            let Ok(plan) = matter.plan(&resolution) else { continue };
            let balance = self.balance(&plan).await?;
            let Some(entry) = plan.entry(balance) else { continue };
            let Ok(after) = after(balance, &entry) else { continue };
            let changes = !entry.postings.is_empty();
            options.push(ActionView {
                action,
                state: plan.state().map(|state| state.name().to_owned()),
                balances: changes.then_some((balance, after)),
                postings: entry.postings,
            });
        }
        Ok(CaseView { case, events, order: matter.order, expected, options })
    }

    /// Ends a case, or puts an order right, exactly once by the resolution's id. `operator` is the caller's ARN.
    ///
    /// # Errors
    ///
    /// [`OperatorError::NotFound`], [`OperatorError::CaseClosed`], [`OperatorError::IdUsed`], a [`NotResolved`], or
    /// [`Refusal::BalanceTooLow`] where the ledger does not hold what the action would move.
    pub async fn resolve(
        &self,
        target: Target<'_>,
        resolution: &Resolution,
        operator: &str,
        now: SystemTime,
    ) -> Result<Resolved, OperatorError> {
        let named = match target {
            Target::Case(key) => format!("case {key}"),
            Target::Order(id) => format!("order {id}"),
        };
        let identity = resolution.identity(&named);
        let deadline = Deadline::after(None);
        for _ in 0..MAX_DECISIONS {
            if let Some(event) = self.known(&identity).await? {
                return Ok(Resolved { is_new: false, event });
            }
            let (matter, plan, entry) = match Box::pin(self.decide(target, resolution, now)).await {
                Ok(Some(decided)) => decided,
                Ok(None) => continue,
                // What stands in its way may be what the same act has just done.
                Err(error) => {
                    let done = self.known(&identity).await?;
                    return done.map(|event| Resolved { is_new: false, event }).ok_or(error);
                }
            };
            let claim = matter.claim();
            // What is recorded with it: its claim, or, where that has an event of other content, that it was credited.
            let credit = claim
                .filter(|_| resolution.action == Action::Credit)
                .map(|claim| credit_of(&claim.identity.event_key));
            let recorded =
                if plan.records_claim { claim.map(|claim| &claim.identity) } else { credit.as_ref() };
            let act = Act {
                resolution,
                operator,
                case: matter.case.as_ref().map(|case| Ending {
                    case_key: &case.case_key,
                    seen: Some(&case.claim.reasons),
                    left: &[],
                    word: None,
                }),
                registration: plan.registration.as_ref(),
                claim: recorded,
            };
            let order_id = matter.order.as_ref().map(|order| &order.call_back_id);
            let event = Event {
                identity: &identity,
                tenant_user_id: &plan.tenant_user_id,
                call_back_id: order_id.or_else(|| claim.and_then(|claim| claim.call_back_id.as_ref())),
                source: Source::Resolution(act),
            };
            let done = self.transact(&event, &entry, now, deadline).await?;
            if let Some(is_new) = done {
                let event = self.ledger.event(identity.event_key.as_str()).await?;
                let event = event.ok_or_else(|| Unavailable::new("a resolution cannot be read"))?;
                return Ok(Resolved { is_new, event });
            }
        }
        Err(Unavailable::new("the case changes too often").into())
    }

    /// How many findings of reconciliation are open, by reason, and whether these are all: only so many of the open cases
    /// are looked through.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer.
    pub async fn open_findings(&self) -> Result<(BTreeMap<&'static str, u64>, bool), Unavailable> {
        let (mut by_reason, mut from) = (BTreeMap::new(), None);
        for _ in 0..MAX_PAGES {
            let page = self.ledger.open_cases(&CaseFilter::default(), CASES_AT_ONCE, from.as_deref()).await?;
            let page = page.ok_or_else(|| Unavailable::new("the cursor is no page's end"))?;
            for case in page.cases.iter().filter(|case| case.case_key.kind() == RECONCILIATION) {
                for reason in &case.claim.reasons {
                    *by_reason.entry(reason.name()).or_default() += 1;
                }
            }
            from = page.next;
            if from.is_none() {
                return Ok((by_reason, true));
            }
        }
        Ok((by_reason, false))
    }

    /// What an act comes to; absent if it has to be decided anew.
    async fn decide(
        &self,
        target: Target<'_>,
        resolution: &Resolution,
        now: SystemTime,
    ) -> Result<Option<(Matter, Plan, Entry)>, OperatorError> {
        let matter = self.matter(target, now).await?;
        if matter.case.as_ref().is_some_and(|case| case.open_since.is_none()) {
            return Err(OperatorError::CaseClosed);
        }
        let plan = matter.plan(resolution)?;
        let balance = self.balance(&plan).await?;
        let entry = plan.entry(balance).ok_or(Refusal::BalanceOutOfRange)?;
        match after(balance, &entry) {
            Ok(_) => Ok(Some((matter, plan, entry))),
            // The balance was read last: it may be without what has just moved with the order or the case.
            Err(_) if self.matter(target, now).await? != matter => Ok(None),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Puts an order on hold, or takes it off: while it is held it is not confirmed. One conditional update, without
    /// an event.
    ///
    /// # Errors
    ///
    /// [`OperatorError::NotFound`], or a [`Refusal`] if the order is direct, was confirmed, or has ended: a hold could not be kept.
    pub async fn hold(
        &self,
        call_back_id: &CallBackId,
        is_held: bool,
        now: SystemTime,
    ) -> Result<Order, OperatorError> {
        for _ in 0..MAX_DECISIONS {
            let order = self.ledger.order(call_back_id).await?;
            let update = match hold(call_back_id, order.as_ref(), is_held) {
                Ok(update) => withdrawals::update(&self.ledger.tables.withdrawals, &update, now)?,
                Err(Refusal::UnknownOrder) => return Err(OperatorError::NotFound),
                Err(refusal) => return Err(refusal.into()),
            };
            if self.ledger.change(&update, Deadline::after(None)).await? {
                return self.ledger.order(call_back_id).await?.ok_or(OperatorError::NotFound);
            }
        }
        Err(Unavailable::new("the order changes too often").into())
    }

    /// Releases a deposit from its risk. If nothing else holds it its amount becomes available, and its case is closed;
    /// if it waits for the platform's word, or the platform contradicts it, it stays held for that. The name of what came
    /// of it, now or before.
    ///
    /// # Errors
    ///
    /// [`OperatorError::NotFound`], [`OperatorError::NotHeld`], or [`OperatorError::CaseClosed`] if it was rejected.
    pub async fn release(
        &self,
        event_key: &str,
        operator: &str,
        now: SystemTime,
    ) -> Result<String, OperatorError> {
        let deposit = self.ledger.event(event_key).await?.ok_or(OperatorError::NotFound)?;
        if deposit.outcome != Outcome::Held.name() {
            return Err(OperatorError::NotHeld);
        }
        let case_key = CaseKey::of(&deposit.identity());
        let identity = named("release", event_key);
        let Some(held) = deposit.postings.first() else { return Err(OperatorError::NotHeld) };
        for _ in 0..MAX_DECISIONS {
            let case = self.ledger.case(&case_key).await?;
            if case.is_none() && deposit.question.is_some() {
                return Err(
                    Unavailable::new("the case of a deposit that waits for the platform is missing").into()
                );
            }
            let seen = case.as_ref().map(|case| &*case.claim.reasons);
            let left: Vec<_> =
                seen.unwrap_or_default().iter().copied().filter(|reason| *reason != Reason::Risk).collect();
            let is_held_still = left.iter().any(|reason| reason.holds());
            let entry = if is_held_still {
                Entry::of(Outcome::RiskLifted)
            } else {
                let posting = Posting { available: held.held, held: -held.held, ..held.clone() };
                Entry { postings: vec![posting], ..Entry::of(Outcome::Released) }
            };
            let left: &[_] = if is_held_still { &left } else { &[] };
            let ending = Ending { case_key: &case_key, seen, left, word: None };
            let event = Event {
                identity: &identity,
                tenant_user_id: &held.tenant_user_id,
                call_back_id: None,
                source: Source::Release(Release { event_key, ending, operator }),
            };
            let is_closed = case.as_ref().is_some_and(|case| case.open_since.is_none());
            match self.transact(&event, &entry, now, Deadline::after(None)).await? {
                Some(true) => return Ok(entry.outcome.name().to_owned()),
                Some(false) => {
                    let event = self.ledger.event(identity.event_key.as_str()).await?;
                    let event = event.ok_or_else(|| Unavailable::new("a release cannot be read"))?;
                    return Ok(event.outcome);
                }
                None if is_closed => return Err(OperatorError::CaseClosed),
                None => {} // it was closed, or is open for other reasons, since it was read
            }
        }
        Err(Unavailable::new("the case changes too often").into())
    }

    /// Takes what a user owes of what is available, exactly once by its id. The event; absent if there was nothing to take.
    ///
    /// # Errors
    ///
    /// [`OperatorError::IdUsed`].
    pub async fn collect(
        &self,
        collection: &Collection,
        operator: &str,
        now: SystemTime,
    ) -> Result<Option<Resolved>, OperatorError> {
        let Collection { tenant_user_id, asset, .. } = collection;
        let identity = collection.identity();
        for _ in 0..MAX_DECISIONS {
            if let Some(event) = self.known(&identity).await? {
                return Ok(Some(Resolved { is_new: false, event }));
            }
            let balance = self.ledger.balance(tenant_user_id, asset).await?;
            let Some(posting) = balance.collect(tenant_user_id, asset) else {
                // It may be what the same act has just taken.
                let done = self.known(&identity).await?;
                return Ok(done.map(|event| Resolved { is_new: false, event }));
            };
            let event = Event {
                identity: &identity,
                tenant_user_id,
                call_back_id: None,
                source: Source::Collection(operator),
            };
            let entry = Entry { postings: vec![posting], ..Entry::of(Outcome::Collected) };
            if let Some(is_new) = self.transact(&event, &entry, now, Deadline::after(None)).await? {
                let event = self.ledger.event(identity.event_key.as_str()).await?;
                let event = event.ok_or_else(|| Unavailable::new("a collection cannot be read"))?;
                return Ok(Some(Resolved { is_new, event }));
            }
        }
        Err(Unavailable::new("the balance changes too often").into())
    }

    /// Writes an act: done now, done before, or, `None`, to be decided anew.
    async fn transact(
        &self,
        event: &Event<'_>,
        entry: &Entry,
        now: SystemTime,
        deadline: Deadline,
    ) -> Result<Option<bool>, OperatorError> {
        let is_decided_anew = |refusal: Refusal| {
            refusal == Refusal::BalanceTooLow
                && matches!(event.source, Source::Resolution(_) | Source::Collection(_))
        };
        match self.ledger.transact(event, entry, now, deadline).await {
            Ok(None) => Ok(Some(true)),
            Ok(Some(Obstacle::Known(Verdict::Repetition, _))) => Ok(Some(false)),
            Ok(Some(Obstacle::Known(..))) => Err(OperatorError::IdUsed),
            Ok(Some(Obstacle::Refused(refusal))) if !is_decided_anew(refusal) => Err(refusal.into()),
            Ok(Some(_)) => Ok(None),
            Err(NotSettled::Unavailable(unavailable)) => Err(unavailable.into()),
            Err(NotSettled::Refused(refusal)) => Err(refusal.into()),
            Err(NotSettled::RecordMissing(which)) => {
                Err(Unavailable::new(format!("a record is missing: {which}")).into())
            }
        }
    }

    /// The event of an act that was done before.
    async fn known(&self, identity: &Identity) -> Result<Option<RecordedEvent>, OperatorError> {
        let Some(event) = self.ledger.event(identity.event_key.as_str()).await? else { return Ok(None) };
        if event.fingerprint == identity.fingerprint.as_str() {
            Ok(Some(event))
        } else {
            Err(OperatorError::IdUsed)
        }
    }

    /// Reads all that an act is decided upon, the case first: it says what else there is.
    async fn matter(&self, target: Target<'_>, now: SystemTime) -> Result<Matter, OperatorError> {
        let mut rival = None;
        let (case, recorded, call_back_id) = match target {
            Target::Order(call_back_id) => (None, None, Some(call_back_id.clone())),
            Target::Case(key) => {
                let case = self.ledger.case(key).await?.ok_or(OperatorError::NotFound)?;
                let recorded = self.ledger.event(case.claim.identity.event_key.as_str()).await?;
                if let Some(recorded) = &recorded
                    && recorded.identity() != case.claim.identity
                {
                    rival = Some(self.ledger.rival(recorded).await?.without_case());
                }
                let recorded = recorded.as_ref().map(RecordedEvent::known);
                let call_back_id = case.claim.call_back_id.clone();
                (Some(case), recorded, call_back_id)
            }
        };
        let order = match &call_back_id {
            Some(id) => self.ledger.order(id).await?,
            None => None,
        };
        if case.is_none() && order.is_none() {
            return Err(OperatorError::NotFound);
        }
        let is_followed = match &order {
            Some(order) if order.submission.is_some() => self.is_followed(order, now).await?,
            _ => false,
        };
        Ok(Matter { case, order, recorded, rival, is_followed })
    }

    /// Is an order on its way to the platform, and somebody at it? Its registration's case says so. Or did it just arrive
    /// there? Who acts upon what was so a moment ago would give back what is being paid.
    async fn is_followed(&self, order: &Order, now: SystemTime) -> Result<bool, Unavailable> {
        let has_arrived = order.submission.is_some_and(|known| known.stage == Stage::Submitted);
        let is_recent = |time: &str| {
            parsed_time(time)
                .is_some_and(|at| now.duration_since(at).unwrap_or_default() < cases::FOLLOWED_FOR)
        };
        if has_arrived
            && order.failure_reported.is_none()
            && order.updated_at.as_deref().is_some_and(is_recent)
        {
            return Ok(true);
        }
        let registration = Registration::event_key(&order.call_back_id);
        let Some(registration) = self.ledger.event(registration.as_str()).await? else { return Ok(false) };
        let case = self.ledger.case(&CaseKey::of(&registration.identity())).await?;
        Ok(case.is_some_and(|case| case.is_followed(now)))
    }

    async fn balance(&self, plan: &Plan) -> Result<Balance, Unavailable> {
        match &plan.asset {
            Some(asset) => self.ledger.balance(&plan.tenant_user_id, asset).await,
            None => Ok(Balance::default()),
        }
    }
}

/// The balance after an entry; what it does not hold cannot be moved.
fn after(balance: Balance, entry: &Entry) -> Result<Balance, Refusal> {
    let after = entry.postings.iter().try_fold(balance, Balance::post);
    after.map_err(|error| match error {
        PostingError::Negative => Refusal::BalanceTooLow,
        PostingError::TooManyDigits => Refusal::BalanceOutOfRange,
    })
}
