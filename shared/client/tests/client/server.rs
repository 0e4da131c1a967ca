//! A server on loopback that speaks just enough HTTP/1.1 to answer well, badly, late or not at all.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use waas_client::{Client, Https, Timeouts};

use crate::fake::Fake;

/// What the server does with one request.
pub(crate) enum Reply {
    /// Status and body, then keeps the connection.
    Of(u16, Vec<u8>),
    /// These bytes as they stand, then closes.
    Raw(Vec<u8>),
    /// These bytes as they stand, then nothing more, and no end.
    Hold(Vec<u8>),
    /// Status and body after this time.
    After(Duration, u16, Vec<u8>),
    /// Closes without a word.
    Close,
    /// Status and body, then closes, without having said so.
    ThenClose(u16, Vec<u8>),
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: String,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Answers the n-th request, counted over all connections, as the function says.
    pub(crate) async fn start(reply: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let server = Self { address, connections: Arc::clone(&connections), seen: Arc::clone(&seen) };
        let reply = Arc::new(reply);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, Arc::clone(&seen), Arc::clone(&reply)));
            }
        });
        server
    }

    /// A client that waits longer than a slow machine takes.
    pub(crate) fn client(&self) -> Client {
        self.client_within(Duration::from_secs(20))
    }

    /// A client that gives a call up after this time.
    pub(crate) fn client_within(&self, total: Duration) -> Client {
        let transport = self.transport("http", Timeouts { connect: total, total });
        Client::new(transport, Fake::merchant())
    }

    pub(crate) fn transport(&self, scheme: &str, timeouts: Timeouts) -> Https {
        Https::new(format!("{scheme}://{}", self.address).parse().unwrap(), timeouts)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    seen: Arc<Mutex<Vec<Seen>>>,
    reply: Arc<impl Fn(usize, &Seen) -> Reply + Send + Sync>,
) {
    while let Some(request) = read(&mut stream).await {
        let nth = {
            let mut seen = seen.lock().unwrap();
            seen.push(request.clone());
            seen.len() - 1
        };
        let (bytes, keep) = match reply(nth, &request) {
            Reply::Of(status, body) => (http(status, &body), true),
            Reply::ThenClose(status, body) => (http(status, &body), false),
            Reply::Raw(bytes) => (bytes, false),
            Reply::Hold(bytes) => {
                _ = stream.write_all(&bytes).await;
                return std::future::pending().await;
            }
            Reply::Close => return,
            Reply::After(pause, status, body) => {
                tokio::time::sleep(pause).await;
                (http(status, &body), true)
            }
        };
        if stream.write_all(&bytes).await.is_err() || !keep {
            return;
        }
    }
}

fn http(status: u16, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} Said\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

async fn read(stream: &mut TcpStream) -> Option<Seen> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
            if body.len() == length.parse::<usize>().unwrap() {
                return Some(Seen { body: body.to_owned(), head });
            }
        }
        match stream.read(&mut chunk).await {
            Ok(count @ 1..) => bytes.extend_from_slice(&chunk[..count]),
            _ => return None,
        }
    }
}
