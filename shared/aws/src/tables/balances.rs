//! Balances: what each user holds of each asset.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use waas_callback::{Asset, Balance, Decimal, Posting};

use super::{
    Change, Item, Layout, in_transaction, number, read, read_asset, read_number, text, user_and_asset,
};
use crate::retry::Unavailable;

/// What the user owes.
const OWED: &str = "owed";

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

/// Adds a posting to its balance. A part that shrinks must hold what is taken; and what is not an operator's act takes
/// nothing from what can be spent while the user owes.
pub(crate) fn post(
    table: &str,
    posting: &Posting,
    is_operators: bool,
) -> Result<TransactWriteItem, Unavailable> {
    let mut change = Change::default();
    // What adds to a balance may make its record, of which readers expect both parts.
    let may_be_first = [posting.available, posting.held, posting.owed].iter().any(|part| part.is_positive());
    let parts = [
        ("available", posting.available, may_be_first),
        ("frozen", posting.frozen, may_be_first),
        ("held", posting.held, false),
        ("owed", posting.owed, false),
    ];
    for (part, added, is_always_named) in parts {
        if added.is_zero() && !is_always_named {
            continue;
        }
        change.add(part, added);
        if added.is_negative() {
            let needed = format!("{part}Needed");
            change.condition(format!("#{part} >= :{needed}"), &[part], [(&*needed, number(-added))]);
        }
    }
    if posting.available.is_negative() && !is_operators {
        let zero = [("nothing", number(Decimal::ZERO))];
        change.condition(format!("(attribute_not_exists(#{OWED}) OR #{OWED} = :nothing)"), &[OWED], zero);
    }
    change.build(table, user_and_asset(&posting.tenant_user_id, &posting.asset)).map(in_transaction)
}

/// Up to when the events of a balance were summed by reconciliation, and their sum. Nothing is decided upon these.
const AUDITED_TO: &str = "auditedTo";
const AUDITED: [&str; 4] = ["auditedAvailable", "auditedFrozen", "auditedHeld", "auditedOwed"];

/// A balance's checkpoint; from the beginning, where there is none.
pub(crate) fn checkpoint(item: &Item) -> Result<(Option<String>, Balance), Unavailable> {
    let Some(to) = read(item, AUDITED_TO) else { return Ok((None, Balance::default())) };
    let part = |name: &str| {
        read_number(item, name).ok_or_else(|| Unavailable::new("a balance's checkpoint is malformed"))
    };
    let [available, frozen, held, owed] = AUDITED;
    let sum =
        Balance { available: part(available)?, frozen: part(frozen)?, held: part(held)?, owed: part(owed)? };
    Ok((Some(to.to_owned()), sum))
}

/// Sets a balance's checkpoint.
pub(crate) fn set_checkpoint(
    table: &str,
    tenant_user_id: &str,
    asset: &Asset,
    to: &str,
    sum: Balance,
) -> Result<Update, Unavailable> {
    let mut change = Change::default();
    change.set(AUDITED_TO, text(to));
    for (name, part) in AUDITED.into_iter().zip([sum.available, sum.frozen, sum.held, sum.owed]) {
        change.set(name, number(part));
    }
    change.condition("attribute_exists(tenantUserId)", &[], []);
    change.build(table, user_and_asset(tenant_user_id, asset))
}

/// Does the user owe, by a balance's record?
pub(crate) fn owes(item: &Item) -> bool {
    item.contains_key(OWED) && read_number(item, OWED).is_none_or(|owed| !owed.is_zero())
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
        balance: Balance {
            available: part("available")?,
            frozen: part("frozen")?,
            held: part("held")?,
            owed: part(OWED)?,
        },
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
        let not_owing = "(attribute_not_exists(#owed) OR #owed = :nothing)";
        for (posting, is_operators, expression, condition) in [
            (posting("2.5", "0", "0"), false, "ADD #available :available, #frozen :frozen", None),
            (
                posting("0", "0", "2.5"),
                false,
                "ADD #available :available, #frozen :frozen, #held :held",
                None,
            ),
            (
                posting("-3", "3", "0"),
                false,
                "ADD #available :available, #frozen :frozen",
                Some(format!("#available >= :availableNeeded AND {not_owing}")),
            ),
            (
                posting("0", "-3", "0"),
                false,
                "ADD #frozen :frozen",
                Some("#frozen >= :frozenNeeded".to_owned()),
            ),
            (
                posting("1", "0", "-1"),
                false,
                "ADD #available :available, #frozen :frozen, #held :held",
                Some("#held >= :heldNeeded".to_owned()),
            ),
            (
                Posting { owed: "2".parse().unwrap(), ..posting("-1", "0", "0") },
                true,
                "ADD #available :available, #frozen :frozen, #owed :owed",
                Some("#available >= :availableNeeded".to_owned()),
            ),
            (
                Posting { owed: "-2".parse().unwrap(), ..posting("-2", "0", "0") },
                true,
                "ADD #available :available, #owed :owed",
                Some("#available >= :availableNeeded AND #owed >= :owedNeeded".to_owned()),
            ),
        ] {
            let item = post("Balances", &posting, is_operators).unwrap();
            let update = item.update.unwrap();
            assert_eq!((&*update.update_expression, update.condition_expression), (expression, condition));
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
