//! What the merchant's door and the operator's have in common: how they are served and described, how they say that
//! something is wrong, and how they show what the ledger holds.

mod balance;
mod document;
mod event;
mod guard;
mod legs;
mod page;
mod path_id;
mod problem;
pub mod value;
mod withdrawal;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use utoipa_axum::router::OpenApiRouter;
use waas_callback::SchemaError;

pub use balance::Balance;
pub use document::{Leads, described};
pub use event::Event;
pub use legs::{Leg, NewLeg, Posted};
pub use page::PageQuery;
pub use path_id::{PathId, checked_id};
pub use problem::Problem;
pub use withdrawal::Withdrawal;

/// A request has a few short fields.
const MAX_BODY_BYTES: usize = 16 * 1024;

/// A request's body, to be parsed as JSON.
///
/// # Errors
///
/// If it is no UTF-8.
pub fn json_of(body: &[u8]) -> Result<&str, Problem> {
    str::from_utf8(body).map_err(|_| SchemaError::NotJson.into())
}

/// The routes, ready to serve: each guarded, and what is none of them answered in the form of all errors.
pub fn served<S: Clone + Send + Sync + 'static>(api: OpenApiRouter<S>, state: S) -> Router {
    let (router, _) = api.split_for_parts();
    router
        .route_layer(from_fn(guard::guard))
        .fallback(async || Problem::no_route())
        .method_not_allowed_fallback(async || Problem::no_method())
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(state)
}
