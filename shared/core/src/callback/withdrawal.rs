//! Type 3: a withdrawal is done on chain, or an energy lease arrived.

use serde::Serialize;

use super::{Callback, CallbackType, Room, Transfer, json};
use crate::address::Address;
use crate::asset::Asset;
use crate::call_back_id::CallBackId;
use crate::echo::Echo;
use crate::fields::{Fields, SchemaError};
use crate::terms::Terms;
use crate::tx_id::TxId;

/// The symbol of an energy lease, which is no coin.
pub const ENERGY: &str = "ENERGY";

/// Type 3.
#[derive(Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// The merchant's id of the withdrawal.
    pub call_back_id: CallBackId,
    /// Transaction hash.
    pub tx_id: TxId,
    /// What was paid, and to whom. Symbol `ENERGY` is a lease, not a coin, and the amount then the number of leases.
    pub paid: Terms,
    /// The hot wallet.
    pub from_address: Echo,
    /// Arrival of an energy lease, in milliseconds since 1970, where it was sent.
    pub tx_time_stamp: Option<Echo>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reply<'a> {
    r#type: u8,
    call_back_id: &'a str,
    tracking_id: Option<&'a str>,
    tx_id: &'a str,
    chain_name: &'a str,
    symbol: &'a str,
    amount: &'a str,
    from_address: &'a Echo,
    to_address: &'a str,
    #[serde(rename = "requestUUID")]
    request_uuid: &'a str,
    tenant_user_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tx_time_stamp: Option<&'a Echo>,
}

impl Withdrawal {
    pub(super) fn parse(fields: &Fields<'_>) -> Result<Self, SchemaError> {
        let asset = fields.asset()?;
        Ok(Self {
            call_back_id: fields.call_back_id()?,
            tx_id: fields.tx_id()?,
            from_address: fields.echo("fromAddress"),
            tx_time_stamp: fields.optional_echo("txTimeStamp"),
            paid: Terms {
                amount: fields.amount("amount")?,
                address: Address::reported(asset.chain_name(), &fields.text("toAddress")?),
                asset,
            },
        })
    }

    /// Is this an energy lease? Then `amount` counts leases, and no coin moves.
    #[must_use]
    pub fn is_energy(&self) -> bool {
        is_energy(&self.paid.asset)
    }
}

/// Is this asset energy, which is leased and no coin?
pub(crate) fn is_energy(asset: &Asset) -> bool {
    asset.symbol().eq_ignore_ascii_case(ENERGY)
}

impl Room for Withdrawal {
    fn callback_type(&self) -> CallbackType {
        CallbackType::Withdrawal
    }

    fn call_back_id(&self) -> Option<&CallBackId> {
        Some(&self.call_back_id)
    }

    /// The order names it too: one transaction can pay many.
    fn event_parts<'a>(&'a self, _: &'a Callback) -> Vec<Option<&'a str>> {
        let asset = &self.paid.asset;
        vec![
            Some(self.tx_id.canonical()),
            Some(asset.chain_name()),
            Some(asset.symbol()),
            Some(self.call_back_id.as_str()),
        ]
    }

    fn content_parts(&self) -> Vec<Option<String>> {
        let [chain_name, symbol, amount, to_address] = self.paid.content();
        vec![
            Some(self.tx_id.canonical().to_owned()),
            Some(chain_name),
            Some(symbol),
            Some(amount),
            Some(to_address),
        ]
    }

    fn transfer(&self) -> Option<Transfer<'_>> {
        Some(Transfer { tx_id: &self.tx_id, asset: &self.paid.asset, amount: &self.paid.amount })
    }

    fn reply(&self, callback: &Callback, _: Option<&Terms>) -> String {
        json(&Reply {
            r#type: CallbackType::Withdrawal.number(),
            call_back_id: self.call_back_id.as_str(),
            tracking_id: callback.tracking_id.as_deref(),
            tx_id: self.tx_id.text(),
            chain_name: self.paid.asset.chain_name(),
            symbol: self.paid.asset.symbol(),
            amount: self.paid.amount.text(),
            from_address: &self.from_address,
            to_address: self.paid.address.text(),
            request_uuid: &callback.request_uuid,
            tenant_user_id: &callback.tenant_user_id,
            tx_time_stamp: self.tx_time_stamp.as_ref(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::callback::testing::{WITHDRAWAL, identity, parse, reply, with};

    #[test]
    fn the_documents_withdrawal_has_the_documents_reply_in_its_order() {
        let documented = r#"{"type":3,"callBackId":"250624392590001","trackingId":"102003","txId":"598433d2fe70a2e944bbda8b517cca36e0cf7cfe49642b569e73cf1a641148cb","chainName":"TRON","symbol":"USDT","amount":"2.500000000000","fromAddress":"TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb","toAddress":"TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK","requestUUID":"00f2faf7-b705-4d65-9d82-0b6e372b92e4","tenantUserId":"1945"}"#;
        assert_eq!(parse(WITHDRAWAL).reply(None), documented);
    }

    #[test]
    fn an_energy_lease_gets_its_time_stamp_back() {
        let lease = WITHDRAWAL.replace("\"USDT\"", "\"ENERGY\", \"txTimeStamp\": 1750752000123");
        assert_eq!(reply(&lease, None)["txTimeStamp"], json!(1_750_752_000_123_u64));
    }

    #[test]
    fn what_moves_no_money_is_taken_as_it_comes_and_given_back() {
        for (field, json) in [("fromAddress", "null"), ("fromAddress", "[]"), ("txTimeStamp", "\"soon\"")] {
            let expected: Value = serde_json::from_str(json).unwrap();
            assert_eq!(reply(&with(WITHDRAWAL, field, json), None)[field], expected, "{field}");
            assert_eq!(identity(&with(WITHDRAWAL, field, json)), identity(WITHDRAWAL), "{field}");
        }
    }

    #[test]
    fn a_payment_is_named_by_its_transaction_and_its_order() {
        let withdrawal = identity(WITHDRAWAL);
        let other_order = identity(&WITHDRAWAL.replace("250624392590001", "250624392590002"));
        assert_ne!(other_order.event_key, withdrawal.event_key, "one transaction can pay many orders");
        let other_amount = identity(&WITHDRAWAL.replace("2.500000000000", "2.6"));
        assert_eq!(other_amount.event_key, withdrawal.event_key);
        assert_ne!(other_amount.fingerprint, withdrawal.fingerprint);
        let energy = identity(&WITHDRAWAL.replace("USDT", "ENERGY"));
        assert_ne!(energy.event_key, withdrawal.event_key);
    }
}
