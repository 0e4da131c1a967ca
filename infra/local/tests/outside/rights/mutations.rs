//! Policies that are a little wrong: each has to be noticed.

use super::calls::{TABLES, beginnings};
use super::table::attributes;
use crate::harness::iam::{Condition, Policy, Statement};
use crate::harness::template::{named, table_arn};

/// A policy with one statement replaced, by one that is wider, narrower or other than it was, or by none.
pub struct Mutation {
    /// What was done, for a test that has to tell of it.
    pub done: String,
    pub position: usize,
    pub replacement: Option<Statement>,
}

pub fn mutations(policy: &Policy) -> Vec<Mutation> {
    let mut mutations = Vec::new();
    for (position, statement) in policy.0.iter().enumerate() {
        let mut add = |done: String, replacement: Option<Statement>| {
            mutations.push(Mutation { done: format!("{}: {done}", statement.sid), position, replacement });
        };
        add("removed".to_owned(), None);
        let is_deny = !statement.is_deny;
        add("turned round".to_owned(), Some(Statement { is_deny, ..statement.clone() }));
        for (done, actions) in lists(&statement.actions, &["dynamodb:DeleteItem", "*"].map(str::to_owned)) {
            add(format!("action {done}"), Some(Statement { actions, ..statement.clone() }));
        }
        let others = if statement.actions[0].starts_with("dynamodb:") {
            TABLES.map(table_arn).to_vec()
        } else {
            vec![named("Another.Arn")]
        };
        // A right to all of a table that another statement gives is given already.
        let is_given = |resource: &String| {
            let mut given = policy.0.iter().filter(|other| other.conditions.is_empty());
            given.any(|other| other.actions == statement.actions && other.resources.contains(resource))
        };
        let others = others.into_iter().filter(|resource| !is_given(resource));
        let others: Vec<_> = others.chain(["*".to_owned()]).collect();
        for (done, resources) in lists(&statement.resources, &others) {
            add(format!("resource {done}"), Some(Statement { resources, ..statement.clone() }));
        }
        if statement.conditions.len() > 1 {
            add(
                "all conditions dropped".to_owned(),
                Some(Statement { conditions: Vec::new(), ..statement.clone() }),
            );
        }
        for (at, condition) in statement.conditions.iter().enumerate() {
            let mut without = statement.clone();
            without.conditions.remove(at);
            add(format!("{} of {} dropped", condition.operator, condition.key), Some(without));
            for (done, values) in lists(&condition.values, &foreign(condition)) {
                let mut other = statement.clone();
                other.conditions[at].values = values;
                add(format!("{} of {}: {done}", condition.operator, condition.key), Some(other));
            }
        }
    }
    mutations
}

/// The list with one entry less, and with one more that it has not; what was done to it.
fn lists(list: &[String], foreign: &[String]) -> Vec<(String, Vec<String>)> {
    let shorter = (0..list.len()).map(|at| {
        let mut shorter = list.to_vec();
        (format!("without {}", shorter.remove(at)), shorter)
    });
    // Who has all is given nothing by more.
    let is_foreign = |entry: &&String| !list.contains(*entry) && !list.contains(&"*".to_owned());
    let longer = foreign
        .iter()
        .filter(is_foreign)
        .map(|entry| (format!("with {entry}"), list.iter().chain([entry]).cloned().collect()));
    shorter.chain(longer).collect()
}

/// What a condition's list could have too much.
fn foreign(condition: &Condition) -> Vec<String> {
    match condition.key.as_str() {
        _ if condition.operator == "Null" => vec!["true".to_owned()],
        "dynamodb:Attributes" => attributes().into_iter().map(str::to_owned).collect(),
        "dynamodb:LeadingKeys" => beginnings()
            .into_iter()
            .map(|beginning| format!("{beginning}.*"))
            .chain(["*".to_owned()])
            .collect(),
        "kms:ViaService" => vec!["s3.eu-central-1.amazonaws.com".to_owned()],
        key => panic!("the key {key} is not known here"),
    }
}
