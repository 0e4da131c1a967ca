//! Creates the tables, as `waas_callback_aws` lays them out.

use std::collections::BTreeSet;

use anyhow::Context as _;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};
use waas_callback_aws::{Holds, Index, Layout, TableLayout, TableNames};

/// Creates the tables that do not exist yet.
///
/// # Errors
///
/// If DynamoDB refuses one.
pub async fn create(client: &Client, tables: &TableNames) -> anyhow::Result<()> {
    for TableLayout { name, layout: Layout { keys, indexes, expiry } } in tables.layouts() {
        let mut create = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        create = create.set_key_schema(Some(key_schema(keys)?));
        let attributes: BTreeSet<_> =
            keys.iter().chain(indexes.iter().flat_map(|index| index.keys)).collect();
        for attribute in attributes {
            let definition = AttributeDefinition::builder().attribute_name(*attribute);
            create = create.attribute_definitions(definition.attribute_type(ScalarAttributeType::S).build()?);
        }
        for Index { name, keys, holds } in indexes {
            let index = GlobalSecondaryIndex::builder().index_name(*name).projection(projection(*holds));
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

fn projection(holds: Holds) -> Projection {
    let projection = Projection::builder();
    match holds {
        Holds::All => projection.projection_type(ProjectionType::All),
        Holds::KeysAnd([]) => projection.projection_type(ProjectionType::KeysOnly),
        Holds::KeysAnd(names) => {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            projection.projection_type(ProjectionType::Include).set_non_key_attributes(Some(names))
        }
    }
    .build()
}

fn key_schema(keys: &[&str]) -> anyhow::Result<Vec<KeySchemaElement>> {
    let elements = keys.iter().zip([KeyType::Hash, KeyType::Range]);
    elements
        .map(|(key, of)| Ok(KeySchemaElement::builder().attribute_name(*key).key_type(of).build()?))
        .collect()
}
