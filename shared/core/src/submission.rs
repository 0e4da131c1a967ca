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
use crate::order::state::{Order, OrderState};
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

    /// Does nobody know whether the platform has the order? What it said no to is not known to be gone before it is asked.
    #[must_use]
    pub fn is_doubtful(self) -> bool {
        match self.stage {
            Stage::Requested | Stage::Submitting => self.may_have_arrived,
            Stage::Refused => true,
            Stage::Submitted => false,
        }
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
    /// It answers with a number that is not 0: that it knows no such order, or that it is out of order.
    Refused,
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
    if !order.standing().is_open() {
        return Step::End(End::Over);
    }
    // The platform speaks of it: it has it. That it stalls there binds it to nothing, and is not enough of a word.
    if order.tracking_id.is_some() || order.state == OrderState::Confirmed {
        return Step::End(End::Submitted);
    }
    match submission.stage {
        Stage::Requested | Stage::Submitting if order.stalled.is_some() => Step::Ask,
        Stage::Submitted => Step::End(End::Submitted),
        Stage::Requested | Stage::Submitting if order.is_held && !submission.may_have_arrived => Step::Wait,
        Stage::Requested if !submission.may_have_arrived => Step::Send,
        // Turned away at the door, too: that is not enough of a word to send it twice.
        Stage::Requested | Stage::Submitting | Stage::Refused => Step::Ask,
    }
}

/// What is to be done once the platform was asked. What may have arrived is sent again only where a second order of that
/// name cannot be paid: each has to be confirmed, and only one ever is.
///
/// What it said no to, it has to be without by its own plain word. A number in its place is believed if it is said still once
/// that has been so for too long, `is_overdue`: who says no to everything for a while says nothing of the order. Of a
/// direct one it is not believed at all: that is a person's to judge.
#[must_use]
pub fn after_asking(order: &Order, told: Told, is_overdue: bool) -> Step {
    let Some(submission) = order.submission else { return Step::End(End::Over) };
    let is_refused = submission.stage == Stage::Refused;
    let may_be_sent = order.mode == Mode::Confirmed || !submission.may_have_arrived;
    match told {
        Told::Known { is_ours: false } => Step::End(End::Unclear(Doubt::OtherTerms)),
        Told::Known { is_ours: true } if is_refused => Step::End(End::Unclear(Doubt::RefusedAndKnown)),
        Told::Known { is_ours: true } => Step::End(End::Submitted),
        Told::Unknown if is_refused => Step::End(End::Refused),
        // What nobody has to confirm may be paid all the same.
        Told::Refused if is_refused && is_overdue && order.mode == Mode::Direct => {
            Step::End(End::Unclear(Doubt::Silence))
        }
        Told::Refused if is_refused && is_overdue => Step::End(End::Refused),
        Told::Refused if is_refused => Step::Wait,
        Told::Unknown | Told::Refused if may_be_sent && !order.is_held => Step::Send,
        Told::Unknown | Told::Refused => Step::Wait,
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
        // Whoever stands between may have sent it twice, and the one that was refused may be the first to be answered. So
        // it is asked at the next turn, and not at once.
        Sent::Refused => (Submission { stage: Stage::Refused, may_have_arrived: false, ..begun }, Step::Wait),
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
        // The order's record, too: whoever has learned more meanwhile has changed it.
        (End::Unclear(_), _) => {
            let order = Some(noted(order, submission));
            Entry { order, ..Entry::of(Outcome::SubmissionUnclear) }
        }
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
        assert_eq!((after, step), (at(Stage::Refused, false), Step::Wait));
        assert!(after.is_doubtful());
        let doubted = at(Stage::Submitting, true);
        let (after, step) = after_sending(doubted, Sent::Refused);
        assert!(after.may_have_arrived);
        assert_eq!(step, Step::End(End::Unclear(Doubt::RefusedAndKnown)));
    }

    fn order(mode: Mode, submission: Submission) -> Order {
        Order {
            call_back_id: "w".into(),
            version: 1,
            is_registered: true,
            tenant_user_id: "user".into(),
            terms: None,
            reported: None,
            state: OrderState::Reserved,
            is_held: false,
            mode,
            tracking_id: None,
            tx_id: None,
            stalled: None,
            failure_reported: None,
            submission: Some(submission),
            fee: None,
            charged: None,
            registered_at: None,
            updated_at: None,
        }
    }

    #[test]
    fn after_the_first_call_the_platform_is_asked_before_any_other() {
        for mode in Mode::ALL {
            assert_eq!(next_step(&order(mode, Submission::requested())), Step::Send);
            for doubt in [true, false] {
                assert_eq!(next_step(&order(mode, at(Stage::Submitting, doubt))), Step::Ask);
                assert_eq!(next_step(&order(mode, at(Stage::Refused, doubt))), Step::Ask);
            }
        }
    }

    #[test]
    fn what_may_have_arrived_is_sent_again_only_where_it_has_to_be_confirmed() {
        for told in [Told::Unknown, Told::Refused] {
            for is_overdue in [true, false] {
                let step =
                    |mode, doubt| after_asking(&order(mode, at(Stage::Submitting, doubt)), told, is_overdue);
                assert_eq!([step(Mode::Direct, true), step(Mode::Direct, false)], [Step::Wait, Step::Send]);
                assert_eq!([step(Mode::Confirmed, true), step(Mode::Confirmed, false)], [Step::Send; 2]);
            }
        }
    }

    #[test]
    fn funds_are_back_only_upon_the_platforms_plain_word_or_of_what_has_to_be_confirmed_a_number_said_for_too_long()
     {
        for mode in Mode::ALL {
            let step =
                |told, is_overdue| after_asking(&order(mode, at(Stage::Refused, false)), told, is_overdue);
            for is_overdue in [true, false] {
                assert_eq!(step(Told::Unknown, is_overdue), Step::End(End::Refused));
                let known = step(Told::Known { is_ours: true }, is_overdue);
                assert_eq!(known, Step::End(End::Unclear(Doubt::RefusedAndKnown)));
            }
            // What is paid without a confirmation may be paid all the same: that is a person's to judge.
            let at_last = match mode {
                Mode::Confirmed => Step::End(End::Refused),
                Mode::Direct => Step::End(End::Unclear(Doubt::Silence)),
            };
            assert_eq!([step(Told::Refused, false), step(Told::Refused, true)], [Step::Wait, at_last]);
        }
    }

    #[test]
    fn an_order_on_hold_is_not_sent() {
        for (stage, doubt, expected) in [
            (Stage::Requested, false, Step::Wait),
            (Stage::Submitting, false, Step::Wait),
            (Stage::Submitting, true, Step::Ask),
        ] {
            let held = Order { is_held: true, ..order(Mode::Confirmed, at(stage, doubt)) };
            assert_eq!(next_step(&held), expected);
            assert_eq!(after_asking(&held, Told::Unknown, false), Step::Wait);
        }
    }
}
