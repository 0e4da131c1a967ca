//! What IAM is asked about a request to DynamoDB or Secrets Manager.
//!
//! - A transaction is authorised by the verbs of its parts, a `ConditionCheck` by `dynamodb:ConditionCheckItem`
//!   (DynamoDB Developer Guide, "Using IAM with DynamoDB transactions").
//! - `dynamodb:LeadingKeys` holds the partition keys, `dynamodb:Attributes` the names of all attributes in the request:
//!   of the item, of the key, of what is updated, and of conditions, for "it cannot perform conditional write
//!   operations based on any other attributes" (same guide, "Using IAM policy conditions for fine-grained access
//!   control"). That a condition's attributes count in a transaction too, and that a nested attribute counts by the
//!   name of the outermost, is our reading: the guide says neither otherwise nor so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::iam::Asked;
use super::template::{list, named, resources, scalar, table_arn};

/// What a request needs, by its `X-Amz-Target` and its body.
pub fn asked(target: &str, body: &Value) -> Vec<Asked> {
    let operation = target.rsplit('.').next().unwrap();
    if target.starts_with("secretsmanager.") {
        let resource = if body["SecretId"] == "waas/callbacks" { named("Secret") } else { "*".to_owned() };
        let action = format!("secretsmanager:{operation}");
        return vec![Asked { action, resource, context: BTreeMap::new() }];
    }
    let parts = body["TransactItems"].as_array().into_iter().flatten();
    let parts = parts.flat_map(|item| item.as_object().unwrap()).map(|(verb, part)| {
        let mut asked = of_part(&format!("{verb}Item"), part);
        asked.context.insert("dynamodb:EnclosingOperation", vec![operation.to_owned()]);
        asked
    });
    if body["TransactItems"].is_array() { parts.collect() } else { vec![of_part(operation, body)] }
}

fn of_part(action: &str, part: &Value) -> Asked {
    // A batch names many tables, none of them here. No policy allows any.
    let table = part["TableName"].as_str().unwrap_or("*");
    let resource = match part["IndexName"].as_str() {
        Some(index) => format!("{}/index/{index}", table_arn(table)),
        None => table_arn(table),
    };
    let mut context = BTreeMap::new();
    if let Some(key) = leading_key(&resource, part) {
        context.insert("dynamodb:LeadingKeys", vec![key]);
    }
    let attributes = attributes(part);
    if !attributes.is_empty() {
        context.insert("dynamodb:Attributes", attributes.into_iter().collect());
    }
    Asked { action: format!("dynamodb:{action}"), resource, context }
}

/// The value of the partition key: of an item or a key, or what a query asks it to be.
fn leading_key(resource: &str, part: &Value) -> Option<String> {
    static PARTITION_KEYS: LazyLock<BTreeMap<String, String>> = LazyLock::new(partition_keys);
    let name = PARTITION_KEYS.get(resource)?;
    let text = |value: &Value| value.as_object()?.values().next()?.as_str().map(str::to_owned);
    if let Some(value) = part["Item"].get(name).or_else(|| part["Key"].get(name)) {
        return text(value);
    }
    let tokens = tokens(part["KeyConditionExpression"].as_str()?);
    let is_key = |token: &&str| resolve(token, part).as_deref() == Some(name);
    let equation = tokens.windows(3).find(|tokens| is_key(&tokens[0]) && tokens[1] == "=")?;
    text(&part["ExpressionAttributeValues"][equation[2]])
}

/// The partition keys of the tables and of their indexes, by ARN.
fn partition_keys() -> BTreeMap<String, String> {
    let key = |of: &yaml_serde::Value| scalar(&list(&of["KeySchema"])[0]["AttributeName"]);
    let mut keys = BTreeMap::new();
    for (name, table) in resources("AWS::DynamoDB::Table") {
        let arn = named(&format!("{name}.Arn"));
        for index in list(&table["Properties"]["GlobalSecondaryIndexes"]) {
            keys.insert(format!("{arn}/index/{}", scalar(&index["IndexName"])), key(&index));
        }
        keys.insert(arn, key(&table["Properties"]));
    }
    keys
}

