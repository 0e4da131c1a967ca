//! The contract with the outside of the functions that call the platform, beside that of every function.

use std::time::Duration;

use waas_callback_aws::ConfigError;
use waas_client::{PlatformUrl, UserId};

/// What the functions that call the platform are told besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// `WAAS_PLATFORM_URL`.
    pub platform_url: PlatformUrl,
    /// `WAAS_USER_ID`: the merchant's own id at the platform.
    pub user_id: UserId,
    /// `WAAS_VERIFY_UNKNOWN_SECONDS`: how long the platform may know nothing of what it is asked about before a person
    /// has to look; a day if it is not set.
    pub unknown_for: Duration,
    /// `WAAS_SUBMISSION_UNCLEAR_SECONDS`: how long it may be unclear whether the platform has an order before a person has
    /// to look; an hour if it is not set.
    pub unclear_for: Duration,
}

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const MONTH: Duration = Duration::from_hours(31 * 24);

/// Why the environment cannot be used. Shows names, never values.
pub type EnvironmentError = ConfigError;

impl Environment {
    /// Reads it through `lookup`, in a Lambda `|name| std::env::var(name).ok()`.
    ///
    /// # Errors
    ///
    /// [`EnvironmentError`] for the first variable that is missing or malformed.
    ///
    /// ```
    /// use waas_callback_worker::{Environment, EnvironmentError};
    /// let nothing = Environment::read(|_| None).unwrap_err();
    /// assert_eq!(nothing, EnvironmentError::Missing("WAAS_PLATFORM_URL"));
    /// ```
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, EnvironmentError> {
        let optional =
            |name: &str| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let required = |name| optional(name).ok_or(EnvironmentError::Missing(name));
        let malformed = |name, expected| EnvironmentError::Malformed { name, expected };
        let platform_url = required("WAAS_PLATFORM_URL")?;
        let platform_url =
            platform_url.parse().map_err(|_| malformed("WAAS_PLATFORM_URL", "an https URL"))?;
        let user_id = required("WAAS_USER_ID")?;
        let user_id = user_id.parse().map_err(|_| malformed("WAAS_USER_ID", "a whole number"))?;
        let time = |name, usual| match optional(name) {
            None => Ok(usual),
            Some(text) => {
                let seconds = text.parse().ok().map(Duration::from_secs).filter(|time| *time <= MONTH);
                seconds.ok_or(malformed(name, "a number of seconds, at most a month"))
            }
        };
        let unknown_for = time("WAAS_VERIFY_UNKNOWN_SECONDS", DAY)?;
        let unclear_for = time("WAAS_SUBMISSION_UNCLEAR_SECONDS", HOUR)?;
        Ok(Self { platform_url, user_id, unknown_for, unclear_for })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variable: &str, value: Option<&str>) -> Result<Environment, EnvironmentError> {
        Environment::read(|name| match name {
            name if name == variable => value.map(str::to_owned),
            "WAAS_PLATFORM_URL" => Some("https://waas.example".to_owned()),
            "WAAS_USER_ID" => Some("1308734".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn what_is_missing_or_malformed_is_named() {
        let usual = read("", None).unwrap();
        assert_eq!((usual.user_id, usual.unknown_for, usual.unclear_for), (1_308_734.into(), DAY, HOUR));
        for name in ["WAAS_PLATFORM_URL", "WAAS_USER_ID"] {
            for nothing in [None, Some(""), Some("  ")] {
                assert_eq!(read(name, nothing), Err(EnvironmentError::Missing(name)));
            }
        }
        for (name, value) in [
            ("WAAS_PLATFORM_URL", "http://waas.example"),
            ("WAAS_PLATFORM_URL", "waas"),
            ("WAAS_USER_ID", "-1"),
            ("WAAS_USER_ID", "me"),
            ("WAAS_VERIFY_UNKNOWN_SECONDS", "a day"),
            ("WAAS_VERIFY_UNKNOWN_SECONDS", "2678401"),
            ("WAAS_SUBMISSION_UNCLEAR_SECONDS", "-1"),
        ] {
            let error = read(name, Some(value)).unwrap_err();
            assert!(
                matches!(error, EnvironmentError::Malformed { name: of, .. } if of == name),
                "{name}={value}"
            );
        }
        let limit = read("WAAS_VERIFY_UNKNOWN_SECONDS", Some("0")).unwrap().unknown_for;
        assert_eq!(limit, Duration::ZERO);
    }
}
