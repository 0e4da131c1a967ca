//! The merchant's own door: register, read and cancel withdrawals; move amounts between users; read
//! users.
//!
//! To be put behind IAM: nothing here asks who is calling. Errors have the form of RFC 9457.

mod links;
mod movements;
mod users;
mod withdrawals;

use axum::Router;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use waas_callback_aws::Merchant;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "waas-callbacks merchant API",
        description = "Withdrawals, movements, balances, addresses and events of the ledger that the platform's callbacks \
                       feed. Every request is signed with AWS Signature Version 4 (IAM). Amounts are decimal texts. \
                       Fields and parameters that are not listed here are ignored.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(waas_callback_api::NewLeg)),
    tags(
        (name = "withdrawals", description = "Withdrawal orders: register, read, cancel"),
        (name = "movements", description = "Movements between what users can spend"),
        (name = "users", description = "What a user holds, receives at and has done")
    )
)]
struct Document;

fn routes() -> OpenApiRouter<Merchant> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(withdrawals::register))
        .routes(routes!(withdrawals::show, withdrawals::cancel))
        .routes(routes!(users::show, users::register))
        .routes(routes!(movements::post))
        .routes(routes!(users::events))
}

/// The routes, ready to serve.
pub fn router(merchant: Merchant) -> Router {
    waas_callback_api::served(routes(), merchant)
}

/// The OpenAPI 3.1 document of these routes, as `docs/openapi.json` has it.
#[must_use]
pub fn openapi() -> String {
    waas_callback_api::described(routes(), &links::LINKS)
}
