//! `user/getUserAddress`: where does that user pay in?

use std::fmt;

use serde::Serialize;
use waas_callback::{Address, Asset};

use super::{Call, Question, json, same};
use crate::fields::Fields;
use crate::{CallError, UserId};

/// Whose address, and for what.
///
/// **Asking has an effect**: the platform registers a user whom it does not know. Ask for no id that came in a callback
/// until you know it from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressQuestion {
    /// The user in the merchant's system.
    pub tenant_user_id: String,
    /// Chain and symbol. A user's address is usually the same for all symbols of a chain.
    pub asset: Asset,
}

/// The deposit address that the user has today, compared with what was asked: user, chain, and symbol where it is named.
///
/// Earlier ones, which can still receive, are not told.
#[derive(Clone, PartialEq, Eq)]
pub struct UserAddress {
    /// The address.
    pub address: Address,
    /// What has to go with a payment on chains that share one address. Older pages alone have it.
    pub tag: Option<String>,
    /// 0 in use, 1 not. Older pages alone have it.
    pub state: Option<i64>,
    /// 0 to 100. Older pages alone have it.
    pub risk_score: Option<i64>,
}

impl fmt::Debug for UserAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserAddress").finish_non_exhaustive()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    tenant_user_id: &'a str,
    chain_name: &'a str,
    symbol: &'a str,
}

impl Question for AddressQuestion {
    type Answer = UserAddress;

    const CALL: Call = Call::GetUserAddress;
    const NO_DATA: CallError = CallError::UnknownThere;

    fn json(&self, _: UserId) -> String {
        json(&Json {
            tenant_user_id: &self.tenant_user_id,
            chain_name: self.asset.chain_name(),
            symbol: self.asset.symbol(),
        })
    }

    fn read(&self, opened: &str) -> Result<UserAddress, CallError> {
        let fields = Fields::parse(opened)?;
        same("tenantUserId", fields.text("tenantUserId")? == self.tenant_user_id)?;
        same("chainName", fields.text("chainName")? == self.asset.chain_name())?;
        // The prose lists symbol, the sample has none.
        let symbol = fields.optional_text("symbol")?;
        same("symbol", symbol.is_none_or(|symbol| symbol == self.asset.symbol()))?;
        Ok(UserAddress {
            address: Address::reported(self.asset.chain_name(), &fields.text("address")?),
            tag: fields.optional_text("tag")?.map(String::from),
            state: fields.integer_if_any("state"),
            risk_score: fields.integer_if_any("riskScore"),
        })
    }
}
