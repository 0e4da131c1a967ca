//! Answers: what the platform is told, in HTTP and in `errCode`, and what the log is told. The one place that knows
//! them all.

use lambda_http::http::{StatusCode, header};
use lambda_http::{Body, Response};
use serde::Serialize;
use waas_callback::{OpenError, Refusal, SchemaError};

use crate::keyring::Rejected;
use crate::retry::Unavailable;

/// Why a callback got no sealed reply. The platform sends it again after each of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    /// What the caller is told.
    message: String,
    /// What only the log is told, where the kind does not say it.
    pub(crate) cause: Option<String>,
}

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FailureKind {
    /// `X-API-KEY` is missing, wrong or expired.
    #[error("X-API-KEY is missing or not valid")]
    Unauthorized,
    /// The body is longer than [`waas_callback::MAX_BODY_BYTES`].
    #[error("the body is too large")]
    TooLarge,
    /// The body cannot be opened; the same words for every reason.
    #[error("the body cannot be opened")]
    CannotOpen,
    /// It opens, but is not a callback; the words come from [`SchemaError`].
    #[error("the callback is malformed")]
    Malformed,
    /// DynamoDB or Secrets Manager cannot be used now, or the time is over.
    #[error("temporarily unavailable, send again")]
    Unavailable,
    /// A record that should be there is not: a table was lost, or restored alone. Neither success nor news.
    #[error("the records do not agree, send again")]
    RecordMissing,
    /// A bug in this code.
    #[error("internal error")]
    Internal,
}

impl FailureKind {
    /// The name in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.told().2
    }

    /// HTTP's status, the answer's `errCode`, and the name in logs and metrics.
    fn told(self) -> (StatusCode, u16, &'static str) {
        match self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, 1001, "unauthorized"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, 1002, "too-large"),
            Self::CannotOpen => (StatusCode::BAD_REQUEST, 1003, "unopenable"),
            Self::Malformed => (StatusCode::BAD_REQUEST, 1004, "malformed"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, 5000, "internal-error"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, 5003, "unavailable"),
            Self::RecordMissing => (StatusCode::SERVICE_UNAVAILABLE, 5004, "record-missing"),
        }
    }
}

impl Failure {
    /// A record that should be there is not.
    pub(crate) fn record_missing(which: &'static str) -> Self {
        Self::with_cause(FailureKind::RecordMissing, &which)
    }

    fn with_cause(kind: FailureKind, cause: &impl ToString) -> Self {
        Self { cause: Some(cause.to_string()), ..kind.into() }
    }
}

impl From<FailureKind> for Failure {
    fn from(kind: FailureKind) -> Self {
        Self { kind, message: kind.to_string(), cause: None }
    }
}

impl From<Rejected> for Failure {
    fn from(rejected: Rejected) -> Self {
        match rejected {
            Rejected::Unauthorized => FailureKind::Unauthorized.into(),
            Rejected::CannotOpen(OpenError::TooLarge) => FailureKind::TooLarge.into(),
            Rejected::CannotOpen(error) => Self::with_cause(FailureKind::CannotOpen, &error),
            Rejected::Unavailable => FailureKind::Unavailable.into(),
        }
    }
}

impl From<SchemaError> for Failure {
    fn from(error: SchemaError) -> Self {
        Self { message: error.to_string(), ..Self::with_cause(FailureKind::Malformed, &error) }
    }
}

impl From<Unavailable> for Failure {
    fn from(unavailable: Unavailable) -> Self {
        Self::with_cause(FailureKind::Unavailable, &unavailable)
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

/// An answer ready to be sent, and the name of what happened, for the log.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) outcome: &'static str,
    pub(crate) status: StatusCode,
    pub(crate) err_code: u16,
    /// What only the log is told.
    pub(crate) cause: Option<String>,
    /// What came of the event when it was applied, now or before: the answer to the first callback may have been lost,
    /// and with it the line that an alarm counts.
    pub(crate) recorded: Option<String>,
    body: Body,
}

impl Answer {
    /// 200 with errCode 0: applied now.
    pub(crate) fn accepted(api_key: &str, data: &str, outcome: &'static str) -> Self {
        let envelope = Envelope { api_key, data, err_code: 0, message: "" };
        Self { recorded: Some(outcome.to_owned()), ..Self::new(outcome, StatusCode::OK, &envelope) }
    }

    /// 200 with errCode 0: applied before, with this outcome.
    pub(crate) fn repeated(api_key: &str, data: &str, recorded: String) -> Self {
        Self { recorded: Some(recorded), ..Self::accepted(api_key, data, "repetition") }
    }

    /// 200 with our code: understood and refused; `data` still echoes the request.
    pub(crate) fn refused(api_key: &str, data: &str, refusal: Refusal) -> Self {
        let message = &refusal.to_string();
        let envelope = Envelope { api_key, data, err_code: refusal.code(), message };
        Self::new(refusal.name(), StatusCode::OK, &envelope)
    }

