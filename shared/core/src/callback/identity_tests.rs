//! What makes two callbacks one event, and two events one content.

use std::collections::BTreeSet;

use waas_platform::PrivateKey;

use crate::{Callback, Identity, PublicKey};

const DEPOSIT: &str = include_str!("../../../../events/plain/deposit.json");
const WITHDRAWAL: &str = include_str!("../../../../events/plain/withdrawal.json");

fn identity(plaintext: &str) -> Identity {
    let platform = PrivateKey::development();
    let key = PublicKey::parse(&platform.public_key_base64()).unwrap();
    let opened = key.open(platform.seal(plaintext.as_bytes()).as_bytes()).unwrap();
    Callback::parse(&opened).unwrap().unwrap().identity()
}

/// A type 2, 4, 5, 6 or 7 with these own fields.
fn notice(r#type: u8, own: &str) -> Identity {
    identity(&format!(r#"{{"requestUUID":"u","tenantUserId":"1945","trackingId":"1","type":{type},{own}}}"#))
}

#[test]
fn a_deposit_is_named_by_transaction_asset_and_address() {
    let original = identity(DEPOSIT);
    for part in ["b00a4aa3d6426f", "\"TRON\"", "\"TRX\"", "\"toAddress\": \"TYLdkix4"] {
        let changed = part.replace("b00a", "c00a").replace("TR", "XR").replace("TYL", "TXL");
        assert_ne!(part, changed);
        let other = identity(&DEPOSIT.replacen(part, &changed, 1));
        assert_ne!(other.event_key, original.event_key, "{part}");
    }
}

#[test]
fn what_means_money_or_identity_changes_the_content_but_not_the_event() {
    let original = identity(DEPOSIT);
    for (part, changed) in [
        ("\"2.500000000000\"", "\"2.500000000001\""),
        ("\"2049\"", "\"2050\""),
        ("\"6484\"", "\"6485\""),
        ("\"6484\"", "null"),
    ] {
        let other = identity(&DEPOSIT.replacen(part, changed, 1));
        assert_eq!(other.event_key, original.event_key, "{part}");
        assert_ne!(other.fingerprint, original.fingerprint, "{part}");
    }
}

#[test]
fn what_means_neither_changes_nothing() {
    let original = identity(DEPOSIT);
    for (part, changed) in [
        ("fbd70fb4", "00000000"),
        ("\"2.500000000000\"", "\"2.5\""),
        ("\"2.500000000000\"", "2.50"),
        ("\"riskLevelTo\": 3", "\"riskLevelTo\": 99"),
        ("\"business\": 0", "\"business\": 0, \"tag\": 1"),
        ("\"type\": 1", "\"type\": \"1\""),
        ("\"fromAddress\": \"TG", "\"fromAddress\": \"Tg"), // another input of the same payer's
        ("\"fromAddress\": \"TG", "\"from\": \"TG"),
        ("\"txIndex\": -1", "\"txIndex\": null"),
        ("\"txIndex\": -1", "\"txIndex\": \"-1\""),
        ("b00a4aa3d6426f6409a83ae72a79de5b", "B00A4AA3D6426F6409A83AE72A79DE5B"),
    ] {
        assert_eq!(identity(&DEPOSIT.replacen(part, changed, 1)), original, "{part}");
    }
}

#[test]
fn the_output_of_a_transaction_stands_beside_the_content() {
    let at =
        |index: &str| identity(&DEPOSIT.replacen("\"txIndex\": -1", &format!("\"txIndex\": {index}"), 1));
    let untold = at("-1");
    assert_eq!(untold.position, None);
    for (index, position) in
        [("0", Some(0)), ("\"7\"", Some(7)), ("null", None), ("1.5", None), ("[1]", None)]
    {
        let told = at(index);
        assert_eq!((told.position, &told.event_key), (position, &untold.event_key), "{index}");
        assert_eq!(told.fingerprint, untold.fingerprint, "{index}");
    }
}

#[test]
fn hexadecimal_addresses_have_no_case_and_base58_has() {
    let with_address =
        |address: &str| identity(&DEPOSIT.replace("TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP", address));
    let mixed = with_address("0xDe0B295669a9FD93d5F28D9Ec85E40f4cb697BAe");
    assert_eq!(with_address("0xde0b295669a9fd93d5f28d9ec85e40f4cb697bae"), mixed);
    let tron = with_address("TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP");
    assert_ne!(with_address("TyLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP").event_key, tron.event_key);
}

#[test]
fn other_types_are_named_as_the_platform_advises() {
    let withdrawal = identity(WITHDRAWAL);
    let other_order = identity(&WITHDRAWAL.replace("250624392590001", "250624392590002"));
    assert_ne!(other_order.event_key, withdrawal.event_key, "one transaction can pay many orders");
    let other_amount = identity(&WITHDRAWAL.replace("2.500000000000", "2.6"));
    assert_eq!(other_amount.event_key, withdrawal.event_key);
    assert_ne!(other_amount.fingerprint, withdrawal.fingerprint);
    let energy = identity(&WITHDRAWAL.replace("USDT", "ENERGY"));
    assert_ne!(energy.event_key, withdrawal.event_key);

    let mut keys = BTreeSet::new();
    for r#type in [2, 5, 6, 7] {
        keys.insert(notice(r#type, r#""callBackId":"a""#).event_key);
        keys.insert(notice(r#type, r#""callBackId":"b""#).event_key);
    }
    assert_eq!(keys.len(), 8, "type and order name the event");

    let change = |to: &str| notice(4, &format!(r#""chainName":"TRON","symbol":"USDT","newAddress":"{to}""#));
    assert_ne!(change("TA").event_key, change("TB").event_key);
    assert_eq!(change("TA"), change("TA"));
}

#[test]
fn a_key_shows_its_type_and_nothing_else() {
    let key = identity(DEPOSIT).event_key;
    let digest = key.as_str().strip_prefix("deposit-").unwrap();
    assert!(digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()));
}
