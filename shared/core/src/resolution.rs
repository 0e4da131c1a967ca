//! Resolutions: how an operator gets the ledger right again. The tables of what may be done for which reason and to
//! which order, and the entry that comes of it.

use std::fmt;
use std::str::FromStr;

use crate::address::Address;
use crate::asset::Asset;
use crate::call_back_id::CallBackId;
use crate::case::Reason;
use crate::entry::Entry;
use crate::fields::{Fields, SchemaError};
use crate::identity::{EventKey, Fingerprint, Identity, KnownEvent, Verdict, judge};
use crate::mode::Mode;
use crate::money::{Amount, Decimal};
use crate::order::state::{Order, OrderState, Standing};
use crate::order::update::{Details, OrderUpdate};
use crate::outcome::Outcome;
use crate::posting::{Balance, Posting};
use crate::registration::Registration;
use crate::terms::Terms;
use crate::tx_id::TxId;

/// What an operator can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// The open order was paid: its frozen funds are gone.
    Settle,
    /// An order that had ended was paid: the user is charged, and owes what is not there.
    Charge,
    /// The open order will not be paid: its funds are available again.
    Unfreeze,
    /// The deposit is real: the user has it.
    Credit,
    /// The held deposit is not the user's.
    Reject,
    /// An order that had ended was paid, and the merchant bears it.
    WriteOff,
    /// The open order belongs to another withdrawal of the platform from now on.
    Repin,
    /// The order was settled and never paid: the user gets back what it took.
    Reverse,
    /// Nothing is to be done.
    Dismiss,
}

/// What an action does to what the user has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing.
    Nothing,
    /// frozen − a.
    Settle,
    /// frozen − a, available + a.
    Unfreeze,
    /// available − what is there of a, owed + the rest.
    Charge,
    /// owed − what is there of a, available + the rest.
    Refund,
    /// available + a.
    Credit,
    /// held − a.
    Reject,
}

/// A merchant's operator's request to end a case, or to put an order right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The operator's id of this act: the same again is the same act.
    pub id: String,
    /// What to do.
    pub action: Action,
    /// Why, in a person's words.
    pub reason: String,
    /// What the operator saw.
    pub expected: Expected,
    /// To which withdrawal of the platform the order belongs from now on: of `repin` without a case.
    pub tracking_id: Option<String>,
}

/// What an operator saw before acting: two cannot both act upon the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Where the order stands, or `open` where the case has none.
    pub state: String,
    /// The withdrawal of the platform that the order belongs to.
    pub tracking_id: Option<String>,
}

/// What was said that a case is about, and why that is not believed as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The event, and its content.
    pub identity: Identity,
    /// Why the case is open.
    pub reasons: Vec<Reason>,
    /// The user.
    pub tenant_user_id: String,
    /// The order.
    pub call_back_id: Option<CallBackId>,
    /// What it is about.
    pub asset: Option<Asset>,
    /// How much was deposited, paid, or registered.
    pub amount: Option<Amount>,
    /// To whom, of a registration.
    pub address: Option<String>,
    /// The transaction.
    pub tx_id: Option<TxId>,
    /// The withdrawal of the platform.
    pub tracking_id: Option<String>,
    /// How it would have been paid, of a registration.
    pub mode: Option<Mode>,
}

/// Why an operator did not get its will.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotResolved {
    /// The case's reasons do not allow the action.
    #[error("the case's reasons do not allow this action")]
    NotForThisReason,
    /// The order does not stand where the action makes sense.
    #[error("the order does not stand where this action makes sense")]
    NotInThisState,
    /// The order, or the case, is not as the operator saw it.
    #[error("the order or the case is not as expected")]
    NotAsExpected,
    /// What was refused at first was applied since, with just this content, as at a retry.
    #[error("it was applied already")]
    AppliedAlready,
    /// What was paid is of another asset than the order: it can be written off.
    #[error("the payment is of another asset than the order")]
    OtherAsset,
    /// The case does not say what the action needs, or the sum needs more than 38 digits.
    #[error("the case does not say what this action needs")]
    Incomplete,
}

/// What an action comes to, upon what was found: all but the balance that it meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Whose balance changes.
    pub tenant_user_id: String,
    /// In what; absent where no balance changes.
    pub asset: Option<Asset>,
    amount: Decimal,
    remedy: Remedy,
    order: Option<OrderUpdate>,
    /// The registration that is recorded with it, of a withdrawal that was paid before it was registered.
    pub registration: Option<Registration>,
    /// Is the claim's own event recorded with it? Then a retry of it is a repetition.
    pub records_claim: bool,
}

