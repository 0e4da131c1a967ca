//! What an operator asks for: an action, a reason in a person's words, and what was seen before.

use super::tables::Action;
use crate::case::Claim;
use crate::fields::{Fields, SchemaError};
use crate::identity::{EventKey, Fingerprint, Identity};
use crate::order::state::Order;

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
