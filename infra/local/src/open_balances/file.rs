//! The file: every line read by the rules of the API before anything is posted.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::Read;

use anyhow::{Context as _, ensure};
use csv::StringRecord;
use serde_json::{Value, json};
use waas_callback::{Adjustment, Asset, Decimal, Fingerprint, Leg, MovementError};

const COLUMNS: [&str; 4] = ["tenantUserId", "chainName", "symbol", "amount"];

/// What a file says.
#[derive(Debug, Default)]
pub struct Balances {
    /// The rows that can be posted.
    pub rows: Vec<Row>,
    /// The lines that are wrong. If there is one, nothing should be posted.
    pub wrong: Vec<Wrong>,
}

/// What a user has of an asset.
#[derive(Debug)]
pub struct Row {
    /// Where it stands, from 1.
    pub line: u64,
    /// The adjustment.
    pub(super) request: Value,
    leg: Leg,
}

/// A line that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Which, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub what: String,
}

impl Balances {
    /// Reads a CSV file with the columns `tenantUserId`, `chainName`, `symbol` and `amount`, in whatever order.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or has other columns. What is wrong with a line is no error: it is among [`Self::wrong`].
    pub fn read(content: impl Read) -> anyhow::Result<Self> {
        let mut reader = csv::Reader::from_reader(content);
        let head = reader.headers().context("the first line cannot be read")?.clone();
        let columns = COLUMNS.map(|name| head.iter().position(|column| column == name));
        let [Some(user), Some(chain_name), Some(symbol), Some(amount)] = columns else {
            anyhow::bail!("the first line has to name the columns {}", COLUMNS.join(", "));
        };
        ensure!(head.len() == COLUMNS.len(), "there are other columns than {}", COLUMNS.join(", "));
        let (mut balances, mut lines) = (Self::default(), HashMap::new());
        for record in reader.records() {
            match record {
                Ok(record) => {
                    let line = record.position().map_or(0, csv::Position::line);
                    let of = |column| record_text(&record, column);
                    let row = Row::read(line, [of(user), of(chain_name), of(symbol), of(amount)]);
                    balances.enter(line, row, &mut lines);
                }
                Err(error) => {
                    ensure!(!error.is_io_error(), error);
                    let line = error.position().map_or(0, csv::Position::line);
                    balances.wrong.push(Wrong { line, what: said(&error) });
                }
            }
        }
        Ok(balances)
    }

    /// Enters a row, unless there is one of its user and asset.
    fn enter(&mut self, line: u64, row: Result<Row, String>, lines: &mut HashMap<(String, Asset), u64>) {
        let row = row.and_then(|row| {
            let account = (row.leg.tenant_user_id.clone(), row.leg.asset.clone());
            if let Some(first) = lines.get(&account) {
                return Err(format!("user and asset are those of line {first}"));
            }
            lines.insert(account, line);
            Ok(row)
        });
        match row {
            Ok(row) => self.rows.push(row),
            Err(what) => self.wrong.push(Wrong { line, what }),
        }
    }

    /// How many rows there are of each asset, and their sum; absent where that needs more than 38 digits.
    #[must_use]
    pub fn totals(&self) -> BTreeMap<&Asset, (usize, Option<Decimal>)> {
        let mut totals = BTreeMap::new();
        for Row { leg, .. } in &self.rows {
            let (count, sum) = totals.entry(&leg.asset).or_insert((0, Some(Decimal::ZERO)));
            *count += 1;
            *sum = sum.and_then(|sum| sum.checked_add(leg.amount));
        }
        totals
    }
}

fn record_text(record: &StringRecord, column: usize) -> &str {
    record.get(column).unwrap_or_default()
}

/// What is wrong with a line that is no row at all.
fn said(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("it has {len} fields and not {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8".to_owned(),
        _ => error.to_string(),
    }
}

impl Row {
    /// Reads a row as the API would read its request.
    fn read(line: u64, [user, chain_name, symbol, amount]: [&str; 4]) -> Result<Self, String> {
        let asset = format!("{chain_name}#{symbol}");
        let request = json!({
            "id": format!("opening.{}", Fingerprint::new("opening", [user, &asset].map(Some)).as_str()),
            "reason": "opening",
            "legs": [{ "tenantUserId": user, "chainName": chain_name, "symbol": symbol, "amount": amount }]
        });
        let adjustment = Adjustment::parse(&request.to_string()).map_err(|error| match error {
            MovementError::Leg { error, .. } => error.to_string(),
            MovementError::NoCoin { .. } => "an energy lease is no coin".to_owned(),
            error => error.to_string(),
        })?;
        let [leg] = &adjustment.legs().each[..] else { return Err("it is not one row".to_owned()) };
        if leg.amount.is_negative() {
            return Err("amount is below zero".to_owned());
        }
        Ok(Self { line, leg: leg.clone(), request })
    }

