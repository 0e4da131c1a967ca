//! A withdrawal order's life: one table of states and events, and the checks that come before it.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use crate::idempotency::fold_hex;
use crate::ledger::{Entry, Outcome, Posting};
use crate::model::{Asset, Payout, Withdrawal, WithdrawalConfirmation};
use crate::money::Amount;
use crate::refusal::Refusal;

/// Where a registered order stands. It reaches at most one of completed, failed and cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderState {
    /// Its funds are frozen.
    Reserved,
    /// Its details were given to the platform, which may pay at any time.
    Confirmed,
    /// Paid.
    Completed,
    /// Ended by the platform without paying; its funds are available again.
    Failed,
    /// Taken back by the merchant; its funds are available again.
    Cancelled,
}

impl OrderState {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Reserved, Self::Confirmed, Self::Completed, Self::Failed, Self::Cancelled];

    /// The name in records and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Confirmed => "confirmed",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for OrderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for OrderState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.name() == text).ok_or(())
    }
}

/// What is known of a withdrawal: its state, and whether the merchant registered it. The platform may report
/// one that nobody registered (`withdrawWithoutVerify`), or before its registration reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// No order of that id.
    Absent,
    /// Registered by the merchant.
    Registered(OrderState),
    /// Reported as paid, never registered.
    CompletedUnregistered,
    /// Reported as failed, never registered.
    FailedUnregistered,
}

/// What can happen to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderEvent {
    /// The merchant registers it.
    Register,
    /// The merchant takes it back.
    Cancel,
    /// The platform asks for its details (type 2).
    Confirm,
    /// The platform reports it paid (type 3).
    Complete,
    /// The platform reports it ended without paying (type 5).
    Fail,
    /// The platform reports that it waits for coin or gas (types 6 and 7).
    Stall,
}

/// What an event does to the funds of an order of amount a.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Nothing,
    /// available − a, frozen + a; refused if available < a.
    Freeze,
    /// frozen − a, available + a.
    Unfreeze,
    /// frozen − a: the money is gone.
    Settle,
    /// available − a: registered after it was paid, so frozen and settled at once.
    Charge,
}

/// What the table says of one state and one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// The order moves, with this effect.
    To(Standing, Effect),
    /// Accepted; the order stays as it is.
    Stay,
    /// Accepted; the order stays, with a note of why it waits.
    Note,
    /// Refused.
    Refuse(Refusal),
}

/// The table: every state and every event.
#[must_use]
#[expect(clippy::match_same_arms, reason = "a row for each standing")]
pub fn transition(standing: Standing, event: OrderEvent) -> Transition {
    use OrderEvent::{Cancel, Complete, Confirm, Fail, Register, Stall};
    use OrderState::{Cancelled, Completed, Confirmed, Failed, Reserved};
    use Standing::{Absent, CompletedUnregistered, FailedUnregistered, Registered};
    use Transition::{Note, Refuse, Stay, To};

    match (standing, event) {
        (Absent, Register) => To(Registered(Reserved), Effect::Freeze),
        (Absent, Cancel | Confirm) => Refuse(Refusal::UnknownOrder),
        (Absent, Complete) => To(CompletedUnregistered, Effect::Nothing),
        (Absent, Fail) => To(FailedUnregistered, Effect::Nothing),
        (Absent, Stall) => Stay,

        (Registered(_), Register) => Stay,

        (Registered(Reserved), Cancel) => To(Registered(Cancelled), Effect::Unfreeze),
        (Registered(Reserved), Confirm) => To(Registered(Confirmed), Effect::Nothing),
        (Registered(Confirmed), Cancel) => Refuse(Refusal::OrderConfirmed),
        (Registered(Confirmed), Confirm) => Stay,
        (Registered(Reserved | Confirmed), Complete) => To(Registered(Completed), Effect::Settle),
        (Registered(Reserved | Confirmed), Fail) => To(Registered(Failed), Effect::Unfreeze),
        (Registered(Reserved | Confirmed), Stall) => Note,

        // Ended. A failure after a failure or a cancellation says what is so already: nothing was paid.
        (Registered(Cancelled), Cancel | Fail) | (Registered(Failed), Fail) => Stay,
        (Registered(ended @ (Completed | Failed | Cancelled)), Confirm | Complete | Cancel | Fail) => {
            Refuse(Refusal::OrderEnded(ended))
        }
        (Registered(Completed | Failed | Cancelled), Stall) => Stay,

        (CompletedUnregistered, Register) => To(Registered(Completed), Effect::Charge),
        (CompletedUnregistered, Cancel | Confirm | Complete | Fail) => Refuse(Refusal::OrderEnded(Completed)),
        (FailedUnregistered, Register) => To(Registered(Failed), Effect::Nothing),
        (FailedUnregistered, Cancel | Confirm | Complete) => Refuse(Refusal::OrderEnded(Failed)),
        (FailedUnregistered, Fail) => Stay,
        (CompletedUnregistered | FailedUnregistered, Stall) => Stay,
    }
}

