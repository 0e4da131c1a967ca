//! The platform's callbacks as types: parsed once, so that what holds one holds a well-formed callback.
//!
//! Each type has a room of its own below: its fields, how they are read, what makes two of them one event, and what
//! the platform wants to read in reply.

mod address_change;
mod deposit;
mod insufficient_balance;
mod insufficient_gas;
mod withdrawal;
mod withdrawal_confirmation;
mod withdrawal_failure;

use std::fmt;

use serde::Serialize;

pub use address_change::AddressChange;
pub use deposit::Deposit;
pub use insufficient_balance::InsufficientBalance;
pub use insufficient_gas::InsufficientGas;
pub use withdrawal::{ENERGY, Withdrawal};
pub use withdrawal_confirmation::WithdrawalConfirmation;
pub use withdrawal_failure::WithdrawalFailure;

use crate::asset::Asset;
use crate::call_back_id::CallBackId;
use crate::cipher::Opened;
use crate::fields::{Fields, SchemaError};
use crate::identity::{EventKey, Fingerprint, Identity};
use crate::money::Amount;
use crate::terms::Terms;
use crate::tx_id::TxId;

/// The number that tells callbacks apart, with the platform's name for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallbackType {
    /// 1, `NOTIFY_DEPOSITED`
    Deposit,
    /// 2, `NOTIFY_REQUEST_WITHDRAW`
    WithdrawalConfirmation,
    /// 3, `NOTIFY_WITHDRAW`
    Withdrawal,
    /// 4, `NOTIFY_ADDRESS`
    AddressChange,
    /// 5, `NOTIFY_INVALID_ADDRESS`
    WithdrawalFailure,
    /// 6, `NOTIFY_NOT_ENOUGH_MONEY`
    InsufficientBalance,
    /// 7, `NOTIFY_NOT_ENOUGH_HOT_MONEY`
    InsufficientGas,
}

impl CallbackType {
    fn number_and_name(self) -> (u8, &'static str) {
        match self {
            Self::Deposit => (1, "deposit"),
            Self::WithdrawalConfirmation => (2, "withdrawal-confirmation"),
            Self::Withdrawal => (3, "withdrawal"),
            Self::AddressChange => (4, "address-change"),
            Self::WithdrawalFailure => (5, "withdrawal-failure"),
            Self::InsufficientBalance => (6, "insufficient-balance"),
            Self::InsufficientGas => (7, "insufficient-gas"),
        }
    }

    /// The number on the wire, 1 to 7.
    #[must_use]
    pub fn number(self) -> u8 {
        self.number_and_name().0
    }

    /// The name used for its function, its events and its event keys.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.number_and_name().1
    }
}

/// One callback: what all types share, and what is its own.
#[derive(Clone, PartialEq, Eq)]
pub struct Callback {
    /// Unique to this request; a retry of the same event carries another.
    pub request_uuid: String,
    /// The user's id in the merchant's own system.
    pub tenant_user_id: String,
    /// Constant over the retries of an event and over a withdrawal's whole life; absent in type 4.
    pub tracking_id: Option<String>,
    /// What happened.
    pub content: Content,
    /// The whole plaintext, with the fields that this version does not know.
    pub json: String,
}

/// What a callback tells, by type.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// 1: money arrived on a user's deposit address.
    Deposit(Deposit),
    /// 2: the platform asks what a withdrawal is to pay.
    WithdrawalConfirmation(WithdrawalConfirmation),
    /// 3: a withdrawal is done on chain, or an energy lease arrived.
    Withdrawal(Withdrawal),
    /// 4: the user's deposit address changed.
    AddressChange(AddressChange),
    /// 5: a withdrawal ended for good without paying.
    WithdrawalFailure(WithdrawalFailure),
    /// 6: a withdrawal waits for coin in the merchant's hot wallet.
    InsufficientBalance(InsufficientBalance),
    /// 7: a withdrawal waits for gas in the merchant's hot wallet.
    InsufficientGas(InsufficientGas),
}

/// Coins that moved on chain, by what a callback says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer<'a> {
    /// The transaction.
    pub tx_id: &'a TxId,
    /// What moved.
    pub asset: &'a Asset,
    /// How much of it.
    pub amount: &'a Amount,
}

/// What every type says of itself.
trait Room {
    fn callback_type(&self) -> CallbackType;

    /// The merchant's id of the withdrawal, where the type has one.
    fn call_back_id(&self) -> Option<&CallBackId> {
        None
    }

    /// The parts that name the event, in a fixed order.
    fn event_parts<'a>(&'a self, callback: &'a Callback) -> Vec<Option<&'a str>>;

    /// The fields of the type's own that mean money or identity, in a fixed order.
    fn content_parts(&self) -> Vec<Option<String>>;

    /// Which output of its transaction it is, where the type and the platform tell.
    fn position(&self) -> Option<u64> {
        None
    }

    /// The coins that moved on chain, where the type tells of any.
    fn transfer(&self) -> Option<Transfer<'_>> {
        None
    }

    /// The plaintext of the reply's `data`. `payout` is the order that a type 2 asks for; others have none.
    fn reply(&self, callback: &Callback, payout: Option<&Terms>) -> String;
}

