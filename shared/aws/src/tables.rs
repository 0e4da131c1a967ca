//! The tables of one deployment, a room for each; here, what the rooms have in common.

pub(crate) mod addresses;
pub(crate) mod balances;
pub(crate) mod cases;
pub(crate) mod events;
pub(crate) mod requests;
pub(crate) mod withdrawals;

use std::collections::HashMap;
use std::time::SystemTime;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Get, Put, ReturnValuesOnConditionCheckFailure, TransactGetItem,
    TransactWriteItem, Update,
};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use waas_callback::{Asset, Decimal};

use crate::config::{Config, TableNames};
use crate::retry::{Attempt, Deadline, Unavailable, failed, retry};

/// The ledger: the tables of one deployment, and a client to reach them.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub(crate) client: Client,
    pub(crate) tables: TableNames,
}

impl Ledger {
    /// The tables that `config` names.
    #[must_use]
    pub fn connect(config: &Config) -> Self {
        Self { client: crate::clients::dynamodb(config), tables: config.tables.clone() }
    }

    /// Changes one item by itself, without an event, if its condition holds. Says whether it did.
    pub(crate) async fn change(&self, update: &Update, deadline: Deadline) -> Result<bool, Unavailable> {
        let attempt = async || {
            let request = self.client.update_item().table_name(&update.table_name);
            let request = request
                .set_key(Some(update.key.clone()))
                .update_expression(&update.update_expression)
                .set_condition_expression(update.condition_expression.clone())
                .set_expression_attribute_names(update.expression_attribute_names.clone())
                .set_expression_attribute_values(update.expression_attribute_values.clone());
            match request.send().await {
                Ok(_) => Attempt::Done(Ok(true)),
                Err(error) => match error.as_service_error() {
                    Some(refused) if refused.is_conditional_check_failed_exception() => {
                        Attempt::Done(Ok(false))
                    }
                    _ => failed(&error),
                },
            }
        };
        retry(deadline, attempt).await
    }
}

/// How a table is laid out. All key attributes are texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Partition key, then sort key if there is one.
    pub keys: &'static [&'static str],
    /// Its global indexes.
    pub indexes: &'static [Index],
    /// The attribute after whose time an item may go.
    pub expiry: Option<&'static str>,
}

impl Layout {
    const fn keyed(keys: &'static [&'static str]) -> Self {
        Self { keys, indexes: &[], expiry: None }
    }
}

/// A global index of a table: sparse, where not every item has its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// Partition key, then sort key.
    pub keys: &'static [&'static str],
    /// What can be read in it.
    pub holds: Holds,
}

/// What an index holds of an item. Whatever changes of that is written to the index, too, and paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// All of it.
    All,
    /// The keys of table and index, and these.
    KeysAnd(&'static [&'static str]),
}

impl Index {
    const fn of_all(name: &'static str, keys: &'static [&'static str]) -> Self {
        Self { name, keys, holds: Holds::All }
    }
}

/// One table: which, under which name, and how it is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableLayout<'a> {
    /// Its name or ARN in this deployment.
    pub name: &'a str,
    /// Keys, index and expiry.
    pub layout: Layout,
}

impl TableNames {
    /// Every table with its layout.
    #[must_use]
    pub fn layouts(&self) -> [TableLayout<'_>; 6] {
        [
            TableLayout { name: &self.requests, layout: requests::LAYOUT },
            TableLayout { name: &self.events, layout: events::LAYOUT },
            TableLayout { name: &self.balances, layout: balances::LAYOUT },
            TableLayout { name: &self.withdrawals, layout: withdrawals::LAYOUT },
            TableLayout { name: &self.addresses, layout: addresses::LAYOUT },
            TableLayout { name: &self.cases, layout: cases::LAYOUT },
        ]
    }
}

/// One item of a table.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// Which table an item of a transaction is for; DynamoDB gives its reasons in the order of the items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    Requests,
    /// The event itself.
    Events,
    /// The event of the order's registration, which is looked at, or recorded with an operator's act.
    Registration,
    Withdrawals,
    Addresses,
    Balances,
    Cases,
    /// The event that a case is about.
    Claim,
    /// The event that ends the case of a deposit for whose event the platform has vouched with other content.
    Rejection,
}

/// A text attribute.
pub(crate) fn read<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// A number attribute.
pub(crate) fn read_number(item: &Item, name: &str) -> Option<Decimal> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// A set of texts; an absent one is empty.
pub(crate) fn read_set<'a>(item: &'a Item, name: &str) -> &'a [String] {
    item.get(name).and_then(|value| value.as_ss().ok()).map_or(&[], Vec::as_slice)
}

