//! What goes wrong when it is told to: rules, each for a call or a callback, for some of its times.

use serde::Deserialize;

use super::names::Call;

/// The rules, in the order in which they are looked through. One rule at most applies to one call or one sending.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Misbehaviour {
    /// For the merchant's calls.
    pub calls: Vec<Rule<Call, CallFault>>,
    /// For callbacks.
    pub callbacks: Vec<Rule<CallbackType, CallbackFault>>,
}

/// Something that goes wrong, and when.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule<On, Do> {
    /// With which; with every one if left out.
    #[serde(default = "none")]
    pub on: Option<On>,
    /// What goes wrong.
    pub r#do: Do,
    /// So many of them pass unharmed first.
    #[serde(default)]
    pub skip: u32,
    /// Then so many go wrong; all, if left out.
    #[serde(default)]
    pub times: Option<u32>,
}

fn none<T>() -> Option<T> {
    None
}

/// What can go wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallFault {
    /// It never arrives: nothing happens, nothing is answered.
    Lose,
    /// It takes effect, and nothing is answered.
    LoseAnswer,
    /// It takes effect, and is answered after so many milliseconds.
    Delay(u64),
    /// It arrives twice, and takes effect twice.
    Repeat,
    /// The answer says something else than what is known: another amount, state, address or count.
    Contradict,
    /// The answer is well-formed and about something else.
    OtherQuestion,
    /// This HTTP status, before anything happens.
    Status(u16),
    /// A page of HTML with status 200, before anything happens.
    Html,
    /// It takes effect, and the answer is not sealed with our key.
    Unopenable,
    /// It takes effect, and the answer is code 0 without data.
    Nothing,
    /// This code, before anything happens.
    Refuse(i64),
}

/// What can go wrong with one sending of a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallbackFault {
    /// It is never sent, nor sent again.
    Lose,
    /// It arrives, its answer does not: it is sent again.
    LoseAnswer,
    /// It is sent so many milliseconds later.
    Delay(u64),
    /// It is sent so many times more, at once, each under a `requestUUID` of its own.
    Repeat(u8),
    /// It waits until another callback has gone ahead of it and is answered.
    Reorder,
    /// This sending says something else than what is known: another amount, address or `trackingId`.
    Contradict,
}

/// A callback's type, by the name that `waas trigger` has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallbackType {
    /// Type 1.
    Deposit,
    /// Type 2.
    WithdrawalConfirmation,
    /// Type 3.
    Withdrawal,
    /// Type 4.
    AddressChange,
    /// Type 5.
    WithdrawalFailure,
    /// Type 6.
    InsufficientBalance,
    /// Type 7.
    InsufficientGas,
}

impl CallbackType {
    /// The documents' number.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Deposit => 1,
            Self::WithdrawalConfirmation => 2,
            Self::Withdrawal => 3,
            Self::AddressChange => 4,
            Self::WithdrawalFailure => 5,
            Self::InsufficientBalance => 6,
            Self::InsufficientGas => 7,
        }
    }
}

impl Misbehaviour {
    pub(super) fn add(&mut self, more: Self) {
        self.calls.extend(more.calls);
        self.callbacks.extend(more.callbacks);
    }

    pub(super) fn of_call(&mut self, call: Call) -> Option<CallFault> {
        next(&mut self.calls, |on| on == call)
    }

    pub(super) fn of_callback(&mut self, number: Option<u8>) -> Option<CallbackFault> {
        next(&mut self.callbacks, |on| Some(on.number()) == number)
    }
}

/// The first rule that is about it and not used up. Rules before it that let it pass count it.
fn next<On: Copy, Do: Copy>(rules: &mut [Rule<On, Do>], is_about: impl Fn(On) -> bool) -> Option<Do> {
    for rule in rules.iter_mut().filter(|rule| rule.on.is_none_or(&is_about)) {
        if rule.skip > 0 {
            rule.skip -= 1;
            continue;
        }
        match &mut rule.times {
            Some(0) => {}
            Some(times) => {
                *times -= 1;
                return Some(rule.r#do);
            }
            None => return Some(rule.r#do),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_lets_some_pass_harms_some_and_is_used_up() {
        let json = r#"{"calls":[{"on":"getWithdrawOrder","do":{"status":403},"skip":1,"times":2},
            {"do":"html","skip":4}]}"#;
        let mut rules: Misbehaviour = serde_json::from_str(json).unwrap();
        let faults: Vec<_> = (0..6).map(|_| rules.of_call(Call::GetWithdrawOrder)).collect();
        let status = Some(CallFault::Status(403));
        // The second rule does not see what the first has harmed.
        assert_eq!(faults, [None, status, status, None, None, None]);
        assert_eq!(rules.of_call(Call::GetUserAddress), Some(CallFault::Html));
    }
}
