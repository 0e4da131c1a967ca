//! A transaction on chain.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::hexadecimal::fold;

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
