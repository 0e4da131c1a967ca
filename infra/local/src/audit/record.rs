//! The records, read by what docs/ledger.md says of them.

use std::borrow::Cow;
use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;
use serde_json::value::RawValue;
use waas_callback::{
    Address, Amount, Asset, Balance, CaseKey, Decimal, EventKey, Fingerprint, Identity, OrderState, Posting,
    RECONCILIATION, Stage, TxId,
};

use super::tables::Item;

/// An amount of an asset.
pub(super) type Coins = (Asset, Decimal);

/// What happened, by its key's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Deposit,
    Confirmation,
    Payment,
    Failure,
    Shortage,
    Registration,
    Cancellation,
    Release,
    Resolution,
    Verification,
    Submission,
    Reconciliation,
    Collection,
    /// Of a movement or an adjustment.
    Leg,
    /// A refusal, an address, or whatever else: nothing that posts.
    Other,
}

/// An event.
pub(super) struct Event {
    pub(super) key: String,
    pub(super) subject: Subject,
    pub(super) tenant_user_id: String,
    pub(super) outcome: String,
    pub(super) postings: Vec<Posting>,
    /// When it was recorded, as a number that sorts.
    pub(super) recorded_at: u64,
    pub(super) call_back_id: Option<String>,
    /// What a registration is to pay.
    pub(super) terms: Option<Coins>,
    /// To whom, and in which state of the order.
    pub(super) payee: String,
    /// What the platform kept of an order's amount.
    pub(super) fee: Decimal,
    /// What an operator did.
    pub(super) action: Option<String>,
    /// The case of a held deposit, the one that waits for the platform's word of this or until it is ordered there, or
    /// the one that an act, that word or the end of the submission ends.
    pub(super) case_key: Option<String>,
    /// Is the platform asked about it?
    pub(super) is_question: bool,
    /// Is it a registration that is to be ordered from the platform?
    pub(super) is_submitted: bool,
    /// Of the end of a submission: how many calls were begun.
    pub(super) attempts: Decimal,
    /// What the platform said of money.
    pub(super) said: Option<Coins>,
    /// The deposit's event, by what the platform said.
    pub(super) deposit: Option<EventKey>,
    /// Of a leg: the event of the whole.
    pub(super) whole: Option<String>,
    /// For which type and day it is counted, and for which it has to be.
    pub(super) counted_on: [Option<String>; 2],
}

/// The event of a movement or an adjustment as a whole.
pub(super) struct Whole {
    pub(super) key: String,
    /// Do its legs have to sum to zero?
    pub(super) is_balanced: bool,
    pub(super) legs: Vec<Leg>,
    /// It should have none: its legs post.
    pub(super) postings: Vec<Posting>,
}

/// A leg, as the whole tells of it.
pub(super) struct Leg {
    /// Its event.
    pub(super) key: EventKey,
    pub(super) tenant_user_id: String,
    pub(super) coins: Coins,
}

/// An order. User and terms are copies of its registration.
pub(super) struct Order {
    pub(super) call_back_id: String,
    pub(super) tenant_user_id: Option<String>,
    pub(super) is_registered: bool,
    pub(super) state: OrderState,
    pub(super) terms: Option<Coins>,
    pub(super) payee: String,
    /// How far it is on its way to the platform.
    pub(super) submission: Option<Submission>,
    /// What it waits for, where it stands in the index of those that do; empty if nobody can tell, or since when.
    pub(super) awaits: Option<String>,
}

/// How far an order is on its way to the platform, where it is ordered from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Submission {
    pub(super) stage: Stage,
    /// How many calls were begun.
    pub(super) attempts: Decimal,
    pub(super) may_have_arrived: bool,
}

/// A user's balance in an asset.
pub(super) struct Recorded {
    pub(super) tenant_user_id: String,
    pub(super) asset: Asset,
    pub(super) balance: Balance,
    pub(super) checkpoint: Option<Checkpoint>,
}

/// Up to when reconciliation has summed a balance's events, and their sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Checkpoint {
    /// As a number that sorts.
    pub(super) to: u64,
    pub(super) sum: Balance,
}

