//! Type 5: a withdrawal ended for good without paying.

use super::{Callback, CallbackType, OrderReply, Room};
use crate::address::Address;
use crate::call_back_id::CallBackId;
use crate::echo::Echo;
use crate::fields::{Fields, SchemaError};
use crate::terms::Terms;

/// Type 5. Names neither amount nor symbol.
#[derive(Clone, PartialEq, Eq)]
pub struct WithdrawalFailure {
    /// The merchant's id of the withdrawal.
    pub call_back_id: CallBackId,
    /// The payee. A comment: what ends is the order.
    pub to_address: Echo,
}

impl WithdrawalFailure {
    pub(super) fn parse(fields: &Fields<'_>) -> Result<Self, SchemaError> {
        Ok(Self { call_back_id: fields.call_back_id()?, to_address: fields.echo("toAddress") })
    }

    /// Is the payee that of the terms, as far as this names one?
    #[must_use]
    pub fn agrees_with(&self, terms: &Terms) -> bool {
        let to_address = self.to_address.as_text();
        to_address.is_none_or(|text| Address::reported(terms.asset.chain_name(), &text) == terms.address)
    }
}

impl Room for WithdrawalFailure {
    fn callback_type(&self) -> CallbackType {
        CallbackType::WithdrawalFailure
    }

    fn call_back_id(&self) -> Option<&CallBackId> {
        Some(&self.call_back_id)
    }

    fn event_parts<'a>(&'a self, callback: &'a Callback) -> Vec<Option<&'a str>> {
        vec![callback.tracking_id.as_deref(), Some(self.call_back_id.as_str())]
    }

    fn content_parts(&self) -> Vec<Option<String>> {
        Vec::new()
    }

    fn reply(&self, callback: &Callback, _: Option<&Terms>) -> String {
        OrderReply::json(callback, &self.call_back_id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::callback::testing::{identity, reply, with};

    const SAMPLE: &str = r#"{"business":0,"requestUUID":"47b8d46c-12c9-4d64-98a0-ad1fbb6d0c29","tenantUserId":"ryan_test_3","callBackId":"D846735969","type":5,"toAddress":"TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchn2","trackingId":"102007"}"#;

    #[test]
    fn the_public_sample_has_its_documented_reply() {
        let documented = json!({
            "tenantUserId": "ryan_test_3", "callBackId": "D846735969", "trackingId": "102007",
            "requestUUID": "47b8d46c-12c9-4d64-98a0-ad1fbb6d0c29", "type": 5
        });
        assert_eq!(reply(SAMPLE, None), documented);
    }

    #[test]
    fn the_payee_is_a_comment_and_the_order_the_event() {
        for to in ["\"TGVJZLgz88XPYwkQECMRocSgHt极QT7VQZd\"", "null", "7", "\"\"", ""] {
            assert_eq!(identity(&with(SAMPLE, "toAddress", to)), identity(SAMPLE), "{to}");
        }
        assert_ne!(identity(&with(SAMPLE, "callBackId", "\"b\"")).event_key, identity(SAMPLE).event_key);
        assert_ne!(identity(&with(SAMPLE, "trackingId", "\"b\"")).event_key, identity(SAMPLE).event_key);
    }
}
