//! The callback cipher: `RSA/ECB/PKCS1Padding` of Java, seen from the side that holds the public key.
//!
//! A request is opened as a signature is verified: each block to the power e mod n, then padding type 1. A
//! reply is sealed as a message is encrypted: padding type 2, then the same power. See RFC 8017, sections 7.2
//! and 9.2, and RFC 2313, section 8.1, for the two block types.

use std::cmp::Ordering;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_bigint::{BoxedUint, modular::BoxedMontyForm};
use rand_core::CryptoRng;
use rsa::RsaPublicKey;
use rsa::pkcs1;
use rsa::pkcs8::{Document, SubjectPublicKeyInfoRef};
use rsa::traits::PublicKeyParts as _;
use zeroize::Zeroizing;

/// The longest request body, in bytes of Base64 text, that is looked at.
///
/// The documents' deposit takes 700 bytes; one with every field at [`MAX_TEXT_BYTES`](crate::MAX_TEXT_BYTES)
/// takes 4 KiB. 64 KiB leaves room for fields that the platform may add, keeps the record far below
/// DynamoDB's 400 KB an item, and costs at most a few milliseconds to open.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

const MIN_MODULUS_BITS: u32 = 1024;
const MAX_MODULUS_BITS: u32 = 8192;
const MIN_EXPONENT: u64 = 65_537;
const MAX_EXPONENT: u64 = RsaPublicKey::MAX_PUB_EXPONENT;

/// What a PKCS#1 v1.5 block spends on padding: 00, the type, eight bytes or more, 00.
const PADDING_BYTES: usize = 11;
const MIN_FILL_BYTES: usize = 8;

/// Why a public key was refused when it was loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Neither PEM nor Base64.
    #[error("the public key is neither PEM nor Base64")]
    NotBase64,
    /// The bytes are no X.509 `SubjectPublicKeyInfo` (RFC 5280, section 4.1).
    #[error("the public key is not an X.509 SubjectPublicKeyInfo")]
    NotX509,
    /// A public key, but of another algorithm.
    #[error("the public key is not an RSA key")]
    NotRsa,
    /// A modulus that can be factored.
    #[error("the modulus has {0} bits, fewer than 1024")]
    ModulusTooSmall(u32),
    /// A modulus so long that every callback would cost too much.
    #[error("the modulus has {0} bits, more than 8192")]
    ModulusTooLarge(u32),
    /// No product of two odd primes.
    #[error("the modulus is even")]
    ModulusEven,
    /// With a small exponent, padding type 1 can be forged without the private key (Bleichenbacher, 2006).
    #[error("the public exponent is below 65537")]
    ExponentTooSmall,
    /// An exponent that makes the public operation slow.
    #[error("the public exponent is above 2^33 - 1")]
    ExponentTooLarge,
    /// No inverse exists for an even exponent.
    #[error("the public exponent is even")]
    ExponentEven,
}

/// Why a body could not be opened. For logs and tests: the platform is told the same for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Nothing to open.
    #[error("empty body")]
    Empty,
    /// More than [`MAX_BODY_BYTES`].
    #[error("body too large")]
    TooLarge,
    /// A byte outside the standard alphabet and CR, LF; or wrong Base64 padding.
    #[error("not Base64")]
    NotBase64,
    /// Not a whole number of blocks for this key.
    #[error("not a whole number of blocks")]
    NotWholeBlocks,
    /// A block's value is not below the modulus.
    #[error("block out of range")]
    BlockOutOfRange,
    /// Not padding type 1: not made with the private key, or damaged.
    #[error("wrong padding")]
    Padding,
    /// Pieces of unequal length before the last: blocks were moved, left out or put together from several bodies.
    #[error("unequal pieces")]
    UnequalPieces,
    /// The joined plaintext is not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
}

/// A callback's plaintext. Only [`PublicKey::open`] makes one, so whoever holds it knows where it came from.
/// Wiped from memory when dropped; not shown by `Debug`.
pub struct Opened(Zeroizing<String>);

impl Opened {
    /// The plaintext: by the protocol, one JSON object.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened(..)")
    }
}

