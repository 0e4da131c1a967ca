//! The platform that the stack asks and that calls it back, simulated (docs/simulator.md).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::SystemTime;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use waas_platform::Platform;
use waas_platform::simulator::{Merchant, Served, Simulator};

use crate::part::{listen, until};

/// The merchant's own id there: the documents'.
pub(crate) const USER_ID: &str = "1308734";

/// A simulated platform to start.
#[derive(Debug, Clone)]
pub struct Simulated {
    /// Its key pair and the merchant's API key; of development in [`Default`].
    pub platform: Platform,
    /// Its port; 0 takes a free one.
    pub port: u16,
}

impl Default for Simulated {
    /// The development keys, on a free port.
    fn default() -> Self {
        Self { platform: Platform::development(), port: 0 }
    }
}

/// A simulator that listens, and knows nobody yet.
pub(crate) struct Listening {
    served: Served,
    listeners: Vec<TcpListener>,
    url: String,
}

impl Simulated {
    /// Listens where the other parts do. The platform's client speaks plain HTTP with loopback alone, so where that is
    /// another address, there too.
    pub(crate) async fn listen(&self, address: IpAddr) -> anyhow::Result<Listening> {
        let (listener, mut reached) = listen(address, self.port).await?;
        let mut listeners = vec![listener];
        if !reached.ip().is_loopback() {
            let (listener, own) = listen(Ipv4Addr::LOCALHOST.into(), self.port).await?;
            listeners.push(listener);
            reached = own;
        }
        let rng = StdRng::from_rng(&mut rand::rng());
        let simulator = Simulator::new(self.platform.clone(), Box::new(rng));
        let served = Served::new(simulator, SystemTime::now, |_| {});
        Ok(Listening { served, listeners, url: format!("http://{reached}") })
    }
}

impl Listening {
    /// Where the merchant's calls go.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Answers calls and posts callbacks to the stack's own routes, until it stops.
    pub(crate) fn serve(
        self,
        parts: &mut JoinSet<anyhow::Result<()>>,
        api: SocketAddr,
        stopped: &watch::Receiver<bool>,
    ) -> Served {
        for listener in self.listeners {
            let (served, stopped) = (self.served.clone(), stopped.clone());
            // At once: who was to get no answer would wait for it.
            parts.spawn(async move {
                tokio::select! {
                    failed = served.answer(listener) => Ok(failed?),
                    () = until(stopped) => Ok(()),
                }
            });
        }
        let merchant = Merchant {
            callbacks: format!("http://{api}/callback"),
            confirmations: format!("http://{api}/callback/withdrawal-confirmation"),
        };
        let (served, stopped) = (self.served.clone(), stopped.clone());
        parts.spawn(async move {
            tokio::select! {
                () = served.call_back(merchant) => Ok(()),
                () = until(stopped) => Ok(()),
            }
        });
        self.served
    }
}
