//! Reads the tables, as a merchant's own system would.

use std::collections::HashMap;

use anyhow::Context as _;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use waas_callback::{Asset, Balance};
use waas_callback_aws::{Config, Tables, clients};

/// One item of a table.
pub type Item = HashMap<String, AttributeValue>;

/// The tables of one deployment.
#[derive(Debug, Clone)]
pub struct Books {
    client: Client,
    tables: Tables,
}

impl Books {
    /// The tables that `config` names.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self { client: clients::dynamodb(config), tables: config.tables.clone() }
    }

    /// What a user holds in one asset; nothing if there is no record.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with something that is no balance.
    pub async fn balance(&self, tenant_user_id: &str, asset: &Asset) -> anyhow::Result<Balance> {
        let get = self.client.get_item().table_name(&self.tables.balances).consistent_read(true);
        let get = get
            .key("tenantUserId", AttributeValue::S(tenant_user_id.to_owned()))
            .key("asset", AttributeValue::S(asset.to_string()));
        let Some(item) = get.send().await.context("balance")?.item else { return Ok(Balance::default()) };
        let part = |name: &str| {
            let number = item.get(name).and_then(|value| value.as_n().ok());
            number.and_then(|number| number.parse().ok()).with_context(|| format!("{name} is no decimal"))
        };
        Ok(Balance { available: part("available")?, frozen: part("frozen")? })
    }

    /// All events.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer.
    pub async fn events(&self) -> anyhow::Result<Vec<Item>> {
        self.scan(&self.tables.events).await
    }

    /// All requests that are still remembered.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer.
    pub async fn requests(&self) -> anyhow::Result<Vec<Item>> {
        self.scan(&self.tables.requests).await
    }

    async fn scan(&self, table: &str) -> anyhow::Result<Vec<Item>> {
        let pages = self.client.scan().table_name(table).consistent_read(true).into_paginator();
        pages.items().send().collect::<Result<_, _>>().await.with_context(|| format!("table {table}"))
    }
}
