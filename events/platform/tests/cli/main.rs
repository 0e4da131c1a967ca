//! The command `waas`, as somebody at a terminal or in a script meets it.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod call;
mod keygen;
mod listen;
mod platform;
mod receiver;
mod seal_and_open;
mod send;
mod trigger;

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

const DEPOSIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../plain/deposit.json");

/// The command without anything of the environment that it would listen to.
fn waas(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waas"));
    for variable in [
        "WAAS_PRIVATE_KEY_FILE",
        "WAAS_PUBLIC_KEY_FILE",
        "WAAS_API_KEY",
        "WAAS_PLATFORM_URL",
        "WAAS_USER_ID",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        command.env_remove(variable);
    }
    command.args(args).stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    waas(args).output().unwrap()
}

fn run_with_input(args: &[&str], input: &str) -> Output {
    let mut child =
        waas(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

/// The command failed with this status and said this.
#[track_caller]
fn assert_fails(output: &Output, status: i32, message: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{stderr}");
    assert!(stderr.contains(message), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[track_caller]
fn assert_succeeds(output: &Output) {
    assert!(output.status.success(), "{}{}", stdout(output), String::from_utf8_lossy(&output.stderr));
}
