//! What did not come is noticed, whatever it was, and nothing else is; and nothing moves by itself unless it may.

mod books;
mod counts;
mod findings;
mod runs;
mod size;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::*;

/// The user of the documents' withdrawals.
const USER: &str = "1945";

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// How often each reason is expected among what was found.
fn reasons<const N: usize>(expected: [(&str, u64); N]) -> BTreeMap<String, u64> {
    expected.into_iter().map(|(reason, count)| (reason.to_owned(), count)).collect()
}

/// An order of the platform's in a state, as a scenario has it, of USDT to the usual payee.
fn theirs(id: &str, user: &str, state: u8, amount: &str) -> Value {
    let terms = json!({ "chainName": "TRON", "symbol": "USDT", "amount": amount, "toAddress": PAYEE });
    json!({ "callBackId": id, "tenantUserId": user, "orderState": state, "terms": terms })
}

/// A deployment in which this user has 100, and these orders of 3 are open, by id and mode.
async fn with_orders(orders: &[(&str, &str)]) -> Reconciling {
    let reconciling = Reconciling::new().await;
    reconciling.deposit(USER, "USDT", "100").await;
    for (id, mode) in orders {
        assert_eq!(reconciling.register_in(mode, id, USER, "3", PAYEE).await, 201, "{id}");
    }
    reconciling
}
