//! The order's state machine: the whole table, and what holds after any sequence of events.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed step is a failed test")]

use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use waas_callback::{
    ActualBelowOrder, Address, Amount, Asset, Balance, CallBackId, Callback, Content, Decimal, Decision,
    Effect, Entry, Expect, Found, FoundOrder, InsufficientGas, Order, OrderEvent, OrderState, Outcome,
    Policy, PostingError, Refusal, Registration, Situation, StallCause, Standing, Terms, Transition, TxId,
    Withdrawal, WithdrawalConfirmation, WithdrawalFailure, cancel, complete, confirm, fail, hold,
    refuse_hold, register, stall, transition,
};

use OrderState::{Cancelled, Completed, Confirmed, Failed, Reserved};
use Standing::{Absent, CompletedUnregistered, FailedUnregistered, Registered};
use Transition::{Note, Refuse, Stay, To};

const STANDINGS: [(&str, Standing); 8] = [
    ("Absent", Absent),
    ("Reserved", Registered(Reserved)),
    ("Confirmed", Registered(Confirmed)),
    ("Completed", Registered(Completed)),
    ("Failed", Registered(Failed)),
    ("Cancelled", Registered(Cancelled)),
    ("CompletedUnregistered", CompletedUnregistered),
    ("FailedUnregistered", FailedUnregistered),
];

const EVENTS: [OrderEvent; 7] = [
    OrderEvent::Register,
    OrderEvent::Cancel,
    OrderEvent::Confirm,
    OrderEvent::Complete,
    OrderEvent::Fail,
    OrderEvent::Stall,
    OrderEvent::Hold,
];

#[test]
fn the_table_is_this_one() {
    let unknown = Refuse(Refusal::UnknownOrder);
    let ended = |state| Refuse(Refusal::OrderEnded(state));
    let failed = To(Registered(Failed), Effect::Unfreeze);
    let completed = To(Registered(Completed), Effect::Settle);
    #[rustfmt::skip]
    let expected = [
        // Register                                   Cancel                                        Confirm                                      Complete                                   Fail                                     Stall  Hold
        [To(Registered(Reserved), Effect::Freeze),    unknown,                                      unknown,                                     To(CompletedUnregistered, Effect::Nothing), To(FailedUnregistered, Effect::Nothing), Stay,  unknown],
        [Stay,                                        To(Registered(Cancelled), Effect::Unfreeze),  To(Registered(Confirmed), Effect::Nothing),  completed,                                  failed,                                  Note,  Note],
        [Stay,                                        Refuse(Refusal::OrderConfirmed),              Stay,                                        completed,                                  failed,                                  Note,  Refuse(Refusal::OrderConfirmed)],
        [Stay,                                        ended(Completed),                             ended(Completed),                            ended(Completed),                           ended(Completed),                        Stay,  ended(Completed)],
        [Stay,                                        ended(Failed),                                ended(Failed),                               ended(Failed),                              Stay,                                    Stay,  ended(Failed)],
        [Stay,                                        Stay,                                         ended(Cancelled),                            ended(Cancelled),                           Stay,                                    Stay,  ended(Cancelled)],
        [To(Registered(Completed), Effect::Charge),   ended(Completed),                             ended(Completed),                            ended(Completed),                           ended(Completed),                        Stay,  ended(Completed)],
        [To(Registered(Failed), Effect::Nothing),     ended(Failed),                                ended(Failed),                               ended(Failed),                              Stay,                                    Stay,  ended(Failed)],
    ];
    for ((name, standing), row) in STANDINGS.iter().zip(expected) {
        for (event, expected) in EVENTS.iter().zip(row) {
            assert_eq!(transition(*standing, *event), expected, "{name} × {event:?}");
        }
    }
}

