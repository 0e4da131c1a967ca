//! Decides on an event and commits it: one transaction an event, exactly once.

mod explain;
mod legs;

use std::time::SystemTime;

use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactGetItem, TransactWriteItem};
use waas_callback::{
    CallBackId, Decision, Entry, Found, FoundOrder, Outcome, Posting, Reason, Refusal, Terms, Verdict, judge,
};

use crate::retry::{Attempt, Deadline, Unavailable, failed, retry};
use crate::tables::events::{Checked, Ending, Event, Rejection, Source};
use crate::tables::{
    Item, Ledger, Table, addresses, balances, cases, events, in_transaction, put_new, requests, withdrawals,
};

pub(crate) use legs::Stopped;

/// How often a decision is made anew because what it was made upon changed meanwhile.
const MAX_DECISIONS: usize = 10;

/// What became of an event that was not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It was applied now, all of it. A confirmation is answered with what to pay.
    Applied(Outcome, Option<Terms>),
    /// It was applied before, with this outcome; nothing now.
    Repetition(String, Option<Terms>),
    /// It was refused, and an operator has ended the matter since.
    Resolved,
}

/// Why an event was not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotSettled {
    /// Against the rules. Nothing but the refusal was recorded.
    Refused(Refusal),
    /// The ledger could not be read or written.
    Unavailable(Unavailable),
    /// A record that should be there is not.
    RecordMissing(&'static str),
}

/// What became of a refusal.
enum Recorded {
    /// It stands, now or before.
    Refused,
    /// An operator has ended the case of this event and content.
    Resolved,
}

impl From<Unavailable> for NotSettled {
    fn from(unavailable: Unavailable) -> Self {
        Self::Unavailable(unavailable)
    }
}

/// Who decides on an event: a function on a callback, or the merchant's own request.
pub(crate) trait Decider {
    /// What the event does, upon what was found so far.
    fn decide(&self, found: &Found) -> Result<Decision, Refusal>;

    /// What a repetition of it is answered with.
    fn repeat(&self, found: &Found) -> Result<Option<Terms>, Refusal>;

    /// Is the platform asked about what was refused so?
    fn asks(&self, _: Refusal) -> bool {
        false
    }
}

/// The merchant's own requests: a repetition needs no answer of its own.
impl<F: Fn(&Found) -> Result<Decision, Refusal>> Decider for F {
    fn decide(&self, found: &Found) -> Result<Decision, Refusal> {
        self(found)
    }

    fn repeat(&self, _: &Found) -> Result<Option<Terms>, Refusal> {
        Ok(None)
    }
}

/// Why a transaction was not applied.
pub(crate) enum Obstacle {
    /// This is what the records say, with the outcome of the event if it is known.
    Known(Verdict, String),
    /// Against the ledger's rules.
    Refused(Refusal),
    /// The order, or its registration, is not as expected. They are so, where that is told.
    Order(Option<FoundOrder>),
    /// The user has or had the address already.
    AddressKnown,
    /// What an operator acts upon has changed: the case was closed, or its event recorded.
    Changed,
}

impl Ledger {
    /// Decides on an event and applies it exactly once.
    ///
    /// The decision is made upon what was found so far, at first nothing, and states what it expects. If the
    /// transaction finds something else it is cancelled as a whole and the decision is made again. A refusal is
    /// recorded before it is returned.
    pub(crate) async fn settle(
        &self,
        event: &Event<'_>,
        decider: &impl Decider,
        now: SystemTime,
        deadline: Deadline,
    ) -> Result<Settled, NotSettled> {
        let mut found = Found::default();
        let settled = self.settle_upon(&mut found, event, decider, now, deadline).await;
        // A merchant's own request that is refused is answered, and no more, unless it is to register what was paid.
        let is_registration = matches!(event.source, Source::Registration(_));
        if let Err(NotSettled::Refused(refusal)) = settled
            && refusal.is_recorded()
            && (event.callback().is_some() || (is_registration && found.is_paid_unregistered()))
        {
            let recorded = self.record_refusal(event, refusal, decider.asks(refusal), now, deadline).await?;
            if matches!(recorded, Recorded::Resolved) && !cases::is_never_resolved(event) {
                return Ok(Settled::Resolved);
            }
            if event.callback().is_none() {
                let (outcome, id) = (refusal.name(), event.call_back_id.map(CallBackId::as_str));
                tracing::warn!(outcome, callBackId = id, "request contradicts a payment");
            }
        }
        settled
    }

