//! Withdrawal orders that are kept back.

use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use waas_callback::CallBackId;
use waas_callback_api::{PathId, Problem, Withdrawal};
use waas_callback_aws::Operator;

use crate::caller::Caller;

/// Hold a withdrawal: while held, it is not confirmed to the platform
#[utoipa::path(
    put, path = "/withdrawals/{callBackId}/hold", tag = "withdrawals", operation_id = "holdWithdrawal",
    params(("callBackId" = inline(PathId), Path, description = "Your id of the withdrawal", example = "250624392590001")),
    responses(
        (status = 200, description = "Held", body = Withdrawal),
        (status = 403, description = "Nobody knows who calls (`no-caller`); or not signed, or not allowed (API Gateway)", body = Problem),
        (status = 404, description = "Unknown", body = Problem),
        (status = 409, description = "Direct, confirmed or ended: a hold could not be kept", body = Problem),
    )
)]
pub(crate) async fn hold(
    State(operator): State<Operator>,
    caller: Caller,
    PathId(call_back_id): PathId,
) -> Result<Json<Withdrawal>, Problem> {
    set_hold(&operator, &caller, &call_back_id.into(), true).await
}

/// Take a withdrawal off hold
#[utoipa::path(
    delete, path = "/withdrawals/{callBackId}/hold", tag = "withdrawals", operation_id = "unholdWithdrawal",
    params(("callBackId" = inline(PathId), Path, description = "Your id of the withdrawal", example = "250624392590001")),
    responses(
        (status = 200, description = "Not held", body = Withdrawal),
        (status = 403, description = "Nobody knows who calls (`no-caller`); or not signed, or not allowed (API Gateway)", body = Problem),
        (status = 404, description = "Unknown", body = Problem),
        (status = 409, description = "Direct, confirmed or ended: a hold could not be kept", body = Problem),
    )
)]
pub(crate) async fn unhold(
    State(operator): State<Operator>,
    caller: Caller,
    PathId(call_back_id): PathId,
) -> Result<Json<Withdrawal>, Problem> {
    set_hold(&operator, &caller, &call_back_id.into(), false).await
}

async fn set_hold(
    operator: &Operator,
    Caller(caller): &Caller,
    call_back_id: &CallBackId,
    is_held: bool,
) -> Result<Json<Withdrawal>, Problem> {
    let order = operator.hold(call_back_id, is_held, SystemTime::now()).await?;
    // A hold moves nothing and so is no event: this line is what tells whose it was.
    tracing::info!(operator = caller, callBackId = call_back_id.as_str(), held = is_held, "hold");
    Ok(Json(order.into()))
}
