//! What holds after any sequence of events, modes and trackingIds: the decisions against a model that knows nothing of
//! them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use waas_callback::{
    Action, ActualBelowOrder, Adjustment, Balance, CallBackId, Claim, Content, Decimal, Decision, Details,
    Entry, EventKey, Expect, Expected, Found, FoundOrder, Identity, InsufficientGas, Mode, Movement, Order,
    OrderState, OrderUpdate, Outcome, Posting, Proof, Reason, Registration, Resolution, Situation,
    StallCause, Terms, TxId, WithdrawalFailure, cancel, complete, confirm, fail, failure_verified, hold,
    plan, register, stall, terms_digest,
};

use crate::scene::{Scene, asked, paid, reserved, terms};

/// Something that happens to the order of that number.
#[derive(Debug, Clone, Copy)]
enum Event {
    Deposit,
    RiskyDeposit,
    Release,
    Register(Mode),
    Cancel,
    Hold(bool),
    Confirm(Option<u8>),
    Complete(Option<u8>),
    Fail(Option<u8>),
    /// A failure that is verified first, and the platform's word for it.
    ReportFailure(Option<u8>),
    VouchForFailure(Option<u8>),
    Stall(Option<u8>),
    /// An operator rejects a held deposit.
    Reject,
    /// An operator has debts paid from what is available.
    Collect,
    /// The merchant moves something to another user, or back.
    Move {
        away: bool,
    },
    /// An operator adds something, or takes it.
    Adjust {
        gives: bool,
    },
    /// An operator puts the order right, upon nothing but itself, or upon what was said of it.
    Resolve(Action, Option<Said>),
}

/// What a case says of an order: paid (3) or failed (5), under a trackingId.
#[derive(Debug, Clone, Copy)]
enum Said {
    Paid(Option<u8>),
    Failed(Option<u8>),
}

/// One user's part of the tables, changed as the transactions change it: whole, or not at all.
#[derive(Default)]
struct Ledger {
    balance: Balance,
    /// Of another user, who has what is moved.
    other: Balance,
    orders: BTreeMap<usize, Order>,
    /// Counts what operators were told: each payment is another transaction.
    told: usize,
}

impl Ledger {
    /// Decides and commits as the receiver does: unseen first, then upon what was found. Says whether it was applied.
    fn take(&mut self, nth: usize, event: Event, amount: &str) -> bool {
        let id = CallBackId::from(nth.to_string());
        if let Event::Move { .. } | Event::Adjust { .. } = event {
            return self.post(event, amount);
        }
        let order = self.orders.get(&nth);
        let is_operators = matches!(event, Event::Reject | Event::Collect | Event::Resolve(..));
        let entry = match event {
            Event::Reject => {
                let Terms { asset, amount, .. } = terms(amount);
                let posting = Posting { held: -amount.value(), ..Posting::empty("user", &asset) };
                Some(Entry { postings: vec![posting], ..Entry::of(Outcome::Resolved) })
            }
            Event::Collect => {
                let posting = self.balance.collect("user", &terms(amount).asset);
                posting.map(|posting| Entry { postings: vec![posting], ..Entry::of(Outcome::Collected) })
            }
            Event::Resolve(action, said) => {
                self.told += 1;
                let claim = said.map(|said| claim(&id, said, amount, self.told));
                let resolution = Resolution {
                    id: "act".into(),
                    action,
                    reason: "because".into(),
                    expected: Expected::of(claim.as_ref(), order),
                    tracking_id: Some("9".into()),
                };
                let plan = plan(&resolution, claim.as_ref(), order, None).ok();
                plan.and_then(|plan| plan.entry(self.balance))
            }
            Event::Move { .. } | Event::Adjust { .. } => unreachable!("it was posted above"),
            Event::Deposit | Event::RiskyDeposit | Event::Release => {
                let Terms { asset, amount, .. } = terms(amount);
                let (amount, none) = (amount.value(), Posting::empty("user", &asset));
                let (outcome, posting) = match event {
                    Event::Deposit => (Outcome::Credited, Posting { available: amount, ..none }),
                    Event::RiskyDeposit => (Outcome::Held, Posting { held: amount, ..none }),
                    _ => (Outcome::Released, Posting { available: amount, held: -amount, ..none }),
                };
                Some(Entry { postings: vec![posting], ..Entry::of(outcome) })
            }
            Event::Register(mode) => {
                let (tenant_user_id, terms) = ("user".to_owned(), terms(amount));
                let registration =
                    Registration { call_back_id: id, tenant_user_id, terms, mode, is_submitted: false };
                register(&registration, order, ActualBelowOrder::Contradiction).ok()
            }
            Event::Cancel => cancel(&id, order).ok(),
            Event::Hold(is_held) => {
                let update = hold(&id, order, is_held).ok();
                update.map(|update| Entry { order: Some(update), ..Entry::of(Outcome::Ignored) })
            }
            Event::Confirm(tracking_id) => {
                Self::report(order, Content::WithdrawalConfirmation(asked(id.as_str())), tracking_id, false)
            }
            Event::Complete(tracking_id) => {
                Self::report(order, Content::Withdrawal(paid(id.as_str(), amount)), tracking_id, false)
            }
            Event::Fail(tracking_id) | Event::ReportFailure(tracking_id) => {
                let is_verified_first = matches!(event, Event::ReportFailure(_));
                Self::report(order, failed(id), tracking_id, is_verified_first)
            }
            Event::VouchForFailure(tracking_id) => {
                let mut scene = Scene::new(failed(id), FoundOrder::NotRead);
                scene.callback.tracking_id = tracking_id.map(|id| id.to_string());
                failure_verified(&scene.callback, order).ok()
            }
            Event::Stall(tracking_id) => {
                let shortage = InsufficientGas { call_back_id: id };
                Self::report(order, Content::InsufficientGas(shortage), tracking_id, false)
            }
        };
        entry.is_some_and(|entry| {
            let bars_debt =
                |posting: &Posting| posting.available.is_negative() && !self.balance.owed.is_zero();
            (is_operators || !entry.postings.iter().any(bars_debt)) && self.apply(nth, &entry)
        })
    }