    async fn settle_upon(
        &self,
        found: &mut Found,
        event: &Event<'_>,
        decider: &impl Decider,
        now: SystemTime,
        deadline: Deadline,
    ) -> Result<Settled, NotSettled> {
        let refused = NotSettled::Refused;
        for _ in 0..MAX_DECISIONS {
            let obstacle = match decider.decide(found).map_err(refused)? {
                Decision::ReadOrder => self.look(event, found, deadline).await?,
                Decision::Commit(entry) => match self.transact(event, &entry, now, deadline).await? {
                    None => return Ok(Settled::Applied(entry.outcome, entry.payout)),
                    // Another copy was faster. A payout is answered again only as the order stands now.
                    Some(Obstacle::Known(Verdict::Repetition, _)) if entry.payout.is_some() => {
                        self.look(event, found, deadline).await?
                    }
                    // Only together do an order and its registration say where it stands.
                    Some(Obstacle::Order(None)) => self.look(event, found, deadline).await?,
                    Some(obstacle) => obstacle,
                },
            };
            match obstacle {
                Obstacle::Known(Verdict::Fresh, _) | Obstacle::Order(None) | Obstacle::Changed => {}
                Obstacle::Known(Verdict::Repetition, outcome) => {
                    return match decider.repeat(found) {
                        Ok(payout) => Ok(Settled::Repetition(outcome, payout)),
                        Err(Refusal::UnknownOrder) => {
                            Err(NotSettled::RecordMissing("the order of a known event"))
                        }
                        Err(refusal) => Err(refused(refusal)),
                    };
                }
                Obstacle::Known(Verdict::EventMissing, _) => {
                    return Err(NotSettled::RecordMissing("the event of a known request"));
                }
                Obstacle::Known(Verdict::RequestConflict, _) => {
                    return Err(refused(Refusal::RequestConflict));
                }
                Obstacle::Known(Verdict::EventConflict, _) => return Err(refused(Refusal::EventConflict)),
                Obstacle::Refused(refusal) => return Err(refused(refusal)),
                Obstacle::Order(Some(order)) => found.order = order,
                Obstacle::AddressKnown => found.is_address_known = true,
            }
        }
        Err(Unavailable::new("the order changes too often").into())
    }

    /// Writes an entry with the records of its request and its event, in one transaction.
    ///
    /// `None` if it was applied. Returns only what is certain: after a lost answer the same transaction is sent again
    /// and finds its own records.
    pub(crate) async fn transact(
        &self,
        event: &Event<'_>,
        entry: &Entry,
        now: SystemTime,
        deadline: Deadline,
    ) -> Result<Option<Obstacle>, NotSettled> {
        let (tables, items): (Vec<_>, Vec<_>) = self.transaction(event, entry, now)?.into_iter().unzip();
        let obstacle = self.write(items, deadline, |reasons| explain::event(event, &tables, reasons)).await?;
        match obstacle {
            None => Ok(None),
            Some(Ok(obstacle)) => Ok(Some(obstacle)),
            Some(Err(not_settled)) => Err(not_settled),
        }
    }

