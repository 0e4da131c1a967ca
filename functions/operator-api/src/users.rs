//! What a user owes.

use std::time::SystemTime;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use waas_callback::{Collection, Decimal, Posting};
use waas_callback_api::{Balance, PathId, Problem, json_of};
use waas_callback_aws::{Operator, Resolved};

use crate::caller::Caller;
use crate::value;

/// In what to collect.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "the shape of what `Collection::parse` reads, for the document")]
pub(crate) struct NewCollection {
    #[schema(schema_with = value::new_id)]
    id: String,
    #[schema(schema_with = value::known_chain_name)]
    chain_name: String,
    #[schema(schema_with = value::known_symbol)]
    symbol: String,
}

/// What was collected.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Collected {
    /// What was taken of what is available; `0` if nothing was owed, or nothing was there.
    #[schema(examples("3.3"), pattern = "^[0-9]+(\\.[0-9]+)?$")]
    collected: String,
    /// Its event; absent if nothing was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    event_key: Option<String>,
    /// The balance as it is now.
    balance: Balance,
}

/// Take what a user owes of what has become available, once
#[utoipa::path(
    post, path = "/users/{tenantUserId}/collect", tag = "users", operation_id = "collect",
    params(("tenantUserId" = inline(PathId), Path, description = "The user's id in your system", example = "1945")),
    request_body = NewCollection,
    responses(
        (status = 201, description = "Taken", body = Collected),
        (status = 200, description = "Taken before, by the same request; or there was nothing to take", body = Collected),
        (status = 400, description = "Malformed: not as the schema says, or a field twice", body = Problem),
        (status = 403, description = "Nobody knows who calls (`no-caller`); or not signed, or not allowed (API Gateway)", body = Problem),
        (status = 409, description = "The id was used for another user or asset: `id-used`", body = Problem),
        (status = 413, description = "More than 16 KiB", body = Problem),
    )
)]
pub(crate) async fn collect(
    State(operator): State<Operator>,
    Caller(caller): Caller,
    PathId(tenant_user_id): PathId,
    body: Bytes,
) -> Result<(StatusCode, Json<Collected>), Problem> {
    let collection = Collection::parse(&tenant_user_id, json_of(&body)?)?;
    let done = operator.collect(&collection, &caller, SystemTime::now()).await?;
    let balance = operator.ledger.balance(&tenant_user_id, &collection.asset).await?;
    let balance = Balance::of(&collection.asset, balance);
    let Some(Resolved { is_new, event }) = done else {
        let collected = Decimal::ZERO.to_string();
        return Ok((StatusCode::OK, Json(Collected { collected, event_key: None, balance })));
    };
    let taken = event.postings.first().map_or(Decimal::ZERO, |posting: &Posting| -posting.available);
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let collected = Collected { collected: taken.to_string(), event_key: Some(event.event_key), balance };
    Ok((status, Json(collected)))
}
