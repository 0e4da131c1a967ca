//! What a user holds, receives at and has done.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use waas_callback::{Asset, Decimal, Posting};
use waas_callback_aws::{Merchant, RecordedEvent};

use crate::path_id::PathId;
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
    #[schema(examples("TRON"))]
    chain_name: String,
    #[schema(examples("USDT"))]
    symbol: String,
    /// Can be spent.
    #[schema(examples("6.7"), pattern = "^-?[0-9]+(\\.[0-9]+)?$")]
    available: String,
    /// Set aside for withdrawals under way.
    #[schema(examples("3.3"), pattern = "^-?[0-9]+(\\.[0-9]+)?$")]
    frozen: String,
    /// Waits for a release because of its risk.
    #[schema(examples("0"), pattern = "^-?[0-9]+(\\.[0-9]+)?$")]
    held: String,
    /// What the user was charged beyond what was available. While there is any, nothing can be set aside.
    #[schema(examples("0"), pattern = "^-?[0-9]+(\\.[0-9]+)?$")]
    owed: String,
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
    #[schema(value_type = String, required = false)]
    next: Option<String>,
}

/// One event.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    event_key: String,
    /// The callback's type, 1 to 7; absent for what the merchant did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u8, required = false, minimum = 1, maximum = 7)]
    r#type: Option<u8>,
    /// What came of it, such as `credited`.
    outcome: String,
    #[serde(skip_serializing_if = "Option::is_none", rename = "requestUUID")]
    #[schema(value_type = String, required = false)]
    request_uuid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    tracking_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    call_back_id: Option<String>,
    /// RFC 3339, UTC.
    #[schema(format = DateTime)]
    recorded_at: String,
    /// What it changed.
    postings: Vec<Balance>,
    /// What the platform said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    callback: Option<Box<RawValue>>,
}

/// Which page of the events.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// At most this many.
    #[param(value_type = i32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Option<i32>,
    /// `next` of the page before.
    #[param(value_type = String, required = false, min_length = 1, max_length = 255, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// Read a user's balances and addresses
#[utoipa::path(
    get, path = "/users/{tenantUserId}", tag = "users", operation_id = "getUser",
    params(("tenantUserId" = inline(PathId), Path, description = "The user's id in your system", example = "1945")),
    responses(
        (status = 200, description = "The user", body = User),
    )
)]
pub(crate) async fn show(
    State(merchant): State<Merchant>,
    PathId(tenant_user_id): PathId,
) -> Result<Json<User>, Problem> {
    let (balances, addresses) = tokio::try_join!(
        merchant.ledger.balances(&tenant_user_id),
        merchant.ledger.addresses(&tenant_user_id)
    )?;
    let balances = balances.into_iter().map(|of| {
        let waas_callback::Balance { available, frozen, held, owed } = of.balance;
        Balance::shown(&of.asset, [available, frozen, held, owed])
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
    params(("tenantUserId" = inline(PathId), Path, description = "The user's id in your system", example = "1945"), PageQuery),
    responses(
        (status = 200, description = "A page of events", body = Events),
        (status = 400, description = "Malformed limit or cursor", body = Problem),
    )
)]
pub(crate) async fn events(
    State(merchant): State<Merchant>,
    PathId(tenant_user_id): PathId,
    query: Result<Query<PageQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Events>, Problem> {
    let malformed =
        || Problem::new(StatusCode::BAD_REQUEST, "malformed", "limit is not a number from 1 to 200");
    let Query(page) = query.map_err(|_| malformed())?;
    let limit = page.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(malformed());
    }
    let page = merchant.ledger.events_of(&tenant_user_id, limit, page.cursor.as_deref()).await?;
    let no_page = || Problem::new(StatusCode::BAD_REQUEST, "malformed", "cursor is no page's next");
    let page = page.ok_or_else(no_page)?;
    Ok(Json(Events { events: page.events.into_iter().map(Event::from).collect(), next: page.next }))
}

impl Balance {
    /// The parts, or changes of them, as texts: available, frozen, held, owed.
    fn shown(asset: &Asset, parts: [Decimal; 4]) -> Self {
        let [available, frozen, held, owed] = parts.map(|part| part.to_string());
        let (chain_name, symbol) = (asset.chain_name().to_owned(), asset.symbol().to_owned());
        Self { chain_name, symbol, available, frozen, held, owed }
    }
}

impl From<RecordedEvent> for Event {
    fn from(event: RecordedEvent) -> Self {
        let posting = |of: Posting| Balance::shown(&of.asset, [of.available, of.frozen, of.held, of.owed]);
        Self {
            event_key: event.event_key,
            r#type: event.r#type,
            outcome: event.outcome,
            request_uuid: event.request_uuid,
            tracking_id: event.tracking_id,
            call_back_id: event.call_back_id,
            recorded_at: event.recorded_at,
            postings: event.postings.into_iter().map(posting).collect(),
            callback: event.callback.and_then(|json| RawValue::from_string(json).ok()),
        }
    }
}
