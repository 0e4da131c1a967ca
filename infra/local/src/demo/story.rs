//! What is played: the documents' flows, and those who try their luck. The steps marked `.brief()` are the short
//! story: the same, with rows left out.

use serde_json::{Value, json};
use waas_platform::{Platform, PrivateKey, with_new_uuid};

use super::{Request, Step};

const DEPOSIT: &str = include_str!("../../../../events/plain/deposit.json");
const PAYEE: &str = "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK";
const DEPOSITOR: (&str, &str) = ("2049", "TRON#TRX");
const WITHDRAWER: (&str, &str) = ("1945", "TRON#USDT");

pub(super) fn steps() -> anyhow::Result<Vec<Step>> {
    let mut steps = deposit()?;
    steps.extend(confirmed_withdrawal()?);
    steps.extend(failed_withdrawal()?);
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
    let step = |story, platform: &Platform, plaintext: &str, status, err_code| Step {
        story,
        request: Request::Callback {
            platform: Box::new(platform.clone()),
            route: "/callback",
            plaintext: plaintext.to_owned(),
        },
        status,
        err_code,
        holder: DEPOSITOR,
        balance: ("2.5", "0"),
        is_brief: false,
    };
    Ok(vec![
        step("a deposit arrives", &platform, DEPOSIT, 200, 0).brief(),
        step("the platform repeats it", &platform, DEPOSIT, 200, 0),
        step("it retries under a new requestUUID", &platform, &retry, 200, 0).brief(),
        step("the same deposit with another amount", &platform, &altered, 200, 2003).brief(),
        step("a forger seals with a key of his own", &forger, DEPOSIT, 400, 1003).brief(),
        step("a stranger has the wrong API key", &stranger, DEPOSIT, 401, 1001),
    ])
}

fn confirmed_withdrawal() -> anyhow::Result<Vec<Step>> {
    let arrival = json!({
        "type": 1, "trackingId": "7001", "chainName": "TRON", "symbol": "USDT", "amount": "10", "txId": "a1",
        "txIndex": -1, "fromAddress": PAYEE, "toAddress": "TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP",
        "riskLevelFrom": 3, "riskLevelTo": 3
    });
    let done = paid("order-1", "3.3");
    let mut foreign = order(5, "order-1");
    foreign["trackingId"] = json!("of-another");
    Ok(vec![
        said("a second user deposits", &arrival, 0, ("10", "0"))?.brief(),
        register("she withdraws: the merchant registers it", "order-1", "3.3", 201, ("6.7", "3.3")).brief(),
        asked("the platform asks what to pay", &order(2, "order-1"), 0, ("6.7", "3.3"))?.brief(),
        said("the same question at the common URL", &order(2, "order-1"), 2001, ("6.7", "3.3"))?,
        said("another withdrawal failed: it frees nothing", &foreign, 0, ("6.7", "3.3"))?,
        said("paid, on chain", &done, 0, ("6.7", "0"))?.brief(),
        said("the platform tells it again", &done, 0, ("6.7", "0"))?,
        call("the merchant looks", "GET", "/withdrawals/order-1", 200, ("6.7", "0")),
        said("\"it failed\", says somebody late", &order(5, "order-1"), 2009, ("6.7", "0"))?,
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
        said("it ended without paying: funds come back", &order(5, "order-2"), 0, ("6.7", "0"))?.brief(),
        said("the platform tells it again", &order(5, "order-2"), 0, ("6.7", "0"))?,
    ])
}

fn other_ends() -> anyhow::Result<Vec<Step>> {
    let address = json!({ "type": 4, "trackingId": null, "chainName": "TRON", "symbol": "USDT", "newAddress": "TNewAddress" });
    Ok(vec![
        register("a withdrawal beyond her means", "order-3", "6.71", 422, ("6.7", "0")),
        register("one within them", "order-4", "6.7", 201, ("0", "6.7")),
        call("the merchant takes it back", "DELETE", "/withdrawals/order-4", 200, ("6.7", "0")),
        asked("the platform asks what to pay", &order(2, "order-4"), 2009, ("6.7", "0"))?,
        said("her deposit address changes", &address, 0, ("6.7", "0"))?,
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
    ])
}

