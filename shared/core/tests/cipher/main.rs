//! Attacks on the opening of a callback, each by name, with the error that it must end in.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod block_value;
mod blocks;
mod body;
mod characters;
mod padding;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use waas_callback::{OpenError, PublicKey};
use waas_platform::PrivateKey;

const DEPOSIT: &str = include_str!("../../../../events/plain/deposit.json");

/// Of the development key: 1024 bits.
const BLOCK: usize = 128;

fn platform() -> PrivateKey {
    PrivateKey::development()
}

fn open(body: impl AsRef<[u8]>) -> Result<String, OpenError> {
    let key = PublicKey::parse(&platform().public_key_base64()).unwrap();
    key.open(body.as_ref()).map(|opened| opened.as_str().to_owned())
}

fn open_bytes(sealed: &[u8]) -> Result<String, OpenError> {
    open(STANDARD.encode(sealed))
}

/// The sealed blocks of a plaintext; of the deposit there are five.
fn blocks(plaintext: &str) -> Vec<Vec<u8>> {
    let sealed = STANDARD.decode(platform().seal(plaintext.as_bytes())).unwrap();
    sealed.chunks(BLOCK).map(<[u8]>::to_vec).collect()
}

#[test]
fn nothing_opened_is_shown() {
    let key = PublicKey::parse(&platform().public_key_base64()).unwrap();
    let opened = key.open(platform().seal(DEPOSIT.as_bytes()).as_bytes()).unwrap();
    assert_eq!(format!("{opened:?} {opened:#?}"), "Opened(..) Opened(..)");
}