    /// Posts a movement or an adjustment: all legs, or none.
    fn post(&mut self, event: Event, amount: &str) -> bool {
        let Terms { asset, .. } = terms(amount);
        let leg = |user: &str, sign: &str| {
            let (chain_name, symbol) = (asset.chain_name(), asset.symbol());
            format!(
                r#"{{"tenantUserId":"{user}","chainName":"{chain_name}","symbol":"{symbol}","amount":"{sign}{amount}"}}"#
            )
        };
        let of = |legs: &[String]| format!(r#"{{"id":"m","reason":"because","legs":[{}]}}"#, legs.join(","));
        let (legs, is_operators) = match event {
            Event::Move { away } => {
                let (from, to) = if away { ("user", "other") } else { ("other", "user") };
                (Movement::parse(&of(&[leg(from, "-"), leg(to, "")])).unwrap().legs().clone(), false)
            }
            Event::Adjust { gives } => {
                let sign = if gives { "" } else { "-" };
                (Adjustment::parse(&of(&[leg("user", sign)])).unwrap().legs().clone(), true)
            }
            _ => unreachable!("neither a movement nor an adjustment"),
        };
        let (mut balance, mut other) = (self.balance, self.other);
        for leg in &legs.each {
            let of = if leg.tenant_user_id == "user" { &mut balance } else { &mut other };
            let is_barred = !is_operators && leg.amount.is_negative() && !of.owed.is_zero();
            match of.post(&leg.posting()) {
                Ok(after) if !is_barred => *of = after,
                _ => return false,
            }
        }
        (self.balance, self.other) = (balance, other);
        true
    }

    /// What is decided on a callback: unseen, and if that does not hold, upon the order.
    fn report(
        order: Option<&Order>,
        content: Content,
        tracking_id: Option<u8>,
        is_verified_first: bool,
    ) -> Option<Entry> {
        let mut scene = Scene::new(content, FoundOrder::NotRead);
        scene.policy.verify = is_verified_first;
        scene.callback.tracking_id = tracking_id.map(|id| id.to_string());
        let decide = |order: FoundOrder| {
            let found = Found { order, is_address_known: false };
            let (callback, policy, now) = (&scene.callback, &scene.policy, scene.now);
            let situation = Situation { callback, found: &found, policy, now };
            match &callback.content {
                Content::WithdrawalConfirmation(asked) => confirm(&situation, asked),
                Content::Withdrawal(withdrawal) => complete(&situation, withdrawal),
                Content::WithdrawalFailure(failure) => fail(&situation, failure),
                Content::InsufficientGas(shortage) => {
                    stall(&situation, &shortage.call_back_id, StallCause::InsufficientGas)
                }
                _ => unreachable!("a callback on an order"),
            }
        };
        match decide(FoundOrder::NotRead).ok()? {
            Decision::Commit(entry) if entry.order.as_ref().is_none_or(|update| holds(update, order)) => {
                Some(*entry)
            }
            Decision::Commit(_) | Decision::ReadOrder => match decide(order.cloned().into()).ok()? {
                Decision::Commit(entry) => Some(*entry),
                Decision::ReadOrder => unreachable!("it was read"),
            },
        }
    }

    fn apply(&mut self, nth: usize, entry: &Entry) -> bool {
        let Ok(balance) = entry.postings.iter().try_fold(self.balance, Balance::post) else { return false };
        if let Some(update) = &entry.order {
            if !holds(update, self.orders.get(&nth)) {
                return false;
            }
            self.update(nth, update);
        }
        self.balance = balance;
        true
    }

    fn update(&mut self, nth: usize, update: &OrderUpdate) {
        let fresh = || Order { terms: None, is_registered: false, registered_at: None, ..reserved() };
        let order = self.orders.entry(nth).or_insert_with(fresh);
        order.version += 1;
        match &update.details {
            Some(Details::Registered { terms, mode, .. }) => {
                (order.is_registered, order.mode, order.terms) = (true, *mode, Some(terms.clone()));
            }
            Some(Details::Reported { terms, .. }) => order.terms = terms.clone().or(order.terms.take()),
            None => {}
        }
        order.tx_id = update.tx_id.clone().or(order.tx_id.take());
        order.state = update.state.unwrap_or(order.state);
        order.tracking_id = update.tracking_id.clone().or(order.tracking_id.take());
        order.stalled = update.stalled.or(order.stalled);
        if update.is_failure_reported {
            order.failure_reported = Some("then".into());
        }
        order.is_held = update.is_held.unwrap_or(order.is_held);
        order.charged = update.charged.or(order.charged);
        if update.is_unpaid {
            (order.tx_id, order.fee, order.charged) = (None, None, None);
        }
    }
}

fn failed(id: CallBackId) -> Content {
    let to_address = waas_callback::Echo::default();
    Content::WithdrawalFailure(WithdrawalFailure { call_back_id: id, to_address })
}

/// What was said of an order, as a case has it.
fn claim(id: &CallBackId, said: Said, amount: &str, nth: usize) -> Claim {
    let Terms { asset, amount, .. } = terms(amount);
    let (kind, tracking_id, tx_id) = match said {
        Said::Paid(tracking_id) => ("withdrawal", tracking_id, Some(TxId::from(&*format!("tx-case-{nth}")))),
        Said::Failed(tracking_id) => ("withdrawal-failure", tracking_id, None),
    };
    let identity = Identity {
        event_key: EventKey::new(kind, [Some(id.as_str())]),
        fingerprint: "content".to_owned().into(),
        position: None,
    };
    let is_paid = tx_id.is_some();
    Claim {
        identity,
        reasons: vec![Reason::OrderEnded, Reason::OtherTrackingId, Reason::Foreign],
        tenant_user_id: "user".into(),
        call_back_id: Some(id.clone()),
        asset: is_paid.then_some(asset),
        amount: is_paid.then_some(amount),
        address: None,
        tx_id,
        tracking_id: tracking_id.map(|id| id.to_string()),
        mode: None,
    }
}

/// What the table's conditions would say.
fn holds(update: &OrderUpdate, order: Option<&Order>) -> bool {
    let belongs = |order: &Order, tracking_id: &Option<String>| {
        tracking_id.is_none() || order.tracking_id.is_none() || order.tracking_id == *tracking_id
    };
    let registered = order.filter(|order| order.is_registered);
    let is_proved = match &update.proof {
        None => true,
        Some(Proof::Unregistered) => registered.is_none(),
        Some(Proof::OfUser(user)) => registered.is_some_and(|order| order.tenant_user_id == *user),
        Some(Proof::OfTerms(digest)) => registered.is_some_and(|order| {
            terms_digest(&order.tenant_user_id, order.terms.as_ref().unwrap()) == *digest
        }),
    };
    let Some(order) = order else { return is_proved && update.expect == Expect::Absent };
    is_proved
        && match &update.expect {
            Expect::Absent => false,
            Expect::AsRead { version } => order.version == *version,
            Expect::Payable { tracking_id } => {
                let is_asked = order.state == OrderState::Confirmed
                    || (order.state == OrderState::Reserved && order.mode == Mode::Direct);
                is_asked && belongs(order, tracking_id)
            }
            Expect::Open { tracking_id } => {
                let is_open = matches!(order.state, OrderState::Reserved | OrderState::Confirmed);
                is_open && belongs(order, tracking_id)
            }
        }
}

/// A withdrawal as a person would follow it on paper, in units.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "what a person would tick")]
struct Paper {
    mode: Option<Mode>,
    /// `s`poken of and not registered, `o`pen, `c`onfirmed, `p`aid, `f`ailed, `x` cancelled.
    state: char,
    /// Is it known by which transaction it was paid?
    proved: bool,
    /// Did the merchant bear it?
    written_off: bool,
    pin: Option<u8>,
    /// Did it stall, or is it said to have failed?
    spoken_of: bool,
    held: bool,
}

#[derive(Default)]
struct Sheet {
    credited: u32,
    available: u32,
    frozen: u32,
    held: u32,
    owed: u32,
    /// What another user has.
    other: u32,
    /// What operators added, less what they took.
    adjusted: i64,
    /// What left the wallet, as far as anybody knows.
    paid: u32,
    /// What the merchant kept, less what it bore.
    written_off: i64,
    orders: BTreeMap<usize, Paper>,
}

impl Sheet {
    fn take(&mut self, nth: usize, event: Event, amount: u32) {
        if let Event::Move { .. } | Event::Adjust { .. } = event {
            return self.post(event, amount);
        }
        let known = self.orders.get(&nth).copied();
        let mut order = known.unwrap_or_default();
        let open = known.is_some() && order.mode.is_some() && matches!(order.state, 'o' | 'c');
        let ours = |id: Option<u8>| order.pin.is_none() || id.is_none() || order.pin == id;
        match event {
            Event::Deposit => {
                (self.credited, self.available) = (self.credited + amount, self.available + amount);
            }
            Event::RiskyDeposit => (self.credited, self.held) = (self.credited + amount, self.held + amount),
            Event::Release if self.held >= amount => {
                (self.available, self.held) = (self.available + amount, self.held - amount);
            }
            Event::Reject if self.held >= amount => {
                (self.held, self.written_off) = (self.held - amount, self.written_off + i64::from(amount));
            }
            Event::Collect => {
                let collected = self.owed.min(self.available);
                (self.available, self.owed) = (self.available - collected, self.owed - collected);
            }
            Event::Resolve(action, said) if known.is_some() => {
                if !self.resolve(&mut order, action, said, amount) {
                    return;
                }
            }
            Event::Register(mode) if (known.is_none() || order.state == 's') && order.mode.is_none() => {
                if self.available < amount || self.owed > 0 {
                    return;
                }
                (self.available, self.frozen) = (self.available - amount, self.frozen + amount);
                (order.mode, order.state) = (Some(mode), 'o');
            }
            Event::Register(mode) if known.is_some() && order.mode.is_none() => {
                if order.state == 'p' && (self.available < amount || self.owed > 0) {
                    return;
                }
                if order.state == 'p' {
                    (self.available, self.paid) = (self.available - amount, self.paid + amount);
                }
                order.mode = Some(mode);
            }
            Event::Cancel => {
                let free = order.mode == Some(Mode::Confirmed) && order.pin.is_none() && !order.spoken_of;
                if !(open && order.state == 'o' && free) {
                    return;
                }
                (self.available, self.frozen, order.state) =
                    (self.available + amount, self.frozen - amount, 'x');
            }
            Event::Hold(held) if open && order.state == 'o' && order.mode == Some(Mode::Confirmed) => {
                order.held = held;
            }
            Event::Confirm(id)
                if open
                    && ours(id)
                    && (order.pin.is_none() || id.is_some())
                    && order.mode == Some(Mode::Confirmed)
                    && !order.held =>
            {
                (order.state, order.pin) = ('c', order.pin.or(id));
            }
            Event::Complete(id) if open && ours(id) => {
                (self.frozen, self.paid) = (self.frozen - amount, self.paid + amount);
                (order.state, order.pin, order.proved) = ('p', order.pin.or(id), true);
            }
            Event::Complete(id)
                if order.mode.is_some() && order.state == 'p' && !order.proved && ours(id) =>
            {
                (order.pin, order.proved) = (order.pin.or(id), true);
            }
            Event::Fail(id) | Event::VouchForFailure(id) if open && ours(id) => {
                (self.available, self.frozen) = (self.available + amount, self.frozen - amount);
                order.state = 'f';
                if matches!(event, Event::Fail(_)) {
                    order.pin = order.pin.or(id);
                }
            }
            Event::Complete(id) if known.is_none() || order.state == 's' => {
                (order.state, order.pin, order.proved) = ('p', id, true);
            }
            Event::Fail(id) if known.is_none() || order.state == 's' => (order.state, order.pin) = ('f', id),
            Event::VouchForFailure(_) if known.is_none() || order.state == 's' => order.state = 'f',
            Event::Stall(_) | Event::ReportFailure(_) if known.is_none() => {
                (order.state, order.spoken_of) = ('s', true);
            }
            Event::Stall(id) | Event::ReportFailure(id) if open && ours(id) => order.spoken_of = true,
            _ => return,
        }
        let is_of_no_order = matches!(
            event,
            Event::Deposit | Event::RiskyDeposit | Event::Release | Event::Reject | Event::Collect
        );
        if !is_of_no_order {
            self.orders.insert(nth, order);
        }
    }
}

impl Sheet {
    fn post(&mut self, event: Event, amount: u32) {
        match event {
            Event::Move { away: true } if self.available >= amount && self.owed == 0 => {
                (self.available, self.other) = (self.available - amount, self.other + amount);
            }
            Event::Move { away: false } if self.other >= amount => {
                (self.available, self.other) = (self.available + amount, self.other - amount);
            }
            Event::Adjust { gives: true } => {
                (self.available, self.adjusted) =
                    (self.available + amount, self.adjusted + i64::from(amount));
            }
            Event::Adjust { gives: false } if self.available >= amount => {
                (self.available, self.adjusted) =
                    (self.available - amount, self.adjusted - i64::from(amount));
            }
            _ => {}
        }
    }

