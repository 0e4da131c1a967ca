//! The two AWS clients, configured by hand: the general loader costs 0.25 ms and 0.9 MB at every cold start.

use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Region, StalledStreamProtectionConfig, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_types::SdkConfig;

use crate::config::Config;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// One request. A whole commit is bounded in `retry`, and Lambda gives ten seconds to init.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);
const SECRETS_ATTEMPTS: u32 = 3;

/// What both have in common. TLS is rustls with ring: AWS-LC spends 30 ms on its first random number.
fn shared(config: &Config) -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
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
