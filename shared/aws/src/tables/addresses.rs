//! Addresses: where each user receives each asset, and where before.

use std::time::SystemTime;

use aws_sdk_dynamodb::types::TransactWriteItem;
use waas_callback::{AddressUpdate, Asset};

use super::{
    Change, Item, Layout, in_transaction, read, read_asset, read_list, text, timestamp, user_and_asset,
};
use crate::retry::Unavailable;

pub(super) const LAYOUT: Layout = Layout::keyed(&["tenantUserId", "asset"]);

/// Every address that ever was the user's, as the chain compares them; the last is the present one.
const HISTORY: &str = "history";

/// A user's deposit address for one asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserAddress {
    /// For deposits of what.
    pub asset: Asset,
    /// The address now.
    pub address: String,
    /// Those before it, oldest first; they can still receive.
    pub earlier: Vec<String>,
}

/// The new address becomes the current one, unless the user ever had it.
pub(crate) fn update(
    table: &str,
    update: &AddressUpdate,
    now: SystemTime,
) -> Result<TransactWriteItem, Unavailable> {
    let AddressUpdate { tenant_user_id, asset, address } = update;
    let canonical = text(address.canonical());
    let mut change = Change::default();
    change.set("address", text(address.text()));
    change.set("updatedAt", text(&timestamp(now)?));
    change.append(HISTORY, canonical.clone());
    let unknown = format!("(attribute_not_exists(#{HISTORY}) OR NOT contains(#{HISTORY}, :canonical))");
    change.condition(unknown, &[HISTORY], [("canonical", canonical)]);
    change.build(table, user_and_asset(tenant_user_id, asset)).map(in_transaction)
}

/// An address's record.
pub(crate) fn recorded(item: &Item) -> Result<UserAddress, Unavailable> {
    let address = read(item, "address").ok_or_else(|| Unavailable::new("an address is malformed"))?;
    let history = read_list(item, HISTORY);
    let mut earlier: Vec<_> = history.iter().filter_map(|value| value.as_s().ok().cloned()).collect();
    earlier.pop(); // the last is the current one
    Ok(UserAddress { asset: read_asset(item)?, address: address.to_owned(), earlier })
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;
    use waas_callback::Address;

    use super::*;

    #[test]
    fn an_address_that_the_user_ever_had_is_not_new_again_in_whatever_case() {
        let (tenant_user_id, asset) = ("1945".to_owned(), Asset::new("ETH", "ETH").unwrap());
        let address = Address::reported("ETH", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");
        let change = AddressUpdate { tenant_user_id, asset, address };
        let update = super::update("Addresses", &change, SystemTime::UNIX_EPOCH).unwrap().update.unwrap();
        let condition = update.condition_expression.unwrap();
        assert_eq!(condition, "(attribute_not_exists(#history) OR NOT contains(#history, :canonical))");
        let values = update.expression_attribute_values.unwrap();
        assert_eq!(values[":canonical"], text("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"));
        assert_eq!(
            values[":address"],
            text("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
            "shown as it came"
        );
    }

    #[test]
    fn the_last_of_the_history_is_the_present_one() {
        let mut item = Item::from([
            ("asset".to_owned(), text("TRON#USDT")),
            ("address".to_owned(), text("TC")),
            (HISTORY.to_owned(), AttributeValue::L(["TA", "TB", "TC"].map(text).to_vec())),
        ]);
        let address = recorded(&item).unwrap();
        assert_eq!((&*address.address, address.earlier), ("TC", vec!["TA".to_owned(), "TB".to_owned()]));
        item.remove("address");
        assert!(recorded(&item).is_err());
    }
}
