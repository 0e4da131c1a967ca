//! The fields of each callback, once: its flags, their defaults, the JSON, and what a platform knows that sends it.

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;
use waas_platform::simulator::OrderState;

// Valid addresses of TRON, those of the documents' samples.
const DEPOSIT_ADDRESS: &str = "TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP";
const NEXT_DEPOSIT_ADDRESS: &str = "TGVJZLgz88XPYwkQECMRocSgHtKQT7VQZd";
const OUTSIDE: &str = "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK";
const HOT_WALLET: &str = "TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb";

/// What a type has besides what all have.
pub(super) trait Fields: Args + Serialize {
    /// With the defaults that depend on other fields.
    fn completed(self) -> Self {
        self
    }

    /// What a platform knows where this is true of the user, or where something else is: a scenario.
    fn known(&self, user: &str, is_true: bool) -> Value;
}

#[derive(Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Common {
    /// Unique to this request [default: fresh]
    #[arg(long, default_value_t = Uuid::new_v4().to_string(), hide_default_value = true)]
    #[serde(rename = "requestUUID")]
    request_uuid: String,
    /// The user, by the merchant's id
    #[arg(long, default_value = "2049")]
    tenant_user_id: String,
    /// Reserved by the platform
    #[arg(long, default_value_t = 0)]
    business: i64,
}

impl Common {
    pub(super) fn user(&self) -> &str {
        &self.tenant_user_id
    }
}

#[derive(Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Coin {
    /// The chain
    #[arg(long, default_value = "TRON")]
    chain_name: String,
    /// The coin; ENERGY is a lease
    #[arg(long, default_value = "TRX")]
    symbol: String,
}

#[derive(Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deposit {
    /// The event, over all its retries [default: fresh]
    #[arg(long, default_value_t = fresh_number(), hide_default_value = true)]
    tracking_id: String,
    /// Transaction hash [default: fresh]
    #[arg(long, default_value_t = fresh_tx_id(), hide_default_value = true)]
    tx_id: String,
    #[command(flatten)]
    #[serde(flatten)]
    coin: Coin,
    /// What arrived
    #[arg(long, default_value = "2.5", value_parser = amount)]
    amount: String,
    /// The payer's address
    #[arg(long, default_value = OUTSIDE)]
    from_address: String,
    /// The user's deposit address
    #[arg(long, default_value = DEPOSIT_ADDRESS)]
    to_address: String,
    /// Risk of the payer's address
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(..=100))]
    risk_level_from: u8,
    /// Risk of the user's address
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(..=100))]
    risk_level_to: u8,
    /// Position of the transaction
    #[arg(long, default_value_t = -1, allow_negative_numbers = true)]
    tx_index: i64,
    /// The user's deposit address of now [default: that of --to-address]
    #[arg(long)]
    new_address: Option<String>,
}

impl Fields for Deposit {
    fn completed(mut self) -> Self {
        self.new_address.get_or_insert_with(|| self.to_address.clone());
        self
    }

    /// Where it is not true, another amount arrived.
    fn known(&self, user: &str, is_true: bool) -> Value {
        let Self { tx_id, coin: Coin { chain_name, symbol }, amount, to_address, .. } = self;
        let amount = if is_true { amount.clone() } else { format!("1{amount}") };
        json!({
            "users": has_address(user, chain_name, to_address),
            "deposits": [{
                "txId": tx_id, "chainName": chain_name, "symbol": symbol, "amount": amount,
                "toAddress": to_address, "tenantUserId": user, "fromAddress": self.from_address,
                "riskLevelFrom": self.risk_level_from, "riskLevelTo": self.risk_level_to,
                "callbackSuccess": true, // it is sent from here
            }],
        })
    }
}

#[derive(Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    /// The withdrawal, by the merchant's id [default: fresh]
    #[arg(long, default_value_t = fresh_number(), hide_default_value = true)]
    call_back_id: String,
    /// The withdrawal, by the platform's id [default: of-CALL_BACK_ID]
    #[arg(long)]
    tracking_id: Option<String>,
}

impl Order {
    /// The same withdrawal keeps its trackingId from one callback to the next.
    fn completed(mut self) -> Self {
        self.tracking_id.get_or_insert_with(|| format!("of-{}", self.call_back_id));
        self
    }

    /// How far it is, and what it pays, if that is known.
    fn stands(&self, user: &str, order_state: OrderState, terms: &Value) -> Value {
        json!({ "withdrawals": [{
            "callBackId": self.call_back_id, "tenantUserId": user, "orderState": order_state, "terms": terms,
        }]})
    }
}

#[derive(Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Confirmation {
    #[command(flatten)]
    #[serde(flatten)]
    order: Order,
    #[command(flatten)]
    #[serde(flatten)]
    older: OlderTemplate,
}

