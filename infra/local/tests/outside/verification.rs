//! What gives something away waits for the platform's word, and that word takes effect once.

mod addresses;
mod answers;
mod deposits;
mod failures;
mod kills;
mod latency;
mod operators;
mod overtaken;
mod races;
mod splices;

use serde_json::{Value, json};

use crate::harness::*;

/// The user of most tests.
const USER: &str = "2049";

/// A deployment whose platform has one deposit of 2.5 for a user who is known here. It was not sent yet.
async fn with_a_deposit(settings: &[(&'static str, &str)]) -> Verifying {
    let verifying = Verifying::with(settings).await;
    verifying.make_known(USER).await;
    verifying.gate.add(json!({ "deposits": [deposit_at(&address_of(USER), USER, "tx-1", "2.5")] }));
    verifying
}

/// What the platform would send of a deposit, true or not.
fn told(address: &str, user: &str, tx_id: &str, amount: &str) -> String {
    let mut callback = deposit_at(address, user, tx_id, amount);
    for (name, value) in
        [("type", json!(1)), ("trackingId", json!(format!("t-{tx_id}"))), ("requestUUID", json!("x"))]
    {
        callback[name] = value;
    }
    retry_of(&callback.to_string())
}

/// The last of the worker's questions, as its log has it: outcome and cause.
async fn last_question(verifying: &Verifying, count: usize) -> (String, String) {
    let (_, process) = verifying.function(WORKER).await;
    let line = process.lines("question", count).await.pop().unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&line["outcome"]), text(&line["cause"]))
}

fn waits(reasons: &[&str], whom: &str) -> (Vec<String>, String) {
    (reasons.iter().map(|reason| (*reason).to_owned()).collect(), whom.to_owned())
}
