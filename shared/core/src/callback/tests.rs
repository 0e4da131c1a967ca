use serde_json::{Value, json};

use super::*;
use crate::address::Address;
use crate::asset::Asset;
use crate::fields::MAX_TEXT_BYTES;
use crate::money::{Amount, AmountError};

const DEPOSIT: &str = include_str!("../../../../events/plain/deposit.json");
const WITHDRAWAL: &str = include_str!("../../../../events/plain/withdrawal.json");

fn parse(json: &str) -> Callback {
    Callback::parse_json(json).unwrap().unwrap()
}

fn refused(json: &str) -> SchemaError {
    Callback::parse_json(json).unwrap_err()
}

/// The deposit with one field as this JSON text; without the field for "".
fn deposit_with(field: &str, json: &str) -> String {
    let mut callback: serde_json::Map<String, Value> = serde_json::from_str(DEPOSIT).unwrap();
    callback.remove(field);
    let text = Value::Object(callback).to_string();
    if json.is_empty() { text } else { text.replacen('{', &format!("{{\"{field}\":{json},"), 1) }
}

/// A request's reply as JSON, and the documents' own.
fn assert_reply(request: &str, payout: Option<&Terms>, documented: &Value) {
    let callback = parse(request);
    let reply = callback.reply(payout);
    assert_eq!(serde_json::from_str::<Value>(&reply).unwrap(), *documented);
}

#[test]
fn the_documents_deposit_has_the_documents_reply_in_its_order() {
    let documented = r#"{"type":1,"callBackId":null,"trackingId":"6484","state":null,"txId":"b00a4aa3d6426f6409a83ae72a79de5b559a2c339ebc89b8b75427c2600978e3","txIndex":-1,"chainName":"TRON","symbol":"TRX","amount":"2.500000000000","fromAddress":"TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK","toAddress":"TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP","tenantType":null,"requestUUID":"fbd70fb4-c302-4228-bd61-6326e0539551","tenantUserId":"2049"}"#;
    let callback = parse(DEPOSIT);
    assert_eq!(callback.reply(None), documented);
}

#[test]
fn the_documents_withdrawal_has_the_documents_reply_in_its_order() {
    let documented = r#"{"type":3,"callBackId":"250624392590001","trackingId":"102003","txId":"598433d2fe70a2e944bbda8b517cca36e0cf7cfe49642b569e73cf1a641148cb","chainName":"TRON","symbol":"USDT","amount":"2.500000000000","fromAddress":"TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb","toAddress":"TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK","requestUUID":"00f2faf7-b705-4d65-9d82-0b6e372b92e4","tenantUserId":"1945"}"#;
    let callback = parse(WITHDRAWAL);
    assert_eq!(callback.reply(None), documented);
}

#[test]
fn an_energy_lease_gets_its_time_stamp_back() {
    let lease = WITHDRAWAL.replace("\"USDT\"", "\"ENERGY\", \"txTimeStamp\": 1750752000123");
    let callback = parse(&lease);
    let reply: Value = serde_json::from_str(&callback.reply(None)).unwrap();
    assert_eq!(reply["txTimeStamp"], json!(1_750_752_000_123_u64));
}

