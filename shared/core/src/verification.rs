//! Verification: what gives something away waits until the platform vouches for it. What its word comes to.

use std::time::Duration;

use crate::address::Address;
use crate::callback::{Callback, CallbackType, Content, Deposit};
use crate::case::{Claim, Reason};
use crate::entry::{AddressUpdate, Entry, Knowledge};
use crate::money::{Amount, Decimal};
use crate::order::decisions::failure_verified;
use crate::order::state::Order;
use crate::outcome::Outcome;
use crate::posting::Posting;
use crate::refusal::Refusal;

/// What the platform says of what was claimed. That it cannot be reached, or understood, is no word of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// The same.
    Agrees,
    /// Something else: in what.
    Differs(Difference),
    /// It knows nothing of it, yet or at all.
    Unknown,
    /// It is neither so nor otherwise yet.
    NotFinal,
    /// Nobody here knows the user, and the question for its address would make it one of the platform's: not asked.
    UnknownUser,
    /// It answers another question: of what it names, something is not what was asked for.
    OtherQuestion,
}

/// In what the platform's word differs from the claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// The deposit's amount.
    Amount,
    /// The address that received the deposit is not the user's.
    User,
    /// The address that received the deposit is one of many users', told apart by a tag: it says not whose it is.
    SharedAddress,
    /// The order is another's than the failure's: symbol or amount.
    Terms,
    /// The order is complete: paid.
    Paid,
    /// The order stands here where it cannot have failed: completed, or another withdrawal's.
    Order,
    /// The user's address.
    Address,
}

/// What a word comes to, by how long the platform has been silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// What was claimed is true.
    True,
    /// It is not believed: a person's, from now on.
    Contradicted,
    /// To be asked again.
    AskAgain,
}

impl Word {
    /// What it comes to where it is that long since the platform first answered without saying so or so, which counts as a
    /// contradiction from `limit` on.
    #[must_use]
    pub fn ruling(self, silent_for: Duration, limit: Duration) -> Ruling {
        match self {
            Self::Agrees => Ruling::True,
            word if word.is_silent() && silent_for < limit => Ruling::AskAgain,
            _ => Ruling::Contradicted,
        }
    }

    /// May it be another the next time it is asked for? So may a user's address, which can be about to change.
    #[must_use]
    pub fn is_silent(self) -> bool {
        match self {
            Self::Unknown | Self::NotFinal | Self::UnknownUser | Self::OtherQuestion => true,
            Self::Differs(difference) => difference == Difference::Address,
            Self::Agrees => false,
        }
    }

    /// The name in records and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Differs(Difference::Amount) => "other-amount",
            Self::Differs(Difference::User) => "other-user",
            Self::Differs(Difference::SharedAddress) => "shared-address",
            Self::Differs(Difference::Terms) => "other-terms",
            Self::Differs(Difference::Paid) => "paid",
            Self::Differs(Difference::Order) => "other-order",
            Self::Differs(Difference::Address) => "other-address",
            Self::Unknown => "unknown",
            Self::NotFinal => "not-final",
            Self::UnknownUser => "unknown-user",
            Self::OtherQuestion => "other-question",
        }
    }
}

/// How long to wait before the question is asked for the next time, after so many times: 15 seconds, then twice as long
/// each time, and a quarter of an hour at most.
#[must_use]
pub fn pause(asked: u32) -> Duration {
    const FIRST: Duration = Duration::from_secs(15);
    const LONGEST: Duration = Duration::from_mins(15);
    FIRST.saturating_mul(1_u32.checked_shl(asked).unwrap_or(u32::MAX)).min(LONGEST)
}

/// Is the platform asked about a callback that was refused? About a deposit whose event is known with other content: of
/// the two, one may be spliced, and it may be the first.
#[must_use]
pub fn is_asked_about(callback: &Callback, refusal: Refusal) -> bool {
    callback.callback_type() == CallbackType::Deposit && refusal == Refusal::EventConflict
}

/// What the platform's amount of a deposit says of the callback's.
#[must_use]
pub fn word_of_deposit(deposit: &Deposit, amount: &Amount) -> Word {
    if deposit.amount.value() == amount.value() { Word::Agrees } else { Word::Differs(Difference::Amount) }
}

/// What the platform's present address of a user says of the callback's.
#[must_use]
pub fn word_of_address(claimed: &Address, present: &Address) -> Word {
    if claimed == present { Word::Agrees } else { Word::Differs(Difference::Address) }
}

