//! Movements and adjustments: legs as they are asked for, and as they were posted.

use serde::Serialize;
use utoipa::ToSchema;
use waas_callback::Legs;

use crate::value;

/// What changes for one user in one asset.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "the shape of what `Movement::parse` reads, for the document")]
pub struct NewLeg {
    #[schema(schema_with = value::user)]
    tenant_user_id: String,
    #[schema(schema_with = value::chain_name)]
    chain_name: String,
    #[schema(schema_with = value::symbol)]
    symbol: String,
    #[schema(schema_with = value::new_change)]
    amount: String,
}

/// What was posted, all of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Posted {
    /// Your id of it.
    id: String,
    /// The event of the whole, which is in no user's history.
    event_key: String,
    /// Why, in your words.
    reason: String,
    legs: Vec<Leg>,
}

/// What changed for one user in one asset.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Leg {
    tenant_user_id: String,
    chain_name: String,
    symbol: String,
    /// Added to what the user can spend; below zero where it was taken.
    #[schema(examples("-1.5"), pattern = "^-?[0-9]+(\\.[0-9]+)?$")]
    amount: String,
    /// Its event, which is in its user's history.
    event_key: String,
}

impl From<&Legs> for Posted {
    fn from(legs: &Legs) -> Self {
        let each = legs.each.iter().map(|leg| Leg {
            tenant_user_id: leg.tenant_user_id.clone(),
            chain_name: leg.asset.chain_name().to_owned(),
            symbol: leg.asset.symbol().to_owned(),
            amount: leg.amount.to_string(),
            event_key: legs.leg_identity(leg).event_key.to_string(),
        });
        Self {
            event_key: legs.identity().event_key.to_string(),
            id: legs.id.clone(),
            reason: legs.reason.clone(),
            legs: each.collect(),
        }
    }
}
