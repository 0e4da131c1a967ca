//! Recomputes every balance from the postings of the events and names each difference.

use std::collections::BTreeMap;
use std::fmt;

use waas_callback::{Asset, Balance};
use waas_callback_aws::{Ledger, UserBalance};

/// A balance that is not the sum of its postings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The user.
    pub tenant_user_id: String,
    /// What is counted.
    pub asset: Asset,
    /// What the table says.
    pub recorded: Balance,
    /// What the postings add up to; absent where the sum needs more than 38 digits.
    pub posted: Option<Balance>,
}

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Events read.
    pub events: usize,
    /// Balances compared.
    pub balances: usize,
    /// Those that differ.
    pub differences: Vec<Difference>,
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, balances, differences } = self;
        for Difference { tenant_user_id, asset, recorded, posted } in differences {
            write!(f, "{tenant_user_id} {asset}: recorded {}", Shown(recorded))?;
            match posted {
                Some(posted) => writeln!(f, ", posted {}", Shown(posted))?,
                None => writeln!(f, ", posted: more than 38 digits")?,
            }
        }
        let count = differences.len();
        write!(f, "{events} events, {balances} balances, {count} differences")
    }
}

struct Shown<'a>(&'a Balance);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Balance { available, frozen, held, owed } = self.0;
        write!(f, "available {available} frozen {frozen} held {held} owed {owed}")
    }
}

/// Audits the tables.
///
/// Reads the balances before the events, so callbacks that arrive meanwhile can show as differences: audit
/// again, or while nothing arrives.
///
/// # Errors
///
/// If the tables cannot be read.
pub async fn audit(ledger: &Ledger) -> anyhow::Result<Audit> {
    let recorded = ledger.all_balances().await?;
    let events = ledger.all_events().await?;
    let mut sums = BTreeMap::<(String, Asset), Option<Balance>>::new();
    for event in &events {
        for posting in &event.postings {
            let sum = sums.entry((posting.tenant_user_id.clone(), posting.asset.clone()));
            let sum = sum.or_insert(Some(Balance::default()));
            // The events come in no order: a sum may pass below zero on its way, only its end counts.
            *sum = sum.and_then(|balance| balance.checked_add(posting));
        }
    }
    let mut differences = Vec::new();
    let balances = recorded.len();
    for UserBalance { tenant_user_id, asset, balance: recorded } in recorded {
        let posted = sums.remove(&(tenant_user_id.clone(), asset.clone()));
        let posted = posted.unwrap_or(Some(Balance::default()));
        if posted != Some(recorded) {
            differences.push(Difference { tenant_user_id, asset, recorded, posted });
        }
    }
    let missing = sums.into_iter().filter(|(_, posted)| *posted != Some(Balance::default()));
    differences.extend(missing.map(|((tenant_user_id, asset), posted)| Difference {
        tenant_user_id,
        asset,
        recorded: Balance::default(),
        posted,
    }));
    Ok(Audit { events: events.len(), balances, differences })
}
