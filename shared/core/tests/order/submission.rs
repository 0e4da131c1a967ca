//! What holds of a submission whatever comes between its steps: two workers that die anywhere, a platform that loses, refuses,
//! delays and pays again, a merchant that takes back, and callbacks that come when they will.

use proptest::prelude::*;
use waas_callback::{
    Content, Doubt, End, Entry, Found, InsufficientGas, Mode, Order, OrderState, OrderUpdate, Sent,
    Situation, StallCause, Step, Submission, Told, after_asking, after_sending, cancel, complete, confirm,
    ended, next_step, noted, stall,
};

use crate::scene::{Scene, asked, found, paid, reserved, terms};

/// What can happen next.
#[derive(Debug, Clone, Copy)]
enum Happening {
    /// A worker goes one step on; what becomes of its call, if it makes one.
    Work(usize, Call),
    /// A worker dies, and its lease ends.
    Die(usize),
    /// What was on its way to the platform arrives.
    Arrive,
    /// The merchant takes the order back.
    Cancel,
    /// The platform asks for a confirmation of one of its orders of that name, and pays what is confirmed.
    Confirm(usize),
    /// The platform tells of what it has paid, or that it waits.
    TellPaid,
    TellStalled,
    /// The limit passes.
    Wait,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy)]
enum Call {
    /// It arrives, and is answered.
    Answered,
    /// It arrives, and is not.
    AnswerLost,
    /// It does not arrive.
    Lost,
    /// It arrives later, and is not answered.
    Late,
    /// It is turned away at the door, or a question is answered with a number that says nothing.
    TurnedAway,
    /// The platform says no.
    Refused,
}

/// A platform that pays again for every request that it takes.
#[derive(Debug, Default)]
struct Platform {
    /// Its orders of that name: whether each is paid.
    orders: Vec<bool>,
    on_the_way: usize,
    payouts: usize,
}

impl Platform {
    fn receive(&mut self, mode: Mode) {
        let pays_at_once = mode == Mode::Direct;
        self.orders.push(pays_at_once);
        self.payouts += usize::from(pays_at_once);
    }

    /// What becomes of an order's call, as its caller sees it.
    fn order(&mut self, mode: Mode, call: Call) -> Sent {
        match call {
            Call::Answered => {
                self.receive(mode);
                Sent::Accepted
            }
            Call::AnswerLost => {
                self.receive(mode);
                Sent::Unclear
            }
            Call::Late => {
                self.on_the_way += 1;
                Sent::Unclear
            }
            Call::Lost => Sent::Unclear,
            Call::TurnedAway => Sent::NotSent,
            Call::Refused => Sent::Refused,
        }
    }

    /// What a question's caller is told; nothing where it is not answered.
    fn ask(&self, call: Call) -> Option<Told> {
        match call {
            Call::Answered if self.orders.is_empty() => Some(Told::Unknown),
            Call::Answered => Some(Told::Known { is_ours: true }),
            Call::Refused => Some(Told::Refused),
            Call::AnswerLost | Call::Lost | Call::Late | Call::TurnedAway => None,
        }
    }
}

/// A worker, between two of its requests.
#[derive(Debug, Clone)]
enum Worker {
    Idle,
    /// It has read the order, under a lease.
    Decided(u32, Order, Step),
    /// It has written that it calls, and has not called.
    Begun(u32, Order, Submission),
    /// It has called, and has not written what came of it.
    Called(u32, Order, Submission, Sent),
}

/// What is written: the order, its case, and the user's funds.
#[derive(Debug)]
struct Tables {
    order: Order,
    /// Who has the case; none once it is closed, or an operator's.
    lease: Option<u32>,
    is_overdue: bool,
    frozen: bool,
}

impl Tables {
    fn write(&mut self, update: &OrderUpdate, seen: &Order) -> bool {
        if self.order.version != seen.version {
            return false;
        }
        self.order.version += 1;
        self.order.state = update.state.unwrap_or(self.order.state);
        self.order.submission = update.submission.or(self.order.submission);
        self.order.tracking_id = update.tracking_id.clone().or(self.order.tracking_id.take());
        self.order.stalled = update.stalled.or(self.order.stalled);
        self.order.tx_id = update.tx_id.clone().or(self.order.tx_id.take());
        true
    }

