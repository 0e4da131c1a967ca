//! Starts the parts, wires them by the functions' own environment contract, and ends them together.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::Context as _;
use axum::middleware::map_response;
use axum::response::Response;
use dynoxide::Database;
use reconciliation::Reconciliation;
use tokio::sync::watch;
use tokio::task::JoinSet;
use verification::Verification;
use waas_callback_aws::{Config, Run, clients};
use waas_platform::simulator::Served;
use withdrawal_submission::Submissions;

use crate::part::{listen, serve, until};
use crate::platform::{Simulated, USER_ID};
use crate::secrets::REGION;
use crate::tap::Tap;
use crate::workers::{Calling, Workers};
use crate::{api, secrets, tables};

/// Name of the secret.
pub const SECRET_ID: &str = "waas/callbacks";

/// What to start.
#[derive(Debug, Clone)]
pub struct Options {
    /// Address of all four. Nothing asks who calls: whoever reaches it reads the secret and writes the tables.
    pub address: IpAddr,
    /// Port of the API; 0 takes a free one.
    pub api_port: u16,
    /// Port of DynamoDB.
    pub dynamodb_port: u16,
    /// Port of Secrets Manager.
    pub secrets_manager_port: u16,
    /// File of the database, which survives restarts; in memory if absent.
    pub database: Option<PathBuf>,
    /// The secret's value, if it is to exist.
    pub secret: Option<String>,
    /// The merchant's settings (docs/settings.md), by the names of their variables. Without verification unless they say
    /// so; and where they name a platform, that one is asked.
    pub settings: Vec<(&'static str, String)>,
    /// The platform, simulated, if there is to be one; [`Stack::start`] starts it.
    pub simulator: Option<Simulated>,
    /// When it is called, where there is verification.
    pub calling: Calling,
}

impl Default for Options {
    /// Free ports of 127.0.0.1, in memory, with the development keys; no verification and no platform.
    fn default() -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            api_port: 0,
            dynamodb_port: 0,
            secrets_manager_port: 0,
            database: None,
            secret: Some(secrets::development_secret()),
            settings: Vec::new(),
            simulator: None,
            calling: Calling::default(),
        }
    }
}

/// The running parts. They end with [`stop`](Self::stop), or with the process.
pub struct Stack {
    environment: Vec<(&'static str, String)>,
    config: Config,
    api: Option<SocketAddr>,
    simulator: Option<Served>,
    workers: Option<Workers>,
    stop: watch::Sender<bool>,
    parts: JoinSet<anyhow::Result<()>>,
}

impl Stack {
    /// Starts DynamoDB with its tables, and Secrets Manager with its secret.
    ///
    /// # Errors
    ///
    /// If a port is taken or the database's file cannot be used.
    pub async fn start_services(options: &Options) -> anyhow::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let mut parts = JoinSet::new();

        let database = match &options.database {
            Some(path) => {
                let path = path.to_str().context("the database's path is not UTF-8")?;
                Database::new(path).with_context(|| format!("database {path}"))?
            }
            None => Database::memory()?,
        };
        let (listener, dynamodb) = listen(options.address, options.dynamodb_port).await?;
        let until = until(stopped.clone());
        parts.spawn(async move {
            dynoxide::server::serve_with_shutdown(listener, database, until).await.map_err(anyhow::Error::msg)
        });
        let (listener, secrets_manager) = listen(options.address, options.secrets_manager_port).await?;
        serve(&mut parts, listener, secrets::router(), stopped);

        let mut environment = environment(dynamodb, secrets_manager);
        for (name, value) in &options.settings {
            set(&mut environment, name, value.clone());
        }
        let config = Config::read(|name| variable(&environment, name))?;
        tables::create(&clients::dynamodb(&config), &config.tables).await?;
        if let Some(secret) = &options.secret {
            let create = clients::secrets_manager(&config).create_secret();
            create.name(SECRET_ID).secret_string(secret).send().await.context("the secret")?;
        }
        Ok(Self { environment, config, api: None, simulator: None, workers: None, stop, parts })
    }

    /// Starts everything: the services, the functions, the API's routes, and the platform where there is to be one.
    ///
    /// # Errors
    ///
    /// If a port is taken, the database's file cannot be used, the secret cannot, or what is said of the platform cannot.
    pub async fn start(options: &Options) -> anyhow::Result<Self> {
        let mut stack = Self::start_services(options).await?;
        let simulator = match &options.simulator {
            Some(simulated) => Some(simulated.listen(options.address).await?),
            None => None,
        };
        if let Some(simulator) = &simulator {
            set(&mut stack.environment, "WAAS_PLATFORM_URL", simulator.url().to_owned());
            if stack.variable("WAAS_USER_ID").is_none() {
                set(&mut stack.environment, "WAAS_USER_ID", USER_ID.to_owned());
            }
        }
        let tap = Tap::start(&stack.config, &mut stack.parts, stack.stop.subscribe());
        let mut router = api::router(&stack.config, &tap).await?.merge(tap.router(stack.stop.subscribe()));
        stack.workers = stack.workers().await?;
        if let Some(workers) = stack.workers.clone().filter(|_| options.calling == Calling::ByItself) {
            workers.clone().keep_calling(&mut stack.parts, stack.stop.subscribe());
            router = router.layer(map_response(move |answer: Response| {
                workers.answered();
                std::future::ready(answer)
            }));
        }
        let (listener, address) = listen(options.address, options.api_port).await?;
        serve(&mut stack.parts, listener, router, stack.stop.subscribe());
        stack.api = Some(address);
        stack.simulator =
            simulator.map(|simulator| simulator.serve(&mut stack.parts, address, &stack.stop.subscribe()));
        Ok(stack)
    }

