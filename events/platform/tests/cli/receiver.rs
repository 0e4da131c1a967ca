//! A receiver in one thread, built on `waas-callback`: it answers what a test makes of the opened callback.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::json;
use waas_callback::{Callback, PublicKey};
use waas_platform::PrivateKey;

pub(crate) struct Receiver {
    pub(crate) url: String,
    last_api_key: Arc<Mutex<Option<String>>>,
}

impl Receiver {
    /// Listens until the test's process ends. `answer` makes a whole HTTP response of the opened callback.
    pub(crate) fn start(mut answer: impl FnMut(&str) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/callback", listener.local_addr().unwrap());
        let last_api_key = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&last_api_key);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let (api_key, body) = read_request(&stream);
                *seen.lock().unwrap() = api_key;
                let opened = public_key().open(&body).unwrap();
                // The sender may have gone, as it does when nobody reads on.
                let _ = stream.write_all(answer(opened.as_str()).as_bytes());
            }
        });
        Self { url, last_api_key }
    }

    pub(crate) fn last_api_key(&self) -> Option<String> {
        self.last_api_key.lock().unwrap().clone()
    }
}

fn public_key() -> PublicKey {
    PublicKey::parse(&PrivateKey::development().public_key_base64()).unwrap()
}

pub(crate) fn seal(reply: &str) -> String {
    public_key().seal(reply.as_bytes(), &mut rand::rng())
}

pub(crate) fn http(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} -\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

pub(crate) fn answer(err_code: i64, message: &str, data: &str) -> String {
    http(
        200,
        &json!({"apiKey": "merchant", "data": data, "errCode": err_code, "message": message}).to_string(),
    )
}

/// What a good receiver answers.
pub(crate) fn accept(plaintext: &str) -> String {
    // The way to an `Opened` leads through the cipher, also here.
    let opened = public_key().open(PrivateKey::development().seal(plaintext.as_bytes()).as_bytes()).unwrap();
    let callback = Callback::parse(&opened).unwrap().unwrap();
    answer(0, "", &seal(&callback.reply(None)))
}

/// The API key and the body.
pub(crate) fn read_request(stream: &TcpStream) -> (Option<String>, Vec<u8>) {
    let mut stream = BufReader::new(stream);
    let (mut api_key, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line.trim_end().is_empty() {
                break;
            }
            continue; // the request line
        };
        match name.to_ascii_lowercase().as_str() {
            "x-api-key" => api_key = Some(value.to_owned()),
            "content-length" => length = value.parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    (api_key, body)
}
