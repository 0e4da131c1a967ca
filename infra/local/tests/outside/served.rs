//! `waas-local` with a platform: the simulated one, another, or none; and how all of it ends.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use waas_local::{Calling, Options, Simulated, Stack, secret};
use waas_platform::simulator::Call;
use waas_platform::{Platform, PrivateKey};

use crate::harness::*;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

fn verifying(calling: Calling) -> Options {
    let settings = vec![("WAAS_VERIFY", "true".to_owned())];
    Options { settings, simulator: Some(Simulated::default()), calling, ..Options::default() }
}

async fn stack(calling: Calling) -> Stack {
    let stack = Stack::start(&verifying(calling)).await.unwrap();
    let url = stack.url("/users/2049");
    blocking(move || put(&url)).await;
    stack
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

fn put(url: &str) {
    assert_eq!(ureq::put(url).send_empty().unwrap().status(), 201);
}

/// A deposit of 2.5 TRX for user 2049, as a scenario; called back by the platform or not.
fn arrived(tx_id: &str, is_told: bool) -> Value {
    let sample: Value = serde_json::from_str(DEPOSIT).unwrap();
    json!({"deposits": [{
        "txId": tx_id, "chainName": "TRON", "symbol": "TRX", "amount": "2.5", "tenantUserId": "2049",
        "toAddress": sample["toAddress"], "callbackSuccess": is_told,
    }]})
}

fn add(stack: &Stack, scenario: &Value) {
    stack.simulator().unwrap().add(serde_json::from_str(&scenario.to_string()).unwrap()).unwrap();
}

async fn send(stack: &Stack, platform: &Platform, plaintext: String) {
    let (url, platform) = (stack.url("/callback"), platform.clone());
    assert_eq!(verdict(&blocking(move || platform.send(&url, &plaintext).unwrap()).await), (200, 0));
}

/// Available and held of user 2049 at that API.
fn funds(api: &str) -> (String, String) {
    let body = ureq::get(format!("{api}/users/2049")).call().unwrap().into_body().read_to_string().unwrap();
    let user: Value = serde_json::from_str(&body).unwrap();
    let of = |part: &str| user["balances"][0][part].as_str().unwrap_or_default().to_owned();
    (of("available"), of("held"))
}

#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_simulated_platform_calls_back_is_asked_about_and_available() {
    let stack = stack(Calling::ByItself).await;
    add(&stack, &arrived("b00a", false));
    let api = stack.url("");
    blocking(move || wait_until("available", || funds(&api) == money("2.5", "0"))).await;
    let simulator = stack.simulator().unwrap();
    let calls =
        [Call::GetDepositOrder, Call::GetUserAddress].map(|call| simulator.simulator().calls_of(call));
    assert_eq!(calls, [1, 1]);
    stack.stop().await.unwrap();
}

/// Registers a withdrawal of 1 TRX by user 2049, to be ordered from the platform.
fn submit(api: &str, id: &str, mode: &str) {
    let order = json!({
        "callBackId": id, "tenantUserId": "2049", "chainName": "TRON", "symbol": "TRX", "amount": "1",
        "address": PAYEE, "mode": mode, "submit": true
    });
    let answer = ureq::post(format!("{api}/withdrawals")).header("content-type", "application/json");
    assert_eq!(answer.send(order.to_string()).unwrap().status(), 201);
}

