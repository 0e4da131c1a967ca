//! Requests to the merchant API and to the operator API as an HTTP API hands them over.

use std::sync::LazyLock;

use http::Method;
use serde_json::{Value, json};

/// The format of the event, which the integration's `PayloadFormatVersion` chooses. The template has 2.0.
#[derive(Clone, Copy, Debug)]
pub enum Payload {
    V1,
    V2,
}

/// Who signs the requests.
pub const CALLER: &str = "arn:aws:sts::123456789012:assumed-role/operators/alice";

/// A request that the gateway has matched to one of its routes.
#[derive(Clone, Copy)]
pub struct Handed<'a> {
    pub method: &'a Method,
    /// The route's path, such as `/withdrawals/{callBackId}`; `None` for `$default`.
    pub template: Option<&'a str>,
    /// What stands in the template's parameter, decoded; without a template, the whole path, decoded.
    pub value: &'a str,
    /// As the client wrote it.
    pub query: &'a str,
    pub body: Option<&'a Value>,
}

/// Each function with its document, whose paths and methods are the template's;
/// `every_route_leads_to_the_same_function_here` compares them.
static DOCUMENTS: LazyLock<[(&str, Value); 2]> = LazyLock::new(|| {
    [("merchant-api", merchant_api::openapi()), ("operator-api", operator_api::openapi())]
        .map(|(function, document)| (function, serde_json::from_str(&document).unwrap()))
});

impl<'a> Handed<'a> {
    /// The request to a decoded path. What no route takes goes to `$default`: without it, no function would see it.
    pub fn matched(method: &'a Method, path: &'a str) -> Self {
        let operation = method.as_str().to_lowercase();
        let mut paths =
            DOCUMENTS.iter().flat_map(|(_, document)| document["paths"].as_object().unwrap().iter());
        let found = paths.find_map(|(template, operations)| {
            operations.get(&operation)?;
            Some((template.as_str(), value(template, path)?))
        });
        let (template, value) = found.map_or((None, path), |(template, value)| (Some(template), value));
        Self { method, template, value, query: "", body: None }
    }

    /// The function behind the route. A path without one is handed to the merchant API.
    pub fn function(&self) -> &'static str {
        let operation = self.method.as_str().to_lowercase();
        let template = self.template.unwrap_or_default();
        let has_route = |(_, document): &&(&str, Value)| document["paths"][template][&operation].is_object();
        DOCUMENTS.iter().find(has_route).map_or("merchant-api", |(function, _)| *function)
    }

    /// The event, with every path and parameter decoded, and the query of 2.0 as it was sent.
    pub fn event(&self, payload: Payload) -> Value {
        self.event_of(payload, Some(CALLER))
    }

    /// The same, of what `caller` signed; without one, of a route that asks for no signature.
    pub fn event_of(&self, payload: Payload, caller: Option<&str>) -> Value {
        let account = caller.map(|_| "123456789012");
        match payload {
            Payload::V1 => {
                let mut event = self.event_v1();
                let identity = &mut event["requestContext"]["identity"];
                (identity["userArn"], identity["accountId"]) = (json!(caller), json!(account));
                event
            }
            Payload::V2 => {
                let mut event = self.event_v2();
                if caller.is_some() {
                    let iam = json!({ "userArn": caller, "accountId": account, "cognitoIdentity": null });
                    event["requestContext"]["authorizer"] = json!({ "iam": iam });
                }
                event
            }
        }
    }

    fn event_v2(&self) -> Value {
        let route = self.template.map_or("$default".to_owned(), |path| format!("{} {path}", self.method));
        let mut event = json!({
            "version": "2.0", "routeKey": route, "rawPath": self.path(), "rawQueryString": self.query,
            "headers": { "content-type": "application/json", "host": "id.execute-api.eu-central-1.amazonaws.com" },
            "requestContext": {
                "accountId": "123456789012", "apiId": "id",
                "domainName": "id.execute-api.eu-central-1.amazonaws.com", "domainPrefix": "id",
                "http": {
                    "method": self.method.as_str(), "path": self.path(), "protocol": "HTTP/1.1",
                    "sourceIp": "203.0.113.7", "userAgent": "t"
                },
                "requestId": "r", "routeKey": route, "stage": "$default",
                "time": "20/Nov/2026:10:00:00 +0000", "timeEpoch": 1_795_168_800_000_u64
            },
            "isBase64Encoded": false
        });
        // Those that are empty are left out.
        let parameters = [
            ("pathParameters", self.parameters()),
            ("queryStringParameters", self.queries(|value| value.into())),
            ("body", self.body.map_or(Value::Null, |body| body.to_string().into())),
        ];
        for (name, value) in parameters.into_iter().filter(|(_, value)| !value.is_null()) {
            event[name] = value;
        }
        event
    }

    fn event_v1(&self) -> Value {
        let resource = self.template.unwrap_or("$default");
        json!({
            "version": "1.0", "resource": resource, "path": self.path(), "httpMethod": self.method.as_str(),
            "headers": { "Content-Type": "application/json", "Host": "id.execute-api.eu-central-1.amazonaws.com" },
            "multiValueHeaders": {
                "Content-Type": ["application/json"], "Host": ["id.execute-api.eu-central-1.amazonaws.com"]
            },
            "queryStringParameters": self.queries(|value| value.into()),
            "multiValueQueryStringParameters": self.queries(|value| json!([value])),
            "requestContext": {
                "accountId": "123456789012", "apiId": "id", "authorizer": null,
                "domainName": "id.execute-api.eu-central-1.amazonaws.com", "domainPrefix": "id",
                "extendedRequestId": "r", "httpMethod": self.method.as_str(),
                "identity": { "sourceIp": "203.0.113.7", "userAgent": "t" },
                "path": self.path(), "protocol": "HTTP/1.1", "requestId": "r",
                "requestTime": "20/Nov/2026:10:00:00 +0000", "requestTimeEpoch": 1_795_168_800_000_u64,
                "resourceId": null, "resourcePath": resource, "stage": "$default"
            },
            "pathParameters": self.parameters(), "stageVariables": null,
            "body": self.body.map(ToString::to_string), "isBase64Encoded": false
        })
    }

    fn path(&self) -> String {
        let Some(template) = self.template else { return self.value.to_owned() };
        let Some((before, _, after)) = parts(template) else { return template.to_owned() };
        format!("{before}{}{after}", self.value)
    }

    fn parameters(&self) -> Value {
        self.template.and_then(parts).map_or(Value::Null, |(_, name, _)| json!({ name: self.value }))
    }

    /// The query's parameters, which need no decoding in these tests.
    fn queries(&self, of: impl Fn(&str) -> Value) -> Value {
        if self.query.is_empty() {
            return Value::Null;
        }
        let pairs = self.query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.map(|(name, value)| (name.to_owned(), of(value))).collect::<serde_json::Map<_, _>>().into()
    }
}

/// What stands before the template's parameter, its name, and what stands behind it.
fn parts(template: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = template.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

/// What stands in the template's parameter, if the path is one of it.
fn value<'a>(template: &str, path: &'a str) -> Option<&'a str> {
    let Some((before, _, after)) = parts(template) else { return (template == path).then_some("") };
    let value = path.strip_prefix(before)?.strip_suffix(after)?;
    (!value.is_empty() && !value.contains('/')).then_some(value)
}
