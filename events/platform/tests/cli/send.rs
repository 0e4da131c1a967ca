//! `waas send`, against receivers good and bad.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::receiver::{self, Receiver};
use crate::{DEPOSIT, assert_fails, assert_succeeds, run, run_with_input, stdout, waas};

const DEPOSIT_UUID: &str = "fbd70fb4-c302-4228-bd61-6326e0539551";

#[test]
fn an_accepted_callback_is_status_0() {
    let receiver = Receiver::start(receiver::accept);
    let output = run(&["send", DEPOSIT, "--url", &receiver.url]);
    assert_succeeds(&output);
    for shown in ["type 1 NOTIFY_DEPOSITED", "HTTP 200", ": accepted", "errCode 0", "\"txId\": \"b00a4aa3"] {
        assert!(stdout(&output).contains(shown), "{shown}: {}", stdout(&output));
    }
    assert!(!stdout(&output).contains('\u{1b}'), "colours in a pipe");
}

#[test]
fn a_reply_that_echoes_another_uuid_is_reported() {
    let receiver = Receiver::start(|callback| {
        let mut reply: Value = serde_json::from_str(callback).unwrap();
        reply["requestUUID"] = json!("another");
        receiver::answer(0, "", &receiver::seal(&reply.to_string()))
    });
    let output = run(&["send", DEPOSIT, "--url", &receiver.url]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("problem: requestUUID is not echoed"), "{}", stdout(&output));
}

#[test]
fn an_answer_outside_the_protocol_is_reported() {
    type Answerer = fn(&str) -> String;
    let cases: [(Answerer, &str); 6] = [
        (|_| receiver::http(200, "OK"), "the answer is not the documented envelope"),
        (|_| receiver::answer(0, "", ""), "accepted without a sealed reply"),
        (|_| receiver::answer(0, "", "b64!"), "data: not Base64"),
        (|_| receiver::answer(0, "", &receiver::seal("no JSON")), "data: not JSON"),
        (|_| receiver::answer(7, "", ""), "refused without a message"),
        (|_| receiver::http(204, ""), "no answer is for type 0 alone"),
    ];
    for (answer, problem) in cases {
        let receiver = Receiver::start(answer);
        let output = run(&["send", DEPOSIT, "--url", &receiver.url]);
        assert_eq!(output.status.code(), Some(1), "{problem}");
        assert!(stdout(&output).contains(&format!("problem: {problem}")), "{}", stdout(&output));
    }
}

#[test]
fn a_refusal_is_status_1_and_shows_its_message() {
    let receiver = Receiver::start(|_| receiver::answer(7, "unknown order", ""));
    let output = run(&["send", DEPOSIT, "--url", &receiver.url]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains(": refused"), "{}", stdout(&output));
    assert!(stdout(&output).contains("errCode 7, message \"unknown order\""), "{}", stdout(&output));
}

#[test]
fn type_0_needs_no_answer() {
    let receiver = Receiver::start(|_| receiver::http(204, ""));
    let output = run_with_input(&["send", "-", "--url", &receiver.url], r#"{"type":0}"#);
    assert_succeeds(&output);
}

#[test]
fn no_answer_is_status_2() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || listener.incoming().for_each(drop));
    assert_fails(&run(&["send", DEPOSIT, "--url", &url]), 2, "error: no answer: ");
}

#[test]
fn what_could_not_be_meant_is_status_2() {
    let url = ["--url", "http://127.0.0.1:9/"];
    for (args, message) in [
        (&["send", DEPOSIT][..], "--url <URL>"),
        (&["send", DEPOSIT, url[0], url[1], "--repeat", "0"], "is not in 1..=10000"),
        (&["send", DEPOSIT, url[0], url[1], "--repeat", "10001"], "is not in 1..=10000"),
        (&["send", "-", url[0], url[1]], "- is no callback"),
    ] {
        assert_fails(&run(args), 2, message);
    }
}

#[test]
fn a_repetition_is_the_same_request_unless_it_gets_a_new_uuid() {
    let uuids = |args: &[&str]| -> Vec<String> {
        let receiver = Receiver::start(receiver::accept);
        let output =
            run(&[&["send", DEPOSIT, "--url", &receiver.url, "--repeat", "3", "--json"], args].concat());
        assert_succeeds(&output);
        let lines = stdout(&output).lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.map(|line| line["reply"]["requestUUID"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(uuids(&[]), [DEPOSIT_UUID; 3]);
    let mut fresh = uuids(&["--new-uuid"]);
    fresh.push(DEPOSIT_UUID.to_owned());
    fresh.sort();
    fresh.dedup();
    assert_eq!(fresh.len(), 4);
}

#[test]
fn a_line_of_json_tells_the_whole_exchange() {
    let receiver = Receiver::start(|_| receiver::answer(7, "unknown order", ""));
    let output = run(&["send", DEPOSIT, "--url", &receiver.url, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let mut line: Value = serde_json::from_str(stdout(&output)).unwrap();
    assert!(line["latencyMs"].take().is_u64());
    let answer = json!({"apiKey": "merchant", "data": "", "errCode": 7, "message": "unknown order"});
    let expected = json!({
        "requestUUID": DEPOSIT_UUID,
        "accepted": false,
        "status": 200,
        "answer": answer,
        "reply": null,
        "problems": [],
        "latencyMs": null,
    });
    assert_eq!(line, expected);
}

#[test]
fn one_refusal_among_many_is_status_1() {
    let mut sent = 0;
    let receiver = Receiver::start(move |callback| {
        sent += 1;
        if sent == 2 { receiver::answer(7, "unknown order", "") } else { receiver::accept(callback) }
    });
    let output = run(&["send", DEPOSIT, "--url", &receiver.url, "--repeat", "3"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stdout(&output).ends_with("3 sent, 2 of them accepted without problems\n"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn the_api_key_is_sent_and_an_empty_one_is_not() {
    let receiver = Receiver::start(receiver::accept);
    for (api_key, header) in [("mine", Some("mine")), ("", None)] {
        assert_succeeds(&run(&["send", DEPOSIT, "--url", &receiver.url, "--api-key", api_key]));
        assert_eq!(receiver.last_api_key().as_deref(), header);
    }
    assert_succeeds(
        &waas(&["send", DEPOSIT, "--url", &receiver.url]).env("WAAS_API_KEY", "set").output().unwrap(),
    );
    assert_eq!(receiver.last_api_key().as_deref(), Some("set"));
}

#[test]
fn whoever_reads_one_line_only_sees_no_panic() {
    let receiver = Receiver::start(receiver::accept);
    let args = ["send", DEPOSIT, "--url", &receiver.url, "--repeat", "10000", "--json"];
    let mut child = waas(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();

    let output = child.wait_with_output().unwrap();

    assert!(line.contains(DEPOSIT_UUID));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}
