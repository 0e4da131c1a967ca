//! What is played: the documents' flows, and those who try their luck. The steps marked `.brief()` are the short
//! story: the same, with rows left out.

use serde_json::{Value, json};
use waas_platform::{Platform, PrivateKey, with_new_uuid};

use super::splice::{compact, spliced};
use super::step::{Request, Step};

const DEPOSIT: &str = include_str!("../../../../events/plain/deposit.json");
const PAYEE: &str = "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK";
const HER_ADDRESS: &str = "TGVJZLgz88XPYwkQECMRocSgHtKQT7VQZd";
const DEPOSITOR: (&str, &str) = ("2049", "TRON#TRX");
const WITHDRAWER: (&str, &str) = ("1945", "TRON#USDT");

type Balance = (&'static str, &'static str);

pub(super) fn steps() -> anyhow::Result<Vec<Step>> {
    let mut steps = deposit()?;
    steps.extend(spliced_deposit()?);
    steps.extend(confirmed_withdrawal()?);
    steps.extend(failed_withdrawal()?);
    steps.extend(submitted_withdrawal());
    steps.extend(lost_callback()?);
    steps.extend(other_ends()?);
    steps.extend(direct_withdrawals()?);
    steps.extend(cases()?);
    steps.extend(movements());
    Ok(steps)
}

fn deposit() -> anyhow::Result<Vec<Step>> {
    let platform = Platform::development();
    let retry = with_new_uuid(DEPOSIT)?;
    let altered = with_new_uuid(&DEPOSIT.replace("2.500000000000", "2500.000000000000"))?;
    let forger = Platform::new(PrivateKey::generate(1024)?, platform.api_key.clone());
    let stranger = Platform::new(platform.key.clone(), Some("not-our-api-key".to_owned()));
    let step = |story, platform: &Platform, plaintext: &str, status, err_code| {
        let request = Request::callback(platform, "/callback", plaintext.to_owned());
        Step { status, err_code, ..Step::of(story, DEPOSITOR, request, ("2.5", "0")) }
    };
    let arrives = Request::callback(&platform, "/callback", DEPOSIT.to_owned());
    Ok(vec![
        known_user("the merchant has a user", DEPOSITOR).brief(),
        Step::of("a deposit arrives: it is held", DEPOSITOR, arrives, ("0", "0"))
            .held("2.5")
            .known(arrived(&serde_json::from_str(DEPOSIT)?))
            .brief(),
        question("the platform is asked: it is true", DEPOSITOR, &["credited"], ("2.5", "0")).brief(),
        step("the platform repeats it", &platform, DEPOSIT, 200, 0),
        step("it retries under a new requestUUID", &platform, &retry, 200, 0).brief(),
        step("the same deposit with another amount", &platform, &altered, 200, 2003),
        question("the platform is asked", DEPOSITOR, &["contradicted"], ("2.5", "0")),
        step("a forger seals with a key of his own", &forger, DEPOSIT, 400, 1003),
        step("a stranger has the wrong API key", &stranger, DEPOSIT, 401, 1001),
    ])
}

/// Somebody has two captured callbacks: a large deposit, and one that the user has not been told of yet.
fn spliced_deposit() -> anyhow::Result<Vec<Step>> {
    let platform = Platform::development();
    let large = with_new_uuid(&compact(DEPOSIT).replace("2.500000000000", "899.000000000000"))?;
    let genuine = DEPOSIT.replace("2.500000000000", "0.500000000000").replace("b00a4aa3", "5e91cced");
    let genuine = with_new_uuid(&compact(&genuine).replace("6484", "6485"))?;
    let (plaintext, body) = spliced(&platform.key, &large, &genuine)?;
    let splice =
        Request::Callback { platform: Box::new(platform.clone()), route: "/callback", plaintext, body };
    let arrives = |plaintext| Request::callback(&platform, "/callback", plaintext);
    let again = with_new_uuid(&genuine)?;
    Ok(vec![
        Step::of("another, with a block of a large one in it", DEPOSITOR, splice, ("2.5", "0"))
            .held("899")
            .known(arrived(&serde_json::from_str(&genuine)?))
            .brief(),
        question("the platform is asked: it stays held", DEPOSITOR, &["contradicted"], ("2.5", "0"))
            .held("899")
            .brief(),
        Step::of("the genuine one, overtaken", DEPOSITOR, arrives(genuine), ("2.5", "0"))
            .held("899")
            .err_code(2003)
            .brief(),
        question("the platform is asked: this one is true", DEPOSITOR, &["credited", "rejected"], ("3", "0"))
            .brief(),
        Step::of("the platform sends it again", DEPOSITOR, arrives(again), ("3", "0")),
    ])
}

