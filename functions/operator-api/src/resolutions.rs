//! How a case ends, or an order is put right.

use std::time::SystemTime;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use utoipa::ToSchema;
use waas_callback::{CallBackId, CaseKey, Resolution};
use waas_callback_api::{Event, PathId, Problem, json_of};
use waas_callback_aws::{Operator, Resolved, Target};

use crate::caller::Caller;
use crate::value;

/// What to do, and why. User, asset and amount are the case's or the order's.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "the shape of what `Resolution::parse` reads, for the document")]
pub(crate) struct NewResolution {
    #[schema(schema_with = value::new_id)]
    id: String,
    #[schema(schema_with = value::action)]
    action: String,
    #[schema(schema_with = value::new_reason)]
    reason: String,
    expected: NewExpected,
    /// To which withdrawal of the platform the order belongs from now on: of `repin` where no case says it.
    #[schema(schema_with = value::tracking_id)]
    tracking_id: Option<String>,
}

/// What you saw: `expected` of the case; of an order its `state` and its `trackingId`.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "the shape of what `Resolution::parse` reads, for the document")]
pub(crate) struct NewExpected {
    #[schema(schema_with = value::expected_state)]
    state: String,
    #[schema(schema_with = value::tracking_id)]
    tracking_id: Option<String>,
}

/// Resolve a case, once
#[utoipa::path(
    post, path = "/cases/{caseKey}/resolve", tag = "cases", operation_id = "resolveCase",
    params(("caseKey" = inline(PathId), Path, description = "The case")),
    request_body = NewResolution,
    responses(
        (status = 201, description = "Resolved", body = Event),
        (status = 200, description = "Resolved before, by the same request", body = Event),
        (status = 400, description = "Malformed: not as the schema says, or a field twice", body = Problem),
        (status = 403, description = "Nobody knows who calls (`no-caller`); or not signed, or not allowed (API Gateway)", body = Problem),
        (status = 404, description = "Unknown", body = Problem),
        (status = 409, description = "Not done. The id was used for something else (`id-used`); the case is closed \
            (`case-closed`), not as you saw it (`not-as-expected`), or does not say what the action needs (`incomplete`); the \
            action is not for the case's reasons (`not-for-this-reason`), for where the order stands (`not-in-this-state`) or \
            for another asset than the order's (`other-asset`); what was refused was applied since, at a retry (`applied-already`)", body = Problem),
        (status = 413, description = "More than 16 KiB", body = Problem),
        (status = 422, description = "The ledger does not hold what would move (`balance-too-low`), or the sum would need more \
            than 38 digits (`balance-out-of-range`)", body = Problem),
    )
)]
pub(crate) async fn of_case(
    State(operator): State<Operator>,
    caller: Caller,
    PathId(case_key): PathId,
    body: Bytes,
) -> Result<(StatusCode, Json<Event>), Problem> {
    resolve(&operator, Target::Case(&CaseKey::from(case_key)), &caller, &body).await
}

/// Put an order right that has no case, once
///
/// It can be settled, unfrozen, repinned or reversed; and charged or written off once it has failed or was cancelled.
#[utoipa::path(
    post, path = "/withdrawals/{callBackId}/resolve", tag = "withdrawals", operation_id = "resolveWithdrawal",
    params(("callBackId" = inline(PathId), Path, description = "Your id of the withdrawal", example = "250624392590001")),
    request_body = NewResolution,
    responses(
        (status = 201, description = "Resolved", body = Event),
        (status = 200, description = "Resolved before, by the same request", body = Event),
        (status = 400, description = "Malformed: not as the schema says, or a field twice", body = Problem),
        (status = 403, description = "Nobody knows who calls (`no-caller`); or not signed, or not allowed (API Gateway)", body = Problem),
        (status = 404, description = "Unknown", body = Problem),
        (status = 409, description = "Not done. The id was used for something else (`id-used`); the order is not as you saw it \
            (`not-as-expected`), or stands where the action makes no sense (`not-in-this-state`); `repin` without a `trackingId` \
            (`incomplete`)", body = Problem),
        (status = 413, description = "More than 16 KiB", body = Problem),
        (status = 422, description = "The ledger does not hold what would move (`balance-too-low`), or the sum would need more \
            than 38 digits (`balance-out-of-range`)", body = Problem),
    )
)]
pub(crate) async fn of_withdrawal(
    State(operator): State<Operator>,
    caller: Caller,
    PathId(call_back_id): PathId,
    body: Bytes,
) -> Result<(StatusCode, Json<Event>), Problem> {
    resolve(&operator, Target::Order(&CallBackId::from(call_back_id)), &caller, &body).await
}

async fn resolve(
    operator: &Operator,
    target: Target<'_>,
    Caller(caller): &Caller,
    body: &[u8],
) -> Result<(StatusCode, Json<Event>), Problem> {
    let resolution = Resolution::parse(json_of(body)?)?;
    let Resolved { is_new, event } =
        Box::pin(operator.resolve(target, &resolution, caller, SystemTime::now())).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(event.into())))
}
