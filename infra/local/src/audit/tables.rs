//! Reads the tables, a page at a time. Not by the ledger's own code, which is what is audited.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Context as _;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures_util::stream::{self, Stream, StreamExt as _};
use waas_callback_aws::{Config, TableNames, clients};

/// One item of a table.
pub(super) type Item = HashMap<String, AttributeValue>;

/// How many items are asked for in one page. DynamoDB's own bound is 1 MB; what stands in for it reads on to the end of
/// the table where none is named.
const PAGE: i32 = 1000;
/// How many users, or batches of records, are read at once.
pub(super) const AT_ONCE: usize = 8;
/// As many keys as DynamoDB takes in one request.
const BATCH: usize = 100;
/// An audit can wait: a table that is busy serves its callbacks first.
const ATTEMPTS: u32 = 12;
/// For a page of 1 MB on an operator's line.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);

/// The tables of one deployment.
pub(super) struct Tables {
    client: Client,
    segments: i32,
    pub(super) names: TableNames,
}

impl Tables {
    pub(super) fn connect(config: &Config, segments: i32) -> Self {
        let patient = clients::dynamodb(config).config().to_builder();
        let patient = patient.retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build();
        let client = Client::from_conf(patient.timeout_config(timeouts).build());
        Self { client, segments, names: config.tables.clone() }
    }

    /// How many items a table has, as DynamoDB counted within the last six hours.
    pub(super) async fn about(&self, table: &str) -> Option<u64> {
        let described = self.client.describe_table().table_name(table).send().await.ok()?;
        described.table?.item_count?.try_into().ok()
    }

    /// All items, in no order, a page at a time. Consistent: what was written before the first page was asked for is
    /// among them.
    pub(super) fn scan<'a>(
        &'a self,
        table: &'a str,
    ) -> impl Stream<Item = anyhow::Result<Vec<Item>>> + Unpin + 'a {
        stream::select_all((0..self.segments).map(|segment| {
            let pages = move |from: Option<Option<Item>>| async move {
                let Some(start) = from else { return Ok(None) };
                let scan = self.client.scan().table_name(table).consistent_read(true).limit(PAGE);
                let scan = scan.segment(segment).total_segments(self.segments).set_exclusive_start_key(start);
                let page = scan.send().await.with_context(|| format!("{table} cannot be read"))?;
                Ok(Some((page.items.unwrap_or_default(), page.last_evaluated_key.map(Some))))
            };
            Box::pin(stream::try_unfold(Some(None), pages))
        }))
    }

    /// All items of a user in a table, consistent, or in an index of it, which may lag behind.
    pub(super) async fn of_user(
        &self,
        table: &str,
        index: Option<&str>,
        tenant_user_id: &str,
    ) -> anyhow::Result<Vec<Item>> {
        let query = self.client.query().table_name(table).set_index_name(index.map(str::to_owned));
        let query = query.consistent_read(index.is_none()).key_condition_expression("tenantUserId = :user");
        let query = query.expression_attribute_values(":user", AttributeValue::S(tenant_user_id.to_owned()));
        let items = query.into_paginator().items().send().collect::<Result<_, _>>().await;
        items.with_context(|| format!("{table} cannot be read"))
    }

    /// The items of these keys, as far as there are any; consistent.
    pub(super) async fn named(
        &self,
        table: &str,
        key: &str,
        values: impl IntoIterator<Item = String>,
    ) -> anyhow::Result<Vec<Item>> {
        let keys = values.into_iter().map(|value| Item::from([(key.to_owned(), AttributeValue::S(value))]));
        let keys: Vec<_> = keys.collect();
        let mut items = Vec::new();
        let mut reads =
            stream::iter(keys.chunks(BATCH)).map(|keys| self.batch(table, keys)).buffer_unordered(AT_ONCE);
        while let Some(batch) = reads.next().await {
            items.extend(batch?);
        }
        Ok(items)
    }

    async fn batch(&self, table: &str, keys: &[Item]) -> anyhow::Result<Vec<Item>> {
        let wanted =
            KeysAndAttributes::builder().consistent_read(true).set_keys(Some(keys.to_vec())).build()?;
        let mut wanted = HashMap::from([(table.to_owned(), wanted)]);
        let mut items = Vec::new();
        // What is too much for one answer, or for the table now, is left over.
        while !wanted.is_empty() {
            let read = self.client.batch_get_item().set_request_items(Some(wanted)).send().await;
            let read = read.with_context(|| format!("{table} cannot be read"))?;
            items.extend(read.responses.into_iter().flat_map(HashMap::into_values).flatten());
            wanted = read.unprocessed_keys.unwrap_or_default();
        }
        Ok(items)
    }
}
