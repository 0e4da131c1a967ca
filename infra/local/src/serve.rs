//! `waas-local serve`: the stack until it is interrupted, and how it is met.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use waas_local::{Calling, Options, Simulated, Stack, development_secret, platform_of};
use waas_platform::Platform;

/// The settings that count here as they do for the functions (docs/settings.md).
const SETTINGS: [&str; 14] = [
    "WAAS_RISK_THRESHOLD",
    "WAAS_CONFIRMATION_MAX_AGE_SECONDS",
    "WAAS_ACTUAL_BELOW_ORDER",
    "WAAS_VERIFY",
    "WAAS_VERIFY_UNKNOWN_SECONDS",
    "WAAS_SUBMISSION_UNCLEAR_SECONDS",
    "WAAS_RECONCILIATION",
    "WAAS_RECONCILIATION_EVERY_SECONDS",
    "WAAS_RECONCILIATION_AGE_SECONDS",
    "WAAS_RECONCILIATION_GRACE_SECONDS",
    "WAAS_RECONCILIATION_EDGE_SECONDS",
    "WAAS_RECONCILIATION_CALLS_PER_SECOND",
    "WAAS_PLATFORM_URL",
    "WAAS_USER_ID",
];

/// What is taken where nothing is set. On one machine days are minutes: who tries it sees what it finds.
const USUAL: [(&str, &str); 4] = [
    ("WAAS_VERIFY", "true"),
    ("WAAS_RECONCILIATION_EVERY_SECONDS", "60"),
    ("WAAS_RECONCILIATION_AGE_SECONDS", "180"),
    ("WAAS_RECONCILIATION_GRACE_SECONDS", "180"),
];

#[derive(clap::Args)]
pub(crate) struct Serve {
    /// Address to listen on. Loopback unless you say otherwise, for nothing here asks who calls: whoever reaches
    /// the address reads the secret and writes the tables. Containers reach loopback only on Docker Desktop
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// Port of the API's routes
    #[arg(long, default_value_t = 9000)]
    port: u16,
    /// Port of DynamoDB
    #[arg(long, default_value_t = 9001)]
    dynamodb_port: u16,
    /// Port of Secrets Manager
    #[arg(long, default_value_t = 9002)]
    secrets_manager_port: u16,
    /// Port of the simulated platform, which the stack asks whether callbacks are true and orders withdrawals from
    /// (docs/simulator.md). None is
    /// started if `WAAS_PLATFORM_URL` names another; then `WAAS_USER_ID` has to be set too
    #[arg(long, default_value_t = 9003)]
    platform_port: u16,
    /// Keep the tables in this file; without it they are gone at the end
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
    /// The secret's JSON, as `waas keygen` writes it; default: the development keys
    #[arg(long, value_name = "FILE")]
    secret: Option<PathBuf>,
    /// The private key that goes with the secret, which the simulated platform has; PKCS#8 PEM
    #[arg(long, value_name = "PEM", requires = "secret")]
    private_key: Option<PathBuf>,
}

impl Serve {
    pub(crate) async fn serve(self) -> anyhow::Result<()> {
        log();
        let mut stack = Stack::start(&self.options()?).await?;
        self.introduce(&stack);
        tokio::select! {
            failed = stack.run() => failed,
            _ = interrupted() => stack.stop().await,
        }
    }

