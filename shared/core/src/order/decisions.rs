//! What each event means for the order that was found: the checks that come before the table, and the entry that
//! comes of it.

use super::state::{Order, OrderState, StallCause, Standing};
use super::transitions::{Effect, OrderEvent, Transition, transition};
use super::update::{Details, Expect, OrderUpdate};
use crate::call_back_id::CallBackId;
use crate::callback::{Withdrawal, WithdrawalConfirmation, WithdrawalFailure};
use crate::decision::{Decision, Situation};
use crate::entry::Entry;
use crate::money::Amount;
use crate::outcome::Outcome;
use crate::policy::ActualBelowOrder;
use crate::posting::Posting;
use crate::refusal::Refusal;
use crate::registration::Registration;
use crate::terms::Terms;

/// Decides on a registration.
///
/// # Errors
///
/// [`Refusal::OtherUser`] or [`Refusal::OtherTerms`] if the id is known with other content.
pub fn register(
    registration: &Registration,
    order: Option<&Order>,
    actual_below_order: ActualBelowOrder,
) -> Result<Entry, Refusal> {
    let Registration { call_back_id, tenant_user_id, terms } = registration;
    let standing = standing(order);
    let mut fee = None;
    if let Some(order) = order {
        is_of_user(order, tenant_user_id)?;
        match &order.terms {
            // Paid before it was registered: what was paid is held against the order, as in the usual sequence.
            Some(paid) if standing == Standing::CompletedUnregistered => {
                fee = fee_of(terms, paid, actual_below_order)?;
            }
            Some(known) if known != terms => return Err(Refusal::OtherTerms),
            _ => {}
        }
    }
    let (next, effect) = match transition(standing, OrderEvent::Register) {
        Transition::To(next, effect) => (next, effect),
        // Registered, though the registration's own event is missing: nothing says that it had this content.
        Transition::Stay | Transition::Note => return Err(Refusal::EventConflict),
        Transition::Refuse(refusal) => return Err(refusal),
    };
    let mut update = OrderUpdate::new(call_back_id, Expect::Seen(standing));
    update.state = Some(state_of(next));
    update.details = Some(Details {
        tenant_user_id: tenant_user_id.clone(),
        terms: Some(terms.clone()),
        is_registered: true,
    });
    update.fee = fee;
    let postings = postings(effect, tenant_user_id, terms);
    let outcome = match state_of(next) {
        OrderState::Completed => Outcome::Completed,
        OrderState::Failed => Outcome::Failed,
        OrderState::Reserved | OrderState::Confirmed | OrderState::Cancelled => Outcome::Reserved,
    };
    Ok(Entry { postings, order: Some(update), ..Entry::of(outcome) })
}

/// Decides on a cancellation.
///
/// # Errors
///
/// If the order is unknown, confirmed or ended otherwise.
pub fn cancel(call_back_id: &CallBackId, order: Option<&Order>) -> Result<Entry, Refusal> {
    end(call_back_id, order, OrderEvent::Cancel, Outcome::Cancelled)
}

/// Puts an order on hold, or takes it off: while it is held it is not confirmed. Decided without having read the
/// order; where the expectation fails, [`refuse_hold`] says why.
#[must_use]
pub fn hold(call_back_id: &CallBackId, is_held: bool) -> OrderUpdate {
    OrderUpdate { is_held: Some(is_held), ..OrderUpdate::new(call_back_id, Expect::Reserved) }
}

/// Why an order cannot be put on hold or taken off; `None` if it can.
#[must_use]
pub fn refuse_hold(order: Option<&Order>) -> Option<Refusal> {
    match transition(standing(order), OrderEvent::Hold) {
        Transition::Refuse(refusal) => Some(refusal),
        Transition::To(..) | Transition::Stay | Transition::Note => None,
    }
}

