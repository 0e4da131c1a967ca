//! The API's routes, each to the function that API Gateway invokes for it.

use std::sync::Arc;

use address_change::AddressChanges;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::map_request;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use callback::Callbacks;
use deposit::Deposits;
use http::{StatusCode, header};
use insufficient_balance::BalanceShortages;
use insufficient_gas::GasShortages;
use lambda_http::aws_lambda_events::apigw::{
    ApiGatewayRequestAuthorizer, ApiGatewayRequestAuthorizerIamDescription, ApiGatewayV2httpRequestContext,
};
use lambda_http::request::RequestContext;
use lambda_http::{Body, RequestExt as _};
use waas_callback::Decide;
use waas_callback_aws::{Config, Merchant, Operator, Receiver};
use withdrawal::Withdrawals;
use withdrawal_confirmation::Confirmations;
use withdrawal_failure::Failures;

use crate::tap::Tap;

/// What API Gateway takes at most.
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// Who acts here, where nobody signs.
const OPERATOR: &str = "arn:aws:iam::000000000000:user/local";

/// A function behind its route.
#[derive(Clone)]
struct Route {
    receiver: Arc<Receiver>,
    tap: Tap,
}

/// Starts every function, as Lambda's init would, and puts it behind its route.
///
/// Paths come here as the client escaped them. That API Gateway decodes them first is dealt with in
/// [`waas_callback_aws::serve_http`], which is not on this way.
pub(crate) async fn router(config: &Config, tap: &Tap) -> anyhow::Result<Router> {
    let operator = operator_api::router(Operator::connect(config)).layer(map_request(authorized));
    let router = merchant_api::router(Merchant::connect(config)).merge(operator.reset_fallback());
    let router = router.route("/callback", route(config, tap, Callbacks).await?);
    Ok(router
        .route("/callback/deposit", route(config, tap, Deposits).await?)
        .route("/callback/withdrawal-confirmation", route(config, tap, Confirmations).await?)
        .route("/callback/withdrawal", route(config, tap, Withdrawals).await?)
        .route("/callback/address-change", route(config, tap, AddressChanges).await?)
        .route("/callback/withdrawal-failure", route(config, tap, Failures).await?)
        .route("/callback/insufficient-balance", route(config, tap, BalanceShortages).await?)
        .route("/callback/insufficient-gas", route(config, tap, GasShortages).await?))
}

/// The request as the gateway's IAM authorizer lets it through.
async fn authorized(request: Request) -> Request {
    let mut iam = ApiGatewayRequestAuthorizerIamDescription::default();
    iam.user_arn = Some(OPERATOR.to_owned());
    let mut authorizer = ApiGatewayRequestAuthorizer::default();
    authorizer.iam = Some(iam);
    let mut context = ApiGatewayV2httpRequestContext::default();
    context.authorizer = Some(authorizer);
    request.with_request_context(RequestContext::ApiGatewayV2(context))
}

async fn route(
    config: &Config,
    tap: &Tap,
    function: impl Decide,
) -> anyhow::Result<axum::routing::MethodRouter> {
    let receiver = Arc::new(Receiver::start(config, function).await?);
    Ok(post(handle).with_state(Route { receiver, tap: tap.clone() }))
}

async fn handle(State(Route { receiver, tap }): State<Route>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, MAX_BODY_BYTES).await else {
        let json = [(header::CONTENT_TYPE, "application/json")];
        return (StatusCode::PAYLOAD_TOO_LARGE, json, r#"{"message":"Request Too Long"}"#).into_response();
    };
    let path = parts.uri.path().to_owned();
    let request = http::Request::from_parts(parts, Body::Binary(bytes.to_vec()));
    let answer = Box::pin(receiver.receive(request));
    let (parts, body) = tap.watch(path, bytes, answer).await.into_parts();
    Response::from_parts(parts, axum::body::Body::from(body.to_vec()))
}
