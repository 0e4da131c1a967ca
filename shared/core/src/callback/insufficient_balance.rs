//! Type 6: a withdrawal waits for coin in the merchant's hot wallet.

use super::{Callback, CallbackType, OrderReply, Room};
use crate::call_back_id::CallBackId;
use crate::fields::{Fields, SchemaError};
use crate::terms::Terms;

/// Type 6.
#[derive(Clone, PartialEq, Eq)]
pub struct InsufficientBalance {
    /// The merchant's id of the withdrawal.
    pub call_back_id: CallBackId,
}

impl InsufficientBalance {
    pub(super) fn parse(fields: &Fields<'_>) -> Result<Self, SchemaError> {
        Ok(Self { call_back_id: fields.call_back_id()? })
    }
}

impl Room for InsufficientBalance {
    fn callback_type(&self) -> CallbackType {
        CallbackType::InsufficientBalance
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
