//! What each event means for the order that was found: the checks that come before the table, and the entry that
//! comes of it.

use super::state::{Order, OrderState, StallCause, Standing};
use super::transitions::{Effect, OrderEvent, Transition, transition};
use super::update::{Details, Expect, OrderUpdate, Proof};
use crate::call_back_id::CallBackId;
use crate::callback::{Callback, Withdrawal, WithdrawalConfirmation, WithdrawalFailure};
use crate::case::Reason;
use crate::decision::{Decision, Situation};
use crate::entry::Entry;
use crate::mode::Mode;
use crate::money::Amount;
use crate::outcome::Outcome;
use crate::policy::ActualBelowOrder;
use crate::posting::Posting;
use crate::refusal::Refusal;
use crate::registration::Registration;
use crate::submission::Submission;
use crate::terms::{Terms, terms_digest};

/// Decides on a registration.
///
/// # Errors
///
/// [`Refusal::OtherUser`] or [`Refusal::OtherTerms`] if the platform reported another user or other terms for the id;
/// [`Refusal::OrderEnded`] if the order was cancelled or has failed.
pub fn register(
    registration: &Registration,
    order: Option<&Order>,
    actual_below_order: ActualBelowOrder,
) -> Result<Entry, Refusal> {
    let Registration { call_back_id, tenant_user_id, terms, mode, is_submitted } = registration;
    let mut fee = None;
    if let Some(order) = ended_or_registered(order) {
        is_of_user(order, tenant_user_id)?;
        match &order.terms {
            // Paid before it was registered: what was paid is held against the order, as in the usual sequence.
            Some(paid) if order.standing() == Standing::CompletedUnregistered => {
                fee = fee_of(terms, paid, actual_below_order)?;
            }
            Some(known) if known != terms => return Err(Refusal::OtherTerms),
            _ => {}
        }
    }
    let (next, effect) = match transition(standing(order), OrderEvent::Register) {
        Transition::To(next, effect) => (next, effect),
        // Registered, though the registration's own event is missing: nothing says that it had this content.
        Transition::Stay | Transition::Note | Transition::Alarm => return Err(Refusal::EventConflict),
        Transition::Refuse(refusal) => return Err(refusal),
    };
    // That nobody registered it before, its own event proves: it is written only once.
    let mut update = OrderUpdate { proof: None, ..OrderUpdate::of(call_back_id, order) };
    update.state = Some(next);
    update.details = Some(Details::Registered {
        tenant_user_id: tenant_user_id.clone(),
        terms: terms.clone(),
        mode: *mode,
    });
    update.fee = fee;
    let postings = postings(effect, tenant_user_id, terms);
    let outcome = match (next, mode) {
        (OrderState::Completed, Mode::Direct) => Outcome::Completed,
        (OrderState::Completed, Mode::Confirmed) => Outcome::CompletedUnconfirmed,
        (OrderState::Failed, _) => Outcome::Failed,
        (OrderState::Reported | OrderState::Reserved | OrderState::Confirmed | OrderState::Cancelled, _) => {
            Outcome::Reserved
        }
    };
    let mut entry = Entry { postings, ..Entry::of(outcome) };
    if *is_submitted && next == OrderState::Reserved {
        update.submission = Some(Submission::requested());
        entry.reasons.push(Reason::Submission);
    }
    Ok(Entry { order: Some(update), ..entry })
}

/// Decides on a cancellation by the merchant.
///
/// # Errors
///
/// If the order is unknown, ended otherwise, confirmed, or the platform may be paying it.
pub fn cancel(call_back_id: &CallBackId, order: Option<&Order>) -> Result<Entry, Refusal> {
    let (next, effect) = match transition(standing(order), OrderEvent::Cancel) {
        Transition::To(next, effect) => (next, effect),
        Transition::Stay | Transition::Note | Transition::Alarm => return Ok(Entry::of(Outcome::Ignored)),
        Transition::Refuse(refusal) => return Err(refusal),
    };
    let order = order.ok_or(Refusal::UnknownOrder)?;
    let terms = order.terms.as_ref().ok_or(Refusal::UnknownOrder)?;
    let mut update = OrderUpdate::of(call_back_id, Some(order));
    update.state = Some(next);
    let postings = postings(effect, &order.tenant_user_id, terms);
    Ok(Entry { postings, order: Some(update), ..Entry::of(Outcome::Cancelled) })
}