fn state(api: &str, id: &str) -> String {
    let body =
        ureq::get(format!("{api}/withdrawals/{id}")).call().unwrap().into_body().read_to_string().unwrap();
    let order: Value = serde_json::from_str(&body).unwrap();
    order["state"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawal_that_is_to_be_submitted_is_ordered_and_paid_without_another_word() {
    let stack = stack(Calling::ByItself).await;
    add(&stack, &arrived("b00a", false));
    let api = stack.url("");
    blocking(move || {
        wait_until("available", || funds(&api) == money("2.5", "0"));
        for (id, mode) in [("s-1", "confirmed"), ("s-2", "direct")] {
            submit(&api, id, mode);
            wait_until("paid", || state(&api, id) == "completed");
        }
        assert_eq!(funds(&api), money("0.5", "0"));
    })
    .await;
    let simulator = stack.simulator().unwrap();
    let calls = [Call::WithdrawRequest, Call::WithdrawWithoutVerify];
    assert_eq!(calls.map(|call| simulator.simulator().calls_of(call)), [1, 1]);
    assert_eq!(["s-1", "s-2"].map(|id| simulator.simulator().payouts_of(id)), [1, 1]);
    let report =
        waas_local::audit::audit(stack.config(), waas_local::audit::Reading::default()).await.unwrap();
    assert!(report.is_clean(), "{report}");
    stack.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platform_that_fails_is_not_asked_again_before_it_is_time() {
    let stack = stack(Calling::ByItself).await;
    add(&stack, &json!({"misbehaviour": {"calls": [{"do": {"status": 500}}]}}));
    for number in 0..5 {
        send(&stack, &Platform::development(), retry_of(&deposit_with("txId", format!("tx-{number}")))).await;
    }
    let simulator = stack.simulator().unwrap().clone();
    let asked = move || simulator.simulator().calls_of(Call::GetDepositOrder);
    let seen = asked.clone();
    blocking(move || wait_until("asked", || seen() >= 5)).await;
    // Rounds of every second, and those that answers of the API begin.
    for _ in 0..20 {
        let url = stack.url("/users/2049");
        blocking(move || ureq::get(url).call().unwrap()).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(asked(), 5, "each once, and again in fifteen seconds");
    let api = stack.url("");
    assert_eq!(blocking(move || funds(&api)).await, money("0", "12.5"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rounds_follow_each_other_and_ask_once() {
    let stack = stack(Calling::WhenTold).await;
    add(&stack, &json!({"misbehaviour": {"calls": [{"on": "getDepositOrder", "do": {"delay": 200}}]}}));
    add(&stack, &arrived("b00a", true));
    send(&stack, &Platform::development(), retry_of(&deposit_with("txId", "b00a"))).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let api = stack.url("");
    let before = api.clone();
    assert_eq!(blocking(move || funds(&before)).await, money("0", "2.5"), "nobody has said so yet");
    let [first, second, third] = [(); 3].map(|()| Box::pin(stack.ask()));
    let (first, second, third) = tokio::join!(first, second, third);
    assert!([first, second, third].iter().all(Result::is_ok));
    assert_eq!(blocking(move || funds(&api)).await, money("2.5", "0"));
    assert_eq!(stack.simulator().unwrap().simulator().calls_of(Call::GetDepositOrder), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_the_platform_does_not_keep_the_stack_from_ending() {
    let stack = stack(Calling::ByItself).await;
    add(&stack, &json!({"misbehaviour": {"calls": [{"do": "lose"}]}}));
    add(&stack, &arrived("b00a", false));
    let url = variable(&stack, "WAAS_PLATFORM_URL");
    let simulator = stack.simulator().unwrap().clone();
    let asked = move || simulator.simulator().calls_of(Call::GetDepositOrder) == 1;
    blocking(move || wait_until("asked, and no answer", asked)).await;
    tokio::time::timeout(Duration::from_secs(5), stack.stop()).await.expect("in time").unwrap();
    let gone = blocking(move || ureq::get(format!("{url}/simulator")).call()).await;
    assert!(gone.is_err(), "nothing listens any more");
}

/// The command, started. Killed when dropped.
struct Local {
    process: Child,
    /// What it printed until it served.
    shown: Vec<String>,
}

/// On free ports, with nothing of the environment that it would listen to.
fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waas-local"));
    for variable in [
        "WAAS_VERIFY",
        "WAAS_PLATFORM_URL",
        "WAAS_USER_ID",
        "WAAS_VERIFY_UNKNOWN_SECONDS",
        "WAAS_SUBMISSION_UNCLEAR_SECONDS",
    ] {
        command.env_remove(variable);
    }
    command.args(["serve", "--port", "0", "--dynamodb-port", "0", "--secrets-manager-port", "0"]).args(args);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Local {
    fn start(mut command: Command) -> Self {
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut shown: Vec<String> = Vec::new();
        while shown.last().is_none_or(|line| !line.starts_with("# Serving ")) {
            shown.push(lines.next().expect("it serves").unwrap());
        }
        Self { process, shown }
    }

    fn api(&self) -> String {
        let line = self.shown.last().unwrap();
        line.split(' ').nth(2).unwrap().trim_end_matches("/;").to_owned()
    }

    fn exported(&self, name: &str) -> Option<&str> {
        let prefix = format!("export {name}=");
        self.shown.iter().find_map(|line| line.strip_prefix(&prefix))
    }

    fn says(&self, text: &str) -> bool {
        self.shown.iter().any(|line| line.contains(text))
    }

    fn simulator(&self) -> String {
        format!("{}/simulator", self.exported("WAAS_PLATFORM_URL").unwrap())
    }

    /// Ends it as supervisors do; its status and what it wrote to standard error.
    fn terminate(mut self) -> (ExitStatus, String) {
        let kill = format!("kill -TERM {}", self.process.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let end = Instant::now() + LONG;
        let status = loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < end, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        };
        let mut told = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        (status, told)
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // It has ended, if all went well.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// A deposit that is true, sent as `waas trigger` does: the platform first.
fn trigger(local: &Local, platform: &Platform) {
    put(&format!("{}/users/2049", local.api()));
    let scenario = arrived("b00a", true).to_string();
    assert_eq!(ureq::post(local.simulator()).send(&scenario).unwrap().status(), 204);
    deposit(local, platform);
}

fn deposit(local: &Local, platform: &Platform) {
    let plaintext = retry_of(&deposit_with("txId", "b00a"));
    let exchange = platform.send(&format!("{}/callback", local.api()), &plaintext).unwrap();
    assert_eq!(verdict(&exchange), (200, 0));
}

fn ends_without(mut command: Command) -> String {
    let output = command.spawn().unwrap().wait_with_output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn it_verifies_by_default_against_a_platform_of_its_own_and_ends_with_it() {
    let local = Local::start(command(&["--platform-port", "0"]));
    assert_eq!(local.exported("WAAS_VERIFY"), Some("true"));
    assert_eq!(local.exported("WAAS_USER_ID"), Some("1308734"));
    assert!(local.says(&format!("# The platform, simulated, and what it knows: {}", local.simulator())));
    trigger(&local, &Platform::development());
    wait_until("available", || funds(&local.api()) == money("2.5", "0"));

    let doors = [local.api(), local.simulator()];
    let (status, told) = local.terminate();
    assert_eq!((status.code(), &*told), (Some(0), ""));
    for door in doors {
        assert!(
            ureq::get(&door).call().is_err_and(|error| !matches!(error, ureq::Error::StatusCode(_))),
            "{door}"
        );
    }
}

#[test]
fn without_verification_a_deposit_is_available_at_once() {
    let mut command = command(&["--platform-port", "0"]);
    command.env("WAAS_VERIFY", "false");
    let local = Local::start(command);
    assert_eq!(local.exported("WAAS_VERIFY"), Some("false"));
    deposit(&local, &Platform::development());
    assert_eq!(funds(&local.api()), money("2.5", "0"));
    let known = ureq::get(local.simulator()).call().unwrap().into_body().read_to_string().unwrap();
    let known: Value = serde_json::from_str(&known).unwrap();
    assert_eq!(known["calls"], json!({}), "there is one, and nobody asks it");
}

/// Keys of somebody's own: the secret's file and the private key's.
fn own_keys(directory: &TempDir, bits: usize) -> (Platform, PathBuf, PathBuf) {
    let platform = Platform::new(PrivateKey::generate(bits).unwrap(), Some("mine".to_owned()));
    let [secret_file, pem] = ["secret.json", "private.pem"].map(|name| directory.path().join(name));
    std::fs::write(&secret_file, secret(&platform.key, "mine")).unwrap();
    std::fs::write(&pem, platform.key.to_pem().unwrap()).unwrap();
    (platform, secret_file, pem)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn with_keys_of_ones_own_there_is_a_platform_only_with_its_private_key() {
    let directory = tempfile::tempdir().unwrap();
    let (platform, secret_file, pem) = own_keys(&directory, 2048);
    let with_secret = ["--platform-port", "0", "--secret", text(&secret_file)];

    let local = Local::start(command(&with_secret));
    assert_eq!(local.exported("WAAS_PLATFORM_URL"), None);
    assert!(local.says("# No platform is simulated"));
    deposit(&local, &platform);
    assert_eq!(funds(&local.api()), money("0", "2.5"), "nobody can be asked");
    let (_, told) = local.terminate();
    assert!(told.contains("# WARNING: there is no platform to ask"), "{told}");

    let with_both = [&with_secret[..], &["--private-key", text(&pem)]].concat();
    let local = Local::start(command(&with_both));
    trigger(&local, &platform);
    wait_until("available", || funds(&local.api()) == money("2.5", "0"));

    std::fs::write(&pem, PrivateKey::generate(1024).unwrap().to_pem().unwrap()).unwrap();
    let told = ends_without(command(&with_both));
    assert!(told.contains("this is not the private key of the secret's publicKey"), "{told}");
    std::fs::write(&pem, "no key").unwrap();
    assert!(ends_without(command(&with_both)).contains("no RSA key in PKCS#8 PEM"));
}

#[test]
fn another_platform_wins_over_the_simulated_one() {
    let other = Local::start(command(&["--platform-port", "0"]));
    let url = other.exported("WAAS_PLATFORM_URL").unwrap().to_owned();
    let asks_another = || {
        let mut command = command(&["--platform-port", "0"]);
        command.env("WAAS_PLATFORM_URL", &url);
        command
    };
    let told = ends_without(asks_another());
    assert!(told.contains("environment variable WAAS_USER_ID is not set"), "{told}");

    let mut command = asks_another();
    command.env("WAAS_USER_ID", "7");
    let local = Local::start(command);
    assert_eq!(local.exported("WAAS_PLATFORM_URL"), Some(&*url));
    assert!(local.says(&format!("# No platform is simulated: WAAS_PLATFORM_URL is {url}")));
    trigger(&local, &Platform::development());
    wait_until("available", || funds(&local.api()) == money("2.5", "0"));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let told = ends_without(command(&["--platform-port", &port]));
    assert!(told.contains(&format!("port {port} of 127.0.0.1 cannot be used")), "{told}");
}
