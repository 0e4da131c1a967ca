//! The platform's other half: it answers the merchant's calls and sends callbacks, over a scenario, and misbehaves
//! when it is told to.
//!
//! A state machine without a network, a clock or randomness of its own: time comes with every call, randomness with the
//! start. So a test can let a day pass between two retries, and the same seed gives the same story.
//! `docs/simulator.md` tells how a scenario is written.
//!
//! ```
//! use std::time::UNIX_EPOCH;
//! use rand::SeedableRng as _;
//! use waas_platform::{Platform, simulator::{Asked, Scenario, Simulator}};
//!
//! let rng = rand::rngs::StdRng::seed_from_u64(1);
//! let mut simulator = Simulator::new(Platform::development(), Box::new(rng));
//! let scenario: Scenario = serde_json::from_str(
//!     r#"{"deposits":[{"txId":"b00a","chainName":"TRON","symbol":"TRX","amount":"2.5",
//!         "toAddress":"TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP","tenantUserId":"2049"}]}"#,
//! )?;
//! simulator.add(UNIX_EPOCH, scenario)?;
//!
//! let [callback] = &simulator.due(UNIX_EPOCH)[..] else { panic!("one deposit, one callback") };
//! assert_eq!(callback.request["amount"], "2.5");
//!
//! let path = "/api/v1/api/deposit/getDepositOrder";
//! let reply = simulator.call(UNIX_EPOCH, &Asked { path, ..Asked::default() });
//! assert_eq!(reply.answer.expect("not lost").status, 401); // without a key
//! # Ok::<(), serde_json::Error>(())
//! ```

mod call;
mod callbacks;
mod day;
mod fresh;
mod misbehaviour;
mod names;
mod orders;
mod scenario;
#[cfg(feature = "serve")]
mod serve;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use rand::Rng;
use serde_json::{Value, json};

use crate::Platform;
use call::{No, Question};
use callbacks::{About, Outbox, plaintext};
use day::Day;
use fresh::Fresh;

pub use call::{DECRYPTION_FAILED, REPEATED, UNKNOWN, WRONG_FIELDS};
pub use callbacks::{Callback, CallbackState, Sending};
pub use misbehaviour::{CallFault, CallbackFault, CallbackType, Misbehaviour, Rule};
pub use names::Call;
pub use orders::Payout;
pub use scenario::{
    AddressChange, Deposit, Digits, DigitsError, OrderState, Outcome, Repeated, Scenario, Settings, Terms,
    Unknown, User, Withdrawal,
};
#[cfg(feature = "serve")]
pub use serve::{Merchant, Served, Told};

/// A platform with one merchant.
pub struct Simulator {
    platform: Platform,
    fresh: Fresh,
    settings: Settings,
    /// By the merchant's id: today's address on each chain.
    users: BTreeMap<String, BTreeMap<String, String>>,
    deposits: Vec<(Deposit, Day)>,
    orders: Vec<Order>,
    /// Of several orders under one name, the last.
    order_of: HashMap<String, usize>,
    outcomes: BTreeMap<String, Outcome>,
    misbehaviour: Misbehaviour,
    outbox: Outbox,
    payouts: Vec<Payout>,
    calls: BTreeMap<Call, u64>,
}

struct Order {
    withdrawal: Withdrawal,
    tracking_id: String,
    paid_on: Option<Day>,
}

/// One request, as it came over HTTP.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The URL's path.
    pub path: &'a str,
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// `X-API-KEY`.
    pub api_key: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// It is answered after this time.
    pub after: Duration,
    /// The answer; none if there never is one.
    pub answer: Option<HttpAnswer>,
}

/// An answer over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// The body: JSON, but for a page of HTML.
    pub body: String,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator").field("platform", &self.platform).finish_non_exhaustive()
    }
}

impl Simulator {
    /// A platform that knows nobody yet. The merchant's API key is the same in both directions; without one, none is
    /// asked for.
    #[must_use]
    pub fn new(platform: Platform, rng: Box<dyn Rng + Send>) -> Self {
        Self {
            platform,
            fresh: Fresh(rng),
            settings: Settings::default(),
            users: BTreeMap::new(),
            deposits: Vec::new(),
            orders: Vec::new(),
            order_of: HashMap::new(),
            outcomes: BTreeMap::new(),
            misbehaviour: Misbehaviour::default(),
            outbox: Outbox::default(),
            payouts: Vec::new(),
            calls: BTreeMap::new(),
        }
    }

    /// Its key pair, and who sends its callbacks.
    #[must_use]
    pub fn platform(&self) -> &Platform {
        &self.platform
    }