fn confirmed_withdrawal() -> anyhow::Result<Vec<Step>> {
    let arrival = json!({
        "tenantUserId": WITHDRAWER.0, "type": 1, "trackingId": "7001", "chainName": "TRON", "symbol": "USDT",
        "amount": "10", "txId": "a1", "txIndex": -1, "fromAddress": PAYEE, "toAddress": HER_ADDRESS,
        "riskLevelFrom": 3, "riskLevelTo": 3
    });
    let done = paid("order-1", "3.3");
    let frozen = ("6.7", "3.3");
    let mut foreign = order(5, "order-1");
    foreign["trackingId"] = json!("of-another");
    let dismiss = Request::Resolve {
        query: "reason=contradicted",
        action: "dismiss",
        reason: "the platform says that it was paid",
    };
    Ok(vec![
        known_user("a second user", WITHDRAWER).brief(),
        said("she deposits", &arrival, 0, ("0", "0"))?.held("10").known(arrived(&arrival)).brief(),
        question("the platform is asked: it is true", WITHDRAWER, &["credited"], ("10", "0")).brief(),
        register("she withdraws: the merchant registers it", "order-1", "3.3", 201, frozen).brief(),
        asked("the platform asks what to pay", &order(2, "order-1"), 0, frozen)?.brief(),
        said("the same question at the common URL", &order(2, "order-1"), 2001, frozen)?,
        said("another withdrawal failed: it frees nothing", &foreign, 0, frozen)?,
        said("\"it failed\", says somebody", &order(5, "order-1"), 0, frozen)?
            .known(stands("order-1", 3, "3.3"))
            .brief(),
        question("the platform is asked: it frees nothing", WITHDRAWER, &["contradicted"], frozen).brief(),
        said("paid, on chain", &done, 0, ("6.7", "0"))?.brief(),
        said("the platform tells it again", &done, 0, ("6.7", "0"))?,
        call("the merchant looks", "GET", "/withdrawals/order-1", 200, ("6.7", "0")),
        Step {
            status: 201,
            ..Step::of("an operator ends the case of it", WITHDRAWER, dismiss, ("6.7", "0"))
        }
        .brief(),
    ])
}

fn failed_withdrawal() -> anyhow::Result<Vec<Step>> {
    let frozen = ("2.7", "4");
    Ok(vec![
        register("another withdrawal", "order-2", "4", 201, frozen).brief(),
        asked("the platform asks what to pay", &order(2, "order-2"), 0, frozen)?,
        said("the hot wallet is empty: it waits", &order(6, "order-2"), 0, frozen)?,
        said("no gas: it waits", &order(7, "order-2"), 0, frozen)?,
        call("the merchant would cancel: too late", "DELETE", "/withdrawals/order-2", 409, frozen),
        said("it ended without paying", &order(5, "order-2"), 0, frozen)?
            .known(stands("order-2", 6, "4"))
            .brief(),
        question("the platform is asked: funds come back", WITHDRAWER, &["failed"], ("6.7", "0")).brief(),
        said("the platform tells it again", &order(5, "order-2"), 0, ("6.7", "0"))?,
    ])
}

/// One that is ordered from the platform here. The merchant says it once, and looks at it when it is done.
fn submitted_withdrawal() -> Vec<Step> {
    let body = json!({
        "callBackId": "order-7", "tenantUserId": DEPOSITOR.0, "chainName": "TRON", "symbol": "TRX", "amount": "1",
        "address": PAYEE, "submit": true
    });
    let register = Request::Call { method: "POST", path: "/withdrawals".to_owned(), body: Some(body) };
    let frozen = ("2", "1");
    // So that what is ordered is noted as such before it is paid.
    let at_leisure =
        json!({ "misbehaviour": { "callbacks": [{ "on": "withdrawal", "do": { "delay": 500 } }] } });
    let paid = Request::Completion { id: "order-7" };
    vec![
        Step { status: 201, ..Step::of("he withdraws: it is to be submitted", DEPOSITOR, register, frozen) }
            .known(at_leisure)
            .brief(),
        Step::of("it is ordered from the platform", DEPOSITOR, Request::Submission, frozen).brief(),
        Step::of("the platform asks what to pay, and pays", DEPOSITOR, paid, ("2", "0")).brief(),
    ]
}

