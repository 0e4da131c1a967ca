//! Public keys that are refused at load, each with the rule that it breaks, and those of odd sizes that work.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use waas_callback::{KeyError, PublicKey};
use waas_platform::PrivateKey;

/// RFC 8017, appendix A.1: `rsaEncryption`, with the NULL that belongs to it.
const RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
const E_65537: &[u8] = &[1, 0, 1];

/// `openssl ecparam -name prime256v1 -genkey | openssl ec -pubout`
const EC: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsrWA9U3njo319HFoPHMbwWUaCloh\
                  zdbJ5Gm4qD6rTT5wm8SCuDGBrhSjqN57Pk3eX1yt4w4TktS6k2BKMZzaCQ==";

/// `openssl genpkey -algorithm ed25519 | openssl pkey -pubout`
const ED25519: &str = "MCowBQYDK2VwAyEAiVwoeDnx2FGo9G0cPMW5V6Cfzkjfsm5BSlTE9Rq+Kvs=";

/// `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1025`: a modulus of no whole number of bytes.
const BITS_1025: &str = include_str!("1025.pem");

/// One DER element.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1)..];
    let mut element = vec![tag];
    if content.len() >= 0x80 {
        element.push(0x80 | u8::try_from(length.len()).unwrap());
    }
    element.extend(length);
    element.extend(content);
    element
}

/// A positive INTEGER: a zero byte keeps the sign bit clear.
fn integer(number: &[u8]) -> Vec<u8> {
    let sign = if number[0] >= 0x80 { &[0][..] } else { &[] };
    der(0x02, &[sign, number].concat())
}

fn pkcs1(n: &[u8], e: &[u8]) -> Vec<u8> {
    der(0x30, &[integer(n), integer(e)].concat())
}

/// Base64 of X.509 around whatever stands for the key.
fn x509(algorithm: &[u8], key: &[u8]) -> String {
    let key = der(0x03, &[&[0], key].concat());
    STANDARD.encode(der(0x30, &[der(0x30, algorithm), key].concat()))
}

/// An odd number of exactly that many bits. No product of two primes, which a receiver cannot know anyway.
fn modulus(bits: usize) -> Vec<u8> {
    let mut number = vec![0xa5; bits.div_ceil(8)];
    let top = (bits - 1) % 8;
    number[0] = 1 << top;
    number
}

fn parse(n: &[u8], e: &[u8]) -> Result<String, KeyError> {
    PublicKey::parse(&x509(RSA, &pkcs1(n, e))).map(|key| format!("{key:?}"))
}

#[test]
fn the_hand_made_der_is_right() {
    // Else the refusals below could be for another reason.
    let key = PrivateKey::development();
    assert_eq!(x509(RSA, &pkcs1(&key.modulus(), E_65537)), key.public_key_base64());
}

#[test]
fn a_modulus_that_can_be_factored_is_refused() {
    for bits in [512, 768, 1016, 1023] {
        assert_eq!(
            parse(&modulus(bits), E_65537),
            Err(KeyError::ModulusTooSmall(u32::try_from(bits).unwrap()))
        );
    }
    assert_eq!(parse(&modulus(1024), E_65537).as_deref(), Ok("PublicKey(1024 bits)"));
}

#[test]
fn a_modulus_that_costs_too_much_is_refused() {
    assert_eq!(parse(&modulus(8193), E_65537), Err(KeyError::ModulusTooLarge(8193)));
    assert_eq!(parse(&modulus(16_384), E_65537), Err(KeyError::ModulusTooLarge(16_384)));
    assert_eq!(parse(&modulus(8192), E_65537).as_deref(), Ok("PublicKey(8192 bits)"));
}

#[test]
fn leading_zeros_do_not_make_a_modulus_longer() {
    let zeros = [&[0; 64][..], &modulus(512)].concat();
    let error = parse(&zeros, E_65537).unwrap_err();
    assert!(matches!(error, KeyError::NotX509 | KeyError::ModulusTooSmall(512)), "{error}");
}

#[test]
fn an_even_modulus_is_refused() {
    let mut even = modulus(1024);
    *even.last_mut().unwrap() -= 1;
    assert_eq!(parse(&even, E_65537), Err(KeyError::ModulusEven));
}

#[test]
fn a_negative_modulus_is_refused() {
    let negative = der(0x02, &[0x80; 128]);
    let key = der(0x30, &[negative, integer(E_65537)].concat());
    assert_eq!(PublicKey::parse(&x509(RSA, &key)).unwrap_err(), KeyError::NotX509);
}

#[test]
fn an_exponent_that_makes_padding_forgeable_is_refused() {
    for e in [&[0][..], &[1], &[2], &[3], &[17], &[0xff, 0xff]] {
        assert_eq!(parse(&modulus(1024), e), Err(KeyError::ExponentTooSmall), "{e:x?}");
    }
}

#[test]
fn an_even_exponent_is_refused() {
    assert_eq!(parse(&modulus(1024), &[1, 0, 2]), Err(KeyError::ExponentEven));
}

