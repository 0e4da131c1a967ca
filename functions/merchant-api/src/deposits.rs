//! Deposits that were held for their risk.

use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use waas_callback_aws::Merchant;

use crate::path_id::PathId;
use crate::problem::Problem;

/// A released deposit.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Release {
    event_key: String,
    /// Always `released`.
    #[schema(examples("released"))]
    state: &'static str,
}

/// Release a held deposit: its amount becomes available
#[utoipa::path(
    post, path = "/deposits/{eventKey}/release", tag = "deposits", operation_id = "releaseDeposit",
    params(("eventKey" = inline(PathId), Path, description = "The deposit's event, as the user's events and `waas.deposit.held` name it")),
    responses(
        (status = 200, description = "Released, now or before", body = Release),
        (status = 404, description = "Unknown", body = Problem),
        (status = 409, description = "Not a held deposit", body = Problem),
    )
)]
pub(crate) async fn release(
    State(merchant): State<Merchant>,
    PathId(event_key): PathId,
) -> Result<Json<Release>, Problem> {
    merchant.release(&event_key, SystemTime::now()).await?;
    Ok(Json(Release { event_key, state: "released" }))
}