/// A list attribute; an absent one is empty.
pub(crate) fn read_list<'a>(item: &'a Item, name: &str) -> &'a [AttributeValue] {
    item.get(name).and_then(|value| value.as_l().ok()).map_or(&[], Vec::as_slice)
}

/// The attribute `asset` of an item, which must be there.
pub(crate) fn read_asset(item: &Item) -> Result<Asset, Unavailable> {
    let asset = read(item, "asset").and_then(|asset| asset.parse().ok());
    asset.ok_or_else(|| Unavailable::new("an asset is malformed"))
}

pub(crate) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

pub(crate) fn number(value: Decimal) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// RFC 3339 in UTC with milliseconds, which sorts as text.
pub(crate) fn timestamp(now: SystemTime) -> Result<String, Unavailable> {
    let whole = DateTime::from(now);
    let millis = whole.subsec_nanos() / 1_000_000;
    let seconds = DateTime::from_secs(whole.secs()).fmt(Format::DateTime);
    let seconds = seconds.map_err(|_| Unavailable::new("the clock is out of range"))?;
    Ok(format!("{}.{millis:03}Z", seconds.trim_end_matches('Z')))
}

/// The time that [`timestamp`] wrote.
pub(crate) fn parsed_time(text: &str) -> Option<SystemTime> {
    SystemTime::try_from(DateTime::from_str(text, Format::DateTime).ok()?).ok()
}

