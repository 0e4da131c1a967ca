//! What the cipher cannot keep anybody from: blocks of two callbacks in one (docs/protocol.md). No private key is used.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use waas_platform::PrivateKey;

/// What the padding takes of each block.
const PADDING_BYTES: usize = 11;

/// The first block of one sealed callback before the others of another: its plaintext, and the body.
pub(super) fn spliced(key: &PrivateKey, first: &str, others: &str) -> anyhow::Result<(String, String)> {
    let block = key.modulus().len();
    let piece = block - PADDING_BYTES;
    let plaintext = [&first.as_bytes()[..piece], &others.as_bytes()[piece..]].concat();
    let [first, others] = [first, others].map(|captured| STANDARD.decode(key.seal(captured.as_bytes())));
    let body = STANDARD.encode([&first?[..block], &others?[block..]].concat());
    Ok((String::from_utf8(plaintext)?, body))
}

/// As the platform writes it, in one line.
pub(super) fn compact(pretty: &str) -> String {
    pretty.lines().map(str::trim_start).collect::<String>().replace("\": ", "\":")
}