#[test]
fn an_exponent_that_costs_too_much_is_refused() {
    assert_eq!(parse(&modulus(1024), &[2, 0, 0, 0, 1]), Err(KeyError::ExponentTooLarge)); // 2^33 + 1
    // One bit more than the fold to u64 takes: 2^64 + 1 must not pass for 1.
    assert_eq!(parse(&modulus(1024), &[1, 0, 0, 0, 0, 0, 0, 0, 1]), Err(KeyError::ExponentTooLarge));
    assert_eq!(parse(&modulus(1024), &modulus(1023)), Err(KeyError::ExponentTooLarge));
    assert!(parse(&modulus(1024), &[1, 0xff, 0xff, 0xff, 0xff]).is_ok()); // 2^33 - 1
}

#[test]
fn a_key_of_another_algorithm_is_refused() {
    assert_eq!(PublicKey::parse(EC).unwrap_err(), KeyError::NotRsa);
    assert_eq!(PublicKey::parse(ED25519).unwrap_err(), KeyError::NotRsa);
}

#[test]
fn an_rsa_label_on_another_key_is_refused() {
    assert_eq!(PublicKey::parse(&x509(RSA, &[4; 65])).unwrap_err(), KeyError::NotX509);
}

#[test]
fn the_private_key_is_not_taken_for_the_public_one() {
    let pem = PrivateKey::development().to_pem().unwrap();
    assert_eq!(PublicKey::parse(&pem).unwrap_err(), KeyError::NotX509);
    let bare: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    assert_eq!(PublicKey::parse(&bare).unwrap_err(), KeyError::NotX509);
}

#[test]
fn pkcs_1_is_no_x509() {
    let key = STANDARD.encode(pkcs1(&PrivateKey::development().modulus(), E_65537));
    assert_eq!(PublicKey::parse(&key).unwrap_err(), KeyError::NotX509);
    let pem = format!("-----BEGIN RSA PUBLIC KEY-----\n{}-----END RSA PUBLIC KEY-----\n", lines_of_64(&key));
    assert_eq!(PublicKey::parse(&pem).unwrap_err(), KeyError::NotX509);
}

#[test]
fn another_label_on_x509_is_refused() {
    let lines = lines_of_64(&PrivateKey::development().public_key_base64());
    for label in ["CERTIFICATE", "RSA PUBLIC KEY", "PRIVATE KEY"] {
        let pem = format!("-----BEGIN {label}-----\n{lines}-----END {label}-----\n");
        assert_eq!(PublicKey::parse(&pem).unwrap_err(), KeyError::NotX509, "{label}");
    }
}

#[test]
fn garbage_is_refused() {
    for text in ["", " \n", "no key", "AAA", "-----", "-----BEGIN PUBLIC KEY-----", "極"] {
        let error = PublicKey::parse(text).unwrap_err();
        let expected = if text.trim().is_empty() { KeyError::NotX509 } else { KeyError::NotBase64 };
        assert_eq!(error, expected, "{text:?}");
    }
    for text in ["AAAA", "MAA="] {
        assert_eq!(PublicKey::parse(text).unwrap_err(), KeyError::NotX509, "{text:?}");
    }
}

#[test]
fn what_follows_a_key_is_refused() {
    let mut key = STANDARD.decode(PrivateKey::development().public_key_base64()).unwrap();
    key.push(0);
    assert_eq!(PublicKey::parse(&STANDARD.encode(key)).unwrap_err(), KeyError::NotX509);
}

#[test]
fn pem_and_wrapped_base64_are_accepted() {
    let key = PrivateKey::development().public_key_base64();
    let lines = lines_of_64(&key);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{lines}-----END PUBLIC KEY-----\n");
    for text in [
        key.clone(),
        format!("\r\n  {key}\t"),
        lines.replace('\n', "\r\n"),
        pem.clone(),
        format!("\n{pem}\n"),
    ] {
        let parsed = PublicKey::parse(&text).unwrap();
        let body = PrivateKey::development().seal(b"{}");
        assert_eq!(parsed.open(body.as_bytes()).unwrap().as_str(), "{}");
    }
}

#[test]
fn a_modulus_of_no_whole_number_of_bytes_works() {
    let platform = PrivateKey::from_pem(BITS_1025).unwrap();
    let key = PublicKey::parse(&platform.public_key_base64()).unwrap();
    assert_eq!(format!("{key:?}"), "PublicKey(1025 bits)");

    let plaintext = "極".repeat(100);
    assert_eq!(key.open(platform.seal(plaintext.as_bytes()).as_bytes()).unwrap().as_str(), plaintext);
    assert_eq!(platform.open(&key.seal(plaintext.as_bytes(), &mut rand::rng())), Ok(plaintext));
}

#[test]
fn a_key_shows_its_length_and_nothing_else() {
    let key = PublicKey::parse(&PrivateKey::development().public_key_base64()).unwrap();
    assert_eq!(format!("{key:?} {key:#?}"), "PublicKey(1024 bits) PublicKey(1024 bits)");
}

fn lines_of_64(text: &str) -> String {
    let lines = text.as_bytes().chunks(64).map(|line| format!("{}\n", std::str::from_utf8(line).unwrap()));
    lines.collect()
}
