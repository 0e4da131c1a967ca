//! Creates the tables, as `waas_callback_aws` lays them out.

use anyhow::Context as _;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};
use waas_callback_aws::{Layout, TableLayout, TableNames};

/// Creates the tables that do not exist yet.
///
/// # Errors
///
/// If DynamoDB refuses one.
pub async fn create(client: &Client, tables: &TableNames) -> anyhow::Result<()> {
    for TableLayout { name, layout: Layout { keys, indexes, expiry } } in tables.layouts() {
        let mut create = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        create = create.set_key_schema(Some(key_schema(keys)?));
        for attribute in keys.iter().chain(indexes.iter().flat_map(|(_, keys)| *keys)) {
            let definition = AttributeDefinition::builder().attribute_name(*attribute);
            create = create.attribute_definitions(definition.attribute_type(ScalarAttributeType::S).build()?);
        }
        for (index, keys) in indexes {
            let all = Projection::builder().projection_type(ProjectionType::All).build();
            let index = GlobalSecondaryIndex::builder().index_name(*index).projection(all);
            create = create.global_secondary_indexes(index.set_key_schema(Some(key_schema(keys)?)).build()?);
        }
        match create.send().await {
            Ok(_) => {}
            // A database file that survived a restart has them.
            Err(error)
                if error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception) =>
            {
                continue;
            }
            Err(error) => return Err(error).with_context(|| format!("table {name} could not be created")),
        }
        if let Some(attribute) = expiry {
            let expiry =
                TimeToLiveSpecification::builder().attribute_name(attribute).enabled(true).build()?;
            let update = client.update_time_to_live().table_name(name).time_to_live_specification(expiry);
            update.send().await.with_context(|| format!("table {name}: no time to live"))?;
        }
    }
    Ok(())
}

fn key_schema(keys: &[&str]) -> anyhow::Result<Vec<KeySchemaElement>> {
    let elements = keys.iter().zip([KeyType::Hash, KeyType::Range]);
    elements
        .map(|(key, of)| Ok(KeySchemaElement::builder().attribute_name(*key).key_type(of).build()?))
        .collect()
}
