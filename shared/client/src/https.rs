//! The transport over the network: HTTP/1.1 over TLS, by hyper and rustls with ring.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;
use tower_service::Service;

use crate::{Answer, MAX_ANSWER_BYTES, PlatformUrl, Request, Transport, Unreachable};

type HttpClient = Client<ConnectWithin<HttpsConnector<HttpConnector>>, Full<Bytes>>;

/// How long an unused connection is kept. Servers commonly close theirs after a minute or more, and a question on one
/// that the server closes in that moment has to be asked again.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// How long to wait for the platform, which publishes nothing about it.
///
/// ```
/// use std::time::Duration;
/// use waas_client::Timeouts;
/// let Timeouts { connect, total } = Timeouts::default();
/// assert_eq!((connect, total), (Duration::from_secs(3), Duration::from_secs(10)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For name, TCP and TLS together: two round trips and a resend of a lost packet, with room. Keep it below `total`:
    /// what `total` ends counts as sent.
    pub connect: Duration,
    /// For the whole call, the connection included.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(3), total: Duration::from_secs(10) }
    }
}

/// The platform over the network.
///
/// Certificates are checked against Mozilla's root authorities as they were when this was built (webpki-roots): the
/// platform's host is a public one, an image that lacks certificates must not fail at night, and to read a system's
/// takes longer than the rest of a Lambda's start. Build anew to follow them. An authority of your own, as of a proxy that looks
/// into TLS, is not trusted. No proxy is used.
///
/// Questions share one connection, which is kept for twenty seconds after the last; clones share it too. A
/// withdrawal call takes a new one: on a kept one that breaks in that moment, nobody could tell whether the order arrived.
/// Redirections are not followed.
#[derive(Clone)]
pub struct Https {
    questions: HttpClient,
    orders: HttpClient,
    url: PlatformUrl,
    timeouts: Timeouts,
}

impl fmt::Debug for Https {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Https")
            .field("url", &self.url)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}

impl Https {
    /// Connects at the first call, and needs a runtime of tokio's from then on.
    ///
    /// # Panics
    ///
    /// Never: ring has the cipher suites of TLS 1.2 and 1.3.
    #[must_use]
    pub fn new(url: PlatformUrl, timeouts: Timeouts) -> Self {
        Self::trusting(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect(), url, timeouts)
    }

    #[expect(clippy::expect_used, reason = "the one error is a provider without cipher suites")]
    fn trusting(roots: RootCertStore, url: PlatformUrl, timeouts: Timeouts) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false); // https passes through it too; which URLs may be http, PlatformUrl decides
        tcp.set_nodelay(true);
        // By name: a process that has aws-lc too, as our tools have, knows no default provider.
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has cipher suites")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let tls = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let connector = ConnectWithin { connector: tls, limit: timeouts.connect };
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE_TIMEOUT);
        let orders = builder.pool_max_idle_per_host(0).build(connector.clone());
        let questions = builder.pool_max_idle_per_host(1).build(connector);
        Self { questions, orders, url, timeouts }
    }

    async fn exchange(&self, request: Request<'_>) -> Result<Answer, Unreachable> {
        // A key that is no header's value cannot be made, and a base that is no URL neither.
        let unsent = |error: &dyn fmt::Display| Unreachable::NotConnected(error.to_string());
        let mut api_key = HeaderValue::from_str(request.api_key.as_str()).map_err(|error| unsent(&error))?;
        api_key.set_sensitive(true);
        let post = http::Request::builder()
            .method(Method::POST)
            .uri(self.url.of(request.call))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("x-api-key", api_key)
            .body(Full::from(request.form.to_owned()))
            .map_err(|error| unsent(&error))?;
        let client = if request.call.is_order() { &self.orders } else { &self.questions };
        // What was not begun on a kept connection that had been closed, the client begins on a new one.
        let response = client.request(post).await.map_err(|error| {
            if error.is_connect() { not_connected(&error) } else { Unreachable::Broken(chain(&error)) }
        })?;
        Ok(Answer { status: response.status().as_u16(), body: body(response).await? })
    }
}

impl Transport for Https {
    async fn post(&self, request: Request<'_>) -> Result<Answer, Unreachable> {
        // Once this is dropped, so is its connection: an answer that comes late is nobody's.
        let total = self.timeouts.total;
        timeout(total, self.exchange(request)).await.unwrap_or(Err(Unreachable::TimedOut(total)))
    }
}

