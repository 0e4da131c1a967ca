//! Cases: what waits for a person, and how it ended.

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::types::{AttributeValue, TransactGetItem, TransactWriteItem, Update};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use waas_callback::{
    Amount, CallBackId, CallbackType, CaseKey, Claim, EventKey, Fingerprint, Identity, Mode, Reason,
    Registration, Subject, Transfer, TxId, Word,
};

use super::events::{self, Event, Reconciled, Source};
use super::{
    Change, Index, Item, Layout, get, in_transaction, parsed_time, read, read_number, read_set, text,
    timestamp,
};
use crate::retry::Unavailable;

pub(crate) const KEY: &str = "caseKey";
/// There while the case is open, and with it the case in the index of the open ones.
pub(crate) const OPEN: &str = "open";
const OPEN_SINCE: &str = "openSince";
const REASONS: &str = "reasons";
const EVENT_KEYS: &str = "eventKeys";
/// The event that ended it. Only the operator's function and verification may write it, so a case that merely looks closed
/// is not.
const RESOLUTION_KEY: &str = "resolutionKey";

/// Whom it waits for: [`PLATFORM`] as long as the platform is asked, [`SUBMISSION`] as long as an order is on its way there,
/// else [`OPERATOR`].
pub(crate) const EXPECTS: &str = "expects";
const OPERATOR: &str = "operator";
pub(crate) const PLATFORM: &str = "platform";
pub(crate) const SUBMISSION: &str = "submission";
/// When the platform is asked next, or the order sent; there while that is so, and with it the case in the index of what
/// is due.
pub(crate) const NEXT_ASK_AT: &str = "nextAskAt";
/// How often it was asked.
const ASKED: &str = "asked";
/// What it said at last.
const WORD: &str = "word";
/// Since when it answers without saying so or so.
const SILENT_SINCE: &str = "silentSince";

/// A cursor holds a time of 24 characters and a case's key of at most 100.
const MAX_CURSOR_BYTES: usize = 255;

/// There once an act ended the matter for good: see [`waas_callback::Action::settles`].
const SETTLED: &str = "settled";

/// The index of the open cases, oldest first.
pub(crate) const BY_OPEN_SINCE: &str = "byOpenSince";

/// The index of the open questions, the longest due first.
pub(crate) const BY_NEXT_ASK_AT: &str = "byNextAskAt";

pub(super) const LAYOUT: Layout = Layout {
    indexes: &[
        Index::of_all(BY_OPEN_SINCE, &[OPEN, OPEN_SINCE]),
        Index::of_all(BY_NEXT_ASK_AT, &[EXPECTS, NEXT_ASK_AT]),
    ],
    ..Layout::keyed(&[KEY])
};

/// How long after it was last due or changed an order is taken for followed: four times the longest pause.
pub(crate) const FOLLOWED_FOR: Duration = Duration::from_hours(1);

/// A case as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedCase {
    /// Its key.
    pub case_key: CaseKey,
    /// What it is about, and why it is open, or was.
    pub claim: Claim,
    /// The events and refusals that belong to it.
    pub event_keys: Vec<String>,
    /// Whom it waits for.
    pub expects: String,
    /// Since when it is open, RFC 3339 in UTC; absent once it is closed.
    pub open_since: Option<String>,
    /// The event that ended it.
    pub resolution_key: Option<String>,
    /// When it ended, RFC 3339 in UTC.
    pub closed_at: Option<String>,
    /// When the platform is asked next, RFC 3339 in UTC; absent where it is not.
    pub next_ask_at: Option<String>,
    /// How often it was asked.
    pub asked: u32,
    /// What it said at last.
    pub word: Option<String>,
    /// Since when it answers without saying so or so, or nobody can tell whether it has the order, RFC 3339 in UTC.
    pub silent_since: Option<String>,
    /// What the ledger says, of a finding of reconciliation.
    pub recorded: Option<String>,
    /// What it should say.
    pub expected: Option<String>,
    /// The day that it is about, `yyyy-MM-dd` at UTC+8.
    pub day: Option<String>,
}

