//! The merchant's own request to register a withdrawal.

use std::fmt;

use crate::address::Address;
use crate::call_back_id::CallBackId;
use crate::fields::{Fields, SchemaError};
use crate::identity::{EventKey, Fingerprint, Identity};
use crate::mode::Mode;
use crate::terms::Terms;

/// A merchant's own request to register a withdrawal, by a stricter reading than the platform's callbacks: what stands
/// here has to be found again by what the platform will say.
#[derive(Clone, PartialEq, Eq)]
pub struct Registration {
    /// The merchant's id of the withdrawal.
    pub call_back_id: CallBackId,
    /// The user who withdraws.
    pub tenant_user_id: String,
    /// What it is to pay.
    pub terms: Terms,
    /// How it will be paid.
    pub mode: Mode,
    /// Is it ordered from the platform here? Otherwise the merchant orders it.
    pub is_submitted: bool,
}

impl fmt::Debug for Registration {
    /// The order only: the rest is the user's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registration({})", self.call_back_id)
    }
}

impl Registration {
    /// Parses `{"callBackId", "tenantUserId", "chainName", "symbol", "amount", "address", "mode", "submit"}`; `mode` is
    /// `confirmed` and `submit` false where it is absent.
    ///
    /// The two ids hold letters, digits and `-._~!$&'()*+,;=:@` only, chain and symbol printable ASCII without spaces around it,
    /// the amount is a positive plain decimal, and the address is one of its chain.
    ///
    /// # Errors
    ///
    /// [`SchemaError`] names the field and the broken rule.
    pub fn parse(json: &str) -> Result<Self, SchemaError> {
        let fields = Fields::parse(json)?;
        let call_back_id = fields.registered_call_back_id()?;
        let tenant_user_id = fields.registered_tenant_user_id()?;
        let asset = fields.registered_asset()?;
        let amount = fields.registered_amount("amount")?;
        let address = Address::registered(asset.chain_name(), &fields.text("address")?);
        let address = address.map_err(SchemaError::Address)?;
        let mode = match fields.string("mode")? {
            Some(mode) => mode.parse().map_err(|()| SchemaError::Mode)?,
            None => Mode::default(),
        };
        let is_submitted = fields.boolean("submit")?.unwrap_or_default();
        Ok(Self { call_back_id, tenant_user_id, terms: Terms { asset, amount, address }, mode, is_submitted })
    }

    /// The key of an order's registration.
    #[must_use]
    pub fn event_key(call_back_id: &CallBackId) -> EventKey {
        EventKey::new("registration", [Some(call_back_id.as_str())])
    }

