//! The platform's callbacks as types: parsed once, so that what holds one holds a well-formed callback.

mod asset;
mod fields;
mod reply;

pub use asset::{Asset, AssetError};
pub use fields::{MAX_TEXT_BYTES, SchemaError};
pub use reply::{Payout, Reply};

use crate::cipher::Opened;
use crate::money::Amount;
use crate::order::Terms;
use fields::Fields;

/// The symbol of an energy lease, which is no coin.
pub const ENERGY: &str = "ENERGY";

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
    /// The number on the wire, 1 to 7.
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

    /// The name used for its function, its events and its event keys.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::WithdrawalConfirmation => "withdrawal-confirmation",
            Self::Withdrawal => "withdrawal",
            Self::AddressChange => "address-change",
            Self::WithdrawalFailure => "withdrawal-failure",
            Self::InsufficientBalance => "insufficient-balance",
            Self::InsufficientGas => "insufficient-gas",
        }
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
    pub notice: Notice,
    /// The whole plaintext, with the fields that this version does not know.
    pub json: String,
}

/// What a callback tells, by type.
#[derive(Clone, PartialEq, Eq)]
pub enum Notice {
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

/// Type 1.
#[derive(Clone, PartialEq, Eq)]
pub struct Deposit {
    /// Transaction hash.
    pub tx_id: String,
    /// Position of the transaction; the platform sends −1 where it has none.
    pub tx_index: i64,
    /// Chain and symbol.
    pub asset: Asset,
    /// What arrived.
    pub amount: Amount,
    /// The payer's address; empty where the chain knows none.
    pub from_address: String,
    /// The user's deposit address.
    pub to_address: String,
    /// Risk score of the payer, 0 to 100 by the documents; absent if it is no integer.
    pub risk_level_from: Option<i64>,
    /// Risk score of the user's address; see `risk_level_from`.
    pub risk_level_to: Option<i64>,
}

/// Type 2. An older template of the platform also names what it believes the order to be.
#[derive(Clone, PartialEq, Eq)]
pub struct WithdrawalConfirmation {
    /// The merchant's id of the withdrawal.
    pub call_back_id: String,
    /// Chain, where sent.
    pub chain_name: Option<String>,
    /// Symbol, where sent.
    pub symbol: Option<String>,
    /// Amount, where sent.
    pub amount: Option<Amount>,
    /// Payee, where sent.
    pub to_address: Option<String>,
}

/// Type 3.
#[derive(Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// The merchant's id of the withdrawal.
    pub call_back_id: String,
    /// Transaction hash.
    pub tx_id: String,
    /// Chain and symbol. Symbol `ENERGY` is a lease, not a coin.
    pub asset: Asset,
    /// What was paid, or the number of leases.
    pub amount: Amount,
    /// The hot wallet.
    pub from_address: String,
    /// The payee.
    pub to_address: String,
    /// Arrival of an energy lease, in milliseconds since 1970.
    pub tx_time_stamp: Option<i64>,
}

/// Type 4. `toAddress` is not read: it is an optional copy, and damaged in one of the documents' samples.
#[derive(Clone, PartialEq, Eq)]
pub struct AddressChange {
    /// Chain and symbol.
    pub asset: Asset,
    /// The user's deposit address from now on.
    pub new_address: String,
}

/// Type 5. Names neither amount nor symbol.
#[derive(Clone, PartialEq, Eq)]
pub struct WithdrawalFailure {
    /// The merchant's id of the withdrawal.
    pub call_back_id: String,
    /// The payee, where sent.
    pub to_address: Option<String>,
}

/// Type 6.
#[derive(Clone, PartialEq, Eq)]
pub struct InsufficientBalance {
    /// The merchant's id of the withdrawal.
    pub call_back_id: String,
}

/// Type 7.
#[derive(Clone, PartialEq, Eq)]
pub struct InsufficientGas {
    /// The merchant's id of the withdrawal.
    pub call_back_id: String,
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

    fn parse_json(json: &str) -> Result<Option<Self>, SchemaError> {
        let fields = Fields::parse(json)?;
        let parse = match fields.callback_type()? {
            0 => return Ok(None),
            1 => Deposit::parse,
            2 => WithdrawalConfirmation::parse,
            3 => Withdrawal::parse,
            4 => AddressChange::parse,
            5 => WithdrawalFailure::parse,
            6 => |fields: &Fields<'_>| {
                Ok(Notice::InsufficientBalance(InsufficientBalance {
                    call_back_id: fields.text("callBackId")?,
                }))
            },
            7 => |fields: &Fields<'_>| {
                Ok(Notice::InsufficientGas(InsufficientGas { call_back_id: fields.text("callBackId")? }))
            },
            _ => return Err(SchemaError::UnknownType),
        };
        Ok(Some(Self {
            request_uuid: fields.text("requestUUID")?,
            tenant_user_id: fields.text_or_integer("tenantUserId")?,
            tracking_id: fields.optional_text("trackingId")?,
            notice: parse(&fields)?,
            json: json.to_owned(),
        }))
    }

    /// Which of the seven types this is.
    #[must_use]
    pub fn callback_type(&self) -> CallbackType {
        match self.notice {
            Notice::Deposit(_) => CallbackType::Deposit,
            Notice::WithdrawalConfirmation(_) => CallbackType::WithdrawalConfirmation,
            Notice::Withdrawal(_) => CallbackType::Withdrawal,
            Notice::AddressChange(_) => CallbackType::AddressChange,
            Notice::WithdrawalFailure(_) => CallbackType::WithdrawalFailure,
            Notice::InsufficientBalance(_) => CallbackType::InsufficientBalance,
            Notice::InsufficientGas(_) => CallbackType::InsufficientGas,
        }
    }

    /// The merchant's id of the withdrawal, in the types that have one.
    #[must_use]
    pub fn call_back_id(&self) -> Option<&str> {
        match &self.notice {
            Notice::Deposit(_) | Notice::AddressChange(_) => None,
            Notice::WithdrawalConfirmation(notice) => Some(&notice.call_back_id),
            Notice::Withdrawal(notice) => Some(&notice.call_back_id),
            Notice::WithdrawalFailure(notice) => Some(&notice.call_back_id),
            Notice::InsufficientBalance(notice) => Some(&notice.call_back_id),
            Notice::InsufficientGas(notice) => Some(&notice.call_back_id),
        }
    }
}

