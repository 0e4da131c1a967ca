//! `waas trigger` and `waas completions`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use waas_callback::{Address, Callback, PublicKey};
use waas_platform::PrivateKey;

use crate::platform::{self, Platform};
use crate::receiver::{self, Receiver};
use crate::{assert_fails, assert_succeeds, run, stdout};

// The defaults that a platform is told of.
const ADDRESS: &str = "TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP";
const HOT_WALLET: &str = "TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb";

const COMMANDS: [&str; 12] = [
    "trigger",
    "listen",
    "keygen",
    "seal",
    "open",
    "send",
    "private-key",
    "platform",
    "callbacks-to",
    "call",
    "get-deposit-order",
    "job-date",
];

/// Each callback with the fields that `docs/protocol.md` gives its type, as flags.
const CALLBACKS: [(&str, &str); 7] = [
    (
        "deposit",
        "tracking-id tx-id chain-name symbol amount from-address to-address risk-level-from risk-level-to tx-index \
         new-address",
    ),
    (
        "withdrawal-confirmation",
        "call-back-id tracking-id chain-name symbol amount to-address tx-id tx-index tag",
    ),
    (
        "withdrawal",
        "call-back-id tracking-id tx-id chain-name symbol amount from-address to-address new-address tx-time-stamp",
    ),
    ("address-change", "tracking-id chain-name symbol new-address to-address"),
    ("withdrawal-failure", "call-back-id tracking-id to-address"),
    ("insufficient-balance", "call-back-id tracking-id"),
    ("insufficient-gas", "call-back-id tracking-id"),
];

fn plaintext(callback: &str, flags: &[&str]) -> String {
    let output = run(&[&["trigger", callback, "--print"], flags].concat());
    assert_succeeds(&output);
    stdout(&output).to_owned()
}

fn fields(callback: &str, flags: &[&str]) -> BTreeMap<String, Value> {
    serde_json::from_str(&plaintext(callback, flags)).unwrap()
}

/// As the receiver reads it.
fn parsed(plaintext: &str) -> Callback {
    let key = PrivateKey::development();
    let public_key = PublicKey::parse(&key.public_key_base64()).unwrap();
    let opened = public_key.open(key.seal(plaintext.as_bytes()).as_bytes()).unwrap();
    Callback::parse(&opened).unwrap().unwrap()
}

#[test]
fn without_a_flag_each_is_a_callback_of_its_type_and_each_time_another_event() {
    for (callback, _) in CALLBACKS {
        let [first, second] = [(); 2].map(|()| parsed(&plaintext(callback, &[])));
        assert_eq!(first.callback_type().name(), callback);
        assert_ne!(first.request_uuid, second.request_uuid);
        // An address has no id of its own: the same one again is the same event.
        let is_fresh = first.identity().event_key != second.identity().event_key;
        assert_eq!(is_fresh, callback != "address-change", "{callback}");
    }
}

#[test]
fn every_field_of_a_type_has_its_flag() {
    for (callback, own) in CALLBACKS {
        let names = format!("request-uuid tenant-user-id business {own}");
        let mut flags = Vec::new();
        let mut expected = BTreeMap::from([("type".to_owned(), fields(callback, &[])["type"].clone())]);
        for (index, name) in names.split(' ').enumerate() {
            let is_integer =
                ["business", "risk-level-from", "risk-level-to", "tx-index", "tx-time-stamp"].contains(&name);
            // A value of its own each, so that none lands in another's field.
            let (text, value) = match name {
                "amount" => ("00.70".to_owned(), json!("00.70")),
                _ if is_integer => (format!("{index}"), json!(index)),
                _ => (format!("value {index}"), json!(format!("value {index}"))),
            };
            flags.extend([format!("--{name}"), text]);
            expected.insert(field(name), value);
        }
        let flags: Vec<_> = flags.iter().map(String::as_str).collect();
        assert_eq!(fields(callback, &flags), expected, "{callback}");
    }
}

/// `tx-id` is `txId`, `request-uuid` is `requestUUID`.
fn field(flag: &str) -> String {
    let mut words = flag.split('-');
    let first = words.next().unwrap().to_owned();
    let camel = words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..]);
    camel.replace("Uuid", "UUID")
}

#[test]
fn the_default_addresses_are_valid_on_their_chain() {
    for (callback, _) in CALLBACKS {
        for (name, address) in fields(callback, &[]).iter().filter(|(name, _)| name.ends_with("Address")) {
            Address::registered("TRON", address.as_str().unwrap())
                .unwrap_or_else(|error| panic!("{callback} {name}: {error}"));
        }
    }
}

#[test]
fn one_withdrawal_keeps_its_tracking_id_from_one_callback_to_the_next() {
    for callback in [
        "withdrawal-confirmation",
        "withdrawal",
        "withdrawal-failure",
        "insufficient-balance",
        "insufficient-gas",
    ] {
        assert_eq!(fields(callback, &["--call-back-id", "D1"])["trackingId"], "of-D1", "{callback}");
    }
}

#[test]
fn what_no_platform_sends_is_left_to_send() {
    for (flags, message) in [
        (["--amount", "1e5"], "`waas send` sends anything"),
        (["--amount", "-1"], "`waas send` sends anything"),
        (["--amount", "1."], "`waas send` sends anything"),
        (["--amount", ""], "`waas send` sends anything"),
        (["--risk-level-to", "101"], "101 is not in 0..=100"),
        (["--call-back-id", "D1"], "unexpected argument"),
    ] {
        // With `=`, or a value that begins with a hyphen would be taken for a flag.
        let flag = flags.join("=");
        assert_fails(&run(&["trigger", "deposit", "--print", &flag]), 2, message);
    }
}