    /// 204 without a body, for type 0.
    pub(crate) fn nothing() -> Self {
        let status = StatusCode::NO_CONTENT;
        Self { outcome: "unknown", status, err_code: 0, cause: None, recorded: None, body: Body::Empty }
    }

    /// Did it end the matter for the platform?
    pub(crate) fn is_success(&self) -> bool {
        self.status.is_success() && self.err_code == 0
    }

    #[expect(clippy::expect_used, reason = "strings and an integer always serialise")]
    fn new(outcome: &'static str, status: StatusCode, envelope: &Envelope<'_>) -> Self {
        let body = serde_json::to_string(envelope).expect("an envelope is plain data");
        Self {
            outcome,
            status,
            err_code: envelope.err_code,
            cause: None,
            recorded: None,
            body: Body::Text(body),
        }
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

/// An error status. Neither API key nor data: whoever sent this may not be the platform.
impl From<Failure> for Answer {
    fn from(Failure { kind, message, cause }: Failure) -> Self {
        let (status, err_code, outcome) = kind.told();
        let envelope = Envelope { api_key: "", data: "", err_code, message: &message };
        Self { cause, ..Self::new(outcome, status, &envelope) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Status, errCode, outcome, cause and the body's text.
    fn told(answer: &Answer) -> (u16, u16, &'static str, Option<String>, String) {
        let Body::Text(body) = &answer.body else { panic!("no text") };
        (answer.status.as_u16(), answer.err_code, answer.outcome, answer.cause.clone(), body.clone())
    }

    fn failed(failure: impl Into<Failure>) -> (u16, u16, &'static str, Option<String>, String) {
        told(&Answer::from(failure.into()))
    }

    #[test]
    fn a_failure_tells_the_caller_its_code_and_the_log_its_cause() {
        let body = |code: u16, message: &str| {
            format!(r#"{{"apiKey":"","data":"","errCode":{code},"message":"{message}"}}"#)
        };
        let rows = [
            (
                failed(Rejected::Unauthorized),
                401,
                1001,
                "unauthorized",
                None,
                "X-API-KEY is missing or not valid",
            ),
            (
                failed(Rejected::CannotOpen(OpenError::TooLarge)),
                413,
                1002,
                "too-large",
                None,
                "the body is too large",
            ),
            (
                failed(Rejected::CannotOpen(OpenError::Padding)),
                400,
                1003,
                "unopenable",
                Some("wrong padding"),
                "the body cannot be opened",
            ),
            (
                failed(SchemaError::Missing("txId")),
                400,
                1004,
                "malformed",
                Some("txId is missing"),
                "txId is missing",
            ),
            (
                failed(Rejected::Unavailable),
                503,
                5003,
                "unavailable",
                None,
                "temporarily unavailable, send again",
            ),
            (
                failed(Unavailable::new("ThrottlingException")),
                503,
                5003,
                "unavailable",
                Some("DynamoDB: ThrottlingException"),
                "temporarily unavailable, send again",
            ),
            (
                failed(Failure::record_missing("the event of a known request")),
                503,
                5004,
                "record-missing",
                Some("the event of a known request"),
                "the records do not agree, send again",
            ),
            (failed(FailureKind::Internal), 500, 5000, "internal-error", None, "internal error"),
        ];
        for (told, status, code, outcome, cause, message) in rows {
            let expected = (status, code, outcome, cause.map(str::to_owned), body(code, message));
            assert_eq!(told, expected);
        }
    }

    #[test]
    fn every_way_that_opening_fails_has_the_same_answer() {
        let ways = [
            OpenError::Empty,
            OpenError::NotBase64,
            OpenError::NotWholeBlocks,
            OpenError::BlockOutOfRange,
            OpenError::Padding,
            OpenError::UnequalPieces,
            OpenError::NotUtf8,
        ];
        let bodies = ways.map(|way| failed(Rejected::CannotOpen(way)).4);
        assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    }

    #[test]
    fn only_an_errcode_of_0_is_success() {
        let accepted = Answer::accepted("key", "data", "credited");
        let refused = Answer::refused("key", "data", Refusal::EventConflict);
        assert!(accepted.is_success() && Answer::nothing().is_success());
        assert!(!refused.is_success() && !Answer::from(Failure::from(FailureKind::Internal)).is_success());
        let body = |code: u16, message: &str| {
            format!(r#"{{"apiKey":"key","data":"data","errCode":{code},"message":"{message}"}}"#)
        };
        assert_eq!(told(&accepted), (200, 0, "credited", None, body(0, "")));
        let message = "this event was reported before with other content";
        assert_eq!(told(&refused), (200, 2003, "event-conflict", None, body(2003, message)));
        assert_eq!(Answer::nothing().into_response().status(), 204);
    }
}