impl Content {
    fn room(&self) -> &dyn Room {
        match self {
            Self::Deposit(content) => content,
            Self::WithdrawalConfirmation(content) => content,
            Self::Withdrawal(content) => content,
            Self::AddressChange(content) => content,
            Self::WithdrawalFailure(content) => content,
            Self::InsufficientBalance(content) => content,
            Self::InsufficientGas(content) => content,
        }
    }

    fn parse(fields: &Fields<'_>) -> Result<Option<Self>, SchemaError> {
        let content = match fields.callback_type()? {
            0 => return Ok(None),
            1 => Self::Deposit(Deposit::parse(fields)?),
            2 => Self::WithdrawalConfirmation(WithdrawalConfirmation::parse(fields)?),
            3 => Self::Withdrawal(Withdrawal::parse(fields)?),
            4 => Self::AddressChange(AddressChange::parse(fields)?),
            5 => Self::WithdrawalFailure(WithdrawalFailure::parse(fields)?),
            6 => Self::InsufficientBalance(InsufficientBalance::parse(fields)?),
            7 => Self::InsufficientGas(InsufficientGas::parse(fields)?),
            _ => return Err(SchemaError::UnknownType),
        };
        Ok(Some(content))
    }
}

impl Callback {
    /// Parses an opened body. `None` is type 0, `NOTIFY_UNKNOWN`, which needs no handling and no answer.
    ///
    /// Required means required, duplicate keys are refused, unknown fields are kept in
    /// [`json`](Self::json), and an amount may be a string or a JSON number.
    ///
    /// # Errors
    ///
    /// [`SchemaError`] names the field and the broken rule, never a value.
    pub fn parse(opened: &Opened) -> Result<Option<Self>, SchemaError> {
        Self::parse_json(opened.as_str())
    }

    /// Reads back what a record holds, as [`parse`](Self::parse) has read it.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn recorded(json: &str) -> Result<Option<Self>, SchemaError> {
        Self::parse_json(json)
    }

    fn parse_json(json: &str) -> Result<Option<Self>, SchemaError> {
        let fields = Fields::parse(json)?;
        let Some(content) = Content::parse(&fields)? else { return Ok(None) };
        Ok(Some(Self {
            request_uuid: fields.text("requestUUID")?,
            tenant_user_id: fields.text_or_integer("tenantUserId")?,
            tracking_id: fields.optional_text("trackingId")?,
            content,
            json: json.to_owned(),
        }))
    }

    /// Which of the seven types this is.
    #[must_use]
    pub fn callback_type(&self) -> CallbackType {
        self.content.room().callback_type()
    }

    /// The merchant's id of the withdrawal, in the types that have one.
    #[must_use]
    pub fn call_back_id(&self) -> Option<&CallBackId> {
        self.content.room().call_back_id()
    }

    /// The coins that moved on chain, in the types that tell of any.
    #[must_use]
    pub fn transfer(&self) -> Option<Transfer<'_>> {
        self.content.room().transfer()
    }

    /// Does it name a tag, by which many users share one address? No document describes it; some callbacks have it.
    #[must_use]
    pub fn has_tag(&self) -> bool {
        let Ok(fields) = Fields::parse(&self.json) else { return true };
        let tag = fields.raw("tag").map(str::trim);
        tag.is_some_and(|tag| !matches!(tag, "null" | "\"\""))
    }

    /// Which event this tells of, and with what content.
    ///
    /// The event's key is the type's name and what its room says names the event; the fingerprint covers user,
    /// trackingId and callBackId, and what the room says means money or identity.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let room = self.content.room();
        let kind = room.callback_type().name();
        let common = [
            Some(&*self.tenant_user_id),
            self.tracking_id.as_deref(),
            self.call_back_id().map(CallBackId::as_str),
        ];
        let own = room.content_parts();
        let content = common.into_iter().chain(own.iter().map(Option::as_deref));
        Identity {
            event_key: EventKey::new(kind, room.event_parts(self)),
            fingerprint: Fingerprint::new(kind, content),
            position: room.position(),
        }
    }

    /// The reply as compact JSON, ready to be sealed. `payout` is the order that a type 2 asks for; without it, as
    /// in a refusal, the reply says nothing of the order. Other types have none.
    #[must_use]
    pub fn reply(&self, payout: Option<&Terms>) -> String {
        self.content.room().reply(self, payout)
    }
}

impl fmt::Debug for Callback {
    /// Type and request only: the rest is the user's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Callback({} {})", self.callback_type().name(), self.request_uuid)
    }
}

/// What types 5, 6 and 7 are answered with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderReply<'a> {
    r#type: u8,
    call_back_id: &'a str,
    tracking_id: Option<&'a str>,
    #[serde(rename = "requestUUID")]
    request_uuid: &'a str,
    tenant_user_id: &'a str,
}

impl<'a> OrderReply<'a> {
    fn json(callback: &'a Callback, call_back_id: &'a CallBackId) -> String {
        json(&Self {
            r#type: callback.callback_type().number(),
            call_back_id: call_back_id.as_str(),
            tracking_id: callback.tracking_id.as_deref(),
            request_uuid: &callback.request_uuid,
            tenant_user_id: &callback.tenant_user_id,
        })
    }
}

#[expect(clippy::expect_used, reason = "texts, integers and nulls always serialise")]
fn json(reply: &impl Serialize) -> String {
    serde_json::to_string(reply).expect("a reply is plain data")
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
