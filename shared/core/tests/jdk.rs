//! The cipher against vectors that the JDK made; see `events/jdk/Platform.java`.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use serde_json::Value;
use waas_callback::{Callback, PublicKey};
use waas_platform::PrivateKey;

/// One entry per key length.
fn vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("../../../events/jdk/vectors.json")).unwrap()
}

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field].as_str().unwrap()
}

fn public_key(vector: &Value) -> PublicKey {
    PublicKey::parse(text(vector, "publicKey")).unwrap()
}

/// The vectors hold bare Base64, as the JDK prints a key; PEM is the same in lines of 64.
fn private_key(vector: &Value) -> PrivateKey {
    let mut pem = "-----BEGIN PRIVATE KEY-----\n".to_owned();
    for (at, digit) in text(vector, "privateKey").char_indices() {
        if at > 0 && at % 64 == 0 {
            pem.push('\n');
        }
        pem.push(digit);
    }
    pem.push_str("\n-----END PRIVATE KEY-----\n");
    PrivateKey::from_pem(&pem).unwrap()
}

#[test]
fn the_vectors_are_of_three_key_lengths() {
    let bits: Vec<_> = vectors().iter().map(|vector| vector["bits"].as_u64().unwrap()).collect();
    assert_eq!(bits, [1024, 2048, 4096]);
    for vector in vectors() {
        assert_eq!(format!("{:?}", public_key(&vector)), format!("PublicKey({} bits)", vector["bits"]));
        assert_eq!(private_key(&vector).public_key_base64(), text(&vector, "publicKey"));
    }
}

#[test]
fn every_callback_of_the_jdk_opens_to_its_plaintext() {
    for vector in vectors() {
        let key = public_key(&vector);
        let callbacks = vector["callbacks"].as_array().unwrap();
        assert!(callbacks.len() >= 7);
        for callback in callbacks {
            let opened = key.open(text(callback, "body").as_bytes());
            let context = format!("{}, {} bits", callback["name"], vector["bits"]);
            assert_eq!(
                opened.map(|opened| opened.as_str().to_owned()),
                Ok(text(callback, "plaintext").to_owned()),
                "{context}"
            );
        }
    }
}

#[test]
fn the_vectors_hold_the_documents_callbacks_and_the_hard_cuts() {
    let deposit = include_str!("../../../events/plain/deposit.json");
    let withdrawal = include_str!("../../../events/plain/withdrawal.json");
    for vector in vectors() {
        let longest = private_key(&vector).modulus().len() - 11;
        let callbacks = vector["callbacks"].as_array().unwrap();
        let holds = |what: &dyn Fn(&str, &str) -> bool| {
            callbacks.iter().any(|callback| what(text(callback, "plaintext"), text(callback, "body")))
        };
        assert!(holds(&|plaintext, _| plaintext == deposit));
        assert!(holds(&|plaintext, _| plaintext == withdrawal));
        assert!(holds(&|_, body| body.contains("\r\n")));
        assert!(holds(&|plaintext, _| plaintext.len() == longest));
        assert!(holds(&|plaintext, _| plaintext.len() == 2 * longest));
        assert!(holds(&|plaintext, _| plaintext.len() > longest && !plaintext.is_char_boundary(longest)));
    }
}

#[test]
fn the_documents_callbacks_parse_after_the_jdk_sealed_them() {
    for vector in vectors() {
        let key = public_key(&vector);
        let named = |name: &str| {
            let callbacks = vector["callbacks"].as_array().unwrap();
            let body = text(callbacks.iter().find(|callback| callback["name"] == name).unwrap(), "body");
            Callback::parse(&key.open(body.as_bytes()).unwrap()).unwrap().unwrap()
        };
        assert_eq!(named("deposit").request_uuid, "fbd70fb4-c302-4228-bd61-6326e0539551");
        assert_eq!(named("withdrawal").request_uuid, "00f2faf7-b705-4d65-9d82-0b6e372b92e4");
    }
}

#[test]
fn the_platform_sends_the_same_bytes_as_the_jdk() {
    // Padding type 1 is not random, so that two right encoders cannot differ.
    for vector in vectors() {
        let key = private_key(&vector);
        let deposit = &vector["callbacks"][0];
        assert_eq!(key.seal(text(deposit, "plaintext").as_bytes()), text(deposit, "body"));
    }
}

#[test]
fn a_reply_opens_with_every_private_key_of_the_jdk() {
    let reply = r#"{"note":"極"}"#.repeat(20); // two blocks of 1024 bits and more
    for vector in vectors() {
        let data = public_key(&vector).seal(reply.as_bytes(), &mut rand::rng());
        assert_eq!(private_key(&vector).open(&data).as_ref(), Ok(&reply), "{} bits", vector["bits"]);
    }
}

#[test]
fn the_platform_opens_what_a_merchant_in_java_replies() {
    for vector in vectors() {
        let reply = &vector["replies"][0];
        let opened = private_key(&vector).open(text(reply, "data"));
        assert_eq!(opened.as_deref(), Ok(text(reply, "plaintext")), "{} bits", vector["bits"]);
    }
}
