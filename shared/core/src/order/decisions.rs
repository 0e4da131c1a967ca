//! What each event means for the order that was found: the checks that come before the table, and the entry that
//! comes of it.

use std::time::{Duration, SystemTime};

use super::transitions::{Effect, OrderEvent, OrderState, Standing, Transition, transition};
use super::{ActualBelowOrder, Details, Expect, Order, OrderUpdate, StallCause, Terms, is_same_address};
use crate::ledger::{Entry, Outcome, Posting};
use crate::model::{Payout, Withdrawal, WithdrawalConfirmation};
use crate::money::Amount;
use crate::refusal::Refusal;

/// Decides on a registration.
///
/// # Errors
///
/// [`Refusal::OtherUser`] or [`Refusal::OtherTerms`] if the id is known with other content.
pub fn register(
    call_back_id: &str,
    tenant_user_id: &str,
    terms: &Terms,
    order: Option<&Order>,
    actual_below_order: ActualBelowOrder,
) -> Result<Entry, Refusal> {
    let standing = standing(order);
    let mut fee = None;
    if let Some(order) = order {
        is_of_user(order, tenant_user_id)?;
        match &order.terms {
            // Paid before it was registered: what was paid is held against the order, as in the usual sequence.
            Some(paid) if standing == Standing::CompletedUnregistered => {
                fee = fee_of(terms, paid, actual_below_order)?;
            }
            Some(known) if !known.agree(terms) => return Err(Refusal::OtherTerms),
            _ => {}
        }
    }
    let (next, effect) = match transition(standing, OrderEvent::Register) {
        Transition::To(next, effect) => (next, effect),
        Transition::Stay | Transition::Note => return Ok(Entry::of(Outcome::Unchanged)),
        Transition::Refuse(refusal) => return Err(refusal),
    };
    let mut update = OrderUpdate::new(call_back_id, Expect::Seen(standing));
    update.state = Some(state_of(next));
    update.details = Some(Details {
        tenant_user_id: tenant_user_id.to_owned(),
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
pub fn cancel(call_back_id: &str, order: Option<&Order>) -> Result<Entry, Refusal> {
    end(call_back_id, order, OrderEvent::Cancel, Outcome::Cancelled)
}

/// Decides on a confirmation (type 2): may the platform pay this order?
///
/// # Errors
///
/// In this order: the order is unknown, another user's, ended, of other terms than the request names, held,
/// too old, or confirmed under another trackingId (which would be a second payment of one order).
pub fn confirm(
    confirmation: &WithdrawalConfirmation,
    tenant_user_id: &str,
    tracking_id: Option<&str>,
    order: Option<&Order>,
    max_age: Duration,
    now: SystemTime,
) -> Result<Entry, Refusal> {
    let order = order.ok_or(Refusal::UnknownOrder)?;
    is_of_user(order, tenant_user_id)?;
    let transition = transition(order.standing(), OrderEvent::Confirm);
    if let Transition::Refuse(refusal) = transition {
        return Err(refusal);
    }
    let terms = order.terms.as_ref().ok_or(Refusal::UnknownOrder)?;
    let named = |named: &Option<String>, ours: &str| named.as_deref().is_none_or(|named| named == ours);
    let agree = named(&confirmation.chain_name, terms.asset.chain_name())
        && named(&confirmation.symbol, terms.asset.symbol())
        && confirmation.amount.as_ref().is_none_or(|amount| amount.value() == terms.amount.value())
        && confirmation.to_address.as_deref().is_none_or(|to| is_same_address(to, &terms.address));
    if !agree {
        return Err(Refusal::OtherTerms);
    }
    if order.is_held {
        return Err(Refusal::OrderHeld);
    }
    let age = order.registered_at.and_then(|at| now.duration_since(at).ok());
    if age.is_some_and(|age| age > max_age) {
        return Err(Refusal::OrderTooOld);
    }
    let is_again = order.state == OrderState::Confirmed;
    let is_other = order.tracking_id.is_some() && order.tracking_id.as_deref() != tracking_id;
    if is_again && is_other {
        return Err(Refusal::OtherTrackingId);
    }
    let mut update = OrderUpdate::new(&order.call_back_id, Expect::SeenAndNotHeld(order.standing()));
    if let Transition::To(next, _) = transition {
        update.state = Some(state_of(next));
    }
    update.tracking_id = tracking_id.map(str::to_owned);
    Ok(Entry { order: Some(update), payout: Some(terms.payout()), ..Entry::of(Outcome::Confirmed) })
}

/// What a confirmation that was given before is answered with again: the same, until the order ends.
///
/// # Errors
///
/// [`Refusal::OrderEnded`] once it has, [`Refusal::UnknownOrder`] if its record is gone.
pub fn confirm_again(order: Option<&Order>) -> Result<Payout, Refusal> {
    let order = order.ok_or(Refusal::UnknownOrder)?;
    match transition(order.standing(), OrderEvent::Confirm) {
        Transition::Refuse(refusal) => Err(refusal),
        _ => order.terms.as_ref().map(Terms::payout).ok_or(Refusal::UnknownOrder),
    }
}

/// A completion (type 3) as it should be: the order is open and of just these terms. Decided without having
/// looked, so that it costs one round trip; the condition is checked where the order is.
#[must_use]
pub fn complete_as_ordered(withdrawal: &Withdrawal, tenant_user_id: &str) -> Entry {
    let terms = terms_of(withdrawal);
    let expect = Expect::OpenWith(tenant_user_id.to_owned(), terms.clone());
    let mut update = OrderUpdate::new(&withdrawal.call_back_id, expect);
    update.state = Some(OrderState::Completed);
    update.tx_id = Some(withdrawal.tx_id.clone());
    let postings = postings(Effect::Settle, tenant_user_id, &terms);
    Entry { postings, order: Some(update), ..Entry::of(Outcome::Completed) }
}

/// Decides on a completion (type 3) of the order that was found.
///
/// # Errors
///
/// If the order is another user's, ended, or of other terms.
pub fn complete(
    withdrawal: &Withdrawal,
    tenant_user_id: &str,
    order: Option<&Order>,
    actual_below_order: ActualBelowOrder,
) -> Result<Entry, Refusal> {
    if let Some(order) = order {
        is_of_user(order, tenant_user_id)?;
    }
    let standing = standing(order);
    let transition = transition(standing, OrderEvent::Complete);
    if let Transition::Refuse(refusal) = transition {
        return Err(refusal);
    }
    let actual = terms_of(withdrawal);
    let mut update = OrderUpdate::new(&withdrawal.call_back_id, Expect::Seen(standing));
    update.state = Some(OrderState::Completed);
    update.tx_id = Some(withdrawal.tx_id.clone());
    let Some(order) = order else {
        update.details = Some(Details {
            tenant_user_id: tenant_user_id.to_owned(),
            terms: Some(actual),
            is_registered: false,
        });
        return Ok(Entry { order: Some(update), ..Entry::of(Outcome::CompletedUnregistered) });
    };
    let ordered = order.terms.as_ref().ok_or(Refusal::OtherTerms)?;
    update.fee = fee_of(ordered, &actual, actual_below_order)?;
    let postings = postings(Effect::Settle, tenant_user_id, ordered);
    Ok(Entry { postings, order: Some(update), ..Entry::of(Outcome::Completed) })
}

/// Decides on a failure (type 5).
///
/// # Errors
///
/// If the order is another user's, or was completed.
pub fn fail(
    call_back_id: &str,
    tenant_user_id: &str,
    to_address: Option<&str>,
    order: Option<&Order>,
) -> Result<Entry, Refusal> {
    let Some(order) = order else {
        let mut update = OrderUpdate::new(call_back_id, Expect::Seen(Standing::Absent));
        update.state = Some(OrderState::Failed);
        update.details =
            Some(Details { tenant_user_id: tenant_user_id.to_owned(), terms: None, is_registered: false });
        return Ok(Entry { order: Some(update), ..Entry::of(Outcome::FailedUnregistered) });
    };
    is_of_user(order, tenant_user_id)?;
    if let (Some(to), Some(terms)) = (to_address, &order.terms)
        && !is_same_address(to, &terms.address)
    {
        return Err(Refusal::OtherTerms);
    }
    end(call_back_id, Some(order), OrderEvent::Fail, Outcome::Failed)
}

/// Decides on a stall (types 6 and 7): upon the order that was found, or that there is none; or, not having
/// looked, as it should be, so that it costs one round trip.
///
/// # Errors
///
/// If the order is another user's.
pub fn stall(
    call_back_id: &str,
    tenant_user_id: &str,
    order: Option<Option<&Order>>,
    cause: StallCause,
) -> Result<Entry, Refusal> {
    let note = |expect| {
        let update = OrderUpdate { stalled: Some(cause), ..OrderUpdate::new(call_back_id, expect) };
        Entry { order: Some(update), ..Entry::of(Outcome::Stalled) }
    };
    let Some(order) = order else { return Ok(note(Expect::Open(tenant_user_id.to_owned()))) };
    let Some(order) = order else { return Ok(Entry::of(Outcome::StalledUnregistered)) };
    is_of_user(order, tenant_user_id)?;
    match transition(order.standing(), OrderEvent::Stall) {
        Transition::Note => Ok(note(Expect::Seen(order.standing()))),
        Transition::Stay | Transition::To(..) => Ok(Entry::of(Outcome::Ignored)),
        Transition::Refuse(refusal) => Err(refusal),
    }
}

/// Ends an order by one of the events that give its funds back.
fn end(
    call_back_id: &str,
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
    if ordered.agree(paid) {
        return Ok(None);
    }
    let but_for_the_amount = Terms { amount: ordered.amount.clone(), ..paid.clone() };
    if policy == ActualBelowOrder::Contradiction || !ordered.agree(&but_for_the_amount) {
        return Err(Refusal::OtherTerms);
    }
    let difference = ordered.amount.value().checked_sub(paid.amount.value());
    let fee = difference.and_then(|fee| Amount::parse(&fee.to_string()).ok());
    fee.map(Some).ok_or(Refusal::OtherTerms) // more than ordered is never a fee
}

fn is_of_user(order: &Order, tenant_user_id: &str) -> Result<(), Refusal> {
    if order.tenant_user_id == tenant_user_id { Ok(()) } else { Err(Refusal::OtherUser) }
}

fn terms_of(withdrawal: &Withdrawal) -> Terms {
    Terms {
        asset: withdrawal.asset.clone(),
        amount: withdrawal.amount.clone(),
        address: withdrawal.to_address.clone(),
    }
}

fn postings(effect: Effect, tenant_user_id: &str, terms: &Terms) -> Vec<Posting> {
    let (asset, amount) = (&terms.asset, terms.amount.value());
    match effect {
        Effect::Nothing => vec![],
        Effect::Freeze => {
            vec![Posting { available: -amount, frozen: amount, ..Posting::empty(tenant_user_id, asset) }]
        }
        Effect::Unfreeze => {
            vec![Posting { available: amount, frozen: -amount, ..Posting::empty(tenant_user_id, asset) }]
        }
        Effect::Settle => vec![Posting { frozen: -amount, ..Posting::empty(tenant_user_id, asset) }],
        Effect::Charge => vec![Posting { available: -amount, ..Posting::empty(tenant_user_id, asset) }],
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
