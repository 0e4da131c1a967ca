//! Each user's balance in each asset: what its postings, its open orders and its held deposits add up to.

use std::fmt;

use indexmap::IndexMap;
use waas_callback::{Balance, Decimal, Posting};

use super::finding::Kind;
use super::names::Id;
use super::record::Checkpoint;

/// A user and an asset.
pub(super) type AccountId = (Id, Id);

/// What the events and orders say of the balances.
#[derive(Default)]
pub(super) struct Accounts(IndexMap<AccountId, Account>);

/// A sum; absent where it needs more than 38 digits. Events come in no order: it may pass below zero on its way.
type Sum = Option<Decimal>;

/// Most have nothing under way, and none is recorded while the events are read: so these take no space until then.
struct Account {
    posted: Option<Balance>,
    under_way: Option<Box<UnderWay>>,
    recorded: Option<Box<Balance>>,
    audited: Option<Box<Audited>>,
    is_readable: bool,
}

/// What reconciliation has noted, and what the events up to then have posted.
#[derive(Clone, Copy)]
struct Audited {
    checkpoint: Checkpoint,
    posted: Option<Balance>,
}

#[derive(Clone, Copy)]
struct UnderWay {
    /// Of its open orders.
    open: Sum,
    /// Of its held deposits.
    waiting: Sum,
}

impl Default for UnderWay {
    fn default() -> Self {
        Self { open: Some(Decimal::ZERO), waiting: Some(Decimal::ZERO) }
    }
}

impl Default for Account {
    fn default() -> Self {
        Self {
            posted: Some(Balance::default()),
            under_way: None,
            recorded: None,
            audited: None,
            is_readable: true,
        }
    }
}

impl Account {
    fn under_way(&mut self) -> &mut UnderWay {
        self.under_way.get_or_insert_default()
    }
}

fn add(sum: &mut Sum, amount: Decimal) {
    *sum = sum.and_then(|sum| sum.checked_add(amount));
}

impl Accounts {
    fn at(&mut self, account: AccountId) -> &mut Account {
        self.0.entry(account).or_default()
    }

    /// What reconciliation has noted; no event was entered yet.
    pub(super) fn audited(&mut self, account: AccountId, checkpoint: Checkpoint) {
        self.at(account).audited = Some(Box::new(Audited { checkpoint, posted: Some(Balance::default()) }));
    }

    pub(super) fn post(&mut self, account: AccountId, posting: &Posting, at: u64) {
        let Account { posted, audited, .. } = self.at(account);
        *posted = posted.and_then(|balance| balance.checked_add(posting));
        if let Some(audited) = audited.as_deref_mut().filter(|audited| at <= audited.checkpoint.to) {
            audited.posted = audited.posted.and_then(|balance| balance.checked_add(posting));
        }
    }

    /// An open order of this amount.
    pub(super) fn open(&mut self, account: AccountId, amount: Decimal) {
        add(&mut self.at(account).under_way().open, amount);
    }

    /// A held deposit of this amount.
    pub(super) fn wait(&mut self, account: AccountId, amount: Decimal) {
        add(&mut self.at(account).under_way().waiting, amount);
    }

    pub(super) fn record(&mut self, account: AccountId, balance: Balance) {
        self.at(account).recorded = Some(Box::new(balance));
    }

    pub(super) fn unreadable(&mut self, account: AccountId) {
        self.at(account).is_readable = false;
    }

    /// Whatever is recorded otherwise.
    pub(super) fn differences(&self) -> impl Iterator<Item = (Kind, AccountId, String)> {
        self.0.iter().filter(|(_, account)| account.is_readable).flat_map(|(id, account)| {
            let posted = account.posted;
            let recorded = account.recorded.as_deref().copied().unwrap_or_default();
            let UnderWay { open, waiting } = account.under_way.as_deref().copied().unwrap_or_default();
            let balance = (posted != Some(recorded)).then(|| {
                let posted =
                    posted.as_ref().map_or_else(|| TOO_LONG.to_owned(), |sum| Shown(sum).to_string());
                (Kind::Balance, format!("recorded {}, posted {posted}", Shown(&recorded)))
            });
            let part = |kind, recorded: Decimal, sum: Sum, of| {
                let shown = || sum.map_or_else(|| TOO_LONG.to_owned(), |sum| sum.to_string());
                (sum != Some(recorded)).then(|| (kind, format!("recorded {recorded}, {of} {}", shown())))
            };
            let frozen = part(Kind::Frozen, recorded.frozen, open, "open orders");
            let held = part(Kind::Held, recorded.held, waiting, "held deposits");
            let audited = account.audited.as_deref();
            let audited = audited.filter(|audited| audited.posted != Some(audited.checkpoint.sum));
            let audited = audited.map(|Audited { checkpoint, posted }| {
                let posted =
                    posted.as_ref().map_or_else(|| TOO_LONG.to_owned(), |sum| Shown(sum).to_string());
                (Kind::Checkpoint, format!("noted {}, posted until then {posted}", Shown(&checkpoint.sum)))
            });
            [balance, frozen, held, audited].into_iter().flatten().map(|(kind, detail)| (kind, *id, detail))
        })
    }
}

const TOO_LONG: &str = "more than 38 digits";

struct Shown<'a>(&'a Balance);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Balance { available, frozen, held, owed } = self.0;
        write!(f, "available {available} frozen {frozen} held {held}")?;
        if owed.is_zero() { Ok(()) } else { write!(f, " owed {owed}") }
    }
}