    /// Whose and of what it is, for people.
    #[must_use]
    pub fn named(&self) -> String {
        format!("{} {}", self.leg.tenant_user_id, self.leg.asset)
    }
}

/// A line for each that is wrong, then one for each asset, and one that counts.
impl fmt::Display for Balances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Wrong { line, what } in &self.wrong {
            writeln!(f, "line {line}: {what}")?;
        }
        for (asset, (count, sum)) in self.totals() {
            let sum = sum.map_or_else(|| "more than 38 digits".to_owned(), |sum| sum.to_string());
            writeln!(f, "{asset}: {sum} of {count} users")?;
        }
        write!(f, "{} rows, {} lines wrong", self.rows.len(), self.wrong.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> Balances {
        Balances::read(content.as_bytes()).unwrap()
    }

    #[test]
    fn every_line_that_is_wrong_is_named_and_no_other() {
        let content = "tenantUserId,chainName,symbol,amount\n\
                       1945,TRON,USDT,10.50\n\
                       1945,TRON,TRX,1\n\
                       a b,TRON,USDT,1\n\
                       2049,TRON,USDT,0\n\
                       2049,TRON,USDT,-1\n\
                       2049,TRON,USDT,1e3\n\
                       2049,TR#N,USDT,1\n\
                       2049,TRON,USDT\n\
                       1945,TRON,USDT,10.50\n\
                       2049,TRON,ENERGY,1\n\
                       2049,TRON,\"USDT \",1\n\
                       ,TRON,USDT,1\n\
                       2049,TRON,USDT,0.5\n";
        let balances = read(content);
        let wrong: Vec<_> = balances.wrong.iter().map(|wrong| (wrong.line, &*wrong.what)).collect();
        let expected = [
            (4, "tenantUserId has a character other than letters, digits and -._~!$&'()*+,;=:@"),
            (5, "amount is zero"),
            (6, "amount is below zero"),
            (7, "amount is not a plain decimal"),
            (8, "chainName contains '#'"),
            (9, "it has 3 fields and not 4"),
            (10, "user and asset are those of line 2"),
            (11, "an energy lease is no coin"),
            (12, "symbol begins or ends with a space, or has a character that is not printable ASCII"),
            (13, "tenantUserId is empty"),
        ];
        assert_eq!(wrong, expected);
        let lines: Vec<_> = balances.rows.iter().map(|row| row.line).collect();
        assert_eq!(lines, [2, 3, 14]);
        let shown = balances.to_string();
        assert!(
            shown.ends_with("TRON#TRX: 1 of 1 users\nTRON#USDT: 11 of 2 users\n3 rows, 10 lines wrong"),
            "{shown}"
        );
    }

    #[test]
    fn columns_stand_in_any_order_and_there_are_no_others() {
        let [row] = &read("amount,symbol,chainName,tenantUserId\n1,USDT,TRON,1945\n").rows[..] else {
            panic!("not one row")
        };
        assert_eq!(row.named(), "1945 TRON#USDT");
        for head in [
            "",
            "tenantUserId,chainName,symbol",
            "1945,TRON,USDT,1",
            "tenantUserId,chainName,symbol,amount,note",
        ] {
            assert!(Balances::read(format!("{head}\n").as_bytes()).is_err(), "{head}");
        }
        assert!(
            read("\u{feff}tenantUserId,chainName,symbol,amount\r\n1945,TRON,USDT,1\r\n").wrong.is_empty()
        );
    }

    #[test]
    fn a_row_has_the_same_id_whatever_its_amount_and_line_and_another_for_each_user_and_asset() {
        let id = |row: &str| {
            let balances = read(&format!("tenantUserId,chainName,symbol,amount\n{row}\n"));
            balances.rows[0].request["id"].clone()
        };
        let first = id("1945,TRON,USDT,1");
        assert_eq!(id("1945,TRON,USDT,2"), first);
        for other in ["1946,TRON,USDT,1", "1945,TRON,TRX,1", "1945,ETH,USDT,1", "1945TRON,TRON,USDT,1"] {
            assert_ne!(id(other), first, "{other}");
        }
    }
}
