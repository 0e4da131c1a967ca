//! A transaction on chain.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

/// `txId`: a transaction's hash, with the text in which it came, since the reply repeats that text. Two are equal if
/// the chain takes them for one: a hexadecimal hash has no case.
///
/// ```
/// use waas_callback::TxId;
/// assert_eq!(TxId::from("0xAB"), TxId::from("0xab"));
/// assert_eq!(TxId::from("0xAB").text(), "0xAB");
/// ```
#[derive(Clone)]
pub struct TxId {
    text: String,
    canonical: String,
}

impl TxId {
    /// The text as it came.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The form in which two of them are compared.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }
}

impl From<&str> for TxId {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), canonical: fold(text).into_owned() }
    }
}

impl PartialEq for TxId {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for TxId {}

impl Hash for TxId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.canonical.hash(state);
    }
}

impl fmt::Debug for TxId {
    /// Nothing: a transaction leads to the addresses of users, which must not reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TxId(..)")
    }
}

/// Lower case for what is hexadecimal, with `0x` or 64 digits long: case carries no information there. Anything else
/// stays as it is.
fn fold(text: &str) -> Cow<'_, str> {
    let prefixed = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let digits = prefixed.unwrap_or(text);
    let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && (prefixed.is_some() || digits.len() == 64) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_hexadecimal_loses_its_case() {
        let hash = "B00A4AA3D6426F6409A83AE72A79DE5B559A2C339EBC89B8B75427C2600978E3";
        for (text, folded) in [
            ("0xDe0B295669a9FD93d5F28D9Ec85E40f4cb697BAe", "0xde0b295669a9fd93d5f28d9ec85e40f4cb697bae"),
            ("0XAB", "0xab"),
            (hash, &hash.to_lowercase()),
            (&hash[1..], &hash[1..]),
            ("0x", "0x"),
            ("0xZZ", "0xZZ"),
            ("TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP", "TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP"),
        ] {
            assert_eq!(fold(text), folded);
        }
    }
}
