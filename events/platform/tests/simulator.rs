//! The simulated platform: what it answers, what it sends, and how it misbehaves.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use waas_callback::{Address, Callback, PublicKey};
use waas_platform::simulator::{
    Asked, Call, CallbackState, HttpAnswer, Outcome, Reply, Scenario, Sending, Simulator,
};
use waas_platform::{DEVELOPMENT_API_KEY, Exchange, Platform, PrivateKey};

const FORM: &str = "application/x-www-form-urlencoded";
const T0: SystemTime = UNIX_EPOCH;

fn after(ms: u64) -> SystemTime {
    T0 + Duration::from_millis(ms)
}

fn simulator(scenario: &Value) -> Simulator {
    let mut simulator = Simulator::new(Platform::development(), Box::new(StdRng::seed_from_u64(7)));
    simulator.add(T0, scenario_of(scenario)).unwrap();
    simulator
}

fn scenario_of(json: &Value) -> Scenario {
    serde_json::from_str(&json.to_string()).unwrap()
}

fn deposits() -> Value {
    json!({"deposits": [{"txId": "b00a", "chainName": "TRON", "symbol": "TRX", "amount": "2.500",
        "toAddress": "TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP", "tenantUserId": "2049"}]})
}

fn public_key() -> PublicKey {
    PublicKey::parse(&PrivateKey::development().public_key_base64()).unwrap()
}

fn form(json: &str) -> String {
    let sealed = public_key().seal(json.as_bytes(), &mut rand::rng());
    let sealed = sealed.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    format!("data={sealed}")
}

fn post(simulator: &mut Simulator, path: &str, body: &str) -> Reply {
    let path = format!("/api/v1/api/{path}");
    let (content_type, api_key) = (Some(FORM), Some(DEVELOPMENT_API_KEY));
    simulator.call(T0, &Asked { path: &path, content_type, api_key, body: body.as_bytes() })
}

/// The envelope, and what was sealed in it.
fn ask(simulator: &mut Simulator, path: &str, json: &Value) -> (Value, Option<String>) {
    let HttpAnswer { status, body } = post(simulator, path, &form(&json.to_string())).answer.unwrap();
    assert_eq!(status, 200, "{body}");
    let envelope: Value = serde_json::from_str(&body).unwrap();
    let opened =
        envelope["data"].as_str().map(|data| public_key().open(data.as_bytes()).unwrap().as_str().to_owned());
    (envelope, opened)
}

#[track_caller]
fn opened(simulator: &mut Simulator, path: &str, json: &Value) -> String {
    let (envelope, opened) = ask(simulator, path, json);
    assert_eq!(envelope["code"], 0, "{envelope}");
    opened.unwrap()
}

fn code(simulator: &mut Simulator, path: &str, json: &Value) -> Value {
    ask(simulator, path, json).0["code"].clone()
}

const GET_DEPOSIT: &str = "deposit/getDepositOrder";
const GET_ORDER: &str = "order/getWithdrawOrder";
const REQUEST: &str = "order/withdrawRequest";
const DIRECT: &str = "order/withdrawWithoutVerify";
const GET_ADDRESS: &str = "user/getUserAddress";
const GET_DAY: &str = "user/getUserDailyStatistics";

fn deposit_question() -> Value {
    json!({"txId": "b00a", "chainName": "TRON", "symbol": "TRX", "toAddress": "TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP"})
}

fn request(call_back_id: &str) -> Value {
    json!({"userId": 1, "tenantUserId": "2049", "tenantType": 1, "callBackId": call_back_id})
}

fn direct(call_back_id: &str) -> Value {
    let mut direct = request(call_back_id);
    let payout = json!({"symbol": "USDT", "chainName": "TRON", "toAddr": "TGDH", "amount": 3.5});
    direct.as_object_mut().unwrap().extend(payout.as_object().unwrap().clone());
    direct
}

fn state_of(simulator: &mut Simulator, call_back_id: &str) -> Value {
    let order = opened(simulator, GET_ORDER, &json!({"callBackId": call_back_id}));
    serde_json::from_str::<Value>(&order).unwrap()["orderState"].clone()
}