    /// Writes a transaction. `None` if it was applied; otherwise what its cancellation means.
    pub(crate) async fn write<T>(
        &self,
        items: Vec<TransactWriteItem>,
        deadline: Deadline,
        explain: impl Fn(&[CancellationReason]) -> Attempt<Option<T>>,
    ) -> Result<Option<T>, Unavailable> {
        // One token for all attempts: if an answer is lost, AWS repeats it instead of the work.
        let token = format!("{:032x}", rand::random::<u128>());
        let attempt = async || {
            let request = self.client.transact_write_items().set_transact_items(Some(items.clone()));
            match request.client_request_token(&token).send().await {
                Ok(_) => Attempt::Done(Ok(None)),
                Err(error) => match error.as_service_error() {
                    Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                        explain(canceled.cancellation_reasons())
                    }
                    _ => failed(&error),
                },
            }
        };
        retry(deadline, attempt).await
    }

    /// The whole transaction: records of request and event, then what the entry changes.
    fn transaction(
        &self,
        event: &Event<'_>,
        entry: &Entry,
        now: SystemTime,
    ) -> Result<Vec<(Table, TransactWriteItem)>, Unavailable> {
        let tables = &self.tables;
        let mut items = Vec::with_capacity(5);
        if let Some(callback) = event.callback() {
            let request = requests::put(&tables.requests, callback, event.identity, entry, now)?;
            items.push((Table::Requests, request));
        }
        items.push((Table::Events, events::put(&tables.events, event, entry, now)?));
        if let Some(order) = &entry.order {
            if let Some(proof) = &order.proof {
                let proof = events::prove(&tables.events, &order.call_back_id, proof)?;
                items.push((Table::Registration, proof));
            }
            let update = withdrawals::update(&tables.withdrawals, order, now)?;
            items.push((Table::Withdrawals, in_transaction(update)));
        }
        if let Some(address) = &entry.address {
            items.push((Table::Addresses, addresses::update(&tables.addresses, address, now)?));
        }
        let mut postings = entry.postings.clone();
        if let Source::Verification(Checked { rejection: Some(rejection), .. }) = event.source {
            let Rejection { event, entry } = rejection;
            items.push((Table::Rejection, events::put(&tables.events, event, entry, now)?));
            items.extend(self.with_the_act(event, now)?);
            postings.extend(entry.postings.iter().cloned());
        }
        for posting in one_for_each_balance(postings)? {
            let post = balances::post(&tables.balances, &posting, event.is_operators())?;
            items.push((Table::Balances, post));
        }
        if !entry.reasons.is_empty() {
            let opened = cases::Opened {
                reasons: &entry.reasons,
                due: due(&entry.reasons),
                recorded: &event.identity.event_key,
                is_refusal: false,
            };
            items.push((Table::Cases, cases::open(&tables.cases, event, &opened, now)?));
        }
        items.extend(self.with_the_act(event, now)?);
        Ok(items)
    }

    /// What an act upon a case writes besides its event.
    fn with_the_act(
        &self,
        event: &Event<'_>,
        now: SystemTime,
    ) -> Result<Vec<(Table, TransactWriteItem)>, Unavailable> {
        let tables = &self.tables;
        let by = &event.identity.event_key;
        let mut items = Vec::new();
        match event.ending() {
            None => {}
            Some(Ending { case_key, seen, left: [], word }) => {
                let closed = cases::Closed { case_key, by, settles: event.settles(), reasons: seen, word };
                items.push((Table::Cases, cases::close(&tables.cases, &closed, now)?));
            }
            Some(Ending { case_key, seen, left, word }) => {
                let is_operators = !matches!(event.source, Source::Release(_));
                let seen = seen.unwrap_or_default();
                let changed = cases::Changed { case_key, by, seen, left, word, is_operators };
                items.push((Table::Cases, cases::change(&tables.cases, &changed)?));
            }
        }
        if let Source::Resolution(act) = event.source {
            if let Some(registration) = act.registration {
                let put = events::put_registration(&tables.events, registration, now)?;
                items.push((Table::Registration, put));
            }
            if let Some(claim) = act.claim {
                items.push((Table::Claim, events::put_resolved(&tables.events, event, claim, now)?));
            }
        }
        Ok(items)
    }

    /// Reads the records of the event, of the order, of its registration and of the request, as of one moment.
    async fn look(
        &self,
        event: &Event<'_>,
        found: &mut Found,
        deadline: Deadline,
    ) -> Result<Obstacle, NotSettled> {
        let Some(call_back_id) = event.call_back_id else {
            return Err(Unavailable::new("there is no order to read").into());
        };
        let tables = &self.tables;
        let mut gets = vec![
            withdrawals::get_by(&tables.withdrawals, call_back_id)?,
            events::get_registration(&tables.events, call_back_id)?,
        ];
        // The event of a registration is the registration.
        let event_at = match event.source {
            Source::Registration(_) => 1,
            _ => gets.len(),
        };
        if event_at == gets.len() {
            gets.push(events::get_by(&tables.events, &event.identity.event_key)?);
        }
        if let Some(callback) = event.callback() {
            gets.push(requests::get_by(&tables.requests, &callback.request_uuid)?);
        }
        let items = self.read_at_once(gets, deadline).await?;
        let item = |position: usize| items.get(position).and_then(Option::as_ref);
        found.order = explain::found_order(item(0), item(1))?;
        let request = item(3).and_then(requests::recorded);
        let known = item(event_at).and_then(events::known);
        let verdict = judge(event.identity, request.as_ref(), known.as_ref());
        Ok(Obstacle::Known(verdict, known.map(|event| event.outcome).unwrap_or_default()))
    }

    /// Reads items as of one moment.
    pub(crate) async fn read_at_once(
        &self,
        gets: Vec<TransactGetItem>,
        deadline: Deadline,
    ) -> Result<Vec<Option<Item>>, Unavailable> {
        let attempt = async || {
            match self.client.transact_get_items().set_transact_items(Some(gets.clone())).send().await {
                Ok(found) => Attempt::Done(Ok(found.responses.unwrap_or_default())),
                Err(error) => match error.as_service_error() {
                    // Nothing but a write under way cancels a reading.
                    Some(TransactGetItemsError::TransactionCanceledException(_)) => {
                        Attempt::Again(Unavailable::new("TransactionConflict"))
                    }
                    _ => failed(&error),
                },
            }
        };
        let responses = retry(deadline, attempt).await?;
        Ok(responses.into_iter().map(|response| response.item).collect())
    }

    /// Puts a refusal among the events, once for each event and content, and opens its case, in one transaction: of a
    /// callback, or of a merchant's request that contradicts what was paid already.
    async fn record_refusal(
        &self,
        event: &Event<'_>,
        refusal: Refusal,
        asks: bool,
        now: SystemTime,
        deadline: Deadline,
    ) -> Result<Recorded, Unavailable> {
        let tables = &self.tables;
        let (key, item) = events::refusal(event, refusal, asks, now)?;
        let mut items = vec![put_new(&tables.events, events::KEY, item)?];
        if let Some(reason) = Reason::of_refusal(refusal) {
            let due = asks.then_some(cases::PLATFORM);
            let opened = cases::Opened { reasons: &[reason], due, recorded: &key, is_refusal: true };
            items.push(cases::open(&tables.cases, event, &opened, now)?);
        }
        let recorded = self.write(items, deadline, explain::refusal).await?;
        Ok(recorded.unwrap_or(Recorded::Refused))
    }
}

/// Who takes up a case that is open for these reasons, if not an operator.
fn due(reasons: &[Reason]) -> Option<&'static str> {
    reasons.iter().find_map(|reason| match reason {
        Reason::Verification => Some(cases::PLATFORM),
        Reason::Submission => Some(cases::SUBMISSION),
        _ => None,
    })
}

/// A transaction touches no item twice: postings to one balance become their sum.
fn one_for_each_balance(postings: Vec<Posting>) -> Result<Vec<Posting>, Unavailable> {
    let mut sums: Vec<Posting> = Vec::with_capacity(postings.len());
    for posting in postings {
        let same = |sum: &&mut Posting| {
            (&sum.tenant_user_id, &sum.asset) == (&posting.tenant_user_id, &posting.asset)
        };
        match sums.iter_mut().find(same) {
            Some(sum) => {
                let added = sum.checked_add(&posting);
                *sum = added.ok_or_else(|| Unavailable::new("the postings' sum has too many digits"))?;
            }
            None => sums.push(posting),
        }
    }
    sums.retain(|sum| ![sum.available, sum.frozen, sum.held, sum.owed].iter().all(|part| part.is_zero()));
    Ok(sums)
}
