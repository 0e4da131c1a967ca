//! Behind a gateway that decodes paths, an id names what it says and nothing else.

use http::Method;
use serde_json::{Value, json};

use crate::harness::*;

const ORDER: &str = "/withdrawals/{callBackId}";
const HOLD: &str = "/withdrawals/{callBackId}/hold";
const USER: &str = "/users/{tenantUserId}";
const EVENTS: &str = "/users/{tenantUserId}/events";

/// Ids that exist. Each would be reached through each of [`strangers`], if a part of it were syntax. `hold` and
/// `events` are the last segments of routes, which an id of dots would leave alone.
const KNOWN: [&str; 4] = ["A", "aA", "hold", "events"];

/// Ids that nobody has.
fn strangers() -> Vec<String> {
    let short = [
        "A#1 A# #A A?1 A? ?A A%23 A% %41 a%41 A%00 A/.. A/../A A/. A/ /A ../withdrawals/A ../users/A ../A .. .",
        "%2e %2E%2e A/hold A/events A\\.. A\\ \\A A;x A&x Ä Ａ A\u{301} \u{202e}A {callBackId} {tenantUserId} *",
    ];
    let spaced = ["", " A", "A ", "A\n", "A\t", "A\0"].map(str::to_owned);
    let long = [256, 2_100, 9_000].map(|length| "A".repeat(length));
    short.iter().flat_map(|ids| ids.split(' ')).map(str::to_owned).chain(spaced).chain(long).collect()
}