/// Why an order waits at the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StallCause {
    /// The hot wallet lacks the coin (type 6).
    InsufficientBalance,
    /// The hot wallet lacks gas (type 7).
    InsufficientGas,
}

impl StallCause {
    /// The name in records and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InsufficientBalance => "insufficient-balance",
            Self::InsufficientGas => "insufficient-gas",
        }
    }
}

/// What an order is to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Chain and symbol.
    pub asset: Asset,
    /// How much.
    pub amount: Amount,
    /// To whom.
    pub address: String,
}

impl Terms {
    /// The same asset, value and address, as the chain compares addresses.
    #[must_use]
    pub fn agree(&self, other: &Self) -> bool {
        self.content() == other.content()
    }

    /// What tells two terms apart: chain, symbol, value and address as the chain compares them.
    #[must_use]
    pub fn content(&self) -> [String; 4] {
        [
            self.asset.chain_name().to_owned(),
            self.asset.symbol().to_owned(),
            self.amount.value().to_string(),
            fold_hex(&self.address).into_owned(),
        ]
    }

    /// As the platform is told.
    #[must_use]
    pub fn payout(&self) -> Payout {
        Payout {
            address: self.address.clone(),
            chain_name: self.asset.chain_name().to_owned(),
            symbol: self.asset.symbol().to_owned(),
            amount: self.amount.text().to_owned(),
        }
    }
}

/// A withdrawal order as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The merchant's id of the withdrawal.
    pub call_back_id: String,
    /// The user who withdraws.
    pub tenant_user_id: String,
    /// What it is to pay; absent where only its failure was reported.
    pub terms: Option<Terms>,
    /// Where it stands.
    pub state: OrderState,
    /// Whether the merchant registered it.
    pub is_registered: bool,
    /// Set by an operator: do not confirm it.
    pub is_held: bool,
    /// Under which trackingId it was confirmed.
    pub tracking_id: Option<String>,
    /// When it was registered.
    pub registered_at: Option<SystemTime>,
}

impl Order {
    /// The order's row in the table.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match (self.is_registered, self.state) {
            (false, OrderState::Failed) => Standing::FailedUnregistered,
            (false, OrderState::Completed) => Standing::CompletedUnregistered,
            (_, state) => Standing::Registered(state),
        }
    }
}

fn standing(order: Option<&Order>) -> Standing {
    order.map_or(Standing::Absent, Order::standing)
}

/// A change of an order's record, and what must still hold when it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderUpdate {
    /// The order.
    pub call_back_id: String,
    /// What the change was decided upon.
    pub expect: Expect,
    /// Where it goes, if it moves.
    pub state: Option<OrderState>,
    /// Who it belongs to and what it pays, when the record is made or registered.
    pub details: Option<Details>,
    /// The transaction that paid it.
    pub tx_id: Option<String>,
    /// Under which trackingId it is confirmed.
    pub tracking_id: Option<String>,
    /// Why it waits.
    pub stalled: Option<StallCause>,
    /// What the platform kept of the ordered amount.
    pub fee: Option<Amount>,
}

/// What a record of an order begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// The user who withdraws.
    pub tenant_user_id: String,
    /// What it pays; unknown where only a failure was reported.
    pub terms: Option<Terms>,
    /// By the merchant, or only reported by the platform.
    pub is_registered: bool,
}

