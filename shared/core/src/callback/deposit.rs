//! Type 1: money arrived on a user's deposit address.

use serde::Serialize;

use super::{Callback, CallbackType, Room, Transfer, json};
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

    fn transfer(&self) -> Option<Transfer<'_>> {
        Some(Transfer { tx_id: &self.tx_id, asset: &self.asset, amount: &self.amount })
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

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::callback::Content;
    use crate::callback::testing::{DEPOSIT, identity, parse, refused, reply, with};
    use crate::fields::SchemaError;
    use crate::money::AmountError;

    #[test]
    fn the_documents_deposit_has_the_documents_reply_in_its_order() {
        let documented = r#"{"type":1,"callBackId":null,"trackingId":"6484","state":null,"txId":"b00a4aa3d6426f6409a83ae72a79de5b559a2c339ebc89b8b75427c2600978e3","txIndex":-1,"chainName":"TRON","symbol":"TRX","amount":"2.500000000000","fromAddress":"TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK","toAddress":"TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP","tenantType":null,"requestUUID":"fbd70fb4-c302-4228-bd61-6326e0539551","tenantUserId":"2049"}"#;
        assert_eq!(parse(DEPOSIT).reply(None), documented);
    }

    #[test]
    fn amounts_are_read_from_their_digits() {
        let amount = |json: &str| match parse(&with(DEPOSIT, "amount", json)).content {
            Content::Deposit(deposit) => deposit.amount,
            _ => unreachable!("a deposit"),
        };
        for (json, text) in [
            ("\"2.500000000000\"", "2.500000000000"),
            ("2.500000000000", "2.500000000000"),
            ("0.1234567890123456789012345678901234567", "0.1234567890123456789012345678901234567"),
            ("12345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
            ("\"\\u0032\"", "2"),
            ("\"1.00000E-7\"", "1.00000E-7"), // as Java's BigDecimal writes it
            ("1e3", "1e3"),
            ("\"0.000000000000\"", "0.000000000000"),
            ("0", "0"),
        ] {
            assert_eq!(amount(json).text(), text);
        }
        for (json, error) in [
            ("1e999999999", AmountError::TooManyDigits),
            ("-1", AmountError::NotDecimal),
            ("\"-1\"", AmountError::NotDecimal),
            ("\"\"", AmountError::NotDecimal),
            ("123456789012345678901234567890123456789", AmountError::TooManyDigits),
        ] {
            assert_eq!(refused(&with(DEPOSIT, "amount", json)), SchemaError::Amount(error), "{json}");
        }
        for json in ["true", "[\"1\"]", "{\"value\":1}"] {
            assert_eq!(refused(&with(DEPOSIT, "amount", json)), SchemaError::WrongType("amount"), "{json}");
        }
    }

    #[test]
    fn what_moves_no_money_is_taken_as_it_comes_and_given_back() {
        for field in ["txIndex", "fromAddress"] {
            for json in ["null", "\"0\"", "0", "-1", "1.5", "[1]", "{\"a\":true}", "\"\"", "\"T…\"", "true"]
            {
                let expected: Value = serde_json::from_str(json).unwrap();
                assert_eq!(reply(&with(DEPOSIT, field, json), None)[field], expected, "{field}");
            }
            assert_eq!(reply(&with(DEPOSIT, field, ""), None)[field], Value::Null, "{field} is missing");
        }
    }

    #[test]
    fn a_risk_score_that_is_no_integer_is_none() {
        let risk = |json: &str| match parse(&with(DEPOSIT, "riskLevelTo", json)).content {
            Content::Deposit(deposit) => deposit.risk_level_to,
            _ => unreachable!("a deposit"),
        };
        assert_eq!([risk("3"), risk("\"3\""), risk("-1")], [Some(3), Some(3), Some(-1)]);
        assert_eq!([risk("\"low\""), risk("3.0"), risk("null"), risk("")], [None; 4]);
    }

    #[test]
    fn a_deposit_is_named_by_transaction_asset_and_address() {
        let original = identity(DEPOSIT);
        for part in ["b00a4aa3d6426f", "\"TRON\"", "\"TRX\"", "\"toAddress\": \"TYLdkix4"] {
            let changed = part.replace("b00a", "c00a").replace("TR", "XR").replace("TYL", "TXL");
            assert_ne!(part, changed);
            let other = identity(&DEPOSIT.replacen(part, &changed, 1));
            assert_ne!(other.event_key, original.event_key, "{part}");
        }
    }

    #[test]
    fn what_means_money_or_identity_changes_the_content_but_not_the_event() {
        let original = identity(DEPOSIT);
        for (part, changed) in [
            ("\"2.500000000000\"", "\"2.500000000001\""),
            ("\"2049\"", "\"2050\""),
            ("\"6484\"", "\"6485\""),
            ("\"6484\"", "null"),
        ] {
            let other = identity(&DEPOSIT.replacen(part, changed, 1));
            assert_eq!(other.event_key, original.event_key, "{part}");
            assert_ne!(other.fingerprint, original.fingerprint, "{part}");
        }
    }

    #[test]
    fn what_means_neither_changes_nothing() {
        let original = identity(DEPOSIT);
        for (part, changed) in [
            ("fbd70fb4", "00000000"),
            ("\"2.500000000000\"", "\"2.5\""),
            ("\"2.500000000000\"", "2.50"),
            ("\"riskLevelTo\": 3", "\"riskLevelTo\": 99"),
            ("\"business\": 0", "\"business\": 0, \"tag\": 1"),
            ("\"type\": 1", "\"type\": \"1\""),
            ("\"fromAddress\": \"TG", "\"fromAddress\": \"Tg"), // another input of the same payer's
            ("\"fromAddress\": \"TG", "\"from\": \"TG"),
            ("\"txIndex\": -1", "\"txIndex\": null"),
            ("\"txIndex\": -1", "\"txIndex\": \"-1\""),
            ("b00a4aa3d6426f6409a83ae72a79de5b", "B00A4AA3D6426F6409A83AE72A79DE5B"),
        ] {
            assert_eq!(identity(&DEPOSIT.replacen(part, changed, 1)), original, "{part}");
        }
    }

    #[test]
    fn the_output_of_a_transaction_stands_beside_the_content() {
        let at =
            |index: &str| identity(&DEPOSIT.replacen("\"txIndex\": -1", &format!("\"txIndex\": {index}"), 1));
        let untold = at("-1");
        assert_eq!(untold.position, None);
        for (index, position) in
            [("0", Some(0)), ("\"7\"", Some(7)), ("null", None), ("1.5", None), ("[1]", None)]
        {
            let told = at(index);
            assert_eq!((told.position, &told.event_key), (position, &untold.event_key), "{index}");
            assert_eq!(told.fingerprint, untold.fingerprint, "{index}");
        }
    }

    #[test]
    fn hexadecimal_addresses_have_no_case_and_base58_has() {
        let with_address =
            |address: &str| identity(&DEPOSIT.replace("TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP", address));
        let mixed = with_address("0xDe0B295669a9FD93d5F28D9Ec85E40f4cb697BAe");
        assert_eq!(with_address("0xde0b295669a9fd93d5f28d9ec85e40f4cb697bae"), mixed);
        let tron = with_address("TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP");
        assert_ne!(with_address("TyLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP").event_key, tron.event_key);
    }
}
