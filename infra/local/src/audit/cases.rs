//! Each case that holds a deposit, that waits for the platform's word or until an order is there, or that somebody ended:
//! what its events say of it.

use std::collections::HashMap;
use std::time::SystemTime;

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use waas_callback::{CaseKey, Decimal, pause};

use super::accounts::AccountId;
use super::event::End;
use super::finding::Kind;
use super::names::{CaseId, Digest, Id, Mark, Payment, Users, digest};
use super::orders::Wrong;
use super::record::Case;

/// Whom a case waits for where the platform is asked about it, and where an order is on its way there.
const PLATFORM: &str = "platform";
const SUBMISSION: &str = "submission";

/// What the events say of the cases.
#[derive(Default)]
pub(super) struct Cases(HashMap<CaseId, Matter>);

/// What the events say of a case.
#[derive(Default)]
struct Matter {
    users: Users,
    /// The deposit that waits, or waited, for its end.
    held: Option<Held>,
    /// What ended that.
    released: Option<Released>,
    question: Question,
    /// The event that may have ended it.
    ended_by: Option<Digest>,
    /// Those after it, where something else came of its event and opened it again.
    ended_again_by: Vec<Digest>,
    /// What one of them moved, if it was what the case is about.
    moved: Option<Moved>,
    /// One of them ended the matter for good.
    is_settled: bool,
    /// Two of them moved it.
    is_contradictory: bool,
}

/// What is known of the platform's word on a case, or of the end of its submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Question {
    /// No event asks for it.
    #[default]
    None,
    /// One does.
    Open,
    /// It was given.
    Answered,
}

/// A held deposit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) account: AccountId,
    pub(super) amount: Decimal,
    pub(super) mark: Mark,
    pub(super) payment: Option<Payment>,
}

/// The end of a held deposit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Released {
    /// User, asset and amount.
    pub(super) mark: Mark,
    /// It was not the user's.
    pub(super) is_rejected: bool,
}

/// What an act moved that its case is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moved {
    Nothing,
    /// The mark of asset and amount.
    Coins(Mark),
}

/// What an event says of its case.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) user: Id,
    /// The platform is asked about it, or it is to be ordered there.
    pub(super) asks: bool,
    /// It is what the platform's word or the submission came to.
    pub(super) answers: bool,
    pub(super) held: Option<Held>,
    pub(super) released: Option<Released>,
    /// The event, if it may end the case.
    pub(super) end: Option<(&'a str, End)>,
    pub(super) moved: Option<Moved>,
}

/// What a case's record is about.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct About {
    pub(super) user: Option<Id>,
    /// The mark of user, asset and amount.
    pub(super) whose: Option<Mark>,
    /// The same without the user.
    pub(super) coins: Option<Mark>,
}

/// What came of a case.
pub(super) struct Compared {
    /// The deposit that waits in it.
    pub(super) waiting: Option<Held>,
    /// The deposit that waits in it, or became its user's: a payment on chain is credited with it.
    pub(super) credit: Option<Held>,
    pub(super) wrong: Vec<Wrong>,
}

impl Cases {
    pub(super) fn tell(&mut self, key: &str, told: Told<'_>) {
        let matter = self.0.entry(CaseId::of(key)).or_default();
        matter.users.add(told.user);
        matter.is_contradictory |= matter.moved.is_some() && told.moved.is_some();
        matter.is_contradictory |= matter.released.is_some() && told.released.is_some();
        let question = match (told.asks, told.answers) {
            (_, true) => Question::Answered,
            (true, false) => Question::Open,
            (false, false) => Question::None,
        };
        matter.question = matter.question.max(question);
        matter.held = told.held.or(matter.held);
        matter.released = told.released.or(matter.released);
        matter.moved = told.moved.or(matter.moved);
        if let Some((event, end)) = told.end {
            match matter.ended_by {
                None => matter.ended_by = Some(digest(event)),
                Some(_) => matter.ended_again_by.push(digest(event)),
            }
            matter.is_settled |= end == End::Matter;
        }
    }

    /// The cases that the events tell of and whose records were not entered yet.
    pub(super) fn keys(&self) -> impl Iterator<Item = String> {
        self.0.keys().map(ToString::to_string)
    }

    /// Leaves a case out whose record cannot be read.
    pub(super) fn forget(&mut self, key: &str) {
        self.0.remove(&CaseId::of(key));
    }

    /// Compares a case's record with its events, which are forgotten then.
    pub(super) fn record(&mut self, case: &Case, about: About) -> Compared {
        let mut matter = self.0.remove(&CaseId::of(&case.key)).unwrap_or_default();
        if self.0.is_empty() {
            self.0 = HashMap::new(); // and with it its space
        }
        if let Some(user) = about.user {
            matter.users.add(user);
        }
        matter.compared(Some((case, about)))
    }

    /// The cases that the events tell of and that have no record; they are forgotten then.
    pub(super) fn unrecorded(&mut self) -> impl Iterator<Item = (String, Compared)> {
        std::mem::take(&mut self.0).into_iter().map(|(key, matter)| (key.to_string(), matter.compared(None)))
    }
}

impl Matter {
    fn waiting(&self) -> Option<Held> {
        self.held.filter(|_| self.released.is_none())
    }

    fn is_ended_by(&self, event: Option<&str>) -> bool {
        let event = event.map(digest);
        event.is_some_and(|event| self.ended_by == Some(event) || self.ended_again_by.contains(&event))
    }

