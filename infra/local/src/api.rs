//! The API's routes, each to the function that API Gateway invokes for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use deposit::Deposits;
use http::{Method, StatusCode, header};
use lambda_http::Body;
use waas_callback_aws::{Config, Receiver};

/// What API Gateway takes at most.
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

type Routes = Arc<BTreeMap<&'static str, Receiver>>;

/// Starts every function, as Lambda's init would.
pub(crate) async fn router(config: &Config) -> anyhow::Result<Router> {
    let routes = BTreeMap::from([("/callback/deposit", Receiver::start(config, Deposits).await?)]);
    Ok(Router::new().fallback(handle).with_state(Arc::new(routes)))
}

async fn handle(State(routes): State<Routes>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(receiver) = routes.get(parts.uri.path()).filter(|_| parts.method == Method::POST) else {
        return message(StatusCode::NOT_FOUND, r#"{"message":"Not Found"}"#);
    };
    let Ok(bytes) = axum::body::to_bytes(body, MAX_BODY_BYTES).await else {
        return message(StatusCode::PAYLOAD_TOO_LARGE, r#"{"message":"Request Too Long"}"#);
    };
    let request = http::Request::from_parts(parts, Body::Binary(bytes.to_vec()));
    let (parts, body) = receiver.receive(request).await.into_parts();
    Response::from_parts(parts, axum::body::Body::from(body.to_vec()))
}

fn message(status: StatusCode, json: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], json).into_response()
}
