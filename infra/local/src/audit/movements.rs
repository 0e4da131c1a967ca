//! Each movement and each adjustment: the legs that it tells of, and those that are recorded.

use std::collections::HashMap;

use super::finding::Kind;
use super::names::{Id, Mark};
use super::orders::Wrong;

/// What the events say of movements and adjustments that are not whole yet, by the event of the whole. One whose legs are
/// as it tells is forgotten.
#[derive(Default)]
pub(super) struct Movements(HashMap<Box<str>, Parts>);

#[derive(Default)]
struct Parts {
    told: Told,
    recorded: Tally,
    users: Vec<Id>,
}

/// What the event of the whole says.
#[derive(Default)]
enum Told {
    #[default]
    Nothing,
    Legs(Tally),
    /// It is there, and cannot be read.
    Unreadable,
}

/// Stands for legs, whose order means nothing: how many, and the sum of their marks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    count: u32,
    marks: u64,
}

impl Tally {
    pub(super) fn add(&mut self, mark: Mark) {
        self.count += 1;
        self.marks = self.marks.wrapping_add(mark.get());
    }
}

impl Movements {
    /// Enters what the event of the whole tells.
    pub(super) fn whole(&mut self, key: &str, told: Tally, users: impl IntoIterator<Item = Id>) {
        self.change(key, users, |parts| parts.told = Told::Legs(told));
    }

    /// Enters a leg that is recorded.
    pub(super) fn leg(&mut self, whole: &str, leg: Mark, user: Id) {
        self.change(whole, [user], |parts| parts.recorded.add(leg));
    }

    /// Leaves one out whose event cannot be read.
    pub(super) fn forget(&mut self, key: &str) {
        self.change(key, [], |parts| parts.told = Told::Unreadable);
    }

    fn change(&mut self, key: &str, users: impl IntoIterator<Item = Id>, change: impl Fn(&mut Parts)) {
        let parts = self.0.entry(key.into()).or_default();
        change(parts);
        for user in users {
            if !parts.users.contains(&user) {
                parts.users.push(user);
            }
        }
        if matches!(parts.told, Told::Legs(told) if told == parts.recorded) {
            self.0.remove(key);
        }
    }

    /// Those that are not as they tell.
    pub(super) fn differences(&self) -> impl Iterator<Item = (&str, Wrong)> {
        self.0.iter().filter_map(|(key, parts)| {
            let recorded = parts.recorded.count;
            let detail = match &parts.told {
                Told::Unreadable => return None,
                Told::Nothing => format!("{recorded} legs are recorded that it does not tell of"),
                Told::Legs(Tally { count, .. }) if *count != recorded => {
                    format!("it tells of {count} legs, and {recorded} are recorded")
                }
                Told::Legs(_) => "other legs are recorded than it tells of".to_owned(),
            };
            Some((&**key, (Kind::Movement, detail, parts.users.clone())))
        })
    }
}