/// Puts an order on hold, or takes it off: while it is held it is not confirmed.
///
/// # Errors
///
/// Why the order that was found cannot be: it is unknown, direct, was confirmed, or has ended.
pub fn hold(call_back_id: &CallBackId, order: Option<&Order>, is_held: bool) -> Result<OrderUpdate, Refusal> {
    match transition(standing(order), OrderEvent::Hold) {
        Transition::Refuse(refusal) => Err(refusal),
        Transition::To(..) | Transition::Stay | Transition::Note | Transition::Alarm => {
            Ok(OrderUpdate { is_held: Some(is_held), ..OrderUpdate::of(call_back_id, order) })
        }
    }
}

/// Decides on a confirmation (type 2): may the platform pay this order?
///
/// # Errors
///
/// In this order: the order is unknown, another user's, another trackingId's (which would be a second payment of one
/// order), ended or direct, of other terms than the request names, held, or too old.
pub fn confirm(situation: &Situation<'_>, asked: &WithdrawalConfirmation) -> Result<Decision, Refusal> {
    let Some(order) = situation.found.order.read() else { return Ok(Decision::ReadOrder) };
    let order = ended_or_registered(order).ok_or(Refusal::UnknownOrder)?;
    let callback = situation.callback;
    let transition = reported(order, callback, OrderEvent::Confirm)?;
    // Nothing says that it is not another withdrawal, and 0 is the payout: of an order that belongs to one, or that was sent
    // more than once and may be two there.
    let may_be_two = order.submission.is_some_and(|submission| submission.attempts > 1);
    if callback.tracking_id.is_none() && (order.tracking_id.is_some() || may_be_two) {
        return Err(Refusal::OtherTrackingId);
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
    let mut update = pinning(OrderUpdate::of(&asked.call_back_id, Some(order)), callback);
    if let Transition::To(next, _) = transition {
        update.state = Some(next);
    }
    let payout = Some(terms.clone());
    Ok(Entry { order: Some(update), payout, ..Entry::of(Outcome::Confirmed) }.into())
}

/// What a confirmation that was given before is answered with again: the same, until the order ends, or belongs to
/// another withdrawal of the platform by an operator's word.
///
/// # Errors
///
/// [`Refusal::OrderEnded`], [`Refusal::OtherTrackingId`], [`Refusal::UnknownOrder`] if its record is gone.
pub fn confirm_again(situation: &Situation<'_>) -> Result<Terms, Refusal> {
    let order = situation.found.order.present().ok_or(Refusal::UnknownOrder)?;
    let tracking_id = situation.callback.tracking_id.as_deref();
    match transition(order.standing_for(tracking_id), OrderEvent::Confirm) {
        Transition::Refuse(refusal) => Err(refusal),
        _ => order.terms.clone().ok_or(Refusal::UnknownOrder),
    }
}

/// Decides on a completion (type 3): at first, without having read the order, as it should be, so that it costs one
/// round trip; where that does not hold, upon the order that was found.
///
/// # Errors
///
/// If the order is another user's, another trackingId's, ended, or of other terms.
pub fn complete(situation: &Situation<'_>, withdrawal: &Withdrawal) -> Result<Decision, Refusal> {
    let Situation { callback, found, policy, .. } = situation;
    let tenant_user_id = &callback.tenant_user_id;
    let paid = &withdrawal.paid;
    let completed = |update| OrderUpdate {
        state: Some(OrderState::Completed),
        tx_id: Some(withdrawal.tx_id.clone()),
        ..pinning(update, callback)
    };
    let Some(order) = found.order.read() else {
        let payable = Expect::Payable { tracking_id: callback.tracking_id.clone() };
        let mut update = completed(OrderUpdate::new(&withdrawal.call_back_id, payable));
        update.proof = Some(Proof::OfTerms(terms_digest(tenant_user_id, paid)));
        let postings = postings(Effect::Settle, tenant_user_id, paid);
        return Ok(Entry { postings, order: Some(update), ..Entry::of(Outcome::Completed) }.into());
    };
    let update = completed(OrderUpdate::of(&withdrawal.call_back_id, order));
    let Some(order) = ended_or_registered(order) else {
        if paid.amount.value().is_zero() {
            return Ok(Entry::of(Outcome::ZeroAmount).into());
        }
        let (tenant_user_id, terms) = (tenant_user_id.clone(), Some(paid.clone()));
        let details = Some(Details::Reported { tenant_user_id, terms });
        let order = Some(OrderUpdate { details, ..update });
        return Ok(Entry { order, ..Entry::of(Outcome::CompletedUnregistered) }.into());
    };
    let transition = reported(order, callback, OrderEvent::Complete)?;
    let ordered = order.terms.as_ref().ok_or(Refusal::OtherTerms)?;
    let fee = fee_of(ordered, paid, policy.actual_below_order)?;
    let update = Some(OrderUpdate { fee, ..update });
    if transition == Transition::Note {
        return Ok(Entry { order: update, ..Entry::of(Outcome::CompletionProved) }.into());
    }
    let postings = postings(Effect::Settle, tenant_user_id, ordered);
    let is_expected = order.state == OrderState::Confirmed || order.mode == Mode::Direct;
    let outcome =
        if is_expected && !order.is_held { Outcome::Completed } else { Outcome::CompletedUnconfirmed };
    Ok(Entry { postings, order: update, ..Entry::of(outcome) }.into())
}

/// Decides on a failure (type 5). A payee other than the order's is told apart and keeps no funds frozen: what ends is
/// the order. Where failures are verified, it is only noted, and binds the order to no withdrawal of the platform:
/// [`failure_verified`](crate::failure_verified) ends it.
///
/// # Errors
///
/// If the order is another user's, or was completed.
pub fn fail(situation: &Situation<'_>, failure: &WithdrawalFailure) -> Result<Decision, Refusal> {
    let Some(order) = situation.found.order.read() else { return Ok(Decision::ReadOrder) };
    let callback = situation.callback;
    let is_verified_first = situation.policy.verify;
    let update = OrderUpdate::of(&failure.call_back_id, order);
    let update = if is_verified_first {
        OrderUpdate { is_failure_reported: true, ..update }
    } else {
        OrderUpdate { state: Some(OrderState::Failed), ..pinning(update, callback) }
    };
    let Some(order) = ended_or_registered(order) else {
        let tenant_user_id = callback.tenant_user_id.clone();
        let update =
            OrderUpdate { details: Some(Details::Reported { tenant_user_id, terms: None }), ..update };
        let (state, outcome) = if is_verified_first {
            (OrderState::Reported, Outcome::FailureReported)
        } else {
            (OrderState::Failed, Outcome::FailedUnregistered)
        };
        let order = Some(OrderUpdate { state: Some(state), ..update });
        return Ok(Entry { order, ..Entry::of(outcome) }.into());
    };
    let effect = match reported(order, callback, OrderEvent::Fail)? {
        Transition::To(_, effect) => effect,
        Transition::Alarm => return Ok(Entry::of(Outcome::Foreign).into()),
        _ => return Ok(Entry::of(Outcome::Ignored).into()),
    };
    let terms = order.terms.as_ref().ok_or(Refusal::UnknownOrder)?;
    let is_other_payee = !failure.agrees_with(terms);
    if is_verified_first {
        let mut entry = Entry { order: Some(update), ..Entry::of(Outcome::FailureReported) };
        entry.reasons.extend(is_other_payee.then_some(Reason::FailedOtherAddress));
        return Ok(entry.into());
    }
    let outcome = if is_other_payee { Outcome::FailedOtherAddress } else { Outcome::Failed };
    let postings = postings(effect, &order.tenant_user_id, terms);
    Ok(Entry { postings, order: Some(update), ..Entry::of(outcome) }.into())
}

/// Decides on a failure for which the platform has vouched: what was frozen for the order is available again. It binds the
/// order to no withdrawal of the platform, for which of them failed the platform does not say.
///
/// # Errors
///
/// If the order that was found cannot have failed: it is another user's, belongs to another withdrawal of the platform,
/// or was completed.
pub fn failure_verified(callback: &Callback, order: Option<&Order>) -> Result<Entry, Refusal> {
    let call_back_id = callback.call_back_id().ok_or(Refusal::UnknownOrder)?;
    let update = OrderUpdate { state: Some(OrderState::Failed), ..OrderUpdate::of(call_back_id, order) };
    let Some(order) = ended_or_registered(order) else {
        let tenant_user_id = callback.tenant_user_id.clone();
        let details = Some(Details::Reported { tenant_user_id, terms: None });
        let order = Some(OrderUpdate { details, ..update });
        return Ok(Entry { order, ..Entry::of(Outcome::FailedUnregistered) });
    };
    // What ended unpaid has ended unpaid, whichever withdrawal of the platform the order belonged to.
    if matches!(order.state, OrderState::Failed | OrderState::Cancelled) {
        is_of_user(order, &callback.tenant_user_id)?;
        return Ok(Entry::of(Outcome::Ignored));
    }
    let effect = match reported(order, callback, OrderEvent::Fail)? {
        Transition::To(_, effect) => effect,
        Transition::Alarm => return Err(Refusal::OtherTrackingId),
        _ => return Ok(Entry::of(Outcome::Ignored)),
    };
    let terms = order.terms.as_ref().ok_or(Refusal::UnknownOrder)?;
    let postings = postings(effect, &order.tenant_user_id, terms);
    Ok(Entry { postings, order: Some(update), ..Entry::of(Outcome::Failed) })
}

/// Decides on a stall (types 6 and 7): at first, without having read the order, as it should be, so that it costs one
/// round trip; where that does not hold, upon the order that was found. It binds the order to no withdrawal of the
/// platform.
///
/// # Errors
///
/// If the order is another user's.
pub fn stall(
    situation: &Situation<'_>,
    call_back_id: &CallBackId,
    cause: StallCause,
) -> Result<Decision, Refusal> {
    let callback = situation.callback;
    let note = |update| {
        let update = OrderUpdate { stalled: Some(cause), ..update };
        Entry { order: Some(update), ..Entry::of(Outcome::Stalled) }.into()
    };
    let Some(order) = situation.found.order.read() else {
        let open = Expect::Open { tracking_id: callback.tracking_id.clone() };
        let proof = Some(Proof::OfUser(callback.tenant_user_id.clone()));
        return Ok(note(OrderUpdate { proof, ..OrderUpdate::new(call_back_id, open) }));
    };
    let update = OrderUpdate::of(call_back_id, order);
    let Some(order) = ended_or_registered(order) else {
        // Remembered with the order, so that a registration which comes later is known to be under way.
        let tenant_user_id = callback.tenant_user_id.clone();
        let update = OrderUpdate {
            state: Some(OrderState::Reported),
            details: Some(Details::Reported { tenant_user_id, terms: None }),
            stalled: Some(cause),
            ..update
        };
        return Ok(Entry { order: Some(update), ..Entry::of(Outcome::StalledUnregistered) }.into());
    };
    match reported(order, callback, OrderEvent::Stall)? {
        Transition::Note => Ok(note(update)),
        Transition::Alarm => Ok(Entry::of(Outcome::Foreign).into()),
        _ => Ok(Entry::of(Outcome::Ignored).into()),
    }
}

/// What the table says of what the platform reports of an order: its user must be the callback's, and the withdrawal
/// of the platform the one that the order belongs to, if it does.
fn reported(order: &Order, callback: &Callback, event: OrderEvent) -> Result<Transition, Refusal> {
    is_of_user(order, &callback.tenant_user_id)?;
    match transition(order.standing_for(callback.tracking_id.as_deref()), event) {
        Transition::Refuse(refusal) => Err(refusal),
        transition => Ok(transition),
    }
}

/// An update that binds the order to the callback's withdrawal of the platform, if that is named.
fn pinning(update: OrderUpdate, callback: &Callback) -> OrderUpdate {
    OrderUpdate { tracking_id: callback.tracking_id.clone(), ..update }
}

/// The order, unless the platform only spoke of it: whoever was named then, nothing happened to it.
fn ended_or_registered(order: Option<&Order>) -> Option<&Order> {
    order.filter(|order| order.standing() != Standing::Reported)
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
    let is_fee = policy == ActualBelowOrder::Fee && *ordered == but_for_the_amount;
    if !is_fee || paid.amount.value().is_zero() {
        return Err(Refusal::OtherTerms); // all of it is no fee
    }
    let difference = ordered.amount.value().checked_sub(paid.amount.value());
    let fee = difference.and_then(|fee| Amount::registered(&fee.to_string()).ok());
    fee.map(Some).ok_or(Refusal::OtherTerms) // more than ordered is never a fee
}

fn is_of_user(order: &Order, tenant_user_id: &str) -> Result<(), Refusal> {
    if order.tenant_user_id == tenant_user_id { Ok(()) } else { Err(Refusal::OtherUser) }
}

fn postings(effect: Effect, tenant_user_id: &str, terms: &Terms) -> Vec<Posting> {
    let (asset, amount) = (&terms.asset, terms.amount.value());
    let none = Posting::empty(tenant_user_id, asset);
    match effect {
        _ if amount.is_zero() => vec![],
        Effect::Nothing => vec![],
        Effect::Freeze => vec![Posting { available: -amount, frozen: amount, ..none }],
        Effect::Unfreeze => vec![Posting { available: amount, frozen: -amount, ..none }],
        Effect::Settle => vec![Posting { frozen: -amount, ..none }],
        Effect::Charge => vec![Posting { available: -amount, ..none }],
    }
}