/// Decides on a confirmation (type 2): may the platform pay this order?
///
/// # Errors
///
/// In this order: the order is unknown, another user's, ended, of other terms than the request names, held,
/// too old, or confirmed under another trackingId (which would be a second payment of one order).
pub fn confirm(situation: &Situation<'_>, asked: &WithdrawalConfirmation) -> Result<Decision, Refusal> {
    let Some(order) = situation.found.order.read() else { return Ok(Decision::ReadOrder) };
    let order = order.ok_or(Refusal::UnknownOrder)?;
    let callback = situation.callback;
    is_of_user(order, &callback.tenant_user_id)?;
    let transition = transition(order.standing(), OrderEvent::Confirm);
    if let Transition::Refuse(refusal) = transition {
        return Err(refusal);
    }
    let terms = order.terms.as_ref().ok_or(Refusal::UnknownOrder)?;
    if !asked.agrees_with(terms) {
        return Err(Refusal::OtherTerms);
    }
    if order.is_held {
        return Err(Refusal::OrderHeld);
    }
    let age = order.registered_at.and_then(|at| situation.now.duration_since(at).ok());
    if age.is_some_and(|age| age > situation.policy.confirmation_max_age) {
        return Err(Refusal::OrderTooOld);
    }
    let is_again = order.state == OrderState::Confirmed;
    let is_other = order.tracking_id.is_some() && order.tracking_id != callback.tracking_id;
    if is_again && is_other {
        return Err(Refusal::OtherTrackingId);
    }
    let mut update = OrderUpdate::new(&asked.call_back_id, Expect::SeenAndNotHeld(order.standing()));
    if let Transition::To(next, _) = transition {
        update.state = Some(state_of(next));
    }
    update.tracking_id.clone_from(&callback.tracking_id);
    let payout = Some(terms.clone());
    Ok(Entry { order: Some(update), payout, ..Entry::of(Outcome::Confirmed) }.into())
}

/// What a confirmation that was given before is answered with again: the same, until the order ends.
///
/// # Errors
///
/// [`Refusal::OrderEnded`] once it has, [`Refusal::UnknownOrder`] if its record is gone.
pub fn confirm_again(order: Option<&Order>) -> Result<Terms, Refusal> {
    let order = order.ok_or(Refusal::UnknownOrder)?;
    match transition(order.standing(), OrderEvent::Confirm) {
        Transition::Refuse(refusal) => Err(refusal),
        _ => order.terms.clone().ok_or(Refusal::UnknownOrder),
    }
}

/// Decides on a completion (type 3): at first, without having read the order, as it should be, so that it costs one
/// round trip; where that does not hold, upon the order that was found.
///
/// # Errors
///
/// If the order is another user's, ended, or of other terms.
pub fn complete(situation: &Situation<'_>, withdrawal: &Withdrawal) -> Result<Decision, Refusal> {
    let tenant_user_id = &situation.callback.tenant_user_id;
    let paid = &withdrawal.paid;
    let mut update = OrderUpdate::new(&withdrawal.call_back_id, Expect::Seen(Standing::Absent));
    update.state = Some(OrderState::Completed);
    update.tx_id = Some(withdrawal.tx_id.clone());
    let Some(order) = situation.found.order.read() else {
        update.expect = Expect::OpenWith(tenant_user_id.clone(), paid.clone());
        let postings = postings(Effect::Settle, tenant_user_id, paid);
        return Ok(Entry { postings, order: Some(update), ..Entry::of(Outcome::Completed) }.into());
    };
    let Some(order) = order else {
        update.details = Some(Details {
            tenant_user_id: tenant_user_id.clone(),
            terms: Some(paid.clone()),
            is_registered: false,
        });
        return Ok(Entry { order: Some(update), ..Entry::of(Outcome::CompletedUnregistered) }.into());
    };
    is_of_user(order, tenant_user_id)?;
    if let Transition::Refuse(refusal) = transition(order.standing(), OrderEvent::Complete) {
        return Err(refusal);
    }
    let ordered = order.terms.as_ref().ok_or(Refusal::OtherTerms)?;
    update.expect = Expect::Seen(order.standing());
    update.fee = fee_of(ordered, paid, situation.policy.actual_below_order)?;
    let postings = postings(Effect::Settle, tenant_user_id, ordered);
    Ok(Entry { postings, order: Some(update), ..Entry::of(Outcome::Completed) }.into())
}

/// Decides on a failure (type 5).
///
/// # Errors
///
/// If the order is another user's, or was completed.
pub fn fail(situation: &Situation<'_>, failure: &WithdrawalFailure) -> Result<Decision, Refusal> {
    let Some(order) = situation.found.order.read() else { return Ok(Decision::ReadOrder) };
    let tenant_user_id = &situation.callback.tenant_user_id;
    let Some(order) = order else {
        let mut update = OrderUpdate::new(&failure.call_back_id, Expect::Seen(Standing::Absent));
        update.state = Some(OrderState::Failed);
        update.details =
            Some(Details { tenant_user_id: tenant_user_id.clone(), terms: None, is_registered: false });
        return Ok(Entry { order: Some(update), ..Entry::of(Outcome::FailedUnregistered) }.into());
    };
    is_of_user(order, tenant_user_id)?;
    if order.terms.as_ref().is_some_and(|terms| !failure.agrees_with(terms)) {
        return Err(Refusal::OtherTerms);
    }
    end(&failure.call_back_id, Some(order), OrderEvent::Fail, Outcome::Failed).map(Decision::from)
}

