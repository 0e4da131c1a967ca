//! Submission: a registered withdrawal is ordered from the platform, and never twice by us.
//!
//! That a call is made is written before it is made. So whoever takes the matter up after a crash knows that it may have
//! arrived, and asks before it does anything else.

use std::fmt;
use std::str::FromStr;

use crate::call_back_id::CallBackId;
use crate::entry::Entry;
use crate::mode::Mode;
use crate::money::Decimal;
use crate::order::state::{Order, OrderState, Standing};
use crate::order::update::OrderUpdate;
use crate::outcome::Outcome;
use crate::posting::Posting;

/// How far the submission of an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Submission {
    /// Where it stands.
    pub stage: Stage,
    /// How many calls were made, or begun.
    pub attempts: u32,
    /// May one of them have reached the platform, as far as anybody knows?
    pub may_have_arrived: bool,
}

/// Where a submission stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The merchant wants it; no call was begun.
    Requested,
    /// A call was begun.
    Submitting,
    /// The platform has the order.
    Submitted,
    /// The platform said no.
    Refused,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Requested, Self::Submitting, Self::Submitted, Self::Refused];

    /// The name in records and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Submitting => "submitting",
            Self::Submitted => "submitted",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Stage {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|stage| stage.name() == text).ok_or(())
    }
}

impl Submission {
    /// That of a new order.
    #[must_use]
    pub fn requested() -> Self {
        Self { stage: Stage::Requested, attempts: 0, may_have_arrived: false }
    }

    /// May the platform have the order?
    #[must_use]
    pub fn is_under_way(self) -> bool {
        self.may_have_arrived || self.stage == Stage::Submitted
    }

    /// The one more that a call makes: written before it is made.
    #[must_use]
    pub fn begun(self) -> Self {
        Self { stage: Stage::Submitting, attempts: self.attempts.saturating_add(1), may_have_arrived: true }
    }
}

/// What is to be done next for a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Order it from the platform.
    Send,
    /// Ask the platform whether it has the order.
    Ask,
    /// Nothing now: try again later.
    Wait,
    /// It is at its end.
    End(End),
}

/// How a submission ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The platform has the order.
    Submitted,
    /// The platform said no, and never had it: the funds are available again.
    Refused,
    /// The order ended otherwise: there is nothing left to submit.
    Over,
    /// Nobody can tell whether the platform has the order, or what it has: a person has to look. The funds stay frozen.
    Unclear(Doubt),
}

/// Why nobody can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// For too long there was no answer that says so or so.
    Silence,
    /// The platform has an order of that name with another symbol or amount.
    OtherTerms,
    /// The platform said no, though an earlier call may have arrived, or it knows the order.
    RefusedAndKnown,
}

impl Doubt {
    /// The name in records and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::OtherTerms => "other-terms",
            Self::RefusedAndKnown => "refused-and-known",
        }
    }
}

/// What a call to order it has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// The platform accepted.
    Accepted,
    /// Nothing was sent, or nobody there looked at it: whoever refuses at the door.
    NotSent,
    /// The platform says no to this call.
    Refused,
    /// It may have arrived.
    Unclear,
}

/// What the platform says when it is asked for the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It has the order, of this symbol and amount as far as it says so.
    Known {
        /// Is it of the order's symbol and amount?
        is_ours: bool,
    },
    /// It knows no such order.
    Unknown,
}

impl Told {
    /// What it knows of an order, held against ours.
    #[must_use]
    pub fn known(order: &Order, symbol: Option<&str>, amount: Option<Decimal>) -> Self {
        let is_ours = order.terms.as_ref().is_none_or(|terms| {
            symbol.is_none_or(|symbol| symbol == terms.asset.symbol())
                && amount.is_none_or(|amount| amount == terms.amount.value())
        });
        Self::Known { is_ours }
    }
}

/// What is to be done for an order, upon nothing but its record.
#[must_use]
pub fn next_step(order: &Order) -> Step {
    let Some(submission) = order.submission else { return Step::End(End::Over) };
    match order.standing() {
        Standing::Reserved | Standing::Direct | Standing::UnderWay | Standing::Confirmed => {}
        Standing::Absent
        | Standing::Reported
        | Standing::Completed
        | Standing::CompletedUnproven
        | Standing::Failed
        | Standing::Cancelled
        | Standing::CompletedUnregistered
        | Standing::FailedUnregistered
        | Standing::Foreign => return Step::End(End::Over),
    }
    // The platform speaks of it: it has it.
    if order.tracking_id.is_some() || order.stalled.is_some() || order.state == OrderState::Confirmed {
        return Step::End(End::Submitted);
    }
    match submission.stage {
        Stage::Submitted => Step::End(End::Submitted),
        Stage::Refused => Step::Ask,
        Stage::Requested | Stage::Submitting if submission.may_have_arrived => Step::Ask,
        Stage::Requested | Stage::Submitting if order.is_held => Step::Wait,
        Stage::Requested | Stage::Submitting => Step::Send,
    }
}

