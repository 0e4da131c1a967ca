//! How much an audit takes: a million events of a hundred thousand users, in tables on disk, read by the command.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use dynoxide::{AttributeValue, Database, ImportOptions, Item};
use serde_json::json;
use waas_callback::{CaseKey, EventKey, Fingerprint, Identity};
use waas_local::{Options, Stack};

use crate::harness::*;

const USERS: u32 = 100_000;
const EVENTS_OF_A_USER: u32 = 10;
/// Users at a time: what is made is in memory until it is written.
const BATCH: u32 = 2_000;
const MIB: u64 = 1024 * 1024;

/// What is written to the tables, by table.
#[derive(Default)]
struct Batch {
    events: Vec<Item>,
    orders: Vec<Item>,
    cases: Vec<Item>,
    balances: Vec<Item>,
}

fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn n(number: &str) -> AttributeValue {
    AttributeValue::N(number.to_owned())
}

fn item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Item {
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// One user: two deposits, which the platform was asked about and of which one in fifty users' waits for its risk, and two
/// orders, of which one in ten users' is open.
struct User {
    number: u32,
    id: String,
    recorded: u32,
}

impl User {
    fn write(mut self, batch: &mut Batch) {
        let is_waiting = self.number.is_multiple_of(50);
        self.deposit(batch, "USDT", false);
        self.deposit(batch, "TRX", is_waiting);
        let is_open = self.number.is_multiple_of(10);
        self.order(batch, "first", false);
        self.order(batch, "second", is_open);
        let usdt = if is_open { ["3.4", "3.3", "0"] } else { ["3.4", "0", "0"] };
        let trx = if is_waiting { ["0", "0", "10"] } else { ["10", "0", "0"] };
        for (asset, [available, frozen, held]) in [("TRON#USDT", usdt), ("TRON#TRX", trx)] {
            batch.balances.push(item([
                ("tenantUserId", s(&self.id)),
                ("asset", s(asset)),
                ("available", n(available)),
                ("frozen", n(frozen)),
                ("held", n(held)),
                ("auditedTo", s("2026-01-02T03:05:00.000Z")),
                ("auditedAvailable", n(available)),
                ("auditedFrozen", n(frozen)),
                ("auditedHeld", n(held)),
                ("auditedOwed", n("0")),
            ]));
        }
    }

    fn deposit(&mut self, batch: &mut Batch, symbol: &str, is_waiting: bool) {
        let (tx_id, address) = (format!("{symbol}{:060x}", self.number), self.address());
        let callback = json!({
            "requestUUID": "fbd70fb4-c302-4228-bd61-6326e0539551", "tenantUserId": self.id, "trackingId": "6484",
            "type": 1, "business": 0, "txId": tx_id, "chainName": "TRON", "symbol": symbol,
            "amount": "10.000000000000", "fromAddress": PAYEE, "toAddress": address, "riskLevelFrom": 3,
            "riskLevelTo": 3, "txIndex": -1, "newAddress": address,
        });
        let key = EventKey::new("deposit", [&*tx_id, "TRON", symbol, &address].map(Some));
        let fingerprint = Fingerprint::from(FINGERPRINT.to_owned());
        let case = CaseKey::of(&Identity { event_key: key.clone(), fingerprint, position: None });
        let outcome = if is_waiting { "held" } else { "unverified" };
        let mut event = self.event(key.as_str(), outcome, Some((symbol, ["0", "0", "10"])));
        let told = [("callback", s(callback.to_string())), ("type", n("1"))];
        event.extend(item(told.clone()));
        event.insert("question".to_owned(), s(case.as_str()));
        let word_key = EventKey::new("verification", [Some(case.as_str())]);
        let (word, posting) =
            if is_waiting { ("verified", None) } else { ("credited", Some((symbol, ["10", "0", "-10"]))) };
        let mut word = self.event(word_key.as_str(), word, posting);
        word.extend(item(told));
        word.extend(item([
            ("verifiedEventKey", s(key.as_str())),
            ("caseKey", s(case.as_str())),
            ("word", s("agrees")),
        ]));
        let event_keys = [&key, &word_key].map(|key| key.as_str().to_owned()).to_vec();
        let mut case = item([
            ("caseKey", s(case.as_str())),
            ("expects", s("operator")),
            ("eventKeys", AttributeValue::SS(event_keys)),
            ("eventKey", s(key.as_str())),
            ("fingerprint", s(FINGERPRINT)),
            ("tenantUserId", s(&self.id)),
            ("asset", s(format!("TRON#{symbol}"))),
            ("amount", s("10.000000000000")),
            ("txId", s(&tx_id)),
            ("asked", n("1")),
            ("word", s("agrees")),
        ]);
        let (reason, rest) = if is_waiting {
            ("risk", [("open", s("open")), ("openSince", event["recordedAt"].clone())])
        } else {
            let closed = [("resolutionKey", s(word_key.as_str())), ("closedAt", word["recordedAt"].clone())];
            ("verification", closed)
        };
        case.insert("reasons".to_owned(), AttributeValue::SS(vec![reason.to_owned()]));
        case.extend(item(rest));
        batch.cases.push(case);
        batch.events.extend([event, word]);
    }

    /// Registered, confirmed, and paid or waiting for gas.
    fn order(&mut self, batch: &mut Batch, name: &str, is_open: bool) {
        let id = format!("{name}-{:012}", self.number);
        let mut registration = self.event(
            EventKey::new("registration", [Some(&*id)]).as_str(),
            "reserved",
            Some(("USDT", ["-3.3", "3.3", "0"])),
        );
        let terms = [
            ("chainName", s("TRON")),
            ("symbol", s("USDT")),
            ("address", s(PAYEE)),
            ("amountText", s("3.30")),
        ];
        registration.extend(item(terms.clone()));
        registration.extend(item([("termsDigest", s(FINGERPRINT)), ("mode", s("confirmed"))]));
        let notice = |r#type: u8| {
            json!({ "business": 0, "requestUUID": "f56d2814-7a8f-4dcf-9008-990c1be6e13e", "tenantUserId": self.id,
                    "callBackId": id, "type": r#type, "trackingId": "102004" })
        };
        let mut paid = notice(3);
        for (field, value) in [
            ("txId", &*format!("{:064x}", self.number)),
            ("chainName", "TRON"),
            ("symbol", "USDT"),
            ("amount", "3.300000000000"),
            ("fromAddress", PAYEE),
            ("toAddress", PAYEE),
        ] {
            paid[field] = json!(value);
        }
        let told = [
            ("withdrawal-confirmation", "confirmed", None, notice(2)),
            if is_open {
                ("insufficient-gas", "stalled", None, notice(7))
            } else {
                ("withdrawal", "completed", Some(("USDT", ["0", "-3.3", "0"])), paid)
            },
        ];
        batch.events.push(registration);
        for (kind, outcome, posting, callback) in told {
            let mut event = self.event(EventKey::new(kind, [Some(&*id)]).as_str(), outcome, posting);
            event.extend(item([("callback", s(callback.to_string())), ("trackingId", s("102004"))]));
            batch.events.push(event);
        }
        for event in batch.events.iter_mut().rev().take(3) {
            event.insert("callBackId".to_owned(), s(&*id));
        }
        let state = if is_open { "confirmed" } else { "completed" };
        let mut order = item(terms);
        order.remove("amountText");
        order.extend(item([
            ("callBackId", s(&*id)),
            ("tenantUserId", s(&self.id)),
            ("amount", n("3.3")),
            ("payableIn", s("confirmed")),
            ("state", s(state)),
            ("registeredAt", s("2026-01-02T03:04:05.678Z")),
            ("version", n("3")),
        ]));
        if is_open {
            order.extend(item([("open", s("end")), ("openSince", s("2026-01-02T03:04:05.678Z"))]));
        }
        batch.orders.push(order);
    }

    fn event(&mut self, key: &str, outcome: &str, posting: Option<(&str, [&str; 3])>) -> Item {
        self.recorded += 1;
        let posting = posting.map(|(symbol, [available, frozen, held])| {
            AttributeValue::M(item([
                ("tenantUserId", s(&self.id)),
                ("asset", s(format!("TRON#{symbol}"))),
                ("available", n(available)),
                ("frozen", n(frozen)),
                ("held", n(held)),
            ]))
        });
        let counted = match key.split('.').next() {
            Some("deposit") => Some("1#2026-01-02"),
            Some("withdrawal") => Some("3#2026-01-02"),
            _ => None,
        };
        let counted = counted.map(|on| ("countedOn".to_owned(), s(on)));
        let mut event = item([
            ("eventKey", s(key)),
            ("tenantUserId", s(&self.id)),
            ("fingerprint", s(FINGERPRINT)),
            ("outcome", s(outcome)),
            ("detailType", s("waas.deposit.credited")),
            ("requestUUID", s("fbd70fb4-c302-4228-bd61-6326e0539551")),
            ("recordedAt", s(format!("2026-01-02T03:04:{:02}.678Z", self.recorded))),
            ("postings", AttributeValue::L(posting.into_iter().collect())),
        ]);
        event.extend(counted);
        event
    }

    fn address(&self) -> String {
        format!("T{:033}", self.number)
    }
}

const FINGERPRINT: &str = "b00a4aa3d6426f6409a83ae72a79de5b559a2c339ebc89b8b75427c2600978e3";

/// Fills the tables, and says how many events there are.
fn fill(database: &Path) -> usize {
    let database = Database::new(database.to_str().unwrap()).unwrap();
    let mut events = 0;
    for first in (0..USERS).step_by(usize::try_from(BATCH).unwrap()) {
        let mut batch = Batch::default();
        for number in first..first + BATCH {
            User { number, id: format!("user-{number:08}"), recorded: 0 }.write(&mut batch);
        }
        events += batch.events.len();
        let Batch { events, orders, cases, balances } = batch;
        for (table, items) in
            [("Events", events), ("Withdrawals", orders), ("Cases", cases), ("Balances", balances)]
        {
            database.import_items(table, items, ImportOptions::default()).unwrap();
        }
    }
    events
}

/// The most memory that a process has had so far.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// `cargo test -p waas-local --test outside -- --ignored --nocapture a_million_events`
#[cfg(target_os = "linux")] // where the kernel tells a process's peak
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement of many minutes, which docs/ledger.md tells how to make"]
async fn a_million_events_of_a_hundred_thousand_users_are_audited_in_256_mib() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("database");
    let options = Options { database: Some(database.clone()), ..Options::default() };
    Stack::start_services(&options).await.unwrap().stop().await.unwrap();
    let events = tokio::task::block_in_place(|| fill(&database));
    assert_eq!(events, usize::try_from(USERS * EVENTS_OF_A_USER).unwrap());
    let stack = Stack::start_services(&options).await.unwrap();

    let audit = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_waas-local"));
        // One part: what stands in for DynamoDB sorts the whole table for each page of several.
        command.args(["audit", "--progress", "--segments", "1"]).stdout(std::process::Stdio::piped());
        let environment = stack.environment().iter().map(|(name, value)| (name, value));
        let (mut child, began) = (command.envs(environment).spawn().unwrap(), Instant::now());
        let mut most = 0;
        while child.try_wait().unwrap().is_none() {
            most = peak(child.id()).map_or(most, |peak| peak.max(most));
            std::thread::sleep(Duration::from_millis(100));
        }
        (child.wait_with_output().unwrap(), most, began.elapsed())
    };
    let (output, most, took) = tokio::task::block_in_place(audit);
    let report = String::from_utf8(output.stdout).unwrap();
    println!("{}at most {} MiB, {:.1} minutes", report, most / MIB, took.as_secs_f32() / 60.0);
    assert!(report.contains(" 0 differences"), "{}", report.lines().take(5).collect::<Vec<_>>().join("\n"));
    assert!(most < 256 * MIB, "{most}");
}