    fn options(&self) -> anyhow::Result<Options> {
        let secret = match &self.secret {
            Some(path) => read(path)?,
            None => development_secret(),
        };
        let set = |name: &&'static str| {
            let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
            Some((*name, value))
        };
        let mut settings: Vec<_> = SETTINGS.iter().filter_map(set).collect();
        let is_set = |name| settings.iter().any(|(known, _)| *known == name);
        let simulator = if is_set("WAAS_PLATFORM_URL") { None } else { self.simulator(&secret)? };
        let usual: Vec<_> = USUAL.into_iter().filter(|(name, _)| !is_set(name)).collect();
        settings.extend(usual.into_iter().map(|(name, value)| (name, value.to_owned())));
        Ok(Options {
            address: self.listen,
            api_port: self.port,
            dynamodb_port: self.dynamodb_port,
            secrets_manager_port: self.secrets_manager_port,
            database: self.database.clone(),
            secret: Some(secret),
            settings,
            simulator,
            calling: Calling::ByItself,
        })
    }

    /// The platform that goes with the secret, if its private key is at hand.
    fn simulator(&self, secret: &str) -> anyhow::Result<Option<Simulated>> {
        let platform = match (&self.secret, &self.private_key) {
            (None, _) => Platform::development(),
            (Some(_), None) => return Ok(None),
            (Some(_), Some(path)) => {
                platform_of(secret, &read(path)?).with_context(|| path.display().to_string())?
            }
        };
        Ok(Some(Simulated { platform, port: self.platform_port }))
    }

    /// How the stack is met. Standard output can be pasted into a shell: it is comments and variables.
    fn introduce(&self, stack: &Stack) {
        let platform = stack.environment().iter().find(|(name, _)| *name == "WAAS_PLATFORM_URL");
        let simulated = platform.filter(|_| stack.simulator().is_some()).map(|(_, url)| url);
        // What `waas` takes for granted need not be said.
        let at = |path: &str| match self.port {
            9000 => String::new(),
            _ => format!(" --url {}", stack.url(path)),
        };
        let told = simulated.filter(|_| self.platform_port != 9003);
        let told = told.map_or_else(String::new, |url| format!(" --platform {url}"));
        let key = self.secret.as_ref().map_or("", |_| " --private-key PEM --api-key KEY");
        anstream::println!("# See the callbacks as they come: waas listen{}", at("/listen"));
        let trigger = format!("waas trigger deposit{}{told}{key}", at("/callback"));
        anstream::println!("# Send one, as the platform does: {trigger}");
        anstream::println!("# Here, waas is: cargo run -q -p waas-platform --");
        match (simulated, platform) {
            (Some(url), _) => {
                anstream::println!("# The platform, simulated, and what it knows: {url}/simulator");
            }
            (None, Some((_, url))) => {
                anstream::println!("# No platform is simulated: WAAS_PLATFORM_URL is {url}");
            }
            (None, None) => anstream::println!("# No platform is simulated: that takes --private-key PEM"),
        }
        if stack.config().policy.verify && platform.is_none() {
            anstream::eprintln!(
                "# WARNING: there is no platform to ask, so deposits stay held and nothing is submitted. WAAS_PLATFORM_URL names one, WAAS_VERIFY=false does without"
            );
        }
        if !self.listen.is_loopback() {
            anstream::eprintln!(
                "# WARNING: {} is not loopback. Nothing asks who calls: whoever reaches it reads the secret and writes the tables",
                self.listen
            );
        }
        anstream::println!("# The real binaries, the AWS CLI and the SDKs meet this stack with");
        for (name, value) in stack.environment() {
            anstream::println!("export {name}={value}");
        }
        anstream::println!("# Serving {}; Ctrl-C ends it", stack.url("/"));
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// What goes wrong with calls to the platform, on standard error.
fn log() {
    let levels = Targets::new()
        .with_target("verification", LevelFilter::WARN)
        .with_target("withdrawal_submission", LevelFilter::WARN)
        .with_target("reconciliation", LevelFilter::WARN)
        .with_target("waas_callback_worker", LevelFilter::WARN)
        .with_target("waas_local", LevelFilter::WARN);
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr);
    let lines = lines.with_target(false).with_current_span(false).with_span_list(false);
    tracing_subscriber::registry().with(levels).with(lines).init();
}

/// Ctrl-C, or the signal that supervisors send.
async fn interrupted() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt,
        _ = terminate.recv() => Ok(()),
    }
}
