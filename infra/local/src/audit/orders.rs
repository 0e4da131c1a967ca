//! Each order: where its events have brought it, and what they moved.

use indexmap::IndexMap;
use waas_callback::{Decimal, OrderState};

use super::accounts::AccountId;
use super::event::{Basis, Submitted};
use super::finding::Kind;
use super::names::{Id, Mark, Users};
use super::record::Submission;
use super::way::Way;

/// What the events say of the orders.
#[derive(Default)]
pub(super) struct Orders(IndexMap<Box<str>, Life>);

/// What the events say of an order.
#[derive(Default)]
pub(super) struct Life {
    users: Users,
    /// How far they have brought it, and when it ended.
    state: Option<OrderState>,
    ended_at: u64,
    registered_at: u64,
    /// When an operator last said that it was paid, and at whose cost.
    made_good_at: u64,
    /// It was registered, or settled, or ended by the platform or the merchant, twice.
    is_contradictory: bool,
    needs_act: bool,
    registered: Option<Registered>,
    /// What had been reported of it as paid.
    reported: Option<Mark>,
    settled: Option<Mark>,
    /// What an operator's acts charged or gave back.
    corrected: Vec<Correction>,
    /// Its way to the platform, if it is ordered from here: boxed, for most are not.
    way: Option<Box<Way>>,
}

/// What an operator's act charged or gave back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Correction {
    pub(super) basis: Basis,
    pub(super) mark: Mark,
    /// The same without the user.
    pub(super) coins: Mark,
}

/// Whose an order is, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Registered {
    pub(super) account: AccountId,
    pub(super) amount: Decimal,
    pub(super) mark: Mark,
    /// The same, to whom, and in which state: what its record has to show.
    pub(super) shown: Mark,
}

/// What an event says of its order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) user: Id,
    pub(super) at: u64,
    pub(super) state: Option<OrderState>,
    pub(super) makes_good: bool,
    pub(super) needs_act: bool,
    pub(super) registered: Option<Registered>,
    pub(super) reported: Option<Mark>,
    pub(super) settled: Option<Mark>,
    pub(super) corrected: Option<Correction>,
    pub(super) submission: Option<Submitted>,
}

/// What an order's record says.
pub(super) struct Recorded {
    pub(super) user: Option<Id>,
    pub(super) state: OrderState,
    pub(super) is_registered: bool,
    /// User, asset, amount, address, and the state in which it is paid.
    pub(super) shown: Option<Mark>,
    pub(super) submission: Option<Submission>,
    /// What it waits for, where it stands among those that do.
    pub(super) awaits: Option<String>,
}

impl Recorded {
    /// What it has to wait for, by itself.
    fn has_to_await(&self) -> Option<&'static str> {
        match (self.state, self.is_registered) {
            (OrderState::Reserved | OrderState::Confirmed, _) => Some("end"),
            (OrderState::Completed, false) => Some("registration"),
            (
                OrderState::Reported | OrderState::Completed | OrderState::Failed | OrderState::Cancelled,
                _,
            ) => None,
        }
    }
}

/// What is wrong with an order.
pub(super) type Wrong = (Kind, String, Vec<Id>);

fn has_ended(state: OrderState) -> bool {
    match state {
        OrderState::Reported | OrderState::Reserved | OrderState::Confirmed => false,
        OrderState::Completed | OrderState::Failed | OrderState::Cancelled => true,
    }
}

impl Life {
    fn tell(&mut self, told: Told) {
        self.users.add(told.user);
        self.is_contradictory |= told.registered.is_some() && self.registered.is_some();
        self.is_contradictory |= told.settled.is_some() && self.settled.is_some();
        self.registered = told.registered.or(self.registered);
        self.reported = told.reported.or(self.reported);
        self.settled = told.settled.or(self.settled);
        self.corrected.extend(told.corrected);
        self.needs_act |= told.needs_act;
        if told.registered.is_some() {
            self.registered_at = told.at;
        }
        if told.makes_good {
            self.made_good_at = self.made_good_at.max(told.at);
        }
        if let Some(state) = told.state {
            self.reach(state, told.at);
        }
        if let Some(submission) = told.submission {
            self.way.get_or_insert_default().tell(submission);
        }
    }

    /// Where they have brought it. What was paid is completed, unless nobody had registered it by then.
    fn stands(&self) -> Option<OrderState> {
        let is_made_good = self.registered.is_some() && self.made_good_at >= self.registered_at;
        let is_latest = is_made_good && self.made_good_at >= self.ended_at;
        if is_latest { Some(OrderState::Completed) } else { self.state }
    }

