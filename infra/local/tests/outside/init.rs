//! The binary as Lambda starts it: what is missing or malformed ends init and is named.

use std::process::Command;

use serde_json::json;
use waas_local::{Options, Stack};
use waas_platform::PrivateKey;

use crate::harness::*;

#[test]
fn init_fails_and_names_the_variable_that_is_missing() {
    for function in functions() {
        let log = log_of_failed_init(&function, &[]);
        let expected = "environment variable AWS_LAMBDA_RUNTIME_API is not set";
        assert!(log.contains(expected), "{function}: {log}");

        let log = log_of_failed_init(&function, &[("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9")]);
        assert!(log.contains("environment variable WAAS_SECRET_ID is not set"), "{function}: {log}");
    }
}

fn log_of_failed_init(function: &str, environment: &[(&str, &str)]) -> String {
    let mut binary = Command::new(path_of(function));
    let output = binary.env_clear().envs(environment.iter().copied()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{function}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn init_fails_and_names_the_cause() {
    let key = PrivateKey::development().public_key_base64();
    let malformed = [
        (Some("not json".to_owned()), "is malformed: it is not a JSON object of strings"),
        (Some("{}".to_owned()), "is malformed: its field apiKey is missing"),
        (Some(json!({ "apiKey": "a" }).to_string()), "is malformed: its field publicKey is missing"),
        (
            Some(json!({ "apiKey": "a", "publicKey": "AAAA" }).to_string()),
            "its field publicKey: the public key is not an X.509",
        ),
        (
            Some(
                json!({ "apiKey": "a", "publicKey": key, "callbackApiKeyNotAfter": "tomorrow" }).to_string(),
            ),
            "its field callbackApiKeyNotAfter is not an RFC 3339 time",
        ),
        (None, "does not exist or has no value yet"),
    ];
    for (secret, expected) in malformed {
        let stack = Stack::start_services(&Options { secret, ..Options::default() }).await.unwrap();
        let lambda = Lambda::start().await;
        let (status, log) = lambda.spawn("deposit", stack.environment()).ended().await;
        assert_eq!(status.code(), Some(1));
        assert!(log.contains("secret waas/callbacks") && log.contains(expected), "{expected}: {log}");
    }
    let deployment = Deployment::new().await;
    deployment.secrets.fail_always(Some(Fault::Error("AccessDeniedException")));
    let lambda = Lambda::start().await;
    let (status, log) = lambda.spawn("deposit", &deployment.environment()).ended().await;
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("Secrets Manager answered AccessDeniedException"), "{log}");

    let mut nowhere = deployment.environment();
    nowhere.iter_mut().find(|(name, _)| name.ends_with("SECRETS_MANAGER")).unwrap().1 =
        "http://127.0.0.1:9".into();
    let (status, log) = lambda.spawn("deposit", &nowhere).ended().await;
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("Secrets Manager cannot be reached"), "{log}");
}
