//! `deposit/getDepositOrder`: is that deposit the platform's?

use serde::Serialize;
use waas_callback::{Address, Amount, Asset, TxId};

use super::{Call, Question, json, same, wire_address};
use crate::fields::Fields;
use crate::{CallError, UserId};

/// Which deposit: the four fields that name one. All of a type 1 callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepositQuestion {
    /// Transaction hash.
    pub tx_id: TxId,
    /// Chain and symbol.
    pub asset: Asset,
    /// The deposit address that was paid.
    pub to_address: Address,
}

/// A deposit that the platform knows, and that is the one that was asked for: transaction, chain, symbol and address
/// have been compared.
///
/// It does **not** say whose it is: the answer names no user. Bind the address to the user by what you know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepositOrder {
    /// `depositAmount`: what arrived, in units of the asset. For the caller to compare, by value.
    pub amount: Amount,
    /// `callbackSuccess`: did the merchant take the callback, as the platform sees it? None where it says neither.
    pub callback_success: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    tx_id: &'a str,
    chain_name: &'a str,
    symbol: &'a str,
    to_address: &'a str,
}

impl Question for DepositQuestion {
    type Answer = DepositOrder;

    const CALL: Call = Call::GetDepositOrder;
    const NO_DATA: CallError = CallError::UnknownThere;

    fn json(&self, _: UserId) -> String {
        json(&Json {
            tx_id: self.tx_id.text(),
            chain_name: self.asset.chain_name(),
            symbol: self.asset.symbol(),
            to_address: wire_address(&self.to_address),
        })
    }

    fn read(&self, opened: &str) -> Result<DepositOrder, CallError> {
        let fields = Fields::parse(opened)?;
        // The documents' sample has txId, their prose txID.
        let name = if fields.raw("txID").is_some() { "txID" } else { "txId" };
        let tx_id = fields.text(name)?;
        same("txId", TxId::from(&*tx_id) == self.tx_id)?;
        same("chainName", fields.text("chainName")? == self.asset.chain_name())?;
        same("symbol", fields.text("symbol")? == self.asset.symbol())?;
        let to_address = Address::reported(self.asset.chain_name(), &fields.text("toAddress")?);
        same("toAddress", to_address == self.to_address)?;
        Ok(DepositOrder {
            amount: fields.amount("depositAmount")?,
            callback_success: fields.boolean_if_any("callbackSuccess"),
        })
    }
}