#[test]
fn the_document_shows_the_same_table() {
    let document = include_str!("../../../docs/ledger.md");
    let table =
        document.split_once("<!-- transitions -->").unwrap().1.split_once("<!-- /transitions -->").unwrap().0;
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect())
        .collect();
    let names: Vec<_> = EVENTS.iter().map(|event| format!("{event:?}")).collect();
    assert_eq!(rows[0][1..], names, "a column for each event");
    let rows = &rows[2..];
    assert_eq!(rows.len(), STANDINGS.len(), "a row for each standing");
    for ((name, standing), row) in STANDINGS.iter().zip(rows) {
        assert_eq!(row[0], *name);
        for (event, cell) in EVENTS.iter().zip(&row[1..]) {
            let expected = match transition(*standing, *event) {
                To(next, effect) => {
                    let next = STANDINGS.iter().find(|(_, standing)| *standing == next).unwrap().0;
                    format!("→ {next}, {}", format!("{effect:?}").to_lowercase())
                }
                Stay => "stays".to_owned(),
                Note => "stays, noted".to_owned(),
                Refuse(refusal) => format!("refused: {}", refusal.name()),
            };
            assert_eq!(cell.replace('`', ""), expected, "{name} × {event:?}");
        }
    }
}

#[test]
fn nothing_confirms_or_pays_an_order_that_ended() {
    for standing in [
        Registered(Completed),
        Registered(Failed),
        Registered(Cancelled),
        CompletedUnregistered,
        FailedUnregistered,
    ] {
        for event in [OrderEvent::Confirm, OrderEvent::Complete] {
            assert!(
                matches!(transition(standing, event), Refuse(Refusal::OrderEnded(_))),
                "{standing:?} {event:?}"
            );
        }
        for event in EVENTS {
            if let To(next, _) = transition(standing, event) {
                let state = |standing| matches!(standing, CompletedUnregistered | Registered(Completed));
                assert_eq!(state(standing), state(next), "an end is never exchanged for another");
            }
        }
    }
}

fn terms(amount: &str) -> Terms {
    Terms {
        asset: Asset::new("TRON", "USDT").unwrap(),
        amount: Amount::parse(amount).unwrap(),
        address: Address::reported("TRON", "TPayee"),
    }
}

fn paid(id: &str, amount: &str) -> Withdrawal {
    Withdrawal {
        call_back_id: id.into(),
        tx_id: TxId::from(&*format!("tx-{id}")),
        paid: terms(amount),
        from_address: Address::reported("TRON", "THot"),
        tx_time_stamp: None,
    }
}

fn asked(id: &str) -> WithdrawalConfirmation {
    WithdrawalConfirmation {
        call_back_id: id.into(),
        chain_name: None,
        symbol: None,
        amount: None,
        to_address: None,
    }
}

fn reserved() -> Order {
    Order {
        call_back_id: "w".into(),
        tenant_user_id: "user".into(),
        terms: Some(terms("3.3")),
        state: Reserved,
        is_registered: true,
        is_held: false,
        tracking_id: None,
        tx_id: None,
        stalled: None,
        fee: None,
        registered_at: Some(SystemTime::UNIX_EPOCH),
        updated_at: None,
    }
}

/// A callback of `user` under trackingId `t`, and all that a decision upon it depends on.
struct Scene {
    callback: Callback,
    found: Found,
    policy: Policy,
    now: SystemTime,
}

impl Scene {
    fn new(content: Content, order: FoundOrder) -> Self {
        let callback = Callback {
            request_uuid: "u".into(),
            tenant_user_id: "user".into(),
            tracking_id: Some("t".into()),
            content,
            json: String::new(),
        };
        let found = Found { order, is_address_known: false };
        Self { callback, found, policy: Policy::default(), now: SystemTime::UNIX_EPOCH }
    }

