//! Events: what happened, by the event's key. Append-only; its stream is what the merchant's systems are told by.

mod legs;

use std::time::SystemTime;

use aws_sdk_dynamodb::types::{AttributeValue, TransactGetItem, TransactWriteItem};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use waas_callback::{
    Address, Amount, Asset, CallBackId, Callback, CallbackType, CaseKey, Decimal, Entry, EventKey, Finding,
    Fingerprint, Identity, KnownEvent, Mode, Outcome, Posting, Proof, Reason, Refusal, Registration,
    Resolution, Subject, Submission, Terms, Word, terms_digest,
};

use super::{
    Holds, Index, Item, Layout, check, get, number, parsed_time, put_new, read, read_asset, read_list,
    read_number, text, timestamp,
};
use crate::retry::Unavailable;

pub(crate) use legs::put_legs;

pub(crate) const KEY: &str = "eventKey";
pub(crate) const FINGERPRINT: &str = "fingerprint";
/// Which output of its transaction a deposit is.
const POSITION: &str = "txIndex";
const USER: &str = "tenantUserId";
const RECORDED_AT: &str = "recordedAt";
/// Of a registration: what proves its user and its terms.
const TERMS_DIGEST: &str = "termsDigest";
/// Of what acts upon a case: that case.
const CASE_KEY: &str = "caseKey";
/// Of what the platform is asked about: the case that waits for its word. Its being there is what makes it asked at once.
const QUESTION: &str = "question";

/// Of a registration that is to be ordered from the platform: the case that waits for that. Its being there is what makes
/// it ordered at once.
const SUBMISSION: &str = "submission";

/// A cursor holds a time of 24 characters and an event's key of at most 100.
const MAX_CURSOR_BYTES: usize = 255;

/// The index of the events by user, newest first.
pub(crate) const BY_USER: &str = "byUser";

/// Of a deposit or a payment that the platform counts: its type, and the day in UTC on which it was recorded.
const COUNTED_ON: &str = "countedOn";

/// The index of what is counted, by type and day, oldest first.
pub(crate) const BY_DAY: &str = "byDay";

pub(super) const LAYOUT: Layout = Layout {
    indexes: &[
        Index::of_all(BY_USER, &[USER, RECORDED_AT]),
        Index { name: BY_DAY, keys: &[COUNTED_ON, RECORDED_AT], holds: Holds::KeysAnd(&[]) },
    ],
    ..Layout::keyed(&[KEY])
};