/// What a merchant's receiver answers.
fn reply_to(sending: &Sending, simulator: &Simulator, err_code: i64, reply: &Value) -> Exchange {
    let data = public_key().seal(reply.to_string().as_bytes(), &mut rand::rng());
    let answer = json!({"apiKey": "merchant", "data": data, "errCode": err_code, "message": "m"});
    simulator.platform().examine(200, &answer.to_string(), &sending.request)
}

fn accept(simulator: &mut Simulator, now: SystemTime, sending: &Sending) {
    let reply = json!({"requestUUID": sending.request["requestUUID"]});
    let exchange = reply_to(sending, simulator, 0, &reply);
    simulator.answered(now, sending.number, Some(&exchange));
}

/// Confirms an order with these terms.
fn confirm(simulator: &mut Simulator, sending: &Sending) {
    let terms = json!({"requestUUID": sending.request["requestUUID"], "address": "TGDH", "chainName": "TRON",
        "symbol": "USDT", "amount": "1.5"});
    let exchange = reply_to(sending, simulator, 0, &terms);
    simulator.answered(T0, sending.number, Some(&exchange));
}

fn types(sendings: &[Sending]) -> Vec<u8> {
    sendings.iter().map(|sending| sending.callback_type.unwrap()).collect()
}

// The merchant's calls.

#[test]
fn a_call_has_to_have_the_api_key_and_exactly_one_field_that_our_key_opens() {
    let mut simulator = simulator(&deposits());
    let good = form(&deposit_question().to_string());
    let path = format!("/api/v1/api/{GET_DEPOSIT}");
    let mut answer = |api_key, content_type, body: &str| {
        let asked = Asked { path: &path, content_type, api_key, body: body.as_bytes() };
        let HttpAnswer { status, body } = simulator.call(T0, &asked).answer.unwrap();
        (status, serde_json::from_str::<Value>(&body).unwrap()["code"].clone())
    };
    let key = Some(DEVELOPMENT_API_KEY);
    assert_eq!(answer(key, Some(FORM), &good), (200, json!(0)));
    for api_key in [None, Some(""), Some("other")] {
        assert_eq!(answer(api_key, Some(FORM), &good), (401, json!("UNAUTHORIZED")));
    }
    for content_type in [None, Some("application/json"), Some("text/plain")] {
        assert_eq!(answer(key, content_type, &good), (200, json!(1901)), "{content_type:?}");
    }
    for body in [&format!("{good}&more=1"), &format!("more=1&{good}"), &good.replace("data=", "dat="), ""] {
        assert_eq!(answer(key, Some(FORM), body), (200, json!(1901)), "{body}");
    }
    let sealed_by_platform = PrivateKey::development().seal(deposit_question().to_string().as_bytes());
    let unescaped = format!("data={}", "ab+d".repeat(43));
    for body in [
        "data=",
        "data=AAAA",
        "data=%25",
        &unescaped,
        &format!("data={}", sealed_by_platform.replace('+', "%2B")),
    ] {
        let (status, code) = answer(key, Some(FORM), body);
        // Nothing at all is opened to nothing, which is no JSON.
        assert_eq!((status, code == 1005 || body == "data="), (200, true), "{body}");
    }
    let keyless = Platform::new(PrivateKey::development(), None);
    let mut keyless = Simulator::new(keyless, Box::new(StdRng::seed_from_u64(7)));
    let asked = Asked { path: &path, content_type: Some(FORM), api_key: None, body: good.as_bytes() };
    assert_eq!(keyless.call(T0, &asked).answer.unwrap().status, 200, "a merchant without a key");
    let other = Asked { path: "/api/v1/api/order/cancel", ..Asked::default() };
    assert_eq!(simulator.call(T0, &other).answer.unwrap().status, 404);
}

