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

    /// Takes over the end of `current`'s API key where that is the same key: an end that is set later holds for
    /// the version before it too.
    pub(crate) fn end_with(&mut self, current: &Self) {
        if self.callback_api_key == current.callback_api_key {
            self.not_after = current.not_after;
        }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A public key of each length, in Base64 as the platform shows it: a length tells which one was taken.
    fn public_key(bits: u64) -> String {
        let vectors: Vec<Value> =
            serde_json::from_str(include_str!("../../../events/jdk/vectors.json")).unwrap();
        let vector = vectors.iter().find(|vector| vector["bits"] == bits).unwrap();
        vector["publicKey"].as_str().unwrap().to_owned()
    }

    /// The least that a secret holds.
    fn required() -> Value {
        json!({ "publicKey": public_key(1024), "apiKey": "ours" })
    }

    fn with(field: &str, value: impl Into<Value>) -> Value {
        let mut secret = required();
        secret[field] = value.into();
        secret
    }

    fn without(field: &str) -> Value {
        let mut secret = required();
        secret.as_object_mut().unwrap().remove(field);
        secret
    }

    fn parse(secret: &Value) -> Result<Secret, SecretError> {
        Secret::parse(&secret.to_string())
    }

    fn error(secret: &Value) -> SecretError {
        parse(secret).unwrap_err()
    }

    fn bits(key: &PublicKey) -> String {
        format!("{key:?}")
    }

    /// 2026-11-20T10:00:00Z
    fn ten_utc() -> SystemTime {
        SystemTime::try_from(DateTime::from_secs(1_795_168_800)).unwrap()
    }

    #[test]
    fn another_api_key_is_not_admitted() {
        let secret = parse(&required()).unwrap();
        for stranger in ["", "our", "ourss", "OURS", "ours ", " ours", "ours\0", "theirs"] {
            assert!(!secret.admits(stranger.as_bytes(), ten_utc()), "{stranger:?}");
        }
        assert!(secret.admits(b"ours", ten_utc()));
    }

    #[test]
    fn a_callback_api_key_takes_the_place_of_the_api_key_in_requests_alone() {
        let secret = parse(&with("callbackApiKey", "theirs")).unwrap();
        assert!(!secret.admits(b"ours", ten_utc()));
        assert!(secret.admits(b"theirs", ten_utc()));
        assert_eq!(secret.api_key, "ours");
    }

    #[test]
    fn an_end_that_is_set_later_holds_for_the_version_before_it() {
        let current = parse(&with("callbackApiKeyNotAfter", "2026-11-20T10:00:00Z")).unwrap();
        let mut same_key = parse(&required()).unwrap();
        same_key.end_with(&current);
        assert!(same_key.admits(b"ours", ten_utc()) && !same_key.admits(b"ours", ten_utc() + SECOND));
        let mut other_key = parse(&with("callbackApiKey", "before")).unwrap();
        other_key.end_with(&current);
        assert!(other_key.admits(b"before", ten_utc() + SECOND), "a rotated key keeps its own end");
    }

    #[test]
    fn without_a_response_public_key_replies_are_sealed_with_the_public_key() {
        let secret = parse(&required()).unwrap();
        assert_eq!(bits(&secret.response_public_key), "PublicKey(1024 bits)");

        let secret = parse(&with("responsePublicKey", public_key(2048))).unwrap();
        assert_eq!(bits(&secret.public_key), "PublicKey(1024 bits)");
        assert_eq!(bits(&secret.response_public_key), "PublicKey(2048 bits)");
    }

    #[test]
    fn a_key_is_admitted_until_the_very_second_of_its_end() {
        let secret = parse(&with("callbackApiKeyNotAfter", "2026-11-20T10:00:00Z")).unwrap();
        assert!(secret.admits(b"ours", SystemTime::UNIX_EPOCH));
        assert!(secret.admits(b"ours", ten_utc() - SECOND));
        assert!(secret.admits(b"ours", ten_utc()));
        assert!(!secret.admits(b"ours", ten_utc() + SECOND));
        assert!(!secret.admits(b"theirs", ten_utc()), "a valid time admits no other key");
    }

    #[test]
    fn the_end_may_be_given_with_any_offset_and_fractions_of_a_second() {
        for time in [
            "2026-11-20T18:00:00+08:00",
            "2026-11-20T05:00:00-05:00",
            "2026-11-20T15:30:00+05:30",
            "2026-11-20T10:00:00.000Z",
            "2026-11-20T10:00:00+00:00",
        ] {
            let secret = parse(&with("callbackApiKeyNotAfter", time)).unwrap();
            assert_eq!(secret.not_after, Some(ten_utc()), "{time}");
        }
    }

    #[test]
    fn an_end_that_is_no_rfc_3339_time_is_refused_rather_than_ignored() {
        for time in [
            "tomorrow",
            "2026-11-20",
            "2026-11-20T10:00:00",
            "2026-13-20T10:00:00Z",
            "2026-11-20T25:00:00Z",
            "1795168800",
            "Fri, 20 Nov 2026 10:00:00 GMT",
        ] {
            assert_eq!(error(&with("callbackApiKeyNotAfter", time)), SecretError::NotAfter, "{time}");
        }
    }

    #[test]
    fn an_empty_field_counts_as_missing() {
        for empty in ["", " ", "\t\r\n"] {
            assert_eq!(error(&with("apiKey", empty)), SecretError::Missing("apiKey"));
            assert_eq!(error(&with("publicKey", empty)), SecretError::Missing("publicKey"));

            let mut secret = required();
            for optional in ["callbackApiKey", "callbackApiKeyNotAfter", "responsePublicKey"] {
                secret[optional] = empty.into();
            }
            let secret = parse(&secret).unwrap();
            assert!(secret.admits(b"ours", ten_utc()) && !secret.admits(empty.as_bytes(), ten_utc()));
            assert_eq!(secret.not_after, None);
            assert_eq!(bits(&secret.response_public_key), "PublicKey(1024 bits)");
        }
    }

    #[test]
    fn a_required_field_that_is_absent_or_null_is_named() {
        for field in ["apiKey", "publicKey"] {
            assert_eq!(error(&without(field)), SecretError::Missing(field));
            assert_eq!(error(&with(field, Value::Null)), SecretError::Missing(field));
        }
    }

    #[test]
    fn what_is_no_object_of_strings_is_refused() {
        for json in ["", "ours", "null", "\"ours\"", "{", "{} {}", "{\"apiKey\":\"a\",\"apiKey\":\"b\"}"] {
            assert_eq!(Secret::parse(json).unwrap_err(), SecretError::NotJson, "{json}");
        }
        for wrong in [json!(1), json!(true), json!(["ours"]), json!({ "key": "ours" })] {
            assert_eq!(error(&with("apiKey", wrong.clone())), SecretError::NotJson, "{wrong}");
        }
    }

    #[test]
    fn fields_of_others_are_left_alone() {
        assert!(parse(&with("note", json!({ "rotated": true }))).is_ok());
    }

    #[test]
    fn a_bad_key_is_refused_under_the_name_of_its_field() {
        for field in ["publicKey", "responsePublicKey"] {
            for (text, cause) in [("no key", KeyError::NotBase64), ("AAAA", KeyError::NotX509)] {
                assert_eq!(error(&with(field, text)), SecretError::Key { field, cause });
            }
        }
    }

    #[test]
    fn neither_a_secret_nor_its_errors_show_a_value() {
        assert_eq!(format!("{:?}", parse(&required()).unwrap()), "Secret(..)");
        for secret in [
            with("publicKey", "a-private-value"),
            with("responsePublicKey", "a-private-value"),
            with("callbackApiKeyNotAfter", "a-private-value"),
            with("apiKey", json!({ "a-private-value": 1 })),
        ] {
            let error = error(&secret);
            assert!(!format!("{error} {error:?}").contains("a-private-value"), "{error}");
        }
    }
}
