//! Who is paid, on a chain.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::hexadecimal::fold;

/// An address on a chain, with the text in which it came, since replies repeat that text. Two are equal if the chain
/// takes them for one: hexadecimal addresses have no case, Base58 has.
#[derive(Clone)]
pub struct Address {
    text: String,
    canonical: String,
}

impl Address {
    /// As it came in a callback: never refused for its form.
    #[must_use]
    pub fn reported(_chain_name: &str, text: &str) -> Self {
        Self { text: text.to_owned(), canonical: fold(text).into_owned() }
    }

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
    /// Nothing: addresses of users must not reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}