#[test]
fn a_deposit_is_known_by_all_four_of_its_fields_and_exactly() {
    let mut simulator = simulator(&deposits());
    assert_eq!(
        opened(&mut simulator, GET_DEPOSIT, &deposit_question()),
        r#"{"txId":"b00a","chainName":"TRON","symbol":"TRX","toAddress":"TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP","depositAmount":2.500,"callbackSuccess":false}"#
    );
    for field in ["txId", "chainName", "symbol", "toAddress"] {
        let mut other = deposit_question();
        other[field] = json!("other");
        assert_eq!(ask(&mut simulator, GET_DEPOSIT, &other).0["data"], Value::Null, "{field}");
        other[field] = Value::Null;
        assert_eq!(code(&mut simulator, GET_DEPOSIT, &other), 1901, "{field}");
    }
    let mut checksummed = deposit_question();
    checksummed["toAddress"] = json!("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");
    assert_eq!(code(&mut simulator, GET_DEPOSIT, &checksummed), 1901);
}

#[test]
fn the_unknown_is_code_0_without_data_or_a_no_as_the_settings_have_it() {
    let question = json!({"callBackId": "D9"});
    let mut nothing = simulator(&json!({}));
    let (envelope, _) = ask(&mut nothing, GET_ORDER, &question);
    assert_eq!((&envelope["code"], &envelope["data"]), (&json!(0), &Value::Null));
    let mut refused = simulator(&json!({"settings": {"unknown": "refused"}}));
    assert_eq!(code(&mut refused, GET_ORDER, &question), 1904);
    assert_eq!(code(&mut refused, GET_DEPOSIT, &deposit_question()), 1904);
}

#[test]
fn asking_for_an_address_registers_the_user_and_gives_todays_alone() {
    let mut simulator = simulator(&json!({}));
    for chain in ["TRON", "BTC", "ETH"] {
        let question = json!({"tenantUserId": "7", "chainName": chain, "symbol": "X"});
        let answer: Value = serde_json::from_str(&opened(&mut simulator, GET_ADDRESS, &question)).unwrap();
        let address = answer["address"].as_str().unwrap();
        Address::registered(chain, address).unwrap_or_else(|error| panic!("{chain} {address}: {error}"));
        assert_eq!(simulator.report()["users"]["7"][chain], address);
        let again: Value = serde_json::from_str(&opened(&mut simulator, GET_ADDRESS, &question)).unwrap();
        assert_eq!(again, answer);
    }
    let change = json!({"addressChanges": [{"tenantUserId": "7", "chainName": "TRON", "symbol": "X", "newAddress": "TNew"}]});
    simulator.add(T0, scenario_of(&change)).unwrap();
    let question = json!({"tenantUserId": "7", "chainName": "TRON", "symbol": "X"});
    assert!(opened(&mut simulator, GET_ADDRESS, &question).contains("TNew"));
    assert_eq!(simulator.due(T0)[0].request["newAddress"], "TNew");
}