impl RecordedCase {
    /// Whom a case can wait for.
    pub const EXPECTS: [&str; 3] = [OPERATOR, PLATFORM, SUBMISSION];

    /// How long it has been open by now.
    #[must_use]
    pub fn open_for(&self, now: SystemTime) -> Duration {
        since(self.open_since.as_deref(), now)
    }

    /// Is an order on its way to the platform, and somebody there who takes it up when it is due? What is due for longer than
    /// an hour is not followed any more, whyever that is.
    #[must_use]
    pub fn is_followed(&self, now: SystemTime) -> bool {
        let is_due_for = since(self.next_ask_at.as_deref(), now);
        let is_open = self.open_since.is_some() && self.next_ask_at.is_some();
        is_open && self.expects == SUBMISSION && is_due_for < FOLLOWED_FOR
    }

    /// How long the platform has answered without saying so or so by now.
    #[must_use]
    pub fn silent_for(&self, now: SystemTime) -> Duration {
        since(self.silent_since.as_deref(), now)
    }
}

fn since(time: Option<&str>, now: SystemTime) -> Duration {
    time.and_then(parsed_time).and_then(|since| now.duration_since(since).ok()).unwrap_or_default()
}

/// Why a case is opened.
pub(crate) struct Opened<'a> {
    /// At least one; of a refusal, the first counts.
    pub(crate) reasons: &'a [Reason],
    /// Who takes it up now, if not an operator: [`PLATFORM`] or [`SUBMISSION`].
    pub(crate) due: Option<&'static str>,
    /// The event's record, or its refusal's.
    pub(crate) recorded: &'a EventKey,
    /// A refusal comes at every retry, and does not open again what was closed. What was applied comes once.
    pub(crate) is_refusal: bool,
}

/// Opens the case of an event, or adds a reason to it.
pub(crate) fn open(
    table: &str,
    event: &Event<'_>,
    opened: &Opened<'_>,
    now: SystemTime,
) -> Result<TransactWriteItem, Unavailable> {
    let Opened { reasons, due, recorded, is_refusal } = *opened;
    let mut change = Change::default();
    change.set(OPEN, text(OPEN));
    change.set_new(OPEN_SINCE, text(&timestamp(now)?));
    change.add_all_to_set(REASONS, reasons.iter().map(|reason| reason.name()));
    if let Some(whom) = due {
        change.set(EXPECTS, text(whom));
        change.set(NEXT_ASK_AT, text(&timestamp(now)?));
        change.remove(SILENT_SINCE); // of an earlier question
    } else {
        change.set_new(EXPECTS, text(OPERATOR));
    }
    change.add_to_set(EVENT_KEYS, recorded.as_str());
    for (name, value) in facts(event) {
        change.set_new(name, text(&value));
    }
    if let Some(reason) = reasons.first().filter(|_| is_refusal) {
        // What an operator settled stays settled. What was only dismissed, or is never answered by a resolution, calls
        // again if it is refused for another reason.
        let settled = if is_never_resolved(event) {
            String::new()
        } else {
            format!("attribute_not_exists(#{SETTLED}) AND ")
        };
        let condition = format!(
            "(attribute_not_exists({KEY}) OR attribute_exists(#{OPEN_SINCE}) OR \
             ({settled}NOT contains(#{REASONS}, :reason)))"
        );
        let names: &[&str] =
            if settled.is_empty() { &[OPEN_SINCE, REASONS] } else { &[OPEN_SINCE, REASONS, SETTLED] };
        change.condition(condition, names, [("reason", text(reason.name()))]);
    }
    let key = CaseKey::of(event.identity);
    change.build(table, [(KEY, text(key.as_str()))]).map(in_transaction)
}

/// Is it decided anew whenever it comes, whatever an operator did? A confirmation is: success is the payout. So is a
/// merchant's own request.
pub(crate) fn is_never_resolved(event: &Event<'_>) -> bool {
    match event.source {
        Source::Callback(callback) => callback.callback_type() == CallbackType::WithdrawalConfirmation,
        _ => true,
    }
}

