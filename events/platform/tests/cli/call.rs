//! `waas call`, before a platform that answers well, badly or not at all.

use std::io::Write as _;
use std::net::TcpListener;
use std::process::Output;
use std::thread;

use serde_json::{Value, json};
use waas_platform::{DEVELOPMENT_API_KEY, PrivateKey};

use crate::receiver::{http, read_request};
use crate::{assert_fails, assert_succeeds, run, stdout, waas};

const TX_ID: &str = "37e9da49134670ae0aec4d3645a08636f06b1ed0a2a984d8b1e11d019d8d5bc1";
const ADDRESS: &str = "TAqNhkKiash2nbL278BD7XogGuET9p7VMC";
const DEPOSIT: [&str; 9] = [
    "get-deposit-order",
    "--tx-id",
    TX_ID,
    "--chain-name",
    "TRON",
    "--symbol",
    "TRX",
    "--to-address",
    ADDRESS,
];
const ORDER: [&str; 3] = ["get-withdraw-order", "--call-back-id", "D1"];
const REQUEST: [&str; 5] = ["withdraw-request", "--tenant-user-id", "1945", "--call-back-id", "D1"];
const ADDRESS_OF: [&str; 7] =
    ["get-user-address", "--tenant-user-id", "1945", "--chain-name", "TRON", "--symbol", "USDT"];
const DAY: [&str; 3] = ["get-user-daily-statistics", "--job-date", "2025-06-20"];

fn direct(payout: &[&str]) -> Vec<String> {
    let whose = ["withdraw-without-verify", "--tenant-user-id", "1945", "--call-back-id", "D1"];
    let to = ["--chain-name", "TRON", "--to-addr", "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK"];
    [&whose[..], &to, payout].concat().into_iter().map(str::to_owned).collect()
}

/// What the command makes of this answer, and what it had asked: opened with the development key.
fn call(answer: &str, args: &[&str]) -> (Output, Option<String>, Value) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = answer.to_owned();
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (api_key, body) = read_request(&stream);
        stream.write_all(answer.as_bytes()).unwrap();
        let form = String::from_utf8(body).unwrap();
        let data =
            form.strip_prefix("data=").unwrap().replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
        let opened = PrivateKey::development().open(&data);
        (api_key, opened.map_or(Value::Null, |opened| serde_json::from_str(&opened).unwrap()))
    });
    let output = run(&[&["call"], args, &["--url", &url]].concat());
    let (api_key, asked) = asked.join().unwrap();
    (output, api_key, asked)
}

fn sealed(json: &str) -> String {
    let data = PrivateKey::development().seal(json.as_bytes());
    http(200, &json!({"code": 0, "message": "", "data": data}).to_string())
}

/// What is answered in JSON, and what was asked for it.
#[track_caller]
fn answered(json: &str, args: &[&str]) -> (Value, Value) {
    let (output, api_key, asked) = call(&sealed(json), &[args, &["--json"]].concat());
    assert_succeeds(&output);
    assert_eq!(api_key.as_deref(), Some(DEVELOPMENT_API_KEY));
    (serde_json::from_str(stdout(&output)).unwrap(), asked)
}