    /// What calls the platform, if there is verification and a platform to call.
    async fn workers(&self) -> anyhow::Result<Option<Workers>> {
        if !self.config.policy.verify || self.variable("WAAS_PLATFORM_URL").is_none() {
            return Ok(None);
        }
        let verification = Verification::start(&self.config, &|name| self.variable(name)).await;
        let verification = verification.map_err(anyhow::Error::from_boxed)?;
        let submissions = Submissions::start(&self.config, &|name| self.variable(name)).await;
        let submissions = submissions.map_err(anyhow::Error::from_boxed)?;
        let reconciliation = Reconciliation::start(&self.config, &|name| self.variable(name)).await;
        let reconciliation = reconciliation.map_err(anyhow::Error::from_boxed)?;
        Ok(Some(Workers::new(verification, submissions, reconciliation)))
    }

    /// Asks the platform what is due, if it is asked at all.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read or written. That the platform does not answer is none: it is asked again later.
    pub async fn ask(&self) -> anyhow::Result<()> {
        match &self.workers {
            Some(workers) => Box::pin(workers.ask()).await,
            None => Ok(()),
        }
    }

    /// Orders the registered withdrawals that are due from the platform, if it is called at all.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read or written. That the platform does not answer is none: it is called again later.
    pub async fn submit(&self) -> anyhow::Result<()> {
        match &self.workers {
            Some(workers) => Box::pin(workers.submit()).await,
            None => Ok(()),
        }
    }

    /// Goes on with the run of reconciliation that is under way, or begins the one that is due; how far it is then. None
    /// if none is, or the platform is not called at all.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read or written. That the platform does not answer is none: it goes on later.
    pub async fn reconcile(&self) -> anyhow::Result<Option<Run>> {
        match &self.workers {
            Some(workers) => Box::pin(workers.reconcile()).await,
            None => Ok(None),
        }
    }

    /// The simulated platform, if there is one.
    #[must_use]
    pub fn simulator(&self) -> Option<&Served> {
        self.simulator.as_ref()
    }

    /// The environment of every function: its contract, with this stack's endpoints.
    #[must_use]
    pub fn environment(&self) -> &[(&'static str, String)] {
        &self.environment
    }

    fn variable(&self, name: &str) -> Option<String> {
        variable(&self.environment, name)
    }

    /// The same, read.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The URL of a route, such as `/callback/deposit`.
    ///
    /// # Panics
    ///
    /// If only the services were started.
    #[must_use]
    #[expect(clippy::expect_used, reason = "documented")]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.api.expect("the API was started"))
    }

    /// Ends all parts and waits for them.
    ///
    /// # Errors
    ///
    /// If one had failed.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        while let Some(part) = self.parts.join_next().await {
            part??;
        }
        Ok(())
    }

    /// Waits for a part to fail; they do not end by themselves.
    ///
    /// # Errors
    ///
    /// The failure.
    pub async fn run(&mut self) -> anyhow::Result<()> {
        match self.parts.join_next().await {
            Some(part) => part?,
            None => Ok(()),
        }
    }
}

fn set(environment: &mut Vec<(&'static str, String)>, name: &'static str, value: String) {
    environment.retain(|(known, _)| *known != name);
    environment.push((name, value));
}

fn variable(environment: &[(&'static str, String)], name: &str) -> Option<String> {
    environment.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
}

fn environment(dynamodb: SocketAddr, secrets_manager: SocketAddr) -> Vec<(&'static str, String)> {
    let fixed = [
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("WAAS_SECRET_ID", SECRET_ID),
        ("REQUESTS_TABLE", "Requests"),
        ("EVENTS_TABLE", "Events"),
        ("BALANCES_TABLE", "Balances"),
        ("WITHDRAWALS_TABLE", "Withdrawals"),
        ("ADDRESSES_TABLE", "Addresses"),
        ("CASES_TABLE", "Cases"),
        ("WAAS_VERIFY", "false"),
    ];
    let endpoints = [
        ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{dynamodb}")),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", format!("http://{secrets_manager}")),
    ];
    fixed.into_iter().map(|(name, value)| (name, value.to_owned())).chain(endpoints).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stack there, whose tables were made at the address that it gives out.
    async fn listening_on(address: Ipv4Addr) -> (Stack, SocketAddr) {
        let address = IpAddr::V4(address);
        let stack = Stack::start_services(&Options { address, ..Options::default() }).await.unwrap();
        let mut variables = stack.environment().iter();
        let (_, url) = variables.find(|(name, _)| *name == "AWS_ENDPOINT_URL_DYNAMODB").unwrap();
        let given = url.strip_prefix("http://").unwrap().parse().unwrap();
        (stack, given)
    }

    #[cfg(target_os = "linux")] // where all of 127.0.0.0/8 is loopback
    #[tokio::test]
    async fn only_the_address_that_was_named_is_listened_on_and_that_is_loopback_by_default() {
        assert_eq!(Options::default().address, IpAddr::V4(Ipv4Addr::LOCALHOST));
        let named = Ipv4Addr::new(127, 0, 0, 2);
        let (_stack, given) = listening_on(named).await;
        assert_eq!(given.ip(), named);
        assert!(std::net::TcpStream::connect(given).is_ok());
        assert!(std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, given.port())).is_err());
    }

    #[tokio::test]
    async fn every_address_is_given_out_as_one_that_can_be_called() {
        let (_stack, given) = listening_on(Ipv4Addr::UNSPECIFIED).await;
        assert_eq!(given.ip(), Ipv4Addr::LOCALHOST);
    }
}
