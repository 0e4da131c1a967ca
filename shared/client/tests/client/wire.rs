//! What the platform is sent: exactly what its documents say.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde_json::{Value, json};
use waas_callback::{Address, Asset, TxId};
use waas_client::{Answer, Call, CallError, Client, DepositQuestion, DirectWithdrawal, EnergyLease, Payout};

use crate::fake::Fake;
use crate::server::{Reply, Server};
use crate::{ADDRESS, TX_ID, deposit, direct, order, request, user};

/// What one call seals, as text.
fn sealed(call: impl AsyncFnOnce(Client<Fake>) -> Option<CallError>) -> (Call, String) {
    let sent = Arc::new(Mutex::new(None));
    let record = Arc::clone(&sent);
    let fake = Fake::new(move |call, opened| {
        *record.lock().unwrap() = Some((call, opened.to_owned()));
        Answer { status: 500, body: Vec::new() }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(call(fake.client())), Some(CallError::Status { status: 500, said: None }));
    sent.lock().unwrap().take().unwrap()
}

fn sealed_json(call: impl AsyncFnOnce(Client<Fake>) -> Option<CallError>) -> (Call, Value) {
    let (call, text) = sealed(call);
    (call, serde_json::from_str(&text).unwrap())
}

#[test]
fn each_call_has_the_fields_of_its_page_and_no_other() {
    let (call, json) =
        sealed_json(async |client| client.get_deposit_order(&deposit(), rand::rng()).await.err());
    assert_eq!(call, Call::GetDepositOrder);
    assert_eq!(json, json!({"txId": TX_ID, "chainName": "TRON", "symbol": "TRX", "toAddress": ADDRESS}));

    let (call, json) =
        sealed_json(async |client| client.get_withdraw_order(&order(), rand::rng()).await.err());
    assert_eq!(call, Call::GetWithdrawOrder);
    assert_eq!(json, json!({"callBackId": "250619639710001"}));

    let (call, json) =
        sealed_json(async |client| client.withdraw_request(&request(), rand::rng()).await.err());
    assert_eq!(call, Call::WithdrawRequest);
    assert_eq!(
        json,
        json!({"userId": 1_308_734, "tenantUserId": "1945", "tenantType": 1, "callBackId": "250619639710001"})
    );

    let (call, json) = sealed_json(async |client| client.get_user_address(&user(), rand::rng()).await.err());
    assert_eq!(call, Call::GetUserAddress);
    assert_eq!(json, json!({"tenantUserId": "209638249", "chainName": "TRON", "symbol": "USDT"}));

    let day = "2025-06-20".parse().unwrap();
    let (call, json) =
        sealed_json(async |client| client.get_user_daily_statistics(day, rand::rng()).await.err());
    assert_eq!(call, Call::GetUserDailyStatistics);
    assert_eq!(json, json!({"jobDate": "2025-06-20", "userId": 1_308_734}));
}

#[test]
fn a_direct_withdrawal_says_its_amount_in_plain_digits_all_of_them() {
    for (amount, digits) in [
        ("0.5", "0.5"),
        ("2.500000000000", "2.5"),
        ("1.00000E-7", "0.0000001"),
        ("12345678901234567890.123456789012345678", "12345678901234567890.123456789012345678"),
    ] {
        let (call, text) =
            sealed(async |client| client.withdraw_without_verify(&direct(amount), rand::rng()).await.err());
        assert_eq!(call, Call::WithdrawWithoutVerify);
        assert_eq!(
            text,
            format!(
                r#"{{"userId":1308734,"tenantUserId":"1945","tenantType":1,"callBackId":"250619639710001","symbol":"USDT","chainName":"TRON","toAddr":"{ADDRESS}","amount":{digits}}}"#
            )
        );
    }
}

#[test]
fn a_lease_of_energy_has_a_whole_number_and_its_hours() {
    let lease = EnergyLease {
        chain_name: "TRON".to_owned(),
        to_address: Address::reported("TRON", ADDRESS),
        leases: NonZeroU32::new(3).unwrap(),
        expiry_hours: NonZeroU32::new(24).unwrap(),
    };
    let lease = DirectWithdrawal { payout: Payout::Energy(lease), ..direct("1") };
    let (_, json) =
        sealed_json(async |client| client.withdraw_without_verify(&lease, rand::rng()).await.err());
    assert_eq!(
        json,
        json!({
            "userId": 1_308_734, "tenantUserId": "1945", "tenantType": 1, "callBackId": "250619639710001",
            "symbol": "ENERGY", "chainName": "TRON", "toAddr": ADDRESS, "amount": 3, "expiryHours": 24
        })
    );
}

#[test]
fn an_evm_address_is_asked_for_in_lower_case() {
    let question = DepositQuestion {
        tx_id: TxId::from("0xAB"),
        asset: Asset::new("ETH", "USDT").unwrap(),
        to_address: Address::reported("ETH", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
    };
    let (_, json) = sealed_json(async |client| client.get_deposit_order(&question, rand::rng()).await.err());
    assert_eq!(json["toAddress"], "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed");
    assert_eq!(json["txId"], "0xAB", "as the callback has it");
}

#[tokio::test]
async fn a_request_is_a_post_of_one_escaped_field_with_the_api_key() {
    let server = Server::start(|_, _| Reply::Of(500, Vec::new())).await;
    let client = server.client();
    // Enough of them that each of the three characters comes up: a block ends in `=` always.
    for _ in 0..20 {
        _ = client.get_withdraw_order(&order(), rand::rng()).await;
    }
    let seen = server.seen();
    for request in &seen {
        assert!(
            request.head.starts_with("post /api/v1/api/order/getwithdraworder http/1.1\r\n"),
            "{}",
            request.head
        );
        for header in [
            "content-type: application/x-www-form-urlencoded".to_owned(),
            format!("x-api-key: {}", waas_platform::DEVELOPMENT_API_KEY),
            format!("content-length: {}", request.body.len()),
            format!("host: {}", server.address),
        ] {
            assert!(request.head.lines().any(|line| line == header), "{header} in {}", request.head);
        }
        let fields: Vec<_> = form_urlencoded::parse(request.body.as_bytes()).collect();
        assert_eq!(fields.len(), 1);
        assert_eq!(fields[0].0, "data");
        let opened = waas_platform::PrivateKey::development().open(&fields[0].1).unwrap();
        assert_eq!(opened, r#"{"callBackId":"250619639710001"}"#);
    }
    for escaped in ["%2B", "%2F", "%3D"] {
        assert!(seen.iter().any(|request| request.body.contains(escaped)), "{escaped}");
    }
    assert!(seen.iter().all(|request| !request.body[5..].contains(['+', '/', '=', '&', ' '])));
}

#[test]
fn the_same_question_is_sealed_differently_each_time_and_the_same_by_the_same_randomness() {
    use rand::SeedableRng as _;
    let forms = Arc::new(Mutex::new(Vec::new()));
    let ask = |seed| {
        let forms = Arc::clone(&forms);
        let transport = Recorder(forms);
        let client = Client::new(transport, Fake::merchant());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        _ = runtime.block_on(client.get_withdraw_order(&order(), rand::rngs::StdRng::seed_from_u64(seed)));
    };
    [1, 2, 1].into_iter().for_each(ask);
    let forms = forms.lock().unwrap();
    assert_ne!(forms[0], forms[1]);
    assert_eq!(forms[0], forms[2]);
}

struct Recorder(Arc<Mutex<Vec<String>>>);

impl waas_client::Transport for Recorder {
    async fn post(&self, request: waas_client::Request<'_>) -> Result<Answer, waas_client::Unreachable> {
        self.0.lock().unwrap().push(request.form.to_owned());
        Ok(Answer { status: 500, body: Vec::new() })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_an_id_holds_reaches_the_platform_as_it_is(id in "\\PC{1,300}") {
        let asked = id.clone();
        let (_, json) =
            sealed_json(async |client| client.get_withdraw_order(&asked.as_str().into(), rand::rng()).await.err());
        prop_assert_eq!(json, json!({"callBackId": id}));
    }
}

#[test]
fn the_future_of_a_call_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let client = Fake::answering("null").client();
    is_send(&client.get_withdraw_order(&order(), rand::rng()));
}