/// How a withdrawal order stands at the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Neither paid nor ended.
    Open,
    /// Paid.
    Paid,
    /// Ended without being paid.
    EndedUnpaid,
}

/// What the platform's order says of a failure of ours: how it stands, of which symbol and amount, where that is told.
#[must_use]
pub fn word_of_failure(
    order: Option<&Order>,
    progress: Progress,
    symbol: Option<&str>,
    amount: Option<Decimal>,
) -> Word {
    let terms = order.and_then(|order| order.terms.as_ref());
    let differs = terms.is_some_and(|terms| {
        symbol.is_some_and(|symbol| symbol != terms.asset.symbol())
            || amount.is_some_and(|amount| amount != terms.amount.value())
    });
    match progress {
        Progress::Paid => Word::Differs(Difference::Paid),
        Progress::Open => Word::NotFinal,
        Progress::EndedUnpaid if differs => Word::Differs(Difference::Terms),
        Progress::EndedUnpaid => Word::Agrees,
    }
}

/// What is done about a question that was ruled on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What comes of it.
    pub entry: Entry,
    /// Why the case stays open; empty where it is closed.
    pub left: Vec<Reason>,
}

/// What is done about a claim that the platform has vouched for. `held` is what waits of a deposit; absent where the
/// deposit was refused, for then nothing does.
///
/// # Errors
///
/// If the order that was found cannot have failed.
pub fn vouched(
    callback: &Callback,
    claim: &Claim,
    held: Option<&Posting>,
    order: Option<&Order>,
) -> Result<Verified, Refusal> {
    let left: Vec<_> = claim.reasons.iter().copied().filter(|reason| !reason.is_lifted_by_truth()).collect();
    let address = |address: &Address, asset, knowledge| {
        let tenant_user_id = callback.tenant_user_id.clone();
        Some(AddressUpdate { tenant_user_id, asset, address: address.clone(), knowledge })
    };
    let entry = match &callback.content {
        Content::Deposit(deposit) => {
            let amount = deposit.amount.value();
            let owned = address(&deposit.to_address, deposit.asset.clone(), Knowledge::Owned);
            let none = Posting::empty(&callback.tenant_user_id, &deposit.asset);
            let (outcome, postings) = match held {
                None if amount.is_zero() => (Outcome::ZeroAmount, vec![]),
                Some(_) if left.iter().any(|reason| reason.holds()) => (Outcome::Verified, vec![]),
                Some(held) => (
                    Outcome::Credited,
                    vec![Posting { available: held.held, held: -held.held, ..held.clone() }],
                ),
                None => (Outcome::Credited, vec![Posting { available: amount, ..none }]),
            };
            Entry { postings, address: owned, ..Entry::of(outcome) }
        }
        Content::AddressChange(change) => {
            let address = address(&change.new_address, change.asset.clone(), Knowledge::Verified);
            Entry { address, ..Entry::of(Outcome::AddressChanged) }
        }
        Content::WithdrawalFailure(_) => failure_verified(callback, order)?,
        Content::WithdrawalConfirmation(_)
        | Content::Withdrawal(_)
        | Content::InsufficientBalance(_)
        | Content::InsufficientGas(_) => return Err(Refusal::WrongFunction(callback.callback_type())),
    };
    Ok(Verified { entry: Entry { reasons: vec![], ..entry }, left })
}

/// What is done about a claim that the platform does not vouch for: nothing moves, and a person has to look. What was
/// refused stays refused for its own reasons.
#[must_use]
pub fn contradicted(claim: &Claim) -> Verified {
    let mut left: Vec<_> =
        claim.reasons.iter().copied().filter(|reason| *reason != Reason::Verification).collect();
    if left.len() < claim.reasons.len() {
        left.push(Reason::Contradicted);
    }
    Verified { entry: Entry { reasons: vec![], ..Entry::of(Outcome::Contradicted) }, left }
}

/// What became of the content that a deposit's event was first recorded with, seen from another content of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rival<W> {
    /// Nothing: it was of no amount, or was rejected.
    Gone,
    /// It waits, with what `W` says.
    Waits(Posting, W),
    /// Its user has it.
    Credited(Posting),
    /// Nobody can tell by the records alone.
    Unclear,
}