/// The key of an item in a table with a user and an asset as its keys.
pub(crate) fn user_and_asset(tenant_user_id: &str, asset: &Asset) -> [(&'static str, AttributeValue); 2] {
    [("tenantUserId", text(tenant_user_id)), ("asset", text(&asset.to_string()))]
}

/// Reads one item in a transaction.
pub(crate) fn get(table: &str, key: &str, value: &str) -> Result<TransactGetItem, Unavailable> {
    let get = Get::builder().table_name(table).key(key, text(value)).build();
    let get = get.map_err(|_| Unavailable::new("get not built"))?;
    Ok(TransactGetItem::builder().get(get).build())
}

/// Writes an item unless there is one of that key.
pub(crate) fn put_new(table: &str, key: &str, item: Item) -> Result<TransactWriteItem, Unavailable> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression(format!("attribute_not_exists({key})"))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .map_err(|_| Unavailable::new("put not built"))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// Requires a condition of an item that a transaction does not change, written with `#name` for each of `names` and
/// `:value` for each of `values`.
pub(crate) fn check<const N: usize>(
    table: &str,
    (key, value): (&str, &str),
    condition: &str,
    values: [(&str, &str, AttributeValue); N],
) -> Result<TransactWriteItem, Unavailable> {
    let mut check = ConditionCheck::builder().table_name(table).key(key, text(value));
    check = check.condition_expression(condition);
    for (name, placeholder, value) in values {
        check = check.expression_attribute_names(format!("#{name}"), name);
        check = check.expression_attribute_values(format!(":{placeholder}"), value);
    }
    let check = check.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let check = check.build().map_err(|_| Unavailable::new("check not built"))?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}

/// An update expression under construction. What it sets goes by placeholders, since `state` is a reserved word.
#[derive(Default)]
pub(crate) struct Change {
    set: Vec<String>,
    add: Vec<String>,
    remove: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Change {
    /// Sets an attribute.
    pub(crate) fn set(&mut self, name: &str, value: AttributeValue) {
        self.set.push(format!("#{name} = :{name}"));
        self.name(name);
        self.value(name, value);
    }

    /// Sets an attribute unless it is there.
    pub(crate) fn set_new(&mut self, name: &str, value: AttributeValue) {
        self.set.push(format!("#{name} = if_not_exists(#{name}, :{name})"));
        self.name(name);
        self.value(name, value);
    }

    /// Sets a set of texts, which is not empty.
    pub(crate) fn set_texts(&mut self, name: &str, texts: impl IntoIterator<Item = &'static str>) {
        self.set(name, AttributeValue::Ss(texts.into_iter().map(str::to_owned).collect()));
    }

    /// Adds a text to a set of texts, which is made where it is absent.
    pub(crate) fn add_to_set(&mut self, name: &str, text: &str) {
        self.add_all_to_set(name, [text]);
    }

    /// Adds texts to a set of texts, which is made where it is absent.
    pub(crate) fn add_all_to_set<'a>(&mut self, name: &str, texts: impl IntoIterator<Item = &'a str>) {
        self.add.push(format!("#{name} :{name}"));
        self.name(name);
        self.value(name, AttributeValue::Ss(texts.into_iter().map(str::to_owned).collect()));
    }

    /// Appends a value to a list attribute, which is made where it is absent.
    pub(crate) fn append(&mut self, name: &str, value: AttributeValue) {
        self.set.push(format!("#{name} = list_append(if_not_exists(#{name}, :none), :{name})"));
        self.name(name);
        self.value("none", AttributeValue::L(Vec::new()));
        self.value(name, AttributeValue::L(vec![value]));
    }

    /// Adds to a number attribute, which counts from zero where it is absent.
    pub(crate) fn add(&mut self, name: &str, value: Decimal) {
        self.add.push(format!("#{name} :{name}"));
        self.name(name);
        self.value(name, number(value));
    }

    /// Removes an attribute.
    pub(crate) fn remove(&mut self, name: &str) {
        self.remove.push(format!("#{name}"));
        self.name(name);
    }

    /// Requires an attribute to have this value.
    pub(crate) fn equals(&mut self, name: &str, value: AttributeValue) {
        self.condition(
            format!("#{name} = :expected_{name}"),
            &[name],
            [(&*format!("expected_{name}"), value)],
        );
    }

    /// Requires a condition, written with `#name` for each of `names` and `:value` for each of `values`.
    pub(crate) fn condition<'a>(
        &mut self,
        condition: impl Into<String>,
        names: &[&str],
        values: impl IntoIterator<Item = (&'a str, AttributeValue)>,
    ) {
        self.conditions.push(condition.into());
        for name in names {
            self.name(name);
        }
        for (name, value) in values {
            self.value(name, value);
        }
    }

    fn name(&mut self, name: &str) {
        self.names.insert(format!("#{name}"), name.to_owned());
    }

    fn value(&mut self, name: &str, value: AttributeValue) {
        self.values.insert(format!(":{name}"), value);
    }

    /// The update of one item.
    pub(crate) fn build<const N: usize>(
        self,
        table: &str,
        key: [(&str, AttributeValue); N],
    ) -> Result<Update, Unavailable> {
        let clauses = [("SET", self.set), ("ADD", self.add), ("REMOVE", self.remove)];
        let clauses = clauses.into_iter().filter(|(_, actions)| !actions.is_empty());
        let expression: Vec<_> =
            clauses.map(|(verb, actions)| format!("{verb} {}", actions.join(", "))).collect();
        let conditions = (!self.conditions.is_empty()).then(|| self.conditions.join(" AND "));
        Update::builder()
            .table_name(table)
            .set_key(Some(key.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
            .update_expression(expression.join(" "))
            .set_condition_expression(conditions)
            .set_expression_attribute_names((!self.names.is_empty()).then_some(self.names))
            .set_expression_attribute_values(Some(self.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|_| Unavailable::new("update not built"))
    }
}

/// An update as a part of a transaction.
pub(crate) fn in_transaction(update: Update) -> TransactWriteItem {
    TransactWriteItem::builder().update(update).build()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_written_so_that_they_sort_as_texts() {
        let at = |millis| timestamp(SystemTime::UNIX_EPOCH + Duration::from_millis(millis)).unwrap();
        assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(1_767_323_045_678), "2026-01-02T03:04:05.678Z");
        assert!(at(999) < at(1_000) && at(1_000) < at(1_001));
    }

    #[test]
    fn an_update_names_everything_by_placeholders() {
        let mut change = Change::default();
        change.set("state", text("failed"));
        change.append("history", text("a"));
        change.add("available", "1".parse().unwrap());
        change.remove("stalled");
        change.equals("state", text("reserved"));
        change.condition("#frozen >= :least", &["frozen"], [("least", text("1"))]);
        let update = change.build("Table", [("key", text("k"))]).unwrap();
        assert_eq!(
            update.update_expression,
            "SET #state = :state, #history = list_append(if_not_exists(#history, :none), :history) \
             ADD #available :available REMOVE #stalled"
        );
        assert_eq!(
            update.condition_expression.as_deref(),
            Some("#state = :expected_state AND #frozen >= :least")
        );
        let mut names: Vec<_> = update.expression_attribute_names.unwrap().into_values().collect();
        names.sort();
        assert_eq!(names, ["available", "frozen", "history", "stalled", "state"]);
        assert_eq!(update.expression_attribute_values.unwrap().len(), 6);
    }
}
