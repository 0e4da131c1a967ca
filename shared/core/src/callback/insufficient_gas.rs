//! Type 7: a withdrawal waits for gas in the merchant's hot wallet.

use super::{Callback, CallbackType, OrderReply, Room};
use crate::call_back_id::CallBackId;
use crate::fields::{Fields, SchemaError};
use crate::terms::Terms;

/// Type 7.
#[derive(Clone, PartialEq, Eq)]
pub struct InsufficientGas {
    /// The merchant's id of the withdrawal.
    pub call_back_id: CallBackId,
}

impl InsufficientGas {
    pub(super) fn parse(fields: &Fields<'_>) -> Result<Self, SchemaError> {
        Ok(Self { call_back_id: fields.call_back_id()? })
    }
}

impl Room for InsufficientGas {
    fn callback_type(&self) -> CallbackType {
        CallbackType::InsufficientGas
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

    #[test]
    fn the_public_sample_has_its_documented_reply_and_its_order_names_it() {
        let sample = r#"{"business":0,"requestUUID":"5aceadbb-0783-4d38-895a-3418127c5f10","tenantUserId":"1945","callBackId":"250529528850002","type":7,"trackingId":"101934"}"#;
        let documented = json!({
            "type": 7, "callBackId": "250529528850002", "trackingId": "101934",
            "requestUUID": "5aceadbb-0783-4d38-895a-3418127c5f10", "tenantUserId": "1945"
        });
        assert_eq!(reply(sample, None), documented);
        assert_ne!(identity(&with(sample, "callBackId", "\"b\"")).event_key, identity(sample).event_key);
    }
}
