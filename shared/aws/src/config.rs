//! The contract with the outside: environment variables, read once and in one place.

use std::time::Duration;

use aws_credential_types::Credentials;
use lambda_http::http::Uri;
use waas_callback::{ActualBelowOrder, Policy};

/// Everything that a function is told by its environment.
#[derive(Debug, Clone)]
pub struct Config {
    /// `WAAS_SECRET_ID`: name or ARN of the secret.
    pub secret_id: String,
    /// The six tables.
    pub tables: TableNames,
    /// `AWS_REGION`.
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, where set, `AWS_SESSION_TOKEN`. Lambda sets them anew
    /// for each execution environment; they hold for its whole life.
    pub credentials: Credentials,
    /// `AWS_ENDPOINT_URL_DYNAMODB`, else `AWS_ENDPOINT_URL`, else AWS's own.
    pub dynamodb_endpoint: Option<String>,
    /// `AWS_ENDPOINT_URL_SECRETS_MANAGER`, else `AWS_ENDPOINT_URL`, else AWS's own.
    pub secrets_manager_endpoint: Option<String>,
    /// The merchant's settings: `WAAS_RISK_THRESHOLD`, `WAAS_CONFIRMATION_MAX_AGE_SECONDS`,
    /// `WAAS_ACTUAL_BELOW_ORDER`; see [`Policy`] for what holds where they are not set. `WAAS_VERIFY` has to be set, to
    /// `true` or `false`, so that nobody is without verification by accident.
    pub policy: Policy,
}

/// Names (or ARNs) of the DynamoDB tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableNames {
    /// `REQUESTS_TABLE`
    pub requests: String,
    /// `EVENTS_TABLE`
    pub events: String,
    /// `BALANCES_TABLE`
    pub balances: String,
    /// `WITHDRAWALS_TABLE`
    pub withdrawals: String,
    /// `ADDRESSES_TABLE`
    pub addresses: String,
    /// `CASES_TABLE`
    pub cases: String,
}

/// Why the environment cannot be used. Shows names, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not set, or empty.
    #[error("environment variable {0} is not set")]
    Missing(&'static str),
    /// Set to something that cannot be used.
    #[error("environment variable {name} is not {expected}")]
    Malformed {
        /// The variable.
        name: &'static str,
        /// What it should be.
        expected: &'static str,
    },
}

impl Config {
    /// Reads the configuration through `lookup`, in a Lambda `|name| std::env::var(name).ok()`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for the first variable that is missing or malformed.
    ///
    /// ```
    /// use waas_callback_aws::{Config, ConfigError};
    /// let nothing = Config::read(|_| None).unwrap_err();
    /// assert_eq!(nothing, ConfigError::Missing("WAAS_SECRET_ID"));
    /// ```
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let optional =
            |name: &str| lookup(name).map(|value| value.trim().to_owned()).filter(|v| !v.is_empty());
        let required = |name| optional(name).ok_or(ConfigError::Missing(name));
        let table = |name| {
            let value = required(name)?;
            let is_name = value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-:/".contains(&b));
            if is_name && (3..=1024).contains(&value.len()) {
                Ok(value)
            } else {
                Err(ConfigError::Malformed { name, expected: "a DynamoDB table's name or ARN" })
            }
        };
        let endpoint = |name: &'static str| {
            let (name, url) = match optional(name) {
                Some(url) => (name, url),
                None => match optional("AWS_ENDPOINT_URL") {
                    Some(url) => ("AWS_ENDPOINT_URL", url),
                    None => return Ok(None),
                },
            };
            let uri = url.parse::<Uri>().ok();
            let scheme = uri.as_ref().and_then(|uri| uri.host().and(uri.scheme_str()));
            match scheme {
                Some("http" | "https") => Ok(Some(url)),
                _ => Err(ConfigError::Malformed { name, expected: "an http or https URL" }),
            }
        };
        let region = |name| {
            let value = required(name)?;
            let is_region = value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            if is_region {
                Ok(value)
            } else {
                Err(ConfigError::Malformed { name, expected: "an AWS region" })
            }
        };
        Ok(Self {
            secret_id: required("WAAS_SECRET_ID")?,
            tables: TableNames {
                requests: table("REQUESTS_TABLE")?,
                events: table("EVENTS_TABLE")?,
                balances: table("BALANCES_TABLE")?,
                withdrawals: table("WITHDRAWALS_TABLE")?,
                addresses: table("ADDRESSES_TABLE")?,
                cases: table("CASES_TABLE")?,
            },
            region: region("AWS_REGION")?,
            credentials: Credentials::new(
                required("AWS_ACCESS_KEY_ID")?,
                required("AWS_SECRET_ACCESS_KEY")?,
                optional("AWS_SESSION_TOKEN"),
                None,
                "environment",
            ),
            policy: policy(optional, required)?,
            dynamodb_endpoint: endpoint("AWS_ENDPOINT_URL_DYNAMODB")?,
            secrets_manager_endpoint: endpoint("AWS_ENDPOINT_URL_SECRETS_MANAGER")?,
        })
    }
}

