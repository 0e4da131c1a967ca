//! The open orders, each against what the platform says of it.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

use futures_util::{StreamExt as _, stream};
use waas_callback::{Amount, CallBackId, Finding, TheirOrder, Theirs, compare, repair, unregistered};
use waas_callback_aws::{Awaits, RecordedCase, Repaired, Run, Taken, Unavailable};
use waas_callback_worker::known;
use waas_client::{CallError, Transport, WithdrawState};

use crate::Reconciliation;

/// How many orders are compared between two notes of how far the run is.
const AT_ONCE: i32 = 100;

/// How many ages an order may be under way, here and there, before somebody has to look: a week at least.
const OVERDUE_AGES: u32 = 7;
const WEEK: Duration = Duration::from_hours(7 * 24);

/// How often an order is put right anew because it changed meanwhile.
const MAX_DECISIONS: usize = 3;

/// What came of a look at an order.
enum Looked {
    Agrees,
    Found(Finding),
    /// It is unknown there, by a number that is not 0, which may be said of everything and mean nothing.
    FoundByNumber(Finding),
    Repaired,
}

/// What is open of orders: the findings, and which of them wait for a person, or the platform, for something else.
struct OpenCases {
    findings: HashMap<CallBackId, Vec<RecordedCase>>,
    others: HashSet<CallBackId>,
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
        let old = match awaits {
            Awaits::End => began - self.settings.age,
            Awaits::Registration => began - self.settings.grace,
        };
        let next = taken.run.phase.next();
        let open = self.open_of_orders().await?;
        loop {
            let from = taken.run.order.clone();
            let part = self.reconciler.open_orders(awaits, old, from.as_ref(), AT_ONCE).await?;
            let looks = stream::iter(&part.orders).map(async |order| {
                let id = CallBackId::from(order.call_back_id.as_str());
                let looked = self.look(&id, awaits, &open, (began, until)).await.transpose();
                (order, id, looked)
            });
            let looks: Vec<_> = looks.buffered(crate::BESIDE_EACH_OTHER).collect().await;
            // Those before the first for which there was no time.
            let looks: Vec<_> =
                looks.into_iter().map_while(|(order, id, looked)| Some((order, id, looked?))).collect();
            let (is_whole, last) = (looks.len() == part.orders.len(), looks.last().map(|(order, ..)| *order));
            // Nobody answers at all, or no to everything: from here again, later. In the end it is left out, or believed.
            let is_silent = |looked: &_| matches!(looked, Err(_) | Ok(Looked::FoundByNumber(_)));
            if !looks.is_empty() && looks.iter().all(|(_, _, looked)| is_silent(looked)) {
                if let Some(silence) = looks.iter().find_map(|(_, _, looked)| looked.as_ref().err()) {
                    told_of(None, silence);
                }
                if taken.run.stuck <= crate::MAX_STUCK {
                    return Ok(false);
                }
                if looks.iter().all(|(_, _, looked)| looked.is_err()) {
                    crate::leave_out(taken, looks.len());
                    return Ok(true);
                }
            }
            let mut run = taken.run.clone();
            for (_, id, looked) in &looks {
                let open = open.findings.get(id).map(Vec::as_slice).unwrap_or_default();
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
            Ok(Looked::Found(finding) | Looked::FoundByNumber(finding)) => {
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
        open: &OpenCases,
        (began, until): (SystemTime, SystemTime),
    ) -> Result<Option<Looked>, Silence> {
        if awaits == Awaits::End {
            self.wait_for_turn().await;
        }
        if (self.clock)() >= until {
            return Ok(None);
        }
        let (theirs, is_by_number) = match awaits {
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
            let open_for = order.registered_at.and_then(|at| began.duration_since(at).ok());
            let overdue = (self.settings.age * OVERDUE_AGES).max(WEEK);
            let is_overdue = open_for.is_some_and(|time| time >= overdue);
            let Some(finding) = compare(&order, &theirs, is_overdue) else {
                return Ok(Some(Looked::Agrees));
            };
            if is_by_number {
                return Ok(Some(Looked::FoundByNumber(finding)));
            }
            // Where something else of it is open, nothing is done before that is.
            let is_applied = self.settings.is_applied && !open.others.contains(call_back_id);
            let Some(entry) = repair(&order, &theirs).filter(|_| is_applied) else {
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

    /// What is open of orders now.
    async fn open_of_orders(&self) -> Result<OpenCases, Unavailable> {
        let mut open = OpenCases { findings: HashMap::new(), others: HashSet::new() };
        for case in self.open_cases(|case| case.claim.call_back_id.is_some()).await? {
            let Some(id) = case.claim.call_back_id.clone() else { continue };
            if crate::is_finding(&case) {
                open.findings.entry(id).or_default().push(case);
            } else {
                open.others.insert(id);
            }
        }
        Ok(open)
    }

    /// How the platform has the order, and whether it says so by a number that is not 0.
    async fn theirs(&self, call_back_id: &CallBackId) -> Result<(TheirOrder, bool), CallError> {
        let question = async |client: &waas_client::Client<T>| {
            client.get_withdraw_order(call_back_id, rand::rng()).await
        };
        let answer = self.platform.ask(question).await;
        let is_by_number = matches!(answer, Err(CallError::Refused(_)));
        let Some(known) = known(answer)? else { return Ok((TheirOrder::unknown(), is_by_number)) };
        let stage = match known.state {
            WithdrawState::Initial | WithdrawState::InReview => Theirs::Waiting,
            WithdrawState::InProgress | WithdrawState::ManualHandling | WithdrawState::Other(_) => {
                Theirs::UnderWay
            }
            WithdrawState::Complete => Theirs::Paid,
            WithdrawState::Cancelled | WithdrawState::Failed => Theirs::EndedUnpaid,
        };
        let amount = known.amount.as_ref().map(Amount::value);
        Ok((TheirOrder { stage, symbol: known.symbol, amount }, false))
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
