//! The calls: how each is asked and answered.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde_json::json;
use serde_json::value::RawValue;

use super::day::Day;
use super::names::Call;
use super::scenario::{Digits, OrderState, Repeated, Terms, Unknown, another};
use super::{Order, Simulator};

/// "Decryption failed", the one code that the documents tell.
pub const DECRYPTION_FAILED: i64 = 1005;
/// Fields missing, of the wrong type, or too many. Our own code: the documents have none.
pub const WRONG_FIELDS: i64 = 1901;
/// An unknown deposit or order, if the settings have it refused. Our own code.
pub const UNKNOWN: i64 = 1904;
/// A known `callBackId`, if the settings have it refused. Our own code.
pub const REPEATED: i64 = 1909;

/// Why there is no sealed answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum No {
    /// Code 0, and nothing in it.
    Nothing,
    Refused(i64, String),
}

fn wrong(name: &str) -> No {
    No::Refused(WRONG_FIELDS, format!("{name} is missing or wrong"))
}

/// An opened answer: names and values as JSON, in the documents' order. Amounts stay the digits that they are.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    fields: Vec<(&'static str, String)>,
    is_array: bool,
}

impl Answer {
    fn of(fields: Vec<(&'static str, String)>) -> Self {
        Self { fields, is_array: false }
    }

    pub(super) fn set(&mut self, name: &str, json: String) {
        if let Some((_, value)) = self.fields.iter_mut().find(|(field, _)| *field == name) {
            *value = json;
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn json(&self) -> String {
        let fields: Vec<_> = self.fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let object = format!("{{{}}}", fields.join(","));
        if self.is_array { format!("[{object}]") } else { object }
    }
}

fn text(text: &str) -> String {
    json!(text).to_string()
}

/// The fields that were asked with.
pub(super) struct Question<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Question<'a> {
    pub(super) fn parse(opened: &'a str) -> Result<Self, No> {
        serde_json::from_str(opened).map(Self).map_err(|_| wrong("the JSON object"))
    }

    fn text(&self, name: &str) -> Result<String, No> {
        let raw = self.0.get(name).ok_or_else(|| wrong(name))?.get();
        let text: String = serde_json::from_str(raw).map_err(|_| wrong(name))?;
        if text.is_empty() { Err(wrong(name)) } else { Ok(text) }
    }

    fn integer(&self, name: &str) -> Result<u64, No> {
        let raw = self.0.get(name).ok_or_else(|| wrong(name))?.get();
        raw.parse().map_err(|_| wrong(name))
    }

    /// More than nothing, as a number or as a text.
    fn amount(&self) -> Result<Digits, No> {
        let raw = self.0.get("amount").ok_or_else(|| wrong("amount"))?.get();
        let digits = serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned());
        let amount = Digits::try_from(digits).map_err(|_| wrong("amount"))?;
        if amount.is_zero() { Err(wrong("amount")) } else { Ok(amount) }
    }

    /// "Addresses are strictly checked": EVM's have to be lower case.
    fn address(&self, name: &str) -> Result<String, No> {
        let address = self.text(name)?;
        let is_checksummed =
            address.starts_with("0x") && address.bytes().any(|byte| byte.is_ascii_uppercase());
        if is_checksummed { Err(wrong(name)) } else { Ok(address) }
    }

    /// Who withdraws, and under which name.
    fn withdrawal(&self) -> Result<(String, String), No> {
        self.integer("userId")?;
        if self.integer("tenantType")? != 1 {
            return Err(wrong("tenantType"));
        }
        Ok((self.text("tenantUserId")?, self.text("callBackId")?))
    }
}

impl Simulator {
    /// Does what is asked, and answers.
    pub(super) fn perform(
        &mut self,
        now: SystemTime,
        call: Call,
        question: &Question<'_>,
    ) -> Result<Answer, No> {
        match call {
            Call::GetDepositOrder => self.deposit_order(question),
            Call::GetWithdrawOrder => self.withdraw_order(question),
            Call::WithdrawRequest => self.withdraw_request(now, question),
            Call::WithdrawWithoutVerify => self.withdraw_without_verify(now, question),
            Call::GetUserAddress => self.user_address(question),
            Call::GetUserDailyStatistics => self.daily_statistics(question),
        }
    }

