//! The binary itself, as Lambda starts it.

use std::process::Command;

#[test]
fn init_fails_and_names_the_variable_that_is_missing() {
    let binary = Command::new(env!("CARGO_BIN_EXE_insufficient-gas"))
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9")
        .output()
        .unwrap();
    assert_eq!(binary.status.code(), Some(1));
    let log = String::from_utf8(binary.stdout).unwrap();
    assert!(log.contains("environment variable WAAS_SECRET_ID is not set"), "{log}");
}
