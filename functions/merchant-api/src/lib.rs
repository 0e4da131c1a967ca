//! The merchant's own door: register, read, cancel and hold withdrawals; read users; release held deposits.
//!
//! To be put behind IAM: nothing here asks who is calling. Errors have the form of RFC 9457.

mod document;
mod path_id;
mod problem;
mod users;
mod value;
mod withdrawals;

use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{DefaultBodyLimit, MatchedPath, RawPathParams, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use lambda_http::{Context, RequestExt as _};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use waas_callback_aws::{Merchant, milliseconds};

use problem::Problem;

/// A registration has six short fields.
const MAX_BODY_BYTES: usize = 16 * 1024;
/// After which an HTTP API answers by itself.
const GATEWAY_TIMEOUT: Duration = Duration::from_secs(30);
const ANSWER_RESERVE: Duration = Duration::from_millis(200);

#[derive(OpenApi)]
#[openapi(
    info(
        title = "waas-callbacks merchant API",
        description = "Withdrawals, balances, addresses and events of the ledger that the platform's callbacks \
                       feed. Every request is signed with AWS Signature Version 4 (IAM). Amounts are decimal texts. \
                       Fields and parameters that are not listed here are ignored.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers(
        (
            url = "https://{api}.execute-api.{region}.amazonaws.com",
            description = "A deployed stack",
            variables(
                ("api" = (default = "api", description = "The API's id, as in the stack's output MerchantApiUrl")),
                ("region" = (default = "eu-central-1", description = "The stack's region"))
            )
        ),
        (url = "http://127.0.0.1:9000", description = "waas-local, which asks for no signature")
    ),
    security(("sigv4" = [])),
    components(schemas(document::GatewayMessage)),
    tags(
        (name = "withdrawals", description = "Withdrawal orders: register, read, cancel, hold"),
        (name = "users", description = "What a user holds, receives at and has done"),
        (name = "deposits", description = "Deposits that were held for their risk")
    )
)]
struct Document;

fn routes() -> OpenApiRouter<Merchant> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(withdrawals::register))
        .routes(routes!(withdrawals::show, withdrawals::cancel))
        .routes(routes!(users::show))
        .routes(routes!(users::events))
}

/// The routes, ready to serve.
pub fn router(merchant: Merchant) -> Router {
    let (router, _) = routes().split_for_parts();
    router
        .route_layer(from_fn(guard))
        .fallback(async || Problem::no_route())
        .method_not_allowed_fallback(async || Problem::no_method())
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(merchant)
}

/// The OpenAPI 3.1 document of these routes, as `docs/openapi.json` has it.
///
/// # Panics
///
/// Never: the document always serialises.
#[must_use]
#[expect(clippy::expect_used, reason = "the document is plain data")]
pub fn openapi() -> String {
    let (_, mut document) = routes().split_for_parts();
    document::describe(&mut document);
    document.to_pretty_json().expect("the document is plain data")
}

/// What holds of every request: it ends before the invocation does, its errors have one form, and it leaves one
/// line in the log. The line has the route, not the path, which may name a user.
async fn guard(
    path: MatchedPath,
    params: Result<RawPathParams, RawPathParamsRejection>, // a path that is not UTF-8 is refused further in
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let id = params.iter().flatten().find(|(name, _)| *name == "callBackId").map(|(_, id)| id.to_owned());
    let limit = time_limit(request.lambda_context_ref().map(Context::deadline));
    let response = match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => Problem::in_one_form(response),
        Err(_) => Problem::out_of_time().into_response(),
    };
    let latency_ms = milliseconds(started.elapsed());
    let status = response.status().as_u16();
    tracing::info!(%method, route = path.as_str(), callBackId = id, status, latencyMs = latency_ms, "request");
    response
}

/// What the invocation has left, less what the answer takes; the gateway's own limit where nobody says.
fn time_limit(deadline: Option<SystemTime>) -> Duration {
    let left = deadline.and_then(|deadline| deadline.duration_since(SystemTime::now()).ok());
    left.map_or(GATEWAY_TIMEOUT, |left| left.saturating_sub(ANSWER_RESERVE))
}
