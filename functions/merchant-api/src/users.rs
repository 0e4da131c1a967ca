//! What a user holds, receives at and has done.

use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use waas_callback_api::{Balance, Event, PageQuery, PathId, Problem};
use waas_callback_aws::Merchant;

/// A user: balances and deposit addresses. A user without either is one that the ledger has not met yet.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    tenant_user_id: String,
    balances: Vec<Balance>,
    addresses: Vec<Address>,
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
    let balances = balances.into_iter().map(|of| Balance::of(&of.asset, of.balance));
    let addresses = addresses.into_iter().map(|of| Address {
        chain_name: of.asset.chain_name().to_owned(),
        symbol: of.asset.symbol().to_owned(),
        address: of.address,
        earlier: of.earlier,
    });
    Ok(Json(User { balances: balances.collect(), addresses: addresses.collect(), tenant_user_id }))
}

/// A user whom you have made known.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KnownUser {
    tenant_user_id: String,
}

/// Make a user known
///
/// Where deposits and addresses are verified, the platform is asked for a user's address only if the user is known
/// here, since the question makes an unknown one a user there. Say it when you open an account; whoever has had money
/// here is known anyway.
#[utoipa::path(
    put, path = "/users/{tenantUserId}", tag = "users", operation_id = "registerUser",
    params(("tenantUserId" = inline(PathId), Path, description = "The user's id in your system", example = "1945")),
    responses(
        (status = 201, description = "Known from now on", body = KnownUser),
        (status = 200, description = "Known before", body = KnownUser),
    )
)]
pub(crate) async fn register(
    State(merchant): State<Merchant>,
    PathId(tenant_user_id): PathId,
) -> Result<(StatusCode, Json<KnownUser>), Problem> {
    let is_new = merchant.register_user(&tenant_user_id, SystemTime::now()).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(KnownUser { tenant_user_id })))
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
    PageQuery { limit, cursor }: PageQuery,
) -> Result<Json<Events>, Problem> {
    let page = merchant.ledger.events_of(&tenant_user_id, limit, cursor.as_deref()).await?;
    let page = page.ok_or_else(Problem::no_page)?;
    Ok(Json(Events { events: page.events.into_iter().map(Event::from).collect(), next: page.next }))
}