#[test]
fn the_public_samples_have_their_documented_replies() {
    let confirmation = r#"{"business":0,"requestUUID":"f56d2814-7a8f-4dcf-9008-990c1be6e13e","tenantUserId":"bbxuzbc","callBackId":"D611657466","type":2,"trackingId":"102004"}"#;
    let payout = Terms {
        address: Address::reported("TRON", "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK"),
        asset: Asset::new("TRON", "USDT").unwrap(),
        amount: Amount::registered("3.3").unwrap(),
    };
    let documented = json!({
        "tenantUserId": "bbxuzbc", "callBackId": "D611657466", "address": "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK",
        "chainName": "TRON", "symbol": "USDT", "amount": "3.3", "type": 2,
        "requestUUID": "f56d2814-7a8f-4dcf-9008-990c1be6e13e"
    });
    assert_reply(confirmation, Some(&payout), &documented);
    let without_order = json!({
        "tenantUserId": "bbxuzbc", "callBackId": "D611657466", "type": 2,
        "requestUUID": "f56d2814-7a8f-4dcf-9008-990c1be6e13e"
    });
    assert_reply(confirmation, None, &without_order);

    let address = r#"{"requestUUID":"f47d9353-d35b-437b-94ed-a0994794d688","tenantUserId":"2020","chainName":"TRON","symbol":"USDT","business":0,"type":4,"toAddress":"TGVJZLgz88XPYwkQECMRocSgHt极QT7VQZd","newAddress":"TGVJZLgz88XPYwkQECMRocSgHtKQT7VQZd","trackingId":null}"#;
    let documented = json!({
        "type": 4, "chainName": "TRON", "symbol": "USDT", "toAddress": "TGVJZLgz88XPYwkQECMRocSgHtKQT7VQZd",
        "requestUUID": "f47d9353-d35b-437b-94ed-a0994794d688", "tenantUserId": "2020"
    });
    assert_reply(address, None, &documented);

    let failure = r#"{"business":0,"requestUUID":"47b8d46c-12c9-4d64-98a0-ad1fbb6d0c29","tenantUserId":"ryan_test_3","callBackId":"D846735969","type":5,"toAddress":"TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchn2","trackingId":"102007"}"#;
    let documented = json!({
        "tenantUserId": "ryan_test_3", "callBackId": "D846735969", "trackingId": "102007",
        "requestUUID": "47b8d46c-12c9-4d64-98a0-ad1fbb6d0c29", "type": 5
    });
    assert_reply(failure, None, &documented);

    let gas = r#"{"business":0,"requestUUID":"5aceadbb-0783-4d38-895a-3418127c5f10","tenantUserId":"1945","callBackId":"250529528850002","type":7,"trackingId":"101934"}"#;
    for number in [6, 7] {
        let request = gas.replace("\"type\":7", &format!("\"type\":{number}"));
        let documented = json!({
            "type": number, "callBackId": "250529528850002", "trackingId": "101934",
            "requestUUID": "5aceadbb-0783-4d38-895a-3418127c5f10", "tenantUserId": "1945"
        });
        assert_reply(&request, None, &documented);
    }
}