    fn unknown(&self, what: &str) -> No {
        match self.settings.unknown {
            Unknown::Nothing => No::Nothing,
            Unknown::Refused => No::Refused(UNKNOWN, format!("no such {what}")),
        }
    }

    fn deposit_order(&self, question: &Question<'_>) -> Result<Answer, No> {
        let asked = [
            question.text("txId")?,
            question.text("chainName")?,
            question.text("symbol")?,
            question.address("toAddress")?,
        ];
        let mut known = self.deposits.iter().map(|(deposit, _)| deposit);
        let deposit = known.find(|deposit| deposit.asked_by() == asked.each_ref().map(String::as_str));
        let deposit = deposit.ok_or_else(|| self.unknown("deposit"))?;
        Ok(Answer::of(vec![
            ("txId", text(&deposit.tx_id)),
            ("chainName", text(&deposit.chain_name)),
            ("symbol", text(&deposit.symbol)),
            ("toAddress", text(&deposit.to_address)),
            ("depositAmount", deposit.amount.as_str().to_owned()),
            ("callbackSuccess", deposit.callback_success.to_string()),
        ]))
    }

    /// Of several under one name, the last.
    fn withdraw_order(&self, question: &Question<'_>) -> Result<Answer, No> {
        let call_back_id = question.text("callBackId")?;
        let order = self.order_of.get(&call_back_id).and_then(|index| self.orders.get(*index));
        let withdrawal = &order.ok_or_else(|| self.unknown("order"))?.withdrawal;
        let or_null = |json: Option<String>| json.unwrap_or_else(|| "null".to_owned());
        let terms = withdrawal.terms.as_ref();
        Ok(Answer::of(vec![
            ("symbol", or_null(terms.map(|terms| text(&terms.symbol)))),
            ("amount", or_null(terms.map(|terms| terms.amount.as_str().to_owned()))),
            ("orderState", u8::from(withdrawal.order_state).to_string()),
            ("clientOrderId", text(&call_back_id)),
        ]))
    }

    fn withdraw_request(&mut self, now: SystemTime, question: &Question<'_>) -> Result<Answer, No> {
        let (tenant_user_id, call_back_id) = question.withdrawal()?;
        if self.is_new(&call_back_id)? {
            self.open_order(&tenant_user_id, &call_back_id, OrderState::InReview, None);
            self.ask_for_confirmation(now, self.orders.len() - 1);
        }
        Ok(Answer::of(vec![("tenantUserId", text(&tenant_user_id))]))
    }

    fn withdraw_without_verify(&mut self, now: SystemTime, question: &Question<'_>) -> Result<Answer, No> {
        let (tenant_user_id, call_back_id) = question.withdrawal()?;
        let terms = Terms {
            chain_name: question.text("chainName")?,
            symbol: question.text("symbol")?,
            amount: question.amount()?,
            to_address: question.address("toAddr")?,
        };
        if terms.symbol == "ENERGY" {
            question.integer("expiryHours")?;
            if !terms.amount.is_whole() {
                return Err(wrong("amount"));
            }
        }
        if self.is_new(&call_back_id)? {
            self.open_order(&tenant_user_id, &call_back_id, OrderState::InProgress, Some(terms));
            self.proceed(now, self.orders.len() - 1);
        }
        Ok(Answer::of(vec![("tenantUserId", text(&tenant_user_id)), ("id", text(&call_back_id))]))
    }

