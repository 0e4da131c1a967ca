//! What follows from the events, to be compared with every other record: an entry for each user and asset, each order,
//! each case, each payment on chain.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};
use waas_callback::{Action, Asset, Decimal, Posting};

use super::accounts::{AccountId, Accounts};
use super::cases::{self, Cases, Held};
use super::event::{Claim, Meaning, Step};
use super::finding::{Finding, Kind};
use super::names::{Id, Mark, Names};
use super::orders::{self, Orders, Registered, Wrong};
use super::record::{Case, Coins, Event, Order, Recorded, Subject, text};
use super::tables::Item;

/// Everything that is to be compared.
#[derive(Default)]
pub(super) struct Books {
    names: Names,
    accounts: Accounts,
    orders: Orders,
    cases: Cases,
    /// Payments on chain, with whom they were credited to.
    credits: HashMap<Digest, Id>,
    causes: Vec<Cause>,
    findings: Vec<Finding>,
}

/// An event that an open case names.
pub(super) struct Cause {
    case_key: String,
    users: Vec<Id>,
    pub(super) event_key: String,
}

/// Stands for a text in a quarter of its space.
type Digest = [u8; 16];

impl Books {
    /// Enters an event.
    pub(super) fn event(&mut self, event: &Event) {
        for posting in &event.postings {
            let account = self.account(&posting.tenant_user_id, &posting.asset);
            self.accounts.post(account, posting);
        }
        let user = self.names.user(&event.tenant_user_id);
        let claim = match event.meaning() {
            Some(Meaning { postings, claim }) if postings == event.postings => claim,
            Some(Meaning { postings, claim }) => {
                let (posted, expected) = (shown(&event.postings), shown(&postings));
                let detail = format!("{}: posted {posted}, expected {expected}", event.outcome);
                self.find(&event.key, (Kind::Posting, detail, vec![user]));
                claim.without_coins()
            }
            None => {
                let detail = format!("{}: it lacks what it would have to be compared with", event.outcome);
                return self.find(&event.key, (Kind::Posting, detail, vec![user]));
            }
        };
        self.claim(event, user, claim);
    }

    fn claim(&mut self, event: &Event, user: Id, claim: Claim) {
        let Claim { is_credit, held, released, order, of_case } = claim;
        if let Some(deposit) = event.deposit.as_ref().filter(|_| is_credit)
            && let Some(first) = self.credits.insert(digest(deposit.as_str()), user)
        {
            let detail = format!("to {} and to {}", self.names.user_of(first), self.names.user_of(user));
            self.find(deposit.as_str(), (Kind::CreditedTwice, detail, vec![first, user]));
        }
        let is_act = matches!(event.subject, Subject::Release | Subject::Resolution);
        if let Some(case) = event.case_key.as_deref().filter(|_| is_act || is_credit) {
            let held = held.map(|(asset, amount)| {
                let account = (user, self.names.asset(&asset));
                Held { account, amount, mark: self.names.mark_of(account, amount) }
            });
            let released = self.mark(user, released.as_ref());
            let ended_by = is_act.then_some(&*event.key);
            let action = event.action.as_deref().and_then(|action| action.parse().ok());
            let is_settled = is_act && action.is_none_or(Action::settles);
            self.cases.tell(case, cases::Told { user, held, released, ended_by, is_settled, moved: of_case });
        }
        match (order, &event.call_back_id) {
            (None, _) => {}
            (Some(step), Some(id)) => self.step(event, id, user, step),
            (Some(_), None) => {
                let detail = format!("{}: it names no order", event.outcome);
                self.find(&event.key, (Kind::Posting, detail, vec![user]));
            }
        }
    }

    fn step(&mut self, event: &Event, id: &str, user: Id, step: Step) {
        let Step { state, makes_good, registered, needs_act, reported, settled, corrected } = step;
        let registered = registered.map(|(asset, amount)| {
            let account = (user, self.names.asset(&asset));
            let shown = self.names.mark_of_text(account, amount, &event.payee);
            Registered { account, amount, mark: self.names.mark_of(account, amount), shown }
        });
        let told = orders::Told {
            user,
            at: event.recorded_at,
            state,
            makes_good,
            needs_act,
            registered,
            // Whoever was named then: the charge is the registration's user's.
            reported: reported.map(|coins| self.names.mark_of_coins(&coins)),
            settled: self.mark(user, settled.as_ref()),
            corrected: corrected.map(|(basis, coins)| orders::Correction {
                basis,
                mark: self.names.mark(user, &coins),
                coins: self.names.mark_of_coins(&coins),
            }),
        };
        self.orders.tell(id, told);
    }

    /// The orders whose records have to be entered yet.
    pub(super) fn orders(&self) -> impl Iterator<Item = String> {
        self.orders.ids()
    }

    /// The cases whose records have to be entered yet.
    pub(super) fn cases(&self) -> impl Iterator<Item = String> {
        self.cases.keys()
    }