impl Action {
    /// Does it end the matter, whatever else might be said against it at a retry? What is dismissed, or given to another
    /// withdrawal of the platform, is judged anew, and may be refused for another reason.
    #[must_use]
    pub fn settles(self) -> bool {
        !matches!(self, Self::Dismiss | Self::Repin)
    }

    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Settle,
        Self::Charge,
        Self::Unfreeze,
        Self::Credit,
        Self::Reject,
        Self::WriteOff,
        Self::Repin,
        Self::Reverse,
        Self::Dismiss,
    ];

    /// The name in requests, records and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Settle => "settle",
            Self::Charge => "charge",
            Self::Unfreeze => "unfreeze",
            Self::Credit => "credit",
            Self::Reject => "reject",
            Self::WriteOff => "write-off",
            Self::Repin => "repin",
            Self::Reverse => "reverse",
            Self::Dismiss => "dismiss",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Action {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|action| action.name() == text).ok_or(())
    }
}

/// The first table: what may be done for a reason, by the kind of what was said.
///
/// A case with several reasons may be ended by what any of them allows, but dismissed only if all of them allow that. The second table, [`remedy`], says for which
/// orders.
#[must_use]
#[expect(clippy::match_same_arms, reason = "a row for each kind")]
pub fn actions(kind: &str, reason: Reason) -> &'static [Action] {
    use Action::{Charge, Credit, Dismiss, Reject, Repin, Reverse, Settle, Unfreeze, WriteOff};
    use Reason::{
        BalanceOutOfRange, BalanceTooLow, CompletedUnconfirmed, EventConflict, FailedOtherAddress, Foreign,
        OrderDirect, OrderEnded, OrderTooOld, OtherTerms, OtherTrackingId, OtherUser, RequestConflict, Risk,
        UserOwes,
    };
    match (kind, reason) {
        ("deposit", Risk) => &[Reject],
        ("deposit", EventConflict | RequestConflict) => &[Credit, Dismiss],
        ("withdrawal-confirmation", OtherTrackingId) => &[Repin, Unfreeze, Dismiss],
        ("withdrawal-confirmation", OtherUser | OtherTerms | OrderTooOld | OrderDirect) => {
            &[Unfreeze, Dismiss]
        }
        ("withdrawal", OtherTrackingId) => &[Settle, Charge, WriteOff, Repin, Dismiss],
        ("withdrawal", OtherUser | OtherTerms | OrderEnded | RequestConflict) => {
            &[Settle, Charge, WriteOff, Dismiss]
        }
        ("withdrawal", EventConflict | CompletedUnconfirmed) => &[Reverse, Dismiss],
        ("withdrawal-failure", OrderEnded) => &[Reverse, Dismiss],
        ("withdrawal-failure", Foreign) => &[Unfreeze, Repin, Dismiss],
        ("withdrawal-failure", OtherUser | EventConflict | RequestConflict) => &[Unfreeze, Dismiss],
        ("insufficient-balance" | "insufficient-gas", Foreign) => &[Repin, Dismiss],
        ("registration", BalanceTooLow | UserOwes | OtherTerms | OtherUser) => &[Charge, WriteOff, Dismiss],
        ("registration", BalanceOutOfRange) => &[WriteOff, Dismiss],
        (
            _,
            Risk | RequestConflict | EventConflict | BalanceOutOfRange | BalanceTooLow | UserOwes | OtherUser
            | OtherTerms | OrderEnded | OrderTooOld | OrderDirect | OtherTrackingId | Foreign
            | FailedOtherAddress | CompletedUnconfirmed,
        ) => &[Dismiss],
    }
}

