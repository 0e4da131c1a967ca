//! Movements between users.

use std::time::SystemTime;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use utoipa::ToSchema;
use waas_callback::Movement;
use waas_callback_api::{NewLeg, Posted, Problem, json_of, value};
use waas_callback_aws::Merchant;

/// What to move.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the shape of what `Movement::parse` reads, for the document")]
pub(crate) struct NewMovement {
    #[schema(schema_with = value::new_id)]
    id: String,
    #[schema(schema_with = value::reason_of_legs)]
    reason: String,
    #[schema(schema_with = value::legs_of_movement)]
    legs: Vec<NewLeg>,
}

/// Move amounts between what users can spend, all legs or none, once
#[utoipa::path(
    post, path = "/movements", tag = "movements", operation_id = "postMovement",
    request_body = NewMovement,
    responses(
        (status = 201, description = "Posted, all legs", body = Posted),
        (status = 200, description = "Posted before, by the same request", body = Posted),
        (status = 400, description = "Malformed: not as the schema says, a field twice, legs that do not sum to zero for each \
            asset, or two of one user and asset", body = Problem),
        (status = 409, description = "The id was used for something else: `id-used`", body = Problem),
        (status = 413, description = "More than 16 KiB", body = Problem),
        (status = 422, description = "Well formed, but a leg cannot be posted, so none was; `leg` says which. Not enough is \
            available (`balance-too-low`), the user owes in this asset (`user-owes`), the sum would need more than 38 digits \
            (`balance-out-of-range`), or the symbol is `ENERGY`, which nobody holds (`no-coin`)", body = Problem),
    )
)]
pub(crate) async fn post(
    State(merchant): State<Merchant>,
    body: Bytes,
) -> Result<(StatusCode, Json<Posted>), Problem> {
    let movement = Movement::parse(json_of(&body)?)?;
    tracing::info!(movementId = movement.legs().id, "movement"); // its id stands in no path
    let is_new = merchant.post(&movement, SystemTime::now()).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(movement.legs().into())))
}
