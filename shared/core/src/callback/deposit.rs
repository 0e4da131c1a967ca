//! Type 1: money arrived on a user's deposit address.

use serde::Serialize;

use super::{Callback, CallbackType, Room, json};
use crate::address::Address;
use crate::asset::Asset;
use crate::echo::Echo;
use crate::fields::{Fields, SchemaError};
use crate::money::Amount;
use crate::terms::Terms;
use crate::tx_id::TxId;

/// Type 1.
#[derive(Clone, PartialEq, Eq)]
pub struct Deposit {
    /// Transaction hash.
    pub tx_id: TxId,
    /// Position of the output in its transaction; the platform sends −1 where it has none.
    pub tx_index: Echo,
    /// Chain and symbol.
    pub asset: Asset,
    /// What arrived.
    pub amount: Amount,
    /// The payer's address, where the chain knows one.
    pub from_address: Echo,
    /// The user's deposit address.
    pub to_address: Address,
    /// Risk score of the payer, 0 to 100 by the documents; absent if it is no integer.
    pub risk_level_from: Option<i64>,
    /// Risk score of the user's address; see `risk_level_from`.
    pub risk_level_to: Option<i64>,
}

/// As the documents' sample has it, the three nulls included.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reply<'a> {
    r#type: u8,
    call_back_id: (),
    tracking_id: Option<&'a str>,
    state: (),
    tx_id: &'a str,
    tx_index: &'a Echo,
    chain_name: &'a str,
    symbol: &'a str,
    amount: &'a str,
    from_address: &'a Echo,
    to_address: &'a str,
    tenant_type: (),
    #[serde(rename = "requestUUID")]
    request_uuid: &'a str,
    tenant_user_id: &'a str,
}

impl Deposit {
    pub(super) fn parse(fields: &Fields<'_>) -> Result<Self, SchemaError> {
        let asset = fields.asset()?;
        Ok(Self {
            tx_id: fields.tx_id()?,
            tx_index: fields.echo("txIndex"),
            amount: fields.amount("amount")?,
            from_address: fields.echo("fromAddress"),
            to_address: Address::reported(asset.chain_name(), &fields.text("toAddress")?),
            risk_level_from: fields.risk_level("riskLevelFrom"),
            risk_level_to: fields.risk_level("riskLevelTo"),
            asset,
        })
    }

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
}

impl Room for Deposit {
    fn callback_type(&self) -> CallbackType {
        CallbackType::Deposit
    }

    fn event_parts<'a>(&'a self, _: &'a Callback) -> Vec<Option<&'a str>> {
        let (chain_name, symbol) = (self.asset.chain_name(), self.asset.symbol());
        vec![Some(self.tx_id.canonical()), Some(chain_name), Some(symbol), Some(self.to_address.canonical())]
    }

    fn content_parts(&self) -> Vec<Option<String>> {
        vec![
            Some(self.tx_id.canonical().to_owned()),
            Some(self.asset.chain_name().to_owned()),
            Some(self.asset.symbol().to_owned()),
            Some(self.amount.value().to_string()),
            Some(self.to_address.canonical().to_owned()),
        ]
    }

    fn position(&self) -> Option<u64> {
        u64::try_from(self.tx_index.as_integer()?).ok()
    }

    fn reply(&self, callback: &Callback, _: Option<&Terms>) -> String {
        json(&Reply {
            r#type: CallbackType::Deposit.number(),
            call_back_id: (),
            tracking_id: callback.tracking_id.as_deref(),
            state: (),
            tx_id: self.tx_id.text(),
            tx_index: &self.tx_index,
            chain_name: self.asset.chain_name(),
            symbol: self.asset.symbol(),
            amount: self.amount.text(),
            from_address: &self.from_address,
            to_address: self.to_address.text(),
            tenant_type: (),
            request_uuid: &callback.request_uuid,
            tenant_user_id: &callback.tenant_user_id,
        })
    }
}
