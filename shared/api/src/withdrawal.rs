//! Withdrawal orders.

use serde::Serialize;
use utoipa::ToSchema;
use waas_callback::{Order, StallCause};

use crate::value;

/// A withdrawal order.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Withdrawal {
    call_back_id: String,
    tenant_user_id: String,
    #[schema(schema_with = value::state)]
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    chain_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    symbol: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = value::mode)]
    mode: Option<&'static str>,
    /// The transaction that paid it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    tx_id: Option<String>,
    /// The withdrawal of the platform that the order belongs to, from the confirmation, payment or failure on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    tracking_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = value::stalled)]
    stalled: Option<String>,
    /// Since when it is said to have failed; RFC 3339, UTC. Its funds stay frozen until the platform vouches for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    failure_reported: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = value::submission)]
    submission: Option<&'static str>,
    /// What the platform kept of the ordered amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    fee: Option<String>,
    /// False for a withdrawal that only the platform reported.
    registered: bool,
    /// True while an operator keeps it from being confirmed.
    held: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    updated_at: Option<String>,
}

impl From<Order> for Withdrawal {
    fn from(order: Order) -> Self {
        let asset = order.terms.as_ref().map(|terms| &terms.asset);
        Self {
            call_back_id: order.call_back_id.to_string(),
            tenant_user_id: order.tenant_user_id,
            state: order.state.to_string(),
            chain_name: asset.map(|asset| asset.chain_name().to_owned()),
            symbol: asset.map(|asset| asset.symbol().to_owned()),
            amount: order.terms.as_ref().map(|terms| terms.amount.text().to_owned()),
            address: order.terms.as_ref().map(|terms| terms.address.text().to_owned()),
            mode: order.is_registered.then_some(order.mode.name()),
            tx_id: order.tx_id.map(|id| id.text().to_owned()),
            tracking_id: order.tracking_id,
            stalled: order.stalled.map(StallCause::name).map(str::to_owned),
            failure_reported: order.failure_reported,
            submission: order.submission.map(|submission| submission.stage.name()),
            fee: order.fee.map(|fee| fee.to_string()),
            registered: order.is_registered,
            held: order.is_held,
            updated_at: order.updated_at,
        }
    }
}