/// What must hold of an order's record for a change to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// It stands as it was seen.
    Seen(Standing),
    /// As `Seen`, and no operator holds it.
    SeenAndNotHeld(Standing),
    /// Not looked at yet: it is open, and this user's with these terms.
    OpenWith(String, Terms),
    /// Not looked at yet: it is open, and this user's.
    Open(String),
}

impl OrderUpdate {
    fn new(call_back_id: &str, expect: Expect) -> Self {
        Self {
            call_back_id: call_back_id.to_owned(),
            expect,
            state: None,
            details: None,
            tx_id: None,
            tracking_id: None,
            stalled: None,
            fee: None,
        }
    }
}

/// What to do where the platform paid less than was ordered, as when it takes its fee out of the amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ActualBelowOrder {
    /// A contradiction: refuse.
    #[default]
    Contradiction,
    /// Complete the order for the ordered amount and record the difference as fee.
    Fee,
}

/// Decides on a registration.
///
/// # Errors
///
/// [`Refusal::OtherUser`] or [`Refusal::OtherTerms`] if the id is known with other content.
pub fn register(
    call_back_id: &str,
    tenant_user_id: &str,
    terms: &Terms,
    order: Option<&Order>,
) -> Result<Entry, Refusal> {
    if let Some(order) = order {
        is_of_user(order, tenant_user_id)?;
        if order.terms.as_ref().is_some_and(|known| !known.agree(terms)) {
            return Err(Refusal::OtherTerms);
        }
    }
    let standing = standing(order);
    let (next, effect) = match transition(standing, OrderEvent::Register) {
        Transition::To(next, effect) => (next, effect),
        Transition::Stay | Transition::Note => return Ok(Entry::of(Outcome::Unchanged)),
        Transition::Refuse(refusal) => return Err(refusal),
    };
    let mut update = OrderUpdate::new(call_back_id, Expect::Seen(standing));
    update.state = Some(state_of(next));
    update.details = Some(Details {
        tenant_user_id: tenant_user_id.to_owned(),
        terms: Some(terms.clone()),
        is_registered: true,
    });
    let postings = postings(effect, tenant_user_id, terms);
    Ok(Entry { postings, order: Some(update), ..Entry::of(Outcome::Reserved) })
}

/// Decides on a cancellation.
///
/// # Errors
///
/// If the order is unknown, confirmed or ended otherwise.
pub fn cancel(call_back_id: &str, order: Option<&Order>) -> Result<Entry, Refusal> {
    end(call_back_id, order, OrderEvent::Cancel, Outcome::Cancelled)
}

/// Decides on a confirmation (type 2): may the platform pay this order?
///
/// # Errors
///
/// In this order: the order is unknown, another user's, ended, of other terms than the request names, held,
/// too old, or confirmed under another trackingId (which would be a second payment of one order).
pub fn confirm(
    confirmation: &WithdrawalConfirmation,
    tenant_user_id: &str,
    tracking_id: Option<&str>,
    order: Option<&Order>,
    max_age: Duration,
    now: SystemTime,
) -> Result<Entry, Refusal> {
    let order = order.ok_or(Refusal::UnknownOrder)?;
    is_of_user(order, tenant_user_id)?;
    let transition = transition(order.standing(), OrderEvent::Confirm);
    if let Transition::Refuse(refusal) = transition {
        return Err(refusal);
    }
    let terms = order.terms.as_ref().ok_or(Refusal::UnknownOrder)?;
    let named = |named: &Option<String>, ours: &str| named.as_deref().is_none_or(|named| named == ours);
    let agree = named(&confirmation.chain_name, terms.asset.chain_name())
        && named(&confirmation.symbol, terms.asset.symbol())
        && confirmation.amount.as_ref().is_none_or(|amount| amount.value() == terms.amount.value())
        && confirmation.to_address.as_deref().is_none_or(|to| is_same_address(to, &terms.address));
    if !agree {
        return Err(Refusal::OtherTerms);
    }
    if order.is_held {
        return Err(Refusal::OrderHeld);
    }
    let age = order.registered_at.and_then(|at| now.duration_since(at).ok());
    if age.is_some_and(|age| age > max_age) {
        return Err(Refusal::OrderTooOld);
    }
    let is_again = order.state == OrderState::Confirmed;
    if is_again && order.tracking_id.as_deref() != tracking_id {
        return Err(Refusal::OtherTrackingId);
    }
    let mut update = OrderUpdate::new(&order.call_back_id, Expect::SeenAndNotHeld(order.standing()));
    if let Transition::To(next, _) = transition {
        update.state = Some(state_of(next));
    }
    update.tracking_id = tracking_id.map(str::to_owned);
    Ok(Entry { order: Some(update), payout: Some(terms.payout()), ..Entry::of(Outcome::Confirmed) })
}