/// The second table: where an action leaves an order, and what it does to what the user has; absent where it makes no
/// sense. Without a case, an operator may do to an order what this allows of settle, charge, unfreeze, write-off, repin
/// and reverse.
#[must_use]
#[expect(clippy::match_same_arms, reason = "a row for each action")]
pub fn remedy(action: Action, standing: Standing) -> Option<(Option<OrderState>, Remedy)> {
    use Standing::{
        Absent, Cancelled, Completed, CompletedUnproven, CompletedUnregistered, Confirmed, Direct, Failed,
        FailedUnregistered, Foreign, Reported, Reserved, UnderWay,
    };
    match (action, standing) {
        (Action::Settle, Reserved | Direct | UnderWay | Confirmed) => {
            Some((Some(OrderState::Completed), Remedy::Settle))
        }
        (Action::Unfreeze, Reserved | Direct | UnderWay | Confirmed) => {
            Some((Some(OrderState::Failed), Remedy::Unfreeze))
        }
        (Action::Repin, Reserved | Direct | UnderWay | Confirmed) => Some((None, Remedy::Nothing)),
        // Of a completed order: it was paid twice.
        (Action::Charge, Failed | Cancelled | CompletedUnregistered | Completed | CompletedUnproven) => {
            Some((Some(OrderState::Completed), Remedy::Charge))
        }
        (Action::WriteOff, Failed | Cancelled | CompletedUnregistered | Completed | CompletedUnproven) => {
            Some((Some(OrderState::Completed), Remedy::Nothing))
        }
        // Nobody registered it: it stays as it is, and a registration that comes later takes nothing.
        (Action::Charge, FailedUnregistered) => Some((None, Remedy::Charge)),
        (Action::WriteOff, FailedUnregistered) => Some((None, Remedy::Nothing)),
        (Action::Reverse, Completed | CompletedUnproven) => Some((Some(OrderState::Failed), Remedy::Refund)),
        (Action::Reverse, CompletedUnregistered) => Some((Some(OrderState::Failed), Remedy::Nothing)),
        (Action::Dismiss, _) => Some((None, Remedy::Nothing)),
        (Action::Credit, Absent) => Some((None, Remedy::Credit)),
        (Action::Reject, Absent) => Some((None, Remedy::Reject)),
        (
            Action::Settle
            | Action::Unfreeze
            | Action::Repin
            | Action::Charge
            | Action::WriteOff
            | Action::Reverse
            | Action::Credit
            | Action::Reject,
            Absent
            | Reported
            | Reserved
            | Direct
            | UnderWay
            | Confirmed
            | Completed
            | CompletedUnproven
            | Failed
            | Cancelled
            | CompletedUnregistered
            | FailedUnregistered
            | Foreign,
        ) => None,
    }
}

/// What an action comes to: of a case's claim, of an order alone, or of both. `recorded` is what is known of the claim's
/// own event.
///
/// User, asset and amount are the order's where its own funds move; otherwise the claim's.
///
/// # Errors
///
/// [`NotResolved`], in the order of its variants.
pub fn plan(
    resolution: &Resolution,
    claim: Option<&Claim>,
    order: Option<&Order>,
    recorded: Option<&KnownEvent>,
) -> Result<Plan, NotResolved> {
    let action = resolution.action;
    let standing = order.map_or(Standing::Absent, Order::standing);
    let is_allowed = match claim {
        Some(claim) => {
            let kind = claim.identity.event_key.kind();
            let allows = |reason: &Reason| actions(kind, *reason).contains(&action);
            // What another reason still waits for must not be waved away with this one.
            match action {
                Action::Dismiss => claim.reasons.iter().all(allows),
                _ => claim.reasons.iter().any(allows),
            }
        }
        // A payment beyond the order's own is charged or borne by what a case says of it.
        None => match action {
            Action::Settle | Action::Unfreeze | Action::Repin | Action::Reverse => true,
            Action::Charge | Action::WriteOff => matches!(standing, Standing::Failed | Standing::Cancelled),
            Action::Credit | Action::Reject | Action::Dismiss => false,
        },
    };
    if !is_allowed {
        return Err(if claim.is_some() {
            NotResolved::NotForThisReason
        } else {
            NotResolved::NotInThisState
        });
    }
    let expected = Expected::of(claim, order);
    let (next, remedy) = remedy(action, standing).ok_or(NotResolved::NotInThisState)?;
    if resolution.expected != expected {
        return Err(NotResolved::NotAsExpected);
    }
    let is_applied = |(recorded, claim): (&KnownEvent, &Claim)| {
        judge(&claim.identity, None, Some(recorded)) == Verdict::Repetition
    };
    // Refused at first, and applied at a retry: nothing of it is to be made good.
    let makes_good = matches!(action, Action::Credit | Action::Settle | Action::Charge | Action::WriteOff);
    // And what paid the order, reported again with other words, is no second payment.
    let transactions =
        claim.and_then(|claim| claim.tx_id.as_ref()).zip(order.and_then(|order| order.tx_id.as_ref()));
    let is_the_payment = transactions.is_some_and(|(claimed, known)| claimed == known);
    if makes_good && (recorded.zip(claim).is_some_and(is_applied) || is_the_payment) {
        return Err(NotResolved::AppliedAlready);
    }
    Planning { resolution, claim, order, standing }.plan(next, remedy, recorded.is_some())
}

struct Planning<'a> {
    resolution: &'a Resolution,
    claim: Option<&'a Claim>,
    order: Option<&'a Order>,
    standing: Standing,
}

