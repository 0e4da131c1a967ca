//! An audit's result, for people and for programs.

use std::fmt;
use std::time::SystemTime;

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use serde::Serialize;
use serde_json::{Value, json};

use super::finding::Finding;

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audit {
    /// What was read, table by table.
    pub read: Vec<Read>,
    /// What is not as the events say, as of one moment of each user's records.
    pub differences: Vec<Finding>,
    /// What looked so and changed whenever it was looked at.
    pub undecided: Vec<Finding>,
}

/// A table that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Read {
    /// What its records are: events, orders, balances.
    pub what: &'static str,
    /// How many.
    pub records: u64,
    /// When its first page was asked for.
    #[serde(serialize_with = "time")]
    pub from: SystemTime,
    /// When its last page had come.
    #[serde(serialize_with = "time")]
    pub until: SystemTime,
}

impl Audit {
    /// Is all as the events say?
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.differences.is_empty() && self.undecided.is_empty()
    }

    /// The same as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let findings = |of: &[Finding]| {
            let one = |Finding { kind, key, detail, users }: &Finding| json!({"kind": kind.name(), "key": key, "detail": detail, "users": users});
            of.iter().map(one).collect::<Vec<_>>()
        };
        json!({
            "read": self.read,
            "differences": findings(&self.differences),
            "undecided": findings(&self.undecided),
        })
    }
}

/// A line for each finding, and one that counts.
impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { read, differences, undecided } = self;
        for finding in differences {
            writeln!(f, "{finding}")?;
        }
        for finding in undecided {
            writeln!(f, "undecided: {finding}")?;
        }
        for Read { what, records, .. } in read {
            write!(f, "{records} {what}, ")?;
        }
        write!(f, "{} differences", differences.len())?;
        match undecided.len() {
            0 => Ok(()),
            count => write!(f, ", {count} undecided"),
        }
    }
}

fn time<S: serde::Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let text = DateTime::from(*time).fmt(DateTimeFormat::DateTime);
    serializer.serialize_str(&text.map_err(serde::ser::Error::custom)?)
}
