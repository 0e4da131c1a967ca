//! The checks before the table.

use std::time::{Duration, SystemTime};

use waas_callback::{
    ActualBelowOrder, Address, Amount, Content, Expect, FoundOrder, InsufficientGas, Mode, Order, OrderState,
    Outcome, Proof, Refusal, Stage, StallCause, Submission, WithdrawalConfirmation, terms_digest,
};

use crate::scene::{Scene, asked, found, paid, reserved, terms};

#[test]
fn refusals_of_a_confirmation_come_in_their_order() {
    use OrderState::{Completed, Confirmed};
    let day = Duration::from_hours(24);
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let ask = |order: Option<&Order>, user: &str, amount: Option<&str>, now| {
        let request =
            WithdrawalConfirmation { amount: amount.map(|a| Amount::registered(a).unwrap()), ..asked("w") };
        let mut scene = Scene::new(Content::WithdrawalConfirmation(request), found(order));
        scene.callback.tenant_user_id = user.into();
        (scene.policy.confirmation_max_age, scene.now) = (day, now);
        scene.decide().map(|entry| entry.outcome)
    };
    let mut worst =
        Order { is_held: true, state: Completed, tracking_id: Some("another".into()), ..reserved() };
    assert_eq!(ask(None, "other", Some("1"), at(90_000)), Err(Refusal::UnknownOrder));
    assert_eq!(ask(Some(&worst), "other", Some("1"), at(90_000)), Err(Refusal::OtherUser));
    assert_eq!(ask(Some(&worst), "user", Some("1"), at(90_000)), Err(Refusal::OtherTrackingId));
    worst.tracking_id = None;
    assert_eq!(ask(Some(&worst), "user", Some("1"), at(90_000)), Err(Refusal::OrderEnded(Completed)));
    (worst.state, worst.mode) = (OrderState::Reserved, Mode::Direct);
    assert_eq!(ask(Some(&worst), "user", Some("1"), at(90_000)), Err(Refusal::OrderDirect));
    (worst.state, worst.mode) = (Confirmed, Mode::Confirmed);
    assert_eq!(ask(Some(&worst), "user", Some("1"), at(90_000)), Err(Refusal::OtherTerms));
    assert_eq!(ask(Some(&worst), "user", Some("3.30"), at(90_000)), Err(Refusal::OrderHeld));
    worst.is_held = false;
    assert_eq!(ask(Some(&worst), "user", None, at(86_401)), Err(Refusal::OrderTooOld));
    for same_or_unknown in [Some("t".to_owned()), None] {
        worst.tracking_id = same_or_unknown;
        assert_eq!(ask(Some(&worst), "user", None, at(86_400)), Ok(Outcome::Confirmed));
    }
}

/// Of what was sent more than once, the platform may have two, each with a confirmation of its own: without their names
/// they cannot be told apart, and success is the payout.
#[test]
fn an_order_that_was_sent_more_than_once_is_confirmed_by_name_alone() {
    for (attempts, tracking_id, expected) in [
        (1, None, Ok(Outcome::Confirmed)),
        (2, Some("t"), Ok(Outcome::Confirmed)),
        (2, None, Err(Refusal::OtherTrackingId)),
    ] {
        let submission = Submission { stage: Stage::Submitting, attempts, may_have_arrived: true };
        let order = Order { submission: Some(submission), ..reserved() };
        let mut scene = Scene::new(Content::WithdrawalConfirmation(asked("w")), found(Some(&order)));
        scene.callback.tracking_id = tracking_id.map(str::to_owned);
        let decided = scene.decide().map(|entry| entry.outcome);
        assert_eq!(decided, expected, "{attempts} {tracking_id:?}");
    }
}

#[test]
fn what_is_decided_unseen_expects_what_is_decided_upon() {
    let order = Order { state: OrderState::Confirmed, tracking_id: Some("t".into()), ..reserved() };
    let decide = |content, order| Scene::new(content, order).decide().unwrap();
    let completion = Content::Withdrawal(paid("w", "3.3"));
    let unseen = decide(completion.clone(), FoundOrder::NotRead);
    let seen = decide(completion, found(Some(&order)));
    assert_eq!((unseen.outcome, &unseen.postings), (seen.outcome, &seen.postings));
    let tracking_id = Some("t".to_owned());
    let (unseen, seen) = (unseen.order.unwrap(), seen.order.unwrap());
    assert_eq!(unseen.expect, Expect::Payable { tracking_id: tracking_id.clone() });
    assert_eq!(unseen.proof, Some(Proof::OfTerms(terms_digest("user", &terms("3.30")))));
    assert_eq!((seen.expect, seen.proof), (Expect::AsRead { version: 1 }, None));
    assert_eq!((&unseen.tracking_id, &seen.tracking_id), (&tracking_id, &tracking_id), "both bind the order");
    let shortage = Content::InsufficientGas(InsufficientGas { call_back_id: "w".into() });
    let unseen = decide(shortage.clone(), FoundOrder::NotRead);
    let seen = decide(shortage, found(Some(&order)));
    assert_eq!(unseen.outcome, seen.outcome);
    let (unseen, seen) = (unseen.order.unwrap(), seen.order.unwrap());
    assert_eq!(unseen.expect, Expect::Open { tracking_id });
    assert_eq!(unseen.proof, Some(Proof::OfUser("user".into())));
    assert_eq!((unseen.stalled, unseen.tracking_id), (seen.stalled, seen.tracking_id));
    assert_eq!(unseen.stalled, Some(StallCause::InsufficientGas));
}

#[test]
fn a_fee_is_what_is_missing_and_nothing_else() {
    let complete = |withdrawal, policy| {
        let mut scene = Scene::new(Content::Withdrawal(withdrawal), found(Some(&reserved())));
        scene.policy.actual_below_order = policy;
        scene.decide()
    };
    let pay = |amount: &str, policy| complete(paid("w", amount), policy);
    assert_eq!(pay("3.2", ActualBelowOrder::Contradiction), Err(Refusal::OtherTerms));
    assert_eq!(pay("3.4", ActualBelowOrder::Fee), Err(Refusal::OtherTerms));
    assert_eq!(pay("0", ActualBelowOrder::Fee), Err(Refusal::OtherTerms), "all of it is no fee");
    let entry = pay("3.2", ActualBelowOrder::Fee).unwrap();
    assert_eq!(entry.order.unwrap().fee.unwrap().text(), "0.1");
    assert_eq!(entry.postings[0].frozen.to_string(), "-3.3", "the ordered amount");
    let mut elsewhere = paid("w", "3.2");
    elsewhere.paid.address = Address::reported("TRON", "TOther");
    assert_eq!(complete(elsewhere, ActualBelowOrder::Fee), Err(Refusal::OtherTerms));
}