/// Decides on a stall (types 6 and 7): at first, without having read the order, as it should be, so that it costs one
/// round trip; where that does not hold, upon the order that was found.
///
/// # Errors
///
/// If the order is another user's.
pub fn stall(
    situation: &Situation<'_>,
    call_back_id: &CallBackId,
    cause: StallCause,
) -> Result<Decision, Refusal> {
    let tenant_user_id = &situation.callback.tenant_user_id;
    let note = |expect| {
        let update = OrderUpdate { stalled: Some(cause), ..OrderUpdate::new(call_back_id, expect) };
        Entry { order: Some(update), ..Entry::of(Outcome::Stalled) }.into()
    };
    let Some(order) = situation.found.order.read() else {
        return Ok(note(Expect::Open(tenant_user_id.clone())));
    };
    let Some(order) = order else { return Ok(Entry::of(Outcome::StalledUnregistered).into()) };
    is_of_user(order, tenant_user_id)?;
    match transition(order.standing(), OrderEvent::Stall) {
        Transition::Note => Ok(note(Expect::Seen(order.standing()))),
        Transition::Stay | Transition::To(..) => Ok(Entry::of(Outcome::Ignored).into()),
        Transition::Refuse(refusal) => Err(refusal),
    }
}

/// Ends an order by one of the events that give its funds back.
fn end(
    call_back_id: &CallBackId,
    order: Option<&Order>,
    event: OrderEvent,
    outcome: Outcome,
) -> Result<Entry, Refusal> {
    let standing = standing(order);
    let (next, effect) = match transition(standing, event) {
        Transition::To(next, effect) => (next, effect),
        Transition::Stay | Transition::Note => return Ok(Entry::of(Outcome::Ignored)),
        Transition::Refuse(refusal) => return Err(refusal),
    };
    let order = order.ok_or(Refusal::UnknownOrder)?;
    let terms = order.terms.as_ref().ok_or(Refusal::UnknownOrder)?;
    let mut update = OrderUpdate::new(call_back_id, Expect::Seen(standing));
    update.state = Some(state_of(next));
    let postings = postings(effect, &order.tenant_user_id, terms);
    Ok(Entry { postings, order: Some(update), ..Entry::of(outcome) })
}

fn standing(order: Option<&Order>) -> Standing {
    order.map_or(Standing::Absent, Order::standing)
}

/// What the platform kept of the ordered amount; nothing if it paid just what was ordered.
fn fee_of(ordered: &Terms, paid: &Terms, policy: ActualBelowOrder) -> Result<Option<Amount>, Refusal> {
    if ordered == paid {
        return Ok(None);
    }
    let but_for_the_amount = Terms { amount: ordered.amount.clone(), ..paid.clone() };
    if policy == ActualBelowOrder::Contradiction || *ordered != but_for_the_amount {
        return Err(Refusal::OtherTerms);
    }
    let difference = ordered.amount.value().checked_sub(paid.amount.value());
    let fee = difference.and_then(|fee| Amount::parse(&fee.to_string()).ok());
    fee.map(Some).ok_or(Refusal::OtherTerms) // more than ordered is never a fee
}

fn is_of_user(order: &Order, tenant_user_id: &str) -> Result<(), Refusal> {
    if order.tenant_user_id == tenant_user_id { Ok(()) } else { Err(Refusal::OtherUser) }
}

fn postings(effect: Effect, tenant_user_id: &str, terms: &Terms) -> Vec<Posting> {
    let (asset, amount) = (&terms.asset, terms.amount.value());
    let none = Posting::empty(tenant_user_id, asset);
    match effect {
        Effect::Nothing => vec![],
        Effect::Freeze => vec![Posting { available: -amount, frozen: amount, ..none }],
        Effect::Unfreeze => vec![Posting { available: amount, frozen: -amount, ..none }],
        Effect::Settle => vec![Posting { frozen: -amount, ..none }],
        Effect::Charge => vec![Posting { available: -amount, ..none }],
    }
}

fn state_of(standing: Standing) -> OrderState {
    match standing {
        Standing::Registered(state) => state,
        Standing::CompletedUnregistered => OrderState::Completed,
        Standing::FailedUnregistered => OrderState::Failed,
        Standing::Absent => OrderState::Reserved, // no transition leads there
    }
}
