//! The two AWS clients, configured by hand: the general loader costs 0.25 ms and 0.9 MB at every cold start.

use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Region, StalledStreamProtectionConfig, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_types::SdkConfig;

use crate::config::Config;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// One request. A whole commit is bounded in `retry`, and Lambda gives ten seconds to init.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);
const SECRETS_ATTEMPTS: u32 = 3;

/// The roots that AWS's endpoints chain to (Amazon Trust Services, <https://www.amazontrust.com/repository/>).
const AMAZON_ROOTS: &str = include_str!("amazon-roots.pem");

/// Which certificate authorities to trust. Reading all that a system trusts takes longer than the rest of init,
/// so for AWS's own endpoints it is the few that sign them; for any other, and for the partitions that have
/// their own, it is the system's.
fn trusted(config: &Config) -> TrustStore {
    let endpoints = [&config.dynamodb_endpoint, &config.secrets_manager_endpoint];
    let is_other = endpoints.into_iter().flatten().any(|url| url.starts_with("https:"));
    if is_other || config.region.starts_with("cn-") || config.region.contains("-iso") {
        TrustStore::default()
    } else {
        TrustStore::empty().with_pem_certificate(AMAZON_ROOTS)
    }
}

/// What both have in common. TLS is rustls with ring: AWS-LC spends 30 ms on its first random number.
///
/// # Panics
///
/// Never: a context of a trust store alone always builds.
#[expect(clippy::expect_used, reason = "the builder's only error is a malformed server name")]
fn shared(config: &Config) -> SdkConfig {
    let tls = TlsContext::builder().with_trust_store(trusted(config)).build().expect("builds");
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    let http = http.tls_context(tls);
    let timeouts = TimeoutConfig::builder();
    let timeouts = timeouts.connect_timeout(CONNECT_TIMEOUT).operation_attempt_timeout(ATTEMPT_TIMEOUT);
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(config.region.clone()))
        .credentials_provider(SharedCredentialsProvider::new(config.credentials.clone()))
        .http_client(http.build_https())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .timeout_config(timeouts.build())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build()
}

/// A DynamoDB client without retries of its own: it does not know an invocation's deadline.
#[must_use]
pub fn dynamodb(config: &Config) -> aws_sdk_dynamodb::Client {
    let mut builder = aws_sdk_dynamodb::config::Builder::from(&shared(config));
    builder.set_endpoint_url(config.dynamodb_endpoint.clone());
    aws_sdk_dynamodb::Client::from_conf(builder.retry_config(RetryConfig::disabled()).build())
}

/// A Secrets Manager client that tries three times, within the time that Lambda gives to init.
#[must_use]
pub fn secrets_manager(config: &Config) -> aws_sdk_secretsmanager::Client {
    let mut builder = aws_sdk_secretsmanager::config::Builder::from(&shared(config));
    builder.set_endpoint_url(config.secrets_manager_endpoint.clone());
    let retries = RetryConfig::standard().with_max_attempts(SECRETS_ATTEMPTS);
    aws_sdk_secretsmanager::Client::from_conf(builder.retry_config(retries).build())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn the_roots_are_those_that_amazon_publishes() {
        // SHA-256 as listed at https://www.amazontrust.com/repository/
        let published = [
            "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
            "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
            "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
            "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
            "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
        ];
        let certificates = AMAZON_ROOTS.split("-----BEGIN CERTIFICATE-----").skip(1).map(|rest| {
            let packed = rest.split("-----END").next().unwrap().replace('\n', "");
            let der = base64::engine::general_purpose::STANDARD.decode(packed).unwrap();
            hex::encode(Sha256::digest(der))
        });
        assert_eq!(certificates.collect::<Vec<_>>(), published);
    }

    fn config(changes: &[(&str, &str)]) -> Config {
        Config::read(|name| {
            let change = changes.iter().find(|(of, _)| *of == name).map(|(_, value)| *value);
            let usual = match name {
                "AWS_REGION" => Some("eu-central-1"),
                name if name.starts_with("AWS_ENDPOINT") || name.starts_with("WAAS_RISK") => None,
                "WAAS_CONFIRMATION_MAX_AGE_SECONDS" | "WAAS_ACTUAL_BELOW_ORDER" => None,
                "WAAS_VERIFY" => Some("true"),
                _ => Some("value"),
            };
            change.or(usual).map(str::to_owned)
        })
        .unwrap()
    }

    #[test]
    fn only_awss_own_endpoints_are_held_to_amazons_roots() {
        let trusts_system =
            |changes| format!("{:?}", trusted(&config(changes))).contains("enable_native_roots: true");
        assert!(!trusts_system(&[]));
        assert!(!trusts_system(&[("AWS_ENDPOINT_URL", "http://127.0.0.1:1")]), "no certificates at all");
        assert!(trusts_system(&[("AWS_ENDPOINT_URL_DYNAMODB", "https://dynamodb.example")]));
        assert!(trusts_system(&[("AWS_REGION", "cn-north-1")]));
        assert!(trusts_system(&[("AWS_REGION", "us-iso-east-1")]));
        _ = (dynamodb(&config(&[])), secrets_manager(&config(&[]))); // the roots load
    }
}