#[test]
fn each_call_asks_with_the_fields_of_its_flags_and_shows_the_answer_exactly() {
    let deposit = format!(
        r#"{{"txId":"{TX_ID}","chainName":"TRON","symbol":"TRX","toAddress":"{ADDRESS}","depositAmount":12345678901234567890.123456789012345678,"callbackSuccess":true}}"#
    );
    let (answer, asked) = answered(&deposit, &DEPOSIT);
    assert_eq!(
        answer,
        json!({"depositAmount": "12345678901234567890.123456789012345678", "callbackSuccess": true})
    );
    assert_eq!(asked, json!({"txId": TX_ID, "chainName": "TRON", "symbol": "TRX", "toAddress": ADDRESS}));

    let order = r#"{"symbol":"USDT","amount":1.000,"orderState":3,"clientOrderId":"D1"}"#;
    let (answer, asked) = answered(order, &ORDER);
    assert_eq!(answer, json!({"orderState": 3, "isFinal": true, "symbol": "USDT", "amount": "1"}));
    assert_eq!(asked, json!({"callBackId": "D1"}));

    let (answer, asked) = answered(r#"{"tenantUserId":"1945"}"#, &REQUEST);
    assert_eq!(answer, json!({}));
    assert_eq!(
        asked,
        json!({"userId": 1_308_734, "tenantUserId": "1945", "tenantType": 1, "callBackId": "D1"})
    );

    let address = format!(r#"{{"tenantUserId":"1945","chainName":"TRON","address":"{ADDRESS}"}}"#);
    let (answer, asked) = answered(&address, &ADDRESS_OF);
    assert_eq!(answer, json!({"address": ADDRESS, "tag": null, "state": null, "riskScore": null}));
    assert_eq!(asked, json!({"tenantUserId": "1945", "chainName": "TRON", "symbol": "USDT"}));

    let day = r#"[{"jobDay":1750348800000,"totalDepositCount":1,"totalWithdrawCount":2,"hotWalletBalance":23.0816}]"#;
    let (answer, asked) = answered(day, &DAY);
    assert_eq!(
        (&answer[0]["totalWithdrawCount"], &answer[0]["hotWalletBalance"]),
        (&json!(2), &json!("23.0816"))
    );
    assert_eq!(asked, json!({"jobDate": "2025-06-20", "userId": 1_308_734}));
}

#[test]
fn a_direct_withdrawal_pays_coins_or_leases_energy() {
    let ordered = r#"{"tenantUserId":"1945","id":"D1"}"#;
    for (payout, expected) in [
        (&["--symbol", "USDT", "--amount", "3.30"][..], json!({"symbol": "USDT", "amount": 3.3})),
        (
            &["--leases", "3", "--expiry-hours", "24"],
            json!({"symbol": "ENERGY", "amount": 3, "expiryHours": 24}),
        ),
    ] {
        let args = direct(payout);
        let (_, asked) = answered(ordered, &args.iter().map(String::as_str).collect::<Vec<_>>());
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&asked[name], value, "{name}");
        }
    }
}

#[test]
fn what_makes_no_call_is_status_2_and_is_not_sent() {
    for (payout, message) in [
        (&["--symbol", "USDT"][..], "--amount <AMOUNT>"),
        (&["--symbol", "USDT", "--amount", "0"], "--amount"),
        (&["--symbol", "ENERGY", "--amount", "3"], "--leases leases energy"),
        (&["--symbol", "USDT", "--amount=-1"], "--amount"),
        (&["--leases", "3"], "--expiry-hours <HOURS>"),
        (&["--leases", "0", "--expiry-hours", "24"], "--leases"),
        (&["--leases", "3", "--expiry-hours", "24", "--symbol", "USDT"], "cannot be used with"),
        (&[], "--symbol <SYMBOL>"),
    ] {
        let args = direct(payout);
        let args: Vec<_> = ["call"].into_iter().chain(args.iter().map(String::as_str)).collect();
        assert_fails(&run(&args), 2, message);
    }
    let wrong: Vec<_> = direct(&["--symbol", "USDT", "--amount", "1"])
        .into_iter()
        .map(|arg| arg.replace("EchnK", "EchnL"))
        .collect();
    let wrong: Vec<_> = ["call"].into_iter().chain(wrong.iter().map(String::as_str)).collect();
    assert_fails(&run(&wrong), 2, "--to-addr is no address of TRON");
    for (args, message) in [
        (["get-user-daily-statistics", "--job-date", "20.6.2025"], "not a day in the form yyyy-MM-dd"),
        (["get-withdraw-order", "--call-back-id", "D1"], "--url"),
    ] {
        assert_fails(&run(&[&["call"], &args[..], &["--url", "http://waas.example"]].concat()), 2, message);
    }
}

