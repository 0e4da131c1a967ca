//! `waas-local open-balances`: a file's rows posted once each, however often it is run and wherever it is stopped.

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;
use waas_callback_aws::Ledger;
use waas_local::audit::{Reading, audit};
use waas_local::{Options, Stack};

const HEAD: &str = "tenantUserId,chainName,symbol,amount\n";

/// The whole stack, with its routes, and a folder for files.
struct Scene {
    stack: Stack,
    ledger: Ledger,
    folder: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let stack = Stack::start(&Options::default()).await.unwrap();
        let ledger = Ledger::connect(stack.config());
        Self { stack, ledger, folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, rows: &str) -> PathBuf {
        let path = self.folder.path().join("balances.csv");
        std::fs::write(&path, format!("{HEAD}{rows}")).unwrap();
        path
    }

    fn command(&self, rows: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_waas-local"));
        command.arg("open-balances").arg(self.file(rows)).args(arguments).env_clear();
        command
    }

    async fn run(&self, rows: &str) -> Output {
        self.command(rows, &["--endpoint", &self.stack.url("/")]).output().await.unwrap()
    }

    async fn available(&self, user: &str) -> String {
        self.ledger.balance(user, &"TRON#USDT".parse().unwrap()).await.unwrap().available.to_string()
    }

    async fn events(&self) -> usize {
        let client = waas_callback_aws::clients::dynamodb(self.stack.config());
        let scan = client.scan().table_name("Events").into_paginator().items().send();
        scan.collect::<Result<Vec<_>, _>>().await.unwrap().len()
    }

    async fn assert_audited(&self) {
        let audit = audit(self.stack.config(), Reading::default()).await.unwrap();
        assert!(audit.is_clean(), "{audit}");
    }
}

/// Exit status and standard output.
fn told(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8(output.stdout.clone()).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_names_every_bad_line_and_the_totals_and_posts_nothing() {
    let scene = Scene::new().await;
    let rows = "1945,TRON,USDT,10.5\n2049,TRON,USDT,2\n1945,TRON,TRX,1\n";
    let totals = "TRON#TRX: 1 of 1 users\nTRON#USDT: 12.5 of 2 users\n3 rows";
    let right = scene.command(rows, &["--dry-run"]).output().await.unwrap();
    assert_eq!(told(&right), (Some(0), format!("{totals}, 0 lines wrong\n")));
    let wrong = format!("{rows}2050,TRON,USDT,1e3\n1945,TRON,USDT,1\n");
    let expected = "line 5: amount is not a plain decimal\nline 6: user and asset are those of line 2\n";
    let expected = (Some(1), format!("{expected}{totals}, 2 lines wrong\n"));
    assert_eq!(told(&scene.command(&wrong, &["--dry-run"]).output().await.unwrap()), expected);
    assert_eq!(told(&scene.run(&wrong).await), expected, "with an endpoint too, nothing of it is posted");
    assert_eq!(scene.events().await, 0);
    let nowhere = scene.command(rows, &[]).output().await.unwrap();
    assert_eq!(nowhere.status.code(), Some(2), "an endpoint has to be named");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_was_stopped_is_run_again_and_posts_nothing_twice() {
    const USERS: usize = 1000;
    let scene = Scene::new().await;
    let rows: Vec<_> = (0..USERS).map(|user| format!("user-{user},TRON,USDT,{user}.5\n")).collect();
    let rows = rows.concat();
    let mut command = scene.command(&rows, &["--endpoint", &scene.stack.url("/")]);
    let mut running = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while scene.available("user-100").await == "0" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    running.kill().await.unwrap();
    // What was under way when it was killed may be posted yet.
    let mut posted = 0;
    while posted != scene.events().await / 2 {
        posted = scene.events().await / 2;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert!((100..USERS).contains(&posted), "{posted} posted before it was stopped");

    let (status, said) = told(&scene.run(&rows).await);
    assert_eq!(status, Some(0), "{said}");
    let last = said.lines().last().unwrap();
    assert_eq!(last, format!("{} posted, {posted} posted before, 0 not posted", USERS - posted));
    let (status, said) = told(&scene.run(&rows).await);
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(said.lines().last().unwrap(), format!("0 posted, {USERS} posted before, 0 not posted"));
    for user in [0, 99, 100, 999] {
        assert_eq!(scene.available(&format!("user-{user}")).await, format!("{user}.5"));
    }
    assert_eq!(scene.events().await, 2 * USERS);
    scene.assert_audited().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_whose_amount_changed_is_told_and_not_posted() {
    let scene = Scene::new().await;
    assert_eq!(scene.run("1945,TRON,USDT,10\n2049,TRON,USDT,2\n").await.status.code(), Some(0));
    let (status, said) = told(&scene.run("2050,TRON,USDT,7\n2049,TRON,USDT,3\n1945,TRON,USDT,10.0\n").await);
    assert_eq!(status, Some(3), "{said}");
    let conflict =
        "line 3: not posted: 2049 TRON#USDT: its opening balance was posted before, with another amount";
    assert!(said.ends_with(&format!("{conflict}\n1 posted, 1 posted before, 1 not posted\n")), "{said}");
    for (user, amount) in [("1945", "10"), ("2049", "2"), ("2050", "7")] {
        assert_eq!(scene.available(user).await, amount);
    }
    scene.assert_audited().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_is_let_in_it_stops_and_says_where() {
    let scene = Scene::new().await;
    let elsewhere = scene.stack.url("/nowhere");
    let mut command = scene.command("1945,TRON,USDT,10\n", &["--endpoint", &elsewhere]);
    let stopped = command.output().await.unwrap();
    let said = String::from_utf8(stopped.stderr).unwrap();
    assert_eq!(stopped.status.code(), Some(1));
    assert!(said.contains("stopped at line 2: 404 this API has no such path"), "{said}");
    let api = "https://abc.execute-api.eu-central-1.amazonaws.com";
    let unsigned = scene.command("1945,TRON,USDT,10\n", &["--endpoint", api]).output().await.unwrap();
    assert!(String::from_utf8(unsigned.stderr).unwrap().contains("AWS_ACCESS_KEY_ID is not set"));
    assert_eq!((unsigned.status.code(), scene.events().await), (Some(1), 0));
}