#[test]
fn type_may_be_a_text_but_nothing_looser() {
    assert_eq!(parse(&deposit_with("type", "\"1\"")).callback_type(), CallbackType::Deposit);
    assert_eq!(Callback::parse_json(r#"{"type":0}"#), Ok(None));
    assert_eq!(Callback::parse_json(r#"{"type":"0","requestUUID":5}"#), Ok(None));
    for wrong in ["1.0", "\"01\"", "\" 1\"", "\"\"", "true", "-1", "[1]", "1e0"] {
        assert_eq!(refused(&deposit_with("type", wrong)), SchemaError::WrongType("type"), "{wrong}");
    }
    assert_eq!(refused(&deposit_with("type", "8")), SchemaError::UnknownType);
    assert_eq!(refused(&deposit_with("type", "99999999999999999999999")), SchemaError::UnknownType);
    assert_eq!(refused(&deposit_with("type", "null")), SchemaError::Missing("type"));
}

#[test]
fn amounts_are_read_from_their_digits() {
    let amount = |json: &str| match parse(&deposit_with("amount", json)).content {
        Content::Deposit(deposit) => deposit.amount,
        _ => unreachable!("a deposit"),
    };
    for (json, text) in [
        ("\"2.500000000000\"", "2.500000000000"),
        ("2.500000000000", "2.500000000000"),
        ("0.1234567890123456789012345678901234567", "0.1234567890123456789012345678901234567"),
        ("12345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
        ("\"\\u0032\"", "2"),
        ("\"1.00000E-7\"", "1.00000E-7"), // as Java's BigDecimal writes it
        ("1e3", "1e3"),
        ("\"0.000000000000\"", "0.000000000000"),
        ("0", "0"),
    ] {
        assert_eq!(amount(json).text(), text);
    }
    for (json, error) in [
        ("1e999999999", AmountError::TooManyDigits),
        ("-1", AmountError::NotDecimal),
        ("\"-1\"", AmountError::NotDecimal),
        ("\"\"", AmountError::NotDecimal),
        ("123456789012345678901234567890123456789", AmountError::TooManyDigits),
    ] {
        assert_eq!(refused(&deposit_with("amount", json)), SchemaError::Amount(error), "{json}");
    }
    for json in ["true", "[\"1\"]", "{\"value\":1}"] {
        assert_eq!(refused(&deposit_with("amount", json)), SchemaError::WrongType("amount"), "{json}");
    }
}

#[test]
fn two_fields_of_one_name_are_refused_however_they_are_written() {
    for twice in [
        DEPOSIT.replacen('{', "{\"amount\":\"1\",", 1),
        DEPOSIT.replacen('{', "{\"\\u0061mount\":\"1\",", 1),
        DEPOSIT.replacen('{', "{\"tag\":1,\"tag\":1,", 1),
    ] {
        assert_eq!(refused(&twice), SchemaError::DuplicateField);
    }
}

#[test]
fn only_an_object_is_a_callback() {
    for (json, error) in [
        ("", SchemaError::NotJson),
        ("{", SchemaError::NotJson),
        ("{\"type\":1}x", SchemaError::NotJson),
        ("{\"type\":1,}", SchemaError::NotJson),
        ("{'type':1}", SchemaError::NotJson),
        ("[]", SchemaError::NotAnObject),
        ("1", SchemaError::NotAnObject),
        ("null", SchemaError::NotAnObject),
        ("{}", SchemaError::Missing("type")),
    ] {
        assert_eq!(refused(json), error, "{json}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    parse(&deposit_with("tag", &deep)); // unknown and kept; its depth harms no stack
}

#[test]
fn required_fields_are_required_and_bounded() {
    for field in ["requestUUID", "tenantUserId", "txId", "chainName", "symbol", "toAddress"] {
        assert_eq!(refused(&deposit_with(field, "")), SchemaError::Missing(field));
        assert_eq!(refused(&deposit_with(field, "null")), SchemaError::Missing(field));
        assert_eq!(refused(&deposit_with(field, "\"\"")), SchemaError::Empty(field));
        assert_eq!(refused(&deposit_with(field, "[]")), SchemaError::WrongType(field));
        let (longest, too_long) = ("x".repeat(MAX_TEXT_BYTES), "x".repeat(MAX_TEXT_BYTES + 1));
        parse(&deposit_with(field, &format!("\"{longest}\"")));
        assert_eq!(refused(&deposit_with(field, &format!("\"{too_long}\""))), SchemaError::TooLong(field));
    }
    assert_eq!(refused(&deposit_with("chainName", "\"TRON#\"")), SchemaError::Asset);
}

#[test]
fn what_the_documents_leave_open_is_taken() {
    assert_eq!(parse(&deposit_with("tenantUserId", "2049")).tenant_user_id, "2049");
    for absent in ["null", "", "\"\""] {
        assert_eq!(parse(&deposit_with("trackingId", absent)).tracking_id, None);
    }
    let risk = |json: &str| match parse(&deposit_with("riskLevelTo", json)).content {
        Content::Deposit(deposit) => deposit.risk_level_to,
        _ => unreachable!("a deposit"),
    };
    assert_eq!([risk("3"), risk("\"3\""), risk("-1")], [Some(3), Some(3), Some(-1)]);
    assert_eq!([risk("\"low\""), risk("3.0"), risk("null"), risk("")], [None; 4]);
    assert_eq!(parse(&deposit_with("fromAddress", "\"\"")).json, deposit_with("fromAddress", "\"\""));
    let unknown = deposit_with("tag", "{\"memo\":\"µ\",\"memo\":2}");
    assert_eq!(parse(&unknown).json, unknown, "unknown fields are kept as they came");
}

#[test]
fn what_moves_no_money_is_taken_as_it_comes_and_given_back() {
    for field in ["txIndex", "fromAddress"] {
        for json in ["null", "\"0\"", "0", "-1", "1.5", "[1]", "{\"a\":true}", "\"\"", "\"T…\"", "true"] {
            let reply: Value = serde_json::from_str(&parse(&deposit_with(field, json)).reply(None)).unwrap();
            assert_eq!(reply[field], serde_json::from_str::<Value>(json).unwrap(), "{field}");
        }
        let reply: Value = serde_json::from_str(&parse(&deposit_with(field, "")).reply(None)).unwrap();
        assert_eq!(reply[field], Value::Null, "{field} is missing");
    }
    for (field, json) in [("fromAddress", "null"), ("txTimeStamp", "\"soon\"")] {
        let request = WITHDRAWAL.replacen('{', &format!("{{\"x{field}\":0,"), 1);
        let request =
            request.replace(&format!("\"{field}\""), "\"before\"").replace(&format!("x{field}"), field);
        let request = request.replacen(&format!("\"{field}\":0"), &format!("\"{field}\":{json}"), 1);
        let reply: Value = serde_json::from_str(&parse(&request).reply(None)).unwrap();
        assert_eq!(reply[field], serde_json::from_str::<Value>(json).unwrap(), "{field}");
    }
    let failure = |to: &str| {
        parse(&format!(
            r#"{{"requestUUID":"u","tenantUserId":"1","trackingId":"t","callBackId":"w","type":5,"toAddress":{to}}}"#
        ))
    };
    for to in ["\"TGVJZLgz88XPYwkQECMRocSgHt极QT7VQZd\"", "null", "7", "\"\""] {
        assert_eq!(failure(to).identity(), failure("\"TGVJZLgz88XPYwkQECMRocSgHtKQT7VQZd\"").identity());
    }
}

#[test]
fn debug_shows_nothing_of_the_user() {
    let shown = format!("{:?}", parse(DEPOSIT));
    assert_eq!(shown, "Callback(deposit fbd70fb4-c302-4228-bd61-6326e0539551)");
}