/// What a confirmation that was given before is answered with again: the same, until the order ends.
///
/// # Errors
///
/// [`Refusal::OrderEnded`] once it has, [`Refusal::UnknownOrder`] if its record is gone.
pub fn confirm_again(order: Option<&Order>) -> Result<Payout, Refusal> {
    let order = order.ok_or(Refusal::UnknownOrder)?;
    match transition(order.standing(), OrderEvent::Confirm) {
        Transition::Refuse(refusal) => Err(refusal),
        _ => order.terms.as_ref().map(Terms::payout).ok_or(Refusal::UnknownOrder),
    }
}

/// A completion (type 3) as it should be: the order is open and of just these terms. Decided without having
/// looked, so that it costs one round trip; the condition is checked where the order is.
#[must_use]
pub fn complete_as_ordered(withdrawal: &Withdrawal, tenant_user_id: &str) -> Entry {
    let terms = terms_of(withdrawal);
    let expect = Expect::OpenWith(tenant_user_id.to_owned(), terms.clone());
    let mut update = OrderUpdate::new(&withdrawal.call_back_id, expect);
    update.state = Some(OrderState::Completed);
    update.tx_id = Some(withdrawal.tx_id.clone());
    let postings = postings(Effect::Settle, tenant_user_id, &terms);
    Entry { postings, order: Some(update), ..Entry::of(Outcome::Completed) }
}

/// Decides on a completion (type 3) of the order that was found.
///
/// # Errors
///
/// If the order is another user's, ended, or of other terms.
pub fn complete(
    withdrawal: &Withdrawal,
    tenant_user_id: &str,
    order: Option<&Order>,
    actual_below_order: ActualBelowOrder,
) -> Result<Entry, Refusal> {
    if let Some(order) = order {
        is_of_user(order, tenant_user_id)?;
    }
    let standing = standing(order);
    let transition = transition(standing, OrderEvent::Complete);
    if let Transition::Refuse(refusal) = transition {
        return Err(refusal);
    }
    let actual = terms_of(withdrawal);
    let mut update = OrderUpdate::new(&withdrawal.call_back_id, Expect::Seen(standing));
    update.state = Some(OrderState::Completed);
    update.tx_id = Some(withdrawal.tx_id.clone());
    let Some(order) = order else {
        update.details = Some(Details {
            tenant_user_id: tenant_user_id.to_owned(),
            terms: Some(actual),
            is_registered: false,
        });
        return Ok(Entry { order: Some(update), ..Entry::of(Outcome::CompletedUnregistered) });
    };
    let ordered = order.terms.as_ref().ok_or(Refusal::OtherTerms)?;
    if !ordered.agree(&actual) {
        let at_ordered_amount = Terms { amount: ordered.amount.clone(), ..actual.clone() };
        let difference = ordered.amount.value().checked_sub(actual.amount.value());
        let fee = difference.and_then(|fee| Amount::parse(&fee.to_string()).ok());
        let is_fee = actual_below_order == ActualBelowOrder::Fee && ordered.agree(&at_ordered_amount);
        update.fee = Some(fee.filter(|_| is_fee).ok_or(Refusal::OtherTerms)?);
    }
    let postings = postings(Effect::Settle, tenant_user_id, ordered);
    Ok(Entry { postings, order: Some(update), ..Entry::of(Outcome::Completed) })
}

/// Decides on a failure (type 5).
///
/// # Errors
///
/// If the order is another user's, or was completed.
pub fn fail(
    call_back_id: &str,
    tenant_user_id: &str,
    to_address: Option<&str>,
    order: Option<&Order>,
) -> Result<Entry, Refusal> {
    let Some(order) = order else {
        let mut update = OrderUpdate::new(call_back_id, Expect::Seen(Standing::Absent));
        update.state = Some(OrderState::Failed);
        update.details =
            Some(Details { tenant_user_id: tenant_user_id.to_owned(), terms: None, is_registered: false });
        return Ok(Entry { order: Some(update), ..Entry::of(Outcome::FailedUnregistered) });
    };
    is_of_user(order, tenant_user_id)?;
    if let (Some(to), Some(terms)) = (to_address, &order.terms)
        && !is_same_address(to, &terms.address)
    {
        return Err(Refusal::OtherTerms);
    }
    end(call_back_id, Some(order), OrderEvent::Fail, Outcome::Failed)
}

