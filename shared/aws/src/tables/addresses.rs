//! Addresses: where each user receives each asset, and where before.

use std::time::SystemTime;

use aws_sdk_dynamodb::types::TransactWriteItem;
use waas_callback::{Address, AddressUpdate, Asset, Knowledge};

use super::{
    Change, Item, Layout, in_transaction, read, read_asset, read_list, read_set, text, timestamp,
    user_and_asset,
};
use crate::retry::Unavailable;

pub(super) const LAYOUT: Layout = Layout::keyed(&["tenantUserId", "asset"]);

/// Every address that ever was the user's, as the chain compares them; the last is the present one.
const HISTORY: &str = "history";

/// Those of which the platform has said that they are the user's, as the chain compares them.
const VERIFIED: &str = "verified";

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

/// The new address becomes the current one, unless the user ever had it; or it is only known to be the user's.
pub(crate) fn update(
    table: &str,
    update: &AddressUpdate,
    now: SystemTime,
) -> Result<TransactWriteItem, Unavailable> {
    let AddressUpdate { tenant_user_id, asset, address, knowledge } = update;
    let canonical = text(address.canonical());
    let mut change = Change::default();
    change.set("updatedAt", text(&timestamp(now)?));
    if matches!(knowledge, Knowledge::Verified | Knowledge::Owned) {
        change.add_to_set(VERIFIED, address.canonical());
    }
    if matches!(knowledge, Knowledge::Told | Knowledge::Verified) {
        change.set("address", text(address.text()));
        change.append(HISTORY, canonical.clone());
        let unknown = format!("(attribute_not_exists(#{HISTORY}) OR NOT contains(#{HISTORY}, :canonical))");
        change.condition(unknown, &[HISTORY], [("canonical", canonical)]);
    }
    change.build(table, user_and_asset(tenant_user_id, asset)).map(in_transaction)
}

/// Does an address's record say that the platform has vouched for any?
pub(crate) fn has_verified(item: &Item) -> bool {
    !read_set(item, VERIFIED).is_empty()
}

/// Does it say so of this one, of this chain? A user's address is the same for all symbols of a chain.
pub(crate) fn is_verified(item: &Item, chain_name: &str, address: &Address) -> bool {
    read_asset(item).is_ok_and(|asset| asset.chain_name() == chain_name)
        && read_set(item, VERIFIED).iter().any(|verified| verified == address.canonical())
}

/// An address's record. `None` where nothing is known but that deposits to some address are the user's.
pub(crate) fn recorded(item: &Item) -> Result<Option<UserAddress>, Unavailable> {
    let Some(address) = read(item, "address") else {
        return if has_verified(item) { Ok(None) } else { Err(Unavailable::new("an address is malformed")) };
    };
    let history = read_list(item, HISTORY);
    let mut earlier: Vec<_> = history.iter().filter_map(|value| value.as_s().ok().cloned()).collect();
    earlier.pop(); // the last is the current one
    Ok(Some(UserAddress { asset: read_asset(item)?, address: address.to_owned(), earlier }))
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
        let change = AddressUpdate { tenant_user_id, asset, address, knowledge: Knowledge::Told };
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
    fn an_address_is_verified_for_all_symbols_of_its_chain_and_for_no_other_chain() {
        let item = Item::from([
            ("asset".to_owned(), text("ETH#USDT")),
            (
                VERIFIED.to_owned(),
                AttributeValue::Ss(vec!["0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed".into()]),
            ),
        ]);
        let address = Address::reported("ETH", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");
        assert!(is_verified(&item, "ETH", &address));
        assert!(!is_verified(&item, "BSC", &address));
        assert!(!is_verified(&item, "ETH", &Address::reported("ETH", "0x0")));
    }

    #[test]
    fn the_last_of_the_history_is_the_present_one() {
        let mut item = Item::from([
            ("asset".to_owned(), text("TRON#USDT")),
            ("address".to_owned(), text("TC")),
            (HISTORY.to_owned(), AttributeValue::L(["TA", "TB", "TC"].map(text).to_vec())),
        ]);
        let address = recorded(&item).unwrap().unwrap();
        assert_eq!((&*address.address, address.earlier), ("TC", vec!["TA".to_owned(), "TB".to_owned()]));
        item.remove("address");
        assert!(recorded(&item).is_err());
        item.insert(VERIFIED.to_owned(), AttributeValue::Ss(vec!["TA".to_owned()]));
        assert_eq!(recorded(&item), Ok(None), "a deposit to it was verified, and that is all");
    }
}