/// What a case says of its event: all that a resolution needs.
fn facts(event: &Event<'_>) -> Vec<(&'static str, String)> {
    let Identity { event_key, fingerprint, position } = event.identity;
    let mut facts = vec![
        (events::KEY, event_key.as_str().to_owned()),
        (events::FINGERPRINT, fingerprint.as_str().to_owned()),
    ];
    if !event.tenant_user_id.is_empty() {
        facts.push(("tenantUserId", event.tenant_user_id.to_owned()));
    }
    let mut fact = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
    fact("position", position.map(|position| position.to_string()));
    fact("callBackId", event.call_back_id.map(CallBackId::to_string));
    match event.source {
        Source::Callback(callback) => {
            fact("trackingId", callback.tracking_id.clone());
            if let Some(Transfer { tx_id, asset, amount }) = callback.transfer() {
                fact("asset", Some(asset.to_string()));
                fact("amount", Some(amount.text().to_owned()));
                fact("txId", Some(tx_id.text().to_owned()));
            }
        }
        Source::Registration(Registration { terms, mode, .. }) => {
            fact("asset", Some(terms.asset.to_string()));
            fact("amount", Some(terms.amount.text().to_owned()));
            fact("address", Some(terms.address.text().to_owned()));
            fact("mode", Some(mode.name().to_owned()));
        }
        Source::Reconciliation(Reconciled::Found(finding)) => {
            for (name, value) in events::finding_attributes(finding) {
                fact(name, Some(value.to_owned()));
            }
            if let Subject::Balance { asset, .. } = &finding.subject {
                fact("asset", Some(asset.to_string()));
            }
        }
        Source::Reconciliation(_)
        | Source::Cancellation
        | Source::User
        | Source::Release(_)
        | Source::Resolution(_)
        | Source::Collection(_)
        | Source::Submission(_)
        | Source::Verification(_) => {}
    }
    facts
}

/// How a case is closed.
pub(crate) struct Closed<'a> {
    pub(crate) case_key: &'a CaseKey,
    /// The event that ends it.
    pub(crate) by: &'a EventKey,
    /// Whether it ends the matter for good.
    pub(crate) settles: bool,
    /// The reasons that were seen, where the act depends on them: another may have come since.
    pub(crate) reasons: Option<&'a [Reason]>,
    /// What the platform said, where that ends it.
    pub(crate) word: Option<Word>,
}

/// Closes an open case. One that is lost does not stand in the way of a release.
pub(crate) fn close(
    table: &str,
    closed: &Closed<'_>,
    now: SystemTime,
) -> Result<TransactWriteItem, Unavailable> {
    let mut change = Change::default();
    change.set(RESOLUTION_KEY, text(closed.by.as_str()));
    change.set("closedAt", text(&timestamp(now)?));
    change.add_to_set(EVENT_KEYS, closed.by.as_str());
    for name in [OPEN, OPEN_SINCE, NEXT_ASK_AT] {
        change.remove(name);
    }
    change.set(EXPECTS, text(OPERATOR)); // whoever opens it again
    if let Some(word) = closed.word {
        change.set(WORD, text(word.name()));
    }
    if closed.settles {
        change.set(SETTLED, AttributeValue::Bool(true));
    }
    if let Some(reasons) = closed.reasons {
        is_as_seen(&mut change, reasons);
    } else {
        let open_or_lost = format!("(attribute_exists(#{OPEN_SINCE}) OR attribute_not_exists({KEY}))");
        change.condition(open_or_lost, &[OPEN_SINCE], []);
    }
    change.build(table, [(KEY, text(closed.case_key.as_str()))]).map(in_transaction)
}

/// How some of a case's reasons are lifted, or become others, while it stays open.
pub(crate) struct Changed<'a> {
    pub(crate) case_key: &'a CaseKey,
    /// The event that does it.
    pub(crate) by: &'a EventKey,
    /// The reasons that were seen.
    pub(crate) seen: &'a [Reason],
    /// Those that are left: at least one.
    pub(crate) left: &'a [Reason],
    /// What the platform said, where that is why.
    pub(crate) word: Option<Word>,
    /// Is it an operator's from now on, and asked for or sent no more?
    pub(crate) is_operators: bool,
}

