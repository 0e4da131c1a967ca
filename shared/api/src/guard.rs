//! What holds of every request.

use std::time::{Duration, Instant, SystemTime};

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{MatchedPath, RawPathParams, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use lambda_http::{Context, RequestExt as _};
use waas_callback_aws::milliseconds;

use crate::problem::Problem;

/// After which an HTTP API answers by itself.
const GATEWAY_TIMEOUT: Duration = Duration::from_secs(30);
const ANSWER_RESERVE: Duration = Duration::from_millis(200);

/// It ends before the invocation does, its errors have one form, and it leaves one line in the log. The line has the
/// route, not the path, which may name a user.
pub(crate) async fn guard(
    path: MatchedPath,
    params: Result<RawPathParams, RawPathParamsRejection>, // a path that is not UTF-8 is refused further in
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let named =
        |wanted| params.iter().flatten().find(|(name, _)| *name == wanted).map(|(_, id)| id.to_owned());
    let (call_back_id, case_key) = (named("callBackId"), named("caseKey"));
    let limit = time_limit(request.lambda_context_ref().map(Context::deadline));
    let response = match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => Problem::in_one_form(response),
        Err(_) => Problem::out_of_time().into_response(),
    };
    let latency_ms = milliseconds(started.elapsed());
    let status = response.status().as_u16();
    tracing::info!(
        %method,
        route = path.as_str(),
        callBackId = call_back_id,
        caseKey = case_key,
        status,
        latencyMs = latency_ms,
        "request"
    );
    response
}

/// What the invocation has left, less what the answer takes; the gateway's own limit where nobody says.
fn time_limit(deadline: Option<SystemTime>) -> Duration {
    let left = deadline.and_then(|deadline| deadline.duration_since(SystemTime::now()).ok());
    left.map_or(GATEWAY_TIMEOUT, |left| left.saturating_sub(ANSWER_RESERVE))
}
