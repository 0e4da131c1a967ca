//! What all operations of the document have in common, said once.

use utoipa::ToSchema;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::link::Link;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Response, ResponseBuilder};

use crate::problem::PROBLEM_JSON;

/// An answer of API Gateway's own, before any function is asked.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the gateway answers it; this is its shape, for the document")]
pub(crate) struct GatewayMessage {
    #[schema(examples("Forbidden"))]
    message: String,
}

const CALL_BACK_ID: (&str, &str) = ("callBackId", "$response.body#/callBackId");
const TENANT_USER_ID: (&str, &str) = ("tenantUserId", "$response.body#/tenantUserId");
const SAME_USER: (&str, &str) = ("tenantUserId", "$request.path.tenantUserId");

/// Where an answer leads: operation, status, then the operation that can follow, and its parameters from the answer.
type Leads = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const LINKS: [Leads; 19] = [
    ("registerWithdrawal", "201", "getWithdrawal", &[CALL_BACK_ID]),
    ("registerWithdrawal", "201", "cancelWithdrawal", &[CALL_BACK_ID]),
    ("registerWithdrawal", "201", "holdWithdrawal", &[CALL_BACK_ID]),
    ("registerWithdrawal", "201", "unholdWithdrawal", &[CALL_BACK_ID]),
    ("registerWithdrawal", "201", "getUser", &[TENANT_USER_ID]),
    ("registerWithdrawal", "201", "getUserEvents", &[TENANT_USER_ID]),
    ("registerWithdrawal", "200", "getWithdrawal", &[CALL_BACK_ID]),
    ("getWithdrawal", "200", "cancelWithdrawal", &[CALL_BACK_ID]),
    ("getWithdrawal", "200", "holdWithdrawal", &[CALL_BACK_ID]),
    ("getWithdrawal", "200", "unholdWithdrawal", &[CALL_BACK_ID]),
    ("getWithdrawal", "200", "getUser", &[TENANT_USER_ID]),
    ("holdWithdrawal", "200", "unholdWithdrawal", &[CALL_BACK_ID]),
    ("holdWithdrawal", "200", "getWithdrawal", &[CALL_BACK_ID]),
    ("unholdWithdrawal", "200", "cancelWithdrawal", &[CALL_BACK_ID]),
    ("cancelWithdrawal", "200", "getWithdrawal", &[CALL_BACK_ID]),
    ("getUser", "200", "getUserEvents", &[TENANT_USER_ID]),
    ("getUserEvents", "200", "getUserEvents", &[SAME_USER, ("cursor", "$response.body#/next")]),
    ("getUserEvents", "200", "releaseDeposit", &[("eventKey", "$response.body#/events/0/eventKey")]),
    ("getUserEvents", "200", "getUser", &[SAME_USER]),
];

/// Completes the document: requests are signed, problems are `application/problem+json`, and each operation may find
/// its request malformed, be stopped by the gateway, or be answered with 503.
pub(crate) fn describe(document: &mut OpenApi) {
    // As API Gateway writes it when it exports an API: OpenAPI itself has no word for AWS's signatures.
    let extensions = Extensions::from_iter([("x-amazon-apigateway-authtype", "awsSigv4")]);
    let mut key =
        ApiKeyValue::with_description("Authorization", "AWS Signature Version 4, service `execute-api`");
    key.extensions = Some(extensions);
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("sigv4", SecurityScheme::ApiKey(ApiKey::Header(key)));

    let common = [
        (
            "400",
            answer(
                "Malformed: the document, or what a schema cannot tell, such as a checksum",
                PROBLEM_JSON,
                "Problem",
            ),
        ),
        ("403", answer("Not signed, or the signer may not call this (API Gateway)", JSON, "GatewayMessage")),
        ("429", answer("Too many requests, try again (API Gateway)", JSON, "GatewayMessage")),
        ("503", answer("Try again", PROBLEM_JSON, "Problem")),
    ];
    for path in document.paths.paths.values_mut() {
        let operations = [&mut path.get, &mut path.post, &mut path.put, &mut path.delete];
        for operation in operations.into_iter().flatten() {
            let links = LINKS.iter().filter(|(from, ..)| operation.operation_id.as_deref() == Some(*from));
            let responses = &mut operation.responses.responses;
            for (status, response) in responses.iter_mut() {
                if let (true, RefOr::T(response)) = (status.starts_with('4'), response)
                    && let Some(content) = response.content.shift_remove(JSON)
                {
                    response.content.insert(PROBLEM_JSON.to_owned(), content);
                }
            }
            for (_, status, to, parameters) in links {
                if let Some(RefOr::T(response)) = responses.get_mut(*status) {
                    let link = Link::builder().operation_id(*to);
                    let link =
                        parameters.iter().fold(link, |link, (name, value)| link.parameter(*name, *value));
                    response.links.insert((*to).to_owned(), RefOr::T(link.build()));
                }
            }
            for (status, response) in &common {
                responses.entry((*status).to_owned()).or_insert_with(|| RefOr::T(response.clone()));
            }
        }
    }
}

const JSON: &str = "application/json";

fn answer(description: &str, media_type: &str, schema: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name(schema)));
    ResponseBuilder::new().description(description).content(media_type, content).build()
}