    /// Whether the call is to take effect.
    fn is_new(&self, call_back_id: &str) -> Result<bool, No> {
        let is_known = self.order_of.contains_key(call_back_id);
        match self.settings.repeated_call_back_id {
            _ if !is_known => Ok(true),
            Repeated::PaysAgain => Ok(true),
            Repeated::Accepted => Ok(false),
            Repeated::Refused => Err(No::Refused(REPEATED, "callBackId is known".to_owned())),
        }
    }

    /// Today's address alone; earlier ones are forgotten.
    fn user_address(&mut self, question: &Question<'_>) -> Result<Answer, No> {
        let tenant_user_id = question.text("tenantUserId")?;
        let chain_name = question.text("chainName")?;
        question.text("symbol")?;
        let addresses = self.users.entry(tenant_user_id.clone()).or_default();
        let address = addresses.entry(chain_name.clone()).or_insert_with(|| self.fresh.address(&chain_name));
        Ok(Answer::of(vec![
            ("tenantUserId", text(&tenant_user_id)),
            ("chainName", text(&chain_name)),
            ("address", text(address)),
        ]))
    }

    fn daily_statistics(&self, question: &Question<'_>) -> Result<Answer, No> {
        question.integer("userId")?;
        let day = Day::parse(&question.text("jobDate")?).ok_or_else(|| wrong("jobDate"))?;
        let deposits = self.deposits.iter().filter(|(_, on)| *on == day).map(|(deposit, _)| &deposit.amount);
        let paid = |order: &&Order| order.paid_on == Some(day);
        let terms = self.orders.iter().filter(paid).filter_map(|order| order.withdrawal.terms.as_ref());
        let withdrawals = terms.map(|terms| &terms.amount);
        let sum =
            |amounts: Vec<&Digits>| amounts.into_iter().fold(Digits::zero(), |sum, next| sum.plus(next));
        let totals = Answer::of(vec![
            ("jobDay", day.starts_at_ms().to_string()),
            ("totalDepositAmount", sum(deposits.clone().collect()).into()),
            ("totalDepositCount", deposits.count().to_string()),
            ("totalWithdrawAmount", sum(withdrawals.clone().collect()).into()),
            ("totalWithdrawCount", withdrawals.count().to_string()),
        ]);
        Ok(Answer { is_array: true, ..totals })
    }

    /// Another content under the same names, as somebody would who has it wrong.
    pub(super) fn contradict(&mut self, call: Call, answer: &mut Answer) {
        let old = |name| answer.get(name).unwrap_or_default().to_owned();
        let (name, other) = match call {
            Call::GetDepositOrder => ("depositAmount", another(&old("depositAmount"))),
            Call::GetWithdrawOrder => {
                ("orderState", if old("orderState") == "3" { "6" } else { "3" }.to_owned())
            }
            Call::GetUserAddress => {
                let chain_name: String = serde_json::from_str(&old("chainName")).unwrap_or_default();
                ("address", text(&self.fresh.address(&chain_name)))
            }
            Call::GetUserDailyStatistics => ("totalDepositCount", another(&old("totalDepositCount"))),
            // They say no more than what was asked.
            Call::WithdrawRequest | Call::WithdrawWithoutVerify => return self.answer_another(call, answer),
        };
        answer.set(name, other);
    }

    /// The answer to another question of the same kind.
    pub(super) fn answer_another(&mut self, call: Call, answer: &mut Answer) {
        match call {
            Call::GetDepositOrder => answer.set("txId", text(&self.fresh.tx_id())),
            Call::GetWithdrawOrder => answer.set("clientOrderId", text(&self.fresh.number())),
            Call::WithdrawRequest | Call::GetUserAddress => {
                answer.set("tenantUserId", text(&self.fresh.number()));
            }
            Call::WithdrawWithoutVerify => answer.set("id", text(&self.fresh.number())),
            Call::GetUserDailyStatistics => {
                let day = answer.get("jobDay").and_then(|day| day.parse::<i64>().ok()).unwrap_or_default();
                answer.set("jobDay", (day + 86_400_000).to_string());
            }
        }
    }
}