#[test]
fn it_is_sent_as_send_sends_a_file() {
    let receiver = Receiver::start(receiver::accept);
    let output = run(&["trigger", "deposit", "--untold", "--url", &receiver.url, "--api-key", "mine"]);
    assert_succeeds(&output);
    for shown in ["type 1 NOTIFY_DEPOSITED", "HTTP 200", ": accepted", "\"amount\": \"2.5\""] {
        assert!(stdout(&output).contains(shown), "{shown}: {}", stdout(&output));
    }
    assert_eq!(receiver.last_api_key().as_deref(), Some("mine"));

    let refusing = Receiver::start(|_| receiver::answer(7, "unknown order", ""));
    assert_eq!(run(&["trigger", "withdrawal", "--untold", "--url", &refusing.url]).status.code(), Some(1));
}

/// What a simulator knows of it that is asked by the receiver: deposits' amounts, orders' states, the user's address.
fn known(url: &str) -> Value {
    let known = platform::known(url);
    let of = |part: &str, field: &str| {
        let items = known[part].as_array().unwrap().iter();
        items.map(|item| item[field].clone()).collect::<Value>()
    };
    assert_eq!(known["callbacks"], json!([]), "sent by whoever triggers it");
    json!([of("deposits", "amount"), of("withdrawals", "orderState"), known["users"]["2049"]["TRON"]])
}

#[test]
fn a_simulated_platform_knows_what_is_true_before_the_callback_is_sent() {
    for (args, of_truth, of_untruth) in [
        ("deposit --amount 0.70", json!([["0.70"], [], ADDRESS]), json!([["10.70"], [], ADDRESS])),
        ("withdrawal-confirmation", json!([[], [1], null]), json!([[], [4], null])),
        ("withdrawal", json!([[], [3], null]), json!([[], [6], null])),
        ("address-change --new-address new", json!([[], [], "new"]), json!([[], [], HOT_WALLET])),
        ("withdrawal-failure", json!([[], [6], null]), json!([[], [3], null])),
        ("insufficient-balance", json!([[], [2], null]), json!([[], [3], null])),
        ("insufficient-gas", json!([[], [2], null]), json!([[], [3], null])),
    ] {
        for (flag, expected) in [(None, of_truth), (Some("--untrue"), of_untruth)] {
            let (platform, then) = (Platform::start(&[]), Arc::new(Mutex::new(None)));
            let (url, seen) = (platform.url.clone(), Arc::clone(&then));
            let receiver = Receiver::start(move |callback| {
                *seen.lock().unwrap() = Some(known(&url));
                receiver::accept(callback)
            });
            let to = ["--url", &receiver.url, "--platform", &platform.url];
            let args: Vec<_> =
                std::iter::once("trigger").chain(args.split(' ')).chain(to).chain(flag).collect();
            let output = run(&args);
            assert_succeeds(&output);
            assert_eq!(String::from_utf8_lossy(&output.stderr), "");
            assert_eq!(then.lock().unwrap().take(), Some(expected), "{args:?}");
        }
    }
}

#[test]
fn what_is_told_anew_is_what_is_known() {
    let platform = Platform::start(&[]);
    let receiver = Receiver::start(receiver::accept);
    let deposit =
        ["trigger", "deposit", "--tx-id", "b00a", "--url", &receiver.url, "--platform", &platform.url];
    assert_succeeds(&run(&[&deposit[..], &["--untrue"]].concat()));
    assert_succeeds(&run(&[&deposit[..], &["--untold", "--amount", "3"]].concat()));
    assert_eq!(known(&platform.url)[0], json!(["12.5"]));
    assert_succeeds(&run(&deposit));
    assert_eq!(known(&platform.url)[0], json!(["2.5"]), "there is one deposit of these four fields");
    assert_fails(&run(&[&deposit[..], &["--untold", "--untrue"]].concat()), 2, "cannot be used with");
}

#[test]
fn where_no_platform_can_be_told_the_callback_is_sent_all_the_same() {
    let receiver = Receiver::start(receiver::accept);
    for platform in ["http://127.0.0.1:1", "nowhere"] {
        let output = run(&["trigger", "deposit", "--url", &receiver.url, "--platform", platform]);
        assert_succeeds(&output);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains(&format!("no simulated platform at {platform}/simulator (")), "{told}");
        assert!(stdout(&output).contains("accepted"));
    }
}

#[test]
fn its_retries_are_one_event() {
    let receiver = Receiver::start(receiver::accept);
    let retries = ["--new-uuid", "--repeat", "3", "--json"];
    let output = run(&[&["trigger", "deposit", "--untold", "--url", &receiver.url], &retries[..]].concat());
    assert_succeeds(&output);
    let replies = stdout(&output).lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let (mut uuids, mut tx_ids): (Vec<_>, Vec<_>) = replies
        .map(|line| (line["reply"]["requestUUID"].to_string(), line["reply"]["txId"].to_string()))
        .unzip();
    uuids.dedup();
    tx_ids.dedup();
    assert_eq!((uuids.len(), tx_ids.len()), (3, 1));
}

#[test]
fn every_shell_learns_every_command_and_callback() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&["completions", shell]);
        assert_succeeds(&output);
        let callbacks = CALLBACKS.iter().map(|(callback, _)| *callback);
        for word in callbacks.chain(COMMANDS) {
            assert!(stdout(&output).contains(word), "{shell} does not know {word}");
        }
    }
    assert_fails(&run(&["completions", "tcsh"]), 2, "invalid value 'tcsh'");
}