    fn compared(&self, case: Option<(&Case, About)>) -> Compared {
        let is_rejected = self.released.is_some_and(|released| released.is_rejected);
        Compared {
            waiting: self.waiting(),
            credit: self.held.filter(|_| !is_rejected),
            wrong: self.differences(case),
        }
    }

    fn differences(&self, case: Option<(&Case, About)>) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let mut find = |kind, detail: &str| wrong.push((kind, detail.to_owned(), self.users.all()));
        let of_record = match case {
            None => Some("not recorded, and its events tell of it"),
            Some((case, about)) if case.is_open => {
                self.of_open(case, about).or_else(|| self.of_question(case))
            }
            Some((case, _)) => self.of_closed(case),
        };
        if let Some(detail) = of_record {
            find(Kind::Case, detail);
        }
        if self.is_contradictory {
            find(Kind::CasePosting, "two events moved what it is about");
        }
        let held = self.held.map(|held| held.mark);
        if self.released.is_some_and(|released| Some(released.mark) != held) {
            find(Kind::CasePosting, "what ended it posted another amount than was held");
        }
        if case.zip(self.moved).is_some_and(|((case, about), moved)| !case.is_about(about, moved)) {
            find(Kind::CasePosting, "what ended it posted another amount than it is about");
        }
        wrong
    }

    fn of_open(&self, case: &Case, about: About) -> Option<&'static str> {
        match self.waiting() {
            Some(_) if !case.is_holding() => Some("its deposit is held, and none of its reasons holds one"),
            Some(held) if about.whose != Some(held.mark) => {
                Some("it is about another user, asset or amount than its deposit")
            }
            None if case.is_holding() => Some("it is open, and its deposit is not held"),
            // Only what no resolution answers is opened again after that.
            _ if self.is_settled && !case.is_asked_anew() => {
                Some("it is open, and an act has settled it: do not resolve it once more")
            }
            _ => None,
        }
    }

    fn of_question(&self, case: &Case) -> Option<&'static str> {
        let (without_question, answered, unasked) = if case.worker() == SUBMISSION {
            (
                "it is to be ordered from the platform, and none of its events says so",
                "it waits to be ordered from the platform, and that has ended",
                "it waits to be ordered from the platform, and nobody takes it up",
            )
        } else {
            (
                "the platform is asked, and none of its events is a question",
                "it waits for the platform's word, which was given",
                "it waits for the platform's word, and nobody asks",
            )
        };
        match self.question {
            Question::None if case.asks() => Some(without_question),
            Question::Answered if case.asks() || case.is_waiting() => Some(answered),
            // What an operator has dismissed is open for something else.
            Question::None | Question::Open
                if (self.question == Question::Open || case.is_waiting())
                    && self.ended_by.is_none()
                    && !case.is_asked_soon() =>
            {
                Some(unasked)
            }
            _ => None,
        }
    }

    fn of_closed(&self, case: &Case) -> Option<&'static str> {
        if self.waiting().is_some() {
            Some("its deposit is held, and it is not open")
        } else if !self.is_ended_by(case.resolution_key.as_deref()) {
            Some("it is not open, and no event that it names ended it")
        } else if case.asks() {
            Some("it is not open, and the platform is asked")
        } else {
            None
        }
    }
}

impl Case {
    fn is_for(&self, reason: &str) -> bool {
        self.reasons.iter().any(|known| known == reason)
    }

    /// Who takes it up, if anybody but an operator does.
    fn worker(&self) -> &'static str {
        if CaseKey::from(self.key.clone()).kind() == "registration" { SUBMISSION } else { PLATFORM }
    }

    /// Does it wait for the platform's word, or until it is there?
    fn is_waiting(&self) -> bool {
        self.is_for("verification") || self.is_for("submission")
    }

    /// Does it hold a deposit?
    fn is_holding(&self) -> bool {
        let is_deposits = CaseKey::from(self.key.clone()).kind() == "deposit";
        let keeps = self.is_for("verification") || self.is_for("contradicted");
        self.is_for("risk") || (is_deposits && keeps)
    }

    /// Does it stand among what is due, or look so?
    fn asks(&self) -> bool {
        self.next_ask_at.is_some() || [PLATFORM, SUBMISSION].map(Some).contains(&self.expects.as_deref())
    }

    /// Does it, and is its turn no further away than the longest pause? Twice that, for clocks differ.
    fn is_asked_soon(&self) -> bool {
        let next = self.next_ask_at.as_deref();
        let next = next.and_then(|next| DateTime::from_str(next, DateTimeFormat::DateTime).ok());
        let latest = DateTime::from(SystemTime::now() + 2 * pause(u32::MAX));
        self.expects.as_deref() == Some(self.worker()) && next.is_some_and(|next| next <= latest)
    }

    /// Is it of a confirmation or a registration, which are decided anew whatever an operator did?
    fn is_asked_anew(&self) -> bool {
        let key = CaseKey::from(self.key.clone());
        matches!(key.kind(), "withdrawal-confirmation" | "registration")
    }

    fn is_about(&self, about: About, moved: Moved) -> bool {
        match moved {
            Moved::Nothing => self.amount.is_none_or(Decimal::is_zero),
            Moved::Coins(coins) => about.coins == Some(coins),
        }
    }
}
