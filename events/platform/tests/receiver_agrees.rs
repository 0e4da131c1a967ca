//! The platform's side and the receiver's, each written on its own, understand each other.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use waas_callback::{OpenError, PublicKey};
use waas_platform::{OpenError as ReplyOpenError, PrivateKey};

fn key_pair() -> (PrivateKey, PublicKey) {
    let platform = PrivateKey::development();
    let receiver = PublicKey::parse(&platform.public_key_base64()).unwrap();
    (platform, receiver)
}

#[test]
fn a_sealed_callback_is_opened_by_the_receiver() {
    let (platform, receiver) = key_pair();
    for plaintext in
        ["{}", include_str!("../../plain/deposit.json"), include_str!("../../plain/withdrawal.json")]
    {
        for body in [platform.seal(plaintext.as_bytes()), platform.seal_pieces(plaintext.as_bytes(), 50)] {
            assert_eq!(receiver.open(body.as_bytes()).unwrap().as_str(), plaintext);
        }
    }
}

#[test]
fn a_sealed_reply_is_opened_by_the_platform() {
    let (platform, receiver) = key_pair();
    for length in [0, 1, 116, 117, 118, 234, 1000] {
        let reply = "極".repeat(length);
        let data = receiver.seal(reply.as_bytes(), &mut rand::rng());
        assert_eq!(platform.open(&data).unwrap(), reply);
    }
}

#[test]
fn neither_side_takes_what_was_sealed_in_the_other_direction() {
    let (platform, receiver) = key_pair();
    let callback = platform.seal(b"{}");
    let reply = receiver.seal(b"{}", &mut rand::rng());
    assert_eq!(platform.open(&callback), Err(ReplyOpenError::NotSealed));
    assert_eq!(receiver.open(reply.as_bytes()).unwrap_err(), OpenError::Padding);
}

#[test]
fn a_reply_that_is_no_text_is_refused() {
    let (platform, receiver) = key_pair();
    let data = receiver.seal(&[0xff, 0xfe], &mut rand::rng());
    assert_eq!(platform.open(&data), Err(ReplyOpenError::NotUtf8));
    assert_eq!(platform.open("b64!"), Err(ReplyOpenError::NotBase64));
    assert_eq!(platform.open(&data[..data.len() - 4]), Err(ReplyOpenError::NotSealed));
}

#[test]
fn a_written_key_reads_as_the_same_key() {
    let key = PrivateKey::generate(1024).unwrap();
    let read = PrivateKey::from_pem(&key.to_pem().unwrap()).unwrap();
    assert_eq!(read.public_key_base64(), key.public_key_base64());
}

#[test]
fn the_private_key_is_not_shown() {
    assert_eq!(format!("{:?}", PrivateKey::development()), "PrivateKey(1024 bits)");
}
