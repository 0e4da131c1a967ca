//! The merchant's id of a withdrawal.

use std::fmt;

/// `callBackId`: the merchant's id of a withdrawal, unique in the merchant's own system. The platform names the
/// withdrawal by it in types 2, 3, 5, 6 and 7.
///
/// ```
/// use waas_callback::CallBackId;
/// let id = CallBackId::from("250624392590001");
/// assert_eq!(id.as_str(), "250624392590001");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallBackId(String);

impl CallBackId {
    /// The id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for CallBackId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for CallBackId {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for CallBackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
