//! The sample events of `events/`: each carries the plaintext of its name, sealed with the development key.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use waas_callback::PublicKey;
use waas_platform::{DEVELOPMENT_API_KEY, PrivateKey};

fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The plaintext of a sample; `callback` takes all types, so its sample is one of them.
fn plain(name: &str) -> PathBuf {
    let name = if name == "callback" { "deposit" } else { name };
    events().join("plain").join(name).with_extension("json")
}

fn route(name: &str) -> String {
    if name == "callback" { "/callback".to_owned() } else { format!("/callback/{name}") }
}

/// Name and text of every sample callback.
fn samples() -> Vec<(String, String)> {
    let files = fs::read_dir(events()).unwrap().map(|entry| entry.unwrap().path());
    let samples: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    let of_workers = ["verification", "withdrawal-submission", "reconciliation"];
    let is_callback = |name: &str| !name.ends_with("-api") && !of_workers.contains(&name);
    let samples: Vec<_> = samples.into_iter().filter(|(name, _)| is_callback(name)).collect();
    assert!(!samples.is_empty());
    samples
}

#[test]
fn every_sample_opens_with_the_development_key_to_the_plaintext_of_its_name() {
    let key = PublicKey::parse(&PrivateKey::development().public_key_base64()).unwrap();
    for (name, text) in samples() {
        let event: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(event["isBase64Encoded"], true, "{name}");
        let body = STANDARD.decode(event["body"].as_str().unwrap()).unwrap();
        let opened = key.open(&body).unwrap();
        assert_eq!(opened.as_str(), fs::read_to_string(plain(&name)).unwrap(), "{name}");
        assert_eq!(event["headers"]["content-length"], body.len().to_string(), "{name}");
    }
}

#[test]
fn every_sample_goes_to_the_route_of_its_name_with_the_development_api_key() {
    for (name, text) in samples() {
        let event: Value = serde_json::from_str(&text).unwrap();
        let path = route(&name);
        let route = format!("POST {path}");
        let context = &event["requestContext"];
        assert_eq!(event["version"], "2.0", "{name}");
        assert_eq!(event["rawPath"], path, "{name}");
        assert_eq!(context["http"]["path"], path, "{name}");
        assert_eq!(context["http"]["method"], "POST", "{name}");
        assert_eq!(event["routeKey"], route, "{name}");
        assert_eq!(context["routeKey"], route, "{name}");
        assert_eq!(event["headers"]["x-api-key"], DEVELOPMENT_API_KEY, "{name}");
    }
}

#[test]
fn every_sample_is_what_waas_seal_prints() {
    for (name, text) in samples() {
        let sealing = Command::new(env!("CARGO_BIN_EXE_waas"))
            .env_remove("WAAS_PRIVATE_KEY_FILE")
            .env_remove("WAAS_API_KEY")
            .arg("seal")
            .arg(plain(&name))
            .args(["--event", &route(&name)])
            .output()
            .unwrap();
        assert!(sealing.status.success(), "{name}: {}", String::from_utf8_lossy(&sealing.stderr));
        let printed = String::from_utf8(sealing.stdout).unwrap();
        assert!(printed == text, "events/{name}.json is stale: make it anew as events/README.md says");
    }
}