impl<W> Rival<W> {
    /// The same, without what `W` says.
    #[must_use]
    pub fn without_case(self) -> Rival<()> {
        match self {
            Self::Gone => Rival::Gone,
            Self::Waits(posting, _) => Rival::Waits(posting, ()),
            Self::Credited(posting) => Rival::Credited(posting),
            Self::Unclear => Rival::Unclear,
        }
    }
}

/// What is done about a deposit that was refused, since its event was recorded with other content first, and for which
/// the platform has vouched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overtaken {
    /// It is credited, and what waits under its event is rejected.
    InsteadOfRival,
    /// It is credited: nothing else was.
    Alone,
    /// It is what the user has already, in other words.
    Same,
    /// It is what waits, in other words: that is asked about too.
    AskAgain,
    /// A person has to look.
    Unclear,
}

/// Compares a refused deposit with what its event was recorded with. `has_other_position`: both are told, as two outputs
/// of one transaction, which the platform knows as one deposit.
#[must_use]
pub fn overtaken<W>(user: &str, deposit: &Deposit, rival: &Rival<W>, has_other_position: bool) -> Overtaken {
    let is_same = |posting: &Posting, part: Decimal| {
        (posting.tenant_user_id.as_str(), &posting.asset, part)
            == (user, &deposit.asset, deposit.amount.value())
    };
    match rival {
        Rival::Unclear => Overtaken::Unclear,
        Rival::Gone => Overtaken::Alone,
        _ if has_other_position => Overtaken::Unclear,
        Rival::Waits(posting, _) if is_same(posting, posting.held) => Overtaken::AskAgain,
        Rival::Waits(..) => Overtaken::InsteadOfRival,
        Rival::Credited(posting) if is_same(posting, posting.available) => Overtaken::Same,
        Rival::Credited(_) => Overtaken::Unclear,
    }
}