/// One whose payment nobody tells of until it is looked for.
fn lost_callback() -> anyhow::Result<Vec<Step>> {
    let body = json!({
        "callBackId": "order-8", "tenantUserId": DEPOSITOR.0, "chainName": "TRON", "symbol": "TRX", "amount": "0.5",
        "address": PAYEE
    });
    let register = Request::Call { method: "POST", path: "/withdrawals".to_owned(), body: Some(body) };
    let mut done = paid("order-8", "0.5");
    done["symbol"] = json!("TRX");
    let (frozen, gone) = (("1.5", "0.5"), ("1.5", "0"));
    let terms = json!({ "chainName": "TRON", "symbol": "TRX", "amount": "0.5", "toAddress": PAYEE });
    let has_paid = json!({ "withdrawals": [{
        "callBackId": "order-8", "tenantUserId": DEPOSITOR.0, "orderState": 3, "terms": terms
    }]});
    let settle = Request::Resolve {
        query: "reason=completion-missing",
        action: "settle",
        reason: "the platform's console shows the payment",
    };
    let reconciliation = Request::Reconciliation { found: &["completion-missing"] };
    let confirmation = "/callback/withdrawal-confirmation";
    let asks = at(confirmation, "the platform asks what to pay", DEPOSITOR, &order(2, "order-8"), frozen)?;
    let told = at("/callback", "the lost callback comes after all", DEPOSITOR, &done, gone)?;
    Ok(vec![
        Step { status: 201, ..Step::of("another withdrawal of his", DEPOSITOR, register, frozen) }.brief(),
        asks.brief(),
        Step::of("paid, and the callback gets lost: it is found", DEPOSITOR, reconciliation, frozen)
            .known(has_paid)
            .brief(),
        Step { status: 201, ..Step::of("an operator settles it", DEPOSITOR, settle, gone) }.brief(),
        told.brief(),
    ])
}

fn other_ends() -> anyhow::Result<Vec<Step>> {
    let address = json!({
        "type": 4, "trackingId": null, "chainName": "TRON", "symbol": "USDT",
        "newAddress": "TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb"
    });
    let has_it = json!({ "users": [{
        "tenantUserId": WITHDRAWER.0, "addresses": { "TRON": address["newAddress"] }
    }]});
    let balance = ("6.7", "0");
    Ok(vec![
        register("a withdrawal beyond her means", "order-3", "6.71", 422, balance),
        register("one within them", "order-4", "6.7", 201, ("0", "6.7")),
        call("the merchant takes it back", "DELETE", "/withdrawals/order-4", 200, balance),
        asked("the platform asks what to pay", &order(2, "order-4"), 2009, balance)?,
        said("her deposit address changes", &address, 0, balance)?.known(has_it),
        question("the platform is asked: it is hers", WITHDRAWER, &["address-changed"], balance),
    ])
}

/// Those that the platform pays without asking.
fn direct_withdrawals() -> anyhow::Result<Vec<Step>> {
    let (path, frozen) = ("/withdrawals/order-6", ("3.7", "2"));
    Ok(vec![
        said("paid without asking, never registered", &paid("order-5", "1"), 0, ("6.7", "0"))?,
        register_in("direct", "its registration comes late", "order-5", "1", 201, ("5.7", "0")),
        register_in("direct", "one that will be paid without asking", "order-6", "2", 201, frozen),
        asked("somebody asks all the same", &order(2, "order-6"), 2015, frozen)?,
        said("no gas: it waits", &order(7, "order-6"), 0, frozen)?,
        call("the merchant would cancel: too late", "DELETE", path, 409, frozen),
        said("gas arrives: paid, on chain", &paid("order-6", "2"), 0, ("3.7", "0"))?,
        said("\"it failed\", says somebody late", &order(5, "order-6"), 2009, ("3.7", "0"))?,
    ])
}

/// What was refused, and is put right by an operator.
fn cases() -> anyhow::Result<Vec<Step>> {
    let late = paid("order-2", "4");
    let altered = with_new_uuid(&DEPOSIT.replace("2.500000000000", "2500.000000000000"))?;
    let again = Request::callback(&Platform::development(), "/callback", altered);
    let dismiss =
        Request::Resolve { query: "reason=event-conflict", action: "dismiss", reason: "the chain has 2.5" };
    let charge = Request::Resolve { query: "callBackId=order-2", action: "charge", reason: "it is on chain" };
    let of_the_deposit = "an operator ends the deposit's case";
    Ok(vec![
        said("the failed one was paid after all", &late, 2009, ("3.7", "0"))?,
        Step {
            status: 201,
            ..Step::of("an operator charges it: a part is owed", WITHDRAWER, charge, ("0", "0"))
        },
        said("the platform tells it again", &late, 0, ("0", "0"))?,
        Step { status: 201, ..Step::of(of_the_deposit, DEPOSITOR, dismiss, ("1.5", "0")) },
        Step::of("the platform sends it again", DEPOSITOR, again, ("1.5", "0")),
    ])
}

