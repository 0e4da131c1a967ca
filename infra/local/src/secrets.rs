//! Secrets Manager on a loopback port.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use waas_platform::{DEVELOPMENT_API_KEY, PrivateKey};
use winterbaume_core::{MockRequest, MockService as _};
use winterbaume_secretsmanager::SecretsManagerService;

/// The region that everything here plays; its endpoints are those of the parts.
pub(crate) const REGION: &str = "eu-central-1";

/// The secret of the development keys.
#[must_use]
pub fn development_secret() -> String {
    secret(&PrivateKey::development(), DEVELOPMENT_API_KEY)
}

/// The secret's value for a merchant with this key pair and API key.
#[must_use]
pub fn secret(key: &PrivateKey, api_key: &str) -> String {
    json!({ "publicKey": key.public_key_base64(), "apiKey": api_key }).to_string()
}

/// The service's one route.
pub(crate) fn router() -> Router {
    Router::new().fallback(handle).with_state(Arc::new(SecretsManagerService::new()))
}

async fn handle(
    State(service): State<Arc<SecretsManagerService>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // The service finds its account and region in AWS's host name.
    let uri = format!("https://secretsmanager.{REGION}.amazonaws.com/");
    let answer = service.handle(MockRequest { method: "POST".into(), uri, headers, body }).await;
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, answer.headers, answer.body).into_response()
}