impl Planning<'_> {
    fn plan(&self, next: Option<OrderState>, remedy: Remedy, is_recorded: bool) -> Result<Plan, NotResolved> {
        let Self { claim, order, standing, .. } = *self;
        let action = self.resolution.action;
        let registration = match claim {
            Some(claim) if matches!(action, Action::Charge | Action::WriteOff) => claim.registration()?,
            _ => None,
        };
        if registration.is_some() && order.is_some_and(|order| order.is_registered) {
            return Err(NotResolved::AppliedAlready); // it is registered by now
        }
        let ordered = order.and_then(|order| order.terms.as_ref());
        let (asset, amount) = match (action, standing) {
            (Action::Dismiss | Action::Repin | Action::WriteOff, _) => (None, Decimal::ZERO),
            (Action::Credit | Action::Reject, _) => claim.ok_or(NotResolved::Incomplete)?.money()?,
            // What the platform paid before the order was registered, and nothing else, is gone.
            (Action::Charge, Standing::CompletedUnregistered) if registration.is_some() => {
                money(ordered.ok_or(NotResolved::Incomplete)?)
            }
            (Action::Charge, _) => match claim {
                Some(claim) => claim.money()?,
                None => money(ordered.ok_or(NotResolved::Incomplete)?),
            },
            (Action::Reverse, _) => {
                let (asset, ordered) = money(ordered.ok_or(NotResolved::Incomplete)?);
                (asset, order.and_then(|order| order.charged).unwrap_or(ordered))
            }
            (Action::Settle | Action::Unfreeze, _) => money(ordered.ok_or(NotResolved::Incomplete)?),
        };
        let ends = matches!(standing, Standing::Failed | Standing::Cancelled);
        if action == Action::Charge && ends && asset.as_ref() != ordered.map(|terms| &terms.asset) {
            return Err(NotResolved::OtherAsset);
        }
        let remedy = if amount.is_zero() { Remedy::Nothing } else { remedy };
        let tenant_user_id = match (&registration, order, claim) {
            (Some(registration), ..) => &registration.tenant_user_id,
            (None, Some(order), _) => &order.tenant_user_id,
            (None, None, Some(claim)) => &claim.tenant_user_id,
            (None, None, None) => return Err(NotResolved::Incomplete),
        };
        Ok(Plan {
            tenant_user_id: tenant_user_id.clone(),
            asset: asset.filter(|_| remedy != Remedy::Nothing),
            amount,
            remedy,
            order: self.update(next, registration.as_ref(), amount)?,
            records_claim: action == Action::Credit && !is_recorded,
            registration,
        })
    }

    /// How the order's record changes; absent where it does not.
    fn update(
        &self,
        next: Option<OrderState>,
        registration: Option<&Registration>,
        amount: Decimal,
    ) -> Result<Option<OrderUpdate>, NotResolved> {
        let Self { resolution, claim, order, standing } = *self;
        let Some(order) = order.filter(|_| resolution.action != Action::Dismiss) else { return Ok(None) };
        let mut update = OrderUpdate::of(&order.call_back_id, Some(order));
        let told = claim.and_then(|claim| claim.tracking_id.clone());
        match resolution.action {
            Action::Repin => {
                let tracking_id = told.or_else(|| resolution.tracking_id.clone());
                update.tracking_id = Some(tracking_id.ok_or(NotResolved::Incomplete)?);
                return Ok(Some(update));
            }
            // A payment beside the order's own, or of one that nobody registered: the order is as it was.
            Action::Charge | Action::WriteOff
                if registration.is_none() && !matches!(standing, Standing::Failed | Standing::Cancelled) =>
            {
                return Ok(Some(update));
            }
            Action::Reverse => update.is_unpaid = true,
            Action::Settle | Action::Charge | Action::WriteOff => {
                update.tx_id = claim.and_then(|claim| claim.tx_id.clone());
                update.tracking_id = told;
            }
            _ => {}
        }
        update.state = next;
        if resolution.action == Action::Settle {
            update.fee = claim.and_then(|claim| fee(claim, order.terms.as_ref()?));
        }
        if matches!(resolution.action, Action::Charge | Action::WriteOff) {
            update.charged = Some(amount);
        }
        if let Some(registration) = registration {
            let Registration { tenant_user_id, terms, mode, .. } = registration.clone();
            update.proof = None; // its own event is written only once
            update.details = Some(Details::Registered { tenant_user_id, terms, mode });
        }
        Ok(Some(update))
    }
}

