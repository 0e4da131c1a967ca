//! What a withdrawal is to pay.

use serde::ser::{Serialize, SerializeStruct as _, Serializer};

use crate::address::Address;
use crate::asset::Asset;
use crate::identity::Fingerprint;
use crate::money::Amount;

/// What a withdrawal is to pay, and to whom: the merchant's own record of an order, and the answer to type 2. The
/// platform pays out what stands here.
///
/// Two are equal if chain, symbol, value and address are: amounts by value, addresses as the chain compares them.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Chain and symbol.
    pub asset: Asset,
    /// How much.
    pub amount: Amount,
    /// To whom.
    pub address: Address,
}

impl Terms {
    /// What tells two terms apart: chain, symbol, value and address as the chain compares them.
    #[must_use]
    pub fn content(&self) -> [String; 4] {
        [
            self.asset.chain_name().to_owned(),
            self.asset.symbol().to_owned(),
            self.amount.value().to_string(),
            self.address.canonical().to_owned(),
        ]
    }
}

/// What proves that an order is this user's and pays this: SHA-256 over the user, the asset, the amount by value and the
/// address as the chain compares it. It stands in the registration's event, which nobody changes.
#[must_use]
pub fn terms_digest(tenant_user_id: &str, terms: &Terms) -> Fingerprint {
    let content = terms.content();
    let parts = std::iter::once(tenant_user_id).chain(content.iter().map(String::as_str));
    Fingerprint::new("terms", parts.map(Some))
}

impl PartialEq for Terms {
    fn eq(&self, other: &Self) -> bool {
        let values = |terms: &Self| terms.amount.value();
        self.asset == other.asset && values(self) == values(other) && self.address == other.address
    }
}

impl Eq for Terms {}

/// As the platform is told: `address`, `chainName`, `symbol`, `amount`, each as the merchant wrote it.
impl Serialize for Terms {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Terms", 4)?;
        fields.serialize_field("address", self.address.text())?;
        fields.serialize_field("chainName", self.asset.chain_name())?;
        fields.serialize_field("symbol", self.asset.symbol())?;
        fields.serialize_field("amount", self.amount.text())?;
        fields.end()
    }
}
