//! `waas keygen`: a merchant's key pair, and the secret that its receiver reads.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde::Serialize;
use waas_platform::PrivateKey;

/// Makes a key pair: private.pem for the platform's side, secret.json for the receiver's
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Length of the modulus; the platform uses 1024 bits today
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u16).range(1024..=8192))]
    bits: u16,
    /// The merchant's API key [default: a fresh UUID]
    #[arg(long, value_name = "KEY")]
    api_key: Option<String>,
    /// Where to write; made if it does not exist
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

/// The receiver's secret, in the form that it has in Secrets Manager.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Secret {
    public_key: String,
    api_key: String,
}

impl Args {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let (private, secret) = (self.out.join("private.pem"), self.out.join("secret.json"));
        for path in [&private, &secret] {
            if path.exists() {
                bail!("{} exists, and a key is never overwritten", path.display());
            }
        }
        fs::create_dir_all(&self.out).with_context(|| format!("cannot make {}", self.out.display()))?;

        let key = PrivateKey::generate(self.bits.into())?;
        let api_key = self.api_key.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        let content = Secret { public_key: key.public_key_base64(), api_key };
        write_new(&private, &key.to_pem()?)?;
        write_new(&secret, &format!("{}\n", serde_json::to_string_pretty(&content)?))?;

        let mut out = anstream::stdout().lock();
        writeln!(out, "{}  the platform's half: seals callbacks, opens replies", private.display())?;
        writeln!(
            out,
            "{}  the receiver's half: the value of its secret in Secrets Manager",
            secret.display()
        )?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Both halves are secrets: whoever has the public key can read captured callbacks.
fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let written = create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    match written {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{} exists, and a key is never overwritten", path.display())
        }
        other => other.with_context(|| format!("cannot write {}", path.display())),
    }
}

fn create_new(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
