//! The open orders, each against what the platform says of it.

use std::collections::HashMap;
use std::time::SystemTime;

use futures_util::{StreamExt as _, stream};
use waas_callback::{Amount, CallBackId, Finding, TheirOrder, Theirs, compare, repair, unregistered};
use waas_callback_aws::{Awaits, Phase, RecordedCase, Repaired, Run, Taken, Unavailable};
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
        let mut open = HashMap::<_, Vec<_>>::new();
        for case in self.open_findings().await? {
            if let Some(id) = case.claim.call_back_id.clone() {
                open.entry(id).or_default().push(case);
            }
        }
        loop {
            let from = taken.run.order.clone();
            let part = self.reconciler.open_orders(awaits, old, from.as_ref(), AT_ONCE).await?;
            let looks = stream::iter(&part.orders).map(async |order| {
                let id = CallBackId::from(order.call_back_id.as_str());
                let looked = self.look(&id, awaits, until).await.transpose();
                (order, id, looked)
            });
            let looks: Vec<_> = looks.buffered(BESIDE_EACH_OTHER).collect().await;
            // Those before the first for which there was no time.
            let looks: Vec<_> =
                looks.into_iter().map_while(|(order, id, looked)| Some((order, id, looked?))).collect();
            let (is_whole, last) = (looks.len() == part.orders.len(), looks.last().map(|(order, ..)| *order));
            let silent = looks.iter().filter(|(_, _, looked)| looked.is_err()).count();
            // Nobody answers at all: from here again, later. What never answers is left out in the end.
            if silent > 0 && silent == looks.len() && taken.run.stuck <= crate::MAX_STUCK {
                if let Some((_, _, Err(silence))) = looks.first() {
                    told_of(None, silence);
                }
                return Ok(false);
            }
            let mut run = taken.run.clone();
            for (_, id, looked) in &looks {
                let open = open.get(id).map(Vec::as_slice).unwrap_or_default();
                self.note(&mut run, id, looked, awaits, open).await?;
            }
            if !looks.is_empty() {
                run.stuck = 0;
            }
            run.order = if is_whole { part.next } else { last.cloned().or(run.order) };
            taken.run = run;
            if is_whole && taken.run.order.is_none() {
                taken.run.enter(next);
                return Ok(true);
            }
            if (self.clock)() >= until || !self.reconciler.save(taken).await? {
                return Ok(false);
            }
        }
    }

    /// Notes what came of a look at an order, and ends the findings about it that it makes untrue.
    async fn note(
        &self,
        run: &mut Run,
        id: &CallBackId,
        looked: &Result<Looked, Silence>,
        awaits: Awaits,
        open: &[RecordedCase],
    ) -> Result<(), Unavailable> {
        if awaits == Awaits::End {
            run.calls += 1;
        }
        let still = match looked {
            Ok(Looked::Agrees) => None,
            Ok(Looked::Repaired) => {
                run.repaired += 1;
                None
            }
            Ok(Looked::Found(finding)) => {
                self.report(run, finding).await?;
                Some(finding.reason)
            }
            Err(silence) => {
                run.unanswered += 1;
                told_of(Some(id), silence);
                return Ok(());
            }
        };
        match awaits {
            Awaits::End => run.compared.orders += 1,
            Awaits::Registration => run.compared.unregistered += 1,
        }
        let is_still = |case: &RecordedCase| still.is_some_and(|still| *case.claim.reasons == [still]);
        for case in open.iter().filter(|case| !is_still(case)) {
            if self.reconciler.close(case, (self.clock)()).await? {
                run.over += 1;
            }
        }
        Ok(())
    }

    /// What comes of a look at an order; absent if there is no time for it any more.
    async fn look(
        &self,
        call_back_id: &CallBackId,
        awaits: Awaits,
        until: SystemTime,
    ) -> Result<Option<Looked>, Silence> {
        if awaits == Awaits::End {
            self.wait_for_turn().await;
        }
        if (self.clock)() >= until {
            return Ok(None);
        }
        let theirs = match awaits {
            Awaits::Registration => {
                let order = self.reconciler.order(call_back_id).await?;
                let finding = order.as_ref().and_then(unregistered);
                return Ok(Some(finding.map_or(Looked::Agrees, Looked::Found)));
            }
            // The platform first: what it has told us of in a callback meanwhile, the order's record then says.
            Awaits::End => self.theirs(call_back_id).await.map_err(Silence::Platform)?,
        };
        for _ in 0..MAX_DECISIONS {
            let Some(order) = self.reconciler.order(call_back_id).await? else {
                return Ok(Some(Looked::Agrees));
            };
            let Some(finding) = compare(&order, &theirs) else { return Ok(Some(Looked::Agrees)) };
            let Some(entry) = repair(&order, &theirs).filter(|_| self.settings.is_applied) else {
                return Ok(Some(Looked::Found(finding)));
            };
            let name = theirs.stage.name();
            match self.reconciler.repair(&order, &entry, name, (self.clock)()).await? {
                Repaired::Yes => {
                    let outcome = entry.outcome.name();
                    tracing::warn!(callBackId = call_back_id.as_str(), outcome, "an order is put right");
                    return Ok(Some(Looked::Repaired));
                }
                Repaired::Impossible => return Ok(Some(Looked::Found(finding))),
                Repaired::Changed => {}
            }
        }
        Err(Unavailable::new("the order changes too often").into())
    }

    /// How the platform has the order.
    async fn theirs(&self, call_back_id: &CallBackId) -> Result<TheirOrder, CallError> {
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
