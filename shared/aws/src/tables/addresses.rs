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