/// The attributes that a request names, wherever it does.
fn attributes(part: &Value) -> BTreeSet<String> {
    let maps = ["Item", "Key", "AttributeUpdates", "Expected", "KeyConditions", "QueryFilter", "ScanFilter"];
    let maps = maps.iter().filter_map(|name| part[name].as_object()).flat_map(Map::keys).cloned();
    let listed = part["AttributesToGet"].as_array().into_iter().flatten();
    let listed = listed.filter_map(Value::as_str).map(str::to_owned);
    let expressions = [
        "ConditionExpression",
        "UpdateExpression",
        "ProjectionExpression",
        "KeyConditionExpression",
        "FilterExpression",
    ];
    let expressions = expressions.iter().filter_map(|name| part[name].as_str());
    maps.chain(listed).chain(expressions.flat_map(|expression| names(expression, part))).collect()
}

/// The attributes that an expression names; of `a.b[0]` it is `a`.
fn names(expression: &str, part: &Value) -> Vec<String> {
    let tokens = tokens(expression);
    let followed = tokens.iter().zip(tokens.iter().skip(1).map(Some).chain([None]));
    let mut is_nested = false;
    let mut names = Vec::new();
    for (token, next) in followed {
        if !is_nested && next != Some(&"(") {
            names.extend(resolve(token, part));
        }
        is_nested = *token == ".";
    }
    names
}

/// The attribute that a token names, if it names one.
fn resolve(token: &str, part: &Value) -> Option<String> {
    const KEYWORDS: [&str; 8] = ["SET", "ADD", "REMOVE", "DELETE", "AND", "OR", "NOT", "IN"];
    if token.starts_with('#') {
        // One that is not declared is refused by DynamoDB; here it is an attribute that nobody may name.
        return Some(part["ExpressionAttributeNames"][token].as_str().unwrap_or(token).to_owned());
    }
    let is_name = token.starts_with(|first: char| first.is_alphabetic() || first == '_');
    let is_keyword =
        KEYWORDS.contains(&token.to_uppercase().as_str()) || token.eq_ignore_ascii_case("BETWEEN");
    (is_name && !is_keyword).then(|| token.to_owned())
}

