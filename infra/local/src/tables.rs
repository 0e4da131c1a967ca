//! The five tables: names and keys.

use anyhow::Context as _;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};
use waas_callback_aws::{EVENTS_BY_USER, Tables};

/// Key attributes, all of them texts: partition key, then sort key if there is one.
type Keys = &'static [&'static str];

struct Definition<'a> {
    name: &'a str,
    keys: Keys,
    /// A global index of all attributes.
    index: Option<(&'static str, Keys)>,
    /// The attribute after whose time an item may go.
    expiry: Option<&'static str>,
}

fn definitions(tables: &Tables) -> [Definition<'_>; 5] {
    let table = |name, keys| Definition { name, keys, index: None, expiry: None };
    [
        Definition { expiry: Some("expiresAt"), ..table(&tables.requests, &["requestUUID"]) },
        Definition {
            index: Some((EVENTS_BY_USER, &["tenantUserId", "recordedAt"])),
            ..table(&tables.events, &["eventKey"])
        },
        table(&tables.balances, &["tenantUserId", "asset"]),
        table(&tables.withdrawals, &["callBackId"]),
        table(&tables.addresses, &["tenantUserId", "asset"]),
    ]
}

/// Creates the tables that do not exist yet.
///
/// # Errors
///
/// If DynamoDB refuses one.
pub async fn create(client: &Client, tables: &Tables) -> anyhow::Result<()> {
    for Definition { name, keys, index, expiry } in definitions(tables) {
        let mut create = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        create = create.set_key_schema(Some(key_schema(keys)?));
        for attribute in keys.iter().chain(index.map_or(&[][..], |(_, keys)| keys)) {
            let definition = AttributeDefinition::builder().attribute_name(*attribute);
            create = create.attribute_definitions(definition.attribute_type(ScalarAttributeType::S).build()?);
        }
        if let Some((index, keys)) = index {
            let all = Projection::builder().projection_type(ProjectionType::All).build();
            let index = GlobalSecondaryIndex::builder().index_name(index).projection(all);
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

fn key_schema(keys: Keys) -> anyhow::Result<Vec<KeySchemaElement>> {
    let elements = keys.iter().zip([KeyType::Hash, KeyType::Range]);
    elements
        .map(|(key, of)| Ok(KeySchemaElement::builder().attribute_name(*key).key_type(of).build()?))
        .collect()
}
