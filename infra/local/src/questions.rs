//! Asks the platform what the ledger wants to know: the function `verification`, in process.
//!
//! In AWS a rule of the bus puts each new question into a queue, and a schedule what is due again. Here there is neither:
//! after each answer of the API, and every second, whatever is due is asked.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use tokio::sync::{Mutex, Notify, watch};
use tokio::task::JoinSet;
use verification::Verification;
use waas_callback_worker::Message;

use crate::part::until;

/// How long nothing is done if nothing is answered.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a round begins new questions.
const ROUND: Duration = Duration::from_mins(1);

/// When the platform is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Asking {
    /// After each answer of the API, and every second.
    #[default]
    ByItself,
    /// When [`Stack::ask`](crate::Stack::ask) says so: for who tells a story in its order.
    WhenTold,
}

/// The questions. Clones are the same.
#[derive(Clone)]
pub(crate) struct Questions {
    verification: Arc<Mutex<Verification>>,
    answered: Arc<Notify>,
}

impl Questions {
    pub(crate) fn new(verification: Verification) -> Self {
        Self { verification: Arc::new(Mutex::new(verification)), answered: Arc::default() }
    }

    /// There may be a new one.
    pub(crate) fn answered(&self) {
        self.answered.notify_one();
    }

    /// Asks what is due, never beside another round. What the platform does not answer is due again later.
    pub(crate) async fn ask(&self) -> anyhow::Result<()> {
        let verification = self.verification.lock().await;
        let until = SystemTime::now() + ROUND;
        Ok(Box::pin(verification.take(Message::Due { due: true }, until)).await?)
    }

    /// Asks until the stack stops.
    pub(crate) fn keep_asking(self, parts: &mut JoinSet<anyhow::Result<()>>, stopped: watch::Receiver<bool>) {
        let runtime = Handle::current();
        // On a thread of its own, as a Lambda has one: the function's work does not move between threads.
        parts.spawn_blocking(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = self.ask_whenever() => Ok(()),
                    () = until(stopped) => Ok(()),
                }
            })
        });
    }

    async fn ask_whenever(&self) {
        loop {
            _ = tokio::time::timeout(PAUSE, self.answered.notified()).await;
            if let Err(error) = self.ask().await {
                tracing::error!(cause = %error, "what is due cannot be asked");
                // Not again with every answer of the API.
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