/// A case.
pub(super) struct Case {
    pub(super) key: String,
    /// Absent where the record was lost before the case ended.
    pub(super) tenant_user_id: Option<String>,
    pub(super) is_open: bool,
    pub(super) reasons: Vec<String>,
    /// Whom it waits for.
    pub(super) expects: Option<String>,
    /// When the platform is asked next.
    pub(super) next_ask_at: Option<String>,
    pub(super) event_keys: Vec<String>,
    pub(super) resolution_key: Option<String>,
    pub(super) asset: Option<Asset>,
    pub(super) amount: Option<Decimal>,
}

/// A text attribute.
pub(super) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// Whom and what an event is about: its users, its order, its case, the movement that it is of.
pub(super) fn subjects(item: &Item) -> BTreeSet<Cow<'_, str>> {
    let postings = item.get("postings").and_then(|value| value.as_l().ok());
    let postings = postings.into_iter().flatten().filter_map(|posting| posting.as_m().ok());
    let users = std::iter::once(item).chain(postings).filter_map(|item| text(item, "tenantUserId"));
    let named =
        ["callBackId", "caseKey", "question", "submission"].into_iter().filter_map(|name| text(item, name));
    let whole = text(item, "eventKey").filter(|_| Whole::is(item)).or_else(|| text(item, "wholeEventKey"));
    // A finding that is about a day is nobody's, and does not name its case.
    let found = text(item, "eventKey").filter(|_| item.contains_key("finding"));
    let found = found.and_then(|key| case_of(key, item)).map(Cow::Owned);
    users.chain(named).chain(whole).map(Cow::Borrowed).chain(found).collect()
}

fn owned(item: &Item, name: &str) -> Option<String> {
    text(item, name).map(str::to_owned)
}

/// A number attribute; zero where there is none, `None` where it is no number.
fn number(item: &Item, name: &str) -> Option<Decimal> {
    item.get(name).map_or(Some(Decimal::ZERO), |value| value.as_n().ok()?.parse().ok())
}

fn set(item: &Item, name: &str) -> Vec<String> {
    item.get(name).and_then(|value| value.as_ss().ok()).cloned().unwrap_or_default()
}

fn asset(item: &Item) -> Option<Asset> {
    Asset::new(text(item, "chainName")?, text(item, "symbol")?).ok()
}

impl Event {
    pub(super) fn read(item: &Item) -> Option<Self> {
        let key = owned(item, "eventKey")?;
        let subject = Subject::of(&key);
        let postings = item.get("postings")?.as_l().ok()?;
        let outcome = owned(item, "outcome")?;
        let said = match (subject, text(item, "callback")) {
            (Subject::Deposit | Subject::Payment | Subject::Verification, Some(json)) => {
                Some(Said::read(json)?)
            }
            _ => None,
        };
        let terms = || Some((asset(item)?, Amount::registered(text(item, "amountText")?).ok()?.value()));
        let is_held = subject == Subject::Deposit && ["held", "unverified"].contains(&&*outcome);
        let opens_case = is_held || item.contains_key("finding");
        let named = || ["question", "submission", "caseKey"].iter().find_map(|name| owned(item, name));
        Some(Self {
            tenant_user_id: match owned(item, "tenantUserId") {
                // What reconciliation finds of a day, and that it is over, is nobody's.
                None if subject == Subject::Reconciliation && postings.is_empty() => String::new(),
                user => user?,
            },
            postings: postings.iter().map(posting).collect::<Option<_>>()?,
            recorded_at: time(text(item, "recordedAt")?)?,
            call_back_id: owned(item, "callBackId"),
            terms: if subject == Subject::Registration { Some(terms()?) } else { None },
            payee: payee(item, if text(item, "mode") == Some("direct") { "reserved" } else { "confirmed" }),
            fee: number(item, "fee")?,
            action: owned(item, "action"),
            case_key: if opens_case { Some(case_of(&key, item)?) } else { named() },
            is_question: item.contains_key("question"),
            is_submitted: item.contains_key("submission"),
            attempts: number(item, "attempts")?,
            deposit: said.as_ref().and_then(Said::deposit),
            said: said.and_then(|said| Some((said.asset?, said.amount?))),
            whole: owned(item, "wholeEventKey"),
            counted_on: [owned(item, "countedOn"), counted_on(subject, item)],
            key,
            subject,
            outcome,
        })
    }
}

