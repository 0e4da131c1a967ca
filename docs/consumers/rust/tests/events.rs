//! The consumer, with the events that docs/events.md shows, which are those that the functions make, on a DynamoDB
//! whose numbers are exact.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use events_consumer::{Error, Outcome, apply};
use serde_json::{Value, json};
use waas_callback::Decimal;
use waas_local::{Options, Stack};

const TABLE: &str = "Consumer";
const PARTS: [&str; 3] = ["available", "frozen", "held"];

/// Available, frozen and held, by user and asset.
type Sums = BTreeMap<(String, String), [Decimal; 3]>;

/// The page's examples, all of them.
fn events() -> Vec<Value> {
    let blocks = include_str!("../../../events.md").split("\n```json\n").skip(1);
    let events: Vec<_> = blocks.map(|block| block.split_once("\n```").unwrap().0).collect();
    assert!(events.len() > 10, "the page shows {} events", events.len());
    events.iter().map(|event| serde_json::from_str(event).unwrap()).collect()
}

fn postings(event: &Value) -> &[Value] {
    event["detail"]["record"]["postings"]["L"].as_array().unwrap()
}

fn expected(events: &[Value]) -> Sums {
    let mut sums = Sums::new();
    for posting in events.iter().flat_map(postings).map(|posting| &posting["M"]) {
        let text = |name: &str| posting[name]["S"].as_str().unwrap().to_owned();
        let sum = sums.entry((text("tenantUserId"), text("asset"))).or_default();
        for (part, sum) in PARTS.iter().zip(sum) {
            *sum = sum.checked_add(posting[part]["N"].as_str().unwrap().parse().unwrap()).unwrap();
        }
    }
    sums
}

async fn sums(dynamodb: &Client) -> Sums {
    let scan = dynamodb.scan().table_name(TABLE).filter_expression("#of <> :event");
    let scan = scan.expression_attribute_names("#of", "of");
    let scan = scan.expression_attribute_values(":event", AttributeValue::S("event".into()));
    let items = scan.send().await.unwrap().items.unwrap();
    let of = |item: &HashMap<String, AttributeValue>| {
        let text = |name: &str| item[name].as_s().unwrap().clone();
        ((text("id"), text("of")), PARTS.map(|part| item[part].as_n().unwrap().parse().unwrap()))
    };
    items.iter().map(of).collect()
}

/// A DynamoDB of its own, with the consumer's table.
async fn table() -> (Stack, Client) {
    let stack = Stack::start_services(&Options::default()).await.unwrap();
    let dynamodb = waas_callback_aws::clients::dynamodb(stack.config());
    let mut create = dynamodb.create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
    for (name, of) in [("id", KeyType::Hash), ("of", KeyType::Range)] {
        let text = AttributeDefinition::builder().attribute_name(name);
        create = create
            .attribute_definitions(text.attribute_type(ScalarAttributeType::S).build().unwrap())
            .key_schema(KeySchemaElement::builder().attribute_name(name).key_type(of).build().unwrap());
    }
    create.send().await.unwrap();
    (stack, dynamodb)
}

/// The page's deposit, with another key and amount.
fn deposit(event_key: &str, amount: impl Into<Value>) -> Value {
    let mut deposit = events().swap_remove(0);
    deposit["detail"]["eventKey"] = json!(event_key);
    deposit["detail"]["record"]["postings"]["L"][0]["M"]["available"]["N"] = amount.into();
    deposit
}

#[tokio::test]
async fn every_event_counts_once_however_often_it_comes_and_in_whatever_order() {
    let (_stack, dynamodb) = table().await;
    let events = events();
    for event in events.iter().rev().chain(&events) {
        apply(&dynamodb, TABLE, event).await.unwrap();
    }
    assert_eq!(sums(&dynamodb).await, expected(&events));
    for event in &events {
        let again = if postings(event).is_empty() { Outcome::Nothing } else { Outcome::Repetition };
        assert_eq!(apply(&dynamodb, TABLE, event).await.unwrap(), again, "{event}");
    }
}

#[tokio::test]
async fn an_event_that_comes_several_times_at_once_counts_once() {
    let (_stack, dynamodb) = table().await;
    let event = deposit("deposit-1", "10");
    let at_once = (0..10).map(|_| apply(&dynamodb, TABLE, &event));
    let outcomes: Vec<_> = futures_util::future::join_all(at_once).await;
    let applied = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Outcome::Applied))).count();
    assert_eq!(applied, 1, "{outcomes:?}");
    assert_eq!(sums(&dynamodb).await, expected(&[event]));
}

#[tokio::test]
async fn amounts_of_38_digits_stay_exact() {
    let (_stack, dynamodb) = table().await;
    let amounts = ["0.12345678901234567890123456789012345678", "0.1", "-0.2"];
    let events = [0, 1, 2].map(|index| deposit(&format!("deposit-{index}"), amounts[index]));
    for event in &events {
        assert_eq!(apply(&dynamodb, TABLE, event).await.unwrap(), Outcome::Applied);
    }
    let [sum] = sums(&dynamodb).await.into_values().collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(sum[0].to_string(), "0.02345678901234567890123456789012345678");
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_and_counts_nothing() {
    let (_stack, dynamodb) = table().await;
    for amount in [json!(2.5), json!("2,5"), Value::Null] {
        let event = deposit("deposit-1", amount);
        apply(&dynamodb, TABLE, &event).await.unwrap_err();
    }
    let no_event = apply(&dynamodb, TABLE, &json!({ "detail": {} })).await;
    assert!(matches!(no_event, Err(Error::Malformed("eventKey"))));
    assert_eq!(sums(&dynamodb).await, Sums::new());
    let outcome = apply(&dynamodb, TABLE, &deposit("deposit-1", "2.5")).await;
    assert_eq!(outcome.unwrap(), Outcome::Applied, "what failed is not remembered as done");
}
