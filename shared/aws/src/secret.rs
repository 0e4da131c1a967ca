//! One version of the merchant's secret.

use std::fmt;
use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use waas_callback::{KeyError, PublicKey};

/// The keys that go together: one version of the secret.
pub(crate) struct Secret {
    /// Echoed in replies; the merchant's key towards the platform.
    pub(crate) api_key: String,
    /// Opens requests.
    pub(crate) public_key: PublicKey,
    /// Seals replies.
    pub(crate) response_public_key: PublicKey,
    callback_api_key: [u8; 32],
    not_after: Option<SystemTime>,
}

/// Why a secret's value cannot be used. Names fields, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Not a JSON object of texts.
    #[error("it is not a JSON object of strings")]
    NotJson,
    /// A required field is missing or empty.
    #[error("its field {0} is missing")]
    Missing(&'static str),
    /// A key that cannot be used.
    #[error("its field {field}: {cause}")]
    Key {
        /// `publicKey` or `responsePublicKey`.
        field: &'static str,
        /// The broken rule.
        cause: KeyError,
    },
    /// Not a time as in RFC 3339.
    #[error("its field callbackApiKeyNotAfter is not an RFC 3339 time")]
    NotAfter,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    public_key: Option<String>,
    api_key: Option<String>,
    callback_api_key: Option<String>,
    callback_api_key_not_after: Option<String>,
    response_public_key: Option<String>,
}

impl Secret {
    pub(crate) fn parse(json: &str) -> Result<Self, SecretError> {
        let fields: Fields = serde_json::from_str(json).map_err(|_| SecretError::NotJson)?;
        let given = |value: Option<String>| value.filter(|value| !value.trim().is_empty());
        let key =
            |field, text: &str| PublicKey::parse(text).map_err(|cause| SecretError::Key { field, cause });
        let api_key = given(fields.api_key).ok_or(SecretError::Missing("apiKey"))?;
        let public_key = given(fields.public_key).ok_or(SecretError::Missing("publicKey"))?;
        let public_key = key("publicKey", &public_key)?;
        let response_public_key = match given(fields.response_public_key) {
            Some(text) => key("responsePublicKey", &text)?,
            None => public_key.clone(),
        };
        let not_after = match given(fields.callback_api_key_not_after) {
            Some(text) => {
                let time = DateTime::from_str(&text, Format::DateTimeWithOffset);
                let time = time.ok().and_then(|time| SystemTime::try_from(time).ok());
                Some(time.ok_or(SecretError::NotAfter)?)
            }
            None => None,
        };
        let callback_api_key = given(fields.callback_api_key).unwrap_or_else(|| api_key.clone());
        Ok(Self {
            callback_api_key: Sha256::digest(callback_api_key).into(),
            api_key,
            public_key,
            response_public_key,
            not_after,
        })
    }

    /// Is this the API key that the platform calls us with, and still valid? Takes the same time whatever
    /// the key is: digests of equal length are compared in constant time.
    pub(crate) fn admits(&self, api_key: &[u8], now: SystemTime) -> bool {
        let given: [u8; 32] = Sha256::digest(api_key).into();
        let equal = bool::from(given.ct_eq(&self.callback_api_key));
        equal && self.not_after.is_none_or(|not_after| now <= not_after)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
