//! A live JDK, 17 or later, that serves the platform's side of one call on loopback: `java` has to be on the PATH
//! (Debian: default-jdk-headless).

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use waas_callback::{OpenError, TxId};
use waas_client::{
    Answer, ApiKey, Call, CallError, Client, DepositQuestion, Https, Merchant, Request, Said, Timeouts,
    Transport as _,
};

use super::{API_KEY, Vector, recorded};

/// `Platform.java`, run from the root of the workspace.
fn java() -> Command {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut java = Command::new("java");
    java.current_dir(root).arg("events/jdk/Platform.java").stdout(Stdio::piped()).kill_on_drop(true);
    java
}

/// The platform in a process of its own, with a recorded key.
struct JavaPlatform {
    process: Child,
    port: u16,
    _directory: TempDir,
}

impl JavaPlatform {
    async fn start(vector: &Vector) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let private_key = directory.path().join("private-key");
        std::fs::write(&private_key, &vector.private_key).unwrap();
        let mut process =
            java().arg("serve").arg(private_key).arg(API_KEY).stdin(Stdio::piped()).spawn().expect(
                "this test needs `java` on the PATH, of a JDK 17 or later (Debian: default-jdk-headless)",
            );
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.next_line().await.unwrap().expect("Java says above why it ended").parse().unwrap();
        Self { process, port, _directory: directory }
    }

    /// With more time than a slow machine takes.
    fn transport(&self, base: &str) -> Https {
        let patience = Duration::from_mins(1);
        let url = format!("http://127.0.0.1:{}{base}", self.port);
        Https::new(url.parse().unwrap(), Timeouts { connect: patience, total: patience })
    }

    fn client(&self, base: &str, merchant: Merchant) -> Client {
        Client::new(self.transport(base), merchant)
    }

    /// Status and body that a form is answered with, whoever made it.
    async fn post(&self, form: &str) -> (u16, String) {
        let api_key = ApiKey::parse(API_KEY).unwrap();
        let request = Request { call: Call::GetDepositOrder, api_key: &api_key, form };
        let Answer { status, body } = self.transport("").post(request).await.unwrap();
        (status, String::from_utf8(body).unwrap())
    }

    /// It ends by itself when its input does.
    async fn stop(mut self) {
        drop(self.process.stdin.take());
        assert!(self.process.wait().await.unwrap().success());
    }
}

#[tokio::test]
async fn the_client_and_a_live_jdk_understand_each_other() {
    for vector in recorded() {
        let platform = JavaPlatform::start(&vector).await;
        let client = platform.client("", vector.merchant());
        // Each time with another filling, so with another `+` and `/`.
        for call in vector.calls.iter().cycle().take(5 * vector.calls.len()) {
            let deposit = client.get_deposit_order(&call.question(), rand::rng()).await.unwrap();
            assert_eq!(deposit.amount.text(), call.amount(), "{}, {} bits", call.name, vector.bits);
        }
        let unknown = DepositQuestion { tx_id: TxId::from("unknown"), ..vector.calls[0].question() };
        let error = client.get_deposit_order(&unknown, rand::rng()).await.unwrap_err();
        assert_eq!(error, CallError::UnknownThere);
        platform.stop().await;
    }
}

#[tokio::test]
async fn a_live_jdk_gives_the_recorded_answer_to_each_recorded_form() {
    for vector in recorded() {
        let platform = JavaPlatform::start(&vector).await;
        for call in vector.calls.iter().chain(&vector.oaep_calls) {
            let answer = platform.post(&call.form).await;
            assert_eq!(answer, (200, call.answer.clone()), "{}, {} bits", call.name, vector.bits);
        }
        platform.stop().await;
    }
}

#[tokio::test]
async fn what_a_live_jdk_seals_under_oaep_is_never_a_value() {
    for vector in recorded() {
        let platform = JavaPlatform::start(&vector).await;
        for answer in &vector.oaep_answers {
            let client = platform.client(&format!("/oaep/{}", answer.name), vector.merchant());
            for call in &vector.calls {
                let error = client.get_deposit_order(&call.question(), rand::rng()).await.unwrap_err();
                assert_eq!(error, CallError::NotOpened(OpenError::Padding), "{}", answer.name);
            }
        }
        platform.stop().await;
    }
}

#[tokio::test]
async fn a_live_jdk_refuses_another_key_another_field_and_a_plus_that_is_not_escaped() {
    let [vector, other, ..] = &recorded()[..] else { panic!("vectors") };
    let platform = JavaPlatform::start(vector).await;
    let question = vector.calls[0].question();

    let stranger = Merchant { api_key: ApiKey::parse("another").unwrap(), ..vector.merchant() };
    let error = platform.client("", stranger).get_deposit_order(&question, rand::rng()).await.unwrap_err();
    assert!(
        matches!(&error, CallError::Unauthorized(Some(said)) if said.code() == "UNAUTHORIZED"),
        "{error:?}"
    );

    let another = waas_platform::PrivateKey::generate(1024).unwrap().public_key_base64();
    for public_key in [&another, &other.public_key] {
        let public_key = waas_callback::PublicKey::parse(public_key).unwrap();
        let merchant = Merchant { public_key, ..vector.merchant() };
        let error =
            platform.client("", merchant).get_deposit_order(&question, rand::rng()).await.unwrap_err();
        assert_eq!(error.said().unwrap().code_number(), Some(Said::DECRYPTION_FAILED), "{error:?}");
    }

    let call = vector.calls.iter().find(|call| call.form.contains("%2B")).unwrap();
    let code = async |form: &str| {
        let (status, body) = platform.post(form).await;
        let json: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &json["data"]), (200, &Value::Null), "{body}");
        json["code"].as_i64().unwrap()
    };
    assert_eq!(code(&call.form.replace("%2B", "+")).await, Said::DECRYPTION_FAILED);
    assert_eq!(code(&format!("{}&more=1", call.form)).await, waas_platform::simulator::WRONG_FIELDS);
    assert_eq!(code(&call.form.replace("data=", "Data=")).await, waas_platform::simulator::WRONG_FIELDS);
    platform.stop().await;
}

#[tokio::test]
async fn the_recorded_vectors_are_those_that_platform_java_makes() {
    let output = java().arg("vectors").output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (mut made, mut recorded): (Value, Value) = (
        serde_json::from_slice(&output.stdout).unwrap(),
        serde_json::from_str(include_str!("../../../../../events/jdk/vectors.json")).unwrap(),
    );
    without_keys(&mut made);
    without_keys(&mut recorded);
    assert_eq!(made, recorded, "renew them as events/README.md says");
}

/// Blanks what hangs on the key pair, which is another one each time.
fn without_keys(json: &mut Value) {
    match json {
        Value::Array(array) => array.iter_mut().for_each(without_keys),
        Value::Object(object) => {
            for (name, value) in object {
                let is_sealed = match name.as_str() {
                    "privateKey" | "publicKey" | "body" | "data" | "form" => true,
                    "answer" => value.as_str().is_some_and(|answer| answer.contains("\"code\":0,")),
                    _ => false,
                };
                if is_sealed { *value = Value::Null } else { without_keys(value) }
            }
        }
        _ => {}
    }
}