/// What the platform kept of what was ordered, where it paid less.
fn fee(claim: &Claim, ordered: &Terms) -> Option<Amount> {
    let paid = claim.amount.as_ref().filter(|_| claim.asset.as_ref() == Some(&ordered.asset))?;
    let fee = ordered.amount.value().checked_sub(paid.value())?;
    Amount::registered(&fee.to_string()).ok()
}

fn money(terms: &Terms) -> (Option<Asset>, Decimal) {
    (Some(terms.asset.clone()), terms.amount.value())
}

impl Claim {
    fn money(&self) -> Result<(Option<Asset>, Decimal), NotResolved> {
        let amount = self.amount.as_ref().ok_or(NotResolved::Incomplete)?;
        Ok((Some(self.asset.clone().ok_or(NotResolved::Incomplete)?), amount.value()))
    }

    /// The registration that this is, if it is one.
    fn registration(&self) -> Result<Option<Registration>, NotResolved> {
        if self.identity.event_key.kind() != "registration" {
            return Ok(None);
        }
        let read = || {
            let asset = self.asset.clone()?;
            let address = Address::reported(asset.chain_name(), self.address.as_deref()?);
            Some(Registration {
                call_back_id: self.call_back_id.clone()?,
                tenant_user_id: self.tenant_user_id.clone(),
                terms: Terms { amount: self.amount.clone()?, asset, address },
                mode: self.mode?,
            })
        };
        read().map(Some).ok_or(NotResolved::Incomplete)
    }
}

impl Plan {
    /// The entry, upon the balance that it meets; absent where the sum needs more than 38 digits.
    #[must_use]
    pub fn entry(&self, balance: Balance) -> Option<Entry> {
        let Self { tenant_user_id, amount, remedy, .. } = self;
        let amount = *amount;
        let posting = match &self.asset {
            None => None,
            Some(asset) => {
                let none = Posting::empty(tenant_user_id, asset);
                Some(match remedy {
                    Remedy::Nothing => return None,
                    Remedy::Settle => Posting { frozen: -amount, ..none },
                    Remedy::Unfreeze => Posting { frozen: -amount, available: amount, ..none },
                    Remedy::Charge => balance.charge(tenant_user_id, asset, amount)?,
                    Remedy::Refund => balance.refund(tenant_user_id, asset, amount)?,
                    Remedy::Credit => Posting { available: amount, ..none },
                    Remedy::Reject => Posting { held: -amount, ..none },
                })
            }
        };
        let (postings, order) = (posting.into_iter().collect(), self.order.clone());
        Some(Entry { postings, order, ..Entry::of(Outcome::Resolved) })
    }

    /// Where it leaves the order, if that moves.
    #[must_use]
    pub fn state(&self) -> Option<OrderState> {
        self.order.as_ref()?.state
    }
}

impl Expected {
    /// What an operator sees of a case or an order.
    #[must_use]
    pub fn of(claim: Option<&Claim>, order: Option<&Order>) -> Self {
        let has_order = claim.is_none_or(|claim| claim.call_back_id.is_some());
        match order {
            Some(order) => {
                Self { state: order.state.name().to_owned(), tracking_id: order.tracking_id.clone() }
            }
            None if has_order => Self { state: "none".to_owned(), tracking_id: None },
            None => Self { state: "open".to_owned(), tracking_id: None },
        }
    }
}

impl Resolution {
    /// Parses `{"action", "reason", "expected": {"state", "trackingId"}, "id", "trackingId"}`.
    ///
    /// # Errors
    ///
    /// [`SchemaError`] names the field and the broken rule.
    pub fn parse(json: &str) -> Result<Self, SchemaError> {
        let fields = Fields::parse(json)?;
        let action = fields.text("action")?.parse().map_err(|()| SchemaError::Action)?;
        let expected = fields.object("expected")?;
        Ok(Self {
            id: fields.registered_id("id")?,
            action,
            reason: fields.text("reason")?,
            expected: Expected {
                state: expected.text("state")?,
                tracking_id: expected.optional_text("trackingId")?,
            },
            tracking_id: fields.optional_text("trackingId")?,
        })
    }

    /// The act as an event: one an id, with what it is about and all that was asked as its content.
    #[must_use]
    pub fn identity(&self, target: &str) -> Identity {
        let Self { id, action, reason, expected, tracking_id } = self;
        let content = [
            Some(target),
            Some(action.name()),
            Some(&**reason),
            Some(&*expected.state),
            expected.tracking_id.as_deref(),
            tracking_id.as_deref(),
        ];
        Identity {
            event_key: EventKey::new("resolution", [Some(&**id)]),
            fingerprint: Fingerprint::new("resolution", content),
            position: None,
        }
    }
}