/// Between users, inside the merchant's product.
fn movements() -> Vec<Step> {
    let step = |story, symbol: &str, from: &str, to: &str, status, holder, balance| {
        let leg = |user: &str, amount: &str| json!({ "tenantUserId": user, "chainName": "TRON", "symbol": symbol, "amount": amount });
        let legs = [leg(from, "-1"), leg(to, "1")];
        let body = json!({ "id": format!("gift-of-{from}"), "reason": "a gift", "legs": legs });
        let request = Request::Call { method: "POST", path: "/movements".to_owned(), body: Some(body) };
        Step { status, ..Step::of(story, holder, request, balance) }
    };
    vec![
        step("he gives her a coin", "TRX", "2049", "1945", 201, DEPOSITOR, ("0.5", "0")),
        step("the merchant asks again", "TRX", "2049", "1945", 200, DEPOSITOR, ("0.5", "0")),
        step("she would give him one, and owes", "USDT", "1945", "2049", 422, WITHDRAWER, ("0", "0")),
    ]
}

/// What the platform knows of a deposit that is true. That it is told is this story's work.
fn arrived(callback: &Value) -> Value {
    let mut deposit = json!({ "callbackSuccess": true });
    for field in ["txId", "chainName", "symbol", "amount", "toAddress", "tenantUserId"] {
        deposit[field] = callback[field].clone();
    }
    json!({ "deposits": [deposit] })
}

/// How an order stands at the platform, by the documents' numbers.
fn stands(id: &str, state: u8, amount: &str) -> Value {
    let terms = json!({ "chainName": "TRON", "symbol": "USDT", "amount": amount, "toAddress": PAYEE });
    json!({ "withdrawals": [{
        "callBackId": id, "tenantUserId": WITHDRAWER.0, "orderState": state, "terms": terms
    }]})
}

fn order(r#type: u8, id: &str) -> Value {
    json!({ "type": r#type, "callBackId": id, "trackingId": format!("of-{id}") })
}

fn paid(id: &str, amount: &str) -> Value {
    json!({
        "type": 3, "callBackId": id, "trackingId": format!("of-{id}"), "txId": format!("tx-of-{id}"),
        "chainName": "TRON", "symbol": "USDT", "amount": amount,
        "fromAddress": "TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb", "toAddress": PAYEE
    })
}

/// A callback on the second user, at the URL for all types but 2.
fn said(story: &'static str, callback: &Value, err_code: i64, balance: Balance) -> anyhow::Result<Step> {
    Ok(at("/callback", story, WITHDRAWER, callback, balance)?.err_code(err_code))
}

/// A callback on the second user, at the URL for type 2.
fn asked(story: &'static str, callback: &Value, err_code: i64, balance: Balance) -> anyhow::Result<Step> {
    let route = "/callback/withdrawal-confirmation";
    Ok(at(route, story, WITHDRAWER, callback, balance)?.err_code(err_code))
}

fn at(
    route: &'static str,
    story: &'static str,
    holder: Balance,
    callback: &Value,
    balance: Balance,
) -> anyhow::Result<Step> {
    let mut callback = callback.clone();
    callback["tenantUserId"] = json!(holder.0);
    callback["requestUUID"] = json!("");
    callback["business"] = json!(0);
    let plaintext = with_new_uuid(&callback.to_string())?;
    let request = Request::callback(&Platform::development(), route, plaintext);
    Ok(Step::of(story, holder, request, balance))
}

/// What waits for the platform's word, and what has to come of that.
fn question(
    story: &'static str,
    holder: (&'static str, &'static str),
    outcomes: &'static [&'static str],
    balance: Balance,
) -> Step {
    Step::of(story, holder, Request::Question { outcomes }, balance)
}

fn known_user(story: &'static str, holder: (&'static str, &'static str)) -> Step {
    let path = format!("/users/{}", holder.0);
    let request = Request::Call { method: "PUT", path, body: None };
    Step { status: 201, ..Step::of(story, holder, request, ("0", "0")) }
}

/// To be confirmed, as it is where nothing else is said.
fn register(story: &'static str, id: &str, amount: &str, status: u16, balance: Balance) -> Step {
    register_in("confirmed", story, id, amount, status, balance)
}

fn register_in(
    mode: &str,
    story: &'static str,
    id: &str,
    amount: &str,
    status: u16,
    balance: Balance,
) -> Step {
    let body = json!({
        "callBackId": id, "tenantUserId": WITHDRAWER.0, "chainName": "TRON", "symbol": "USDT", "amount": amount,
        "address": PAYEE, "mode": mode
    });
    let request = Request::Call { method: "POST", path: "/withdrawals".to_owned(), body: Some(body) };
    Step { status, ..Step::of(story, WITHDRAWER, request, balance) }
}

fn call(story: &'static str, method: &'static str, path: &str, status: u16, balance: Balance) -> Step {
    let request = Request::Call { method, path: path.to_owned(), body: None };
    Step { status, ..Step::of(story, WITHDRAWER, request, balance) }
}