#[test]
fn a_day_counts_what_arrived_and_what_was_paid_in_it() {
    let mut simulator = simulator(&deposits());
    opened(&mut simulator, DIRECT, &direct("D1"));
    let question = |date| json!({"userId": 1, "jobDate": date});
    assert_eq!(
        opened(&mut simulator, GET_DAY, &question("1970-01-01")),
        r#"[{"jobDay":-28800000,"totalDepositAmount":2.500,"totalDepositCount":1,"totalWithdrawAmount":3.5,"totalWithdrawCount":1}]"#
    );
    assert!(opened(&mut simulator, GET_DAY, &question("1970-01-02")).contains(r#""totalDepositCount":0"#));
}

// Withdrawals.

#[test]
fn a_confirmed_withdrawal_is_paid_by_what_the_merchants_reply_says_and_once() {
    let mut simulator = simulator(&json!({}));
    assert_eq!(opened(&mut simulator, REQUEST, &request("D1")), r#"{"tenantUserId":"2049"}"#);
    assert_eq!(state_of(&mut simulator, "D1"), 1);
    let confirmation = simulator.due(T0).remove(0);
    assert_eq!((confirmation.callback_type, &confirmation.request["callBackId"]), (Some(2), &json!("D1")));

    let refusal = reply_to(&confirmation, &simulator, 2001, &json!({}));
    simulator.answered(T0, confirmation.number, Some(&refusal));
    assert!(simulator.payouts().is_empty());

    let again = simulator.due(after(1000)).remove(0);
    confirm(&mut simulator, &again);
    assert_eq!((state_of(&mut simulator, "D1"), simulator.payouts_of("D1")), (json!(3), 1));
    let payout = simulator.payouts()[0].clone();
    assert_eq!((payout.terms.amount.as_str(), payout.terms.to_address.as_str()), ("1.5", "TGDH"));

    let paid = simulator.due(after(1000)).remove(0);
    assert_eq!((paid.callback_type, &paid.request["amount"]), (Some(3), &json!("1.5")));
    assert_eq!(paid.request["trackingId"], again.request["trackingId"]);
    assert_eq!(paid.request["txId"], payout.tx_id);
}

#[test]
fn two_confirmations_that_are_accepted_pay_once() {
    let rules =
        json!({"misbehaviour": {"callbacks": [{"on": "withdrawal-confirmation", "do": {"repeat": 2}}]}});
    let mut simulator = simulator(&rules);
    opened(&mut simulator, REQUEST, &request("D1"));
    let sendings = simulator.due(T0);
    assert_eq!(types(&sendings), [2, 2, 2]);
    assert_ne!(sendings[0].request["requestUUID"], sendings[1].request["requestUUID"]);
    for sending in &sendings {
        confirm(&mut simulator, sending);
    }
    assert_eq!(simulator.payouts_of("D1"), 1);
}

#[test]
fn a_confirmation_without_terms_pays_nothing() {
    let mut simulator = simulator(&json!({}));
    opened(&mut simulator, REQUEST, &request("D1"));
    let confirmation = simulator.due(T0).remove(0);
    accept(&mut simulator, T0, &confirmation);
    assert_eq!((state_of(&mut simulator, "D1"), simulator.payouts().len()), (json!(5), 0));
}

#[test]
fn each_outcome_has_its_state_and_its_callback() {
    for (outcome, state, callback, payouts) in [
        ("complete", 3, Some(3), 1),
        ("failed", 6, Some(5), 0),
        ("cancelled", 4, Some(5), 0),
        ("manual-handling", 5, None, 0),
        ("insufficient-balance", 2, Some(6), 0),
        ("insufficient-gas", 2, Some(7), 0),
        ("waits", 2, None, 0),
    ] {
        let mut simulator = simulator(&json!({"outcomes": {"D1": outcome}}));
        assert_eq!(opened(&mut simulator, DIRECT, &direct("D1")), r#"{"tenantUserId":"2049","id":"D1"}"#);
        assert_eq!(state_of(&mut simulator, "D1"), state, "{outcome}");
        let sendings = simulator.due(T0);
        assert_eq!(sendings.first().and_then(|sending| sending.callback_type), callback, "{outcome}");
        assert_eq!(simulator.payouts().len(), payouts, "{outcome}");
        // Every callback is one that a receiver can read.
        for sending in sendings {
            let opened = public_key().open(sending.body.as_bytes()).unwrap();
            Callback::parse(&opened).unwrap().unwrap();
        }
        simulator.decide(T0, "D1", Outcome::Complete);
        assert_eq!(simulator.payouts().len(), usize::from(payouts == 1 || state == 2), "{outcome}");
    }
}

#[test]
fn a_lease_of_energy_is_told_with_its_arrival() {
    let mut simulator = simulator(&json!({}));
    let mut lease = direct("D1");
    (lease["symbol"], lease["amount"], lease["expiryHours"]) = (json!("ENERGY"), json!(1.5), json!(24));
    assert_eq!(code(&mut simulator, DIRECT, &lease), 1901, "leases are whole");
    lease["amount"] = json!(3);
    opened(&mut simulator, DIRECT, &lease);
    let told = simulator.due(T0).remove(0).request;
    assert_eq!(
        (&told["symbol"], &told["amount"], &told["txTimeStamp"]),
        (&json!("ENERGY"), &json!("3"), &json!(0))
    );
}

#[test]
fn a_known_call_back_id_is_paid_again_unless_the_settings_are_kinder() {
    for (settings, code_again, payouts) in [
        (json!({}), json!(0), 2),
        (json!({"repeatedCallBackId": "refused"}), json!(1909), 1),
        (json!({"repeatedCallBackId": "accepted"}), json!(0), 1),
    ] {
        let mut simulator = simulator(&json!({"settings": settings}));
        opened(&mut simulator, DIRECT, &direct("D1"));
        assert_eq!(code(&mut simulator, DIRECT, &direct("D1")), code_again);
        assert_eq!(simulator.payouts_of("D1"), payouts, "{settings}");
    }
}

#[test]
fn an_order_of_less_than_it_needs_is_refused_and_pays_nothing() {
    let mut simulator = simulator(&json!({}));
    for field in
        ["userId", "tenantUserId", "tenantType", "callBackId", "symbol", "chainName", "toAddr", "amount"]
    {
        let mut order = direct("D1");
        order.as_object_mut().unwrap().remove(field);
        assert_eq!(code(&mut simulator, DIRECT, &order), 1901, "{field}");
    }
    for (field, value) in [
        ("tenantType", json!(2)),
        ("amount", json!(0)),
        ("amount", json!(-1)),
        ("amount", json!("1e5")),
        ("toAddr", json!("0xAb")),
        ("symbol", json!("ENERGY")), // a lease without expiryHours
    ] {
        let mut order = direct("D1");
        order[field] = value;
        assert_eq!(code(&mut simulator, DIRECT, &order), 1901, "{field}");
    }
    assert!(simulator.payouts().is_empty());
}

#[test]
fn a_withdrawal_of_the_scenario_stays_as_it_is_written() {
    let withdrawals: Vec<_> = (0..7)
        .map(|state| json!({"callBackId": format!("D{state}"), "tenantUserId": "1", "orderState": state}))
        .collect();
    let mut simulator = simulator(&json!({"withdrawals": withdrawals}));
    for state in 0..7 {
        assert_eq!(state_of(&mut simulator, &format!("D{state}")), state);
    }
    assert!(simulator.due(after(1_000_000)).is_empty());
}

// Callbacks.

#[test]
fn a_callback_is_sent_again_under_new_uuids_with_growing_pauses_until_it_is_accepted() {
    let mut simulator = simulator(&deposits());
    let (mut now, mut uuids, mut pauses) = (T0, Vec::new(), Vec::new());
    for _ in 0..15 {
        let sendings = simulator.due(now);
        assert_eq!(types(&sendings), [1]);
        assert!(simulator.due(now).is_empty(), "on its way");
        uuids.push(sendings[0].request["requestUUID"].to_string());
        simulator.answered(now, sendings[0].number, None);
        let next = simulator.next_due().unwrap();
        assert!(simulator.due(next - Duration::from_millis(1)).is_empty());
        pauses.push(next.duration_since(now).unwrap().as_secs());
        now = next;
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600, 3600]);
    uuids.sort();
    uuids.dedup();
    assert_eq!(uuids.len(), 15);

    assert!(opened(&mut simulator, GET_DEPOSIT, &deposit_question()).contains(r#""callbackSuccess":false"#));
    let last = simulator.due(now).remove(0);
    accept(&mut simulator, now, &last);
    assert!(opened(&mut simulator, GET_DEPOSIT, &deposit_question()).contains(r#""callbackSuccess":true"#));
    assert_eq!((simulator.next_due(), simulator.callbacks().next().unwrap().sendings), (None, 16));
}

#[test]
fn the_pauses_are_a_setting() {
    let mut scenario = deposits();
    scenario["settings"] = json!({"firstPauseMs": 10, "longestPauseMs": 25});
    let mut simulator = simulator(&scenario);
    for due in [10, 30, 55, 80] {
        let now = simulator.next_due().unwrap();
        let sending = simulator.due(now).remove(0);
        simulator.answered(now, sending.number, None);
        assert_eq!(simulator.next_due(), Some(after(due)));
    }
}

/// Their order decides which of them share a block, and so what a splice can do.
#[test]
fn a_callback_has_the_fields_of_its_sample_in_their_order() {
    fn names(json: &str) -> Vec<&str> {
        let quoted: Vec<_> = json.split('"').collect();
        let pairs = quoted.windows(2).filter(|pair| pair[1].trim_start().starts_with(':'));
        pairs.map(|pair| pair[0]).collect()
    }
    let mut scenario = deposits();
    scenario["addressChanges"] = json!([{"tenantUserId": "7", "chainName": "TRON", "symbol": "X"}]);
    scenario["outcomes"] = json!({"D5": "failed", "D6": "insufficient-balance", "D7": "insufficient-gas"});
    let mut simulator = simulator(&scenario);
    opened(&mut simulator, REQUEST, &request("D2"));
    for call_back_id in ["D3", "D5", "D6", "D7"] {
        opened(&mut simulator, DIRECT, &direct(call_back_id));
    }
    let sendings = simulator.due(T0);
    assert_eq!(types(&sendings), [1, 4, 2, 3, 5, 6, 7]);
    for (sending, name) in sendings.iter().zip([
        "deposit",
        "address-change",
        "withdrawal-confirmation",
        "withdrawal",
        "withdrawal-failure",
        "insufficient-balance",
        "insufficient-gas",
    ]) {
        let sample = format!("{}/../plain/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let sample = std::fs::read_to_string(sample).unwrap();
        let opened = public_key().open(sending.body.as_bytes()).unwrap();
        assert_eq!(names(opened.as_str()), names(&sample), "{name}");
        Callback::parse(&opened).unwrap().unwrap();
    }
}

#[test]
fn only_err_code_0_is_an_acceptance() {
    for (status, body) in [(200, "{}"), (500, ""), (204, ""), (200, "OK")] {
        let mut simulator = simulator(&deposits());
        let sending = simulator.due(T0).remove(0);
        let exchange = simulator.platform().examine(status, body, &sending.request);
        simulator.answered(T0, sending.number, Some(&exchange));
        assert_eq!(simulator.callbacks().next().unwrap().state, CallbackState::Waiting, "{status} {body}");
    }
}

fn misbehaving(rule: &Value) -> Simulator {
    let mut scenario = deposits();
    scenario["misbehaviour"] = json!({"callbacks": [rule]});
    simulator(&scenario)
}

#[test]
fn a_lost_callback_never_comes_and_the_platform_still_knows_the_deposit() {
    let mut simulator = misbehaving(&json!({"on": "deposit", "do": "lose"}));
    assert!(simulator.due(T0).is_empty());
    assert_eq!(
        (simulator.next_due(), simulator.callbacks().next().unwrap().state),
        (None, CallbackState::Lost)
    );
    opened(&mut simulator, GET_DEPOSIT, &deposit_question());
}

#[test]
fn a_lost_answer_is_none() {
    let mut simulator = misbehaving(&json!({"do": "lose-answer", "times": 1}));
    let first = simulator.due(T0).remove(0);
    accept(&mut simulator, T0, &first);
    assert!(simulator.due(T0).is_empty());
    let second = simulator.due(after(1000)).remove(0);
    accept(&mut simulator, after(1000), &second);
    assert_eq!(simulator.next_due(), None);
}

#[test]
fn a_delayed_callback_comes_later_and_once() {
    let mut simulator = misbehaving(&json!({"do": {"delay": 500}}));
    assert!(simulator.due(T0).is_empty());
    assert_eq!(simulator.next_due(), Some(after(500)));
    assert_eq!(types(&simulator.due(after(500))), [1]);
}

#[test]
fn a_reordered_callback_comes_after_the_next() {
    let mut simulator = misbehaving(&json!({"on": "deposit", "do": "reorder"}));
    assert!(simulator.due(T0).is_empty());
    assert_eq!(simulator.next_due(), None, "it waits for another");
    opened(&mut simulator, REQUEST, &request("D1"));
    let overtaking = simulator.due(T0);
    assert_eq!(types(&overtaking), [2]);
    assert!(simulator.due(T0).is_empty(), "not before the other has its answer");
    simulator.answered(T0, overtaking[0].number, None);
    assert_eq!(types(&simulator.due(T0)), [1]);
}

#[test]
fn a_contradicting_sending_says_something_else_and_the_next_the_truth() {
    let mut simulator = misbehaving(&json!({"do": "contradict", "times": 1}));
    let lie = simulator.due(T0).remove(0);
    assert_eq!((&lie.request["amount"], &lie.request["txId"]), (&json!("3.500"), &json!("b00a")));
    simulator.answered(T0, lie.number, None);
    assert_eq!(simulator.due(after(1000))[0].request["amount"], "2.500");
    assert!(opened(&mut simulator, GET_DEPOSIT, &deposit_question()).contains("\"depositAmount\":2.500"));
}

#[test]
fn a_forged_callback_is_sent_as_it_stands_and_the_platform_denies_it() {
    let failure = r#"{"type":5, "callBackId":"D3","tenantUserId":"1","trackingId":"7","toAddress":"T"}"#;
    let scenario = format!(
        r#"{{"callbacks":[{failure}],"withdrawals":[{{"callBackId":"D3","tenantUserId":"1","orderState":3}}]}}"#
    );
    let mut simulator = simulator(&json!({}));
    simulator.add(T0, serde_json::from_str(&scenario).unwrap()).unwrap();
    let sending = simulator.due(T0).remove(0);
    let opened = public_key().open(sending.body.as_bytes()).unwrap().as_str().to_owned();
    assert!(
        opened
            .ends_with(r#""type":5, "callBackId":"D3","tenantUserId":"1","trackingId":"7","toAddress":"T"}"#)
    );
    assert_eq!(state_of(&mut simulator, "D3"), 3);
    assert!(simulator.queue(T0, "[]").is_err());
}

#[test]
fn a_body_that_was_sealed_elsewhere_is_sent_byte_for_byte() {
    let mut simulator = simulator(&json!({}));
    simulator.queue_sealed(T0, "two blocks of two deposits");
    let first = simulator.due(T0).remove(0);
    assert_eq!((first.callback_type, first.body.as_str()), (None, "two blocks of two deposits"));
    simulator.answered(T0, first.number, None);
    assert_eq!(simulator.due(after(1000))[0].body, first.body);
}

// Misbehaviour of calls, as far as it is not the client's to name.

#[test]
fn what_is_lost_on_the_way_there_has_no_effect_and_what_is_lost_on_the_way_back_has() {
    for (fault, payouts) in [("lose", 0), ("lose-answer", 1), ("repeat", 2), ("html", 0)] {
        let mut simulator =
            simulator(&json!({"misbehaviour": {"calls": [{"on": "withdrawWithoutVerify", "do": fault}]}}));
        let reply = post(&mut simulator, DIRECT, &form(&direct("D1").to_string()));
        assert_eq!(reply.answer.is_none(), fault.starts_with("lose"), "{fault}");
        assert_eq!(
            (simulator.payouts_of("D1"), simulator.calls_of(Call::WithdrawWithoutVerify)),
            (payouts, 1),
            "{fault}"
        );
    }
}

#[test]
fn a_delayed_answer_says_how_long_it_takes() {
    let mut simulator = simulator(&json!({"misbehaviour": {"calls": [{"do": {"delay": 1500}}]}}));
    let reply = post(&mut simulator, DIRECT, &form(&direct("D1").to_string()));
    assert_eq!((reply.after, reply.answer.expect("it comes").status), (Duration::from_millis(1500), 200));
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let story = || {
        let mut simulator = simulator(&deposits());
        opened(&mut simulator, DIRECT, &direct("D1"));
        let bodies: Vec<_> = simulator.due(T0).into_iter().map(|sending| sending.body).collect();
        (bodies, simulator.report())
    };
    assert_eq!(story(), story());
}