/// The merchant's half of the key pair that the platform made for it.
///
/// Called public, yet to be kept as a secret: whoever has it can read captured callbacks.
#[derive(Clone)]
pub struct PublicKey {
    key: RsaPublicKey,
    exponent: u64,
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} bits)", self.key.n().bits_vartime())
    }
}

impl PublicKey {
    /// Loads a key from Base64 of X.509 DER, as the platform shows it, or from PEM (`BEGIN PUBLIC KEY`).
    /// White space around and inside the Base64 is ignored.
    ///
    /// # Errors
    ///
    /// [`KeyError`] names the broken rule.
    ///
    /// ```
    /// use waas_callback::{KeyError, PublicKey};
    /// assert_eq!(PublicKey::parse("no key").unwrap_err(), KeyError::NotBase64);
    /// ```
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let der = if text.starts_with("-----") {
            let (label, document) = Document::from_pem(text).map_err(|_| KeyError::NotBase64)?;
            if label != "PUBLIC KEY" {
                return Err(KeyError::NotX509);
            }
            document.into_vec()
        } else {
            let packed: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
            STANDARD.decode(packed).map_err(|_| KeyError::NotBase64)?
        };
        Self::from_x509(&der)
    }

    fn from_x509(der: &[u8]) -> Result<Self, KeyError> {
        let info = SubjectPublicKeyInfoRef::try_from(der).map_err(|_| KeyError::NotX509)?;
        if info.algorithm.oid != pkcs1::ALGORITHM_OID {
            return Err(KeyError::NotRsa);
        }
        let key = info.subject_public_key.as_bytes().ok_or(KeyError::NotX509)?;
        let key = pkcs1::RsaPublicKeyRef::try_from(key).map_err(|_| KeyError::NotX509)?;
        let n = BoxedUint::from_be_slice_vartime(key.modulus.as_bytes());
        let e = BoxedUint::from_be_slice_vartime(key.public_exponent.as_bytes());

        match n.bits_vartime() {
            bits if bits < MIN_MODULUS_BITS => return Err(KeyError::ModulusTooSmall(bits)),
            bits if bits > MAX_MODULUS_BITS => return Err(KeyError::ModulusTooLarge(bits)),
            _ if key.modulus.as_bytes().last().is_none_or(|byte| byte % 2 == 0) => {
                return Err(KeyError::ModulusEven);
            }
            _ => {}
        }
        let exponent = match e.bits_vartime() {
            0..=64 => key.public_exponent.as_bytes().iter().fold(0, |e, byte| e << 8 | u64::from(*byte)),
            _ => return Err(KeyError::ExponentTooLarge),
        };
        match exponent {
            e if e < MIN_EXPONENT => return Err(KeyError::ExponentTooSmall),
            e if e > MAX_EXPONENT => return Err(KeyError::ExponentTooLarge),
            e if e % 2 == 0 => return Err(KeyError::ExponentEven),
            _ => {}
        }
        let key = RsaPublicKey::new(n, e).map_err(|_| KeyError::NotX509)?;
        Ok(Self { key, exponent })
    }

    /// Opens a request body: Base64 (standard alphabet; CR and LF ignored), then block by block, then UTF-8.
    ///
    /// Blocks may carry fewer bytes than the modulus allows: encoders written for 1024 bits cut every 117
    /// bytes, whatever the key. But all of them carry as many as the first, the last at most that.
    ///
    /// # Errors
    ///
    /// [`OpenError`], for the log. Answer every one of them with the same words.
    pub fn open(&self, body: &[u8]) -> Result<Opened, OpenError> {
        if body.len() > MAX_BODY_BYTES {
            return Err(OpenError::TooLarge);
        }
        let sealed = decode_base64(body)?;
        if sealed.is_empty() {
            return Err(OpenError::Empty);
        }
        let k = self.key.size();
        if sealed.len() % k != 0 {
            return Err(OpenError::NotWholeBlocks);
        }
        let mut plaintext = Zeroizing::new(Vec::with_capacity(sealed.len()));
        let (mut first, mut last) = (None, None);
        for block in sealed.chunks_exact(k) {
            let padded = Zeroizing::new(self.public_operation(block).ok_or(OpenError::BlockOutOfRange)?);
            let piece = unpad_type_1(&padded).ok_or(OpenError::Padding)?;
            let length = *first.get_or_insert(piece.len());
            if piece.len() > length || last.is_some_and(|last| last != length) {
                return Err(OpenError::UnequalPieces);
            }
            last = Some(piece.len());
            plaintext.extend_from_slice(piece);
        }
        // Only now: a cut may fall inside a character.
        match std::str::from_utf8(&plaintext) {
            Ok(text) => Ok(Opened(Zeroizing::new(text.to_owned()))),
            Err(_) => Err(OpenError::NotUtf8),
        }
    }

    /// Seals a reply so that only the platform can read it: padding type 2 with random filling from `rng`,
    /// block by block, then Base64 without line breaks.
    ///
    /// # Panics
    ///
    /// Never: every padded block starts with 00 and so is below the modulus.
    #[must_use]
    pub fn seal<R: CryptoRng + ?Sized>(&self, plaintext: &[u8], rng: &mut R) -> String {
        let k = self.key.size();
        let mut sealed = Vec::with_capacity(plaintext.len().div_ceil(k - PADDING_BYTES) * k);
        for piece in plaintext.chunks(k - PADDING_BYTES) {
            let padded = Zeroizing::new(pad_type_2(piece, k, rng));
            #[expect(clippy::expect_used, reason = "the first byte is 00, the modulus's is not")]
            sealed.extend_from_slice(&self.public_operation(&padded).expect("below the modulus"));
        }
        STANDARD.encode(sealed)
    }

    /// `block^e mod n` as k bytes, or `None` if the block is not below n.
    ///
    /// Square-and-multiply over the exponent's bits: e is public, so nothing is gained from the
    /// constant-time window of `rsa::hazmat`, and for 65537 this is 16 squarings and one multiplication.
    fn public_operation(&self, block: &[u8]) -> Option<Vec<u8>> {
        let value = BoxedUint::from_be_slice(block, self.key.n_bits_precision()).ok()?;
        if value.cmp_vartime(self.key.n().as_ref()) != Ordering::Less {
            return None; // the multiplication would silently reduce it
        }
        let base = BoxedMontyForm::new(value, self.key.n_params());
        let mut power = base.clone();
        for bit in (0..self.exponent.ilog2()).rev() {
            power = power.square();
            if self.exponent >> bit & 1 == 1 {
                power = power.mul(&base);
            }
        }
        let bytes = power.retrieve().to_be_bytes();
        Some(bytes[bytes.len() - self.key.size()..].to_vec())
    }
}