/// The day's part of the index of what is counted: `3#2025-06-20`.
pub(crate) fn counted_on(r#type: CallbackType, time: &str) -> Option<String> {
    Some(format!("{}#{}", r#type.number(), time.get(.."yyyy-mm-dd".len())?))
}

/// An event that is to be recorded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) tenant_user_id: &'a str,
    pub(crate) call_back_id: Option<&'a CallBackId>,
    pub(crate) source: Source<'a>,
}

/// Where an event comes from, with what its record says besides.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source<'a> {
    /// The platform.
    Callback(&'a Callback),
    /// The merchant registers a withdrawal. The record is what is believed of the order from then on.
    Registration(&'a Registration),
    /// The merchant takes a withdrawal back.
    Cancellation,
    /// An operator releases a held deposit.
    Release(Release<'a>),
    /// An operator ends a case, or puts an order right.
    Resolution(Act<'a>),
    /// An operator has what a user owes taken from what is available.
    Collection(&'a str),
    /// The platform was asked, and its word ends a question.
    Verification(Checked<'a>),
    /// The merchant makes a user known.
    User,
    /// A submission has come to its end.
    Submission(Submitted<'a>),
    /// What reconciliation has found, done or seen end.
    Reconciliation(Reconciled<'a>),
}

/// What reconciliation has found, done or seen end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reconciled<'a> {
    /// Something in which the ledger and the world disagree.
    Found(&'a Finding),
    /// An order was put right, upon how it stands at the platform.
    Repaired(&'static str),
    /// What was found is over.
    Over(Ending<'a>),
}

/// A submission that has come to its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Submitted<'a> {
    pub(crate) ending: Ending<'a>,
    pub(crate) submission: Submission,
    /// Why nobody can tell whether the platform has the order.
    pub(crate) doubt: Option<&'static str>,
}

/// What becomes of an open case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ending<'a> {
    pub(crate) case_key: &'a CaseKey,
    /// The reasons that it was open for. Absent where its record is lost, which does not stand in the way of its end.
    pub(crate) seen: Option<&'a [Reason]>,
    /// Those that are left; empty where it is closed.
    pub(crate) left: &'a [Reason],
    /// What the platform said, where that is why.
    pub(crate) word: Option<Word>,
}

/// A question that the platform's word has ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Checked<'a> {
    /// What was claimed.
    pub(crate) callback: &'a Callback,
    /// Its event.
    pub(crate) claim: &'a EventKey,
    pub(crate) ending: Ending<'a>,
    /// What is rejected with it: a deposit that waits, of the same event and with another content.
    pub(crate) rejection: Option<&'a Rejection<'a>>,
}

/// A held deposit that is not what the platform vouches for.
#[derive(Debug)]
pub(crate) struct Rejection<'a> {
    pub(crate) event: Event<'a>,
    pub(crate) entry: Entry,
}

/// A held deposit that is released: its event, and its case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Release<'a> {
    pub(crate) event_key: &'a str,
    pub(crate) ending: Ending<'a>,
    /// The caller's ARN.
    pub(crate) operator: &'a str,
}

/// An operator's act.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Act<'a> {
    pub(crate) resolution: &'a Resolution,
    /// The caller's ARN.
    pub(crate) operator: &'a str,
    /// The case that it ends, if it ends one.
    pub(crate) case: Option<Ending<'a>>,
    /// The registration that is recorded with it.
    pub(crate) registration: Option<&'a Registration>,
    /// The event that the case is about, or what else says that it took effect, where that is recorded with it.
    pub(crate) claim: Option<&'a Identity>,
}

/// What a registration's event says of its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registered {
    pub(crate) tenant_user_id: String,
    pub(crate) terms: Terms,
    pub(crate) mode: Mode,
    pub(crate) registered_at: SystemTime,
}

/// An event as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Its key.
    pub event_key: String,
    /// Its content.
    pub fingerprint: String,
    /// Which output of its transaction it is, where the platform told.
    pub position: Option<u64>,
    /// The callback's type, 1 to 7; absent for what the merchant did.
    pub r#type: Option<u8>,
    /// What came of it; of a refusal, its name.
    pub outcome: String,
    /// The first callback that told of it.
    pub request_uuid: Option<String>,
    /// The platform's id.
    pub tracking_id: Option<String>,
    /// The order.
    pub call_back_id: Option<String>,
    /// When it was recorded, RFC 3339 in UTC.
    pub recorded_at: String,
    /// What it changed.
    pub postings: Vec<Posting>,
    /// What the platform said: JSON.
    pub callback: Option<String>,
    /// What an operator did.
    pub action: Option<String>,
    /// The case that it acted upon.
    pub case_key: Option<String>,
    /// The case that waits for the platform's word of it.
    pub question: Option<String>,
    /// What the platform said.
    pub word: Option<String>,
    /// The operator's words, or the merchant's of a movement.
    pub reason: Option<String>,
    /// The operator: its ARN.
    pub operator: Option<String>,
    /// The caller's id of the movement or the adjustment that it is of.
    pub id: Option<String>,
    /// The event of that as a whole, of a leg.
    pub whole_event_key: Option<String>,
}

impl RecordedEvent {
    /// What decides whether a callback tells of it again.
    pub(crate) fn known(&self) -> KnownEvent {
        KnownEvent {
            fingerprint: self.fingerprint.clone().into(),
            position: self.position,
            outcome: self.outcome.clone(),
        }
    }

    /// Which event it is, and with what content.
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            event_key: self.event_key.clone().into(),
            fingerprint: self.fingerprint.clone().into(),
            position: self.position,
        }
    }
}

