//! Withdrawal orders.

use std::time::SystemTime;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use waas_callback::{CallBackId, ENERGY, Order, Registration, SchemaError, StallCause};
use waas_callback_aws::Merchant;

use crate::path_id::PathId;
use crate::problem::Problem;
use crate::value;

/// A withdrawal to register. Parsed by the strict reading of the callbacks themselves; this is its shape.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "the shape of what `Registration::parse` reads, for the document")]
pub(crate) struct NewWithdrawal {
    #[schema(schema_with = value::new_call_back_id)]
    call_back_id: String,
    #[schema(schema_with = value::user)]
    tenant_user_id: String,
    #[schema(schema_with = value::chain_name)]
    chain_name: String,
    #[schema(schema_with = value::symbol)]
    symbol: String,
    #[schema(schema_with = value::new_amount)]
    amount: String,
    #[schema(schema_with = value::address)]
    address: String,
    #[schema(schema_with = value::new_mode)]
    mode: Option<String>,
}

/// A withdrawal order.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Withdrawal {
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
            fee: order.fee.map(|fee| fee.to_string()),
            registered: order.is_registered,
            held: order.is_held,
            updated_at: order.updated_at,
        }
    }
}

/// Register a withdrawal: its amount moves from available to frozen
#[utoipa::path(
    post, path = "/withdrawals", tag = "withdrawals", operation_id = "registerWithdrawal",
    request_body = NewWithdrawal,
    responses(
        (status = 201, description = "Registered", body = Withdrawal),
        (status = 200, description = "Registered before, with the same content", body = Withdrawal),
        (status = 400, description = "Malformed: not as the schema says, a field twice, or no address of its chain", body = Problem),
        (status = 409, description = "Known with other content, or cancelled or failed meanwhile: `event-conflict`, \
            `other-user`, `other-terms`, `order-ended`", body = Problem),
        (status = 413, description = "More than 16 KiB", body = Problem),
        (status = 422, description = "Well formed, but not enough is available (`balance-too-low`), the sum would need more \
            than 38 digits (`balance-out-of-range`), or the symbol is `ENERGY`, of which nothing can be frozen (`no-coin`)", body = Problem),
    )
)]
pub(crate) async fn register(
    State(merchant): State<Merchant>,
    body: Bytes,
) -> Result<(StatusCode, Json<Withdrawal>), Problem> {
    let json = str::from_utf8(&body).map_err(|_| Problem::from(SchemaError::NotJson))?;
    let registration = Registration::parse(json)?;
    if registration.terms.asset.symbol().eq_ignore_ascii_case(ENERGY) {
        let detail = "an energy lease is no coin: there is nothing to freeze";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "no-coin", detail));
    }
    tracing::info!(callBackId = registration.call_back_id.as_str(), "registration"); // its id stands in no path
    let (is_new, order) = merchant.register(&registration, SystemTime::now()).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(order.into())))
}

/// Read a withdrawal
#[utoipa::path(
    get, path = "/withdrawals/{callBackId}", tag = "withdrawals", operation_id = "getWithdrawal",
    params(("callBackId" = inline(PathId), Path, description = "Your id of the withdrawal", example = "250624392590001")),
    responses(
        (status = 200, description = "The withdrawal", body = Withdrawal),
        (status = 404, description = "Unknown", body = Problem),
    )
)]
pub(crate) async fn show(
    State(merchant): State<Merchant>,
    PathId(call_back_id): PathId,
) -> Result<Json<Withdrawal>, Problem> {
    let order =
        merchant.ledger.order(&CallBackId::from(call_back_id)).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(order.into()))
}

/// Cancel a withdrawal that is still reserved: its amount is available again
#[utoipa::path(
    delete, path = "/withdrawals/{callBackId}", tag = "withdrawals", operation_id = "cancelWithdrawal",
    params(("callBackId" = inline(PathId), Path, description = "Your id of the withdrawal", example = "250624392590001")),
    responses(
        (status = 200, description = "Cancelled, now or before", body = Withdrawal),
        (status = 404, description = "Unknown", body = Problem),
        (status = 409, description = "The platform may be paying it, or it ended otherwise", body = Problem),
    )
)]
pub(crate) async fn cancel(
    State(merchant): State<Merchant>,
    PathId(call_back_id): PathId,
) -> Result<Json<Withdrawal>, Problem> {
    Ok(Json(merchant.cancel(&CallBackId::from(call_back_id), SystemTime::now()).await?.into()))
}
