//! `waas keygen`.

use std::fs;

use serde_json::Value;
use waas_callback::PublicKey;
use waas_platform::PrivateKey;

use crate::{assert_fails, assert_succeeds, run};

#[test]
fn keygen_never_overwrites_a_key() {
    for existing in ["private.pem", "secret.json"] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(existing), "precious").unwrap();

        let output = run(&["keygen", "--out", dir.path().to_str().unwrap()]);

        assert_fails(&output, 2, "exists, and a key is never overwritten");
        assert_eq!(fs::read_to_string(dir.path().join(existing)).unwrap(), "precious");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "half a key pair was written");
    }
}

#[test]
fn both_files_are_two_halves_of_one_key_pair() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("new").join("keys");

    assert_succeeds(&run(&["keygen", "--out", out.to_str().unwrap(), "--api-key", "chosen"]));

    let secret: Value = serde_json::from_slice(&fs::read(out.join("secret.json")).unwrap()).unwrap();
    assert_eq!(secret["apiKey"], "chosen");
    let public_key = PublicKey::parse(secret["publicKey"].as_str().unwrap()).unwrap();
    let private_key = PrivateKey::from_pem(&fs::read_to_string(out.join("private.pem")).unwrap()).unwrap();
    assert_eq!(public_key.open(private_key.seal(b"ours").as_bytes()).unwrap().as_str(), "ours");
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_keys() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    assert_succeeds(&run(&["keygen", "--out", dir.path().to_str().unwrap()]));
    for file in ["private.pem", "secret.json"] {
        let mode = fs::metadata(dir.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn a_key_that_the_receiver_would_refuse_is_not_made() {
    let dir = tempfile::tempdir().unwrap();
    for bits in ["512", "1023", "8193"] {
        let output = run(&["keygen", "--bits", bits, "--out", dir.path().to_str().unwrap()]);
        assert_fails(&output, 2, "is not in 1024..=8192");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}