/// The end of a held deposit for whose event the platform has vouched with other content.
#[must_use]
pub fn rejected(held: &Posting) -> Entry {
    let none = Posting::empty(&held.tenant_user_id, &held.asset);
    Entry { postings: vec![Posting { held: -held.held, ..none }], ..Entry::of(Outcome::Rejected) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callback::testing::{DEPOSIT, parse, with};
    use crate::identity::Identity;

    const LIMIT: Duration = Duration::from_hours(24);

    fn claim(callback: &Callback, reasons: &[Reason]) -> Claim {
        let Identity { event_key, fingerprint, position } = callback.identity();
        Claim {
            identity: Identity { event_key, fingerprint, position },
            reasons: reasons.to_vec(),
            tenant_user_id: callback.tenant_user_id.clone(),
            call_back_id: None,
            asset: None,
            amount: None,
            address: None,
            tx_id: None,
            tracking_id: None,
            mode: None,
        }
    }

    fn held() -> Posting {
        let none = Posting::empty("2049", &"TRON#TRX".parse().unwrap());
        Posting { held: "2.5".parse().unwrap(), ..none }
    }

    #[test]
    fn silence_is_borne_until_the_limit_and_a_contradiction_is_not() {
        let early = LIMIT.checked_sub(Duration::from_secs(1)).unwrap();
        let address = Word::Differs(Difference::Address);
        for silent in [Word::Unknown, Word::NotFinal, Word::UnknownUser, Word::OtherQuestion, address] {
            assert_eq!(silent.ruling(early, LIMIT), Ruling::AskAgain, "{silent:?}");
            assert_eq!(silent.ruling(LIMIT, LIMIT), Ruling::Contradicted, "{silent:?}");
        }
        for difference in [Difference::Amount, Difference::User, Difference::Terms, Difference::Paid] {
            assert_eq!(Word::Differs(difference).ruling(Duration::ZERO, LIMIT), Ruling::Contradicted);
        }
        assert_eq!(Word::Agrees.ruling(LIMIT * 2, LIMIT), Ruling::True, "late, and still true");
    }

    #[test]
    fn pauses_grow_to_a_quarter_of_an_hour_and_no_further() {
        let seconds = [0, 1, 2, 5, 6, 31, 32, u32::MAX].map(|asked| pause(asked).as_secs());
        assert_eq!(seconds, [15, 30, 60, 480, 900, 900, 900, 900]);
    }

    #[test]
    fn a_deposit_is_available_once_nothing_holds_it_any_more() {
        let deposit = parse(DEPOSIT);
        let vouched = |reasons: &[Reason], held: Option<&Posting>| {
            let Verified { entry, left } = vouched(&deposit, &claim(&deposit, reasons), held, None).unwrap();
            let available = entry.postings.first().map(|posting| posting.available.to_string());
            let held = entry.postings.first().map(|posting| posting.held.to_string());
            (entry.outcome, available, held, left)
        };
        let (some, none) = (|text: &str| Some(text.to_owned()), || None::<String>);
        let held = held();
        let credited = (Outcome::Credited, some("2.5"), some("-2.5"), vec![]);
        assert_eq!(vouched(&[Reason::Verification], Some(&held)), credited);
        assert_eq!(vouched(&[Reason::RequestConflict, Reason::Verification], Some(&held)), credited);
        let risky = vouched(&[Reason::Risk, Reason::Verification], Some(&held));
        assert_eq!(risky, (Outcome::Verified, none(), none(), vec![Reason::Risk]));
        // Refused at first, for a splice had come before it.
        let refused = vouched(&[Reason::EventConflict], None);
        assert_eq!(refused, (Outcome::Credited, some("2.5"), some("0"), vec![]));
    }

    #[test]
    fn what_is_not_vouched_for_moves_nothing_and_is_a_persons() {
        let deposit = parse(DEPOSIT);
        let left = |reasons: &[Reason]| {
            let Verified { entry, left } = contradicted(&claim(&deposit, reasons));
            assert!(entry.postings.is_empty() && entry.order.is_none() && entry.address.is_none());
            left
        };
        assert_eq!(left(&[Reason::Verification]), [Reason::Contradicted]);
        assert_eq!(left(&[Reason::Risk, Reason::Verification]), [Reason::Risk, Reason::Contradicted]);
        assert_eq!(left(&[Reason::EventConflict]), [Reason::EventConflict], "nothing waits of it");
    }

    #[test]
    fn of_two_contents_of_one_deposit_one_is_credited_and_once() {
        let Content::Deposit(deposit) = parse(DEPOSIT).content else { unreachable!("a deposit") };
        let none = Posting::empty("2049", &"TRON#TRX".parse().unwrap());
        let amount = |text: &str| text.parse::<Decimal>().unwrap();
        let waits = |user: &str, text| {
            Rival::Waits(Posting { tenant_user_id: user.into(), held: amount(text), ..none.clone() }, ())
        };
        let credited = |text| Rival::Credited(Posting { available: amount(text), ..none.clone() });
        for (rival, other_position, expected) in [
            (waits("2049", "899"), false, Overtaken::InsteadOfRival),
            (waits("1945", "2.5"), false, Overtaken::InsteadOfRival),
            // It differs in the trackingId alone: both would be true.
            (waits("2049", "2.5"), false, Overtaken::AskAgain),
            // Two outputs of one transaction may both be.
            (waits("2049", "899"), true, Overtaken::Unclear),
            (waits("2049", "2.5"), true, Overtaken::Unclear),
            (credited("2.5"), false, Overtaken::Same),
            (credited("2.5"), true, Overtaken::Unclear),
            (credited("899"), false, Overtaken::Unclear),
            (Rival::Gone, false, Overtaken::Alone),
            (Rival::Unclear, false, Overtaken::Unclear),
        ] {
            assert_eq!(overtaken("2049", &deposit, &rival, other_position), expected, "{rival:?}");
        }
    }

    #[test]
    fn an_amount_counts_by_value_and_a_position_is_no_part_of_it() {
        let told = |json: &str| match parse(&with(DEPOSIT, "amount", json)).content {
            Content::Deposit(deposit) => deposit,
            _ => unreachable!("a deposit"),
        };
        let amount = |text: &str| Amount::reported(text).unwrap();
        assert_eq!(word_of_deposit(&told("\"2.50\""), &amount("2.500000000000")), Word::Agrees);
        let other = word_of_deposit(&told("\"2.500000000001\""), &amount("2.5"));
        assert_eq!(other, Word::Differs(Difference::Amount));
    }

    #[test]
    fn an_order_has_failed_only_where_the_platform_ended_just_that_one_unpaid() {
        let word = |progress| word_of_failure(None, progress, Some("USDT"), None);
        assert_eq!(word(Progress::EndedUnpaid), Word::Agrees);
        assert_eq!(word(Progress::Open), Word::NotFinal);
        assert_eq!(word(Progress::Paid), Word::Differs(Difference::Paid));
    }
}
