//! Deposits that are held for their risk.

use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use waas_callback_api::{PathId, Problem};
use waas_callback_aws::Operator;

use crate::caller::Caller;
use crate::value;

/// A deposit that was released from its risk.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Release {
    event_key: String,
    /// `released`: its amount is available. `risk-lifted`: it waits for the platform's word still.
    #[schema(schema_with = value::release_state)]
    state: String,
}

/// Release a deposit that is held for its risk
///
/// Its amount becomes available, and its case is closed, unless something else than its risk holds it: then it waits for that still.
#[utoipa::path(
    post, path = "/deposits/{eventKey}/release", tag = "deposits", operation_id = "releaseDeposit",
    params(("eventKey" = inline(PathId), Path, description = "The deposit's event, as its case and `waas.deposit.held` name it")),
    responses(
        (status = 200, description = "Released, now or before", body = Release),
        (status = 403, description = "Nobody knows who calls (`no-caller`); or not signed, or not allowed (API Gateway)", body = Problem),
        (status = 404, description = "Unknown", body = Problem),
        (status = 409, description = "Not a held deposit (`not-held`), or rejected before (`case-closed`)", body = Problem),
    )
)]
pub(crate) async fn release(
    State(operator): State<Operator>,
    Caller(caller): Caller,
    PathId(event_key): PathId,
) -> Result<Json<Release>, Problem> {
    let state = operator.release(&event_key, &caller, SystemTime::now()).await?;
    Ok(Json(Release { event_key, state }))
}