fn decode_base64(body: &[u8]) -> Result<Vec<u8>, OpenError> {
    let decoded = if body.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        // Old Java encoders wrap at 76 columns.
        let packed: Vec<u8> = body.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
        STANDARD.decode(packed)
    } else {
        STANDARD.decode(body)
    };
    decoded.map_err(|_| OpenError::NotBase64)
}

/// `00 01 FF{8,} 00 message`: returns the message.
fn unpad_type_1(padded: &[u8]) -> Option<&[u8]> {
    let rest = padded.strip_prefix(&[0x00, 0x01])?;
    let fill = rest.iter().take_while(|byte| **byte == 0xff).count();
    if fill < MIN_FILL_BYTES {
        return None;
    }
    rest[fill..].strip_prefix(&[0x00])
}

/// `00 02 random{8,} 00 message`, the random bytes not zero.
fn pad_type_2<R: CryptoRng + ?Sized>(message: &[u8], k: usize, rng: &mut R) -> Vec<u8> {
    let mut padded = vec![0; k];
    padded[1] = 0x02;
    let separator = k - message.len() - 1;
    let fill = &mut padded[2..separator];
    rng.fill_bytes(fill);
    for byte in fill {
        while *byte == 0 {
            rng.fill_bytes(std::slice::from_mut(byte));
        }
    }
    padded[separator + 1..].copy_from_slice(message);
    padded
}
