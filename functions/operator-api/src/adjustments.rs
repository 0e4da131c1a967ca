//! Adjustments of what users hold.

use std::time::SystemTime;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use utoipa::ToSchema;
use waas_callback::Adjustment;
use waas_callback_api::{NewLeg, Posted, Problem, json_of, value as values};
use waas_callback_aws::Operator;

use crate::caller::Caller;
use crate::value;

/// What to add and what to take.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the shape of what `Adjustment::parse` reads, for the document")]
pub(crate) struct NewAdjustment {
    #[schema(schema_with = value::new_id)]
    id: String,
    #[schema(schema_with = values::reason_of_legs)]
    reason: String,
    #[schema(schema_with = values::legs_of_adjustment)]
    legs: Vec<NewLeg>,
}

/// Add to what users can spend, or take from it, all legs or none, once
///
/// For opening balances and corrections: unlike a movement's, the legs need not sum to zero. It can take from a user who
/// owes, and never more than is available.
#[utoipa::path(
    post, path = "/adjustments", tag = "adjustments", operation_id = "postAdjustment",
    request_body = NewAdjustment,
    responses(
        (status = 201, description = "Posted, all legs", body = Posted),
        (status = 200, description = "Posted before, by the same request", body = Posted),
        (status = 400, description = "Malformed: not as the schema says, a field twice, or two legs of one user and asset", body = Problem),
        (status = 403, description = "Nobody knows who calls (`no-caller`); or not signed, or not allowed (API Gateway)", body = Problem),
        (status = 409, description = "The id was used for something else: `id-used`", body = Problem),
        (status = 413, description = "More than 16 KiB", body = Problem),
        (status = 422, description = "Well formed, but a leg cannot be posted, so none was; `leg` says which. Not enough is \
            available (`balance-too-low`), the sum would need more than 38 digits (`balance-out-of-range`), or the symbol is \
            `ENERGY`, which nobody holds (`no-coin`)", body = Problem),
    )
)]
pub(crate) async fn post(
    State(operator): State<Operator>,
    Caller(caller): Caller,
    body: Bytes,
) -> Result<(StatusCode, Json<Posted>), Problem> {
    let adjustment = Adjustment::parse(json_of(&body)?)?;
    tracing::info!(adjustmentId = adjustment.legs().id, "adjustment"); // its id stands in no path
    let is_new = operator.adjust(&adjustment, &caller, SystemTime::now()).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(adjustment.legs().into())))
}