    /// What the function of the callback's type decides.
    fn decide(&self) -> Result<Entry, Refusal> {
        let Self { callback, found, policy, now } = self;
        let situation = Situation { callback, found, policy, now: *now };
        let decision = match &callback.content {
            Content::WithdrawalConfirmation(asked) => confirm(&situation, asked),
            Content::Withdrawal(withdrawal) => complete(&situation, withdrawal),
            Content::WithdrawalFailure(failure) => fail(&situation, failure),
            Content::InsufficientGas(shortage) => {
                stall(&situation, &shortage.call_back_id, StallCause::InsufficientGas)
            }
            other => unreachable!("{:?}", Scene::new(other.clone(), FoundOrder::NotRead).callback),
        };
        match decision? {
            Decision::Commit(entry) => Ok(*entry),
            Decision::ReadOrder => unreachable!("the order was found"),
        }
    }
}

fn found(order: Option<&Order>) -> FoundOrder {
    order.cloned().into()
}

#[test]
fn refusals_of_a_confirmation_come_in_their_order() {
    let day = Duration::from_hours(24);
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let ask = |order: Option<&Order>, user: &str, amount: Option<&str>, now| {
        let request =
            WithdrawalConfirmation { amount: amount.map(|a| Amount::parse(a).unwrap()), ..asked("w") };
        let mut scene = Scene::new(Content::WithdrawalConfirmation(request), found(order));
        scene.callback.tenant_user_id = user.into();
        (scene.policy.confirmation_max_age, scene.now) = (day, now);
        scene.decide().map(|entry| entry.outcome)
    };
    let mut worst = Order { is_held: true, state: Completed, ..reserved() };
    assert_eq!(ask(None, "other", Some("1"), at(90_000)), Err(Refusal::UnknownOrder));
    assert_eq!(ask(Some(&worst), "other", Some("1"), at(90_000)), Err(Refusal::OtherUser));
    assert_eq!(ask(Some(&worst), "user", Some("1"), at(90_000)), Err(Refusal::OrderEnded(Completed)));
    worst.state = Confirmed;
    assert_eq!(ask(Some(&worst), "user", Some("1"), at(90_000)), Err(Refusal::OtherTerms));
    assert_eq!(ask(Some(&worst), "user", Some("3.30"), at(90_000)), Err(Refusal::OrderHeld));
    worst.is_held = false;
    assert_eq!(ask(Some(&worst), "user", None, at(86_401)), Err(Refusal::OrderTooOld));
    worst.tracking_id = Some("another".into());
    assert_eq!(ask(Some(&worst), "user", None, at(86_400)), Err(Refusal::OtherTrackingId));
    for same_or_unknown in [Some("t".to_owned()), None] {
        worst.tracking_id = same_or_unknown;
        assert_eq!(ask(Some(&worst), "user", None, at(86_400)), Ok(Outcome::Confirmed));
    }
}

#[test]
fn what_is_decided_unseen_expects_what_is_decided_upon() {
    let order = reserved();
    let decide = |content, order| Scene::new(content, order).decide().unwrap();
    let completion = Content::Withdrawal(paid("w", "3.3"));
    let unseen = decide(completion.clone(), FoundOrder::NotRead);
    let seen = decide(completion, found(Some(&order)));
    assert_eq!((unseen.outcome, &unseen.postings), (seen.outcome, &seen.postings));
    let expect = unseen.order.unwrap().expect;
    assert_eq!(expect, Expect::OpenWith("user".into(), terms("3.3")));
    let shortage = Content::InsufficientGas(InsufficientGas { call_back_id: "w".into() });
    let unseen = decide(shortage.clone(), FoundOrder::NotRead);
    let seen = decide(shortage, found(Some(&order)));
    assert_eq!(unseen.outcome, seen.outcome);
    assert_eq!(unseen.order.unwrap().stalled, seen.order.unwrap().stalled);
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
    let entry = pay("3.2", ActualBelowOrder::Fee).unwrap();
    assert_eq!(entry.order.unwrap().fee.unwrap().text(), "0.1");
    assert_eq!(entry.postings[0].frozen.to_string(), "-3.3", "the ordered amount");
    let mut elsewhere = paid("w", "3.2");
    elsewhere.paid.address = Address::reported("TRON", "TOther");
    assert_eq!(complete(elsewhere, ActualBelowOrder::Fee), Err(Refusal::OtherTerms));
}

