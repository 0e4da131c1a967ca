//! The Lambda: an EventBridge rule invokes it with one event.

use std::env::var;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let (dynamodb, table) = (dynamodb()?, var("CONSUMER_TABLE")?);
    run(service_fn(async |event: LambdaEvent<Value>| {
        let outcome = events_consumer::apply(&dynamodb, &table, &event.payload).await?;
        Ok::<_, Error>(format!("{outcome:?}"))
    }))
    .await
}

/// With what Lambda puts into the environment. `aws-config` does the same and more.
fn dynamodb() -> Result<Client, Error> {
    let (id, secret, token) =
        (var("AWS_ACCESS_KEY_ID")?, var("AWS_SECRET_ACCESS_KEY")?, var("AWS_SESSION_TOKEN"));
    let https = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(var("AWS_REGION")?))
        .credentials_provider(Credentials::new(id, secret, token.ok(), None, "environment"))
        .http_client(https.build_https());
    config.set_endpoint_url(var("AWS_ENDPOINT_URL_DYNAMODB").ok());
    Ok(Client::from_conf(config.build()))
}
