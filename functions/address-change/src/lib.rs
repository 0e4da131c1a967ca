//! Address changes (type 4): later deposits of a user come to another address, once the platform vouches for it.

use waas_callback::{
    AddressUpdate, Content, Decide, Decision, Entry, Knowledge, Outcome, Refusal, Situation,
};

/// The function behind `POST /callback/address-change`.
#[derive(Debug, Clone, Copy)]
pub struct AddressChanges;

impl Decide for AddressChanges {
    fn name(&self) -> &'static str {
        "address-change"
    }

    fn decide(&self, situation: &Situation<'_>) -> Result<Decision, Refusal> {
        let callback = situation.callback;
        let Content::AddressChange(change) = &callback.content else {
            return Err(Refusal::WrongFunction(callback.callback_type()));
        };
        if situation.policy.verify {
            return Ok(Entry::of(Outcome::AddressUnverified).into());
        }
        if situation.found.is_address_known {
            return Ok(Entry::of(Outcome::AddressKnown).into());
        }
        let address = AddressUpdate {
            tenant_user_id: callback.tenant_user_id.clone(),
            asset: change.asset.clone(),
            address: change.new_address.clone(),
            knowledge: Knowledge::Told,
        };
        Ok(Entry { address: Some(address), ..Entry::of(Outcome::AddressChanged) }.into())
    }
}