/// Leaves an open case with other reasons.
pub(crate) fn change(table: &str, changed: &Changed<'_>) -> Result<TransactWriteItem, Unavailable> {
    let mut change = Change::default();
    change.set_texts(REASONS, changed.left.iter().map(|reason| reason.name()));
    change.add_to_set(EVENT_KEYS, changed.by.as_str());
    if let Some(word) = changed.word {
        change.set(WORD, text(word.name()));
    }
    if changed.is_operators {
        change.set(EXPECTS, text(OPERATOR));
        change.remove(NEXT_ASK_AT);
    }
    is_as_seen(&mut change, changed.seen);
    change.build(table, [(KEY, text(changed.case_key.as_str()))]).map(in_transaction)
}

/// It is open, and for just these reasons.
fn is_as_seen(change: &mut Change, reasons: &[Reason]) {
    let seen = AttributeValue::Ss(reasons.iter().map(|reason| reason.name().to_owned()).collect());
    let as_seen = format!("attribute_exists(#{OPEN_SINCE}) AND #{REASONS} = :reasonsSeen");
    change.condition(as_seen, &[OPEN_SINCE, REASONS], [("reasonsSeen", seen)]);
}

/// Takes an open question to ask it: it is due again only at `next`. Fails where another has taken it meanwhile.
pub(crate) fn take(table: &str, case: &RecordedCase, next: SystemTime) -> Result<Update, Unavailable> {
    let seen = case.next_ask_at.as_deref().ok_or_else(|| Unavailable::new("no question is open"))?;
    let mut change = Change::default();
    change.set(NEXT_ASK_AT, text(&timestamp(next)?));
    change.set(ASKED, AttributeValue::N(case.asked.saturating_add(1).to_string()));
    change.equals(NEXT_ASK_AT, text(seen));
    change.build(table, [(KEY, text(case.case_key.as_str()))])
}

/// Notes with what is written of a submission whether anybody can tell how it stands. Fails where another has taken it up
/// since.
pub(crate) fn note_doubt(
    table: &str,
    case_key: &CaseKey,
    lease: &str,
    is_doubtful: bool,
    now: SystemTime,
) -> Result<Update, Unavailable> {
    let mut change = Change::default();
    if is_doubtful {
        change.set_new(SILENT_SINCE, text(&timestamp(now)?));
    } else {
        change.remove(SILENT_SINCE);
    }
    change.equals(NEXT_ASK_AT, text(lease));
    change.build(table, [(KEY, text(case_key.as_str()))])
}

/// Notes what the platform said, of a question that is asked again.
pub(crate) fn note(
    table: &str,
    case: &RecordedCase,
    word: Word,
    now: SystemTime,
) -> Result<Update, Unavailable> {
    let mut change = Change::default();
    change.set(WORD, text(word.name()));
    if word.is_silent() {
        change.set_new(SILENT_SINCE, text(&timestamp(now)?));
    }
    change.condition(format!("attribute_exists(#{NEXT_ASK_AT})"), &[NEXT_ASK_AT], []);
    change.build(table, [(KEY, text(case.case_key.as_str()))])
}

/// Reads a case in a transaction.
pub(crate) fn get_by(table: &str, case_key: &CaseKey) -> Result<TransactGetItem, Unavailable> {
    get(table, KEY, case_key.as_str())
}

/// Was the case ended by an operator? One that only lost its place among the open ones was not.
pub(crate) fn is_resolved(item: &Item) -> bool {
    !item.contains_key(OPEN_SINCE) && read(item, RESOLUTION_KEY).is_some()
}

/// Where reconciliation notes how far it is: an item beside its cases, which is none and stands in no index.
pub const RUN_KEY: &str = "reconciliation.run";
const RUN: &str = "run";
const LAST_RUN: &str = "lastRun";
const LEASED_UNTIL: &str = "leasedUntil";
const VERSION: &str = "version";

