//! What the merchant itself does: register, cancel and hold withdrawals, release held deposits.

use std::time::SystemTime;

use waas_callback::{
    CallBackId, Decimal, Decision, Entry, EventKey, Fingerprint, Found, Identity, Order, OrderState, Outcome,
    Policy, Posting, Refusal, Registration, cancel, hold, refuse_hold, register,
};

use crate::commit::{NotSettled, Settled};
use crate::config::Config;
use crate::retry::{Attempt, Deadline, Unavailable, failed, retry};
use crate::tables::events::Event;
use crate::tables::{Ledger, withdrawals};

/// The merchant's side of the ledger.
#[derive(Debug, Clone)]
pub struct Merchant {
    policy: Policy,
    /// To read.
    pub ledger: Ledger,
}

/// Why the merchant did not get its will.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MerchantError {
    /// Nothing of that name.
    #[error("not found")]
    NotFound,
    /// Against the ledger's rules.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The deposit is none that is held.
    #[error("the deposit is not held")]
    NotHeld,
    /// The ledger could not be read or written.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Merchant {
    /// The tables that `config` names.
    #[must_use]
    pub fn connect(config: &Config) -> Self {
        Self { ledger: Ledger::connect(config), policy: config.policy }
    }

    /// Registers a withdrawal and freezes its funds. Says whether that was done now or before.
    ///
    /// One whose payment the platform reported already is charged at once; one whose failure it reported
    /// changes nothing.
    ///
    /// # Errors
    ///
    /// [`Refusal::BalanceTooLow`]; [`Refusal::EventConflict`], [`Refusal::OtherTerms`] or
    /// [`Refusal::OtherUser`] if the id is known with other content; [`Refusal::OrderEnded`] if it was registered
    /// before and has been cancelled or has failed since.
    pub async fn register(
        &self,
        registration: &Registration,
        now: SystemTime,
    ) -> Result<(bool, Order), MerchantError> {
        let Registration { call_back_id, tenant_user_id, .. } = registration;
        let identity = registration.identity();
        let decide = |found: &Found| {
            register(registration, found.order.present(), self.policy.actual_below_order).map(Decision::from)
        };
        let is_new = self.settle(&of_order(&identity, tenant_user_id, call_back_id), &decide, now).await?;
        let order = self.order(call_back_id).await?;
        match order.state {
            // An order that ended unpaid is not opened again: a withdrawal that is tried again needs a new id.
            ended @ (OrderState::Cancelled | OrderState::Failed) if !is_new => {
                Err(Refusal::OrderEnded(ended).into())
            }
            _ => Ok((is_new, order)),
        }
    }

    /// Takes a withdrawal back and makes its funds available again.
    ///
    /// # Errors
    ///
    /// [`MerchantError::NotFound`], or a [`Refusal`] once the platform may be paying the order, or it has ended otherwise.
    pub async fn cancel(&self, call_back_id: &CallBackId, now: SystemTime) -> Result<Order, MerchantError> {
        let known = self.order(call_back_id).await?; // for the user's id, which never changes
        let identity = named("cancellation", call_back_id.as_str());
        let decide = |found: &Found| match found.order.read() {
            Some(order) => cancel(call_back_id, order).map(Decision::from),
            None => Ok(Decision::ReadOrder),
        };
        self.settle(&of_order(&identity, &known.tenant_user_id, call_back_id), &decide, now).await?;
        self.order(call_back_id).await
    }

    /// Puts an order on hold, or takes it off: while it is held it is not confirmed. One conditional update, without
    /// an event.
    ///
    /// # Errors
    ///
    /// [`MerchantError::NotFound`], or a [`Refusal`] if the order is direct, was confirmed, or has ended: a hold could not be kept.
    pub async fn hold(
        &self,
        call_back_id: &CallBackId,
        is_held: bool,
        now: SystemTime,
    ) -> Result<Order, MerchantError> {
        let Ledger { client, tables } = &self.ledger;
        let update = withdrawals::update(&tables.withdrawals, &hold(call_back_id, is_held), now)?;
        let attempt = async || match withdrawals::send(client, &update).await {
            Ok(_) => Attempt::Done(Ok(true)),
            Err(error) => match error.as_service_error() {
                Some(refused) if refused.is_conditional_check_failed_exception() => Attempt::Done(Ok(false)),
                _ => failed(&error),
            },
        };
        let is_done = retry(Deadline::after(None), attempt).await?;
        let order = self.order(call_back_id).await?;
        match refuse_hold(Some(&order)) {
            _ if is_done => Ok(order),
            Some(Refusal::UnknownOrder) => Err(MerchantError::NotFound),
            Some(refusal) => Err(refusal.into()),
            None => Err(Unavailable::new("the order changed meanwhile").into()),
        }
    }

    /// Releases a deposit that was held for its risk: its amount becomes available. Says whether that was done
    /// now or before.
    ///
    /// # Errors
    ///
    /// [`MerchantError::NotFound`] or [`MerchantError::NotHeld`].
    pub async fn release(&self, event_key: &str, now: SystemTime) -> Result<bool, MerchantError> {
        let deposit = self.ledger.event(event_key).await?.ok_or(MerchantError::NotFound)?;
        if deposit.outcome != Outcome::Held.name() {
            return Err(MerchantError::NotHeld);
        }
        let release =
            |held: Posting| Posting { available: held.held, held: -held.held, frozen: Decimal::ZERO, ..held };
        let postings: Vec<_> = deposit.postings.into_iter().map(release).collect();
        let Some(first) = postings.first() else { return Err(MerchantError::NotHeld) };
        let identity = named("release", event_key);
        let event = Event {
            identity: &identity,
            tenant_user_id: &first.tenant_user_id,
            call_back_id: None,
            released: Some(event_key),
            callback: None,
        };
        let decide =
            |_: &Found| Ok(Entry { postings: postings.clone(), ..Entry::of(Outcome::Released) }.into());
        self.settle(&event, &decide, now).await
    }

    async fn settle(
        &self,
        event: &Event<'_>,
        decide: &impl Fn(&Found) -> Result<Decision, Refusal>,
        now: SystemTime,
    ) -> Result<bool, MerchantError> {
        match self.ledger.settle(event, decide, now, Deadline::after(None)).await {
            Ok(Settled::Applied(outcome, _)) => {
                warn_if_unasked(outcome.name(), event);
                Ok(true)
            }
            Ok(Settled::Repetition(outcome, _)) => {
                warn_if_unasked(&outcome, event); // the answer before may have been lost, and its line
                Ok(false)
            }
            Err(NotSettled::Refused(Refusal::UnknownOrder)) => Err(MerchantError::NotFound),
            Err(NotSettled::Refused(refusal)) => Err(refusal.into()),
            Err(NotSettled::Unavailable(unavailable)) => Err(unavailable.into()),
            Err(NotSettled::RecordMissing(which)) => {
                Err(Unavailable::new(format!("a record is missing: {which}")).into())
            }
        }
    }

    async fn order(&self, call_back_id: &CallBackId) -> Result<Order, MerchantError> {
        self.ledger.order(call_back_id).await?.ok_or(MerchantError::NotFound)
    }
}

/// Tells of a registration of what was paid already, though it was to be confirmed.
fn warn_if_unasked(outcome: &str, event: &Event<'_>) {
    if outcome == Outcome::CompletedUnconfirmed.name() {
        let id = event.call_back_id.map(CallBackId::as_str);
        tracing::warn!(outcome, callBackId = id, "request contradicts a payment");
    }
}

/// The identity of an event that there is once for each name.
fn named(kind: &'static str, name: &str) -> Identity {
    Identity {
        event_key: EventKey::new(kind, [Some(name)]),
        fingerprint: Fingerprint::new(kind, []),
        position: None,
    }
}

fn of_order<'a>(identity: &'a Identity, tenant_user_id: &'a str, call_back_id: &'a CallBackId) -> Event<'a> {
    Event { identity, tenant_user_id, call_back_id: Some(call_back_id), released: None, callback: None }
}