/// The body, or as much of it as shows that it is too long.
async fn body<B>(response: Response<B>) -> Result<Vec<u8>, Unreachable>
where
    B: BodyExt<Data = Bytes, Error: Error + 'static> + Unpin,
{
    let (mut incoming, mut body) = (response.into_body(), Vec::new());
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|error| Unreachable::Broken(chain(&error)))?;
        body.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
        if body.len() > MAX_ANSWER_BYTES {
            break;
        }
    }
    Ok(body)
}

fn not_connected(error: &(dyn Error + 'static)) -> Unreachable {
    let mut causes = std::iter::successors(Some(error), |&error| error.source());
    match causes.find_map(|cause| cause.downcast_ref::<ConnectTimedOut>()) {
        Some(ConnectTimedOut(limit)) => Unreachable::ConnectTimedOut(*limit),
        None => Unreachable::NotConnected(chain(error)),
    }
}

/// An error with all that caused it, in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

type BoxError = Box<dyn Error + Send + Sync>;

/// A connector that gives up. The one of TCP has a timeout too, but counts neither the name nor TLS; and what does not
/// end here would end by the timeout of the whole call, as if something had been sent.
#[derive(Clone)]
struct ConnectWithin<C> {
    connector: C,
    limit: Duration,
}

#[derive(Debug, thiserror::Error)]
#[error("not connected within {0:?}")]
struct ConnectTimedOut(Duration);

impl<C> Service<Uri> for ConnectWithin<C>
where
    C: Service<Uri, Error = BoxError, Future: Send + 'static>,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connecting, limit) = (self.connector.call(uri), self.limit);
        Box::pin(async move {
            timeout(limit, connecting).await.unwrap_or_else(|_| Err(Box::new(ConnectTimedOut(limit))))
        })
    }
}

#[cfg(test)]
mod tests {
    use rustls::ServerConfig;
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::{ApiKey, Call};

    // Made for these tests, valid for a hundred years. The authority's own key was thrown away.
    const AUTHORITY: &[u8] = include_bytes!("../tests/tls/authority.pem");
    const CERTIFICATE: &[u8] = include_bytes!("../tests/tls/server.pem");
    const KEY: &[u8] = include_bytes!("../tests/tls/server.key.pem");

    /// The URL of a server with a certificate for 127.0.0.1, and what reached it in plain.
    async fn server(host: &str) -> (PlatformUrl, tokio::task::JoinHandle<String>) {
        let tls = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(CERTIFICATE).unwrap()],
                PrivateKeyDer::from_pem_slice(KEY).unwrap(),
            )
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{host}:{}", listener.local_addr().unwrap().port()).parse().unwrap();
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = TlsAcceptor::from(Arc::new(tls)).accept(stream).await else {
                return String::new();
            };
            let mut bytes = vec![0; 4096];
            let count = stream.read(&mut bytes).await.unwrap_or(0);
            _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
            String::from_utf8(bytes[..count].to_vec()).unwrap()
        });
        (url, server)
    }

    async fn post(transport: &Https) -> Result<Answer, Unreachable> {
        let api_key = ApiKey::parse("the-api-key").unwrap();
        transport.post(Request { call: Call::GetWithdrawOrder, api_key: &api_key, form: "data=AA" }).await
    }

    fn own_authority() -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(AUTHORITY).unwrap()).unwrap();
        roots
    }

    #[tokio::test]
    async fn a_certificate_of_a_trusted_authority_lets_the_request_through() {
        let (url, server) = server("127.0.0.1").await;
        let answer = post(&Https::trusting(own_authority(), url, Timeouts::default())).await.unwrap();
        assert_eq!((answer.status, &*answer.body), (200, b"{}".as_slice()));
        assert!(server.await.unwrap().starts_with("POST /api/v1/api/order/getWithdrawOrder HTTP/1.1\r\n"));
    }

    #[tokio::test]
    async fn a_certificate_that_no_public_authority_signed_gets_nothing_of_the_request() {
        let (url, server) = server("127.0.0.1").await;
        let error = post(&Https::new(url, Timeouts::default())).await.unwrap_err();
        assert!(
            matches!(&error, Unreachable::NotConnected(text) if text.contains("UnknownIssuer")),
            "{error}"
        );
        assert_eq!(server.await.unwrap(), "");
    }

    #[tokio::test]
    async fn a_certificate_of_another_host_gets_nothing_of_the_request() {
        let (url, server) = server("localhost").await;
        let error = post(&Https::trusting(own_authority(), url, Timeouts::default())).await.unwrap_err();
        assert!(
            matches!(&error, Unreachable::NotConnected(text) if text.contains("not valid for name")),
            "{error}"
        );
        assert_eq!(server.await.unwrap(), "");
    }
}
