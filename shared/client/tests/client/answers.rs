//! What the platform may answer, and what becomes of it.

use proptest::prelude::*;
use waas_callback::{Address, OpenError, SchemaError};
use waas_client::{Answer, CallError, Client, Effect, MAX_ANSWER_BYTES, WithdrawState};
use waas_platform::PrivateKey;

use crate::fake::Fake;
use crate::{ADDRESS, TX_ID, deposit, direct, order, request, user};

fn client_of(json: &str) -> Client<Fake> {
    let json = json.to_owned();
    Fake::new(move |_, _| Fake::sealed(&json)).client()
}

fn client_of_status(status: u16, body: impl Into<Vec<u8>>) -> Client<Fake> {
    let body = body.into();
    Fake::new(move |_, _| Answer { status, body: body.clone() }).client()
}

fn client_of_data(data: &str) -> Client<Fake> {
    client_of_status(200, format!(r#"{{"code":0,"message":"","data":"{data}"}}"#))
}

async fn order_error(client: Client<Fake>) -> CallError {
    client.get_withdraw_order(&order(), rand::rng()).await.unwrap_err()
}

const ORDER: &str =
    r#"{"symbol":"USDT","amount":1.000000000000,"orderState":3,"clientOrderId":"250619639710001"}"#;

fn deposit_json(change: &str, to: &str) -> String {
    let json = format!(
        r#"{{"txId":"{TX_ID}","chainName":"TRON","symbol":"TRX","toAddress":"{ADDRESS}","depositAmount":1.300000000000,"callbackSuccess":true}}"#
    );
    assert!(json.contains(change));
    json.replace(change, to)
}

// Sealed by somebody else, or not at all.

#[tokio::test]
async fn an_answer_sealed_with_another_key_is_never_a_value() {
    let other = PrivateKey::generate(1024).unwrap();
    for _ in 0..8 {
        let error = order_error(client_of_data(&other.seal(ORDER.as_bytes()))).await;
        let is_refused =
            matches!(error, CallError::NotOpened(OpenError::Padding | OpenError::BlockOutOfRange));
        assert!(is_refused, "{error:?}");
        assert_eq!(error.effect(), Effect::Unclear);
    }
}

#[tokio::test]
async fn blocks_with_the_look_of_oaep_or_of_type_two_are_refused() {
    use base64_of_blocks as base64;
    let key = PrivateKey::development();
    for second in [None, Some(0x00), Some(0x02), Some(0xff)] {
        for _ in 0..16 {
            // OAEP: 00, a masked seed, a masked block, all of which look random (RFC 8017, section 7.1.1).
            let mut block = vec![0; key.modulus().len()];
            rand::rng().fill_bytes(&mut block[1..]);
            block[1] = second.unwrap_or(block[1] | 0x02); // never 01, which begins a type 1 block
            let error = order_error(client_of_data(&base64(&key.raw(&block)))).await;
            assert_eq!(error, CallError::NotOpened(OpenError::Padding));
        }
    }
}

#[tokio::test]
async fn random_blocks_and_the_question_sent_back_are_refused() {
    let key = PrivateKey::development();
    for _ in 0..16 {
        let mut block = vec![0; key.modulus().len()];
        rand::rng().fill_bytes(&mut block);
        let error = order_error(client_of_data(&base64_of_blocks(&block))).await;
        let is_refused =
            matches!(error, CallError::NotOpened(OpenError::Padding | OpenError::BlockOutOfRange));
        assert!(is_refused, "{error:?}");
    }
    let public = &Fake::merchant().public_key;
    let echoed = public.seal(ORDER.as_bytes(), &mut rand::rng());
    assert_eq!(order_error(client_of_data(&echoed)).await, CallError::NotOpened(OpenError::Padding));
}

#[tokio::test]
async fn what_is_not_sealed_is_refused_however_right_it_looks() {
    let error = order_error(client_of_status(200, format!(r#"{{"code":0,"data":{ORDER}}}"#))).await;
    assert_eq!(error, CallError::Envelope(SchemaError::WrongType("data")));
    for (data, refused) in
        [("%%%", OpenError::NotBase64), ("AAAA", OpenError::NotWholeBlocks), (" ", OpenError::NotBase64)]
    {
        assert_eq!(order_error(client_of_data(data)).await, CallError::NotOpened(refused), "{data}");
    }
}

fn base64_of_blocks(blocks: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(blocks)
}

// About something else.

#[tokio::test]
async fn an_answer_to_another_question_is_an_error_that_names_the_field() {
    let deposits = [
        ("txId", TX_ID, "47e9da49134670ae0aec4d3645a08636f06b1ed0a2a984d8b1e11d019d8d5bc1"),
        ("chainName", "TRON", "ETH"),
        ("symbol", "TRX", "USDT"),
        ("toAddress", ADDRESS, "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK"),
        ("toAddress", ADDRESS, "tAqNhkKiash2nbL278BD7XogGuET9p7VMC"),
    ];
    for (field, from, to) in deposits {
        let client = client_of(&deposit_json(from, to));
        let error = client.get_deposit_order(&deposit(), rand::rng()).await.unwrap_err();
        assert_eq!(error, CallError::OtherQuestion(field));
    }
    assert_eq!(
        order_error(client_of(&ORDER.replace("0001", "0002"))).await,
        CallError::OtherQuestion("clientOrderId")
    );
    let error = client_of(r#"{"tenantUserId":"1946"}"#).withdraw_request(&request(), rand::rng()).await;
    assert_eq!(error, Err(CallError::OtherQuestion("tenantUserId")));
    for (json, field) in [
        (r#"{"tenantUserId":"1946","id":"250619639710001"}"#, "tenantUserId"),
        (r#"{"tenantUserId":"1945","id":"250619639710002"}"#, "id"),
    ] {
        let error = client_of(json).withdraw_without_verify(&direct("1"), rand::rng()).await.unwrap_err();
        assert_eq!((error.effect(), error), (Effect::Unclear, CallError::OtherQuestion(field)));
    }
    for (json, field) in [
        (r#"{"tenantUserId":"1","chainName":"TRON","address":"T"}"#, "tenantUserId"),
        (r#"{"tenantUserId":"209638249","chainName":"ETH","address":"T"}"#, "chainName"),
        (r#"{"tenantUserId":"209638249","chainName":"TRON","symbol":"TRX","address":"T"}"#, "symbol"),
    ] {
        let error = client_of(json).get_user_address(&user(), rand::rng()).await.unwrap_err();
        assert_eq!(error, CallError::OtherQuestion(field));
    }
    let other_day = r#"[{"jobDay":1750348799999,"totalDepositCount":1,"totalWithdrawCount":1}]"#;
    let day = "2025-06-20".parse().unwrap();
    let error = client_of(other_day).get_user_daily_statistics(day, rand::rng()).await.unwrap_err();
    assert_eq!(error, CallError::OtherQuestion("jobDay"));
}

#[tokio::test]
async fn an_answer_of_another_call_is_never_a_value() {
    let error =
        client_of(&deposit_json("a", "a")).get_withdraw_order(&order(), rand::rng()).await.unwrap_err();
    assert_eq!(error, CallError::Answer(SchemaError::Missing("clientOrderId")));
    let error = client_of(ORDER).get_deposit_order(&deposit(), rand::rng()).await.unwrap_err();
    assert_eq!(error, CallError::Answer(SchemaError::Missing("txId")));
    let error = client_of(ORDER).withdraw_without_verify(&direct("1"), rand::rng()).await.unwrap_err();
    assert_eq!(error, CallError::Answer(SchemaError::Missing("tenantUserId")));
}

#[tokio::test]
async fn letter_case_that_a_chain_ignores_is_no_other_question() {
    let client = client_of(&deposit_json(TX_ID, &TX_ID.to_uppercase()));
    assert!(client.get_deposit_order(&deposit(), rand::rng()).await.is_ok());
}

// No, nothing, nonsense.

#[tokio::test]
async fn a_no_is_told_with_its_code_and_without_its_message() {
    let body = format!(r#"{{"message":"Decryption failed for {ADDRESS}","code":1005,"data":null}}"#);
    for body in [body.clone(), body.replace("1005", "\"1005\"")] {
        let error = order_error(client_of_status(200, body)).await;
        assert_eq!(error.effect(), Effect::Refused);
        assert_eq!(error.to_string(), "the platform says no (code 1005)");
        assert!(!format!("{error:?}").contains(ADDRESS), "{error:?}");
        let said = error.said().unwrap();
        assert_eq!(said.code_number(), Some(waas_client::Said::DECRYPTION_FAILED));
        assert!(said.message().contains("Decryption failed"));
    }
}

#[tokio::test]
async fn nothing_is_unknown_to_a_question_and_unconfirmed_to_an_order() {
    let nothing = || {
        [r#"{"code":0,"message":"","data":null}"#, r#"{"code":"0"}"#, r#"{"code":0,"data":""}"#]
            .map(|body| client_of_status(200, body))
            .into_iter()
            .chain([client_of("null")])
    };
    for client in nothing() {
        assert_eq!(order_error(client.clone()).await, CallError::UnknownThere);
        let error = client.get_deposit_order(&deposit(), rand::rng()).await.unwrap_err();
        assert_eq!(error, CallError::UnknownThere);
        let error = client.withdraw_request(&request(), rand::rng()).await.unwrap_err();
        assert_eq!((error.effect(), error), (Effect::Unclear, CallError::Unconfirmed));
        let error = client.withdraw_without_verify(&direct("1"), rand::rng()).await.unwrap_err();
        assert_eq!(error, CallError::Unconfirmed);
    }
}

#[tokio::test]
async fn each_status_has_its_own_error() {
    let body = |code: &str| format!(r#"{{"code":"{code}","message":"m"}}"#);
    let unauthorized = order_error(client_of_status(401, body("UNAUTHORIZED"))).await;
    assert!(matches!(&unauthorized, CallError::Unauthorized(Some(said)) if said.code() == "UNAUTHORIZED"));
    let forbidden = order_error(client_of_status(403, body("FORBIDDEN"))).await;
    assert!(matches!(&forbidden, CallError::Forbidden(Some(said)) if said.code() == "FORBIDDEN"));
    let not_found = order_error(client_of_status(404, body("NOT FOUND"))).await;
    assert!(matches!(&not_found, CallError::NotFound(Some(said)) if said.code() == "NOT FOUND"));
    for error in [unauthorized, forbidden, not_found] {
        assert_eq!(error.effect(), Effect::Refused);
    }
    for status in [201, 204, 302, 400, 429, 500, 502, 503, 504] {
        let error = order_error(client_of_status(status, "<html>busy</html>")).await;
        assert_eq!((error.effect(), error), (Effect::Unclear, CallError::Status { status, said: None }));
    }
    assert_eq!(order_error(client_of_status(403, "<html>")).await, CallError::Forbidden(None));
}

#[tokio::test]
async fn a_page_of_html_is_no_answer() {
    for body in ["<!DOCTYPE html><html></html>", "", "OK", "{\"code\":0,", "\0"] {
        assert_eq!(order_error(client_of_status(200, body)).await, CallError::NotJson, "{body}");
    }
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_not_looked_at() {
    let sealed = Fake::sealed(ORDER).body;
    let padded = |length: usize| {
        let spaces = vec![b' '; length - sealed.len()];
        client_of_status(200, [&*sealed, &spaces].concat())
    };
    let at_limit = padded(MAX_ANSWER_BYTES);
    assert!(at_limit.get_withdraw_order(&order(), rand::rng()).await.is_ok());
    assert_eq!(order_error(padded(MAX_ANSWER_BYTES + 1)).await, CallError::TooLarge);
}

#[tokio::test]
async fn what_is_sealed_has_to_have_its_form() {
    for (json, error) in [
        ("[]", SchemaError::NotAnObject),
        ("{", SchemaError::NotJson),
        ("{}", SchemaError::Missing("clientOrderId")),
        (r#"{"clientOrderId":"250619639710001"}"#, SchemaError::Missing("orderState")),
        (r#"{"clientOrderId":"250619639710001","orderState":"paid"}"#, SchemaError::WrongType("orderState")),
        (r#"{"clientOrderId":"250619639710001","orderState":3.5}"#, SchemaError::WrongType("orderState")),
        (r#"{"orderState":3,"orderState":6,"clientOrderId":"250619639710001"}"#, SchemaError::DuplicateField),
    ] {
        assert_eq!(order_error(client_of(json)).await, CallError::Answer(error), "{json}");
    }
    for amount in ["-1", "\"1,5\"", "\"NaN\"", "1e999999999"] {
        let json = ORDER.replace("1.000000000000", amount);
        assert!(
            matches!(order_error(client_of(&json)).await, CallError::Answer(SchemaError::Amount(_))),
            "{amount}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_answer_that_is_not_sealed_becomes_a_value(status in 0..600_u16, body in any::<Vec<u8>>(), json in "\\PC{0,40}") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for body in [body, json.clone().into_bytes(), format!(r#"{{"code":0,"data":"{json}"}}"#).into_bytes()] {
            let client = client_of_status(status, body);
            prop_assert!(runtime.block_on(client.get_withdraw_order(&order(), rand::rng())).is_err());
        }
    }

    #[test]
    fn nothing_that_is_sealed_upsets_a_reader(json in "[\\[{]?(\"(clientOrderId|orderState|txId|jobDay|a)\":[-0-9a-zE.\"\\[{]{0,9},?){0,4}[}\\]]?") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (client, day) = (client_of(&json), "2025-06-20".parse().unwrap());
        prop_assume!(json != "[]");
        prop_assert!(runtime.block_on(client.get_withdraw_order(&order(), rand::rng())).is_err());
        prop_assert!(runtime.block_on(client.get_deposit_order(&deposit(), rand::rng())).is_err());
        prop_assert!(runtime.block_on(client.get_user_address(&user(), rand::rng())).is_err());
        prop_assert!(runtime.block_on(client.get_user_daily_statistics(day, rand::rng())).is_err());
    }
}

// What is right.

#[tokio::test]
async fn a_deposit_is_read_in_every_form_of_the_documents() {
    for (json, success) in [
        (deposit_json("a", "a"), Some(true)),
        (deposit_json("1.300000000000", "\"1.300000000000\""), Some(true)),
        (deposit_json("true", "\"false\""), Some(false)),
        (deposit_json("true", "null"), None),
        (deposit_json("txId", "txID"), Some(true)),
        (deposit_json("{", "{\"tenantUserId\":\"1\",\"more\":{\"a\":[1]},"), Some(true)),
    ] {
        let deposit = client_of(&json).get_deposit_order(&deposit(), rand::rng()).await.unwrap();
        assert_eq!(deposit.amount.value(), "1.3".parse().unwrap());
        assert_eq!(deposit.callback_success, success, "{json}");
    }
}

#[tokio::test]
async fn an_amount_of_38_digits_arrives_whole() {
    let digits = "12345678901234567890.123456789012345678";
    for amount in [digits.to_owned(), format!("\"{digits}\"")] {
        let client = client_of(&deposit_json("1.300000000000", &amount));
        let deposit = client.get_deposit_order(&deposit(), rand::rng()).await.unwrap();
        assert_eq!(deposit.amount.text(), digits);
        assert_eq!(deposit.amount.value().to_string(), digits);
    }
}

#[tokio::test]
async fn an_order_is_read_with_its_state_as_a_number_and_as_a_text() {
    for (from, to, state) in [
        ("3", "3", WithdrawState::Complete),
        (":3", ":\"3\"", WithdrawState::Complete),
        (":3", ":6", WithdrawState::Failed),
        (":3", ":42", WithdrawState::Other(42)),
    ] {
        let order =
            client_of(&ORDER.replace(from, to)).get_withdraw_order(&order(), rand::rng()).await.unwrap();
        assert_eq!(order.state, state);
        assert_eq!(order.symbol.as_deref(), Some("USDT"));
        assert_eq!(order.amount.unwrap().value(), "1".parse().unwrap());
    }
    let bare = r#"{"orderState":"1","clientOrderId":"250619639710001","amount":null,"fee":null}"#;
    let order = client_of(bare).get_withdraw_order(&order(), rand::rng()).await.unwrap();
    assert_eq!((order.state, order.symbol, order.amount), (WithdrawState::InReview, None, None));
}

#[tokio::test]
async fn a_user_named_by_a_number_is_the_same_user() {
    assert_eq!(client_of(r#"{"tenantUserId":1945}"#).withdraw_request(&request(), rand::rng()).await, Ok(()));
    let json = r#"{"tenantUserId":1945,"id":"250619639710001"}"#;
    assert_eq!(client_of(json).withdraw_without_verify(&direct("1"), rand::rng()).await, Ok(()));
}

#[tokio::test]
async fn an_address_comes_with_what_older_pages_add_and_without() {
    let json =
        r#"{"tenantUserId":"209638249","chainName":"TRON","address":"TMe11uojMK7UqCsCdXi2zS2Txyq6HP8SHQ"}"#;
    let address = client_of(json).get_user_address(&user(), rand::rng()).await.unwrap();
    assert_eq!(address.address, Address::reported("TRON", "TMe11uojMK7UqCsCdXi2zS2Txyq6HP8SHQ"));
    assert_eq!((&address.tag, address.state, address.risk_score), (&None, None, None));
    assert!(!format!("{address:?}").contains("TMe11"));

    let older = json.replace('}', r#","symbol":"USDT","tag":"7","state":"0","riskScore":3}"#);
    let address = client_of(&older).get_user_address(&user(), rand::rng()).await.unwrap();
    assert_eq!((address.tag.as_deref(), address.state, address.risk_score), (Some("7"), Some(0), Some(3)));
}

#[tokio::test]
async fn the_documents_day_is_read_whole() {
    let json = r#"[{"jobDay":1750348800000,"totalDepositAmount":1.0001,"totalDepositCount":1,"totalDepositUserCount":1,"totalWithdrawAmount":0.906,"totalWithdrawCount":2,"totalWithdrawUserCount":1,"pendingCollectionAmount":11.6507,"collectionCount":1,"pendingCollectionAddressCount":4,"coldWalletBalance":27.5701,"hotWalletBalance":23.081616,"additionalTransferHotWallet":-0.5,"tenantId":1308679,"riskDepositCount":0,"riskDepositAmount":0.0}]"#;
    let day = "2025-06-20".parse().unwrap();
    let decimal = |text: &str| Some(text.parse().unwrap());
    for json in [
        json.to_owned(),
        json.replace("1750348800000", "\"2025-06-20\""),
        json.trim_matches(['[', ']']).to_owned(),
    ] {
        let days = client_of(&json).get_user_daily_statistics(day, rand::rng()).await.unwrap();
        let [totals] = &*days else { panic!("one day") };
        assert_eq!((totals.job_day, totals.total_deposit_count, totals.total_withdraw_count), (day, 1, 2));
        assert_eq!(totals.total_deposit_amount, decimal("1.0001"));
        assert_eq!(totals.hot_wallet_balance, decimal("23.081616"));
        assert_eq!(totals.additional_transfer_hot_wallet, decimal("-0.5"), "it may be taken out too");
        assert_eq!((totals.tenant_id, totals.risk_deposit_count), (Some(1_308_679), Some(0)));
    }
    let days = client_of("[]").get_user_daily_statistics(day, rand::rng()).await.unwrap();
    assert!(days.is_empty());
    let countless = json.replace("\"totalDepositCount\":1,", "");
    let error = client_of(&countless).get_user_daily_statistics(day, rand::rng()).await.unwrap_err();
    assert_eq!(error, CallError::Answer(SchemaError::Missing("totalDepositCount")));
}
