//! Who calls.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use lambda_http::RequestExt as _;
use lambda_http::request::RequestContext;
use waas_callback_api::Problem;

/// The ARN that signed the request, as API Gateway's IAM authorizer tells it. Nobody who comes through the gateway can
/// write it; who may invoke the function itself can.
pub(crate) struct Caller(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let arn = match parts.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => {
                let iam = context.authorizer.as_ref().and_then(|authorizer| authorizer.iam.as_ref());
                iam.and_then(|iam| iam.user_arn.as_ref())
            }
            Some(RequestContext::ApiGatewayV1(context)) => context.identity.user_arn.as_ref(),
            _ => None,
        };
        let no_caller = || {
            let detail = "no IAM authorizer says who calls, and an act is recorded with its operator";
            Problem::new(StatusCode::FORBIDDEN, "no-caller", detail)
        };
        arn.filter(|arn| !arn.is_empty()).cloned().map(Self).ok_or_else(no_caller)
    }
}
