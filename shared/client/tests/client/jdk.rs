//! Against the platform's own language: what `events/jdk/Platform.java` was asked and answered, as recorded in
//! `events/jdk/vectors.json`. `live` asks a JDK anew.

#[cfg(feature = "jdk")]
mod live;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::UNIX_EPOCH;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand_core::{CryptoRng, TryCryptoRng, TryRng};
use serde::Deserialize;
use serde_json::{Value, json};
use waas_callback::{Address, Asset, OpenError, PublicKey, TxId};
use waas_client::{
    Answer, ApiKey, Call, CallError, Client, DepositOrder, DepositQuestion, Effect, Merchant, Request, Said,
    Transport, Unreachable,
};
use waas_platform::simulator::{Asked, Simulator};
use waas_platform::{Platform, PrivateKey};

const API_KEY: &str = "the-merchants-api-key";

/// What was recorded with one key pair.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    bits: usize,
    private_key: String,
    public_key: String,
    /// Questions as a merchant's own Java would send them, answered.
    calls: Vec<Exchange>,
    /// Questions under OAEP, and what the platform says to them.
    oaep_calls: Vec<Exchange>,
    /// Answers under OAEP.
    oaep_answers: Vec<Exchange>,
}

#[derive(Deserialize)]
struct Exchange {
    name: String,
    question: String,
    #[serde(default)]
    form: String,
    /// The answer's plaintext, where it has one.
    #[serde(default)]
    opened: String,
    answer: String,
}

fn recorded() -> Vec<Vector> {
    serde_json::from_str(include_str!("../../../../events/jdk/vectors.json")).unwrap()
}

impl Vector {
    fn merchant(&self) -> Merchant {
        Merchant {
            api_key: ApiKey::parse(API_KEY).unwrap(),
            public_key: PublicKey::parse(&self.public_key).unwrap(),
            user_id: 1_308_734.into(),
        }
    }

    /// What PKCS#1 v1.5 leaves of a block.
    fn piece(&self) -> usize {
        self.bits / 8 - 11
    }

    /// Base64 as the JDK prints it, in the lines of PEM.
    fn private_key(&self) -> PrivateKey {
        let lines: Vec<_> = self.private_key.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
        PrivateKey::from_pem(&pem).unwrap()
    }

    /// What the client sends for a recorded question, and what it makes of the recorded answer.
    async fn replay(
        &self,
        exchange: &Exchange,
        rng: impl CryptoRng,
    ) -> (String, Result<DepositOrder, CallError>) {
        let forms = Arc::default();
        let replay = Replay { forms: Arc::clone(&forms), answer: exchange.answer.clone() };
        let client = Client::new(replay, self.merchant());
        let result = client.get_deposit_order(&exchange.question(), rng).await;
        let form = forms.lock().unwrap().pop().unwrap();
        (form, result)
    }

    /// What the simulator with this key answers, knowing what the JDK knows.
    fn simulated(&self, form: &str) -> Value {
        let platform = Platform::new(self.private_key(), Some(API_KEY.to_owned()));
        let mut simulator = Simulator::new(platform, Box::new(StdRng::seed_from_u64(7)));
        let mut deposits = Vec::new();
        for call in self.calls.iter().filter(|call| !call.has_exponent()) {
            let mut deposit: Value = serde_json::from_str(&call.question).unwrap();
            deposit["amount"] = json!(call.amount());
            deposit["tenantUserId"] = json!("2049");
            deposit["callbackSuccess"] = json!(true);
            deposits.push(deposit);
        }
        simulator.add(UNIX_EPOCH, serde_json::from_value(json!({ "deposits": deposits })).unwrap()).unwrap();
        let asked = Asked {
            path: &format!("/api/v1/api/{}", Call::GetDepositOrder.path()),
            content_type: Some("application/x-www-form-urlencoded"),
            api_key: Some(API_KEY),
            body: form.as_bytes(),
        };
        let answer = simulator.call(UNIX_EPOCH, &asked).answer.unwrap();
        assert_eq!(answer.status, 200);
        serde_json::from_str(&answer.body).unwrap()
    }
}

impl Exchange {
    fn question(&self) -> DepositQuestion {
        let json: Value = serde_json::from_str(&self.question).unwrap();
        let text = |name: &str| json[name].as_str().unwrap();
        DepositQuestion {
            tx_id: TxId::from(text("txId")),
            asset: Asset::new(text("chainName"), text("symbol")).unwrap(),
            to_address: Address::reported(text("chainName"), text("toAddress")),
        }
    }

    /// The digits in the answer's plaintext.
    fn amount(&self) -> &str {
        let (_, rest) = self.opened.split_once("\"depositAmount\":").unwrap();
        rest.split_once(',').unwrap().0
    }