    /// The events come in no order: of those that leave it open, the furthest counts; of those that end it, and which
    /// only an operator makes more than one, the latest.
    fn reach(&mut self, state: OrderState, at: u64) {
        let ended = self.state.filter(|state| has_ended(*state));
        match ended {
            Some(_) if !has_ended(state) => {}
            Some(_) if at < self.ended_at => {}
            Some(_) | None if has_ended(state) => (self.state, self.ended_at) = (Some(state), at),
            _ => self.state = self.state.max(Some(state)),
        }
    }
}

impl Orders {
    pub(super) fn tell(&mut self, id: &str, told: Told) {
        self.0.entry(id.into()).or_default().tell(told);
    }

    /// The orders that the events tell of and whose records were not entered yet.
    pub(super) fn ids(&self) -> impl Iterator<Item = String> {
        self.0.keys().map(ToString::to_string)
    }

    /// Leaves an order out whose record cannot be read.
    pub(super) fn forget(&mut self, id: &str) {
        self.0.swap_remove(id);
    }

    /// Compares an order's record with its events, which are forgotten then. What it froze, if it is open.
    pub(super) fn record(&mut self, id: &str, recorded: &Recorded) -> (Option<Registered>, Vec<Wrong>) {
        let mut life = self.0.swap_remove(id).unwrap_or_default();
        if self.0.is_empty() {
            self.0 = IndexMap::new(); // and with it its space
        }
        if let Some(user) = recorded.user {
            life.users.add(user);
        }
        let users = life.users.all();
        let mut wrong = Vec::new();
        let mut find = |kind, detail: &str| wrong.push((kind, detail.to_owned(), users.clone()));
        if let Some(detail) = life.way.take().unwrap_or_default().differs(recorded.submission) {
            find(Kind::OrderSubmission, detail);
        }
        match (recorded.has_to_await(), recorded.awaits.as_deref()) {
            (expected, found) if expected == found => {}
            (Some(_), None) => find(Kind::OrderOpen, "it waits, and is not among those that do"),
            (None, Some(_)) => find(Kind::OrderOpen, "it waits for nothing, and is among those that do"),
            (Some(_), Some(_)) => {
                find(Kind::OrderOpen, "it waits for something else, or since nobody knows when");
            }
            (None, None) => {}
        }
        let Life { registered, reported, settled, .. } = life;
        let state = life.stands();
        let is_open = matches!(recorded.state, OrderState::Reserved | OrderState::Confirmed);
        match (recorded.is_registered, registered) {
            (true, None) => find(Kind::OrderRegistration, "it looks registered, and no event registered it"),
            (false, Some(_)) => {
                find(Kind::OrderRegistration, "an event registered it, and it does not look so");
            }
            (true, Some(registered)) if recorded.shown != Some(registered.shown) => {
                find(
                    Kind::OrderTerms,
                    "it shows another user, asset, amount, address or way of being paid than was registered",
                );
            }
            _ => {}
        }
        if state != Some(recorded.state) {
            let state = state.map_or("of nothing", OrderState::name);
            find(Kind::OrderState, &format!("recorded {}, its events tell {state}", recorded.state));
        }
        let terms = registered.map(|registered| registered.mark);
        let corrected = &life.corrected;
        let is_right = |of: &Correction| match of.basis {
            Basis::Registered => terms == Some(of.mark),
            Basis::Reported => reported == Some(of.coins),
            Basis::OfCase => true,
            Basis::Taken => {
                let mut charged = corrected.iter().filter(|charged| charged.basis != Basis::Taken);
                terms == Some(of.mark) || charged.any(|charged| charged.mark == of.mark)
            }
        };
        if life.is_contradictory {
            find(Kind::OrderPosting, "it was registered or ended twice");
        } else if settled.is_some() && settled != terms {
            find(Kind::OrderPosting, "what ended it posted another amount than was registered");
        } else if !corrected.iter().all(is_right) {
            find(Kind::OrderPosting, "a resolution posted another amount than the order's");
        } else if life.needs_act && life.made_good_at == 0 {
            find(Kind::OrderPosting, "it was registered as paid, and nothing was posted for it");
        }
        (registered.filter(|_| is_open), wrong)
    }

    /// Orders that the events tell of and that have no record.
    pub(super) fn unrecorded(&self) -> impl Iterator<Item = (&str, Wrong)> {
        self.0.iter().filter_map(|(id, life)| {
            let detail = format!("not recorded, its events tell {}", life.stands()?);
            Some((&**id, (Kind::OrderState, detail, life.users.all())))
        })
    }
}
