//! What is read of a callback after its answer: its content, with the secret, and its event's record.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value};
use waas_callback::{Callback, Opened, PublicKey};
use waas_callback_aws::{Config, clients};

type Item = HashMap<String, AttributeValue>;

pub(super) struct Ledger {
    dynamodb: aws_sdk_dynamodb::Client,
    events: String,
    secrets: aws_sdk_secretsmanager::Client,
    secret_id: String,
}

impl Ledger {
    pub(super) fn connect(config: &Config) -> Self {
        Self {
            dynamodb: clients::dynamodb(config),
            events: config.tables.events.clone(),
            secrets: clients::secrets_manager(config),
            secret_id: config.secret_id.clone(),
        }
    }

    /// The callback's content, if a version of the secret opens it.
    pub(super) async fn open(&self, body: &[u8]) -> Option<Opened> {
        for version in ["AWSCURRENT", "AWSPREVIOUS"] {
            let secret = self.secrets.get_secret_value().secret_id(&self.secret_id).version_stage(version);
            let Ok(secret) = secret.send().await else { continue };
            let secret: Value =
                serde_json::from_str(secret.secret_string().unwrap_or_default()).unwrap_or_default();
            let key = secret["publicKey"].as_str().and_then(|key| PublicKey::parse(key).ok());
            if let Some(opened) = key.and_then(|key| key.open(body).ok()) {
                return Some(opened);
            }
        }
        None
    }

    /// The record of a callback's event, or of its refusal, with numbers as texts.
    pub(super) async fn record(
        &self,
        opened: &Opened,
        log: &Map<String, Value>,
    ) -> anyhow::Result<Option<Value>> {
        let Ok(Some(callback)) = Callback::parse(opened) else { return Ok(None) };
        let record = match (log["status"].as_u64(), log["errCode"].as_u64()) {
            (Some(200), Some(1..)) => self.refusal(&callback, &log["outcome"]).await?,
            (Some(400..500), _) => None,
            _ => self.event(&callback).await?,
        };
        Ok(record.map(|mut record| {
            record.remove("callback"); // it is what came, or a repetition of that
            plain(AttributeValue::M(record))
        }))
    }

    async fn event(&self, callback: &Callback) -> anyhow::Result<Option<Item>> {
        let key = AttributeValue::S(callback.identity().event_key.to_string());
        let get = self.dynamodb.get_item().table_name(&self.events).key("eventKey", key);
        Ok(get.consistent_read(true).send().await?.item)
    }

    /// A refusal has a key of its own; it is the newest of its user's with this reason, event and content.
    async fn refusal(&self, callback: &Callback, reason: &Value) -> anyhow::Result<Option<Item>> {
        let text = |value: &str| AttributeValue::S(value.to_owned());
        let identity = callback.identity();
        let query = self.dynamodb.query().table_name(&self.events).index_name("byUser");
        let query = query
            .scan_index_forward(false)
            .key_condition_expression("tenantUserId = :user")
            .filter_expression("outcome = :reason AND refusedEventKey = :event AND fingerprint = :content")
            .expression_attribute_values(":user", text(&callback.tenant_user_id))
            .expression_attribute_values(":reason", text(reason.as_str().unwrap_or_default()))
            .expression_attribute_values(":event", text(identity.event_key.as_str()))
            .expression_attribute_values(":content", text(identity.fingerprint.as_str()));
        Ok(query.into_paginator().items().send().next().await.transpose()?)
    }
}

fn plain(value: AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.into(),
        AttributeValue::Bool(value) => value.into(),
        AttributeValue::L(list) => list.into_iter().map(plain).collect(),
        AttributeValue::M(map) => map.into_iter().map(|(name, value)| (name, plain(value))).collect(),
        _ => Value::Null, // events have no others
    }
}
