//! The open questions: what waits for the platform's word, and what its word does.

use std::time::{Duration, SystemTime};

use waas_callback::{
    Address, Asset, Callback, CaseKey, Content, Deposit, Difference, Entry, EventKey, Fingerprint, Identity,
    Knowledge, Order, Outcome, Overtaken, Policy, Posting, Reason, Rival, Ruling, Verified, Word,
    contradicted, overtaken, pause, vouched,
};

use crate::commit::{NotSettled, Obstacle};
use crate::config::Config;
use crate::merchant;
use crate::retry::{Deadline, Unavailable};
use crate::tables::cases::RecordedCase;
use crate::tables::events::{Checked, Ending, Event, RecordedEvent, Rejection, Source};
use crate::tables::{Ledger, addresses, balances, cases, timestamp};

/// How often a ruling is applied anew because what it is applied to changed meanwhile.
const MAX_DECISIONS: usize = 10;

/// The ledger, as far as the platform's word changes it.
#[derive(Debug, Clone)]
pub struct Verifier {
    ledger: Ledger,
    policy: Policy,
    /// How long the platform's silence is borne before it counts as a contradiction.
    limit: Duration,
}

/// An open question, with all that its answer is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Its case.
    pub case: RecordedCase,
    /// What was claimed.
    pub callback: Callback,
    /// The order that it is about, as it stands.
    pub order: Option<Order>,
    /// How long it has been open.
    pub open_for: Duration,
    /// How long the platform has answered without saying so or so.
    silent_for: Duration,
    /// What its event's record says, which may be of other content.
    recorded: Option<RecordedEvent>,
}

/// What became of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruled {
    /// It is true, and took effect as far as nothing else keeps it from that.
    Verified,
    /// It is not believed; a person has to look.
    Contradicted,
    /// It is asked again.
    AskAgain,
    /// It was ended meanwhile.
    AnsweredBefore,
}

impl Verifier {
    /// The tables that `config` names. `limit` is how long the platform's silence is borne.
    #[must_use]
    pub fn connect(config: &Config, limit: Duration) -> Self {
        Self { ledger: Ledger::connect(config), policy: config.policy, limit }
    }

    /// The questions that are due, the longest due first, at most `limit`. Eventually consistent.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer.
    pub async fn due(&self, limit: i32, now: SystemTime) -> Result<Vec<CaseKey>, Unavailable> {
        self.ledger.due_cases(cases::PLATFORM, limit, now).await
    }

    /// Takes a question to ask it; absent if it is none, or not due, or somebody else asks it just now. Whoever takes it
    /// and dies has only made it wait for its next turn.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with what is no case.
    pub async fn take(&self, case_key: &CaseKey, now: SystemTime) -> Result<Option<Question>, Unavailable> {
        let Some(case) = self.ledger.case(case_key).await? else { return Ok(None) };
        // What is to be ordered from the platform is due too, and none of its questions.
        if case.expects != cases::PLATFORM {
            return Ok(None);
        }
        let Some(next) = &case.next_ask_at else { return Ok(None) };
        // At first it is asked whenever somebody says so, for the clock that opened it may be ahead of this one.
        if case.asked > 0 && *next > timestamp(now)? {
            return Ok(None);
        }
        let update = cases::take(&self.ledger.tables.cases, &case, now + pause(case.asked))?;
        if !self.ledger.change(&update, Deadline::after(None)).await? {
            return Ok(None);
        }
        self.question(case_key, now).await
    }

    /// An open question as it stands now.
    async fn question(&self, case_key: &CaseKey, now: SystemTime) -> Result<Option<Question>, Unavailable> {
        let Some(case) = self.ledger.case(case_key).await? else { return Ok(None) };
        if case.open_since.is_none() || case.next_ask_at.is_none() || case.expects != cases::PLATFORM {
            return Ok(None);
        }
        let callback = self.claimed(&case).await?;
        let order = match &case.claim.call_back_id {
            Some(id) => self.ledger.order(id).await?,
            None => None,
        };
        let recorded = self.ledger.event(case.claim.identity.event_key.as_str()).await?;
        let (open_for, silent_for) = (case.open_for(now), case.silent_for(now));
        Ok(Some(Question { case, callback, order, open_for, silent_for, recorded }))
    }