/// Decides on a stall (types 6 and 7): upon the order that was found, or that there is none; or, not having
/// looked, as it should be, so that it costs one round trip.
///
/// # Errors
///
/// If the order is another user's.
pub fn stall(
    call_back_id: &str,
    tenant_user_id: &str,
    order: Option<Option<&Order>>,
    cause: StallCause,
) -> Result<Entry, Refusal> {
    let note = |expect| {
        let update = OrderUpdate { stalled: Some(cause), ..OrderUpdate::new(call_back_id, expect) };
        Entry { order: Some(update), ..Entry::of(Outcome::Stalled) }
    };
    let Some(order) = order else { return Ok(note(Expect::Open(tenant_user_id.to_owned()))) };
    let Some(order) = order else { return Ok(Entry::of(Outcome::StalledUnregistered)) };
    is_of_user(order, tenant_user_id)?;
    match transition(order.standing(), OrderEvent::Stall) {
        Transition::Note => Ok(note(Expect::Seen(order.standing()))),
        Transition::Stay | Transition::To(..) => Ok(Entry::of(Outcome::Ignored)),
        Transition::Refuse(refusal) => Err(refusal),
    }
}

/// Ends an order by one of the events that give its funds back.
fn end(
    call_back_id: &str,
    order: Option<&Order>,
    event: OrderEvent,
    outcome: Outcome,
) -> Result<Entry, Refusal> {
    let standing = standing(order);
    let (next, effect) = match transition(standing, event) {
        Transition::To(next, effect) => (next, effect),
        Transition::Stay | Transition::Note => return Ok(Entry::of(Outcome::Ignored)),
        Transition::Refuse(refusal) => return Err(refusal),
    };
    let order = order.ok_or(Refusal::UnknownOrder)?;
    let terms = order.terms.as_ref().ok_or(Refusal::UnknownOrder)?;
    let mut update = OrderUpdate::new(call_back_id, Expect::Seen(standing));
    update.state = Some(state_of(next));
    let postings = postings(effect, &order.tenant_user_id, terms);
    Ok(Entry { postings, order: Some(update), ..Entry::of(outcome) })
}

fn is_of_user(order: &Order, tenant_user_id: &str) -> Result<(), Refusal> {
    if order.tenant_user_id == tenant_user_id { Ok(()) } else { Err(Refusal::OtherUser) }
}

fn is_same_address(a: &str, b: &str) -> bool {
    fold_hex(a) == fold_hex(b)
}

fn terms_of(withdrawal: &Withdrawal) -> Terms {
    Terms {
        asset: withdrawal.asset.clone(),
        amount: withdrawal.amount.clone(),
        address: withdrawal.to_address.clone(),
    }
}

fn postings(effect: Effect, tenant_user_id: &str, terms: &Terms) -> Vec<Posting> {
    let (asset, amount) = (&terms.asset, terms.amount.value());
    match effect {
        Effect::Nothing => vec![],
        Effect::Freeze => {
            vec![Posting { available: -amount, frozen: amount, ..Posting::empty(tenant_user_id, asset) }]
        }
        Effect::Unfreeze => {
            vec![Posting { available: amount, frozen: -amount, ..Posting::empty(tenant_user_id, asset) }]
        }
        Effect::Settle => vec![Posting { frozen: -amount, ..Posting::empty(tenant_user_id, asset) }],
        Effect::Charge => vec![Posting { available: -amount, ..Posting::empty(tenant_user_id, asset) }],
    }
}

fn state_of(standing: Standing) -> OrderState {
    match standing {
        Standing::Registered(state) => state,
        Standing::CompletedUnregistered => OrderState::Completed,
        Standing::FailedUnregistered => OrderState::Failed,
        Standing::Absent => OrderState::Reserved, // no transition leads there
    }
}
