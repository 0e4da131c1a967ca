//! The two AWS clients, configured by hand: the general loader costs 0.25 ms and 0.9 MB at every cold start.

use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Region, StalledStreamProtectionConfig, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::config::Config;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// One DynamoDB request; the whole commit is bounded in `retry`.
const DYNAMODB_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);
/// Within Lambda's ten seconds for init.
const SECRETS_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);
const SECRETS_ATTEMPTS: u32 = 3;

/// One connection pool for both services, on rustls with ring: AWS-LC spends 30 ms on its first random number.
fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

/// A DynamoDB client without retries of its own.
#[must_use]
pub fn dynamodb(config: &Config) -> aws_sdk_dynamodb::Client {
    let mut builder = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(config.region.clone()))
        .credentials_provider(SharedCredentialsProvider::new(config.credentials.clone()))
        .http_client(http_client())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(DYNAMODB_ATTEMPT_TIMEOUT)
                .build(),
        )
        .retry_config(RetryConfig::disabled()) // `retry` knows the invocation's deadline, the SDK does not
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    builder.set_endpoint_url(config.dynamodb_endpoint.clone());
    aws_sdk_dynamodb::Client::from_conf(builder.build())
}

/// A Secrets Manager client that tries three times, within the time that Lambda gives to init.
#[must_use]
pub fn secrets_manager(config: &Config) -> aws_sdk_secretsmanager::Client {
    let mut builder = aws_sdk_secretsmanager::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(config.region.clone()))
        .credentials_provider(SharedCredentialsProvider::new(config.credentials.clone()))
        .http_client(http_client())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(SECRETS_ATTEMPT_TIMEOUT)
                .build(),
        )
        .retry_config(RetryConfig::standard().with_max_attempts(SECRETS_ATTEMPTS))
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    builder.set_endpoint_url(config.secrets_manager_endpoint.clone());
    aws_sdk_secretsmanager::Client::from_conf(builder.build())
}