    fn apply(&mut self, entry: &Entry, seen: &Order) -> bool {
        if entry.order.as_ref().is_some_and(|update| !self.write(update, seen)) {
            return false;
        }
        if entry.postings.iter().any(|posting| posting.frozen.is_negative()) {
            assert!(self.frozen, "its funds move once");
            self.frozen = false;
        }
        true
    }

    /// Writes how the submission stands, by whoever has the lease.
    fn note(&mut self, lease: u32, seen: &Order, submission: Submission) -> bool {
        if self.lease != Some(lease) || !self.write(&noted(seen, submission), seen) {
            return false;
        }
        self.is_overdue &= submission.is_doubtful();
        true
    }
}

/// The whole: what is written, who works, and the platform.
#[derive(Debug)]
struct World {
    tables: Tables,
    workers: [Worker; 2],
    platform: Platform,
    leases: u32,
}

impl World {
    fn new(mode: Mode) -> Self {
        let order =
            Order { mode, terms: Some(terms("3")), submission: Some(Submission::requested()), ..reserved() };
        let tables = Tables { order, lease: Some(0), is_overdue: false, frozen: true };
        Self { tables, workers: [Worker::Idle, Worker::Idle], platform: Platform::default(), leases: 0 }
    }

    fn happens(&mut self, happening: Happening) {
        let Self { tables, platform, .. } = self;
        let mode = tables.order.mode;
        match happening {
            Happening::Work(nth, call) => {
                let worker = std::mem::replace(&mut self.workers[nth], Worker::Idle);
                self.workers[nth] = self.work(worker, call);
            }
            Happening::Die(nth) => self.workers[nth] = Worker::Idle,
            Happening::Arrive if platform.on_the_way > 0 => {
                platform.on_the_way -= 1;
                platform.receive(mode);
            }
            Happening::Cancel => {
                let seen = tables.order.clone();
                if let Ok(entry) = cancel(&"w".into(), Some(&seen)) {
                    assert!(tables.apply(&entry, &seen));
                }
            }
            Happening::Confirm(nth) if mode == Mode::Confirmed && nth < platform.orders.len() => {
                let is_confirmed = tables.told(Content::WithdrawalConfirmation(asked("w")), &nth.to_string());
                if is_confirmed && !platform.orders[nth] {
                    platform.orders[nth] = true;
                    platform.payouts += 1;
                }
            }
            Happening::TellPaid => {
                if let Some(nth) = platform.orders.iter().position(|is_paid| *is_paid) {
                    tables.told(Content::Withdrawal(paid("w", "3")), &nth.to_string());
                }
            }
            Happening::TellStalled if !platform.orders.is_empty() => {
                tables.told(Content::InsufficientGas(InsufficientGas { call_back_id: "w".into() }), "0");
            }
            Happening::Arrive | Happening::Confirm(_) | Happening::TellStalled => {}
            Happening::Wait => {
                tables.is_overdue = tables.order.submission.is_some_and(Submission::is_doubtful);
            }
        }
    }

    /// One request of a worker's: to the tables or to the platform. Nothing says how long ago the last one was.
    fn work(&mut self, worker: Worker, call: Call) -> Worker {
        let Self { tables, platform, .. } = self;
        match worker {
            Worker::Idle if tables.lease.is_none() => Worker::Idle,
            Worker::Idle => {
                self.leases += 1;
                tables.lease = Some(self.leases);
                Worker::Decided(self.leases, tables.order.clone(), next_step(&tables.order))
            }
            Worker::Decided(lease, seen, step) => match step {
                Step::Send => {
                    let before = seen.submission.unwrap();
                    if tables.note(lease, &seen, before.begun()) {
                        Worker::Begun(lease, tables.order.clone(), before)
                    } else {
                        Worker::Idle
                    }
                }
                Step::Ask => match platform.ask(call) {
                    Some(told) => {
                        let step = after_asking(&seen, told, tables.is_overdue);
                        Worker::Decided(lease, seen, step)
                    }
                    None => Worker::Decided(lease, seen, Step::Wait),
                },
                Step::Wait => {
                    let is_doubtful = seen.submission.is_some_and(Submission::is_doubtful);
                    if is_doubtful && tables.is_overdue {
                        Worker::Decided(lease, seen, Step::End(End::Unclear(Doubt::Silence)))
                    } else {
                        Worker::Idle
                    }
                }
                Step::End(end) => {
                    if tables.lease.is_some() && tables.apply(&ended(&seen, end), &seen) {
                        tables.lease = None;
                    }
                    Worker::Idle
                }
            },
            Worker::Begun(lease, seen, before) => {
                let sent = platform.order(seen.mode, call);
                Worker::Called(lease, seen, before, sent)
            }
            Worker::Called(lease, seen, before, sent) => {
                let (after, step) = after_sending(before, sent);
                match step {
                    Step::End(_) => Worker::Decided(lease, seen, step),
                    _ if tables.note(lease, &seen, after) => {
                        Worker::Decided(lease, tables.order.clone(), step)
                    }
                    _ => Worker::Idle,
                }
            }
        }
    }

