//! Deposits that were held for their risk.

use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use waas_callback_api::{PathId, Problem};
use waas_callback_aws::Operator;

use crate::caller::Caller;

/// A released deposit.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Release {
    event_key: String,
    /// Always `released`.
    #[schema(examples("released"))]
    state: &'static str,
}

/// Release a held deposit: its amount becomes available, and its case is closed
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
    operator.release(&event_key, &caller, SystemTime::now()).await?;
    Ok(Json(Release { event_key, state: "released" }))
}