    /// Lets a scenario happen, besides all that has happened before.
    ///
    /// # Errors
    ///
    /// If one of its `callbacks` is no JSON object; nothing of it has happened then.
    pub fn add(&mut self, now: SystemTime, scenario: Scenario) -> serde_json::Result<()> {
        for callback in &scenario.callbacks {
            serde_json::from_str::<serde_json::Map<String, Value>>(callback.get())?;
        }
        self.settings = scenario.settings.unwrap_or_else(|| self.settings.clone());
        self.outcomes.extend(scenario.outcomes);
        self.misbehaviour.add(scenario.misbehaviour);
        for User { tenant_user_id, addresses } in scenario.users {
            self.users.entry(tenant_user_id).or_default().extend(addresses);
        }
        for deposit in scenario.deposits {
            self.deposit(now, deposit);
        }
        for withdrawal in scenario.withdrawals {
            let is_decided = self.outcomes.contains_key(&withdrawal.call_back_id);
            let goes_on = is_decided && withdrawal.order_state == OrderState::InProgress;
            self.put(withdrawal);
            if goes_on {
                self.proceed(now, self.orders.len() - 1);
            }
        }
        for change in scenario.address_changes {
            self.change_address(now, change);
        }
        scenario.callbacks.iter().try_for_each(|callback| self.queue(now, callback.get()))
    }

    /// Coins arrive, and are told of. What is known of a deposit is replaced.
    fn deposit(&mut self, now: SystemTime, deposit: Deposit) {
        let addresses = self.users.entry(deposit.tenant_user_id.clone()).or_default();
        let chain_name = deposit.chain_name.clone();
        let new_address = addresses.entry(chain_name).or_insert_with(|| deposit.to_address.clone());
        let plaintext = plaintext(&[
            ("requestUUID", Value::Null),
            ("chainName", json!(deposit.chain_name)),
            ("symbol", json!(deposit.symbol)),
            ("amount", json!(deposit.amount)),
            ("business", json!(0)),
            ("toAddress", json!(deposit.to_address)),
            ("fromAddress", json!(deposit.from_address)),
            ("riskLevelTo", json!(deposit.risk_level_to)),
            ("riskLevelFrom", json!(deposit.risk_level_from)),
            ("txId", json!(deposit.tx_id)),
            ("tenantUserId", json!(deposit.tenant_user_id)),
            ("type", json!(1)),
            ("txIndex", json!(-1)),
            ("newAddress", json!(new_address)),
            ("trackingId", json!(self.fresh.number())),
        ]);
        let is_told = deposit.callback_success;
        let index = self.deposits.iter().position(|(known, _)| known.asked_by() == deposit.asked_by());
        let index = index.unwrap_or(self.deposits.len());
        let told = (deposit, Day::of(now));
        match self.deposits.get_mut(index) {
            Some(known) => *known = told,
            None => self.deposits.push(told),
        }
        if !is_told {
            self.enqueue(now, plaintext, About::Deposit(index));
        }
    }

    fn change_address(&mut self, now: SystemTime, change: AddressChange) {
        let AddressChange { tenant_user_id, chain_name, symbol, new_address } = change;
        let address = new_address.unwrap_or_else(|| self.fresh.address(&chain_name));
        let plaintext = plaintext(&[
            ("requestUUID", Value::Null),
            ("tenantUserId", json!(tenant_user_id)),
            ("chainName", json!(chain_name)),
            ("symbol", json!(symbol)),
            ("business", json!(0)),
            ("type", json!(4)),
            ("toAddress", json!(address)),
            ("newAddress", json!(address)),
            ("trackingId", Value::Null),
        ]);
        self.users.entry(tenant_user_id).or_default().insert(chain_name, address);
        self.enqueue(now, plaintext, About::Nothing);
    }