    fn is_right(&self) -> Result<(), TestCaseError> {
        let Self { tables: Tables { order, frozen, .. }, platform, workers, .. } = self;
        prop_assert!(platform.payouts <= 1, "paid {} times", platform.payouts);
        let in_flight = workers.iter().filter(|worker| matches!(worker, Worker::Begun(..))).count();
        let is_back = matches!(order.state, OrderState::Failed | OrderState::Cancelled);
        if is_back {
            prop_assert!(!frozen);
            prop_assert_eq!(platform.payouts, 0, "its funds are back");
            prop_assert!(platform.orders.is_empty(), "its funds are back, and the platform has it");
            prop_assert_eq!(platform.on_the_way + in_flight, 0, "its funds are back, and it is on its way");
        }
        prop_assert_eq!(*frozen, matches!(order.state, OrderState::Reserved | OrderState::Confirmed));
        Ok(())
    }
}

impl Tables {
    /// A callback under one of the platform's withdrawals of that name. Says whether it was accepted.
    fn told(&mut self, content: Content, tracking_id: &str) -> bool {
        let seen = self.order.clone();
        let mut scene = Scene::new(content, found(Some(&seen)));
        scene.callback.tracking_id = Some(tracking_id.to_owned());
        let Scene { callback, policy, now, .. } = &scene;
        let found = Found { order: found(Some(&seen)), is_address_known: false };
        let situation = Situation { callback, found: &found, policy, now: *now };
        let decision = match &callback.content {
            Content::WithdrawalConfirmation(asked) => confirm(&situation, asked),
            Content::Withdrawal(withdrawal) => complete(&situation, withdrawal),
            Content::InsufficientGas(shortage) => {
                stall(&situation, &shortage.call_back_id, StallCause::InsufficientGas)
            }
            _ => unreachable!("none of these tests'"),
        };
        match decision {
            Ok(waas_callback::Decision::Commit(entry)) => {
                assert!(self.apply(&entry, &seen));
                true
            }
            Ok(waas_callback::Decision::ReadOrder) => unreachable!("it was read"),
            Err(_) => false,
        }
    }
}

fn call() -> impl Strategy<Value = Call> {
    prop::sample::select(
        &[Call::Answered, Call::AnswerLost, Call::Lost, Call::Late, Call::TurnedAway, Call::Refused][..],
    )
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        12 => (0_usize..2, call()).prop_map(|(nth, call)| Happening::Work(nth, call)),
        1 => (0_usize..2).prop_map(Happening::Die),
        1 => Just(Happening::Arrive),
        1 => Just(Happening::Cancel),
        1 => (0_usize..3).prop_map(Happening::Confirm),
        1 => Just(Happening::TellPaid),
        1 => Just(Happening::TellStalled),
        1 => Just(Happening::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// Two workers are under way as they like: no clock keeps one from taking up what the other has. The platform pays for
    /// every request that arrives, or, where it asks for a confirmation, for every one that is confirmed.
    #[test]
    fn no_order_is_paid_twice_and_no_funds_are_back_while_it_may_be_paid(
        mode in prop::sample::select(&Mode::ALL[..]),
        happenings in prop::collection::vec(happening(), 0..60),
    ) {
        let mut world = World::new(mode);
        for happening in happenings {
            world.happens(happening);
            world.is_right()?;
        }
    }
}