    /// Says whether the operator could do it.
    fn resolve(&mut self, order: &mut Paper, action: Action, said: Option<Said>, amount: u32) -> bool {
        let signed = i64::from(amount);
        let open = order.mode.is_some() && matches!(order.state, 'o' | 'c');
        let (registered_end, paid) =
            (order.mode.is_some() && matches!(order.state, 'f' | 'x'), order.state == 'p');
        // Of a payment that is told beside what is known of the order.
        let ended = matches!(order.state, 'p' | 'f');
        let is_said_paid = matches!(said, Some(Said::Paid(_)));
        let told = said.and_then(|(Said::Paid(id) | Said::Failed(id))| id);
        match (action, said) {
            (Action::Settle, None | Some(Said::Paid(_))) if open => {
                (self.frozen, self.paid) = (self.frozen - amount, self.paid + amount);
                (order.state, order.proved) = ('p', order.proved || is_said_paid);
                order.pin = told.or(order.pin);
            }
            (Action::Unfreeze, None | Some(Said::Failed(_))) if open => {
                (self.frozen, self.available) = (self.frozen - amount, self.available + amount);
                order.state = 'f';
            }
            // What was settled without a transaction may have been paid by just this one.
            (Action::Charge, Some(Said::Paid(_))) if paid && order.mode.is_some() && !order.proved => {
                return false;
            }
            (Action::Charge, None | Some(Said::Paid(_))) if registered_end || (ended && is_said_paid) => {
                let taken = amount.min(self.available);
                (self.available, self.owed) = (self.available - taken, self.owed + amount - taken);
                self.paid += amount;
                if registered_end {
                    (order.state, order.proved, order.written_off) =
                        ('p', order.proved || is_said_paid, false);
                    order.pin = told.or(order.pin);
                } else if order.mode.is_none() {
                    order.pin = told.or(order.pin);
                }
            }
            (Action::WriteOff, None | Some(Said::Paid(_))) if registered_end || (ended && is_said_paid) => {
                (self.paid, self.written_off) = (self.paid + amount, self.written_off - signed);
                if registered_end {
                    (order.state, order.proved, order.written_off) =
                        ('p', order.proved || is_said_paid, true);
                    order.pin = told.or(order.pin);
                } else if order.mode.is_none() {
                    order.pin = told.or(order.pin);
                }
            }
            (Action::Repin, None) if open => order.pin = Some(9),
            (Action::Repin, Some(_)) if open => order.pin = Some(told.unwrap_or(9)),
            (Action::Reverse, None | Some(Said::Failed(_))) if paid => {
                match (order.mode, order.written_off) {
                    (None, _) => {}
                    (Some(_), true) => {
                        (self.paid, self.written_off) = (self.paid - amount, self.written_off + signed);
                    }
                    (Some(_), false) => {
                        let forgiven = amount.min(self.owed);
                        (self.owed, self.available) =
                            (self.owed - forgiven, self.available + amount - forgiven);
                        self.paid -= amount;
                    }
                }
                (order.state, order.proved, order.written_off) = ('f', false, false);
            }
            _ => return false,
        }
        true
    }
}

fn event() -> impl Strategy<Value = Event> {
    let mode = || prop::sample::select(&Mode::ALL[..]);
    let tracking_id = || prop::option::weighted(0.8, 0_u8..3);
    let said = prop_oneof![
        Just(None),
        tracking_id().prop_map(|id| Some(Said::Paid(id))),
        tracking_id().prop_map(|id| Some(Said::Failed(id))),
    ];
    prop_oneof![
        1 => Just(Event::Deposit),
        1 => Just(Event::RiskyDeposit),
        1 => Just(Event::Release),
        1 => mode().prop_map(Event::Register),
        1 => mode().prop_map(Event::Register),
        1 => Just(Event::Cancel),
        1 => any::<bool>().prop_map(Event::Hold),
        1 => tracking_id().prop_map(Event::Confirm),
        1 => tracking_id().prop_map(Event::Complete),
        1 => tracking_id().prop_map(Event::Fail),
        1 => tracking_id().prop_map(Event::ReportFailure),
        1 => tracking_id().prop_map(Event::VouchForFailure),
        1 => tracking_id().prop_map(Event::Stall),
        1 => Just(Event::Reject),
        1 => Just(Event::Collect),
        1 => any::<bool>().prop_map(|away| Event::Move { away }),
        1 => any::<bool>().prop_map(|gives| Event::Adjust { gives }),
        8 => (prop::sample::select(&Action::ALL[..]), said)
            .prop_map(|(action, said)| Event::Resolve(action, said)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Σ (available + frozen + held − owed) + Σ paid + Σ written off = Σ credited + Σ adjusted, at every step, over both
    /// users, and each part is what paper says, whatever an operator does between. Movements are on neither side.
    #[test]
    fn no_sequence_of_events_makes_or_loses_money(
        events in prop::collection::vec((0_usize..4, event()), 0..60),
    ) {
        let (mut ledger, mut sheet) = (Ledger::default(), Sheet::default());
        for (nth, event) in events {
            let amount = u32::try_from(nth).unwrap() + 1;
            let before = ledger.orders.get(&nth).cloned();
            ledger.take(nth, event, &amount.to_string());
            sheet.take(nth, event, amount);

            let value = |units: u32| -> Decimal { units.to_string().parse().unwrap() };
            let Balance { available, frozen, held, owed } = ledger.balance;
            let on_paper = [sheet.available, sheet.frozen, sheet.held, sheet.owed].map(value);
            prop_assert_eq!([available, frozen, held, owed], on_paper, "{:?}", event);
            prop_assert_eq!(ledger.other, Balance { available: value(sheet.other), ..Balance::default() }, "{:?}", event);
            let users = sheet.available + sheet.frozen + sheet.held + sheet.other;
            let sum = i64::from(users + sheet.paid) - i64::from(sheet.owed);
            prop_assert_eq!(sum + sheet.written_off, i64::from(sheet.credited) + sheet.adjusted, "{:?}", event);

            let Some(order) = ledger.orders.get(&nth) else { continue };
            if let Some(before) = before.filter(|_| !matches!(event, Event::Resolve(..))) {
                if before.tracking_id.is_some() {
                    prop_assert_eq!(&order.tracking_id, &before.tracking_id, "an order belongs to one withdrawal for ever");
                }
                if let OrderState::Completed | OrderState::Failed | OrderState::Cancelled = before.state {
                    prop_assert_eq!(order.state, before.state, "an end is for ever");
                }
            }
        }
    }
}
