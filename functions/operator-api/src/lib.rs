//! The operator's door: cases and their resolutions, holds, releases, debts, adjustments, reconciliation.
//!
//! To be put behind IAM. What writes asks who calls, which API Gateway's authorizer tells, and records it with the act.
//! Errors have the form of RFC 9457.

mod adjustments;
mod caller;
mod cases;
mod deposits;
mod links;
mod reconciliation;
mod resolutions;
mod users;
mod value;
mod withdrawals;

use axum::Router;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use waas_callback_aws::Operator;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "waas-callbacks operator API",
        description = "Cases that wait for a person, and what an operator can do about them and about orders, held deposits, \
                       debts and balances. Every request is signed with AWS Signature Version 4 (IAM); what is done is recorded with \
                       the ARN that signed. Amounts are decimal texts. Fields and parameters that are not listed here are \
                       ignored.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(waas_callback_api::NewLeg)),
    tags(
        (name = "cases", description = "What waits for a person: read, resolve"),
        (name = "withdrawals", description = "Withdrawal orders: resolve without a case, hold"),
        (name = "deposits", description = "Deposits that were held for their risk"),
        (name = "users", description = "What a user owes"),
        (name = "adjustments", description = "Opening balances and corrections"),
        (name = "reconciliation", description = "What should have happened and did not")
    )
)]
struct Document;

fn routes() -> OpenApiRouter<Operator> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(cases::list))
        .routes(routes!(cases::show))
        .routes(routes!(resolutions::of_case))
        .routes(routes!(resolutions::of_withdrawal))
        .routes(routes!(withdrawals::hold, withdrawals::unhold))
        .routes(routes!(deposits::release))
        .routes(routes!(users::collect))
        .routes(routes!(adjustments::post))
        .routes(routes!(reconciliation::show))
}

/// The routes, ready to serve.
pub fn router(operator: Operator) -> Router {
    waas_callback_api::served(routes(), operator)
}

/// The OpenAPI 3.1 document of these routes, as `docs/openapi-operator.json` has it.
#[must_use]
pub fn openapi() -> String {
    waas_callback_api::described(routes(), &links::LINKS)
}
