//! What the simulated platform knows and how it behaves: the JSON that a scenario is written in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::misbehaviour::Misbehaviour;

/// All that can be told to a simulator, at its start or later. Every part may be left out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Scenario {
    /// Where the documents are silent; kept as it was if left out.
    pub settings: Option<Settings>,
    /// Users that are registered.
    pub users: Vec<User>,
    /// Deposits that exist. Those with `callbackSuccess` false, the default, are called back.
    pub deposits: Vec<Deposit>,
    /// Withdrawals that were ordered earlier. They stay in their state unless `outcomes` names them.
    pub withdrawals: Vec<Withdrawal>,
    /// What becomes of a withdrawal once it is in progress, by its `callBackId`. Otherwise it is paid.
    pub outcomes: BTreeMap<String, Outcome>,
    /// Users whose address changes now, and who are called back about it (type 4).
    pub address_changes: Vec<AddressChange>,
    /// Callbacks sent as they stand, whatever the platform knows: forgeries. A fresh `requestUUID` is put in.
    pub callbacks: Vec<Box<RawValue>>,
    /// What goes wrong.
    pub misbehaviour: Misbehaviour,
}

/// What the documents do not say.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// How an unknown deposit or order is answered.
    pub unknown: Unknown,
    /// What a withdrawal call with a known `callBackId` does.
    pub repeated_call_back_id: Repeated,
    /// The pause before a callback's first retry. Each further one is twice as long.
    pub first_pause_ms: u64,
    /// The longest pause.
    pub longest_pause_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            unknown: Unknown::default(),
            repeated_call_back_id: Repeated::default(),
            first_pause_ms: 1_000,
            longest_pause_ms: 3_600_000,
        }
    }
}

/// How an unknown deposit or order is answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// Code 0, `data` null.
    #[default]
    Nothing,
    /// A code that is not 0.
    Refused,
}

/// What a withdrawal call with a known `callBackId` does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repeated {
    /// It is another withdrawal, and paid as well: the worst, and so what a merchant has to be ready for.
    #[default]
    PaysAgain,
    /// A code that is not 0.
    Refused,
    /// Success, and nothing happens.
    Accepted,
}

/// A user, by the merchant's id.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct User {
    /// The merchant's id.
    pub tenant_user_id: String,
    /// Today's deposit address on each chain. On others the user gets one when it is asked for.
    #[serde(default)]
    pub addresses: BTreeMap<String, String>,
}

/// A deposit that arrived on chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deposit {
    /// Transaction hash.
    pub tx_id: String,
    /// The chain.
    pub chain_name: String,
    /// The coin.
    pub symbol: String,
    /// What arrived.
    pub amount: Digits,
    /// The user's deposit address. The user has it from now on, if no other is known.
    pub to_address: String,
    /// The user, by the merchant's id.
    pub tenant_user_id: String,
    /// The payer.
    #[serde(default)]
    pub from_address: String,
    /// Risk of the payer's address, 0 to 100.
    #[serde(default)]
    pub risk_level_from: u8,
    /// Risk of the user's address.
    #[serde(default)]
    pub risk_level_to: u8,
    /// Did the merchant take the callback, or is it sent by somebody else? If not, it is sent.
    #[serde(default)]
    pub callback_success: bool,
}

impl Deposit {
    /// What it is asked for by.
    pub(super) fn asked_by(&self) -> [&str; 4] {
        [&self.tx_id, &self.chain_name, &self.symbol, &self.to_address].map(String::as_str)
    }
}

/// A withdrawal that was ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Withdrawal {
    /// The merchant's id of it.
    pub call_back_id: String,
    /// The user, by the merchant's id.
    pub tenant_user_id: String,
    /// How far it is.
    pub order_state: OrderState,
    /// What it pays, once that is known.
    #[serde(default)]
    pub terms: Option<Terms>,
}

/// What a withdrawal pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Terms {
    /// The chain.
    pub chain_name: String,
    /// The coin; `ENERGY` is a lease.
    pub symbol: String,
    /// How much; of a lease, how many.
    pub amount: Digits,
    /// To whom.
    pub to_address: String,
}

/// `orderState`, by the documents' numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum OrderState {
    /// 0
    Initial,
    /// 1: waits for the merchant's confirmation.
    InReview,
    /// 2
    InProgress,
    /// 3: paid.
    Complete,
    /// 4: unpaid.
    Cancelled,
    /// 5
    ManualHandling,
    /// 6: unpaid.
    Failed,
}

impl From<OrderState> for u8 {
    fn from(state: OrderState) -> Self {
        match state {
            OrderState::Initial => 0,
            OrderState::InReview => 1,
            OrderState::InProgress => 2,
            OrderState::Complete => 3,
            OrderState::Cancelled => 4,
            OrderState::ManualHandling => 5,
            OrderState::Failed => 6,
        }
    }
}

impl TryFrom<u8> for OrderState {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Ok(match number {
            0 => Self::Initial,
            1 => Self::InReview,
            2 => Self::InProgress,
            3 => Self::Complete,
            4 => Self::Cancelled,
            5 => Self::ManualHandling,
            6 => Self::Failed,
            _ => return Err("orderState is 0 to 6"),
        })
    }
}

