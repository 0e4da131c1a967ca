//! What was recorded of a day, counted.

use std::time::{Duration, SystemTime};

use waas_callback::{CallbackType, CountedType};

use super::Reconciler;
use crate::retry::Unavailable;
use crate::tables::events;
use crate::tables::{Ledger, text, timestamp};

impl Reconciler {
    /// How many deposits or payments callbacks told of from one time to another, the second not included.
    /// Eventually consistent.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer.
    pub async fn count(&self, of: CountedType, from: SystemTime, to: SystemTime) -> Result<u64, Unavailable> {
        if from >= to {
            return Ok(0);
        }
        let r#type = match of {
            CountedType::Deposits => CallbackType::Deposit,
            CountedType::Withdrawals => CallbackType::Withdrawal,
        };
        let (first, end) = (timestamp(from)?, timestamp(to)?);
        let mut count = 0;
        let mut day = from;
        // The index has a part for each day of UTC.
        loop {
            let time = timestamp(day)?;
            let part = events::counted_on(r#type, &time);
            let part = part.ok_or_else(|| Unavailable::new("the clock is out of range"))?;
            count += self.count_part(&part, &first, &end).await?;
            if time.get(..10) == end.get(..10) || day > to {
                return Ok(count);
            }
            day += Duration::from_hours(24);
        }
    }

    async fn count_part(&self, part: &str, first: &str, end: &str) -> Result<u64, Unavailable> {
        let Ledger { client, tables } = &self.ledger;
        let query = client.query().table_name(&tables.events).index_name(events::BY_DAY);
        let query =
            query.key_condition_expression("countedOn = :part AND recordedAt BETWEEN :first AND :end");
        let query = query.expression_attribute_values(":part", text(part));
        let query = query.expression_attribute_values(":first", text(first));
        self.ledger.count(&query.expression_attribute_values(":end", text(&before(end)))).await
    }
}

/// What sorts behind every time before this one, and before it: times are written with milliseconds and a `Z`.
fn before(time: &str) -> String {
    time.strip_suffix('Z').unwrap_or(time).to_owned()
}