impl Whole {
    /// Is it one, by its key?
    pub(super) fn is(item: &Item) -> bool {
        let kind = text(item, "eventKey").and_then(|key| key.split('.').next());
        matches!(kind, Some("movement" | "adjustment"))
    }

    pub(super) fn read(item: &Item) -> Option<Self> {
        let (key, id) = (owned(item, "eventKey")?, text(item, "id")?);
        let is_balanced = key.starts_with("movement.");
        let kind = if is_balanced { "movement-leg" } else { "adjustment-leg" };
        let leg = |value: &AttributeValue| {
            let leg = value.as_m().ok()?;
            let (user, asset) = (text(leg, "tenantUserId")?, text(leg, "asset")?);
            Some(Leg {
                key: EventKey::new(kind, [id, user, asset].map(Some)),
                tenant_user_id: user.to_owned(),
                coins: (asset.parse().ok()?, leg.get("amount")?.as_n().ok()?.parse().ok()?),
            })
        };
        let list = |name: &str| item.get(name)?.as_l().ok();
        Some(Self {
            is_balanced,
            legs: list("legs")?.iter().map(leg).collect::<Option<_>>()?,
            postings: list("postings")?.iter().map(posting).collect::<Option<_>>()?,
            key,
        })
    }
}

/// An order's address and the state in which it is paid.
fn payee(item: &Item, payable_in: &str) -> String {
    format!("{payable_in} {}", text(item, "address").unwrap_or_default())
}

/// For which type and day of UTC an event has to be counted, if it is one of those that are: what a callback told of, or,
/// of what waited for the platform's word, that word.
fn counted_on(subject: Subject, item: &Item) -> Option<String> {
    let is_told = item.contains_key("requestUUID") && !item.contains_key("question");
    let number = match subject {
        Subject::Deposit if is_told => 1,
        Subject::Payment if is_told => 3,
        Subject::Verification => {
            let is_deposit = item.get("type").and_then(|number| number.as_n().ok()).is_some_and(|n| n == "1");
            let is_vouched_for = ["credited", "verified", "zero-amount"].contains(&text(item, "outcome")?);
            (is_deposit && is_vouched_for).then_some(1)?
        }
        _ => return None,
    };
    Some(format!("{number}#{}", text(item, "recordedAt")?.get(.."yyyy-mm-dd".len())?))
}

/// The digits of an RFC 3339 time in UTC with milliseconds.
fn time(text: &str) -> Option<u64> {
    text.chars().filter(char::is_ascii_digit).collect::<String>().parse().ok()
}

/// The case of an event that opens one.
fn case_of(key: &str, item: &Item) -> Option<String> {
    let position = match item.get("txIndex") {
        Some(position) => Some(position.as_n().ok()?.parse().ok()?),
        None => None,
    };
    let event_key = EventKey::from(key.to_owned());
    let fingerprint = Fingerprint::from(owned(item, "fingerprint")?);
    Some(CaseKey::of(&Identity { event_key, fingerprint, position }).to_string())
}

fn posting(value: &AttributeValue) -> Option<Posting> {
    let item = value.as_m().ok()?;
    let asset: Asset = text(item, "asset")?.parse().ok()?;
    Some(Posting {
        available: number(item, "available")?,
        frozen: number(item, "frozen")?,
        held: number(item, "held")?,
        owed: number(item, "owed")?,
        ..Posting::empty(text(item, "tenantUserId")?, &asset)
    })
}

impl Subject {
    fn of(key: &str) -> Self {
        match EventKey::from(key.to_owned()).kind() {
            "deposit" => Self::Deposit,
            "withdrawal-confirmation" => Self::Confirmation,
            "withdrawal" => Self::Payment,
            "withdrawal-failure" => Self::Failure,
            "insufficient-balance" | "insufficient-gas" => Self::Shortage,
            "registration" => Self::Registration,
            "cancellation" => Self::Cancellation,
            "release" => Self::Release,
            "resolution" => Self::Resolution,
            "verification" => Self::Verification,
            "submission" => Self::Submission,
            RECONCILIATION => Self::Reconciliation,
            "collection" => Self::Collection,
            "movement-leg" | "adjustment-leg" => Self::Leg,
            _ => Self::Other,
        }
    }
}

/// What a callback says of money, each field as far as it is one.
struct Said {
    asset: Option<Asset>,
    amount: Option<Decimal>,
    tx_id: Option<String>,
    to_address: Option<String>,
}

