//! Reconciliation: what should have happened and did not, told by holding the ledger against the platform, and against
//! itself.

use crate::asset::Asset;
use crate::call_back_id::CallBackId;
use crate::case::Reason;
use crate::entry::Entry;
use crate::identity::{EventKey, Fingerprint, Identity};
use crate::money::Decimal;
use crate::order::state::{Order, OrderState, Standing};
use crate::order::update::OrderUpdate;
use crate::outcome::Outcome;
use crate::posting::{Balance, Posting};

/// How a withdrawal stands at the platform, as far as an open order of ours is held against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theirs {
    /// It knows no such order.
    Unknown,
    /// It has it, and waits for its confirmation by type 2, or has not begun with it.
    Waiting,
    /// It is busy with it.
    UnderWay,
    /// It has paid it. Final.
    Paid,
    /// It has ended it without paying. Final.
    EndedUnpaid,
}

impl Theirs {
    /// The name in records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Waiting => "waiting",
            Self::UnderWay => "under-way",
            Self::Paid => "paid",
            Self::EndedUnpaid => "ended-unpaid",
        }
    }
}

/// An order as the platform tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TheirOrder {
    /// How it stands.
    pub stage: Theirs,
    /// Of which symbol, where that is told.
    pub symbol: Option<String>,
    /// How much, where that is told.
    pub amount: Option<Decimal>,
}

impl TheirOrder {
    /// None of that name.
    #[must_use]
    pub fn unknown() -> Self {
        Self { stage: Theirs::Unknown, symbol: None, amount: None }
    }
}

/// Something in which the ledger and the world disagree. It is told once for ever: by what it is about and of which kind
/// it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which kind.
    pub reason: Reason,
    /// What it is about.
    pub subject: Subject,
    /// What the ledger says.
    pub recorded: String,
    /// What it should say, by the platform or by the ledger's own events.
    pub expected: String,
    /// By how much, where that makes it another finding than the last of its kind. While it stays, it is told once.
    differs_by: Option<String>,
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An order.
    Order {
        /// The order.
        call_back_id: CallBackId,
        /// Its user.
        tenant_user_id: String,
    },
    /// A day of the platform's, `yyyy-MM-dd`.
    Day(String),
    /// What a user has of an asset.
    Balance {
        /// The user.
        tenant_user_id: String,
        /// The asset.
        asset: Asset,
    },
}

impl Finding {
    /// A finding as an event: one for what it is about, its kind, and how it differs; and for the end of the last like it,
    /// by that event's key, if that was over and has come again.
    #[must_use]
    pub fn identity(&self, over: Option<&str>) -> Identity {
        let about = match &self.subject {
            Subject::Order { call_back_id, .. } => vec![call_back_id.as_str().to_owned()],
            Subject::Day(day) => vec![day.clone()],
            Subject::Balance { tenant_user_id, asset } => vec![tenant_user_id.clone(), asset.to_string()],
        };
        let about = about.iter().map(|part| Some(part.as_str()));
        let parts = [Some(self.reason.name()), self.differs_by.as_deref()].into_iter().chain(about);
        let parts = parts.chain(over.map(Some));
        Identity {
            event_key: EventKey::new(KIND, parts),
            fingerprint: Fingerprint::new(KIND, []),
            position: None,
        }
    }

    /// The user, where it is about one.
    #[must_use]
    pub fn tenant_user_id(&self) -> Option<&str> {
        match &self.subject {
            Subject::Order { tenant_user_id, .. } | Subject::Balance { tenant_user_id, .. } => {
                Some(tenant_user_id)
            }
            Subject::Day(_) => None,
        }
    }
}

/// The kind of all that reconciliation writes, the beginning of its events' and its cases' keys.
pub const KIND: &str = "reconciliation";

