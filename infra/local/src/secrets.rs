//! Secrets Manager on a loopback port.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use waas_callback::PublicKey;
use waas_platform::{DEVELOPMENT_API_KEY, Platform, PrivateKey};
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

/// The platform of a secret's merchant, by the private key that only the platform has.
///
/// # Errors
///
/// If `pem` is no private key or not that of the secret's public key, or the secret is none of one API key: a simulated
/// platform has the same in both directions.
pub fn platform_of(secret: &str, pem: &str) -> anyhow::Result<Platform> {
    let key = PrivateKey::from_pem(pem).context("no RSA key in PKCS#8 PEM")?;
    // Without their causes: those could quote the secret.
    let secret: Value = serde_json::from_str(secret).ok().context("the secret is no JSON")?;
    let text = |name: &str| secret[name].as_str();
    let public_key = text("publicKey").and_then(|key| PublicKey::parse(key).ok());
    let public_key = public_key.context("the secret has no publicKey")?;
    let is_its_own =
        key.open(&public_key.seal(b"its own", &mut rand::rng())).is_ok_and(|text| text == "its own");
    ensure!(is_its_own, "this is not the private key of the secret's publicKey");
    let api_key = text("apiKey").context("the secret has no apiKey")?;
    let is_one = text("callbackApiKey").is_none_or(|key| key == api_key);
    ensure!(is_one, "the secret's callbackApiKey is not its apiKey: a simulated platform has one for both");
    Ok(Platform::new(key, Some(api_key.to_owned())))
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
