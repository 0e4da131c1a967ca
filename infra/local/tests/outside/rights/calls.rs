//! Calls to be judged: by the template's policies, and by what they are to allow.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::table::{Rights, attributes};
use crate::harness::asked::asked;
use crate::harness::iam::Asked;
use crate::harness::template::{named, table_arn};

#[rustfmt::skip]
const KINDS: [&str; 21] = [
    "deposit", "withdrawal-confirmation", "withdrawal", "address-change", "withdrawal-failure", "insufficient-balance",
    "insufficient-gas", "registration", "cancellation", "release", "resolution", "collection", "movement",
    "movement-leg", "adjustment", "adjustment-leg", "verification", "submission", "reconciliation", "user",
    "another",
];
#[rustfmt::skip]
pub const TABLES: [&str; 12] = [
    "Requests", "Events", "Events/index/byUser", "Events/index/byDay", "Balances", "Withdrawals",
    "Withdrawals/index/byOpenSince", "Addresses", "Cases",
    "Cases/index/byOpenSince", "Cases/index/byNextAskAt", "of-another-stack",
];
/// The verbs by which DynamoDB reads and writes items, and two that are worse.
#[rustfmt::skip]
const VERBS: [&str; 15] = [
    "GetItem", "Query", "Scan", "BatchGetItem", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem",
    "ConditionCheckItem", "PartiQLSelect", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete", "DeleteTable",
    "UpdateTable",
];

/// What IAM is asked about a transaction of one part that names these attributes beside its key.
pub fn part(verb: &str, table: &str, key: &str, attributes: &[&str]) -> Asked {
    let keys: &[&str] = match table {
        "Requests" => &["requestUUID"],
        "Events" => &["eventKey"],
        "Withdrawals" => &["callBackId"],
        "Cases" => &["caseKey"],
        "Balances" | "Addresses" => &["tenantUserId", "asset"],
        table => panic!("{table} is no table"),
    };
    let value = json!({ "S": key });
    let item = |names: &[&str]| -> Map<_, _> {
        names.iter().map(|name| ((*name).to_owned(), value.clone())).collect()
    };
    let beside: Vec<_> = attributes.iter().copied().filter(|name| !keys.contains(name)).collect();
    let terms: Vec<_> = beside.iter().map(|name| format!("#{name} = :{name}")).collect();
    let mut part = match (verb, terms.is_empty()) {
        ("Put", _) => json!({ "Item": item(&[keys, &beside].concat()) }),
        ("Update", false) => {
            json!({ "Key": item(keys), "UpdateExpression": format!("SET {}", terms.join(", ")) })
        }
        ("ConditionCheck", false) => json!({ "Key": item(keys), "ConditionExpression": terms.join(" AND ") }),
        _ => json!({ "Key": item(keys) }),
    };
    let names = beside.iter().map(|name| (format!("#{name}"), Value::from(*name)));
    part["ExpressionAttributeNames"] = Value::Object(names.collect());
    part["TableName"] = table.into();
    asked("DynamoDB_20120810.TransactWriteItems", &json!({ "TransactItems": [{ verb: part }] })).remove(0)
}

/// What is asked without a word of keys or attributes, of a table or an index.
pub fn bare(verb: &str, table: &str) -> Asked {
    Asked { action: format!("dynamodb:{verb}"), resource: table_arn(table), context: [].into() }
}

/// All that a function's code or its intruder could ask for, as far as it makes a difference.
pub fn calls(rights: &Rights) -> BTreeSet<Asked> {
    let event = format!("{}.ab", rights.events[0]);
    let case = format!("{}.ab", rights.cases.map_or("deposit", |kinds| kinds[0]));
    let mut calls = BTreeSet::new();
    for (verb, table, key, listed) in [
        ("Put", "Requests", "k", rights.requests),
        ("Put", "Events", &event, rights.event_attributes),
        ("ConditionCheck", "Events", "registration.ab", rights.registration),
        ("Update", "Withdrawals", "k", rights.withdrawals),
        ("Update", "Balances", "k", rights.balances),
        ("Update", "Balances", "k", rights.sums),
        ("Update", "Addresses", "k", rights.addresses),
        ("Update", "Cases", &case, rights.case_attributes),
    ] {
        // All that it may name at once, which is what its code does at most; the same on everything and by every
        // verb; and the same without a word of what it names.
        let whole = part(verb, table, key, listed);
        for (verb, table) in VERBS.iter().flat_map(|verb| TABLES.map(|table| (verb, table))) {
            calls.insert(Asked { context: whole.context.clone(), ..bare(verb, table) });
        }
        for without in ["dynamodb:Attributes", "dynamodb:LeadingKeys"] {
            let mut unsaid = whole.clone();
            unsaid.context.remove(without);
            calls.insert(unsaid);
        }
        calls.insert(whole);
        // Each attribute by itself.
        calls.extend(attributes().into_iter().map(|attribute| part(verb, table, key, &[attribute])));
    }
    // Of two lists for one table, what names something of both.
    for (one, other) in [(rights.balances, rights.sums), (rights.sums, rights.balances)] {
        calls.extend(other.iter().map(|more| part("Update", "Balances", "k", &[one, &[*more]].concat())));
    }
    calls.extend(VERBS.iter().flat_map(|verb| TABLES.map(|table| bare(verb, table))));
    for key in keys() {
        for (verb, table) in [("Put", "Events"), ("ConditionCheck", "Events"), ("Update", "Cases")] {
            calls.insert(part(verb, table, &key, &[]));
        }
    }
    calls.extend(besides());
    calls
}

/// How keys of Events and Cases can begin, and two that none begins with.
pub fn beginnings() -> Vec<String> {
    KINDS.iter().flat_map(|kind| [(*kind).to_owned(), format!("refusal.{kind}")]).collect()
}

/// A key of each beginning, and what only looks like one.
fn keys() -> Vec<String> {
    let of = |beginning: String| {
        ["{}.ab", "{}", "{}-ab", "x{}.ab", "another.{}.ab"].map(|form| form.replace("{}", &beginning))
    };
    beginnings().into_iter().flat_map(of).collect()
}

/// What concerns no table.
fn besides() -> Vec<Asked> {
    let via = |service| format!("{service}.eu-central-1.amazonaws.com");
    let via = |service| [("kms:ViaService", vec![via(service)])].into();
    let contexts = [[].into(), via("dynamodb"), via("secretsmanager"), via("s3")];
    #[rustfmt::skip]
    let actions = [
        "logs:CreateLogStream", "logs:PutLogEvents", "logs:DeleteLogGroup", "xray:PutTraceSegments",
        "xray:PutTelemetryRecords", "xray:GetTraceGraph", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt",
        "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ScheduleKeyDeletion", "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue", "dynamodb:DeleteItem", "sqs:ReceiveMessage", "sqs:DeleteMessage",
        "sqs:GetQueueAttributes", "sqs:SendMessage", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
        "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses", "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets", "ec2:RunInstances",
    ];
    let mut calls = Vec::new();
    let resources =
        ["FunctionsLog.Arn", "Key.Arn", "Secret", "Questions.Arn", "Submissions.Arn", "Another.Arn"]
            .map(named);
    for resource in resources.into_iter().chain([INTERFACE.to_owned()]) {
        for (action, context) in
            actions.iter().flat_map(|action| contexts.clone().map(|context| (action, context)))
        {
            calls.push(Asked { action: (*action).to_owned(), resource: resource.clone(), context });
        }
    }
    calls
}

/// By which Lambda puts a function into a network.
pub const INTERFACE: &str = "arn:aws:ec2:eu-central-1:123456789012:network-interface/eni-0a";