/// Words, with the `#` or `:` before them, and single signs.
fn tokens(expression: &str) -> Vec<&str> {
    let is_of_word = |character: char| character.is_alphanumeric() || character == '_';
    let mut tokens = Vec::new();
    let mut rest = expression.trim_start();
    while let Some(first) = rest.chars().next() {
        let sign = first.len_utf8();
        let is_word = is_of_word(first) || first == '#' || first == ':';
        let word = rest[sign..].find(|character| !is_of_word(character)).map_or(rest.len(), |end| sign + end);
        let (token, after) = rest.split_at(if is_word { word } else { sign });
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(asked: &Asked, key: &'static str) -> Vec<String> {
        asked.context.get(key).cloned().unwrap_or_default()
    }

    fn one(operation: &str, body: &Value) -> Asked {
        let [asked] = asked(&format!("DynamoDB_20120810.{operation}"), body).try_into().unwrap();
        asked
    }

    #[test]
    fn an_update_asks_for_every_attribute_of_its_key_its_changes_and_its_conditions() {
        let update = json!({
            "TableName": "Withdrawals",
            "Key": { "callBackId": { "S": "w" } },
            "UpdateExpression": "SET #state = :state, #h.#inner[0] = list_append(if_not_exists(history, :none), :one) \
                                 ADD version :one REMOVE #stalled, map.inner",
            "ConditionExpression": "(attribute_not_exists(#held) or size (#txId) < :n) AND #state IN (:a, :b) \
                                    AND NOT contains(reasons, :one) AND fee between :a AND :b",
            "ExpressionAttributeNames": { "#state": "state", "#h": "outer", "#inner": "inner", "#stalled": "stalled",
                "#held": "held", "#txId": "txId" }
        });
        let asked = one("UpdateItem", &update);
        assert_eq!(
            (asked.action.as_str(), asked.resource),
            ("dynamodb:UpdateItem", table_arn("Withdrawals"))
        );
        let expected = [
            "callBackId",
            "fee",
            "held",
            "history",
            "map",
            "outer",
            "reasons",
            "stalled",
            "state",
            "txId",
            "version",
        ];
        assert_eq!(asked.context["dynamodb:Attributes"], expected);
        assert_eq!(asked.context["dynamodb:LeadingKeys"], ["w"]);
        let undeclared = json!({ "TableName": "Withdrawals", "UpdateExpression": "SET #x = :x" });
        assert_eq!(values(&one("UpdateItem", &undeclared), "dynamodb:Attributes"), ["#x"]);
        let legacy = json!({
            "TableName": "Withdrawals", "Key": { "callBackId": { "S": "w" } },
            "AttributeUpdates": { "held": {} }, "Expected": { "state": {} }
        });
        assert_eq!(
            values(&one("UpdateItem", &legacy), "dynamodb:Attributes"),
            ["callBackId", "held", "state"]
        );
    }

    #[test]
    fn a_transaction_asks_for_what_its_parts_do() {
        let body = json!({ "TransactItems": [
            { "Put": { "TableName": "Events", "Item": { "eventKey": { "S": "deposit.ab" }, "postings": { "L": [] } },
                       "ConditionExpression": "attribute_not_exists(eventKey)" } },
            { "Update": { "TableName": "Balances", "Key": { "tenantUserId": { "S": "1945" }, "asset": { "S": "TRX" } },
                          "UpdateExpression": "ADD #available :available",
                          "ExpressionAttributeNames": { "#available": "available" } } },
            { "ConditionCheck": { "TableName": "Events", "Key": { "eventKey": { "S": "registration.ab" } },
                                  "ConditionExpression": "termsDigest = :x" } },
            { "Delete": { "TableName": "Events", "Key": { "eventKey": { "S": "deposit.ab" } } } },
        ] });
        let parts = asked("DynamoDB_20120810.TransactWriteItems", &body);
        let told: Vec<_> = parts.iter().map(|part| (&*part.action, part.resource.clone())).collect();
        let expected = [
            ("dynamodb:PutItem", table_arn("Events")),
            ("dynamodb:UpdateItem", table_arn("Balances")),
            ("dynamodb:ConditionCheckItem", table_arn("Events")),
            ("dynamodb:DeleteItem", table_arn("Events")),
        ];
        assert_eq!(told, expected);
        assert!(
            parts.iter().all(|part| part.context["dynamodb:EnclosingOperation"] == ["TransactWriteItems"])
        );
        let attributes: Vec<_> =
            parts.iter().map(|part| values(part, "dynamodb:Attributes").join(" ")).collect();
        assert_eq!(
            attributes,
            ["eventKey postings", "asset available tenantUserId", "eventKey termsDigest", "eventKey"]
        );
        let keys: Vec<_> = parts.iter().map(|part| values(part, "dynamodb:LeadingKeys").join(" ")).collect();
        assert_eq!(keys, ["deposit.ab", "1945", "registration.ab", "deposit.ab"]);
        let gets = json!({ "TransactItems": [{ "Get": { "TableName": "Events", "Key": { "eventKey": { "S": "k" } } } }] });
        assert_eq!(asked("DynamoDB_20120810.TransactGetItems", &gets)[0].action, "dynamodb:GetItem");
    }

    #[test]
    fn a_query_asks_for_the_index_and_the_key_that_it_names() {
        let query = json!({
            "TableName": "Events", "IndexName": "byUser", "KeyConditionExpression": "recordedAt > :t AND #u = :user",
            "FilterExpression": "outcome = :user", "ExpressionAttributeNames": { "#u": "tenantUserId" },
            "ExpressionAttributeValues": { ":user": { "S": "1945" }, ":t": { "S": "2026" } }
        });
        let asked = one("Query", &query);
        assert_eq!(asked.resource, format!("{}/index/byUser", table_arn("Events")));
        assert_eq!(values(&asked, "dynamodb:LeadingKeys"), ["1945"]);
        assert_eq!(values(&asked, "dynamodb:Attributes"), ["outcome", "recordedAt", "tenantUserId"]);
        // "Scan returns all items regardless of the leading keys": it has none.
        assert_eq!(one("Scan", &json!({ "TableName": "Events" })).context, BTreeMap::new());
    }

    #[test]
    fn what_names_no_table_asks_for_more_than_any_policy_allows() {
        let batch = json!({ "RequestItems": { "Events": [] } });
        assert_eq!(one("BatchWriteItem", &batch).resource, table_arn("*"));
        assert_eq!(
            one("ExecuteStatement", &json!({ "Statement": "DELETE FROM Events" })).resource,
            table_arn("*")
        );
        let secret = |id: &str| asked("secretsmanager.GetSecretValue", &json!({ "SecretId": id }))[0].clone();
        assert_eq!(secret("waas/callbacks").resource, named("Secret"));
        assert_eq!(
            (secret("other").action.as_str(), &*secret("other").resource),
            ("secretsmanager:GetSecretValue", "*")
        );
    }
}