    /// The simulator writes plain digits alone.
    fn has_exponent(&self) -> bool {
        self.amount().contains('E')
    }

    /// Does every block's end fall inside a character? Of the answer's too, as far as it repeats the question.
    fn is_cut_everywhere(&self, piece: usize) -> bool {
        let mut ends = (piece..self.question.len()).step_by(piece);
        let is_repeated = self.opened.starts_with(self.question.trim_end_matches('}'));
        self.question.len() > piece && is_repeated && ends.all(|end| !self.question.is_char_boundary(end))
    }
}

/// Gives a recorded answer and keeps what it was sent.
struct Replay {
    forms: Arc<Mutex<Vec<String>>>,
    answer: String,
}

impl Transport for Replay {
    async fn post(&self, request: Request<'_>) -> Result<Answer, Unreachable> {
        self.forms.lock().unwrap().push(request.form.to_owned());
        Ok(Answer { status: 200, body: self.answer.clone().into_bytes() })
    }
}

/// The randomness of the recorded questions: one byte, so that it does not matter who draws how many.
struct Constant;

impl TryRng for Constant {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(0xA7A7_A7A7)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(0xA7A7_A7A7_A7A7_A7A7)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(0xA7);
        Ok(())
    }
}

impl TryCryptoRng for Constant {}

#[test]
fn the_vectors_hold_what_is_hard() {
    let vectors = recorded();
    assert_eq!(vectors.iter().map(|vector| vector.bits).collect::<Vec<_>>(), [1024, 2048, 4096]);
    for vector in vectors {
        let amounts: Vec<_> = vector.calls.iter().map(Exchange::amount).collect();
        assert_eq!(
            amounts,
            ["1.300000000000", "12345678901234567890.123456789012345678", "1.00000E-7", "2.500000000000"]
        );
        assert!(vector.calls.iter().any(|call| call.is_cut_everywhere(vector.piece())));
        for escaped in ["%2B", "%2F", "%3D"] {
            assert!(vector.calls.iter().any(|call| call.form.contains(escaped)), "{escaped}");
        }
        assert_eq!((vector.oaep_calls.len(), vector.oaep_answers.len()), (2, 4));
    }
}

#[tokio::test]
async fn the_client_sends_the_very_form_that_java_would() {
    for vector in recorded() {
        for call in &vector.calls {
            let (form, _) = vector.replay(call, Constant).await;
            assert_eq!(form, call.form, "{}, {} bits", call.name, vector.bits);
        }
    }
}

#[tokio::test]
async fn the_client_reads_what_the_jdk_sealed_to_the_last_digit() {
    let values = ["1.3", "12345678901234567890.123456789012345678", "0.0000001", "2.5"];
    for vector in recorded() {
        for (call, value) in vector.calls.iter().zip(values) {
            let deposit = vector.replay(call, rand::rng()).await.1.unwrap();
            assert_eq!(deposit.amount.text(), call.amount(), "{}, {} bits", call.name, vector.bits);
            assert_eq!(deposit.amount.value().to_string(), value);
            assert_eq!(deposit.callback_success, Some(true));
        }
    }
}

#[tokio::test]
async fn the_simulator_answers_with_the_very_bytes_of_the_jdk() {
    for vector in recorded() {
        for call in vector.calls.iter().filter(|call| !call.has_exponent()) {
            let answer: Value = serde_json::from_str(&call.answer).unwrap();
            assert_eq!(vector.simulated(&call.form), answer, "{}, {} bits", call.name, vector.bits);
        }
    }
}

#[tokio::test]
async fn a_question_under_oaep_is_refused_by_the_jdk_and_by_the_simulator() {
    for vector in recorded() {
        for call in &vector.oaep_calls {
            let error = vector.replay(call, rand::rng()).await.1.unwrap_err();
            let code = error.said().unwrap().code_number();
            assert_eq!((error.effect(), code), (Effect::Refused, Some(Said::DECRYPTION_FAILED)));
            let answer: Value = serde_json::from_str(&call.answer).unwrap();
            assert_eq!(vector.simulated(&call.form), answer, "{}, {} bits", call.name, vector.bits);
        }
    }
}

#[tokio::test]
async fn an_answer_under_oaep_is_never_a_value() {
    for vector in recorded() {
        for answer in &vector.oaep_answers {
            assert_eq!(answer.opened, vector.calls[0].opened, "right, but for its padding");
            let error = vector.replay(answer, rand::rng()).await.1.unwrap_err();
            assert_eq!(
                error,
                CallError::NotOpened(OpenError::Padding),
                "{}, {} bits",
                answer.name,
                vector.bits
            );
            assert_eq!(error.effect(), Effect::Unclear);
        }
    }
}