    /// The registration as an event: one an id, with user, terms, mode and who orders it as its content.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let [chain_name, symbol, amount, address] = self.terms.content();
        let content = [&self.tenant_user_id, &chain_name, &symbol, &amount, &address].map(String::as_str);
        let submitted = self.is_submitted.then_some("submit");
        let content = content.into_iter().chain([self.mode.name()]).chain(submitted).map(Some);
        Identity {
            event_key: Self::event_key(&self.call_back_id),
            fingerprint: Fingerprint::new("registration", content),
            position: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::address::AddressError;
    use crate::money::AmountError;

    fn with(field: &str, value: Value) -> Result<Registration, SchemaError> {
        let mut registration = json!({
            "callBackId": "w-1", "tenantUserId": "1945", "chainName": "TRON", "symbol": "USDT", "amount": "3.3",
            "address": "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK"
        });
        registration[field] = value;
        Registration::parse(&registration.to_string())
    }

    fn refused(field: &str, value: impl Into<Value>) -> SchemaError {
        with(field, value.into()).expect_err("refused")
    }

    #[test]
    fn an_id_holds_nothing_that_a_url_or_an_eye_could_misread() {
        for field in ["callBackId", "tenantUserId"] {
            for id in
                ["a b", " a", "a\n", "a/b", "a?b", "a#b", "a%41", "ä", "a\u{200b}", "a\"b", "a\\b", "<a>"]
            {
                assert_eq!(refused(field, id), SchemaError::Id(field), "{id:?}");
            }
            assert_eq!(refused(field, ""), SchemaError::Empty(field));
            for id in [".", ".."] {
                assert_eq!(refused(field, id), SchemaError::DotSegment(field), "{id}");
            }
            for id in [
                "250624392590001",
                "ryan_test_3",
                "a@b.c",
                "a+b",
                "-._~!$&'()*+,;=:@",
                "D611657466",
                "...",
                ".a",
            ] {
                assert!(with(field, json!(id)).is_ok(), "{id}");
            }
        }
        assert_eq!(with("tenantUserId", json!(1945)).unwrap().tenant_user_id, "1945");
        assert_eq!(refused("callBackId", 1945), SchemaError::WrongType("callBackId"));
    }

    #[test]
    fn what_the_platform_could_never_name_alike_is_refused() {
        for (field, value, error) in [
            ("chainName", "TRON ", SchemaError::NotPrintable("chainName")),
            ("chainName", "TRON#", SchemaError::Asset),
            ("symbol", " USDT", SchemaError::NotPrintable("symbol")),
            ("symbol", "USDT\u{a0}", SchemaError::NotPrintable("symbol")),
            ("chainName", "TR\tON", SchemaError::NotPrintable("chainName")),
            (
                "address",
                " TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK\n",
                SchemaError::Address(AddressError::NotPrintable),
            ),
            (
                "address",
                "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnk",
                SchemaError::Address(AddressError::Base58Checksum),
            ),
            ("amount", "1e3", SchemaError::Amount(AmountError::NotDecimal)),
            ("amount", "0", SchemaError::Amount(AmountError::NotPositive)),
        ] {
            assert_eq!(refused(field, value), error, "{field} {value:?}");
        }
    }

    #[test]
    fn a_chains_name_may_hold_spaces_inside() {
        let address = json!("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed");
        let json = json!({
            "callBackId": "w", "tenantUserId": "1", "chainName": "BNB Chain-BEP20", "symbol": "USDT", "amount": "1",
            "address": address
        });
        assert!(Registration::parse(&json.to_string()).is_ok());
    }

    #[test]
    fn a_mode_is_one_of_two_and_confirmed_where_none_is_named() {
        let mode = |value| with("mode", value).unwrap().mode;
        assert_eq!([mode(Value::Null), mode(json!("confirmed"))], [Mode::Confirmed; 2]);
        assert_eq!(mode(json!("direct")), Mode::Direct);
        for other in ["", "Direct", "both", "confirmed ", "0"] {
            assert_eq!(refused("mode", other), SchemaError::Mode, "{other}");
        }
        assert_eq!(refused("mode", 1), SchemaError::WrongType("mode"));
    }

    #[test]
    fn submit_is_true_or_false_and_false_where_it_is_absent() {
        let submit = |value| with("submit", value).map(|registration| registration.is_submitted);
        assert_eq!(submit(Value::Null), Ok(false));
        assert_eq!([submit(json!(true)), submit(json!(false))], [Ok(true), Ok(false)]);
        for other in [json!("true"), json!(1), json!([])] {
            assert_eq!(submit(other), Err(SchemaError::WrongType("submit")));
        }
        let (plain, submitted) = (with("submit", json!(false)), with("submit", json!(true)));
        assert_ne!(plain.unwrap().identity().fingerprint, submitted.unwrap().identity().fingerprint);
    }

    #[test]
    fn the_same_again_is_the_same_event_and_any_other_term_is_other_content() {
        let usual = with("amount", json!("3.3")).unwrap().identity();
        assert_eq!(with("amount", json!("3.30")).unwrap().identity(), usual);
        for (field, value) in [
            ("amount", "3.4"),
            ("tenantUserId", "1"),
            ("symbol", "TRX"),
            ("chainName", "XRP"),
            ("mode", "direct"),
        ] {
            let other = with(field, json!(value)).unwrap().identity();
            assert_eq!(other.event_key, usual.event_key);
            assert_ne!(other.fingerprint, usual.fingerprint, "{field}");
        }
        assert_ne!(with("callBackId", json!("w-2")).unwrap().identity().event_key, usual.event_key);
    }
}
