//! The functions' binaries: those of `WAAS_BIN_DIR`, else as cargo builds them now.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The functions by name, which is that of their folder and of their binary.
pub fn functions() -> Vec<String> {
    let folders = std::fs::read_dir(Path::new(WORKSPACE).join("functions")).unwrap();
    folders.map(|folder| folder.unwrap().file_name().into_string().unwrap()).collect()
}

/// A function's binary. `WAAS_BIN_DIR` names a folder as cargo (`deposit`) or `cargo lambda build`
/// (`deposit/bootstrap`) leaves it.
pub fn path_of(binary: &str) -> PathBuf {
    let Some(directory) = std::env::var_os("WAAS_BIN_DIR") else {
        return built()[binary].clone();
    };
    let path = Path::new(WORKSPACE).join(directory).join(binary);
    let path = if path.is_dir() { path.join("bootstrap") } else { path };
    assert!(path.exists(), "WAAS_BIN_DIR has no {binary}: {} is missing", path.display());
    path
}

/// The binaries by name, built once; tests that run beside each other wait for it.
fn built() -> &'static BTreeMap<String, PathBuf> {
    static BUILT: OnceLock<Result<BTreeMap<String, PathBuf>, String>> = OnceLock::new();
    // Not `unwrap`: every test tells the whole of what failed, with its lines.
    BUILT.get_or_init(build).as_ref().unwrap_or_else(|error| panic!("{error}"))
}

/// Cargo makes no binary of another package for a test, so it is asked to. `--tests` makes it take the features
/// that `cargo test --workspace` takes: nothing but the binaries is new then.
fn build() -> Result<BTreeMap<String, PathBuf>, String> {
    // target/debug/deps/outside-…, since `--target-dir` and `--profile` are not inherited.
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let (target, profile) = (profile.parent().unwrap(), profile.file_name().unwrap());
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--locked", "--quiet", "--workspace", "--bins", "--tests"]);
    cargo.arg("--message-format=json-render-diagnostics").current_dir(WORKSPACE);
    cargo.arg("--profile").arg(if profile == "debug" { "dev".as_ref() } else { profile });
    cargo.arg("--target-dir").arg(target);
    if cfg!(feature = "jdk") {
        cargo.args(["--features", "waas-local/jdk"]);
    }
    // Cargo describes this package to its tests. The build script of ring would take it for a change and run again.
    let is_of_package = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_of_package)) {
        cargo.env_remove(name);
    }
    let output = cargo.output().map_err(|error| format!("{cargo:?}: {error}"))?;
    if !output.status.success() {
        let words: Vec<_> = cargo.get_args().map(OsStr::to_string_lossy).collect();
        let diagnostics = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`cargo {}`: {}\n{diagnostics}", words.join(" "), output.status));
    }
    let messages = String::from_utf8(output.stdout).unwrap();
    Ok(messages.lines().filter_map(binary).collect())
}

/// Name and path, if that is what cargo's message tells of.
fn binary(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).unwrap();
    let is_binary = message["target"]["kind"][0] == "bin" && message["profile"]["test"] == false;
    let path = message["executable"].as_str().filter(|_| is_binary)?;
    Some((message["target"]["name"].as_str().unwrap().to_owned(), path.into()))
}