/// What was refused, and is put right by an operator.
fn cases() -> anyhow::Result<Vec<Step>> {
    let late = paid("order-2", "4");
    let altered = with_new_uuid(&DEPOSIT.replace("2.500000000000", "2500.000000000000"))?;
    let again = Request::Callback {
        platform: Box::new(Platform::development()),
        route: "/callback",
        plaintext: altered,
    };
    let of_the_depositor = |step: Step| Step { holder: DEPOSITOR, balance: ("2.5", "0"), ..step };
    let dismiss =
        Request::Resolve { query: "reason=event-conflict", action: "dismiss", reason: "the chain has 2.5" };
    let charge = Request::Resolve { query: "callBackId=order-2", action: "charge", reason: "it is on chain" };
    let step = |story, request, status, balance| Step {
        story,
        request,
        status,
        err_code: 0,
        holder: WITHDRAWER,
        balance,
        is_brief: false,
    };
    Ok(vec![
        said("the failed one was paid after all", &late, 2009, ("3.7", "0"))?,
        step("an operator charges it: a part is owed", charge, 201, ("0", "0")),
        said("the platform tells it again", &late, 0, ("0", "0"))?,
        of_the_depositor(step("an operator ends the deposit's case", dismiss, 201, ("2.5", "0"))).brief(),
        of_the_depositor(step("the platform sends it again", again, 200, ("2.5", "0"))).brief(),
    ])
}

/// Between users, inside the merchant's product.
fn movements() -> Vec<Step> {
    let step = |story, symbol: &str, from: &str, to: &str, status, holder, balance| {
        let leg = |user: &str, amount: &str| json!({ "tenantUserId": user, "chainName": "TRON", "symbol": symbol, "amount": amount });
        let body = json!({ "id": format!("gift-of-{from}"), "reason": "a gift", "legs": [leg(from, "-1"), leg(to, "1")] });
        let request = Request::Call { method: "POST", path: "/movements", body: Some(body) };
        Step { story, request, status, err_code: 0, holder, balance, is_brief: false }
    };
    vec![
        step("he gives her a coin", "TRX", "2049", "1945", 201, DEPOSITOR, ("1.5", "0")),
        step("the merchant asks again", "TRX", "2049", "1945", 200, DEPOSITOR, ("1.5", "0")),
        step("she would give him one, and owes", "USDT", "1945", "2049", 422, WITHDRAWER, ("0", "0")),
    ]
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
fn said(
    story: &'static str,
    callback: &Value,
    err_code: i64,
    balance: (&'static str, &'static str),
) -> anyhow::Result<Step> {
    at("/callback", story, callback, err_code, balance)
}

/// A callback on the second user, at the URL for type 2.
fn asked(
    story: &'static str,
    callback: &Value,
    err_code: i64,
    balance: (&'static str, &'static str),
) -> anyhow::Result<Step> {
    at("/callback/withdrawal-confirmation", story, callback, err_code, balance)
}

fn at(
    route: &'static str,
    story: &'static str,
    callback: &Value,
    err_code: i64,
    balance: (&'static str, &'static str),
) -> anyhow::Result<Step> {
    let mut callback = callback.clone();
    callback["tenantUserId"] = json!(WITHDRAWER.0);
    callback["requestUUID"] = json!("");
    callback["business"] = json!(0);
    let request = Request::Callback {
        platform: Box::new(Platform::development()),
        route,
        plaintext: with_new_uuid(&callback.to_string())?,
    };
    Ok(Step { story, request, status: 200, err_code, holder: WITHDRAWER, balance, is_brief: false })
}

/// To be confirmed, as it is where nothing else is said.
fn register(
    story: &'static str,
    id: &str,
    amount: &str,
    status: u16,
    balance: (&'static str, &'static str),
) -> Step {
    register_in("confirmed", story, id, amount, status, balance)
}

fn register_in(
    mode: &str,
    story: &'static str,
    id: &str,
    amount: &str,
    status: u16,
    balance: (&'static str, &'static str),
) -> Step {
    let body = json!({
        "callBackId": id, "tenantUserId": WITHDRAWER.0, "chainName": "TRON", "symbol": "USDT", "amount": amount,
        "address": PAYEE, "mode": mode
    });
    let request = Request::Call { method: "POST", path: "/withdrawals", body: Some(body) };
    Step { story, request, status, err_code: 0, holder: WITHDRAWER, balance, is_brief: false }
}

fn call(
    story: &'static str,
    method: &'static str,
    path: &'static str,
    status: u16,
    balance: (&'static str, &'static str),
) -> Step {
    let request = Request::Call { method, path, body: None };
    Step { story, request, status, err_code: 0, holder: WITHDRAWER, balance, is_brief: false }
}
