//! `waas seal` and `waas open`, each tried against the receiver's own cipher.

use std::fs;

use base64::Engine as _;
use serde_json::{Value, json};
use waas_callback::PublicKey;
use waas_platform::PrivateKey;

use crate::{DEPOSIT, assert_fails, assert_succeeds, receiver, run, run_with_input, stdout, waas};

#[test]
fn what_is_not_json_is_not_sealed() {
    assert_fails(&run_with_input(&["seal", "-"], "{\"type\": 1"), 2, "- is not JSON");
    assert_succeeds(&run_with_input(&["seal", "-", "--raw"], "{\"type\": 1"));
}

#[test]
fn a_sealed_file_opens_to_its_bytes() {
    let output = run(&["seal", DEPOSIT]);
    assert_succeeds(&output);
    let public_key = PublicKey::parse(&PrivateKey::development().public_key_base64()).unwrap();
    let opened = public_key.open(stdout(&output).trim_end().as_bytes()).unwrap();
    assert_eq!(opened.as_str(), fs::read_to_string(DEPOSIT).unwrap());
}

#[test]
fn an_event_carries_the_body_in_base64_once_more() {
    let output = run(&["seal", DEPOSIT, "--event", "/callback/deposit", "--api-key", "mine"]);
    assert_succeeds(&output);
    let event: Value = serde_json::from_slice(&output.stdout).unwrap();
    let body = base64::engine::general_purpose::STANDARD.decode(event["body"].as_str().unwrap()).unwrap();
    assert_eq!(String::from_utf8(body).unwrap(), stdout(&run(&["seal", DEPOSIT])).trim_end());
    assert_eq!(event["rawPath"], "/callback/deposit");
    assert_eq!(event["headers"]["x-api-key"], "mine");
    assert_eq!(event["isBase64Encoded"], true);
}

#[test]
fn a_reply_opens_from_its_envelope_and_from_bare_base64() {
    let data = receiver::seal(r#"{"type":6,"amount":2.500}"#);
    let envelope = json!({"apiKey": "", "data": data, "errCode": 0, "message": ""}).to_string();
    let (head, tail) = data.split_at(76);
    for input in [envelope, data.clone(), format!("{head}\r\n{tail}\r\n")] {
        let output = run_with_input(&["open", "-"], &input);
        assert_succeeds(&output);
        assert_eq!(stdout(&output), "{\n  \"type\": 6,\n  \"amount\": 2.500\n}\n");
    }
}

#[test]
fn what_is_no_reply_is_named() {
    let other = PrivateKey::generate(1024).unwrap();
    let for_another = PublicKey::parse(&other.public_key_base64()).unwrap().seal(b"{}", &mut rand::rng());
    for (input, message) in [
        ("", "nothing was sealed"),
        (r#"{"data":""}"#, "nothing was sealed"),
        (r#"{"errCode":0}"#, "the answer has no data"),
        (r#"{"data":"#, "the answer is not JSON"),
        ("b64!", "not Base64"),
        ("AAAA", "not sealed for this key"),
        (&for_another, "not sealed for this key"),
        (&receiver::seal("no JSON"), "opens, but is not JSON"),
    ] {
        assert_fails(&run_with_input(&["open", "-"], input), 2, message);
    }
}

#[test]
fn the_private_key_may_come_from_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    assert_succeeds(&run(&["keygen", "--out", dir.path().to_str().unwrap()]));
    let pem = dir.path().join("private.pem");

    let by_option = run(&["seal", DEPOSIT, "--private-key", pem.to_str().unwrap()]);
    let by_environment = waas(&["seal", DEPOSIT]).env("WAAS_PRIVATE_KEY_FILE", &pem).output().unwrap();

    assert_eq!(stdout(&by_option), stdout(&by_environment));
    assert_ne!(stdout(&by_option), stdout(&run(&["seal", DEPOSIT])));
    assert_fails(&run(&["seal", DEPOSIT, "--private-key", DEPOSIT]), 2, "is no RSA key in PKCS#8 PEM");
    assert_fails(&run(&["seal", "nowhere.json"]), 2, "cannot read nowhere.json");
}