/// What of an order that has been open for long disagrees with the platform; absent where both are still busy with it, or
/// it is not open. `is_overdue`: they have been for so long that somebody has to look.
#[must_use]
pub fn compare(order: &Order, theirs: &TheirOrder, is_overdue: bool) -> Option<Finding> {
    let standing = order.standing();
    if !standing.is_open() {
        return None;
    }
    let reason = match theirs.stage {
        Theirs::Unknown => Reason::OrderUnknown,
        _ if differs(order, theirs) => Reason::OrderDiffers,
        Theirs::Paid => Reason::CompletionMissing,
        Theirs::EndedUnpaid => Reason::FailureMissing,
        // A direct order is confirmed by nobody.
        Theirs::Waiting if standing != Standing::Direct => Reason::ConfirmationMissing,
        // It is busy with what it was never told to pay.
        Theirs::UnderWay if matches!(standing, Standing::Reserved | Standing::UnderWay) => {
            Reason::ConfirmationMissing
        }
        Theirs::Waiting | Theirs::UnderWay if is_overdue => Reason::OrderOverdue,
        Theirs::Waiting | Theirs::UnderWay => return None,
    };
    Some(of_order(order, reason, theirs.stage.name()))
}

/// A payment that was reported long ago of a withdrawal that nobody has registered yet; absent where it has been since.
#[must_use]
pub fn unregistered(order: &Order) -> Option<Finding> {
    (order.standing() == Standing::CompletedUnregistered)
        .then(|| of_order(order, Reason::RegistrationMissing, "registered"))
}

fn of_order(order: &Order, reason: Reason, expected: &str) -> Finding {
    let Order { call_back_id, tenant_user_id, .. } = order;
    let subject =
        Subject::Order { call_back_id: call_back_id.clone(), tenant_user_id: tenant_user_id.clone() };
    let (recorded, expected) = (order.state.name().to_owned(), expected.to_owned());
    Finding { reason, subject, recorded, expected, differs_by: None }
}

/// Is the matter of an order's finding over, by the order as it is now, whatever the platform says of it?
#[must_use]
pub fn is_over(reason: Reason, order: Option<&Order>) -> bool {
    let standing = order.map_or(Standing::Absent, Order::standing);
    match reason {
        Reason::RegistrationMissing => standing != Standing::CompletedUnregistered,
        _ => !standing.is_open(),
    }
}

/// Does the platform tell of another symbol or amount? What it does not tell does not differ.
fn differs(order: &Order, theirs: &TheirOrder) -> bool {
    order.terms.as_ref().is_some_and(|terms| {
        theirs.symbol.as_deref().is_some_and(|symbol| symbol != terms.asset.symbol())
            || theirs.amount.is_some_and(|amount| amount != terms.amount.value())
    })
}

/// What is done about an order by itself: only where both sides agree upon it, and the platform's word is final. A
/// payment must be told with its symbol and amount, and have been ours to expect; an end without one must not contradict
/// them. An order that was sent more than once may be two there, of which the platform's word is about one.
#[must_use]
pub fn repair(order: &Order, theirs: &TheirOrder) -> Option<Entry> {
    let standing = order.standing();
    let may_be_two = order.submission.is_some_and(|submission| submission.attempts > 1);
    if !standing.is_open() || differs(order, theirs) || may_be_two {
        return None;
    }
    let is_expected = matches!(standing, Standing::Confirmed | Standing::Direct) && !order.is_held;
    let terms = order.terms.as_ref()?;
    let amount = terms.amount.value();
    let none = Posting::empty(&order.tenant_user_id, &terms.asset);
    let is_told = theirs.symbol.is_some() && theirs.amount.is_some();
    let (outcome, state, posting) = match theirs.stage {
        Theirs::Paid if is_told && is_expected => {
            (Outcome::SettledUnproven, OrderState::Completed, Posting { frozen: -amount, ..none })
        }
        Theirs::EndedUnpaid => {
            let posting = Posting { available: amount, frozen: -amount, ..none };
            (Outcome::Unfrozen, OrderState::Failed, posting)
        }
        Theirs::Paid | Theirs::Unknown | Theirs::Waiting | Theirs::UnderWay => return None,
    };
    let update = OrderUpdate { state: Some(state), ..OrderUpdate::of(&order.call_back_id, Some(order)) };
    Some(Entry { postings: vec![posting], order: Some(update), ..Entry::of(outcome) })
}

/// How many callbacks of a day were recorded here, as far as that can be told: what came close to one of its midnights may
/// belong to the day before or after.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// What certainly is of that day.
    pub surely: u64,
    /// What may be, besides.
    pub perhaps: u64,
}

