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

#[cfg(test)]
mod tests {
    use super::*;

    fn posting(available: &str, frozen: &str, held: &str) -> Posting {
        let part = |text: &str| text.parse().unwrap();
        let asset = "TRON#USDT".parse().unwrap();
        let (available, frozen, held) = (part(available), part(frozen), part(held));
        Posting { available, frozen, held, ..Posting::empty("1945", &asset) }
    }

    #[test]
    fn what_is_taken_must_be_there_and_what_is_given_need_not() {
        for (posting, expression, condition) in [
            (posting("2.5", "0", "0"), "ADD #available :available, #frozen :frozen", None),
            (
                posting("-3", "3", "0"),
                "ADD #available :available, #frozen :frozen",
                Some("#available >= :availableNeeded"),
            ),
            (
                posting("0", "-3", "0"),
                "ADD #available :available, #frozen :frozen",
                Some("#frozen >= :frozenNeeded"),
            ),
            (
                posting("1", "0", "-1"),
                "ADD #available :available, #frozen :frozen, #held :held",
                Some("#held >= :heldNeeded"),
            ),
        ] {
            let item = post("Balances", &posting).unwrap();
            let update = item.update.unwrap();
            assert_eq!(
                (&*update.update_expression, update.condition_expression.as_deref()),
                (expression, condition)
            );
        }
    }

    #[test]
    fn a_part_that_was_never_written_is_zero_and_a_damaged_one_is_an_error() {
        let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
        let mut item = Item::from([
            ("tenantUserId".to_owned(), text("1945")),
            ("asset".to_owned(), text("TRON#USDT")),
            ("available".to_owned(), number("2.5".parse().unwrap())),
        ]);
        let balance = recorded(&item).unwrap().balance;
        assert_eq!((balance.available.to_string(), balance.frozen.is_zero()), ("2.5".to_owned(), true));
        item.insert("frozen".to_owned(), text("1"));
        assert!(recorded(&item).is_err(), "a text is no amount");
    }
}