    /// Takes one of the merchant's calls, with all that is checked of it.
    pub fn call(&mut self, now: SystemTime, asked: &Asked<'_>) -> Reply {
        let Some(call) = Call::of_path(asked.path) else {
            return at_once(404, envelope(&json!("NOT FOUND"), "no such call", None));
        };
        *self.calls.entry(call).or_default() += 1;
        let fault = self.misbehaviour.of_call(call);
        match fault {
            Some(CallFault::Lose) => return Reply { after: Duration::ZERO, answer: None },
            Some(CallFault::Status(status)) => return at_once(status, said_by(status)),
            Some(CallFault::Html) => return at_once(200, "<!DOCTYPE html><title>busy</title>".to_owned()),
            Some(CallFault::Refuse(code)) => return at_once(200, envelope(&json!(code), "no", None)),
            _ => {}
        }
        if self.platform.api_key.as_deref().is_some_and(|api_key| asked.api_key != Some(api_key)) {
            return at_once(401, said_by(401));
        }
        let mut result = self.open_and_perform(now, call, asked);
        if fault == Some(CallFault::Repeat) {
            result = self.open_and_perform(now, call, asked);
        }
        if let Ok(answer) = &mut result {
            match fault {
                Some(CallFault::Contradict) => self.contradict(call, answer),
                Some(CallFault::OtherQuestion) => self.answer_another(call, answer),
                Some(CallFault::Nothing) => result = Err(No::Nothing),
                _ => {}
            }
        }
        let body = match result {
            Ok(answer) => {
                let data = if fault == Some(CallFault::Unopenable) {
                    self.unopenable()
                } else {
                    self.platform.key.seal(answer.json().as_bytes())
                };
                envelope(&json!(0), "", Some(&data))
            }
            Err(No::Nothing) => envelope(&json!(0), "", None),
            Err(No::Refused(code, message)) => envelope(&json!(code), &message, None),
        };
        match fault {
            Some(CallFault::LoseAnswer) => Reply { after: Duration::ZERO, answer: None },
            Some(CallFault::Delay(ms)) => Reply { after: Duration::from_millis(ms), ..at_once(200, body) },
            _ => at_once(200, body),
        }
    }

    fn open_and_perform(
        &mut self,
        now: SystemTime,
        call: Call,
        asked: &Asked<'_>,
    ) -> Result<call::Answer, No> {
        let data = one_field(asked).ok_or_else(|| {
            No::Refused(WRONG_FIELDS, "the body has to be a form of one field, data".to_owned())
        })?;
        let opened = self
            .platform
            .key
            .open(&data)
            .map_err(|_| No::Refused(DECRYPTION_FAILED, "Decryption failed".to_owned()))?;
        self.perform(now, call, &Question::parse(&opened)?)
    }

    /// A block that nobody sealed with our key: below the modulus, and without its padding once opened.
    fn unopenable(&mut self) -> String {
        let mut block = self.platform.key.modulus();
        let random = self.fresh.bytes::<16>();
        block[0] = 0;
        block[1] = 2; // type 2, which is what questions are padded with
        for (byte, random) in block[2..].iter_mut().zip(random) {
            *byte = random | 1;
        }
        base64::engine::general_purpose::STANDARD.encode(self.platform.key.raw(&block))
    }

    /// All that the platform would have paid, in its order.
    #[must_use]
    pub fn payouts(&self) -> &[Payout] {
        &self.payouts
    }

    /// How often an order was paid: never more than once, if all is well.
    #[must_use]
    pub fn payouts_of(&self, call_back_id: &str) -> usize {
        self.payouts.iter().filter(|payout| payout.call_back_id == call_back_id).count()
    }

    /// How often a call came in, with whatever key and content.
    #[must_use]
    pub fn calls_of(&self, call: Call) -> u64 {
        self.calls.get(&call).copied().unwrap_or_default()
    }

    /// All that it knows, as JSON.
    #[must_use]
    pub fn report(&self) -> Value {
        let withdrawals = self.orders.iter().map(|order| {
            let mut json = json!(order.withdrawal);
            json["trackingId"] = json!(order.tracking_id);
            json
        });
        json!({
            "users": self.users,
            "deposits": self.deposits.iter().map(|(deposit, _)| deposit).collect::<Vec<_>>(),
            "withdrawals": withdrawals.collect::<Vec<_>>(),
            "payouts": self.payouts,
            "callbacks": self.callbacks().collect::<Vec<_>>(),
            "calls": self.calls,
        })
    }
}

fn at_once(status: u16, body: String) -> Reply {
    Reply { after: Duration::ZERO, answer: Some(HttpAnswer { status, body }) }
}

fn envelope(code: &Value, message: &str, data: Option<&str>) -> String {
    json!({ "code": code, "message": message, "data": data }).to_string()
}

/// The documents' codes of HTTP's own failures are texts; of others they say nothing.
fn said_by(status: u16) -> String {
    match status {
        401 => envelope(&json!("UNAUTHORIZED"), "unauthorized", None),
        403 => envelope(&json!("FORBIDDEN"), "forbidden", None),
        404 => envelope(&json!("NOT FOUND"), "not found", None),
        _ => format!("<html><title>{status}</title></html>"),
    }
}

/// The form's field `data`, if there is no other. An unescaped `+` is a space, and so no Base64.
fn one_field(asked: &Asked<'_>) -> Option<String> {
    let content_type = asked.content_type?.split(';').next()?.trim();
    if !content_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return None;
    }
    let mut fields = form_urlencoded::parse(asked.body);
    let (name, data) = fields.next()?;
    (name == "data" && fields.next().is_none()).then(|| data.into_owned())
}

/// The example of the page compiles, and runs.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/simulator.md")]
struct Page;
