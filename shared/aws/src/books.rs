//! Reads the tables, for the merchant's own systems and for audits.

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use waas_callback::{Asset, Balance, Decimal, Posting};

use crate::config::Config;
use crate::ledger::{Item, Ledger, Unavailable, failed, read, text};
use crate::retry::{Attempt, Deadline, retry};

/// The index of Events by user, newest first.
pub const EVENTS_BY_USER: &str = "byUser";

/// The tables of one deployment, to read.
#[derive(Debug, Clone)]
pub struct Books(pub(crate) Ledger);

/// What a user holds in one asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserBalance {
    /// What is counted.
    pub asset: Asset,
    /// How much.
    pub balance: Balance,
}

/// A user's deposit address for one asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressRecord {
    /// For deposits of what.
    pub asset: Asset,
    /// The address now.
    pub address: String,
    /// Those before it, oldest first; they can still receive.
    pub earlier: Vec<String>,
}

/// A withdrawal order as the merchant sees it. Texts as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is the attribute of the same name")]
pub struct OrderRecord {
    pub call_back_id: String,
    pub tenant_user_id: String,
    pub state: String,
    pub chain_name: Option<String>,
    pub symbol: Option<String>,
    pub amount: Option<String>,
    pub address: Option<String>,
    pub tx_id: Option<String>,
    pub tracking_id: Option<String>,
    pub stalled: Option<String>,
    pub fee: Option<String>,
    pub is_registered: bool,
    pub is_held: bool,
    pub updated_at: Option<String>,
}

/// Part of a longer list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The items.
    pub items: Vec<Item>,
    /// Where the next page begins; opaque. Absent at the end.
    pub next: Option<String>,
}

impl Books {
    /// The tables that `config` names.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self(Ledger::connect(config))
    }

    /// What a user holds in one asset; nothing if there is no record.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with something that is no balance.
    pub async fn balance(&self, tenant_user_id: &str, asset: &Asset) -> Result<Balance, Unavailable> {
        let key = [("tenantUserId", tenant_user_id), ("asset", &asset.to_string())];
        match self.get(&self.0.tables.balances, key).await? {
            Some(item) => balance(&item),
            None => Ok(Balance::default()),
        }
    }

    /// All that a user holds.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with something that is no balance.
    pub async fn balances(&self, tenant_user_id: &str) -> Result<Vec<UserBalance>, Unavailable> {
        let items = self.of_user(&self.0.tables.balances, tenant_user_id).await?;
        let of_item = |item: &Item| Ok(UserBalance { asset: asset(item)?, balance: balance(item)? });
        items.iter().map(of_item).collect()
    }

    /// A user's deposit addresses.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with something that is no address.
    pub async fn addresses(&self, tenant_user_id: &str) -> Result<Vec<AddressRecord>, Unavailable> {
        let items = self.of_user(&self.0.tables.addresses, tenant_user_id).await?;
        let of_item = |item: &Item| {
            let history =
                item.get("history").and_then(|value| value.as_l().ok()).map_or(&[][..], Vec::as_slice);
            let mut earlier: Vec<_> = history.iter().filter_map(|value| value.as_s().ok().cloned()).collect();
            earlier.pop(); // the last is the current one
            let address = read(item, "address").ok_or_else(|| Unavailable::new("an address is malformed"))?;
            Ok(AddressRecord { asset: asset(item)?, address: address.to_owned(), earlier })
        };
        items.iter().map(of_item).collect()
    }

    /// A withdrawal order.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with something that is no order.
    pub async fn order(&self, call_back_id: &str) -> Result<Option<OrderRecord>, Unavailable> {
        let item = self.get(&self.0.tables.withdrawals, [("callBackId", call_back_id)]).await?;
        item.as_ref().map(order).transpose()
    }

    /// One event.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer.
    pub async fn event(&self, event_key: &str) -> Result<Option<Item>, Unavailable> {
        self.get(&self.0.tables.events, [("eventKey", event_key)]).await
    }

    /// A user's events, newest first, at most `limit` of them, from where an earlier page ended. Eventually
    /// consistent: an event may show up a moment after its balance.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer. `None` if `from` is no page's end.
    pub async fn events_of(
        &self,
        tenant_user_id: &str,
        limit: i32,
        from: Option<&str>,
    ) -> Result<Option<Page>, Unavailable> {
        let start = from.map(|cursor| start_key(cursor, tenant_user_id));
        if start == Some(None) {
            return Ok(None);
        }
        let start = start.flatten();
        let attempt = async || {
            let query = self.0.client.query().table_name(&self.0.tables.events).index_name(EVENTS_BY_USER);
            let query = query.key_condition_expression("tenantUserId = :user").scan_index_forward(false);
            let query = query.expression_attribute_values(":user", text(tenant_user_id)).limit(limit);
            match query.set_exclusive_start_key(start.clone()).send().await {
                Ok(page) => Attempt::Done(Ok(page)),
                Err(error) => failed(&error),
            }
        };
        let page = retry(Deadline::after(None), attempt).await?;
        let next = page.last_evaluated_key.as_ref().and_then(cursor);
        Ok(Some(Page { items: page.items.unwrap_or_default(), next }))
    }

    /// All events.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer.
    pub async fn all_events(&self) -> Result<Vec<Item>, Unavailable> {
        self.scan(&self.0.tables.events).await
    }

    /// All requests that are still remembered.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer.
    pub async fn all_requests(&self) -> Result<Vec<Item>, Unavailable> {
        self.scan(&self.0.tables.requests).await
    }

    /// All balances, by user and asset.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with something that is no balance.
    pub async fn all_balances(&self) -> Result<Vec<(String, UserBalance)>, Unavailable> {
        let items = self.scan(&self.0.tables.balances).await?;
        let of_item = |item: &Item| {
            let user =
                read(item, "tenantUserId").ok_or_else(|| Unavailable::new("a balance is malformed"))?;
            Ok((user.to_owned(), UserBalance { asset: asset(item)?, balance: balance(item)? }))
        };
        items.iter().map(of_item).collect()
    }

    async fn get<const N: usize>(
        &self,
        table: &str,
        key: [(&str, &str); N],
    ) -> Result<Option<Item>, Unavailable> {
        let attempt = async || {
            let mut get = self.0.client.get_item().table_name(table).consistent_read(true);
            for (name, value) in key {
                get = get.key(name, text(value));
            }
            match get.send().await {
                Ok(found) => Attempt::Done(Ok(found.item)),
                Err(error) => failed(&error),
            }
        };
        retry(Deadline::after(None), attempt).await
    }

    async fn of_user(&self, table: &str, tenant_user_id: &str) -> Result<Vec<Item>, Unavailable> {
        let attempt = async || {
            let query = self.0.client.query().table_name(table).consistent_read(true);
            let query = query.key_condition_expression("tenantUserId = :user");
            let pages = query.expression_attribute_values(":user", text(tenant_user_id)).into_paginator();
            match pages.items().send().collect::<Result<Vec<_>, _>>().await {
                Ok(items) => Attempt::Done(Ok(items)),
                Err(error) => failed(&error),
            }
        };
        retry(Deadline::after(None), attempt).await
    }

    async fn scan(&self, table: &str) -> Result<Vec<Item>, Unavailable> {
        let mut start = None;
        let mut items = Vec::new();
        loop {
            let attempt = async || {
                let scan = self.0.client.scan().table_name(table).consistent_read(true);
                match scan.set_exclusive_start_key(start.clone()).send().await {
                    Ok(page) => Attempt::Done(Ok(page)),
                    Err(error) => failed(&error),
                }
            };
            let page = retry(Deadline::after(None), attempt).await?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }
}

