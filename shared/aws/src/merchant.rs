//! What the merchant itself does: register and cancel withdrawals.

use std::time::SystemTime;

use waas_callback::{
    CallBackId, Decision, Entry, EventKey, Fingerprint, Found, Identity, Order, OrderState, Outcome, Policy,
    Refusal, Registration, cancel, register,
};

use crate::commit::{NotSettled, Settled};
use crate::config::Config;
use crate::retry::{Deadline, Unavailable};
use crate::tables::Ledger;
use crate::tables::events::{Event, Source};

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

    /// Does this deployment call the platform? A submission would wait for ever where it does not.
    #[must_use]
    pub fn calls_platform(&self) -> bool {
        self.policy.verify // set by the same: whether the platform's URL is given
    }

    /// Registers a withdrawal and freezes its funds. Says whether that was done now or before.
    ///
    /// One whose payment the platform reported already is charged at once; one whose failure it reported
    /// changes nothing.
    ///
    /// # Errors
    ///
    /// [`Refusal::BalanceTooLow`]; [`Refusal::UserOwes`]; [`Refusal::EventConflict`], [`Refusal::OtherTerms`] or
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
        let event = Event {
            identity: &identity,
            tenant_user_id,
            call_back_id: Some(call_back_id),
            source: Source::Registration(registration),
        };
        let is_new = self.settle(&event, &decide, now).await?;
        let order = self.order(call_back_id).await?;
        match order.state {
            // An order that ended unpaid is not opened again: a withdrawal that is tried again needs a new id.
            ended @ (OrderState::Cancelled | OrderState::Failed) if !is_new => {
                Err(Refusal::OrderEnded(ended).into())
            }
            _ => Ok((is_new, order)),
        }
    }

    /// Makes a user known, exactly once: only then does verification ask the platform for the user's address, for that
    /// makes an unknown one a user there. Says whether it was done now or before.
    ///
    /// # Errors
    ///
    /// [`MerchantError::Unavailable`].
    pub async fn register_user(&self, tenant_user_id: &str, now: SystemTime) -> Result<bool, MerchantError> {
        let identity = user(tenant_user_id);
        let event = Event { identity: &identity, tenant_user_id, call_back_id: None, source: Source::User };
        let decide = |_: &Found| Ok(Entry::of(Outcome::UserRegistered).into());
        self.settle(&event, &decide, now).await
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
        let event = Event {
            identity: &identity,
            tenant_user_id: &known.tenant_user_id,
            call_back_id: Some(call_back_id),
            source: Source::Cancellation,
        };
        self.settle(&event, &decide, now).await?;
        self.order(call_back_id).await
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
            Ok(Settled::Resolved) => Ok(false),
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

/// The event that makes a user known.
pub(crate) fn user(tenant_user_id: &str) -> Identity {
    named("user", tenant_user_id)
}

/// The identity of an event that there is once for each name.
pub(crate) fn named(kind: &'static str, name: &str) -> Identity {
    Identity {
        event_key: EventKey::new(kind, [Some(name)]),
        fingerprint: Fingerprint::new(kind, []),
        position: None,
    }
}