/// A merchant's own request to register a withdrawal, by the same strict reading as the platform's callbacks.
#[derive(Clone, PartialEq, Eq)]
pub struct Registration {
    /// The merchant's id of the withdrawal.
    pub call_back_id: String,
    /// The user who withdraws.
    pub tenant_user_id: String,
    /// What it is to pay.
    pub terms: Terms,
}

impl Registration {
    /// Parses `{"callBackId", "tenantUserId", "chainName", "symbol", "amount", "address"}`.
    ///
    /// # Errors
    ///
    /// [`SchemaError`] names the field and the broken rule.
    pub fn parse(json: &str) -> Result<Self, SchemaError> {
        let fields = Fields::parse(json)?;
        Ok(Self {
            call_back_id: fields.text("callBackId")?,
            tenant_user_id: fields.text_or_integer("tenantUserId")?,
            terms: Terms {
                asset: fields.asset()?,
                amount: fields.amount("amount")?,
                address: fields.text("address")?,
            },
        })
    }
}

impl std::fmt::Debug for Callback {
    /// Type and request only: the rest is the user's.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Callback({} {})", self.callback_type().name(), self.request_uuid)
    }
}

impl Deposit {
    /// Is the higher of the two risk scores at or above `threshold`? A score that is missing or out of the
    /// documented range counts as the highest.
    #[must_use]
    pub fn is_risky(&self, threshold: u8) -> bool {
        let reaches = |score: Option<i64>| match score {
            Some(score @ 0..=100) => score >= i64::from(threshold),
            _ => true,
        };
        reaches(self.risk_level_from) || reaches(self.risk_level_to)
    }

    fn parse(fields: &Fields<'_>) -> Result<Notice, SchemaError> {
        Ok(Notice::Deposit(Self {
            tx_id: fields.text("txId")?,
            tx_index: fields.integer("txIndex")?,
            asset: fields.asset()?,
            amount: fields.amount("amount")?,
            from_address: fields.text_or_empty("fromAddress")?,
            to_address: fields.text("toAddress")?,
            risk_level_from: fields.risk_level("riskLevelFrom"),
            risk_level_to: fields.risk_level("riskLevelTo"),
        }))
    }
}

impl WithdrawalConfirmation {
    fn parse(fields: &Fields<'_>) -> Result<Notice, SchemaError> {
        Ok(Notice::WithdrawalConfirmation(Self {
            call_back_id: fields.text("callBackId")?,
            chain_name: fields.optional_text("chainName")?,
            symbol: fields.optional_text("symbol")?,
            amount: fields.optional_amount("amount")?,
            to_address: fields.optional_text("toAddress")?,
        }))
    }
}

impl Withdrawal {
    /// Is this an energy lease? Then `amount` counts leases, and no coin moves.
    #[must_use]
    pub fn is_energy(&self) -> bool {
        self.asset.symbol().eq_ignore_ascii_case(ENERGY)
    }

    fn parse(fields: &Fields<'_>) -> Result<Notice, SchemaError> {
        Ok(Notice::Withdrawal(Self {
            call_back_id: fields.text("callBackId")?,
            tx_id: fields.text("txId")?,
            asset: fields.asset()?,
            amount: fields.amount("amount")?,
            from_address: fields.text_or_empty("fromAddress")?,
            to_address: fields.text("toAddress")?,
            tx_time_stamp: fields.optional_integer("txTimeStamp")?,
        }))
    }
}

impl AddressChange {
    fn parse(fields: &Fields<'_>) -> Result<Notice, SchemaError> {
        Ok(Notice::AddressChange(Self { asset: fields.asset()?, new_address: fields.text("newAddress")? }))
    }
}

impl WithdrawalFailure {
    fn parse(fields: &Fields<'_>) -> Result<Notice, SchemaError> {
        Ok(Notice::WithdrawalFailure(Self {
            call_back_id: fields.text("callBackId")?,
            to_address: fields.optional_text("toAddress")?,
        }))
    }
}

#[cfg(test)]
mod tests;
