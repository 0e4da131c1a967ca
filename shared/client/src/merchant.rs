//! Who is calling.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use waas_callback::PublicKey;

/// What the platform gave the merchant, and knows it by.
#[derive(Debug, Clone)]
pub struct Merchant {
    /// Names the merchant in every call.
    pub api_key: ApiKey,
    /// Seals what is asked and opens what is answered. Test and production have different ones.
    pub public_key: PublicKey,
    /// The merchant's own id at the platform.
    pub user_id: UserId,
}

/// The key that the merchant calls the platform with: the header `X-API-KEY`. A secret; `Debug` shows nothing of it.
///
/// The documents disagree on whether it is the key with which the platform calls the merchant too, so take it
/// for another one until yours says that they are the same.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(Box<str>);

/// An API key that cannot be a header's value: empty, or with a character that is not printable ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the API key is empty or holds white space or a character that is not printable ASCII")]
pub struct ApiKeyError;

impl ApiKey {
    /// Takes a key as the platform shows it, without white space around it.
    ///
    /// # Errors
    ///
    /// [`ApiKeyError`].
    ///
    /// ```
    /// use waas_client::{ApiKey, ApiKeyError};
    /// let key = ApiKey::parse("53af2797-3eca-4412-b0cc-15273afe2d3e")?;
    /// assert_eq!(format!("{key:?}"), "ApiKey(..)");
    /// assert_eq!(ApiKey::parse("two\r\nlines"), Err(ApiKeyError));
    /// # Ok::<(), ApiKeyError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, ApiKeyError> {
        let is_printable = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_printable { Ok(Self(text.into())) } else { Err(ApiKeyError) }
    }

    /// The key itself, for the header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(..)")
    }
}

/// `userId`: the merchant's own id at the platform, an integer. Not a user's: those are named by `tenantUserId`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
pub struct UserId(u64);

impl From<u64> for UserId {
    fn from(id: u64) -> Self {
        Self(id)
    }
}

impl FromStr for UserId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}