impl<'a> Event<'a> {
    pub(crate) fn of(callback: &'a Callback, identity: &'a Identity) -> Self {
        Self {
            identity,
            tenant_user_id: &callback.tenant_user_id,
            call_back_id: callback.call_back_id(),
            source: Source::Callback(callback),
        }
    }

    /// The callback that told of it.
    pub(crate) fn callback(&self) -> Option<&'a Callback> {
        match self.source {
            Source::Callback(callback) => Some(callback),
            _ => None,
        }
    }

    /// Is it an operator's act?
    pub(crate) fn is_operators(&self) -> bool {
        matches!(self.source, Source::Release(_) | Source::Resolution(_) | Source::Collection(_))
    }

    /// What becomes of the case that it acts upon.
    pub(crate) fn ending(&self) -> Option<Ending<'a>> {
        match self.source {
            Source::Release(release) => Some(release.ending),
            Source::Resolution(act) => act.case,
            Source::Verification(checked) => Some(checked.ending),
            Source::Submission(submitted) => Some(submitted.ending),
            Source::Reconciliation(Reconciled::Over(ending)) => Some(ending),
            _ => None,
        }
    }

    /// Does its act end the matter for good?
    pub(crate) fn settles(&self) -> bool {
        match self.source {
            Source::Resolution(act) => act.resolution.action.settles(),
            _ => true,
        }
    }
}