/// Which of a day's callbacks are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountedType {
    /// Type 1.
    Deposits,
    /// Type 3.
    Withdrawals,
}

impl CountedType {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Deposits, Self::Withdrawals];

    /// The name in records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Deposits => "deposits",
            Self::Withdrawals => "withdrawals",
        }
    }
}

/// Holds a day's count of the platform's against ours.
#[must_use]
pub fn compare_counts(day: &str, of: CountedType, ours: Counted, theirs: u64) -> Option<Finding> {
    let most = ours.surely.saturating_add(ours.perhaps);
    if (ours.surely..=most).contains(&theirs) {
        return None;
    }
    let recorded = if ours.perhaps == 0 { format!("{most}") } else { format!("{} to {most}", ours.surely) };
    Some(Finding {
        reason: Reason::CountsDiffer,
        subject: Subject::Day(day.to_owned()),
        differs_by: Some(format!("{recorded} {theirs} {}", of.name())),
        recorded: format!("{recorded} {}", of.name()),
        expected: format!("{theirs} {}", of.name()),
    })
}

/// Holds what is frozen of a balance against the open orders of its user.
#[must_use]
pub fn compare_frozen(
    tenant_user_id: &str,
    asset: &Asset,
    frozen: Decimal,
    orders: Decimal,
) -> Option<Finding> {
    (frozen != orders).then(|| Finding {
        reason: Reason::FrozenDiffers,
        subject: Subject::Balance { tenant_user_id: tenant_user_id.to_owned(), asset: asset.clone() },
        recorded: format!("frozen {frozen}"),
        expected: format!("open orders of {orders}"),
        differs_by: frozen.checked_sub(orders).map(|by| by.to_string()),
    })
}

/// Holds a balance against the sum of what its user's events have posted.
#[must_use]
pub fn compare_balance(
    tenant_user_id: &str,
    asset: &Asset,
    balance: Balance,
    posted: Balance,
) -> Option<Finding> {
    let shown = |of: Balance| {
        format!("available {}, frozen {}, held {}, owed {}", of.available, of.frozen, of.held, of.owed)
    };
    let parts = |of: Balance| [of.available, of.frozen, of.held, of.owed];
    let by = parts(balance).into_iter().zip(parts(posted)).map(|(one, other)| one.checked_sub(other));
    let by: Option<Vec<_>> = by.map(|by| Some(by?.to_string())).collect();
    (balance != posted).then(|| Finding {
        differs_by: by.map(|by| by.join(" ")),
        reason: Reason::BalanceDiffers,
        subject: Subject::Balance { tenant_user_id: tenant_user_id.to_owned(), asset: asset.clone() },
        recorded: shown(balance),
        expected: shown(posted),
    })
}