/// What is to be done once the platform was asked. What may have arrived is sent again only where a second order of that
/// name cannot be paid: each has to be confirmed, and only one ever is.
#[must_use]
pub fn after_asking(order: &Order, told: Told) -> Step {
    let is_refused = order.submission.is_some_and(|submission| submission.stage == Stage::Refused);
    match told {
        Told::Known { is_ours: false } => Step::End(End::Unclear(Doubt::OtherTerms)),
        Told::Known { is_ours: true } if is_refused => Step::End(End::Unclear(Doubt::RefusedAndKnown)),
        Told::Known { is_ours: true } => Step::End(End::Submitted),
        Told::Unknown if is_refused => Step::End(End::Refused),
        Told::Unknown if order.mode == Mode::Confirmed && !order.is_held => Step::Send,
        Told::Unknown => Step::Wait,
    }
}

/// What a call has come to that was begun upon `before`: how the submission stands from now on, and what is to be done.
#[must_use]
pub fn after_sending(before: Submission, sent: Sent) -> (Submission, Step) {
    let begun = before.begun();
    match sent {
        Sent::Accepted => (Submission { stage: Stage::Submitted, ..begun }, Step::End(End::Submitted)),
        Sent::NotSent => (Submission { may_have_arrived: before.may_have_arrived, ..begun }, Step::Wait),
        Sent::Unclear => (begun, Step::Wait),
        Sent::Refused if before.may_have_arrived => (begun, Step::End(End::Unclear(Doubt::RefusedAndKnown))),
        Sent::Refused => (Submission { stage: Stage::Refused, may_have_arrived: false, ..begun }, Step::Ask),
    }
}

/// That a call is begun, or what has come of one: a change of the order's record alone.
#[must_use]
pub fn noted(order: &Order, submission: Submission) -> OrderUpdate {
    OrderUpdate { submission: Some(submission), ..OrderUpdate::of(&order.call_back_id, Some(order)) }
}

/// What the end of a submission does to the ledger.
#[must_use]
pub fn ended(order: &Order, end: End) -> Entry {
    let id: &CallBackId = &order.call_back_id;
    let submission = order.submission.unwrap_or_else(Submission::requested);
    let update = OrderUpdate::of(id, Some(order));
    match (end, &order.terms) {
        (End::Submitted, _) => {
            let submission = Submission { stage: Stage::Submitted, may_have_arrived: true, ..submission };
            let order = Some(OrderUpdate { submission: Some(submission), ..update });
            Entry { order, ..Entry::of(Outcome::Submitted) }
        }
        (End::Refused, Some(terms)) => {
            let amount = terms.amount.value();
            let none = Posting::empty(&order.tenant_user_id, &terms.asset);
            let postings = vec![Posting { available: amount, frozen: -amount, ..none }];
            let order = Some(OrderUpdate { state: Some(OrderState::Failed), ..update });
            Entry { postings, order, ..Entry::of(Outcome::SubmissionRefused) }
        }
        (End::Over | End::Refused, _) => Entry::of(Outcome::Ignored),
        (End::Unclear(_), _) => Entry::of(Outcome::SubmissionUnclear),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(stage: Stage, may_have_arrived: bool) -> Submission {
        Submission { stage, attempts: 1, may_have_arrived }
    }

    #[test]
    fn a_call_is_taken_for_made_as_soon_as_it_is_begun() {
        let begun = Submission::requested().begun();
        assert_eq!(begun, at(Stage::Submitting, true));
        assert!(begun.is_under_way());
        assert!(!Submission::requested().is_under_way());
    }

    #[test]
    fn only_what_certainly_was_not_sent_leaves_no_doubt() {
        let new = Submission::requested();
        assert_eq!(after_sending(new, Sent::NotSent), (at(Stage::Submitting, false), Step::Wait));
        assert_eq!(after_sending(new, Sent::Unclear), (at(Stage::Submitting, true), Step::Wait));
        // A doubt that was there before is there still.
        let doubted = Submission { attempts: 0, ..at(Stage::Submitting, true) };
        assert_eq!(after_sending(doubted, Sent::NotSent), (at(Stage::Submitting, true), Step::Wait));
    }

    #[test]
    fn a_no_ends_it_only_where_no_earlier_call_may_have_arrived() {
        let (after, step) = after_sending(Submission::requested(), Sent::Refused);
        assert_eq!((after, step), (at(Stage::Refused, false), Step::Ask));
        let doubted = at(Stage::Submitting, true);
        let (after, step) = after_sending(doubted, Sent::Refused);
        assert!(after.may_have_arrived);
        assert_eq!(step, Step::End(End::Unclear(Doubt::RefusedAndKnown)));
    }
}
