//! Each case that holds a deposit or that an operator ended: what its events moved.

use std::collections::HashMap;

use waas_callback::{CaseKey, Decimal};

use super::accounts::AccountId;
use super::event::Moved;
use super::finding::Kind;
use super::names::{Id, Mark};
use super::orders::Wrong;
use super::record::Case;

/// What the events say of the cases.
#[derive(Default)]
pub(super) struct Cases(HashMap<Box<str>, Matter>);

/// What the events say of a case.
#[derive(Default)]
struct Matter {
    users: Vec<Id>,
    /// The deposit that waits, or waited, for its end.
    held: Option<Held>,
    /// User, asset and amount of what ended that.
    released: Option<Mark>,
    /// The events that ended it: more than one where something else came of its event later, and opened it again.
    ended_by: Vec<Box<str>>,
    /// What one of them moved, if it was what the case is about.
    moved: Option<Moved>,
    /// One of them ended the matter for good.
    is_settled: bool,
    /// Two of them moved it.
    is_contradictory: bool,
}

/// A held deposit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) account: AccountId,
    pub(super) amount: Decimal,
    pub(super) mark: Mark,
}

/// What an event says of its case.
pub(super) struct Told<'a> {
    pub(super) user: Id,
    pub(super) held: Option<Held>,
    pub(super) released: Option<Mark>,
    /// The event, if it ends the case.
    pub(super) ended_by: Option<&'a str>,
    /// It ends the matter for good.
    pub(super) is_settled: bool,
    pub(super) moved: Option<Moved>,
}

impl Cases {
    pub(super) fn tell(&mut self, key: &str, told: Told<'_>) {
        let matter = self.0.entry(key.into()).or_default();
        matter.users.push(told.user);
        matter.is_contradictory |= matter.moved.is_some() && told.moved.is_some();
        matter.is_contradictory |= matter.released.is_some() && told.released.is_some();
        matter.is_settled |= told.is_settled;
        matter.held = told.held.or(matter.held);
        matter.released = told.released.or(matter.released);
        matter.ended_by.extend(told.ended_by.map(Box::from));
        matter.moved = told.moved.or(matter.moved.take());
    }

    /// The cases that the events tell of and whose records were not entered yet.
    pub(super) fn keys(&self) -> impl Iterator<Item = String> {
        self.0.keys().map(ToString::to_string)
    }

    /// Leaves a case out whose record cannot be read.
    pub(super) fn forget(&mut self, key: &str) {
        self.0.remove(key);
    }

    /// Compares a case's record with its events, which are forgotten then. The deposit that it holds, if it does.
    pub(super) fn record(&mut self, case: &Case, user: Option<Id>) -> (Option<Held>, Vec<Wrong>) {
        let mut matter = self.0.remove(&*case.key).unwrap_or_default();
        matter.users.extend(user);
        (matter.waiting(), matter.differences(Some(case)))
    }

    /// Cases that the events tell of and that have no record.
    pub(super) fn unrecorded(&self) -> impl Iterator<Item = (&str, Wrong)> {
        let of_case = |(key, matter)| (key, Matter::differences(matter, None));
        self.0.iter().map(of_case).flat_map(|(key, wrong)| wrong.into_iter().map(|wrong| (&**key, wrong)))
    }

    /// The deposits that these hold.
    pub(super) fn unrecorded_held(&self) -> impl Iterator<Item = Held> {
        self.0.values().filter_map(Matter::waiting)
    }
}

impl Matter {
    fn waiting(&self) -> Option<Held> {
        self.held.filter(|_| self.ended_by.is_empty())
    }

    fn is_ended_by(&self, event: Option<&str>) -> bool {
        event.is_some_and(|event| self.ended_by.iter().any(|known| **known == *event))
    }

    fn differences(&self, case: Option<&Case>) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let mut find = |kind, detail: &str| wrong.push((kind, detail.to_owned(), self.users.clone()));
        let is_waiting = self.waiting().is_some();
        let is_open = case.is_some_and(|case| case.is_open);
        match case {
            None => find(Kind::Case, "not recorded, and its events tell of it"),
            Some(_) if is_waiting && !is_open => find(Kind::Case, "its deposit is held, and it is not open"),
            Some(case) if is_open && case.is_holding && !is_waiting => {
                find(Kind::Case, "it is open, and its deposit is not held");
            }
            // Only what no resolution answers is opened again after that.
            Some(case) if is_open && self.is_settled && !case.is_asked_anew() => {
                find(Kind::Case, "it is open, and an act has settled it: do not resolve it once more");
            }
            Some(case) if !is_open && !self.is_ended_by(case.resolution_key.as_deref()) => {
                find(Kind::Case, "it is not open, and no event that it names ended it");
            }
            Some(_) => {}
        }
        if self.is_contradictory {
            find(Kind::CasePosting, "two events moved what it is about");
        }
        if self.released.is_some() && self.released != self.held.map(|held| held.mark) {
            find(Kind::CasePosting, "what ended it posted another amount than was held");
        }
        if case.zip(self.moved.as_ref()).is_some_and(|(case, moved)| !case.is_about(moved)) {
            find(Kind::CasePosting, "what ended it posted another amount than it is about");
        }
        wrong
    }
}

impl Case {
    /// Is it of a confirmation or a registration, which are decided anew whatever an operator did?
    fn is_asked_anew(&self) -> bool {
        let key = CaseKey::from(self.key.clone());
        matches!(key.kind(), "withdrawal-confirmation" | "registration")
    }

    fn is_about(&self, moved: &Moved) -> bool {
        match moved {
            Moved::Nothing => self.amount.is_none_or(Decimal::is_zero),
            Moved::Coins((asset, amount)) => {
                self.asset.as_ref() == Some(asset) && self.amount == Some(*amount)
            }
        }
    }
}
