//! The five tables: names and keys.

use anyhow::Context as _;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TimeToLiveSpecification,
};
use waas_callback_aws::Tables;

/// A table's key attributes, all of them texts: partition key, then sort key if there is one.
fn definitions(tables: &Tables) -> [(&str, &'static [&'static str]); 5] {
    [
        (&tables.requests, &["requestUUID"]),
        (&tables.events, &["eventKey"]),
        (&tables.balances, &["tenantUserId", "asset"]),
        (&tables.withdrawals, &["callBackId"]),
        (&tables.addresses, &["tenantUserId", "asset"]),
    ]
}

/// Creates the tables that do not exist yet.
///
/// # Errors
///
/// If DynamoDB refuses one.
pub async fn create(client: &Client, tables: &Tables) -> anyhow::Result<()> {
    for (name, keys) in definitions(tables) {
        let mut create = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        for (key, key_type) in keys.iter().zip([KeyType::Hash, KeyType::Range]) {
            create = create
                .attribute_definitions(
                    AttributeDefinition::builder()
                        .attribute_name(*key)
                        .attribute_type(ScalarAttributeType::S)
                        .build()?,
                )
                .key_schema(KeySchemaElement::builder().attribute_name(*key).key_type(key_type).build()?);
        }
        match create.send().await {
            Ok(_) => {}
            // A database file that survived a restart has them.
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_in_use_exception()) => {
                continue;
            }
            Err(error) => return Err(error).with_context(|| format!("table {name} could not be created")),
        }
        if name == tables.requests {
            let expiry =
                TimeToLiveSpecification::builder().attribute_name("expiresAt").enabled(true).build()?;
            client
                .update_time_to_live()
                .table_name(name)
                .time_to_live_specification(expiry)
                .send()
                .await
                .with_context(|| format!("table {name}: no time to live"))?;
        }
    }
    Ok(())
}