/// The entry of a finding: nothing moves, and a person has to look.
#[must_use]
pub fn found(finding: &Finding) -> Entry {
    Entry { reasons: vec![finding.reason], ..Entry::of(Outcome::Found) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::mode::Mode;
    use crate::money::Amount;
    use crate::submission::{Stage, Submission};
    use crate::terms::Terms;
    use crate::tx_id::TxId;

    fn order(state: OrderState) -> Order {
        let asset = Asset::new("TRON", "USDT").unwrap();
        let address = Address::reported("TRON", "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK");
        Order {
            call_back_id: "w".into(),
            version: 2,
            is_registered: true,
            tenant_user_id: "1945".into(),
            terms: Some(Terms { asset, amount: Amount::registered("3.30").unwrap(), address }),
            reported: None,
            state,
            is_held: false,
            mode: Mode::Confirmed,
            tracking_id: None,
            tx_id: None,
            stalled: None,
            failure_reported: None,
            submission: None,
            fee: None,
            charged: None,
            registered_at: None,
            updated_at: None,
        }
    }

    fn theirs(stage: Theirs) -> TheirOrder {
        TheirOrder { stage, symbol: Some("USDT".into()), amount: Some("3.3".parse().unwrap()) }
    }

    const STAGES: [Theirs; 5] =
        [Theirs::Unknown, Theirs::Waiting, Theirs::UnderWay, Theirs::Paid, Theirs::EndedUnpaid];

    #[test]
    fn each_lost_callback_of_an_open_order_is_a_finding_of_its_own() {
        let reason =
            |order: &Order, stage| compare(order, &theirs(stage), false).map(|finding| finding.reason);
        for state in [OrderState::Reserved, OrderState::Confirmed] {
            let order = order(state);
            let found = STAGES.map(|stage| reason(&order, stage));
            let expected = [
                Some(Reason::OrderUnknown),
                Some(Reason::ConfirmationMissing),
                (state == OrderState::Reserved).then_some(Reason::ConfirmationMissing),
                Some(Reason::CompletionMissing),
                Some(Reason::FailureMissing),
            ];
            assert_eq!(found, expected, "{state}");
        }
        let direct = Order { mode: Mode::Direct, ..order(OrderState::Reserved) };
        assert_eq!(reason(&direct, Theirs::Waiting), None, "nobody confirms it");
        for order in [order(OrderState::Confirmed), direct] {
            let finding = compare(&order, &theirs(Theirs::UnderWay), true);
            assert_eq!(finding.map(|finding| finding.reason), Some(Reason::OrderOverdue));
        }
    }

    #[test]
    fn nothing_is_found_of_an_order_that_is_not_open() {
        let completed = Order { tx_id: Some(TxId::from("t")), ..order(OrderState::Completed) };
        let unregistered = Order { is_registered: false, ..order(OrderState::Completed) };
        let ended = [order(OrderState::Failed), order(OrderState::Cancelled), order(OrderState::Reported)];
        for order in ended.into_iter().chain([completed, order(OrderState::Completed), unregistered]) {
            for stage in STAGES {
                assert_eq!(compare(&order, &theirs(stage), true), None, "{order:?}");
                assert_eq!(repair(&order, &theirs(stage)), None, "{order:?}");
            }
        }
    }

    #[test]
    fn an_order_is_put_right_only_where_both_sides_agree_and_it_is_final() {
        let open = order(OrderState::Confirmed);
        let outcome = |theirs: &TheirOrder| repair(&open, theirs).map(|entry| entry.outcome);
        let found = STAGES.map(|stage| outcome(&theirs(stage)));
        assert_eq!(found, [None, None, None, Some(Outcome::SettledUnproven), Some(Outcome::Unfrozen)]);
        for stage in STAGES {
            let other_symbol = TheirOrder { symbol: Some("USDC".into()), ..theirs(stage) };
            let other_amount = TheirOrder { amount: Some("3.31".parse().unwrap()), ..theirs(stage) };
            for differing in [other_symbol, other_amount] {
                assert_eq!(outcome(&differing), None, "{differing:?}");
                let reason = compare(&open, &differing, false).map(|finding| finding.reason);
                let expected =
                    if stage == Theirs::Unknown { Reason::OrderUnknown } else { Reason::OrderDiffers };
                assert_eq!(reason, Some(expected), "{differing:?}");
            }
        }
        // A payment of which less is told is a person's to settle; an end without one is not contradicted by it.
        for untold in [
            TheirOrder { symbol: None, ..theirs(Theirs::Paid) },
            TheirOrder { amount: None, ..theirs(Theirs::Paid) },
        ] {
            assert_eq!(outcome(&untold), None, "{untold:?}");
        }
        let untold = TheirOrder { symbol: None, amount: None, stage: Theirs::EndedUnpaid };
        assert_eq!(outcome(&untold), Some(Outcome::Unfrozen));
    }

    /// The coins are gone all the same: that is a person's to book, since nobody here had agreed to it.
    #[test]
    fn a_payment_that_nobody_here_had_agreed_to_is_not_settled_by_itself() {
        let outcome = |order: &Order, stage| repair(order, &theirs(stage)).map(|entry| entry.outcome);
        let reserved = order(OrderState::Reserved);
        let held = Order { is_held: true, ..order(OrderState::Confirmed) };
        for order in [&reserved, &held] {
            assert_eq!(outcome(order, Theirs::Paid), None, "{order:?}");
            assert_eq!(outcome(order, Theirs::EndedUnpaid), Some(Outcome::Unfrozen), "{order:?}");
        }
        let direct = Order { mode: Mode::Direct, ..reserved };
        assert_eq!(outcome(&direct, Theirs::Paid), Some(Outcome::SettledUnproven));
        // Of two that the platform may have of it, its word is about one.
        let submission = Submission { stage: Stage::Submitted, attempts: 2, may_have_arrived: true };
        let sent_twice = Order { submission: Some(submission), ..order(OrderState::Confirmed) };
        for stage in STAGES {
            assert_eq!(outcome(&sent_twice, stage), None);
        }
    }

    #[test]
    fn what_is_put_right_moves_just_what_was_frozen() {
        let open = order(OrderState::Confirmed);
        let posting = |stage| repair(&open, &theirs(stage)).unwrap().postings[0].clone();
        let amount: Decimal = "3.3".parse().unwrap();
        let settled = posting(Theirs::Paid);
        assert_eq!((settled.frozen, settled.available), (-amount, Decimal::ZERO));
        let unfrozen = posting(Theirs::EndedUnpaid);
        assert_eq!((unfrozen.frozen, unfrozen.available), (-amount, amount));
        let state = |stage| repair(&open, &theirs(stage)).unwrap().order.unwrap().state;
        assert_eq!(state(Theirs::Paid), Some(OrderState::Completed));
        assert_eq!(state(Theirs::EndedUnpaid), Some(OrderState::Failed));
    }

    #[test]
    fn a_finding_is_told_once_while_it_stays_as_it_is() {
        let key = |finding: &Finding| finding.identity(None).event_key.as_str().to_owned();
        let missing = compare(&order(OrderState::Confirmed), &theirs(Theirs::Paid), false).unwrap();
        let again = compare(&order(OrderState::Reserved), &theirs(Theirs::Paid), false).unwrap();
        assert_eq!(key(&missing), key(&again));
        assert_ne!(
            key(&missing),
            key(&compare(&order(OrderState::Reserved), &theirs(Theirs::Unknown), false).unwrap())
        );
        // What was over and has come again is told again.
        let once_more = missing.identity(Some("reconciliation.over")).event_key;
        assert_ne!(key(&missing), once_more.as_str());
        assert_eq!(once_more.kind(), KIND);

        // A balance that goes on moving, and stays wrong by the same, is one.
        let asset = Asset::new("TRON", "USDT").unwrap();
        let frozen = |frozen: &str, orders: &str| {
            compare_frozen("1945", &asset, frozen.parse().unwrap(), orders.parse().unwrap())
        };
        assert_eq!(frozen("5", "5.0"), None);
        assert_eq!(key(&frozen("5", "3").unwrap()), key(&frozen("7", "5").unwrap()));
        assert_ne!(key(&frozen("5", "3").unwrap()), key(&frozen("5", "4").unwrap()));
    }

    #[test]
    fn a_count_is_compared_with_what_may_be_of_the_day_and_no_more() {
        let ours = Counted { surely: 10, perhaps: 2 };
        for (theirs, differs) in [(9, true), (10, false), (12, false), (13, true)] {
            let finding = compare_counts("2025-06-20", CountedType::Deposits, ours, theirs);
            assert_eq!(finding.is_some(), differs, "{theirs}");
        }
        let finding = compare_counts("2025-06-20", CountedType::Withdrawals, ours, 13).unwrap();
        assert_eq!(
            (finding.recorded.as_str(), finding.expected.as_str()),
            ("10 to 12 withdrawals", "13 withdrawals")
        );
    }

    #[test]
    fn a_finding_is_over_once_its_order_has_ended_or_is_registered() {
        let open = order(OrderState::Reserved);
        let confirmed = order(OrderState::Confirmed);
        let failed = order(OrderState::Failed);
        let unregistered = Order { is_registered: false, ..order(OrderState::Completed) };
        for (reason, order, expected) in [
            (Reason::CompletionMissing, Some(&confirmed), false),
            (Reason::CompletionMissing, Some(&failed), true),
            // Confirmed here: whether that arrived, the platform knows.
            (Reason::ConfirmationMissing, Some(&confirmed), false),
            (Reason::ConfirmationMissing, Some(&failed), true),
            (Reason::RegistrationMissing, Some(&unregistered), false),
            (Reason::RegistrationMissing, Some(&open), true),
            (Reason::OrderUnknown, None, true),
        ] {
            assert_eq!(is_over(reason, order), expected, "{reason:?} {order:?}");
        }
    }
}
