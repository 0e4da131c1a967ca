//! Errors as RFC 9457 writes them.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use waas_callback::{MovementError, NotResolved, Refusal, SchemaError};
use waas_callback_aws::{MerchantError, NotMoved, OperatorError, Unavailable};

pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// An error (RFC 9457, `application/problem+json`).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:waas-callbacks:problem:` and the error's name.
    #[schema(examples("urn:waas-callbacks:problem:balance-too-low"))]
    r#type: String,
    /// What the status means.
    #[schema(examples("Unprocessable Entity"))]
    title: &'static str,
    /// The HTTP status.
    #[schema(examples(422))]
    status: u16,
    /// What is wrong.
    #[schema(examples("the balance is too low"))]
    detail: String,
    /// Which leg of a movement or an adjustment, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u8, required = false, minimum = 0, maximum = 19)]
    leg: Option<usize>,
}

impl Problem {
    /// Of a status and a name.
    pub fn new(status: StatusCode, name: &str, detail: impl Into<String>) -> Self {
        Self {
            r#type: format!("urn:waas-callbacks:problem:{name}"),
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: detail.into(),
            leg: None,
        }
    }

    /// The same, of a leg.
    #[must_use]
    fn of_leg(self, leg: usize) -> Self {
        Self { leg: Some(leg), ..self }
    }

    /// What is asked for has the wrong form.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", detail)
    }

    /// A cursor that no page gave.
    #[must_use]
    pub fn no_page() -> Self {
        Self::malformed("cursor is no page's next")
    }

    /// What a path names is not there.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "nothing of that name")
    }

    pub(crate) fn no_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no-route", "this API has no such path")
    }

    pub(crate) fn out_of_time() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "out of time, try again")
    }

    /// The framework's own refusals, of a body too large or a path that is no text, in the form of all others.
    pub(crate) fn in_one_form(response: Response) -> Response {
        let status = response.status();
        let is_json = response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().ends_with(b"json"));
        if is_json || !(status.is_client_error() || status.is_server_error()) {
            return response;
        }
        let detail = status.canonical_reason().unwrap_or_default().to_lowercase();
        Self::new(status, "malformed", detail).into_response()
    }

    pub(crate) fn no_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "no-method", "this path has no such method")
    }
}

impl From<SchemaError> for Problem {
    fn from(error: SchemaError) -> Self {
        Self::malformed(error.to_string())
    }
}

impl From<Unavailable> for Problem {
    fn from(error: Unavailable) -> Self {
        tracing::error!(cause = %error, "unavailable");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "temporarily unavailable, try again")
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::BalanceTooLow | Refusal::BalanceOutOfRange | Refusal::UserOwes => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            _ => StatusCode::CONFLICT,
        };
        Self::new(status, refusal.name(), refusal.to_string())
    }
}

impl From<MerchantError> for Problem {
    fn from(error: MerchantError) -> Self {
        match error {
            MerchantError::NotFound => Self::not_found(),
            MerchantError::Unavailable(error) => error.into(),
            // Said of the platform's events elsewhere; here the event is the merchant's own request.
            MerchantError::Refused(refusal @ Refusal::EventConflict) => {
                let detail = "this callBackId was registered before with other content";
                Self::new(StatusCode::CONFLICT, refusal.name(), detail)
            }
            MerchantError::Refused(refusal) => refusal.into(),
        }
    }
}

impl From<MovementError> for Problem {
    fn from(error: MovementError) -> Self {
        let detail = error.to_string();
        match error {
            MovementError::NoCoin { leg } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "no-coin", detail).of_leg(leg)
            }
            MovementError::Leg { leg, .. } | MovementError::Repeated { leg, .. } => {
                Self::malformed(detail).of_leg(leg)
            }
            MovementError::Field(_)
            | MovementError::Count { .. }
            | MovementError::Unbalanced(_)
            | MovementError::TooManyDigits(_) => Self::malformed(detail),
        }
    }
}

impl From<NotMoved> for Problem {
    fn from(error: NotMoved) -> Self {
        let detail = error.to_string();
        match error {
            NotMoved::IdUsed => Self::new(StatusCode::CONFLICT, "id-used", detail),
            NotMoved::Refused { leg, refusal } => Self { detail, ..refusal.into() }.of_leg(leg),
            NotMoved::Unavailable(error) => error.into(),
        }
    }
}

impl From<OperatorError> for Problem {
    fn from(error: OperatorError) -> Self {
        let conflict = |name| Self::new(StatusCode::CONFLICT, name, error.to_string());
        match error {
            OperatorError::NotFound => Self::not_found(),
            OperatorError::Unavailable(error) => error.into(),
            OperatorError::Refused(refusal) => refusal.into(),
            OperatorError::NotResolved(NotResolved::NotForThisReason) => conflict("not-for-this-reason"),
            OperatorError::NotResolved(NotResolved::NotInThisState) => conflict("not-in-this-state"),
            OperatorError::NotResolved(NotResolved::NotAsExpected) => conflict("not-as-expected"),
            OperatorError::NotResolved(NotResolved::AppliedAlready) => conflict("applied-already"),
            OperatorError::NotResolved(NotResolved::Waits) => conflict("waits"),
            OperatorError::NotResolved(NotResolved::OtherAsset) => conflict("other-asset"),
            OperatorError::NotResolved(NotResolved::Incomplete) => conflict("incomplete"),
            OperatorError::CaseClosed => conflict("case-closed"),
            OperatorError::IdUsed => conflict("id-used"),
            OperatorError::NotHeld => conflict("not-held"),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let problem = HeaderValue::from_static(PROBLEM_JSON);
        response.headers_mut().insert(header::CONTENT_TYPE, problem);
        response
    }
}