/// What the platform believes of the order; only an older template of it says so.
#[derive(Args, Serialize)]
#[serde(rename_all = "camelCase")]
struct OlderTemplate {
    /// The chain [default: left out, as are those below: only an older platform sends them]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    chain_name: Option<String>,
    /// The coin
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    symbol: Option<String>,
    /// What is to be paid
    #[arg(long, value_parser = amount)]
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    /// The payee's address
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    to_address: Option<String>,
    /// Transaction hash
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    tx_id: Option<String>,
    /// Position of the transaction
    #[arg(long, allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    tx_index: Option<i64>,
    /// The payee's memo
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
}

impl Fields for Confirmation {
    fn completed(self) -> Self {
        Self { order: self.order.completed(), ..self }
    }

    fn known(&self, user: &str, is_true: bool) -> Value {
        let state = if is_true { OrderState::InReview } else { OrderState::Cancelled };
        self.order.stands(user, state, &Value::Null)
    }
}

#[derive(Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Withdrawal {
    #[command(flatten)]
    #[serde(flatten)]
    order: Order,
    /// Transaction hash [default: fresh]
    #[arg(long, default_value_t = fresh_tx_id(), hide_default_value = true)]
    tx_id: String,
    #[command(flatten)]
    #[serde(flatten)]
    coin: Coin,
    /// What was paid; of ENERGY, how many leases
    #[arg(long, default_value = "1.5", value_parser = amount)]
    amount: String,
    /// The hot wallet
    #[arg(long, default_value = HOT_WALLET)]
    from_address: String,
    /// The payee's address
    #[arg(long, default_value = OUTSIDE)]
    to_address: String,
    /// As the platform sends it [default: that of --to-address]
    #[arg(long)]
    new_address: Option<String>,
    /// Arrival of an energy lease, in ms since 1970 [default: left out]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    tx_time_stamp: Option<i64>,
}

impl Fields for Withdrawal {
    fn completed(mut self) -> Self {
        self.new_address.get_or_insert_with(|| self.to_address.clone());
        Self { order: self.order.completed(), ..self }
    }

    fn known(&self, user: &str, is_true: bool) -> Value {
        let Self { coin: Coin { chain_name, symbol }, amount, to_address, .. } = self;
        let terms = json!({
            "chainName": chain_name, "symbol": symbol, "amount": amount, "toAddress": to_address,
        });
        let state = if is_true { OrderState::Complete } else { OrderState::Failed };
        self.order.stands(user, state, &terms)
    }
}

#[derive(Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AddressChange {
    /// [default: null, as the platform sends it]
    #[arg(long)]
    tracking_id: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    coin: Coin,
    /// The user's deposit address from now on
    #[arg(long, default_value = NEXT_DEPOSIT_ADDRESS)]
    new_address: String,
    /// A copy of it [default: that of --new-address]
    #[arg(long)]
    to_address: Option<String>,
}

impl Fields for AddressChange {
    fn completed(mut self) -> Self {
        self.to_address.get_or_insert_with(|| self.new_address.clone());
        self
    }

    fn known(&self, user: &str, is_true: bool) -> Value {
        let another = if self.new_address == HOT_WALLET { OUTSIDE } else { HOT_WALLET };
        let address = if is_true { &self.new_address } else { another };
        json!({ "users": has_address(user, &self.coin.chain_name, address) })
    }
}

#[derive(Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Failure {
    #[command(flatten)]
    #[serde(flatten)]
    order: Order,
    /// The payee's address
    #[arg(long, default_value = OUTSIDE)]
    to_address: String,
}

impl Fields for Failure {
    fn completed(self) -> Self {
        Self { order: self.order.completed(), ..self }
    }

    /// Where it is not true, the order was paid.
    fn known(&self, user: &str, is_true: bool) -> Value {
        let state = if is_true { OrderState::Failed } else { OrderState::Complete };
        self.order.stands(user, state, &Value::Null)
    }
}

#[derive(Args, Serialize)]
#[serde(transparent)]
pub(super) struct Shortage {
    #[command(flatten)]
    order: Order,
}

impl Fields for Shortage {
    fn completed(self) -> Self {
        Self { order: self.order.completed() }
    }

    fn known(&self, user: &str, is_true: bool) -> Value {
        let state = if is_true { OrderState::InProgress } else { OrderState::Complete };
        self.order.stands(user, state, &Value::Null)
    }
}

fn has_address(user: &str, chain_name: &str, address: &str) -> Value {
    json!([{ "tenantUserId": user, "addresses": { chain_name: address } }])
}

/// As long as the ids of the documents' samples.
fn fresh_number() -> String {
    rand::random_range(100_000_000_000_000_u64..1_000_000_000_000_000).to_string()
}

fn fresh_tx_id() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// A decimal number, kept as it is written.
fn amount(text: &str) -> Result<String, &'static str> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = [whole, fraction]
        .iter()
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    is_number.then(|| text.to_owned()).ok_or("not a number such as 2.5; `waas send` sends anything")
}
