//! Address changes (type 4): later deposits of a user come to another address.

use std::time::SystemTime;

use waas_callback::{AddressUpdate, Callback, Entry, Notice, Outcome, Policy, Refusal, Seen, Step};
use waas_callback_aws::Function;

/// The function behind `POST /callback/address-change`.
#[derive(Debug, Clone, Copy)]
pub struct AddressChanges;

impl Function for AddressChanges {
    fn name(&self) -> &'static str {
        "address-change"
    }

    fn decide(&self, callback: &Callback, seen: &Seen, _: &Policy, _: SystemTime) -> Result<Step, Refusal> {
        let Notice::AddressChange(change) = &callback.notice else {
            return Err(Refusal::WrongFunction(callback.callback_type()));
        };
        if seen.is_address_known {
            return Ok(Entry::of(Outcome::AddressKnown).into());
        }
        let address = AddressUpdate {
            tenant_user_id: callback.tenant_user_id.clone(),
            asset: change.asset.clone(),
            address: change.new_address.clone(),
        };
        Ok(Entry { address: Some(address), ..Entry::of(Outcome::AddressChanged) }.into())
    }
}