    /// What was said, as one of the case's events has it: just what the case is about.
    async fn claimed(&self, case: &RecordedCase) -> Result<Callback, Unavailable> {
        let own = case.claim.identity.event_key.as_str();
        let keys = case.event_keys.iter().filter(|key| *key != own);
        for key in std::iter::once(own).chain(keys.map(String::as_str)) {
            let Some(event) = self.ledger.event(key).await? else { continue };
            let callback = event.callback.as_deref().and_then(|json| Callback::recorded(json).ok()).flatten();
            let is_claimed = |callback: &Callback| callback.identity() == case.claim.identity;
            if let Some(callback) = callback.filter(is_claimed) {
                return Ok(callback);
            }
        }
        Err(Unavailable::new("what a case is about is not recorded"))
    }

    /// Has anybody here but a callback spoken of this user, or has the platform vouched for what one said?
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer.
    pub async fn is_known(&self, tenant_user_id: &str) -> Result<bool, Unavailable> {
        let tables = &self.ledger.tables;
        if self.ledger.event(merchant::user(tenant_user_id).event_key.as_str()).await?.is_some() {
            return Ok(true);
        }
        let addresses = self.ledger.of_user(&tables.addresses, tenant_user_id).await?;
        if addresses.iter().any(addresses::has_verified) {
            return Ok(true);
        }
        let balances = self.ledger.of_user(&tables.balances, tenant_user_id).await?;
        for item in &balances {
            let balance = balances::recorded(item)?.balance;
            // What is held may be held for just this question.
            if ![balance.available, balance.frozen, balance.owed].iter().all(|part| part.is_zero()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Has the platform vouched before for the user's having this address on the asset's chain?
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer.
    pub async fn is_owned(
        &self,
        tenant_user_id: &str,
        asset: &Asset,
        address: &Address,
    ) -> Result<bool, Unavailable> {
        let items = self.ledger.of_user(&self.ledger.tables.addresses, tenant_user_id).await?;
        Ok(items.iter().any(|item| addresses::is_verified(item, asset.chain_name(), address)))
    }

    /// Applies the platform's word, exactly once: one transaction closes the question and does what follows.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or the ledger does not hold what would be moved.
    pub async fn rule(
        &self,
        mut question: Question,
        word: Word,
        now: SystemTime,
    ) -> Result<Ruled, Unavailable> {
        let case_key = question.case.case_key.clone();
        let mut is_address_known = false;
        for _ in 0..MAX_DECISIONS {
            let obstacle = match word.ruling(question.silent_for, self.limit) {
                Ruling::AskAgain => return self.ask_again(&question, word, now).await,
                Ruling::Contradicted => {
                    let verified = contradicted(&question.case.claim);
                    self.end(&question, &verified, word, None, now).await?.ok_or(Ruled::Contradicted)
                }
                Ruling::True => self.vouch(&question, word, is_address_known, now).await?,
            };
            match obstacle {
                Err(Ruled::AskAgain) => return self.ask_again(&question, word, now).await,
                Err(ruled) => return Ok(ruled),
                Ok(Obstacle::Refused(refusal)) => return Err(Unavailable::new(refusal.to_string())),
                Ok(Obstacle::AddressKnown) => is_address_known = true,
                // Ended by another, which the case shows; or its event was credited in other words.
                Ok(Obstacle::Known(..) | Obstacle::Changed | Obstacle::Order(_)) => {}
            }
            match self.question(&case_key, now).await? {
                // The word was on the order as it was registered then.
                Some(changed) if !changed.is_about_the_same_order(&question) => {
                    return self.ask_again(&changed, Word::NotFinal, now).await;
                }
                Some(changed) => question = changed,
                None => return Ok(Ruled::AnsweredBefore),
            }
        }
        Err(Unavailable::new("the case changes too often"))
    }

    async fn ask_again(
        &self,
        question: &Question,
        word: Word,
        now: SystemTime,
    ) -> Result<Ruled, Unavailable> {
        let note = cases::note(&self.ledger.tables.cases, &question.case, word, now)?;
        self.ledger.change(&note, Deadline::after(None)).await?;
        Ok(Ruled::AskAgain)
    }

    /// What is claimed is true: makes it so, if the ledger can by itself.
    async fn vouch(
        &self,
        question: &Question,
        word: Word,
        is_address_known: bool,
        now: SystemTime,
    ) -> Result<Result<Obstacle, Ruled>, Unavailable> {
        let Question { case, callback, order, .. } = question;
        let held = question.held();
        let persons = |word| (contradicted(&case.claim), word, None, Ruled::Contradicted);
        let (verified, word, rejected, ruled) = match (&callback.content, &held) {
            // A damaged record is no reason to give anything away.
            (Content::Deposit(deposit), Some(held)) if !is_of(held, callback, deposit) => persons(word),
            (Content::Deposit(deposit), None) => {
                let (overtaken, rival) = self.overtaken(question, deposit).await?;
                match overtaken {
                    // What was refused was not held for its risk.
                    Overtaken::InsteadOfRival | Overtaken::Alone if self.is_risky(deposit) => persons(word),
                    Overtaken::AskAgain => return Ok(Err(Ruled::AskAgain)),
                    Overtaken::Unclear => persons(word),
                    Overtaken::Same => {
                        let verified = Verified { entry: Entry::of(Outcome::DepositKnown), left: vec![] };
                        (verified, word, None, Ruled::Verified)
                    }
                    Overtaken::InsteadOfRival | Overtaken::Alone => {
                        match vouched(callback, &case.claim, None, None) {
                            Ok(verified) => (verified, word, rival, Ruled::Verified),
                            Err(_) => persons(word),
                        }
                    }
                }
            }
            _ => match vouched(callback, &case.claim, held.as_ref(), order.as_ref()) {
                Ok(verified) => (verified, word, None, Ruled::Verified),
                // The order stands where it cannot have failed.
                Err(_) => persons(Word::Differs(Difference::Order)),
            },
        };
        let verified = if is_address_known { with_known_address(verified) } else { verified };
        let obstacle = self.end(question, &verified, word, rejected.as_ref(), now).await?;
        Ok(obstacle.ok_or(ruled))
    }

    fn is_risky(&self, deposit: &Deposit) -> bool {
        self.policy.risk_threshold.is_some_and(|threshold| deposit.is_risky(threshold))
    }

    /// What is done about a deposit that was refused, with the one that waits instead of it, if that is to be rejected.
    async fn overtaken(
        &self,
        question: &Question,
        deposit: &Deposit,
    ) -> Result<(Overtaken, Option<Waiting>), Unavailable> {
        let Some(recorded) = &question.recorded else { return Ok((Overtaken::Unclear, None)) };
        let rival = self.ledger.rival(recorded).await?;
        let positions = recorded.position.zip(question.case.claim.identity.position);
        let has_other_position = positions.is_some_and(|(theirs, ours)| theirs != ours);
        let overtaken = overtaken(&question.callback.tenant_user_id, deposit, &rival, has_other_position);
        let Rival::Waits(held, case) = rival else { return Ok((overtaken, None)) };
        let callback = recorded.callback.as_deref().and_then(|json| Callback::recorded(json).ok()).flatten();
        let Some(callback) = callback.filter(|_| overtaken == Overtaken::InsteadOfRival) else {
            return Ok((overtaken, None));
        };
        let identity = of_opening(&case, "rejected");
        let claim = recorded.identity().event_key;
        Ok((overtaken, Some(Waiting { case, callback, claim, identity, held })))
    }

    /// Ends the question with its entry. `None` if that was done now.
    async fn end(
        &self,
        question: &Question,
        verified: &Verified,
        word: Word,
        rejected: Option<&Waiting>,
        now: SystemTime,
    ) -> Result<Option<Obstacle>, Unavailable> {
        let Question { case, callback, .. } = question;
        let Verified { entry, left } = verified;
        let checked = |case, callback, claim, left, word| Checked {
            callback,
            claim,
            ending: ending(case, left, word),
            rejection: None,
        };
        let rejection = rejected.map(|Waiting { case, callback, claim, identity, held }| Rejection {
            event: Event {
                identity,
                tenant_user_id: &held.tenant_user_id,
                call_back_id: None,
                source: Source::Verification(checked(
                    case,
                    callback,
                    claim,
                    &[],
                    Word::Differs(Difference::Amount),
                )),
            },
            entry: waas_callback::rejected(held),
        });
        let claim = &case.claim.identity.event_key;
        let identity = match entry.outcome {
            Outcome::Credited => credit_of(claim),
            outcome => of_opening(case, outcome.name()),
        };
        let checked = Checked { rejection: rejection.as_ref(), ..checked(case, callback, claim, left, word) };
        let event = Event {
            identity: &identity,
            tenant_user_id: &callback.tenant_user_id,
            call_back_id: callback.call_back_id(),
            source: Source::Verification(checked),
        };
        match self.ledger.transact(&event, entry, now, Deadline::after(None)).await {
            Ok(obstacle) => Ok(obstacle),
            Err(NotSettled::Unavailable(unavailable)) => Err(unavailable),
            Err(NotSettled::Refused(refusal)) => Err(Unavailable::new(refusal.to_string())),
            Err(NotSettled::RecordMissing(which)) => {
                Err(Unavailable::new(format!("a record is missing: {which}")))
            }
        }
    }
}

/// A held deposit that another content of its event has been found true instead of.
struct Waiting {
    case: RecordedCase,
    callback: Callback,
    claim: EventKey,
    /// Of the event that ends it.
    identity: Identity,
    held: Posting,
}

impl Question {
    /// What waits of the deposit that this is about; absent if it was refused.
    fn held(&self) -> Option<Posting> {
        let recorded = self.recorded.as_ref()?;
        if recorded.identity() == self.case.claim.identity { recorded.waiting() } else { None }
    }

    /// Is the order still the one, of the same terms, that the platform was asked about?
    fn is_about_the_same_order(&self, earlier: &Self) -> bool {
        let of = |question: &Self| question.order.as_ref().and_then(|order| order.terms.clone());
        of(self) == of(earlier)
    }
}

impl RecordedEvent {
    /// What a deposit's event has put aside, if it did.
    fn waiting(&self) -> Option<Posting> {
        let waits = [Outcome::Held, Outcome::Unverified].iter().any(|outcome| self.outcome == outcome.name());
        self.postings.first().filter(|_| waits).cloned()
    }
}

impl Ledger {
    /// What became of the content that a deposit's event was recorded with, or of another that was found true instead.
    pub(crate) async fn rival(&self, recorded: &RecordedEvent) -> Result<Rival<RecordedCase>, Unavailable> {
        let credit = credit_of(&recorded.identity().event_key);
        if let Some(credit) = self.event(credit.event_key.as_str()).await? {
            return Ok(credit.postings.into_iter().next().map_or(Rival::Unclear, Rival::Credited));
        }
        let Some(held) = recorded.waiting() else {
            return Ok(match (recorded.outcome.as_str(), recorded.postings.first()) {
                ("credited", Some(posting)) => Rival::Credited(posting.clone()),
                ("zero-amount", None) => Rival::Gone,
                _ => Rival::Unclear,
            });
        };
        let Some(case) = self.case(&CaseKey::of(&recorded.identity())).await? else {
            return Ok(Rival::Unclear);
        };
        let Some(ended_by) = case.resolution_key.clone() else {
            let is_open = case.open_since.is_some();
            return Ok(if is_open { Rival::Waits(held, case) } else { Rival::Unclear });
        };
        let Some(end) = self.event(&ended_by).await? else { return Ok(Rival::Unclear) };
        let given = end.postings.iter().find(|posting| posting.held == -held.held);
        Ok(match given {
            Some(posting) if posting.available == held.held => Rival::Credited(posting.clone()),
            Some(posting) if posting.available.is_zero() => Rival::Gone,
            _ => Rival::Unclear,
        })
    }
}

/// Is what waits just what was claimed?
fn is_of(held: &Posting, callback: &Callback, deposit: &Deposit) -> bool {
    (&held.tenant_user_id, &held.asset, held.held)
        == (&callback.tenant_user_id, &deposit.asset, deposit.amount.value())
}

/// What became known of an address was known before, so it is not made the present one.
fn with_known_address(mut verified: Verified) -> Verified {
    if let Some(address) = &mut verified.entry.address {
        address.knowledge = Knowledge::Owned;
    }
    if verified.entry.outcome == Outcome::AddressChanged {
        verified.entry.outcome = Outcome::AddressKnown;
    }
    verified
}

fn ending<'a>(case: &'a RecordedCase, left: &'a [Reason], word: Word) -> Ending<'a> {
    Ending { case_key: &case.case_key, seen: Some(&case.claim.reasons), left, word: Some(word) }
}

/// An event of a question: one for each time that its case was opened, and for what came of it.
fn of_opening(case: &RecordedCase, what: &str) -> Identity {
    named(&[Some(case.case_key.as_str()), case.open_since.as_deref(), Some(what)])
}

/// The event that credits a deposit which was refused at first, or that says that an operator did: one for each, in
/// whatever words it was told.
pub(crate) fn credit_of(claim: &EventKey) -> Identity {
    named(&[Some(claim.as_str()), Some(Outcome::Credited.name())])
}

fn named(parts: &[Option<&str>]) -> Identity {
    Identity {
        event_key: EventKey::new("verification", parts.iter().copied()),
        fingerprint: Fingerprint::new("verification", []),
        position: None,
    }
}