#[test]
fn each_kind_of_failure_has_its_status_and_says_what_to_do() {
    let other = PrivateKey::generate(1024).unwrap();
    let sealed_by_another = json!({"code": 0, "data": other.seal(b"{}")}).to_string();
    let said = |code: Value| json!({"code": code, "message": "no", "data": null}).to_string();
    for (answer, status, kind, advice) in [
        (http(200, &said(json!(1005))), 1, "refused", "--key is another merchant's"),
        (http(200, &said(json!(7))), 1, "refused", "the platform's words: \"no\""),
        (http(401, &said(json!("UNAUTHORIZED"))), 1, "refused", "Check --api-key"),
        (http(403, "<html>"), 1, "refused", "Register this machine's IP address"),
        (http(404, "{}"), 1, "refused", "Check --url"),
        (http(200, &said(json!(0))), 3, "unknown", "ask again for a while"),
        (http(500, "<html>"), 4, "no-answer", "ask again later"),
        (http(200, "<html>"), 4, "no-answer", "Is http://127.0.0.1:"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_owned(),
            4,
            "unreachable",
            "does it admit this machine",
        ),
        (http(200, &sealed_by_another), 5, "not-opened", "Believe nothing of it"),
        (
            sealed(r#"{"orderState":3,"clientOrderId":"D2"}"#),
            6,
            "other-question",
            "Never take it for an answer",
        ),
        (sealed(r#"{"clientOrderId":"D1"}"#), 6, "other-form", "The platform has changed"),
    ] {
        let (output, ..) = call(&answer, &[&ORDER[..], &["--json"]].concat());
        assert_fails(&output, status, advice);
        let line: Value = serde_json::from_str(stdout(&output)).unwrap();
        assert_eq!((&line["error"], &line["effect"]), (&json!(kind), &Value::Null), "{answer}");
        assert!(!String::from_utf8_lossy(&output.stderr).contains(DEVELOPMENT_API_KEY));
    }
}

#[test]
fn after_an_order_it_says_what_the_platform_may_have_done() {
    let no = json!({"code": 7, "message": "no", "data": null}).to_string();
    for (answer, effect, advice) in [
        (http(200, &no), "refused", "This call ordered nothing. Did an earlier one?"),
        (
            http(500, ""),
            "unclear",
            "IT MAY BE ORDERED, AND MAY BE PAID. Before anything else: waas call get-withdraw-order --call-back-id D1",
        ),
        (http(200, r#"{"code":0}"#), "unclear", "IT MAY BE ORDERED"),
        (sealed(r#"{"tenantUserId":"1946"}"#), "unclear", "IT MAY BE ORDERED"),
    ] {
        let (output, ..) = call(&answer, &[&REQUEST[..], &["--json"]].concat());
        assert!(String::from_utf8_lossy(&output.stderr).contains(advice), "{answer}");
        let line: Value = serde_json::from_str(stdout(&output)).unwrap();
        assert_eq!(line["effect"], effect, "{answer}");
    }
    let nobody = [&["call"], &REQUEST[..], &["--url", "http://127.0.0.1:1"]].concat();
    assert_fails(&run(&nobody), 4, "Nothing was sent: it may be ordered again.");
}

#[test]
fn people_see_what_it_comes_to_first() {
    let order = r#"{"symbol":"USDT","amount":1.000,"orderState":6,"clientOrderId":"D1"}"#;
    let (output, ..) = call(&sealed(order), &ORDER);
    assert_succeeds(&output);
    assert_eq!(
        stdout(&output),
        "failed: unpaid\n  amount 1\n  isFinal true\n  orderState 6\n  symbol USDT\n"
    );
}

#[test]
fn the_merchant_comes_from_the_secret_that_keygen_writes_from_flags_and_from_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    assert_succeeds(&run(&["keygen", "--out", out, "--api-key", "of-the-file"]));
    let key =
        PrivateKey::from_pem(&std::fs::read_to_string(dir.path().join("private.pem")).unwrap()).unwrap();
    let bare = dir.path().join("public.txt");
    std::fs::write(&bare, format!("{}\n", key.public_key_base64())).unwrap();

    let secret = dir.path().join("secret.json");
    let (secret, bare) = (secret.to_str().unwrap(), bare.to_str().unwrap());
    let data = key.seal(br#"{"orderState":3,"clientOrderId":"D1"}"#);
    let answer = http(200, &json!({"code": 0, "data": data}).to_string());
    for (flags, api_key) in [
        (&["--key", secret][..], "of-the-file"),
        (&["--key", secret, "--api-key", "given"], "given"),
        (&["--key", bare], DEVELOPMENT_API_KEY),
    ] {
        let (output, sent, _) = call(&answer, &[&ORDER, flags].concat());
        assert_succeeds(&output);
        assert_eq!(sent.as_deref(), Some(api_key));
    }
    let nameless = [&["call"], &REQUEST[..], &["--key", secret]].concat();
    assert_fails(&run(&nameless), 2, "--user-id is missing");
    let named = json!({"code": 0, "data": key.seal(br#"{"tenantUserId":"1945"}"#)}).to_string();
    let (output, ..) =
        call(&http(200, &named), &[&REQUEST[..], &["--key", secret, "--user-id", "7"]].concat());
    assert_succeeds(&output);
    let private = dir.path().join("private.pem");
    for (file, message) in [
        (private.to_str().unwrap(), "has no public key"),
        (crate::DEPOSIT, "is no secret.json"),
        ("nowhere.json", "cannot read nowhere.json"),
    ] {
        let by_environment =
            waas(&[&["call"], &ORDER[..]].concat()).env("WAAS_PUBLIC_KEY_FILE", file).output().unwrap();
        assert_fails(&by_environment, 2, message);
    }
}
