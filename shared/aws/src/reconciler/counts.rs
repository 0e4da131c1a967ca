//! What was recorded of a day, counted.

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::types::Select;
use waas_callback::{CallbackType, CountedType};

use super::Reconciler;
use crate::retry::{Attempt, Deadline, Unavailable, failed, retry};
use crate::tables::events;
use crate::tables::{Item, Ledger, text, timestamp};

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
        let (mut count, mut start) = (0_u64, None::<Item>);
        loop {
            let attempt = async || {
                let query = client.query().table_name(&tables.events).index_name(events::BY_DAY);
                let condition = "countedOn = :part AND recordedAt BETWEEN :first AND :end";
                let query = query.key_condition_expression(condition).select(Select::Count);
                let query = query.expression_attribute_values(":part", text(part));
                let query = query.expression_attribute_values(":first", text(first));
                let query = query.expression_attribute_values(":end", text(&before(end)));
                match query.set_exclusive_start_key(start.clone()).send().await {
                    Ok(page) => Attempt::Done(Ok(page)),
                    Err(error) => failed(&error),
                }
            };
            let page = retry(Deadline::after(None), attempt).await?;
            count += u64::try_from(page.count).unwrap_or_default();
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(count);
            }
        }
    }
}

/// What sorts behind every time before this one, and before it: times are written with milliseconds and a `Z`.
fn before(time: &str) -> String {
    time.strip_suffix('Z').unwrap_or(time).to_owned()
}
