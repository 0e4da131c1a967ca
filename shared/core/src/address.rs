//! Addresses as their chain compares them: one canonical form for each, so that letter case blocks no payment.

mod base58;
mod bech32;
mod bitcoin;
mod evm;
mod family;

use std::fmt;
use std::hash::{Hash, Hasher};

use family::Family;

/// The longest address that we register. The longest that we know of, Cardano's of the first era, has 104 bytes.
const MAX_BYTES: usize = 128;

/// An address on a chain, with the text in which it came. Two are equal if the chain takes them for one.
///
/// Compare addresses of one chain only: the chain is not part of it. `Debug` shows no text, so that addresses
/// of users reach no log.
///
/// ```
/// use waas_callback::Address;
/// let ours = Address::registered("ETH", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")?;
/// let theirs = Address::reported("ETH", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed");
/// assert_eq!(ours, theirs);
/// assert_eq!(ours.text(), "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");
/// # Ok::<(), waas_callback::AddressError>(())
/// ```
#[derive(Clone)]
pub struct Address {
    text: String,
    canonical: String,
}

/// Why an address is not registered. Says which rule is broken and never shows the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is nothing.
    #[error("the address is empty")]
    Empty,
    /// More than 128 bytes.
    #[error("the address is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// White space, a control character, or anything outside of ASCII.
    #[error("the address holds white space or a character that is not printable ASCII")]
    NotPrintable,
    /// EVM: anything but `0x` and 40 hexadecimal digits.
    #[error("the address is not 0x and 40 hexadecimal digits")]
    NotEvm,
    /// EVM: `0X`, which most wallets do not read.
    #[error("the address begins with 0X; write 0x")]
    EvmPrefix,
    /// EVM: upper and lower case together, but not as EIP-55 has them.
    #[error("the address's upper and lower case do not match its EIP-55 checksum; all lower case has none")]
    Eip55,
    /// Base58: a character that its alphabet lacks, as `0`, `O`, `I` and `l`.
    #[error("the address holds a character that Base58 lacks")]
    NotBase58,
    /// Base58: more or fewer bytes than the chain's addresses have.
    #[error("the address is too short or too long for its chain")]
    Base58Length,
    /// `Base58Check`: a mistyped character, or one in the wrong case.
    #[error("the address's Base58Check checksum is wrong")]
    Base58Checksum,
    /// Well formed, but another chain's or another network's of this chain.
    #[error("the address is another chain's or network's")]
    OtherNetwork,
    /// Bech32: upper and lower case together (BIP-173).
    #[error("the address mixes upper and lower case, which Bech32 forbids")]
    Bech32Case,
    /// Bech32: a character that its alphabet lacks, as `1`, `b`, `i` and `o`, or a part that is missing.
    #[error("the address begins as Bech32 and is none")]
    NotBech32,
    /// Bech32 or Bech32m: a mistyped character, or the checksum of the other of the two (BIP-350).
    #[error("the address's Bech32 checksum is wrong")]
    Bech32Checksum,
    /// Bech32: a version, length or padding that no witness program has.
    #[error("the address holds no valid witness program")]
    WitnessProgram,
}

impl Address {
    /// An address as a callback has it: never refused for its form.
    ///
    /// What is no address in the chain's family is compared as text, nothing trimmed; only `0x…` hexadecimal is
    /// compared in lower case on every chain, since no encoding gives its case a meaning. Where case is no more than a
    /// checksum, a wrong checksum is no other payee: a mixed case that EIP-55 or BIP-173 forbids equals lower case.
    #[must_use]
    pub fn reported(chain_name: &str, text: &str) -> Self {
        Self { text: text.to_owned(), canonical: Family::of(chain_name).compared(text) }
    }

    /// An address as the merchant registers it. The text is kept: the platform is answered with it.
    ///
    /// # Errors
    ///
    /// The first rule of the chain's family that it breaks.
    pub fn registered(chain_name: &str, text: &str) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if text.len() > MAX_BYTES {
            return Err(AddressError::TooLong);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(AddressError::NotPrintable);
        }
        let canonical = Family::of(chain_name).validated(text)?;
        Ok(Self { text: text.to_owned(), canonical })
    }

    /// The text as it came.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The canonical form: what keys, conditions and digests are made of.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for Address {}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.canonical.hash(state);
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
