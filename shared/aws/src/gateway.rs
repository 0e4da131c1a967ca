//! The path that a gateway means, built again from the route it matched.
//!
//! A gateway hands a path over decoded, and `lambda_http` reads it as if it still were escaped. The order `A#1` would
//! be `A` with a fragment, `A?1` would be `A` with a query, and `a%41` would be `aA`. Which fields are decoded:
//!
//! | event | its path | `pathParameters` |
//! |---|---|---|
//! | HTTP API, payload 2.0 | `rawPath`: decoded | decoded |
//! | HTTP API, payload 1.0 | `path`: told both ways | decoded |
//! | REST API | `path`: as it was sent | as they were sent |
//!
//! Sources: "API Gateway decodes URL-encoded request parameters before passing them to your backend integration" (API
//! Gateway Developer Guide, "Create routes for HTTP APIs"); events captured from AWS (hotsock/voker on GitHub,
//! `vokerhttp/testdata`); AWS's own emulator (aws/aws-lambda-dotnet, `LambdaTestTool-v2`, `HttpContextExtensions.cs`).
//! The emulator has the `path` of payload 1.0 as it was sent, middleapi/standard-server #93 has it decoded: where there
//! is a route, it is not asked.
//!
//! Parameters are always taken as decoded. One of a REST API that was sent with an escape is escaped twice then: it
//! names nothing, since ids have no `%`. So with the path of a function's own URL, which comes as it was sent.
//!
//! What the gateway did before that, no function can see. By the same captures, an HTTP API cuts a path off at an
//! escaped `?`, decodes `%25…` a second time and refuses a lone `%25`.

use std::iter::once;

use lambda_http::http::Uri;
use lambda_http::http::uri::PathAndQuery;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986: in a segment, everything else is data and never syntax.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The request with the path of the route that the gateway matched, or else with its decoded path escaped again.
pub(crate) fn as_routed(mut request: Request) -> Request {
    let parameters = request.path_parameters();
    let path = match route(&request) {
        Some(template) => filled(template, |name| parameters.first(name)),
        None => escaped(request.raw_http_path()),
    };
    // Not of the URI: a `#` in the path would have cut it off, a `?` put something before it.
    let query = request.query_string_parameters().to_query_string();
    let target = if query.is_empty() { path } else { format!("{path}?{query}") };
    // Nothing in it is forbidden, so it can only be too long, at 64 KiB. No gateway takes a sixth of that.
    *request.uri_mut() = PathAndQuery::try_from(target).map(Uri::from).unwrap_or_default();
    request
}

/// The template of the route, such as `/withdrawals/{callBackId}`. `$default` has none.
fn route(request: &Request) -> Option<&str> {
    let template = match request.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => context.route_key.as_deref()?.split_once(' ')?.1,
        RequestContext::ApiGatewayV1(context) => context.resource_path.as_deref()?,
        _ => return None,
    };
    template.starts_with('/').then_some(template)
}

/// The template with its parameters in their places, each one segment. A greedy one, `{name+}`, has several.
fn filled<'a>(template: &str, parameter: impl Fn(&str) -> Option<&'a str>) -> String {
    // Without a value it is an empty segment, which names nothing.
    let value = |name: &str| parameter(name).unwrap_or_default();
    let mut path = String::new();
    for part in parts(template) {
        match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            None => path.extend(segment(part)),
            Some(name) => match name.strip_suffix('+') {
                None => path.extend(segment(value(name))),
                Some(name) => path.push_str(&escaped(value(name))),
            },
        }
    }
    path
}

/// A decoded path, escaped segment by segment.
fn escaped(path: &str) -> String {
    parts(path).flat_map(segment).collect()
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

fn segment(text: &str) -> impl Iterator<Item = &str> {
    once("/").chain(utf8_percent_encode(text, RESERVED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_parameter_stays_in_its_segment() {
        for (value, expected) in [
            ("A", "/withdrawals/A/hold"),
            ("A#1", "/withdrawals/A%231/hold"),
            ("A?1", "/withdrawals/A%3F1/hold"),
            ("a%41", "/withdrawals/a%2541/hold"),
            ("A/../B", "/withdrawals/A%2F..%2FB/hold"),
            ("A\\B", "/withdrawals/A%5CB/hold"),
            ("é\0", "/withdrawals/%C3%A9%00/hold"),
            ("{callBackId}", "/withdrawals/%7BcallBackId%7D/hold"),
            ("", "/withdrawals//hold"),
        ] {
            let path =
                filled("/withdrawals/{callBackId}/hold", |name| (name == "callBackId").then_some(value));
            assert_eq!(path, expected);
        }
    }

    #[test]
    fn a_parameter_that_the_event_lacks_is_an_empty_segment() {
        assert_eq!(filled("/withdrawals/{callBackId}/hold", |_| None), "/withdrawals//hold");
    }

    #[test]
    fn only_a_greedy_parameter_has_segments() {
        assert_eq!(filled("/a b/{proxy+}", |_| Some("c/d#e")), "/a%20b/c/d%23e");
    }

    #[test]
    fn a_decoded_path_without_a_route_keeps_its_segments() {
        for (path, expected) in [
            ("/users/A#1", "/users/A%231"),
            ("/a%2Fb?c", "/a%252Fb%3Fc"),
            ("", "/"),
            ("a", "/a"),
            ("//a", "//a"),
        ] {
            assert_eq!(escaped(path), expected);
        }
    }
}
