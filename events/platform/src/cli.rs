//! The commands, one module each, and what they share: where the keys come from and how a file is read.

pub(crate) mod call;
pub(crate) mod completions;
mod delivery;
pub(crate) mod keygen;
pub(crate) mod listen;
pub(crate) mod open;
pub(crate) mod platform;
mod pretty;
pub(crate) mod seal;
pub(crate) mod send;
pub(crate) mod trigger;

use std::fs;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};
use anyhow::Context as _;
use serde_json::Value;
use waas_platform::{DEVELOPMENT_API_KEY, PrivateKey};

pub(crate) const EXAMPLES: &str = "\
Examples:
  waas keygen --out keys
  waas trigger deposit --amount 2.5
  waas listen
  waas platform --state events/platform/scenario.json
  waas call get-withdraw-order --call-back-id D1
  waas seal events/plain/deposit.json
  waas send events/plain/deposit.json --url http://127.0.0.1:9000/callback/deposit

Without keys of your own, the published development key pair and API key are used.
Exit status: 0 done, 1 a callback was refused or its answer has problems, 2 anything else;
`waas call --help` has its own.";

const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
const FAINT: Style = Style::new().dimmed();

/// The platform's names of types 0 to 7.
const TYPES: [&str; 8] = [
    "NOTIFY_UNKNOWN",
    "NOTIFY_DEPOSITED",
    "NOTIFY_REQUEST_WITHDRAW",
    "NOTIFY_WITHDRAW",
    "NOTIFY_ADDRESS",
    "NOTIFY_INVALID_ADDRESS",
    "NOTIFY_NOT_ENOUGH_MONEY",
    "NOTIFY_NOT_ENOUGH_HOT_MONEY",
];

/// The platform's name of a type, which it sends as a number and once as a text.
fn type_name(number: &Value) -> &'static str {
    let number = number.to_string();
    number.trim_matches('"').parse().ok().and_then(|number: usize| TYPES.get(number)).unwrap_or(&"(unknown)")
}

/// Whose private key it is done with.
#[derive(clap::Args)]
struct KeyArgs {
    /// The private key, PKCS#8 PEM [default: the development key]
    #[arg(long, value_name = "PEM", env = "WAAS_PRIVATE_KEY_FILE", hide_env_values = true)]
    private_key: Option<PathBuf>,
}

impl KeyArgs {
    fn read(&self) -> anyhow::Result<PrivateKey> {
        let Some(path) = &self.private_key else { return Ok(PrivateKey::development()) };
        let pem = read_text(path)?;
        PrivateKey::from_pem(&pem).with_context(|| format!("{} is no RSA key in PKCS#8 PEM", path.display()))
    }
}

/// Which API key goes with it.
#[derive(clap::Args)]
struct ApiKeyArgs {
    /// The X-API-KEY header; left out, or not asked for, if empty
    #[arg(long, value_name = "KEY", env = "WAAS_API_KEY", hide_env_values = true, default_value = DEVELOPMENT_API_KEY)]
    api_key: String,
}

/// The text of a file, of standard input for `-`.
fn read_text(path: &Path) -> anyhow::Result<String> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    text.with_context(|| format!("cannot read {}", path.display()))
}

pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
