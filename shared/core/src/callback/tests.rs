//! What all types have in common; what is a type's own is tested in its room.

use std::collections::BTreeSet;

use super::testing::{DEPOSIT, identity, of_type, parse, refused, with};
use super::*;
use crate::fields::MAX_TEXT_BYTES;

#[test]
fn type_may_be_a_text_but_nothing_looser() {
    assert_eq!(parse(&with(DEPOSIT, "type", "\"1\"")).callback_type(), CallbackType::Deposit);
    assert_eq!(Callback::parse_json(r#"{"type":0}"#), Ok(None));
    assert_eq!(Callback::parse_json(r#"{"type":"0","requestUUID":5}"#), Ok(None));
    for wrong in ["1.0", "\"01\"", "\" 1\"", "\"\"", "true", "-1", "[1]", "1e0"] {
        assert_eq!(refused(&with(DEPOSIT, "type", wrong)), SchemaError::WrongType("type"), "{wrong}");
    }
    assert_eq!(refused(&with(DEPOSIT, "type", "8")), SchemaError::UnknownType);
    assert_eq!(refused(&with(DEPOSIT, "type", "99999999999999999999999")), SchemaError::UnknownType);
    assert_eq!(refused(&with(DEPOSIT, "type", "null")), SchemaError::Missing("type"));
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
    parse(&with(DEPOSIT, "tag", &deep)); // unknown and kept; its depth harms no stack
}

#[test]
fn required_fields_are_required_and_bounded() {
    for field in ["requestUUID", "tenantUserId", "txId", "chainName", "symbol", "toAddress"] {
        assert_eq!(refused(&with(DEPOSIT, field, "")), SchemaError::Missing(field));
        assert_eq!(refused(&with(DEPOSIT, field, "null")), SchemaError::Missing(field));
        assert_eq!(refused(&with(DEPOSIT, field, "\"\"")), SchemaError::Empty(field));
        assert_eq!(refused(&with(DEPOSIT, field, "[]")), SchemaError::WrongType(field));
        let (longest, too_long) = ("x".repeat(MAX_TEXT_BYTES), "x".repeat(MAX_TEXT_BYTES + 1));
        parse(&with(DEPOSIT, field, &format!("\"{longest}\"")));
        assert_eq!(refused(&with(DEPOSIT, field, &format!("\"{too_long}\""))), SchemaError::TooLong(field));
    }
    assert_eq!(refused(&with(DEPOSIT, "chainName", "\"TRON#\"")), SchemaError::Asset);
}

#[test]
fn what_the_documents_leave_open_is_taken() {
    assert_eq!(parse(&with(DEPOSIT, "tenantUserId", "2049")).tenant_user_id, "2049");
    for absent in ["null", "", "\"\""] {
        assert_eq!(parse(&with(DEPOSIT, "trackingId", absent)).tracking_id, None);
    }
    assert_eq!(parse(&with(DEPOSIT, "fromAddress", "\"\"")).json, with(DEPOSIT, "fromAddress", "\"\""));
    let unknown = with(DEPOSIT, "tag", "{\"memo\":\"µ\",\"memo\":2}");
    assert_eq!(parse(&unknown).json, unknown, "unknown fields are kept as they came");
}

#[test]
fn debug_shows_nothing_of_the_user() {
    let shown = format!("{:?}", parse(DEPOSIT));
    assert_eq!(shown, "Callback(deposit fbd70fb4-c302-4228-bd61-6326e0539551)");
}

#[test]
fn a_key_shows_its_type_and_nothing_else() {
    let key = identity(DEPOSIT).event_key;
    let digest = key.as_str().strip_prefix("deposit.").unwrap();
    assert!(digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()));
}

#[test]
fn no_two_types_share_a_key() {
    let mut keys = BTreeSet::new();
    for r#type in [2, 5, 6, 7] {
        keys.insert(identity(&of_type(r#type, r#""callBackId":"a""#)).event_key);
        keys.insert(identity(&of_type(r#type, r#""callBackId":"b""#)).event_key);
    }
    assert_eq!(keys.len(), 8, "type and order name the event");
}
