//! Balances: what each user holds of each asset.

use aws_sdk_dynamodb::types::TransactWriteItem;
use waas_callback::{Asset, Balance, Decimal, Posting};

use super::{Change, Item, Layout, in_transaction, number, read, read_asset, read_number, user_and_asset};
use crate::retry::Unavailable;

pub(super) const LAYOUT: Layout = Layout::keyed(&["tenantUserId", "asset"]);

/// What a user holds in one asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserBalance {
    /// The user.
    pub tenant_user_id: String,
    /// What is counted.
    pub asset: Asset,
    /// How much.
    pub balance: Balance,
}

/// Adds a posting to its balance. A part that shrinks must hold what is taken.
pub(crate) fn post(table: &str, posting: &Posting) -> Result<TransactWriteItem, Unavailable> {
    let mut change = Change::default();
    let parts = [("available", posting.available), ("frozen", posting.frozen), ("held", posting.held)];
    for (part, added) in parts {
        if part == "held" && added.is_zero() {
            continue; // most users never have any
        }
        change.add(part, added);
        if added.is_negative() {
            let needed = format!("{part}Needed");
            change.condition(format!("#{part} >= :{needed}"), &[part], [(&*needed, number(-added))]);
        }
    }
    change.build(table, user_and_asset(&posting.tenant_user_id, &posting.asset)).map(in_transaction)
}

/// A balance's record.
pub(crate) fn recorded(item: &Item) -> Result<UserBalance, Unavailable> {
    let malformed = || Unavailable::new("a balance is malformed");
    let part = |name: &str| match item.get(name) {
        None => Ok(Decimal::ZERO),
        Some(_) => read_number(item, name).ok_or_else(malformed),
    };
    Ok(UserBalance {
        tenant_user_id: read(item, "tenantUserId").ok_or_else(malformed)?.to_owned(),
        asset: read_asset(item)?,
        balance: Balance { available: part("available")?, frozen: part("frozen")?, held: part("held")? },
    })
}
