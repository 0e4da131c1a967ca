//! The open orders, each against what the platform says of it.

use std::time::SystemTime;

use futures_util::{StreamExt as _, stream};
use waas_callback::{Amount, CallBackId, Finding, TheirOrder, Theirs, compare, repair, unregistered};
use waas_callback_aws::{Awaits, Phase, Repaired, Taken, Unavailable};
use waas_callback_worker::known;
use waas_client::{CallError, Transport, WithdrawState};

use crate::Reconciliation;

/// How many orders are compared between two notes of how far the run is, and how many beside each other.
const AT_ONCE: i32 = 100;
const BESIDE_EACH_OTHER: usize = 8;

/// How often an order is put right anew because it changed meanwhile.
const MAX_DECISIONS: usize = 3;

/// What came of a look at an order.
enum Looked {
    Agrees,
    Found(Finding),
    Repaired,
}

/// Why an order was not looked at.
enum Silence {
    Platform(CallError),
    Ledger(Unavailable),
}

impl From<Unavailable> for Silence {
    fn from(unavailable: Unavailable) -> Self {
        Self::Ledger(unavailable)
    }
}

impl<T: Transport + Clone> Reconciliation<T> {
    /// Looks at the orders of one index, part by part. Says whether it goes on.
    pub(crate) async fn compare_orders(
        &self,
        taken: &mut Taken,
        awaits: Awaits,
        until: SystemTime,
    ) -> Result<bool, Unavailable> {
        // Reckoned from the run's beginning, so that it comes to an end.
        let began = taken.run.started().unwrap_or_else(|| (self.clock)());
        let (old, next) = match awaits {
            Awaits::End => (began - self.settings.age, Phase::Unregistered),
            Awaits::Registration => (began - self.settings.grace, Phase::Counts),
        };
        loop {
            let from = taken.run.order.clone();
            let part = self.reconciler.open_orders(awaits, old, from.as_ref(), AT_ONCE).await?;
            let looks = stream::iter(&part.ids).map(async |id| (id, self.look(id, awaits).await));
            let looks: Vec<_> = looks.buffer_unordered(BESIDE_EACH_OTHER).collect().await;
            if awaits == Awaits::End {
                taken.run.calls += u64::try_from(looks.len()).unwrap_or_default();
            }
            let silent = looks.iter().filter(|(_, looked)| looked.is_err()).count();
            // Nobody answers at all: from here again, later. What never answers is left out in the end.
            if silent > 0 && silent == looks.len() && taken.run.stuck + 1 < crate::MAX_STUCK {
                taken.run.stuck += 1;
                if let Some((_, Err(silence))) = looks.first() {
                    told_of(None, silence);
                }
                return Ok(false);
            }
            taken.run.stuck = 0;
            for (id, looked) in looks {
                match looked {
                    Ok(Looked::Agrees) => {}
                    Ok(Looked::Repaired) => taken.run.repaired += 1,
                    Ok(Looked::Found(finding)) => self.report(taken, &finding).await?,
                    Err(silence) => {
                        taken.run.unanswered += 1;
                        told_of(Some(id), &silence);
                        continue;
                    }
                }
                match awaits {
                    Awaits::End => taken.run.compared.orders += 1,
                    Awaits::Registration => taken.run.compared.unregistered += 1,
                }
            }
            taken.run.order = part.next;
            if taken.run.order.is_none() {
                taken.run.enter(next);
                return Ok(true);
            }
            if (self.clock)() >= until || !self.reconciler.save(taken).await? {
                return Ok(false);
            }
        }
    }

    async fn look(&self, call_back_id: &CallBackId, awaits: Awaits) -> Result<Looked, Silence> {
        let theirs = match awaits {
            Awaits::Registration => {
                let order = self.reconciler.order(call_back_id).await?;
                return Ok(order.as_ref().and_then(unregistered).map_or(Looked::Agrees, Looked::Found));
            }
            // The platform first: what it has told us of in a callback meanwhile, the order's record then says.
            Awaits::End => self.theirs(call_back_id).await.map_err(Silence::Platform)?,
        };
        for _ in 0..MAX_DECISIONS {
            let Some(order) = self.reconciler.order(call_back_id).await? else { return Ok(Looked::Agrees) };
            let Some(finding) = compare(&order, &theirs) else { return Ok(Looked::Agrees) };
            let Some(entry) = repair(&order, &theirs).filter(|_| self.settings.is_applied) else {
                return Ok(Looked::Found(finding));
            };
            let name = theirs.stage.name();
            match self.reconciler.repair(&order, &entry, name, (self.clock)()).await? {
                Repaired::Yes => {
                    let outcome = entry.outcome.name();
                    tracing::warn!(callBackId = call_back_id.as_str(), outcome, "an order is put right");
                    return Ok(Looked::Repaired);
                }
                Repaired::Impossible => return Ok(Looked::Found(finding)),
                Repaired::Changed => {}
            }
        }
        Err(Unavailable::new("the order changes too often").into())
    }

    /// How the platform has the order.
    async fn theirs(&self, call_back_id: &CallBackId) -> Result<TheirOrder, CallError> {
        self.wait_for_turn().await;
        let question = async |client: &waas_client::Client<T>| {
            client.get_withdraw_order(call_back_id, rand::rng()).await
        };
        let Some(known) = known(self.platform.ask(question).await)? else { return Ok(TheirOrder::unknown()) };
        let stage = match known.state {
            WithdrawState::Initial | WithdrawState::InReview => Theirs::Waiting,
            WithdrawState::InProgress | WithdrawState::ManualHandling | WithdrawState::Other(_) => {
                Theirs::UnderWay
            }
            WithdrawState::Complete => Theirs::Paid,
            WithdrawState::Cancelled | WithdrawState::Failed => Theirs::EndedUnpaid,
        };
        Ok(TheirOrder { stage, symbol: known.symbol, amount: known.amount.as_ref().map(Amount::value) })
    }
}

fn told_of(id: Option<&CallBackId>, silence: &Silence) {
    let call_back_id = id.map(CallBackId::as_str);
    match silence {
        Silence::Platform(error) => {
            tracing::warn!(callBackId = call_back_id, outcome = "unavailable", cause = %error, "an order is not compared");
        }
        Silence::Ledger(error) => {
            tracing::error!(callBackId = call_back_id, cause = %error, "an order is not compared");
        }
    }
}
