//! The key pair as the platform has it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_bigint::BoxedUint;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use rsa::traits::PublicKeyParts as _;
use rsa::{Pkcs1v15Sign, RsaPrivateKey};

/// The API key that goes with [`PrivateKey::development`]. Published: never use it for a real merchant.
pub const DEVELOPMENT_API_KEY: &str = "development-api-key";

const DEVELOPMENT_PRIVATE_KEY: &str = include_str!("../../keys/development.pem");
const PADDING_BYTES: usize = 11;
const MIN_FILL_BYTES: usize = 8;

/// A merchant's RSA key pair, of which the platform alone has this half.
#[derive(Clone)]
pub struct PrivateKey(RsaPrivateKey);

/// Why a reply's `data` could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not Base64.
    #[error("not Base64")]
    NotBase64,
    /// Not whole blocks, or not sealed with this key pair's public key.
    #[error("not sealed for this key")]
    NotSealed,
    /// The plaintext is not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({} bits)", self.0.n().bits())
    }
}

impl PrivateKey {
    /// The published key pair of `events/`, 1024 bits like the platform's own. Known to all, so worth nothing.
    ///
    /// # Panics
    ///
    /// Never: the key is part of this crate.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a constant, covered by tests")]
    pub fn development() -> Self {
        Self::from_pem(DEVELOPMENT_PRIVATE_KEY).expect("the development key is well-formed")
    }

    /// Makes a key pair. The platform uses 1024 bits today.
    ///
    /// # Errors
    ///
    /// Of the `rsa` crate, for a size that it refuses.
    pub fn generate(bits: usize) -> rsa::Result<Self> {
        RsaPrivateKey::new(&mut rand::rng(), bits).map(Self)
    }

    /// Reads PKCS#8 PEM.
    ///
    /// # Errors
    ///
    /// If it is no RSA private key in that form.
    pub fn from_pem(pem: &str) -> rsa::pkcs8::Result<Self> {
        RsaPrivateKey::from_pkcs8_pem(pem.trim()).map(Self)
    }

    /// Writes PKCS#8 PEM.
    ///
    /// # Errors
    ///
    /// If the key cannot be encoded.
    pub fn to_pem(&self) -> rsa::pkcs8::Result<String> {
        self.0.to_pkcs8_pem(LineEnding::LF).map(|pem| pem.to_string())
    }

    /// The merchant's half: Base64 of X.509 DER, as the platform shows it.
    ///
    /// # Panics
    ///
    /// Never: an RSA public key always encodes.
    #[must_use]
    #[expect(clippy::expect_used, reason = "an RSA public key always encodes")]
    pub fn public_key_base64(&self) -> String {
        STANDARD.encode(self.0.to_public_key().to_public_key_der().expect("encodes"))
    }

    /// Seals a callback as the platform does: private key, padding type 1, a block for every k − 11 bytes.
    #[must_use]
    pub fn seal(&self, plaintext: &[u8]) -> String {
        self.seal_pieces(plaintext, self.0.size() - PADDING_BYTES)
    }

    /// As [`seal`](Self::seal), cut every `piece` bytes: encoders written for 1024 bits use 117 for any key.
    ///
    /// # Panics
    ///
    /// If a piece does not fit into a block.
    #[must_use]
    #[expect(clippy::expect_used, reason = "documented; a tool for tests and rehearsals")]
    pub fn seal_pieces(&self, plaintext: &[u8], piece: usize) -> String {
        let blocks = plaintext
            .chunks(piece)
            .flat_map(|piece| self.0.sign(Pkcs1v15Sign::new_unprefixed(), piece).expect("the piece fits"));
        STANDARD.encode(blocks.collect::<Vec<_>>())
    }

    /// The private operation on a whole block, padding and all: for blocks that no honest platform would send.
    ///
    /// # Panics
    ///
    /// If the block has another length than the modulus or is not below it.
    #[must_use]
    #[expect(clippy::expect_used, reason = "documented; a tool for tests")]
    pub fn raw(&self, block: &[u8]) -> Vec<u8> {
        self.private_operation(block).expect("a whole block below the modulus")
    }

    /// `block^d mod n` as k bytes, or `None` if the block is no k bytes or not below n.
    fn private_operation(&self, block: &[u8]) -> Option<Vec<u8>> {
        if block.len() != self.0.size() {
            return None;
        }
        let value = BoxedUint::from_be_slice(block, self.0.n_bits_precision()).ok()?;
        let power = rsa::hazmat::rsa_decrypt(None::<&mut rand::rngs::ThreadRng>, &self.0, &value).ok()?;
        let bytes = power.to_be_bytes();
        Some(bytes[bytes.len() - self.0.size()..].to_vec())
    }

    /// The modulus, big-endian, as long as a block.
    #[must_use]
    pub fn modulus(&self) -> Vec<u8> {
        self.0.n_bytes().to_vec()
    }

    /// Opens a reply's `data`: private key, padding type 2.
    ///
    /// A wrong padding is an error, as it is in the JDK. `rsa` itself would answer it with made-up bytes, which
    /// keeps an attacker from learning by trial; here nobody is attacked and a damaged reply has to show.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open(&self, data: &str) -> Result<String, OpenError> {
        let sealed = STANDARD.decode(data).map_err(|_| OpenError::NotBase64)?;
        let mut plaintext = Vec::with_capacity(sealed.len());
        for block in sealed.chunks(self.0.size()) {
            let padded = self.private_operation(block).ok_or(OpenError::NotSealed)?;
            plaintext.extend_from_slice(unpad_type_2(&padded).ok_or(OpenError::NotSealed)?);
        }
        String::from_utf8(plaintext).map_err(|_| OpenError::NotUtf8)
    }
}

/// `00 02 nonzero{8,} 00 message`: returns the message.
fn unpad_type_2(padded: &[u8]) -> Option<&[u8]> {
    let rest = padded.strip_prefix(&[0x00, 0x02])?;
    let fill = rest.iter().position(|byte| *byte == 0)?;
    (fill >= MIN_FILL_BYTES).then(|| &rest[fill + 1..])
}
