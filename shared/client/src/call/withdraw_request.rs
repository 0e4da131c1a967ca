//! `order/withdrawRequest`: a withdrawal that the merchant confirms when the platform asks back by type 2.

use serde::Serialize;
use waas_callback::CallBackId;

use super::{Call, Question, json, same};
use crate::fields::Fields;
use crate::{CallError, UserId};

/// The documents: "the type is 1 here". It names no other.
pub(super) const TENANT_TYPE: u8 = 1;

/// A withdrawal, by its name alone. What it pays, and to whom, is the answer to the type 2 callback that follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawRequest {
    /// Whose it is, in the merchant's system.
    pub tenant_user_id: String,
    /// The merchant's name of it; a new one for each withdrawal.
    pub call_back_id: CallBackId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    user_id: UserId,
    tenant_user_id: &'a str, // one page types it integer; its own sample is a text
    tenant_type: u8,
    call_back_id: &'a str,
}

impl Question for WithdrawRequest {
    type Answer = ();

    const CALL: Call = Call::WithdrawRequest;
    const NO_DATA: CallError = CallError::Unconfirmed;

    fn json(&self, user_id: UserId) -> String {
        json(&Json {
            user_id,
            tenant_user_id: &self.tenant_user_id,
            tenant_type: TENANT_TYPE,
            call_back_id: self.call_back_id.as_str(),
        })
    }

    fn read(&self, opened: &str) -> Result<(), CallError> {
        let fields = Fields::parse(opened)?;
        same("tenantUserId", fields.text("tenantUserId")? == self.tenant_user_id)
    }
}