/// What becomes of a withdrawal in progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Paid, state 3; type 3 tells it.
    Complete,
    /// Unpaid, state 6; type 5 tells it.
    Failed,
    /// Unpaid, state 4; type 5 tells it.
    Cancelled,
    /// State 5; nothing tells it.
    ManualHandling,
    /// Stays in progress; type 6 tells it.
    InsufficientBalance,
    /// Stays in progress; type 7 tells it.
    InsufficientGas,
    /// Stays in progress; nothing tells it.
    Waits,
}

/// A user's new deposit address.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddressChange {
    /// The user, by the merchant's id.
    pub tenant_user_id: String,
    /// The chain.
    pub chain_name: String,
    /// The coin that the callback names.
    pub symbol: String,
    /// The address from now on; a fresh one if left out.
    #[serde(default)]
    pub new_address: Option<String>,
}

/// A decimal number in plain digits, kept as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digits(String);

/// The text is no decimal number in plain digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a number such as \"2.5\"")]
pub struct DigitsError;

impl Digits {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Exact: digit by digit, as on paper.
    pub(super) fn plus(&self, other: &Self) -> Self {
        let split = |text: &str| {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            (whole.to_owned(), fraction.to_owned())
        };
        let (a, b) = (split(&self.0), split(&other.0));
        let (wide, deep) = (a.0.len().max(b.0.len()), a.1.len().max(b.1.len()));
        let column = |(whole, fraction): (String, String)| format!("{whole:0>wide$}{fraction:0<deep$}");
        let (a, b) = (column(a), column(b));
        let (mut carry, mut sum) = (0, Vec::with_capacity(a.len() + 2));
        for (a, b) in a.bytes().rev().zip(b.bytes().rev()) {
            let digit = (a - b'0') + (b - b'0') + carry;
            carry = digit / 10;
            sum.push(char::from(b'0' + digit % 10));
        }
        if carry > 0 {
            sum.push('1');
        }
        if deep > 0 {
            sum.insert(deep, '.');
        }
        Self(sum.into_iter().rev().collect())
    }

    pub(super) fn is_whole(&self) -> bool {
        !self.0.contains('.')
    }

    pub(super) fn zero() -> Self {
        Self("0".to_owned())
    }

    pub(super) fn is_zero(&self) -> bool {
        self.0.bytes().all(|byte| matches!(byte, b'0' | b'.'))
    }
}

impl TryFrom<String> for Digits {
    type Error = DigitsError;

    fn try_from(text: String) -> Result<Self, DigitsError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        // As JSON writes numbers, which is how the platform answers amounts.
        let leads_with_zero = whole.len() > 1 && whole.starts_with('0');
        if all_digits(whole) && all_digits(fraction) && !leads_with_zero {
            Ok(Self(text))
        } else {
            Err(DigitsError)
        }
    }
}

impl From<Digits> for String {
    fn from(digits: Digits) -> Self {
        digits.0
    }
}

/// Another number of as many digits: the first one is another.
pub(super) fn another(number: &str) -> String {
    let mut chars = number.chars();
    let first = match chars.next().and_then(|digit| digit.to_digit(10)) {
        Some(digit) => digit % 9 + 1,
        None => 1,
    };
    format!("{first}{}", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Digits {
        Digits::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn sums_are_exact_however_long() {
        for (a, b, sum) in [
            ("1.5", "2.25", "3.75"),
            ("0.9", "0.1", "1.0"),
            ("999", "1", "1000"),
            ("0", "7.0", "7.0"),
            (
                "12345678901234567890.123456789012345678",
                "0.000000000000000001",
                "12345678901234567890.123456789012345679",
            ),
        ] {
            assert_eq!(digits(a).plus(&digits(b)).as_str(), sum);
            assert_eq!(digits(b).plus(&digits(a)).as_str(), sum);
        }
    }

    #[test]
    fn what_json_would_not_write_is_no_amount() {
        for text in ["", ".5", "1.", "-1", "1e5", "01", "1,5", "1.2.3", "x"] {
            assert_eq!(Digits::try_from(text.to_owned()), Err(DigitsError), "{text}");
        }
    }

    #[test]
    fn another_number_is_never_the_same_by_value() {
        for (number, other) in
            [("0", "1"), ("0.5", "1.5"), ("1.300", "2.300"), ("9", "1"), ("90", "10"), ("", "1")]
        {
            assert_eq!(another(number), other);
        }
    }

    #[test]
    fn a_misspelled_part_of_a_scenario_is_refused() {
        for json in [
            r#"{"deposit":[]}"#,
            r#"{"settings":{"firstPause":1}}"#,
            r#"{"outcomes":{"D1":"payed"}}"#,
            r#"{"withdrawals":[{"callBackId":"D1","tenantUserId":"1","orderState":7}]}"#,
            r#"{"misbehaviour":{"calls":[{"on":"getOrder","do":"lose"}]}}"#,
            r#"{"misbehaviour":{"callbacks":[{"do":"html"}]}}"#,
        ] {
            assert!(serde_json::from_str::<Scenario>(json).is_err(), "{json}");
        }
    }
}
