//! `waas platform` and `waas call`, as two processes; and the walk of docs/simulator.md, as it stands there.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::receiver::{self, Receiver};
use crate::{assert_fails, assert_succeeds, run, stdout, waas};

const SCENARIO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenario.json");
const PAGE: &str = include_str!("../../../../docs/simulator.md");

/// The command as a process of its own, which ends with this.
pub(crate) struct Platform {
    process: Child,
    pub(crate) url: String,
}

impl Platform {
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut command = waas(&[&["platform", "--port", "0"], args].concat());
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let url = first.split_whitespace().find(|word| word.starts_with("http")).unwrap();
        let url = url.trim_end_matches(';').to_owned();
        std::thread::spawn(move || lines.for_each(drop)); // read on, or it would block
        Self { process, url }
    }

    fn call(&self, args: &[&str]) -> Output {
        waas(&[&["call"], args].concat()).env("WAAS_PLATFORM_URL", &self.url).output().unwrap()
    }

    fn knows(&self) -> Value {
        known(&self.url)
    }

    fn add(&self, scenario: &str) {
        ureq::post(format!("{}/simulator", self.url)).send(scenario).unwrap();
    }

    /// Until it knows this, which takes a moment after a callback's answer.
    #[track_caller]
    fn wait_for(&self, is_there: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let known = self.knows();
            if is_there(&known) {
                return known;
            }
            assert!(Instant::now() < end, "{known:#}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// All that a simulator knows.
pub(crate) fn known(url: &str) -> Value {
    let body = ureq::get(format!("{url}/simulator")).call().unwrap().into_body().read_to_string();
    serde_json::from_str(&body.unwrap()).unwrap()
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// The block of that language right after the comment.
fn block(mark: &str, language: &str) -> &'static str {
    let start = format!("<!-- {mark} -->\n```{language}\n");
    PAGE.split(&start).nth(1).unwrap().split("```").next().unwrap()
}

const ORDER: [&str; 3] = ["get-withdraw-order", "--call-back-id", "D1"];

#[test]
fn the_walk_of_the_page_shows_what_the_page_shows() {
    assert_eq!(block("command: platform", "sh"), "waas platform --state events/platform/scenario.json\n");
    let platform = Platform::start(&["--state", SCENARIO]);
    let mut shown = String::new();
    for line in block("command: merchant", "sh").lines() {
        if let Some(scenario) = line.strip_prefix("curl http://127.0.0.1:9003/simulator -d ") {
            platform.add(scenario.trim_matches('\''));
            continue;
        }
        let args: Vec<_> = line.strip_prefix("waas call ").unwrap().split(' ').collect();
        let output = platform.call(&args);
        shown.push_str(stdout(&output));
        shown.push_str(std::str::from_utf8(&output.stderr).unwrap());
    }
    assert_eq!(shown, block("output: merchant", "text"));
    let known = platform.knows();
    assert_eq!(known["payouts"].as_array().unwrap().len(), 1);
    assert_eq!(known["calls"]["getWithdrawOrder"], 4);
}

#[test]
fn each_misbehaviour_is_an_exit_status_in_another_process() {
    let platform = Platform::start(&["--state", SCENARIO]);
    for (fault, status) in [
        (json!("other-question"), 6),
        (json!("unopenable"), 5),
        (json!("html"), 4),
        (json!("lose"), 4),
        (json!({"delay": 5000}), 4),
        (json!({"status": 500}), 4),
        (json!("nothing"), 3),
        (json!({"status": 401}), 1),
        (json!({"status": 403}), 1),
        (json!({"refuse": 7}), 1),
        (json!({"delay": 10}), 0),
    ] {
        platform.add(&json!({"misbehaviour": {"calls": [{"do": fault, "times": 1}]}}).to_string());
        let output = platform.call(&[&ORDER[..], &["--timeout", "1"]].concat());
        assert_eq!(
            output.status.code(),
            Some(status),
            "{fault}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    assert_succeeds(&platform.call(&ORDER));
    assert_fails(&platform.call(&[&ORDER[..], &["--api-key", "other"]].concat()), 1, "Check --api-key");
}

#[test]
fn another_merchants_key_opens_nothing_on_either_side() {
    let dir = tempfile::tempdir().unwrap();
    assert_succeeds(&run(&["keygen", "--out", dir.path().to_str().unwrap(), "--api-key", "mine"]));
    let [private, secret] =
        ["private.pem", "secret.json"].map(|file| dir.path().join(file).display().to_string());
    let platform = Platform::start(&["--state", SCENARIO, "--private-key", &private, "--api-key", "mine"]);
    assert_succeeds(&platform.call(&[&ORDER[..], &["--key", &secret]].concat()));
    assert_fails(
        &platform.call(&[&ORDER[..], &["--api-key", "mine"]].concat()),
        1,
        "--key is another merchant's",
    );
}

#[test]
fn callbacks_reach_the_merchant_until_they_are_accepted() {
    let mut refusals = 1;
    let receiver = Receiver::start(move |callback| {
        if refusals > 0 {
            refusals -= 1;
            return receiver::answer(5001, "again", "");
        }
        receiver::accept(callback)
    });
    let platform = Platform::start(&["--state", SCENARIO, "--callbacks-to", &receiver.url]);
    let known = platform.wait_for(|known| known["callbacks"][0]["state"] == "accepted");
    assert_eq!(known["callbacks"][0]["sendings"], 2);
    assert_eq!(known["deposits"][0]["callbackSuccess"], true);
}

#[test]
fn a_confirmed_withdrawal_goes_its_whole_way_between_processes() {
    let callbacks = Receiver::start(receiver::accept);
    let confirmations = Receiver::start(|callback| {
        let request: Value = serde_json::from_str(callback).unwrap();
        let reply = json!({"requestUUID": request["requestUUID"], "callBackId": request["callBackId"], "type": 2,
            "tenantUserId": request["tenantUserId"], "address": "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK",
            "chainName": "TRON", "symbol": "USDT", "amount": "3.300"});
        receiver::answer(0, "", &receiver::seal(&reply.to_string()))
    });
    let platform =
        Platform::start(&["--callbacks-to", &callbacks.url, "--confirmations-to", &confirmations.url]);
    assert_succeeds(&platform.call(&[
        "withdraw-request",
        "--tenant-user-id",
        "1945",
        "--call-back-id",
        "D1",
    ]));
    let known = platform.wait_for(|known| known["callbacks"][1]["state"] == "accepted");
    assert_eq!(known["payouts"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&known["payouts"][0]["amount"], &known["payouts"][0]["callBackId"], &known["callbacks"][1]["type"]),
        (&json!("3.300"), &json!("D1"), &json!(3))
    );
    let order = platform.call(&[&ORDER[..], &["--json"]].concat());
    assert_eq!(
        serde_json::from_str::<Value>(stdout(&order)).unwrap(),
        json!({"orderState": 3, "isFinal": true, "symbol": "USDT", "amount": "3.3"})
    );
}

#[test]
fn a_state_that_is_none_is_status_2_and_says_where() {
    for (state, message) in
        [(crate::DEPOSIT, "is no state: unknown field"), ("nowhere.json", "cannot read nowhere.json")]
    {
        assert_fails(&run(&["platform", "--port", "0", "--state", state]), 2, message);
    }
    let platform = Platform::start(&[]);
    let port = platform.url.rsplit(':').next().unwrap();
    assert_fails(&run(&["platform", "--port", port]), 2, "cannot listen on port");
    let refused = ureq::post(format!("{}/simulator", platform.url)).send("{\"user\":[]}");
    assert!(matches!(refused, Err(ureq::Error::StatusCode(400))));
}
