//! The binary `deposit` against a live JDK, the platform's own: see `events/jdk/Platform.java`.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use waas_callback_aws::Ledger;
use waas_local::{Options, Stack};
use waas_platform::{Answer, event};

use crate::harness::*;

const API_KEY: &str = "the-merchants-api-key";

/// A key pair that the JDK made. Its private half never leaves Java and its own file.
struct JavaPlatform {
    private_key: PathBuf,
    public_key: String,
    _directory: TempDir,
}

impl JavaPlatform {
    async fn generate(bits: u32) -> Self {
        let lines = java(&["keygen", &bits.to_string()], "").await;
        let (private_key, public_key) = lines.trim().split_once('\n').unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("private-key");
        std::fs::write(&path, private_key).unwrap();
        Self { private_key: path, public_key: public_key.trim().to_owned(), _directory: directory }
    }

    /// A callback's body, line breaks of MIME included.
    async fn seal(&self, options: &[&str], plaintext: &str) -> String {
        let words = [&["seal"], options, &[self.private_key.to_str().unwrap()]].concat();
        java(&words, plaintext).await.trim_end().to_owned()
    }

    async fn open(&self, data: &str) -> String {
        java(&["open", self.private_key.to_str().unwrap()], data).await
    }
}

/// What `Platform.java` prints.
async fn java(words: &[&str], input: &str) -> String {
    let mut java = Command::new("java")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/jdk/Platform.java"))
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("this test needs `java` on the PATH, of a JDK 17 or later (Debian: default-jdk-headless)");
    // Java that fails early closes its input; what it says then matters more than the broken pipe.
    _ = java.stdin.take().unwrap().write_all(input.as_bytes()).await;
    let output = java.wait_with_output().await.unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "java {words:?}, which needs a JDK 17 or later: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// On a stack of its own, so that every way of sealing has to earn its credit.
async fn deposit_is_credited(platform: &JavaPlatform, seal_options: &[&str]) {
    let secret = json!({ "publicKey": platform.public_key, "apiKey": API_KEY }).to_string();
    let stack = Stack::start_services(&Options { secret: Some(secret), ..Options::default() }).await.unwrap();
    let lambda = Lambda::start().await;
    let _function = lambda.spawn("deposit", stack.environment());

    let body = platform.seal(seal_options, DEPOSIT).await;
    assert_eq!(body.contains("\r\n"), seal_options.contains(&"--mime"), "as MIME wraps it");
    let (status, text) = lambda.invoke(&event("/callback/deposit", API_KEY, &body)).await;
    let answer: Answer = serde_json::from_str(&text).unwrap();
    assert_eq!((status, answer.err_code, &*answer.api_key), (200, 0, API_KEY), "{}", answer.message);

    let reply: Value = serde_json::from_str(&platform.open(&answer.data).await).unwrap();
    assert_eq!(reply, documented_reply());
    let balance =
        Ledger::connect(stack.config()).balance("2049", &"TRON#TRX".parse().unwrap()).await.unwrap();
    assert_eq!((&*balance.available.to_string(), balance.frozen.is_zero()), ("2.5", true));
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn a_deposit_under_a_key_of_1024_bits_is_credited_and_answered() {
    let platform = JavaPlatform::generate(1024).await;
    deposit_is_credited(&platform, &[]).await;
    deposit_is_credited(&platform, &["--mime"]).await;
}

#[tokio::test]
async fn a_deposit_under_a_key_of_2048_bits_is_credited_and_answered() {
    whole_and_in_pieces(2048).await;
}

#[tokio::test]
async fn a_deposit_under_a_key_of_4096_bits_is_credited_and_answered() {
    whole_and_in_pieces(4096).await;
}

/// Encoders written for 1024 bits cut every 117 bytes, whatever the key.
async fn whole_and_in_pieces(bits: u32) {
    let platform = JavaPlatform::generate(bits).await;
    for options in [&[][..], &["--mime"], &["--piece", "117"], &["--piece", "117", "--mime"]] {
        deposit_is_credited(&platform, options).await;
    }
}
