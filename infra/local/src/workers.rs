//! Calls the platform: the functions `verification`, `withdrawal-submission` and `reconciliation`, in process.
//!
//! In AWS rules of the bus put each new question, and each withdrawal that is to be ordered, into a queue, and a schedule
//! what is due again; another schedule calls reconciliation. Here there is neither: after each answer of the API, and every
//! second, whatever is due is done, and every second it is looked whether a run of reconciliation is.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reconciliation::Reconciliation;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, Notify, watch};
use tokio::task::JoinSet;
use verification::Verification;
use waas_callback_aws::Run;
use waas_callback_worker::Message;
use withdrawal_submission::Submissions;

use crate::part::until;

/// How long nothing is done if nothing is answered.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a round begins new calls.
const ROUND: Duration = Duration::from_mins(1);

/// When the platform is called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Calling {
    /// After each answer of the API, and every second.
    #[default]
    ByItself,
    /// When [`Stack::ask`](crate::Stack::ask), [`Stack::submit`](crate::Stack::submit) and
    /// [`Stack::reconcile`](crate::Stack::reconcile) say so: for who tells a story in its order.
    WhenTold,
}

/// All of them. Clones are the same.
#[derive(Clone)]
pub(crate) struct Workers {
    verification: Arc<Mutex<Verification>>,
    submissions: Arc<Mutex<Submissions>>,
    reconciliation: Arc<Mutex<Reconciliation>>,
    answered: Arc<Notify>,
}

impl Workers {
    pub(crate) fn new(
        verification: Verification,
        submissions: Submissions,
        reconciliation: Reconciliation,
    ) -> Self {
        Self {
            verification: Arc::new(Mutex::new(verification)),
            submissions: Arc::new(Mutex::new(submissions)),
            reconciliation: Arc::new(Mutex::new(reconciliation)),
            answered: Arc::default(),
        }
    }

    /// There may be something new.
    pub(crate) fn answered(&self) {
        self.answered.notify_one();
    }

    /// Asks what is due, never beside another round. What the platform does not answer is due again later.
    pub(crate) async fn ask(&self) -> anyhow::Result<()> {
        let verification = self.verification.lock().await;
        let until = SystemTime::now() + ROUND;
        Ok(Box::pin(verification.take(Message::Due { due: true }, until)).await?)
    }

    /// Orders what is due, never beside another round. What the platform does not answer is due again later.
    pub(crate) async fn submit(&self) -> anyhow::Result<()> {
        let submissions = self.submissions.lock().await;
        let until = SystemTime::now() + ROUND;
        Ok(Box::pin(submissions.take(Message::Due { due: true }, until)).await?)
    }

    /// Goes on with the run of reconciliation that is under way or due, never beside another round; how far it is then.
    pub(crate) async fn reconcile(&self) -> anyhow::Result<Option<Run>> {
        let reconciliation = self.reconciliation.lock().await;
        let until = SystemTime::now() + ROUND;
        Ok(Box::pin(reconciliation.go_on(until)).await?)
    }

    /// Calls until the stack stops.
    pub(crate) fn keep_calling(
        self,
        parts: &mut JoinSet<anyhow::Result<()>>,
        stopped: watch::Receiver<bool>,
    ) {
        let runtime = Handle::current();
        // On a thread of its own, as a Lambda has one: the functions' work does not move between threads.
        parts.spawn_blocking(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = self.call_whenever() => Ok(()),
                    () = self.reconcile_whenever() => Ok(()),
                    () = until(stopped) => Ok(()),
                }
            })
        });
    }

    async fn reconcile_whenever(&self) {
        loop {
            tokio::time::sleep(PAUSE).await;
            if let Err(error) = self.reconcile().await {
                tracing::error!(cause = %error, "the ledger cannot be held against the platform");
            }
        }
    }

    async fn call_whenever(&self) {
        loop {
            _ = tokio::time::timeout(PAUSE, self.answered.notified()).await;
            // Beside each other: an order does not wait for a question that is not answered.
            let (asked, submitted) = tokio::join!(self.ask(), self.submit());
            if let Err(error) = asked.and(submitted) {
                tracing::error!(cause = %error, "what is due cannot be done");
                // Not again with every answer of the API.
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