/// The postings in an event's record.
///
/// # Errors
///
/// If one is malformed.
pub fn postings(event: &Item) -> Result<Vec<Posting>, Unavailable> {
    let list = event.get("postings").and_then(|value| value.as_l().ok()).map_or(&[][..], Vec::as_slice);
    let read_one = |value: &AttributeValue| {
        let item = value.as_m().ok()?;
        let asset: Asset = read(item, "asset")?.parse().ok()?;
        Some(Posting {
            available: decimal(item, "available")?,
            frozen: decimal(item, "frozen")?,
            held: decimal(item, "held").unwrap_or_default(),
            ..Posting::empty(read(item, "tenantUserId")?, &asset)
        })
    };
    let postings: Option<Vec<_>> = list.iter().map(read_one).collect();
    postings.ok_or_else(|| Unavailable::new("a posting is malformed"))
}

fn balance(item: &Item) -> Result<Balance, Unavailable> {
    let part = |name: &str| match item.get(name) {
        None => Ok(Decimal::ZERO),
        Some(_) => decimal(item, name).ok_or_else(|| Unavailable::new("a balance is malformed")),
    };
    Ok(Balance { available: part("available")?, frozen: part("frozen")?, held: part("held")? })
}

fn asset(item: &Item) -> Result<Asset, Unavailable> {
    let asset = read(item, "asset").and_then(|asset| asset.parse().ok());
    asset.ok_or_else(|| Unavailable::new("an asset is malformed"))
}

fn decimal(item: &Item, name: &str) -> Option<Decimal> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

fn order(item: &Item) -> Result<OrderRecord, Unavailable> {
    let get = |name: &str| read(item, name).map(str::to_owned);
    let number = |name: &str| decimal(item, name).map(|number| number.to_string());
    let required = |name: &str| get(name).ok_or_else(|| Unavailable::new("an order's record is malformed"));
    let is_false = |name: &str| item.get(name).and_then(|value| value.as_bool().ok()) == Some(&false);
    Ok(OrderRecord {
        call_back_id: required("callBackId")?,
        tenant_user_id: required("tenantUserId")?,
        state: required("state")?,
        chain_name: get("chainName"),
        symbol: get("symbol"),
        amount: get("amountText").or_else(|| number("amount")),
        address: get("address"),
        tx_id: get("txId"),
        tracking_id: get("trackingId"),
        stalled: get("stalled"),
        fee: number("fee"),
        is_registered: !is_false("registered"),
        is_held: item.contains_key("held") && !is_false("held"),
        updated_at: get("updatedAt"),
    })
}

/// A page's end as an opaque text: the two keys that the user's id does not tell.
fn cursor(key: &Item) -> Option<String> {
    let text = format!("{} {}", read(key, "recordedAt")?, read(key, "eventKey")?);
    Some(URL_SAFE_NO_PAD.encode(text))
}

fn start_key(cursor: &str, tenant_user_id: &str) -> Option<Item> {
    let text_of = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (recorded_at, event_key) = text_of.split_once(' ')?;
    Some(Item::from([
        ("tenantUserId".into(), text(tenant_user_id)),
        ("recordedAt".into(), text(recorded_at)),
        ("eventKey".into(), text(event_key)),
    ]))
}
