//! What can happen on the way.

use std::time::Duration;

use tokio::net::TcpListener;
use waas_client::{CallError, Client, Effect, Https, MAX_ANSWER_BYTES, Timeouts, Unreachable};

use crate::fake::Fake;
use crate::server::{Reply, Server};
use crate::{direct, order};

const SHORT: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(20);

fn order_of(number: usize) -> Vec<u8> {
    let json = format!(r#"{{"orderState":{number},"clientOrderId":"250619639710001"}}"#);
    Fake::sealed(&json).body
}

async fn state(client: &Client) -> Result<i64, CallError> {
    client.get_withdraw_order(&order(), rand::rng()).await.map(|order| order.state.number())
}

async fn unreachable(client: &Client) -> Unreachable {
    match client.withdraw_without_verify(&direct("1"), rand::rng()).await {
        Err(CallError::Unreachable(unreachable)) => {
            let effect = CallError::from(unreachable.clone()).effect();
            assert_eq!(effect == Effect::NotSent, !unreachable.may_have_been_sent());
            unreachable
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn two_questions_take_one_connection() {
    let server = Server::start(|nth, _| Reply::Of(200, order_of(nth))).await;
    let client = server.client();
    assert_eq!((state(&client).await, state(&client).await), (Ok(0), Ok(1)));
    assert_eq!(server.connections(), 1);
    assert_eq!(state(&client.clone()).await, Ok(2));
    assert_eq!(server.connections(), 1, "clones share it");
}

#[tokio::test]
async fn each_order_takes_a_connection_of_its_own() {
    let server = Server::start(|_, _| Reply::Of(200, order_of(0))).await;
    let client = server.client();
    _ = state(&client).await;
    for connections in 2..5 {
        _ = client.withdraw_without_verify(&direct("1"), rand::rng()).await;
        assert_eq!(server.connections(), connections);
    }
    _ = state(&client).await;
    assert_eq!(server.connections(), 4, "and the question's is kept meanwhile");
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_costs_no_call() {
    let server = Server::start(|nth, _| Reply::ThenClose(200, order_of(nth))).await;
    let client = server.client();
    assert_eq!(state(&client).await, Ok(0));
    tokio::time::sleep(Duration::from_millis(50)).await; // until the end has arrived
    assert_eq!(state(&client).await, Ok(1));
    assert_eq!((server.connections(), server.seen().len()), (2, 2));
}

#[tokio::test]
async fn nobody_listening_is_certainly_not_sent() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let transport = Https::new(format!("http://{closed}").parse().unwrap(), Timeouts::default());
    let error = unreachable(&Client::new(transport, Fake::merchant())).await;
    assert!(matches!(&error, Unreachable::NotConnected(text) if text.contains("refused")), "{error}");
    assert!(!error.may_have_been_sent());
}

#[tokio::test]
async fn a_tls_that_never_answers_is_certainly_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap(); // the kernel accepts, nobody reads
    let url = format!("https://{}", listener.local_addr().unwrap()).parse().unwrap();
    let transport = Https::new(url, Timeouts { connect: SHORT, total: LONG });
    let error = unreachable(&Client::new(transport, Fake::merchant())).await;
    assert_eq!(error, Unreachable::ConnectTimedOut(SHORT));
    assert!(!error.may_have_been_sent());
}

#[tokio::test]
async fn a_tls_that_is_none_is_certainly_not_sent() {
    use tokio::io::AsyncWriteExt as _;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        tokio::time::sleep(LONG).await;
    });
    let transport = Https::new(url, Timeouts { connect: LONG, total: LONG });
    let error = unreachable(&Client::new(transport, Fake::merchant())).await;
    assert!(matches!(error, Unreachable::NotConnected(_)), "{error}");
}

#[tokio::test]
async fn what_hangs_ends_and_may_have_been_sent() {
    let server = Server::start(|_, _| Reply::After(LONG, 200, Vec::new())).await;
    let error = unreachable(&server.client_within(SHORT)).await;
    assert_eq!(error, Unreachable::TimedOut(SHORT));
    assert!(error.may_have_been_sent());
    assert_eq!(server.seen().len(), 1, "sent once");
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_vec();
    let server = Server::start(move |_, _| Reply::Hold(half.clone())).await;
    let error = unreachable(&server.client_within(SHORT)).await;
    assert_eq!(error, Unreachable::TimedOut(SHORT));
}

#[tokio::test]
async fn a_late_answer_is_not_taken_for_the_next_one() {
    let late = 2 * SHORT;
    let server = Server::start(move |nth, _| match nth {
        0 => Reply::After(late, 200, order_of(6)),
        _ => Reply::Of(200, order_of(2)),
    })
    .await;
    let client = server.client_within(SHORT);
    assert!(matches!(state(&client).await, Err(CallError::Unreachable(Unreachable::TimedOut(_)))));
    tokio::time::sleep(late).await;
    assert_eq!(state(&client).await, Ok(2));
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_connection_cut_after_the_request_may_have_been_sent() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n".to_vec();
    let body = [&*head, b"\r\n{"].concat();
    for reply in [None, Some(head), Some(body), Some(b"SSH-2.0-OpenSSH\r\n".to_vec())] {
        let server = Server::start(move |_, _| reply.clone().map_or(Reply::Close, Reply::Raw)).await;
        let error = unreachable(&server.client()).await;
        assert!(matches!(error, Unreachable::Broken(_)), "{error:?}");
        assert!(error.may_have_been_sent());
        assert_eq!(server.seen().len(), 1, "and it is not sent again");
    }
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_not_read_to_its_end() {
    // It promises a terabyte and never ends: who waited for that would time out.
    let mut flood = b"HTTP/1.1 200 OK\r\ncontent-length: 1099511627776\r\n\r\n".to_vec();
    flood.resize(flood.len() + MAX_ANSWER_BYTES + 1, b' ');
    let server = Server::start(move |_, _| Reply::Hold(flood.clone())).await;
    assert_eq!(state(&server.client()).await, Err(CallError::TooLarge));
}

#[tokio::test]
async fn a_redirection_is_not_followed() {
    let elsewhere = Server::start(|_, _| Reply::Of(200, order_of(3))).await;
    let to = format!(
        "HTTP/1.1 307 Elsewhere\r\nlocation: http://{}/\r\ncontent-length: 0\r\n\r\n",
        elsewhere.address
    );
    let server = Server::start(move |_, _| Reply::Raw(to.clone().into_bytes())).await;
    assert_eq!(state(&server.client()).await, Err(CallError::Status { status: 307, said: None }));
    assert!(elsewhere.seen().is_empty(), "the API key stays here");
}

#[tokio::test]
async fn nothing_of_the_key_or_the_question_is_in_an_error() {
    let server = Server::start(|_, _| Reply::Close).await;
    let error = CallError::from(unreachable(&server.client()).await);
    for text in [error.to_string(), format!("{error:?}"), format!("{:?}", server.client())] {
        for secret in [waas_platform::DEVELOPMENT_API_KEY, crate::ADDRESS, "250619639710001"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