/// The request in both payloads.
fn handed<'a>(method: &'a Method, template: &'a str, id: &'a str) -> [(Payload, Handed<'a>); 2] {
    let request = Handed { method, template: Some(template), value: id, query: "", body: None };
    [(Payload::V2, request), (Payload::V1, request)]
}

async fn with_known_ids() -> Deployment {
    let deployment = Deployment::new().await;
    for id in KNOWN {
        deployment.deposit(id, "USDT", "10").await;
        assert_eq!(deployment.register(id, id, "3", PAYEE).await, 201, "{id}");
    }
    deployment
}

#[tokio::test]
async fn no_request_for_another_id_shows_or_moves_an_order() {
    let deployment = with_known_ids().await;
    for (method, template) in
        [(Method::GET, ORDER), (Method::DELETE, ORDER), (Method::PUT, HOLD), (Method::DELETE, HOLD)]
    {
        for id in strangers() {
            for (payload, request) in handed(&method, template, &id) {
                let (status, answer) = deployment.hand_over(payload, &request).await;
                let told = format!("{method} {template} of {id:?} in {payload:?}: {status} {answer}");
                assert!(matches!(status, 400 | 404), "{told}");
                assert_eq!(answer["status"], status, "{told}");
            }
        }
    }
    for id in KNOWN {
        let (status, order) = deployment.call(Method::GET, &format!("/withdrawals/{id}"), None).await;
        assert_eq!(
            (status, &order["state"], &order["held"]),
            (200, &json!("reserved"), &json!(false)),
            "{id}"
        );
        assert_eq!(deployment.usdt(id).await, money("7", "3"));
    }
}

#[tokio::test]
async fn no_request_for_another_user_shows_a_users_balances_or_events() {
    let deployment = with_known_ids().await;
    for id in strangers() {
        for (payload, request) in handed(&Method::GET, USER, &id) {
            let (status, answer) = deployment.hand_over(payload, &request).await;
            // A user whom the ledger has not met has nothing.
            let nobody = json!({ "tenantUserId": id, "balances": [], "addresses": [] });
            assert!(
                matches!(status, 400 | 404) || answer == nobody,
                "{id:?} in {payload:?}: {status} {answer}"
            );
        }
        for (payload, request) in handed(&Method::GET, EVENTS, &id) {
            let (status, answer) = deployment.hand_over(payload, &request).await;
            let nothing = json!({ "events": [] });
            assert!(
                matches!(status, 400 | 404) || answer == nothing,
                "{id:?} in {payload:?}: {status} {answer}"
            );
        }
    }
}

#[tokio::test]
async fn without_a_route_too_a_decoded_path_is_no_syntax() {
    let deployment = with_known_ids().await;
    let paths = "/withdrawals/A#1 /withdrawals/A?1 /withdrawals/a%41 /withdrawals/%41 /withdrawals/./A \
                 /withdrawals/x/../A /withdrawals/A/hold# /withdrawals//A withdrawals/A# //withdrawals/A \
                 \\withdrawals\\A /withdrawals\\A /withdrawals/A/ /%77ithdrawals/A";
    for path in paths.split(' ').chain(["", "/withdrawals/ A", "/withdrawals/A\n"]) {
        for method in [Method::GET, Method::DELETE, Method::PUT] {
            for payload in [Payload::V1, Payload::V2] {
                let request = Handed { method: &method, template: None, value: path, query: "", body: None };
                let (status, answer) = deployment.hand_over(payload, &request).await;
                assert!(matches!(status, 404 | 405), "{method} {path:?} in {payload:?}: {status} {answer}");
            }
        }
    }
    assert_eq!(deployment.call(Method::GET, "/withdrawals/A", None).await.1["held"], false);
    for id in KNOWN {
        assert_eq!(deployment.usdt(id).await, money("7", "3"));
    }
    let plain =
        Handed { method: &Method::GET, template: None, value: "/withdrawals/A", query: "", body: None };
    for payload in [Payload::V1, Payload::V2] {
        assert_eq!(deployment.hand_over(payload, &plain).await.1["callBackId"], "A");
    }
}

#[tokio::test]
async fn an_id_of_any_permitted_characters_names_its_order_and_its_user() {
    let deployment = Deployment::new().await;
    let all = "a-._~!$&'()*+,;=:@";
    for (n, id) in ["a+b", "a@b.c", "a:b", "a&b=c", "a;b", "...", "~", "+", "=", all].into_iter().enumerate()
    {
        deployment.deposit(id, "USDT", "10").await;
        for (payload, amount) in [(Payload::V2, "2"), (Payload::V1, "3")] {
            let order_id = if amount == "2" { id.to_owned() } else { format!("{id}{n}") };
            let body = json!({
                "callBackId": order_id, "tenantUserId": id, "chainName": "TRON", "symbol": "USDT", "amount": amount,
                "address": PAYEE
            });
            let registration = Handed { body: Some(&body), ..Handed::matched(&Method::POST, "/withdrawals") };
            assert_eq!(deployment.hand_over(payload, &registration).await.0, 201, "{order_id}");
            let order = async |method: &Method, template: &str| {
                let request =
                    Handed { method, template: Some(template), value: &order_id, query: "", body: None };
                let (status, order) = deployment.hand_over(payload, &request).await;
                assert_eq!((status, &order["callBackId"]), (200, &json!(order_id)), "{method} {order}");
                (order["state"].clone(), order["held"].clone())
            };
            let read = (json!("reserved"), json!(false));
            assert_eq!(order(&Method::GET, ORDER).await, read);
            assert_eq!(order(&Method::PUT, HOLD).await, (json!("reserved"), json!(true)));
            assert_eq!(order(&Method::DELETE, HOLD).await, read);

            let request =
                Handed { method: &Method::GET, template: Some(USER), value: id, query: "", body: None };
            let (status, user) = deployment.hand_over(payload, &request).await;
            assert_eq!((status, &user["tenantUserId"]), (200, &json!(id)));
            assert_eq!(user["balances"][0]["frozen"], amount, "{user}");

            assert_eq!(order(&Method::DELETE, ORDER).await, (json!("cancelled"), json!(false)));
            assert_eq!(deployment.usdt(id).await, money("10", "0"));
        }
    }
}

#[tokio::test]
async fn the_query_reaches_the_route_in_both_payloads() {
    let deployment = Deployment::new().await;
    let user = "a&b=c+d";
    for n in 1..=5 {
        deployment.deposit(user, "USDT", &n.to_string()).await;
    }
    for payload in [Payload::V1, Payload::V2] {
        let page = async |query: &str| {
            let request =
                Handed { method: &Method::GET, template: Some(EVENTS), value: user, query, body: None };
            deployment.hand_over(payload, &request).await
        };
        let mut amounts: Vec<Value> = Vec::new();
        let mut query = "limit=2".to_owned();
        loop {
            let (status, page) = page(&query).await;
            let events = page["events"].as_array().unwrap();
            assert!(status == 200 && events.len() <= 2, "{status} {page}");
            amounts.extend(events.iter().map(|event| event["postings"][0]["available"].clone()));
            let Some(next) = page["next"].as_str() else { break };
            query = format!("cursor={next}&limit=2");
        }
        assert_eq!(amounts, ["5", "4", "3", "2", "1"], "{payload:?}");
        assert_eq!(page("limit=0").await.0, 400);
        assert_eq!(page("cursor=no-cursor").await.0, 400);
    }
    // What the client escaped in a query of 2.0 still is.
    let escaped = Handed {
        method: &Method::GET,
        template: Some(EVENTS),
        value: user,
        query: "l%69mit=%32&x=%26limit%3D0",
        body: None,
    };
    let (status, page) = deployment.hand_over(Payload::V2, &escaped).await;
    assert_eq!((status, page["events"].as_array().unwrap().len()), (200, 2));
}