fn policy(
    optional: impl Fn(&str) -> Option<String>,
    required: impl Fn(&'static str) -> Result<String, ConfigError>,
) -> Result<Policy, ConfigError> {
    let verify = match &*required("WAAS_VERIFY")? {
        "true" => true,
        "false" => false,
        _ => return Err(ConfigError::Malformed { name: "WAAS_VERIFY", expected: "true or false" }),
    };
    let mut policy = Policy { verify, ..Policy::default() };
    let number = |name: &'static str, most: u64, expected| match optional(name) {
        Some(text) => match text.parse::<u64>() {
            Ok(number) if number <= most => Ok(Some(number)),
            _ => Err(ConfigError::Malformed { name, expected }),
        },
        None => Ok(None),
    };
    let threshold = number("WAAS_RISK_THRESHOLD", 100, "a whole number from 0 to 100")?;
    policy.risk_threshold = threshold.and_then(|threshold| u8::try_from(threshold).ok());
    let year = 366 * 24 * 60 * 60;
    if let Some(age) =
        number("WAAS_CONFIRMATION_MAX_AGE_SECONDS", year, "a number of seconds, at most a year")?
    {
        policy.confirmation_max_age = Duration::from_secs(age);
    }
    policy.actual_below_order = match optional("WAAS_ACTUAL_BELOW_ORDER").as_deref() {
        None | Some("contradiction") => ActualBelowOrder::Contradiction,
        Some("fee") => ActualBelowOrder::Fee,
        Some(_) => {
            let expected = "contradiction or fee";
            return Err(ConfigError::Malformed { name: "WAAS_ACTUAL_BELOW_ORDER", expected });
        }
    };
    Ok(policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: [(&str, &str); 11] = [
        ("WAAS_SECRET_ID", "waas"),
        ("WAAS_VERIFY", "true"),
        ("REQUESTS_TABLE", "Requests"),
        ("EVENTS_TABLE", "Events"),
        ("BALANCES_TABLE", "Balances"),
        ("WITHDRAWALS_TABLE", "Withdrawals"),
        ("ADDRESSES_TABLE", "arn:aws:dynamodb:eu-central-1:123456789012:table/Addresses"),
        ("CASES_TABLE", "Cases"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];

    fn read(change: (&str, Option<&str>)) -> Result<Config, ConfigError> {
        Config::read(|name| {
            if name == change.0 {
                return change.1.map(str::to_owned);
            }
            COMPLETE.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn every_missing_variable_is_named() {
        for (name, _) in COMPLETE {
            assert_eq!(read((name, None)).unwrap_err(), ConfigError::Missing(name));
            assert_eq!(read((name, Some("  "))).unwrap_err(), ConfigError::Missing(name));
        }
    }

    #[test]
    fn malformed_values_are_named_but_not_shown() {
        for (name, value) in [
            ("EVENTS_TABLE", "Events Table"),
            ("EVENTS_TABLE", "x"),
            ("AWS_REGION", "eu central"),
            ("AWS_ENDPOINT_URL", "ftp://127.0.0.1"),
            ("AWS_ENDPOINT_URL_DYNAMODB", "127.0.0.1:8000"),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://"),
            ("WAAS_RISK_THRESHOLD", "101"),
            ("WAAS_RISK_THRESHOLD", "-1"),
            ("WAAS_CONFIRMATION_MAX_AGE_SECONDS", "1h"),
            ("WAAS_ACTUAL_BELOW_ORDER", "ignore"),
            ("WAAS_VERIFY", "yes"),
            ("WAAS_VERIFY", "TRUE"),
        ] {
            let error = read((name, Some(value))).unwrap_err();
            assert!(matches!(error, ConfigError::Malformed { name: named, .. } if named == name), "{error}");
            assert!(!error.to_string().contains(value));
        }
    }

    #[test]
    fn an_endpoint_of_a_service_wins_over_the_common_one() {
        let common = read(("AWS_ENDPOINT_URL", Some("http://127.0.0.1:1"))).unwrap();
        assert_eq!(common.dynamodb_endpoint.as_deref(), Some("http://127.0.0.1:1"));
        assert_eq!(common.secrets_manager_endpoint.as_deref(), Some("http://127.0.0.1:1"));
        let own = read(("AWS_ENDPOINT_URL_DYNAMODB", Some("http://127.0.0.1:2"))).unwrap();
        assert_eq!(own.dynamodb_endpoint.as_deref(), Some("http://127.0.0.1:2"));
        assert_eq!(own.secrets_manager_endpoint, None);
    }

    #[test]
    fn settings_have_defaults_that_check_the_most() {
        let policy = |name, value| read((name, Some(value))).unwrap().policy;
        assert_eq!(read(("", None)).unwrap().policy, Policy::default());
        assert_eq!(policy("WAAS_RISK_THRESHOLD", "65").risk_threshold, Some(65));
        assert_eq!(policy("WAAS_CONFIRMATION_MAX_AGE_SECONDS", "0").confirmation_max_age, Duration::ZERO);
        assert!(!policy("WAAS_VERIFY", "false").verify);
        assert_eq!(policy("WAAS_ACTUAL_BELOW_ORDER", "fee").actual_below_order, ActualBelowOrder::Fee);
    }

    #[test]
    fn debug_shows_no_credentials() {
        let shown = format!("{:?}", read(("AWS_SECRET_ACCESS_KEY", Some("very-secret"))).unwrap());
        assert!(!shown.contains("very-secret"));
    }
}
