//! `waas listen`, before something that tells as waas-local does.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::Output;
use std::thread;

use serde_json::{Value, json};

use crate::{assert_fails, assert_succeeds, run, stdout};

/// What the command makes of this answer, whose end is the end of the connection.
fn listen(status: u16, lines: &str, args: &[&str]) -> Output {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/listen", listener.local_addr().unwrap());
    let answer = format!("HTTP/1.1 {status} -\r\nconnection: close\r\n\r\n{lines}");
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let request = BufReader::new(stream.try_clone().unwrap()).lines();
        request.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
        stream.write_all(answer.as_bytes()).unwrap();
    });
    run(&[&["listen", "--url", &url], args].concat())
}

/// A deposit as waas-local tells of it.
fn credited() -> Value {
    json!({
        "at": "2026-01-02T03:04:05.678Z", "path": "/callback", "outcome": "credited", "status": 200, "errCode": 0,
        "latencyMs": 3.0625, "message": "", "callback": r#"{"type":1,"amount":2.500}"#,
        "record": {
            "eventKey": "deposit.1", "outcome": "credited", "recordedAt": "2026-01-02T03:04:05.680Z",
            "postings": [{ "tenantUserId": "2049", "asset": "TRON#TRX", "available": "2.5", "frozen": "-1", "held": "0" }]
        }
    })
}

#[track_caller]
fn assert_shown(told: &Value, expected: &str) {
    let output = listen(200, &format!("{told}\n"), &[]);
    assert_succeeds(&output);
    assert_eq!(stdout(&output), expected);
}

#[test]
fn what_was_applied_shows_its_content_as_it_came_and_what_it_posted() {
    assert_shown(
        &credited(),
        "2026-01-02T03:04:05.678Z /callback credited HTTP 200 errCode 0 in 3.1 ms
  type 1 NOTIFY_DEPOSITED {
    \"type\": 1,
    \"amount\": 2.500
  }
  deposit.1
  posted 2049 TRON#TRX: available +2.5 frozen -1

",
    );
}

#[test]
fn a_repetition_posted_nothing() {
    let mut told = credited();
    told["outcome"] = json!("repetition");
    told["callback"] = json!("{}");
    assert_shown(
        &told,
        "2026-01-02T03:04:05.678Z /callback repetition HTTP 200 errCode 0 in 3.1 ms
  type null (unknown) {}
  deposit.1
  recorded as credited at 2026-01-02T03:04:05.680Z

",
    );
}

#[test]
fn what_could_not_be_opened_says_so() {
    let told = json!({
        "at": "2026-01-02T03:04:05.678Z", "path": "/callback", "outcome": "unopenable", "status": 400,
        "errCode": 1003, "latencyMs": 1, "message": "the body cannot be opened", "cause": "wrong padding",
        "callback": null, "record": null
    });
    assert_shown(
        &told,
        "2026-01-02T03:04:05.678Z /callback unopenable HTTP 400 errCode 1003 in 1.0 ms
  message: the body cannot be opened
  cause: wrong padding
  not sealed for this stack's key: no content
  nothing is recorded of it

",
    );
}

#[test]
fn what_is_not_known_is_not_made_up() {
    let mut told = credited();
    told["unread"] = json!("no connection");
    told["callback"] = json!("no JSON");
    let output = listen(200, &format!("{{\"missed\":7}}\n{told}\n"), &[]);
    assert_succeeds(&output);
    for shown in [
        "7 callbacks came too fast to be shown\n\n",
        "not JSON: \"no JSON\"",
        "the ledger could not be read: no connection",
    ] {
        assert!(stdout(&output).contains(shown), "{shown}: {}", stdout(&output));
    }
}

#[test]
fn json_lines_pass_as_they_come() {
    let lines = "{\"b\":1.50,  \"a\":null}\n{\"missed\":7}\n";
    let output = listen(200, lines, &["--json"]);
    assert_succeeds(&output);
    assert_eq!(stdout(&output), lines);
}

#[test]
fn where_nothing_tells_is_status_2() {
    assert_fails(&listen(403, "", &[]), 2, "no waas-local tells of callbacks at http://127.0.0.1:");
    assert_fails(&listen(200, "<html>\n", &[]), 2, "this is not what waas-local tells");
    assert_fails(&run(&["listen", "--url", "http://127.0.0.1:1/"]), 2, "no waas-local tells of callbacks at");
}
