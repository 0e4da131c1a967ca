//! What an act comes to, upon the case and the order that were found.

use super::request::{Expected, Resolution};
use super::tables::{Action, Remedy, actions, remedy};
use crate::address::Address;
use crate::asset::Asset;
use crate::case::{Claim, Reason};
use crate::entry::Entry;
use crate::identity::{KnownEvent, Verdict, judge};
use crate::money::{Amount, Decimal};
use crate::order::state::{Order, OrderState, Standing};
use crate::order::update::{Details, OrderUpdate};
use crate::outcome::Outcome;
use crate::posting::{Balance, Posting};
use crate::registration::Registration;
use crate::terms::Terms;

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
    /// The same deposit waits with other content, or the order is on its way to the platform: that has to be ended first.
    #[error("the same deposit waits with other content, or the order is on its way to the platform")]
    Waits,
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
                Action::Release => {
                    let mut holding = claim.reasons.iter().filter(|reason| reason.holds()).peekable();
                    holding.peek().is_some() && holding.all(allows)
                }
                _ => claim.reasons.iter().any(allows),
            }
        }
        // A payment beyond the order's own is charged or borne by what a case says of it.
        None => match action {
            Action::Settle | Action::Unfreeze | Action::Repin | Action::Reverse => true,
            Action::Charge | Action::WriteOff => matches!(standing, Standing::Failed | Standing::Cancelled),
            Action::Credit | Action::Reject | Action::Release | Action::Dismiss => false,
        },
    };
    if !is_allowed {
        return Err(if claim.is_some() {
            NotResolved::NotForThisReason
        } else {
            NotResolved::NotInThisState
        });
    }
    // A failure that may come true yet is not told again: its order would stay open, and nobody would look.
    let is_awaited = claim.is_some_and(|claim| {
        claim.identity.event_key.kind() == "withdrawal-failure"
            && claim.reasons.iter().any(|reason| reason.holds())
    });
    if action == Action::Dismiss && standing.is_open() && is_awaited {
        return Err(NotResolved::NotInThisState);
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
    // What took effect and waits for more is recorded, too.
    let was_refused =
        claim.is_some_and(|claim| claim.reasons.iter().any(|reason| !reason.is_of_what_was_recorded()));
    let is_applied = was_refused && recorded.zip(claim).is_some_and(is_applied);
    if makes_good && (is_applied || is_the_payment) {
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
            (Action::Credit | Action::Reject | Action::Release, _) => {
                claim.ok_or(NotResolved::Incomplete)?.money()?
            }
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
        // A reversal gives back in the order's own asset.
        let own = match &registration {
            Some(registration) => Some(&registration.terms.asset),
            None if matches!(standing, Standing::Failed | Standing::Cancelled) => {
                ordered.map(|terms| &terms.asset)
            }
            None => asset.as_ref(), // beside the order's own
        };
        if action == Action::Charge && asset.as_ref() != own {
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
                is_submitted: false, // it was paid
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
                    Remedy::Release => Posting { held: -amount, available: amount, ..none },
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