impl Said {
    /// An amount is a text or a number, and passes through no float.
    fn read(json: &str) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Fields<'a> {
            #[serde(borrow)]
            amount: Option<&'a RawValue>,
            tx_id: Option<&'a RawValue>,
            chain_name: Option<&'a RawValue>,
            symbol: Option<&'a RawValue>,
            to_address: Option<&'a RawValue>,
        }
        let fields: Fields<'_> = serde_json::from_str(json).ok()?;
        let text = |field: Option<&RawValue>| serde_json::from_str::<String>(field?.get()).ok();
        let coin = text(fields.chain_name).zip(text(fields.symbol));
        let amount = fields.amount.and_then(|raw| Amount::reported(raw.get().trim_matches('"')).ok());
        Some(Self {
            asset: coin.and_then(|(chain_name, symbol)| Asset::new(&chain_name, &symbol).ok()),
            amount: amount.map(|amount| amount.value()),
            tx_id: text(fields.tx_id),
            to_address: text(fields.to_address),
        })
    }

    /// The event of the deposit that this is.
    fn deposit(&self) -> Option<EventKey> {
        let asset = self.asset.as_ref()?;
        let tx_id = TxId::from(self.tx_id.as_deref()?);
        let to_address = Address::reported(asset.chain_name(), self.to_address.as_deref()?);
        let parts = [tx_id.canonical(), asset.chain_name(), asset.symbol(), to_address.canonical()];
        Some(EventKey::new("deposit", parts.map(Some)))
    }
}

impl Order {
    pub(super) fn read(item: &Item) -> Option<Self> {
        Some(Self {
            call_back_id: owned(item, "callBackId")?,
            tenant_user_id: owned(item, "tenantUserId"),
            is_registered: item.contains_key("registeredAt"),
            state: text(item, "state")?.parse().ok()?,
            terms: match item.get("amount") {
                Some(_) => Some((asset(item)?, number(item, "amount")?)),
                None => None,
            },
            payee: payee(item, text(item, "payableIn").unwrap_or_default()),
            submission: match text(item, "submission") {
                Some(stage) => Some(Submission {
                    stage: stage.parse().ok()?,
                    attempts: number(item, "attempts")?,
                    may_have_arrived: *item.get("mayHaveArrived")?.as_bool().ok()?,
                }),
                None => None,
            },
            awaits: match (text(item, "open"), text(item, "openSince")) {
                (None, None) => None,
                (awaits, since) => {
                    let awaits = awaits.filter(|_| since.and_then(time).is_some());
                    Some(awaits.unwrap_or_default().to_owned())
                }
            },
        })
    }
}

impl Recorded {
    pub(super) fn read(item: &Item) -> Option<Self> {
        let part = |name: &str| number(item, name);
        let (available, frozen) = (part("available")?, part("frozen")?);
        Some(Self {
            tenant_user_id: owned(item, "tenantUserId")?,
            asset: text(item, "asset")?.parse().ok()?,
            balance: Balance { available, frozen, held: part("held")?, owed: part("owed")? },
            checkpoint: match text(item, "auditedTo") {
                Some(to) => Some(Checkpoint {
                    to: time(to)?,
                    sum: Balance {
                        available: part("auditedAvailable")?,
                        frozen: part("auditedFrozen")?,
                        held: part("auditedHeld")?,
                        owed: part("auditedOwed")?,
                    },
                }),
                None => None,
            },
        })
    }
}

impl Case {
    pub(super) fn read(item: &Item) -> Option<Self> {
        Some(Self {
            key: owned(item, "caseKey")?,
            tenant_user_id: owned(item, "tenantUserId"),
            is_open: item.contains_key("openSince"),
            reasons: set(item, "reasons"),
            expects: owned(item, "expects"),
            next_ask_at: owned(item, "nextAskAt"),
            event_keys: set(item, "eventKeys"),
            resolution_key: owned(item, "resolutionKey"),
            asset: match text(item, "asset") {
                Some(asset) => Some(asset.parse().ok()?),
                None => None,
            },
            amount: match text(item, "amount") {
                Some(amount) => Some(Amount::reported(amount).ok()?.value()),
                None => None,
            },
        })
    }
}
