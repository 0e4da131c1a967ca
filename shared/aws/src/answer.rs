//! Answers: what the platform is told, in HTTP and in `errCode`. The one place that knows both.

use lambda_http::http::{StatusCode, header};
use lambda_http::{Body, Response};
use serde::Serialize;
use waas_callback::Refusal;

/// Why a callback got no sealed reply. The platform sends it again after each of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// `X-API-KEY` is missing, wrong or expired.
    #[error("X-API-KEY is missing or not valid")]
    Unauthorized,
    /// The body is longer than [`waas_callback::MAX_BODY_BYTES`].
    #[error("the body is too large")]
    TooLarge,
    /// The body cannot be opened; the same words for every reason.
    #[error("the body cannot be opened")]
    CannotOpen,
    /// It opens, but is not a callback; the words come from [`waas_callback::SchemaError`].
    #[error("the callback is malformed")]
    Malformed,
    /// DynamoDB or Secrets Manager cannot be used now, or the time is over.
    #[error("temporarily unavailable, send again")]
    Unavailable,
    /// A bug in this code.
    #[error("internal error")]
    Internal,
}

impl Failure {
    /// The answer's `errCode`.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::Unauthorized => 1001,
            Self::TooLarge => 1002,
            Self::CannotOpen => 1003,
            Self::Malformed => 1004,
            Self::Internal => 5000,
            Self::Unavailable => 5003,
        }
    }

    /// The name in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::TooLarge => "too-large",
            Self::CannotOpen => "unopenable",
            Self::Malformed => "malformed",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal-error",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::CannotOpen | Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// The documented envelope.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    api_key: &'a str,
    data: &'a str,
    err_code: u16,
    message: &'a str,
}

/// An answer ready to be sent.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) err_code: u16,
    body: Body,
}

impl Answer {
    /// 200 with errCode 0: applied, now or before.
    pub(crate) fn accepted(api_key: &str, data: &str) -> Self {
        Self::new(StatusCode::OK, &Envelope { api_key, data, err_code: 0, message: "" })
    }

    /// 200 with our code: understood and refused; `data` still echoes the request.
    pub(crate) fn refused(api_key: &str, data: &str, refusal: Refusal) -> Self {
        let message = refusal.to_string();
        Self::new(StatusCode::OK, &Envelope { api_key, data, err_code: refusal.code(), message: &message })
    }

    /// An error status. Neither API key nor data: whoever sent this may not be the platform.
    pub(crate) fn failed(failure: Failure, message: &str) -> Self {
        Self::new(failure.status(), &Envelope { api_key: "", data: "", err_code: failure.code(), message })
    }

    /// 204 without a body, for type 0.
    pub(crate) fn nothing() -> Self {
        Self { status: StatusCode::NO_CONTENT, err_code: 0, body: Body::Empty }
    }

    #[expect(clippy::expect_used, reason = "strings and an integer always serialise")]
    fn new(status: StatusCode, envelope: &Envelope<'_>) -> Self {
        let body = serde_json::to_string(envelope).expect("an envelope is plain data");
        Self { status, err_code: envelope.err_code, body: Body::Text(body) }
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let is_json = !matches!(self.body, Body::Empty);
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        if is_json {
            let json = header::HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
        }
        response
    }
}
