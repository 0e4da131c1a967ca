//! What a user holds, receives at and has done.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use waas_callback_aws::{Item, Merchant, Unavailable, postings};

use crate::problem::Problem;

const DEFAULT_LIMIT: i32 = 50;
const MAX_LIMIT: i32 = 200;

/// A user: balances and deposit addresses. A user without either is one that the ledger has not met yet.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    tenant_user_id: String,
    balances: Vec<Balance>,
    addresses: Vec<Address>,
}

/// What the user holds in one asset.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Balance {
    #[schema(example = "TRON")]
    chain_name: String,
    #[schema(example = "USDT")]
    symbol: String,
    /// Can be spent.
    #[schema(example = "6.7")]
    available: String,
    /// Set aside for withdrawals under way.
    #[schema(example = "3.3")]
    frozen: String,
    /// Waits for a release because of its risk.
    #[schema(example = "0")]
    held: String,
}

/// Where the user receives one asset.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Address {
    chain_name: String,
    symbol: String,
    /// The address now.
    address: String,
    /// Those before it, oldest first; they can still receive.
    earlier: Vec<String>,
}

/// Part of a user's events.
#[derive(Serialize, ToSchema)]
pub(crate) struct Events {
    events: Vec<Event>,
    /// `cursor` of the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// One event.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    event_key: String,
    /// The callback's type, 1 to 7; absent for what the merchant did.
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<u8>,
    /// What came of it, such as `credited`.
    outcome: String,
    #[serde(skip_serializing_if = "Option::is_none", rename = "requestUUID")]
    request_uuid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_back_id: Option<String>,
    /// RFC 3339, UTC.
    recorded_at: String,
    /// What it changed.
    postings: Vec<Balance>,
    /// What the platform said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    callback: Option<Box<RawValue>>,
}

/// Which part of the events.
#[derive(Deserialize, IntoParams)]
pub(crate) struct Part {
    /// At most this many, 1 to 200; 50 if absent.
    limit: Option<i32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Read a user's balances and addresses
#[utoipa::path(
    get, path = "/users/{tenantUserId}", tag = "users", operation_id = "getUser",
    params(("tenantUserId" = String, Path, description = "The user's id in your system")),
    responses(
        (status = 200, description = "The user", body = User),
        (status = 503, description = "Try again", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(merchant): State<Merchant>,
    Path(tenant_user_id): Path<String>,
) -> Result<Json<User>, Problem> {
    let (balances, addresses) = tokio::try_join!(
        merchant.books.balances(&tenant_user_id),
        merchant.books.addresses(&tenant_user_id)
    )?;
    let balances = balances.into_iter().map(|of| Balance {
        chain_name: of.asset.chain_name().to_owned(),
        symbol: of.asset.symbol().to_owned(),
        available: of.balance.available.to_string(),
        frozen: of.balance.frozen.to_string(),
        held: of.balance.held.to_string(),
    });
    let addresses = addresses.into_iter().map(|of| Address {
        chain_name: of.asset.chain_name().to_owned(),
        symbol: of.asset.symbol().to_owned(),
        address: of.address,
        earlier: of.earlier,
    });
    Ok(Json(User { balances: balances.collect(), addresses: addresses.collect(), tenant_user_id }))
}

/// Read a user's events, newest first
#[utoipa::path(
    get, path = "/users/{tenantUserId}/events", tag = "users", operation_id = "getUserEvents",
    params(("tenantUserId" = String, Path, description = "The user's id in your system"), Part),
    responses(
        (status = 200, description = "A page of events", body = Events),
        (status = 400, description = "Malformed limit or cursor", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Try again", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn events(
    State(merchant): State<Merchant>,
    Path(tenant_user_id): Path<String>,
    part: Result<Query<Part>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Events>, Problem> {
    let malformed =
        || Problem::new(StatusCode::BAD_REQUEST, "malformed", "limit is not a number from 1 to 200");
    let Query(part) = part.map_err(|_| malformed())?;
    let limit = part.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(malformed());
    }
    let page = merchant.books.events_of(&tenant_user_id, limit, part.cursor.as_deref()).await?;
    let no_page = || Problem::new(StatusCode::BAD_REQUEST, "malformed", "cursor is no page's next");
    let page = page.ok_or_else(no_page)?;
    let events: Result<Vec<_>, _> = page.items.iter().map(event).collect();
    Ok(Json(Events { events: events?, next: page.next }))
}

fn event(item: &Item) -> Result<Event, Unavailable> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    let postings = postings(item)?.into_iter().map(|posting| Balance {
        chain_name: posting.asset.chain_name().to_owned(),
        symbol: posting.asset.symbol().to_owned(),
        available: posting.available.to_string(),
        frozen: posting.frozen.to_string(),
        held: posting.held.to_string(),
    });
    Ok(Event {
        event_key: text("eventKey").unwrap_or_default(),
        r#type: item.get("type").and_then(|value| value.as_n().ok()?.parse().ok()),
        outcome: text("outcome").unwrap_or_default(),
        request_uuid: text("requestUUID"),
        tracking_id: text("trackingId"),
        call_back_id: text("callBackId"),
        recorded_at: text("recordedAt").unwrap_or_default(),
        postings: postings.collect(),
        callback: text("callback").and_then(|json| RawValue::from_string(json).ok()),
    })
}