/// The key of the runs' record.
pub(crate) fn run_key() -> [(&'static str, AttributeValue); 1] {
    [(KEY, text(RUN_KEY))]
}

/// The runs' record as it was read: the run under way and the last that came to its end, as JSON.
#[derive(Debug, Clone, Default)]
pub(crate) struct RunRecord {
    pub(crate) version: u64,
    pub(crate) leased_until: Option<String>,
    pub(crate) run: Option<String>,
    pub(crate) last_run: Option<String>,
}

/// The runs' record.
pub(crate) fn run(item: &Item) -> Result<RunRecord, Unavailable> {
    let version = item.get(VERSION).and_then(|version| version.as_n().ok()?.parse().ok());
    let owned = |name: &str| read(item, name).map(str::to_owned);
    Ok(RunRecord {
        version: version.ok_or_else(|| Unavailable::new("the record of the runs is malformed"))?,
        leased_until: owned(LEASED_UNTIL),
        run: owned(RUN),
        last_run: owned(LAST_RUN),
    })
}

/// Writes the runs' record where nobody has since it was read.
pub(crate) fn put_run(table: &str, record: &RunRecord) -> Result<Update, Unavailable> {
    let mut change = Change::default();
    let texts = [(LEASED_UNTIL, &record.leased_until), (RUN, &record.run), (LAST_RUN, &record.last_run)];
    for (name, value) in texts {
        match value {
            Some(value) => change.set(name, text(value)),
            None => change.remove(name),
        }
    }
    let version = |version: u64| AttributeValue::N(version.to_string());
    change.set(VERSION, version(record.version + 1));
    if record.version == 0 {
        change.condition(format!("attribute_not_exists({KEY})"), &[], []);
    } else {
        change.equals(VERSION, version(record.version));
    }
    change.build(table, run_key())
}

/// The key in a case's record.
pub(crate) fn key(item: &Item) -> Option<&str> {
    read(item, KEY)
}

/// A case's record.
pub(crate) fn recorded(item: &Item) -> Result<RecordedCase, Unavailable> {
    read_case(item).ok_or_else(|| Unavailable::new("a case's record is malformed"))
}

fn read_case(item: &Item) -> Option<RecordedCase> {
    let owned = |name: &str| read(item, name).map(str::to_owned);
    let identity = Identity {
        event_key: EventKey::from(owned(events::KEY)?),
        fingerprint: Fingerprint::from(owned(events::FINGERPRINT)?),
        position: match read(item, "position") {
            Some(position) => Some(position.parse().ok()?),
            None => None,
        },
    };
    // A role may write cases of its own kinds, by their key: what is inside must be of that kind too.
    let case_key = CaseKey::from(owned(KEY)?);
    if case_key != CaseKey::of(&identity) {
        return None;
    }
    let claim = Claim {
        identity,
        reasons: read_set(item, REASONS).iter().map(|name| name.parse().ok()).collect::<Option<_>>()?,
        // What is about a day is nobody's.
        tenant_user_id: match owned("tenantUserId") {
            None if read(item, "day").is_some() => String::new(),
            user => user?,
        },
        call_back_id: read(item, "callBackId").map(CallBackId::from),
        asset: match read(item, "asset") {
            Some(asset) => Some(asset.parse().ok()?),
            None => None,
        },
        amount: match read(item, "amount") {
            Some(amount) => Some(Amount::reported(amount).ok()?),
            None => None,
        },
        address: owned("address"),
        tx_id: read(item, "txId").map(TxId::from),
        tracking_id: owned("trackingId"),
        mode: match read(item, "mode") {
            Some(mode) => Some(mode.parse::<Mode>().ok()?),
            None => None,
        },
    };
    let open_since = owned(OPEN_SINCE);
    // One that was opened again still bears how it ended before.
    let ended = |name: &str| owned(name).filter(|_| open_since.is_none());
    Some(RecordedCase {
        case_key,
        claim,
        event_keys: read_set(item, EVENT_KEYS).to_vec(),
        expects: owned(EXPECTS)?,
        next_ask_at: owned(NEXT_ASK_AT),
        asked: read_number(item, ASKED).map_or(Some(0), |asked| asked.to_string().parse().ok())?,
        word: owned(WORD),
        silent_since: owned(SILENT_SINCE),
        recorded: owned("recorded"),
        expected: owned("expected"),
        day: owned("day"),
        resolution_key: ended(RESOLUTION_KEY),
        closed_at: ended("closedAt"),
        open_since,
    })
}

/// A page's end as an opaque text: the two keys that every open case has for itself.
pub(crate) fn cursor(key: &Item) -> Option<String> {
    Some(cursor_of(read(key, OPEN_SINCE)?, read(key, KEY)?))
}

/// The same, behind an open case.
pub(crate) fn cursor_behind(case: &RecordedCase) -> Option<String> {
    Some(cursor_of(case.open_since.as_deref()?, case.case_key.as_str()))
}

fn cursor_of(open_since: &str, case_key: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{open_since} {case_key}"))
}

/// Where the page after a cursor starts; `None` if it is no page's end.
pub(crate) fn start_key(cursor: &str) -> Option<Item> {
    let text_of = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (open_since, case_key) = text_of.split_once(' ')?;
    // DynamoDB refuses keys that are empty or too long, which would look as if it could not be reached.
    if open_since.is_empty() || case_key.is_empty() || cursor.len() > MAX_CURSOR_BYTES {
        return None;
    }
    Some(Item::from([
        (OPEN.into(), text(OPEN)),
        (OPEN_SINCE.into(), text(open_since)),
        (KEY.into(), text(case_key)),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(kind: &'static str) -> Identity {
        Identity {
            event_key: EventKey::new(kind, [Some("1")]),
            fingerprint: "content".to_owned().into(),
            position: Some(1),
        }
    }

    fn record(kind: &'static str) -> Item {
        let identity = identity(kind);
        Item::from([
            (KEY.into(), text(CaseKey::of(&identity).as_str())),
            (OPEN.into(), text(OPEN)),
            (OPEN_SINCE.into(), text("2026-01-02T03:04:05.678Z")),
            (REASONS.into(), AttributeValue::Ss(vec!["event-conflict".into(), "request-conflict".into()])),
            (EVENT_KEYS.into(), AttributeValue::Ss(vec!["refusal.deposit.1".into()])),
            (events::KEY.into(), text(identity.event_key.as_str())),
            (events::FINGERPRINT.into(), text("content")),
            ("position".into(), text("1")),
            ("tenantUserId".into(), text("1945")),
            ("expects".into(), text("operator")),
            ("asset".into(), text("TRON#USDT")),
            ("amount".into(), text("2.50")),
        ])
    }

    #[test]
    fn a_case_is_read_whole_or_not_at_all() {
        let case = recorded(&record("deposit")).unwrap();
        assert_eq!(case.claim.reasons, [Reason::EventConflict, Reason::RequestConflict]);
        assert_eq!((&case.claim.identity, case.open_since.is_some()), (&identity("deposit"), true));
        for (name, value) in [
            (REASONS, AttributeValue::Ss(vec!["because".into()])),
            ("asset", text("TRON")),
            ("amount", text("-1")),
            ("mode", text("both")),
            ("position", text("first")),
            (events::KEY, AttributeValue::N("1".into())),
        ] {
            let mut damaged = record("deposit");
            damaged.insert(name.into(), value);
            assert!(recorded(&damaged).is_err(), "{name}");
        }
    }

    /// A role may write cases of its own kinds, by their key.
    #[test]
    fn a_case_is_about_an_event_of_its_own_kind_and_of_no_other() {
        let mut planted = record("insufficient-gas");
        for (name, value) in record("deposit").into_iter().filter(|(name, _)| name != KEY) {
            planted.insert(name, value);
        }
        assert!(recorded(&planted).is_err());
        let mut other_content = record("deposit");
        other_content.insert(events::FINGERPRINT.into(), text("other content"));
        assert!(recorded(&other_content).is_err());
    }

    #[test]
    fn only_a_resolution_resolves_a_case() {
        let mut item = record("deposit");
        assert!(!is_resolved(&item), "it is open");
        item.remove(OPEN_SINCE);
        assert!(!is_resolved(&item), "it only looks closed");
        item.insert(RESOLUTION_KEY.into(), text("resolution.1"));
        assert!(is_resolved(&item));
    }
}
