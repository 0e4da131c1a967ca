//! The merchant's own request to register a withdrawal.

use crate::address::Address;
use crate::call_back_id::CallBackId;
use crate::fields::{Fields, SchemaError};
use crate::identity::{EventKey, Fingerprint, Identity};
use crate::terms::Terms;

/// A merchant's own request to register a withdrawal, by the same strict reading as the platform's callbacks.
#[derive(Clone, PartialEq, Eq)]
pub struct Registration {
    /// The merchant's id of the withdrawal.
    pub call_back_id: CallBackId,
    /// The user who withdraws.
    pub tenant_user_id: String,
    /// What it is to pay.
    pub terms: Terms,
}

impl Registration {
    /// Parses `{"callBackId", "tenantUserId", "chainName", "symbol", "amount", "address"}`.
    ///
    /// # Errors
    ///
    /// [`SchemaError`] names the field and the broken rule.
    pub fn parse(json: &str) -> Result<Self, SchemaError> {
        let fields = Fields::parse(json)?;
        let (call_back_id, tenant_user_id) =
            (fields.call_back_id()?, fields.text_or_integer("tenantUserId")?);
        let (asset, amount) = (fields.asset()?, fields.amount("amount")?);
        let address = Address::reported(asset.chain_name(), &fields.text("address")?);
        Ok(Self { call_back_id, tenant_user_id, terms: Terms { asset, amount, address } })
    }

    /// The registration as an event: one an id, with user and terms as its content.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let content = [self.tenant_user_id.clone()].into_iter().chain(self.terms.content());
        let content: Vec<_> = content.collect();
        Identity {
            event_key: EventKey::new("registration", [Some(self.call_back_id.as_str())]),
            fingerprint: Fingerprint::new("registration", content.iter().map(|part| Some(part.as_str()))),
        }
    }
}
