//! Withdrawal orders.

use std::time::SystemTime;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use utoipa::ToSchema;
use waas_callback::{CallBackId, ENERGY, Registration};
use waas_callback_api::{PathId, Problem, Withdrawal, json_of, value};
use waas_callback_aws::Merchant;

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
    /// Whether the withdrawal is ordered from the platform here, once it is registered. Without it you order it.
    #[schema(value_type = Option<bool>, default = false)]
    submit: Option<bool>,
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
        (status = 422, description = "Well formed, but not enough is available (`balance-too-low`), the user owes in this asset \
            (`user-owes`), the sum would need more than 38 digits (`balance-out-of-range`), the symbol is `ENERGY`, of which nothing can be frozen (`no-coin`), \
            or it is to be submitted, and this deployment does not call the platform (`no-platform`)", body = Problem),
    )
)]
pub(crate) async fn register(
    State(merchant): State<Merchant>,
    body: Bytes,
) -> Result<(StatusCode, Json<Withdrawal>), Problem> {
    let registration = Registration::parse(json_of(&body)?)?;
    if registration.terms.asset.symbol().eq_ignore_ascii_case(ENERGY) {
        let detail = "an energy lease is no coin: there is nothing to freeze";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "no-coin", detail));
    }
    if registration.is_submitted && !merchant.calls_platform() {
        let detail = "this deployment does not call the platform: order the withdrawal yourself";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "no-platform", detail));
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