/// The ledger of one user, as the transactions would keep it.
#[derive(Default)]
struct Model {
    balance: Balance,
    orders: std::collections::BTreeMap<usize, Order>,
}

impl Model {
    /// Applies an entry whole or not at all, as the database does.
    fn apply(&mut self, nth: usize, entry: Entry) -> Result<(), PostingError> {
        let balance = entry.postings.iter().try_fold(self.balance, Balance::post)?;
        self.balance = balance;
        let Some(update) = entry.order else { return Ok(()) };
        let fresh = || Order { terms: None, is_registered: false, registered_at: None, ..reserved() };
        let order = self.orders.entry(nth).or_insert_with(fresh);
        if let Some(details) = update.details {
            order.is_registered = details.is_registered;
            order.terms = details.terms.or(order.terms.take());
        }
        order.state = update.state.unwrap_or(order.state);
        order.tracking_id = update.tracking_id.or(order.tracking_id.take());
        Ok(())
    }

    fn decide(&self, nth: usize, event: OrderEvent) -> Result<Entry, Refusal> {
        let call_back_id = CallBackId::from(nth.to_string());
        let amount = format!("{}.5", nth + 1);
        let order = self.orders.get(&nth);
        let content = match event {
            OrderEvent::Register => {
                let tenant_user_id = "user".to_owned();
                let registration = Registration { call_back_id, tenant_user_id, terms: terms(&amount) };
                return register(&registration, order, ActualBelowOrder::Contradiction);
            }
            OrderEvent::Cancel => return cancel(&call_back_id, order),
            OrderEvent::Hold => {
                let update = Some(hold(&call_back_id, false));
                let held = Entry { order: update, ..Entry::of(Outcome::Ignored) };
                return refuse_hold(order).map_or(Ok(held), Err);
            }
            OrderEvent::Confirm => Content::WithdrawalConfirmation(asked(call_back_id.as_str())),
            OrderEvent::Complete => Content::Withdrawal(paid(call_back_id.as_str(), &amount)),
            OrderEvent::Fail => {
                Content::WithdrawalFailure(WithdrawalFailure { call_back_id, to_address: None })
            }
            OrderEvent::Stall => Content::InsufficientGas(InsufficientGas { call_back_id }),
        };
        let mut scene = Scene::new(content, found(order));
        scene.policy.confirmation_max_age = Duration::MAX;
        scene.decide()
    }
}

proptest! {
    #[test]
    fn after_any_sequence_the_frozen_funds_are_those_of_the_open_orders(
        funds in 0_u32..20,
        events in prop::collection::vec((0_usize..4, 0_usize..EVENTS.len()), 0..60),
    ) {
        let funds: Decimal = funds.to_string().parse().unwrap();
        let mut model = Model { balance: Balance { available: funds, ..Balance::default() }, ..Model::default() };
        for (nth, event) in events {
            let before = model.orders.get(&nth).map(|order| order.state);
            let Ok(entry) = model.decide(nth, EVENTS[event]) else { continue };
            if model.apply(nth, entry).is_err() {
                continue; // the database refuses what would make a balance negative, and with it the rest
            }
            let after = model.orders.get(&nth).map(|order| order.state);
            if let Some(ended @ (Completed | Failed | Cancelled)) = before {
                prop_assert_eq!(after, Some(ended));
            }
            let amount = |states: &[OrderState]| {
                let of = model.orders.values().filter(|order| order.is_registered && states.contains(&order.state));
                of.fold(Decimal::ZERO, |sum, order| sum.checked_add(order.terms.as_ref().unwrap().amount.value()).unwrap())
            };
            prop_assert_eq!(model.balance.frozen, amount(&[Reserved, Confirmed]));
            let spent = amount(&[Reserved, Confirmed, Completed]);
            prop_assert_eq!(model.balance.available, funds.checked_sub(spent).unwrap());
            prop_assert!(!model.balance.available.is_negative());
        }
    }
}
