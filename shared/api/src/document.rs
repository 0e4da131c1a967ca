//! What all operations of the document have in common, said once.

use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::link::Link;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::server::{Server, ServerBuilder, ServerVariableBuilder};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{PartialSchema as _, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::problem::PROBLEM_JSON;

/// An answer of API Gateway's own, before any function is asked.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the gateway answers it; this is its shape, for the document")]
pub(crate) struct GatewayMessage {
    #[schema(examples("Forbidden"))]
    message: String,
}

/// Where an answer leads: operation, status, then the operation that can follow, and its parameters from the answer.
pub type Leads = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

/// The OpenAPI 3.1 document of an API's routes, as `docs/` has it.
///
/// # Panics
///
/// Never: the document always serialises.
#[must_use]
#[expect(clippy::expect_used, reason = "the document is plain data")]
pub fn described<S: Clone + Send + Sync + 'static>(routes: OpenApiRouter<S>, links: &[Leads]) -> String {
    let (_, mut document) = routes.split_for_parts();
    describe(&mut document, links);
    document.to_pretty_json().expect("the document is plain data")
}

/// Completes the document: where the API is, that requests are signed, that problems are `application/problem+json`, and
/// that each operation may find its request malformed, be stopped by the gateway, or be answered with 503.
fn describe(document: &mut OpenApi, links: &[Leads]) {
    document.servers = Some(servers());
    document.security = Some(vec![SecurityRequirement::new("sigv4", Vec::<String>::new())]);
    // As API Gateway writes it when it exports an API: OpenAPI itself has no word for AWS's signatures.
    let extensions = Extensions::from_iter([("x-amazon-apigateway-authtype", "awsSigv4")]);
    let mut key =
        ApiKeyValue::with_description("Authorization", "AWS Signature Version 4, service `execute-api`");
    key.extensions = Some(extensions);
    let components = document.components.get_or_insert_default();
    components.schemas.insert(GatewayMessage::name().into_owned(), GatewayMessage::schema());
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
            let links = links.iter().filter(|(from, ..)| operation.operation_id.as_deref() == Some(*from));
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
                match responses.entry((*status).to_owned()).or_insert_with(|| RefOr::T(response.clone())) {
                    // The gateway answers in its own form what the function answers too.
                    RefOr::T(told) => {
                        for (media_type, content) in &response.content {
                            told.content.entry(media_type.clone()).or_insert_with(|| content.clone());
                        }
                    }
                    RefOr::Ref(_) => {}
                }
            }
        }
    }
}

const JSON: &str = "application/json";

fn servers() -> Vec<Server> {
    let variable = |default: &str, description: &str| {
        ServerVariableBuilder::new().default_value(default).description(Some(description))
    };
    let deployed = ServerBuilder::new()
        .url("https://{api}.execute-api.{region}.amazonaws.com")
        .description(Some("A deployed stack"))
        .parameter("api", variable("api", "The API's id, as in the stack's output MerchantApiUrl"))
        .parameter("region", variable("eu-central-1", "The stack's region"));
    let local = ServerBuilder::new()
        .url("http://127.0.0.1:9000")
        .description(Some("waas-local, which asks for no signature"));
    vec![deployed.build(), local.build()]
}

fn answer(description: &str, media_type: &str, schema: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name(schema)));
    ResponseBuilder::new().description(description).content(media_type, content).build()
}