    /// Enters an order's record; all its events were entered before.
    pub(super) fn order(&mut self, order: &Order) {
        let user = order.tenant_user_id.as_deref().map(|user| self.names.user(user));
        let shown = user.zip(order.terms.as_ref()).map(|(user, (asset, amount))| {
            let account = (user, self.names.asset(asset));
            self.names.mark_of_text(account, *amount, &order.payee)
        });
        let (state, is_registered) = (order.state, order.is_registered);
        let recorded = orders::Recorded { user, state, is_registered, shown };
        let (open, wrong) = self.orders.record(&order.call_back_id, &recorded);
        if let Some(Registered { account, amount, .. }) = open {
            self.accounts.open(account, amount);
        }
        for wrong in wrong {
            self.find(&order.call_back_id, wrong);
        }
    }

    /// Enters a case's record; all its events were entered before.
    pub(super) fn case(&mut self, case: Case) {
        let user = case.tenant_user_id.as_deref().map(|user| self.names.user(user));
        let (held, wrong) = self.cases.record(&case, user);
        if let Some(Held { account, amount, .. }) = held {
            self.accounts.wait(account, amount);
        }
        for wrong in wrong {
            self.find(&case.key, wrong);
        }
        if case.is_open {
            let users: Vec<_> = user.into_iter().collect();
            let named = |event_key| Cause { case_key: case.key.clone(), users: users.clone(), event_key };
            self.causes.extend(case.event_keys.into_iter().map(named));
        }
    }

    /// The events that open cases name, since this was last asked.
    pub(super) fn take_causes(&mut self) -> Vec<Cause> {
        std::mem::take(&mut self.causes)
    }

    /// Enters that there is no such event.
    pub(super) fn causeless(&mut self, cause: &Cause) {
        let Cause { case_key, users, event_key } = cause;
        let detail = format!("it is open, and its event {event_key} is not there");
        self.find(case_key, (Kind::Case, detail, users.clone()));
    }

    /// Enters a balance's record.
    pub(super) fn balance(&mut self, recorded: &Recorded) {
        let account = self.account(&recorded.tenant_user_id, &recorded.asset);
        self.accounts.record(account, recorded.balance);
    }

    /// Enters a record that cannot be read.
    pub(super) fn unreadable(&mut self, what: &str, item: &Item, keys: &[&str]) {
        if let Some(id) = text(item, "callBackId").filter(|_| what == "order") {
            self.orders.forget(id);
        }
        if let Some(key) = text(item, "caseKey").filter(|_| what == "case") {
            self.cases.forget(key);
        }
        let user = text(item, "tenantUserId");
        if let Some((user, asset)) = user.zip(text(item, "asset").and_then(|asset| asset.parse().ok())) {
            let account = self.account(user, &asset);
            self.accounts.unreadable(account);
        }
        let users = user.map(|user| self.names.user(user)).into_iter().collect();
        let key: Vec<_> = keys.iter().map(|key| text(item, key).unwrap_or("?")).collect();
        self.find(
            &format!("{what} {}", key.join(" ")),
            (Kind::Unreadable, "it cannot be read".to_owned(), users),
        );
    }

    /// All that was found, once everything has been entered.
    pub(super) fn close(mut self) -> Vec<Finding> {
        for Held { account, amount, .. } in self.cases.unrecorded_held() {
            self.accounts.wait(account, amount);
        }
        let accounts = self.accounts.differences();
        let accounts = accounts.map(|(kind, id, of)| (self.names.account_of(id), (kind, of, vec![id.0])));
        let rest = self.orders.unrecorded().chain(self.cases.unrecorded());
        let rest = rest.map(|(key, wrong)| (key.to_owned(), wrong));
        let found: Vec<_> = accounts.chain(rest).collect();
        for (key, wrong) in found {
            self.find(&key, wrong);
        }
        self.findings.sort();
        self.findings.dedup();
        self.findings
    }

    fn find(&mut self, key: &str, (kind, detail, users): Wrong) {
        let users = users.into_iter().map(|user| self.names.user_of(user).to_owned()).collect();
        self.findings.push(Finding { kind, key: key.to_owned(), detail, users });
    }

    fn mark(&mut self, user: Id, coins: Option<&Coins>) -> Option<Mark> {
        coins.map(|coins| self.names.mark(user, coins))
    }

    fn account(&mut self, user: &str, asset: &Asset) -> AccountId {
        (self.names.user(user), self.names.asset(asset))
    }
}

/// Sixteen bytes of SHA-256.
pub(super) fn digest(text: &str) -> Digest {
    let mut digest = Digest::default();
    digest.copy_from_slice(&Sha256::digest(text)[..16]);
    digest
}

/// Postings with what they change.
fn shown(postings: &[Posting]) -> String {
    let part = |(name, value): (&str, Decimal)| (!value.is_zero()).then(|| format!(" {name} {value}"));
    let one = |Posting { tenant_user_id, asset, available, frozen, held, owed }: &Posting| {
        let parts = [("available", *available), ("frozen", *frozen), ("held", *held), ("owed", *owed)];
        format!("{tenant_user_id} {asset}{}", parts.into_iter().filter_map(part).collect::<String>())
    };
    let all: Vec<_> = postings.iter().map(one).collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(" and ") }
}
