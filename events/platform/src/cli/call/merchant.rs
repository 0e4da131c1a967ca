//! Where the platform is, and who calls it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use waas_callback::PublicKey;
use waas_client::{ApiKey, Merchant, PlatformUrl, UserId};
use waas_platform::{DEVELOPMENT_API_KEY, PrivateKey};

use crate::cli::read_text;

#[derive(clap::Args)]
pub(super) struct MerchantArgs {
    /// The platform's URL; https, but for this machine
    #[arg(long, env = "WAAS_PLATFORM_URL", default_value = "http://127.0.0.1:9003")]
    pub(super) url: PlatformUrl,
    /// The public key: Base64 as the platform shows it, or a secret.json of `waas keygen` [default: the development key]
    #[arg(long, value_name = "FILE", env = "WAAS_PUBLIC_KEY_FILE", hide_env_values = true)]
    key: Option<PathBuf>,
    /// The merchant's API key [default: that of the secret.json, or the development key's]
    #[arg(long, value_name = "KEY", env = "WAAS_API_KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// The merchant's own id at the platform [default: with the development key, 1308734]
    #[arg(long, value_name = "ID", env = "WAAS_USER_ID")]
    user_id: Option<UserId>,
}

/// The receiver's secret, as `waas keygen` writes it and Secrets Manager has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Secret {
    public_key: String,
    api_key: Option<String>,
}

/// The documents' own.
const DEVELOPMENT_USER_ID: u64 = 1_308_734;

impl MerchantArgs {
    /// `names_merchant`: the call sends the merchant's id, and nobody withdraws in the name of a default.
    pub(super) fn read(&self, names_merchant: bool) -> anyhow::Result<Merchant> {
        if self.user_id.is_none() && self.key.is_some() && names_merchant {
            bail!("--user-id is missing: with a key of your own goes your own id at the platform");
        }
        let secret = match &self.key {
            Some(path) => secret(path)?,
            None => Secret { public_key: PrivateKey::development().public_key_base64(), api_key: None },
        };
        let public_key = PublicKey::parse(&secret.public_key).with_context(|| {
            let file = self.key.as_deref().unwrap_or(Path::new("the development key"));
            format!("{} has no public key, neither as Base64 nor in a secret.json", file.display())
        })?;
        let api_key = self.api_key.as_deref().or(secret.api_key.as_deref()).unwrap_or(DEVELOPMENT_API_KEY);
        let api_key = ApiKey::parse(api_key).context("--api-key")?;
        let user_id = self.user_id.unwrap_or_else(|| DEVELOPMENT_USER_ID.into());
        Ok(Merchant { api_key, public_key, user_id })
    }
}

fn secret(path: &Path) -> anyhow::Result<Secret> {
    let text = read_text(path)?;
    if text.trim_start().starts_with('{') {
        // Without the cause: it could quote the file, and that holds secrets.
        return serde_json::from_str(&text)
            .ok()
            .with_context(|| format!("{} is no secret.json: publicKey is missing", path.display()));
    }
    Ok(Secret { public_key: text.split_ascii_whitespace().collect(), api_key: None })
}
