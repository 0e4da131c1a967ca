//! What follows from the events, to be compared with every other record: an entry for each user and asset, each order,
//! each case, each payment on chain.

use std::collections::{BTreeMap, HashMap};

use waas_callback::{Asset, Decimal, Posting};

use super::accounts::{AccountId, Accounts};
use super::cases::{self, About, Cases, Compared, Held, Released};
use super::event::{Claim, Meaning, Moved, Step};
use super::finding::{Finding, Kind};
use super::movements::{Movements, Tally};
use super::names::{Digest, Id, Mark, Names, Payment, digest};
use super::orders::{self, Orders, Registered, Wrong};
use super::record::{Case, Coins, Event, Order, Recorded, Subject, Whole, text};
use super::tables::Item;

/// Everything that is to be compared.
#[derive(Default)]
pub(super) struct Books {
    names: Names,
    accounts: Accounts,
    orders: Orders,
    cases: Cases,
    movements: Movements,
    /// Payments on chain, with whom they were credited to, or will be.
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

impl Books {
    /// Enters an event.
    pub(super) fn event(&mut self, event: &Event) {
        for posting in &event.postings {
            let account = self.account(&posting.tenant_user_id, &posting.asset);
            self.accounts.post(account, posting, event.recorded_at);
        }
        let user = self.names.user(&event.tenant_user_id);
        let [counted, expected] = &event.counted_on;
        if counted != expected {
            let shown = |on: &Option<String>| on.as_deref().unwrap_or("for nothing").to_owned();
            let detail = format!("counted {}, expected {}", shown(counted), shown(expected));
            self.find(&event.key, (Kind::Counted, detail, vec![user]));
        }
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

    /// Enters the event of a movement or an adjustment as a whole.
    pub(super) fn whole(&mut self, whole: &Whole) {
        for posting in &whole.postings {
            let account = self.account(&posting.tenant_user_id, &posting.asset);
            self.accounts.post(account, posting, u64::MAX);
        }
        let (mut told, mut users) = (Tally::default(), Vec::with_capacity(whole.legs.len()));
        let mut sums: BTreeMap<&Asset, Option<Decimal>> = BTreeMap::new();
        for leg in &whole.legs {
            let (asset, amount) = &leg.coins;
            let account = self.account(&leg.tenant_user_id, asset);
            told.add(self.names.mark_of_text(account, *amount, leg.key.as_str()));
            users.push(account.0);
            let sum = sums.entry(asset).or_insert(Some(Decimal::ZERO));
            *sum = sum.and_then(|sum| sum.checked_add(*amount));
        }
        // A sum beyond 38 digits on its way is left alone: the legs need not stand in an order that avoids it.
        if whole.is_balanced && sums.values().any(|sum| sum.is_some_and(|sum| !sum.is_zero())) {
            let detail = "its legs do not sum to zero".to_owned();
            self.find(&whole.key, (Kind::Movement, detail, users.clone()));
        }
        if !whole.postings.is_empty() {
            let detail = format!("it posts by itself: {}", shown(&whole.postings));
            self.find(&whole.key, (Kind::Movement, detail, users.clone()));
        }
        self.movements.whole(&whole.key, told, users);
    }

    fn claim(&mut self, event: &Event, user: Id, claim: Claim) {
        let Claim { is_credit, held, released, is_rejected, order, of_case, leg } = claim;
        if let Some(((asset, amount), whole)) = leg.zip(event.whole.as_deref()) {
            let account = (user, self.names.asset(&asset));
            self.movements.leg(whole, self.names.mark_of_text(account, amount, &event.key), user);
        }
        let payment = event.deposit.as_ref().filter(|_| is_credit).and_then(Payment::of);
        // What waits may yet be rejected, and be no credit then: its case says.
        if let Some(payment) = payment.filter(|_| held.is_none()) {
            self.credit(payment, user);
        }
        if let Some(case) = event.case_key.as_deref() {
            let held = held.map(|(asset, amount)| {
                let account = (user, self.names.asset(&asset));
                Held { account, amount, mark: self.names.mark_of(account, amount), payment }
            });
            let released = self.mark(user, released.as_ref());
            let moved = of_case.map(|moved| match moved {
                Moved::Nothing => cases::Moved::Nothing,
                Moved::Coins(coins) => cases::Moved::Coins(self.names.mark_of_coins(&coins)),
            });
            let told = cases::Told {
                user,
                asks: event.is_question || event.is_submitted,
                // An operator's credit is noted under the key that the platform's would have.
                answers: match event.subject {
                    Subject::Verification => event.action.is_none(),
                    Subject::Submission => true,
                    _ => false,
                },
                held,
                released: released.map(|mark| Released { mark, is_rejected }),
                end: event.end().map(|end| (&*event.key, end)),
                moved,
            };
            self.cases.tell(case, told);
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

    /// A payment on chain is this user's.
    fn credit(&mut self, payment: Payment, user: Id) {
        let key = payment.to_string();
        if let Some(first) = self.credits.insert(digest(&key), user) {
            let detail = format!("to {} and to {}", self.names.user_of(first), self.names.user_of(user));
            self.find(&key, (Kind::CreditedTwice, detail, vec![first, user]));
        }
    }

    fn step(&mut self, event: &Event, id: &str, user: Id, step: Step) {
        let Step { state, makes_good, registered, needs_act, reported, settled, corrected, submission } =
            step;
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
            submission,
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
        let (submission, awaits) = (order.submission, order.awaits.clone());
        let recorded = orders::Recorded { user, state, is_registered, shown, submission, awaits };
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
        let coins = case.asset.clone().zip(case.amount);
        let about = About {
            user,
            whose: user.and_then(|user| self.mark(user, coins.as_ref())),
            coins: coins.as_ref().map(|coins| self.names.mark_of_coins(coins)),
        };
        let compared = self.cases.record(&case, about);
        self.compared(&case.key, compared);
        if case.is_open {
            let users: Vec<_> = user.into_iter().collect();
            let named = |event_key| Cause { case_key: case.key.clone(), users: users.clone(), event_key };
            self.causes.extend(case.event_keys.into_iter().map(named));
        }
    }

    fn compared(&mut self, key: &str, Compared { waiting, credit, wrong }: Compared) {
        if let Some(Held { account, amount, .. }) = waiting {
            self.accounts.wait(account, amount);
        }
        if let Some((payment, (user, _))) = credit.and_then(|held| Some((held.payment?, held.account))) {
            self.credit(payment, user);
        }
        for wrong in wrong {
            self.find(key, wrong);
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

    /// Enters what reconciliation has noted of a balance. Its events come after it, for all that it sums were there by then.
    pub(super) fn checkpoint(&mut self, recorded: &Recorded) {
        if let Some(checkpoint) = recorded.checkpoint {
            let account = self.account(&recorded.tenant_user_id, &recorded.asset);
            self.accounts.audited(account, checkpoint);
        }
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
        if let Some(key) = text(item, "eventKey").filter(|_| Whole::is(item)) {
            self.movements.forget(key);
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
        for (key, compared) in self.cases.unrecorded().collect::<Vec<_>>() {
            self.compared(&key, compared);
        }
        let accounts = self.accounts.differences();
        let accounts = accounts.map(|(kind, id, of)| (self.names.account_of(id), (kind, of, vec![id.0])));
        let rest = self.orders.unrecorded().chain(self.movements.differences());
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
        // What is about a day is nobody's.
        let users = users.into_iter().map(|user| self.names.user_of(user).to_owned());
        let users = users.filter(|user| !user.is_empty()).collect();
        self.findings.push(Finding { kind, key: key.to_owned(), detail, users });
    }

    fn mark(&mut self, user: Id, coins: Option<&Coins>) -> Option<Mark> {
        coins.map(|coins| self.names.mark(user, coins))
    }

    fn account(&mut self, user: &str, asset: &Asset) -> AccountId {
        (self.names.user(user), self.names.asset(asset))
    }
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