/// Records an event with what it does, unless it is known.
pub(crate) fn put(
    table: &str,
    event: &Event<'_>,
    entry: &Entry,
    now: SystemTime,
) -> Result<TransactWriteItem, Unavailable> {
    let told = (entry.outcome.name(), entry.outcome.detail_type());
    let mut item = item(event, &event.identity.event_key, told, &entry.postings, now)?;
    if let Some(position) = event.identity.position {
        item.insert(POSITION.into(), AttributeValue::N(position.to_string()));
    }
    for (reason, name) in [(Reason::Verification, QUESTION), (Reason::Submission, SUBMISSION)] {
        if entry.reasons.contains(&reason) {
            item.insert(name.into(), text(CaseKey::of(event.identity).as_str()));
        }
    }
    // A deposit that waits for the platform's word counts once that is there: what is never vouched for is none of its.
    let counted = match event.source {
        Source::Callback(callback) => {
            Some(callback.callback_type()).filter(|_| !entry.reasons.contains(&Reason::Verification))
        }
        Source::Verification(checked) => Some(checked.callback.callback_type())
            .filter(|_| matches!(entry.outcome, Outcome::Credited | Outcome::Verified | Outcome::ZeroAmount)),
        _ => None,
    };
    if let Some(r#type @ (CallbackType::Deposit | CallbackType::Withdrawal)) = counted
        && let Some(day) = counted_on(r#type, &timestamp(now)?)
    {
        item.insert(COUNTED_ON.into(), text(&day));
    }
    if let Some(fee) = entry.order.as_ref().and_then(|order| order.fee.as_ref()) {
        item.insert("fee".into(), number(fee.value()));
    }
    put_new(table, KEY, item)
}

/// Records the event that a case is about as one that was resolved, with the content that was found true: a retry of it
/// is a repetition.
pub(crate) fn put_resolved(
    table: &str,
    event: &Event<'_>,
    claim: &Identity,
    now: SystemTime,
) -> Result<TransactWriteItem, Unavailable> {
    let told = (Outcome::Resolved.name(), Outcome::Resolved.detail_type());
    let claimed = Event { identity: claim, ..*event };
    let mut item = item(&claimed, &claim.event_key, told, &[], now)?;
    if let Some(position) = claim.position {
        item.insert(POSITION.into(), AttributeValue::N(position.to_string()));
    }
    put_new(table, KEY, item)
}

/// Records a registration with the act of an operator that makes it good.
pub(crate) fn put_registration(
    table: &str,
    registration: &Registration,
    now: SystemTime,
) -> Result<TransactWriteItem, Unavailable> {
    let identity = registration.identity();
    let event = Event {
        identity: &identity,
        tenant_user_id: &registration.tenant_user_id,
        call_back_id: Some(&registration.call_back_id),
        source: Source::Registration(registration),
    };
    put(table, &event, &Entry::of(Outcome::Completed), now)
}

/// Requires of an order's registration what was decided upon.
pub(crate) fn prove(
    table: &str,
    call_back_id: &CallBackId,
    proof: &Proof,
) -> Result<TransactWriteItem, Unavailable> {
    let key = Registration::event_key(call_back_id);
    let key = (KEY, key.as_str());
    match proof {
        Proof::Unregistered => check(table, key, &format!("attribute_not_exists({KEY})"), []),
        Proof::OfUser(user) => check(table, key, &format!("#{USER} = :user"), [(USER, "user", text(user))]),
        Proof::OfTerms(digest) => {
            let digest = text(digest.as_str());
            check(table, key, &format!("#{TERMS_DIGEST} = :terms"), [(TERMS_DIGEST, "terms", digest)])
        }
    }
}

/// The record of a refusal, with a key of its own: one for each refusal, event and content. `asks`: is the platform
/// asked about it?
pub(crate) fn refusal(
    event: &Event<'_>,
    refusal: Refusal,
    asks: bool,
    now: SystemTime,
) -> Result<(EventKey, Item), Unavailable> {
    let Identity { event_key, fingerprint, position } = event.identity;
    // A retry repeats a refused event under a new requestUUID; a conflict of requests is one of its own.
    let request = event.callback().filter(|_| refusal == Refusal::RequestConflict);
    let request = request.map(|callback| &*callback.request_uuid);
    let position = position.map(|position| position.to_string());
    let content = [
        Some(refusal.name()),
        request,
        Some(event_key.as_str()),
        Some(fingerprint.as_str()),
        position.as_deref(),
    ];
    let key = event_key.refusal(content);
    let mut item = item(event, &key, (refusal.name(), refusal.detail_type()), &[], now)?;
    item.insert("refusedEventKey".into(), text(event_key.as_str()));
    if asks {
        item.insert(QUESTION.into(), text(CaseKey::of(event.identity).as_str()));
    }
    Ok((key, item))
}

/// An event's record, with its postings and all that was said. It carries the name under which the merchant's
/// systems are told: `detailType`.
fn item(
    event: &Event<'_>,
    key: &EventKey,
    (outcome, detail_type): (&str, &str),
    postings: &[Posting],
    now: SystemTime,
) -> Result<Item, Unavailable> {
    let mut item = Item::from([
        (KEY.into(), text(key.as_str())),
        (USER.into(), text(event.tenant_user_id)),
        (FINGERPRINT.into(), text(event.identity.fingerprint.as_str())),
        ("outcome".into(), text(outcome)),
        ("detailType".into(), text(detail_type)),
        ("postings".into(), AttributeValue::L(postings.iter().map(posting).collect())),
        (RECORDED_AT.into(), text(&timestamp(now)?)),
    ]);
    if let Some(id) = event.call_back_id {
        item.insert("callBackId".into(), text(id.as_str()));
    }
    match event.source {
        Source::Callback(callback) => {
            item.insert("type".into(), AttributeValue::N(callback.callback_type().number().to_string()));
            item.insert("requestUUID".into(), text(&callback.request_uuid));
            item.insert("callback".into(), text(&callback.json));
            if let Some(id) = &callback.tracking_id {
                item.insert("trackingId".into(), text(id));
            }
        }
        Source::Registration(Registration { tenant_user_id, terms, mode, is_submitted, .. }) => {
            if *is_submitted {
                item.insert("submit".into(), AttributeValue::Bool(true));
            }
            item.insert(TERMS_DIGEST.into(), text(terms_digest(tenant_user_id, terms).as_str()));
            item.insert("chainName".into(), text(terms.asset.chain_name()));
            item.insert("symbol".into(), text(terms.asset.symbol()));
            item.insert("amountText".into(), text(terms.amount.text()));
            item.insert("address".into(), text(terms.address.text()));
            item.insert("mode".into(), text(mode.name()));
        }
        Source::Release(Release { event_key, ending, operator }) => {
            item.insert("releasedEventKey".into(), text(event_key));
            item.insert(CASE_KEY.into(), text(ending.case_key.as_str()));
            item.insert("operator".into(), text(operator));
        }
        Source::Resolution(Act { resolution, operator, case, .. }) => {
            item.insert("action".into(), text(resolution.action.name()));
            item.insert("reason".into(), text(&resolution.reason));
            item.insert("operator".into(), text(operator));
            if let Some(case) = case {
                item.insert(CASE_KEY.into(), text(case.case_key.as_str()));
            }
        }
        Source::Collection(operator) => _ = item.insert("operator".into(), text(operator)),
        Source::Verification(Checked { callback, claim, ending, .. }) => {
            // What the platform vouches for, or not, as the callback told it.
            item.insert("type".into(), AttributeValue::N(callback.callback_type().number().to_string()));
            item.insert("callback".into(), text(&callback.json));
            if let Some(id) = &callback.tracking_id {
                item.insert("trackingId".into(), text(id));
            }
            item.insert("verifiedEventKey".into(), text(claim.as_str()));
            item.insert(CASE_KEY.into(), text(ending.case_key.as_str()));
            if let Some(word) = ending.word {
                item.insert("word".into(), text(word.name()));
            }
        }
        Source::Submission(Submitted { ending, submission, doubt }) => {
            item.insert(CASE_KEY.into(), text(ending.case_key.as_str()));
            item.insert("attempts".into(), AttributeValue::N(submission.attempts.to_string()));
            if let Some(doubt) = doubt {
                item.insert("doubt".into(), text(doubt));
            }
        }
        Source::Reconciliation(Reconciled::Found(finding)) => {
            item.extend(finding_attributes(finding).map(|(name, value)| (name.into(), text(value))));
        }
        Source::Reconciliation(Reconciled::Repaired(theirs)) => {
            item.insert("expected".into(), text(theirs));
        }
        Source::Reconciliation(Reconciled::Over(ending)) => {
            item.insert(CASE_KEY.into(), text(ending.case_key.as_str()));
        }
        Source::Cancellation | Source::User => {}
    }
    // What is about a day is nobody's.
    if event.tenant_user_id.is_empty() {
        item.remove(USER);
    }
    Ok(item)
}

/// What a finding's event and its case say of it.
pub(crate) fn finding_attributes(finding: &Finding) -> impl Iterator<Item = (&'static str, &str)> {
    let Finding { reason, subject, recorded, expected, .. } = finding;
    let day = match subject {
        Subject::Day(day) => Some(("day", day.as_str())),
        Subject::Order { .. } | Subject::Balance { .. } => None,
    };
    [("finding", reason.name()), ("recorded", recorded), ("expected", expected)].into_iter().chain(day)
}

fn posting(posting: &Posting) -> AttributeValue {
    let mut item = Item::from([
        (USER.into(), text(&posting.tenant_user_id)),
        ("asset".into(), text(&posting.asset.to_string())),
        ("available".into(), number(posting.available)),
        ("frozen".into(), number(posting.frozen)),
        ("held".into(), number(posting.held)),
    ]);
    if !posting.owed.is_zero() {
        item.insert("owed".into(), number(posting.owed));
    }
    AttributeValue::M(item)
}

/// Reads an event in a transaction.
pub(crate) fn get_by(table: &str, key: &EventKey) -> Result<TransactGetItem, Unavailable> {
    get(table, KEY, key.as_str())
}

/// Reads the event of an order's registration in a transaction.
pub(crate) fn get_registration(
    table: &str,
    call_back_id: &CallBackId,
) -> Result<TransactGetItem, Unavailable> {
    get_by(table, &Registration::event_key(call_back_id))
}

/// What a registration's event says of its order.
pub(crate) fn registered(item: &Item) -> Result<Registered, Unavailable> {
    read_registered(item).ok_or_else(|| Unavailable::new("a registration is malformed"))
}

fn read_registered(item: &Item) -> Option<Registered> {
    let asset = Asset::new(read(item, "chainName")?, read(item, "symbol")?).ok()?;
    let address = Address::reported(asset.chain_name(), read(item, "address")?);
    let terms = Terms { asset, amount: Amount::reported(read(item, "amountText")?).ok()?, address };
    let tenant_user_id = read(item, USER)?.to_owned();
    // What was damaged is no registration.
    if read(item, TERMS_DIGEST)? != terms_digest(&tenant_user_id, &terms).as_str() {
        return None;
    }
    Some(Registered {
        tenant_user_id,
        terms,
        mode: read(item, "mode")?.parse().ok()?,
        registered_at: parsed_time(read(item, RECORDED_AT)?)?,
    })
}

/// The fingerprint in an event's or a request's record.
pub(crate) fn fingerprint(item: &Item) -> Option<Fingerprint> {
    Some(read(item, FINGERPRINT)?.to_owned().into())
}

/// What decides whether a callback tells of a recorded event again.
pub(crate) fn known(item: &Item) -> Option<KnownEvent> {
    let (fingerprint, outcome) = (fingerprint(item)?, read(item, "outcome")?.to_owned());
    Some(KnownEvent { fingerprint, position: position(item).ok()?, outcome })
}

fn position(item: &Item) -> Result<Option<u64>, Unavailable> {
    let Some(position) = item.get(POSITION) else { return Ok(None) };
    let position = position.as_n().ok().and_then(|position| position.parse().ok());
    position.map(Some).ok_or_else(|| Unavailable::new("an event's position is malformed"))
}

/// An event's record.
pub(crate) fn recorded(item: &Item) -> Result<RecordedEvent, Unavailable> {
    let malformed = || Unavailable::new("an event's record is malformed");
    let required = |name: &str| read(item, name).map(str::to_owned).ok_or_else(malformed);
    let optional = |name: &str| read(item, name).map(str::to_owned);
    Ok(RecordedEvent {
        event_key: required(KEY)?,
        fingerprint: required(FINGERPRINT)?,
        position: position(item)?,
        r#type: item.get("type").and_then(|value| value.as_n().ok()?.parse().ok()),
        outcome: required("outcome")?,
        request_uuid: optional("requestUUID"),
        tracking_id: optional("trackingId"),
        call_back_id: optional("callBackId"),
        recorded_at: required(RECORDED_AT)?,
        postings: read_list(item, "postings").iter().map(recorded_posting).collect::<Result<_, _>>()?,
        callback: optional("callback"),
        action: optional("action"),
        case_key: optional(CASE_KEY),
        question: optional(QUESTION),
        word: optional("word"),
        reason: optional("reason"),
        operator: optional("operator"),
        id: optional(legs::ID),
        whole_event_key: optional(legs::WHOLE),
    })
}

fn recorded_posting(value: &AttributeValue) -> Result<Posting, Unavailable> {
    let malformed = || Unavailable::new("a posting is malformed");
    let item = value.as_m().map_err(|_| malformed())?;
    let part = |name: &str| read_number(item, name).ok_or_else(malformed);
    Ok(Posting {
        available: part("available")?,
        frozen: part("frozen")?,
        held: part("held")?,
        owed: if item.contains_key("owed") { part("owed")? } else { Decimal::ZERO },
        ..Posting::empty(read(item, USER).ok_or_else(malformed)?, &read_asset(item)?)
    })
}

/// A page's end as an opaque text: the two keys that the user's id does not tell.
pub(crate) fn cursor(key: &Item) -> Option<String> {
    let text = format!("{} {}", read(key, RECORDED_AT)?, read(key, KEY)?);
    Some(URL_SAFE_NO_PAD.encode(text))
}

/// Where the page after a cursor starts; `None` if it is no page's end.
pub(crate) fn start_key(cursor: &str, tenant_user_id: &str) -> Option<Item> {
    let text_of = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (recorded_at, event_key) = text_of.split_once(' ')?;
    // DynamoDB refuses keys that are empty or too long, which would look as if it could not be reached.
    if recorded_at.is_empty() || event_key.is_empty() || cursor.len() > MAX_CURSOR_BYTES {
        return None;
    }
    Some(Item::from([
        (USER.into(), text(tenant_user_id)),
        (RECORDED_AT.into(), text(recorded_at)),
        (KEY.into(), text(event_key)),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_on_within_the_same_users_events_only() {
        let key = Item::from([
            (USER.to_owned(), text("1945")),
            (RECORDED_AT.to_owned(), text("2026-01-02T03:04:05.678Z")),
            (KEY.to_owned(), text("deposit.1")),
        ]);
        let cursor = cursor(&key).unwrap();
        assert_eq!(start_key(&cursor, "1945"), Some(key.clone()));
        assert_eq!(start_key(&cursor, "somebody-else").unwrap()[USER], text("somebody-else"));
        let long = format!("2026-01-02T03:04:05.678Z {}", "x".repeat(2049));
        for no_key in [" ", "x ", " x", &long] {
            assert_eq!(start_key(&URL_SAFE_NO_PAD.encode(no_key), "1945"), None, "{no_key:?}");
        }
        for no_cursor in ["", "?", "bm8tY3Vyc29y", &cursor[1..]] {
            let start = start_key(no_cursor, "1945");
            assert!(start.is_none_or(|start| start != key), "{no_cursor}");
        }
    }

    #[test]
    fn a_refusal_is_recorded_once_for_each_event_and_content_and_a_conflict_of_requests_for_each_request() {
        let key = |uuid: &str, fingerprint: &str, reason: Refusal| {
            let identity = Identity {
                event_key: "deposit.1".to_owned().into(),
                fingerprint: fingerprint.to_owned().into(),
                position: None,
            };
            let json = format!(r#"{{"requestUUID":"{uuid}","tenantUserId":"1","type":6,"callBackId":"w"}}"#);
            let platform = waas_platform::PrivateKey::development();
            let public_key = waas_callback::PublicKey::parse(&platform.public_key_base64()).unwrap();
            let opened = public_key.open(platform.seal(json.as_bytes()).as_bytes()).unwrap();
            let callback = Callback::parse(&opened).unwrap().unwrap();
            let event = Event::of(&callback, &identity);
            let (_, item) = refusal(&event, reason, false, SystemTime::UNIX_EPOCH).unwrap();
            assert_eq!(item["refusedEventKey"], text("deposit.1"));
            read(&item, KEY).unwrap().to_owned()
        };
        let first = key("a", "content", Refusal::EventConflict);
        assert_eq!(key("b", "content", Refusal::EventConflict), first, "a retry");
        assert_ne!(key("a", "other", Refusal::EventConflict), first);
        assert_ne!(key("a", "content", Refusal::OtherUser), first);
        let first = key("a", "content", Refusal::RequestConflict);
        assert_ne!(key("b", "content", Refusal::RequestConflict), first);
    }
}
