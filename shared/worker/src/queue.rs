//! Batches of a queue's messages: each is done or is given back.

use std::time::{Duration, SystemTime};

use lambda_runtime::{Error, LambdaEvent};
use serde::{Deserialize, Serialize};
use waas_callback_aws::{Config, Unavailable};

/// What SQS hands over.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    message_id: String,
    body: String,
}

/// Which messages were not done: the queue hands them over again.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    batch_item_failures: Vec<Failure>,
}

#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

/// A message: a hint that there is something to do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Message {
    /// About one thing.
    One {
        /// The case's key.
        case_key: String,
    },
    /// Whatever is due.
    Due {
        /// Always true.
        due: bool,
    },
}

/// Serves a queue under the Lambda runtime: `start` is init, `handle` takes a message and says until when it should be
/// done.
///
/// # Errors
///
/// If the environment or the secret cannot be used; the message names the variable or the cause, and is logged too.
pub async fn serve<S>(
    name: &'static str,
    start: impl AsyncFnOnce(&Config, &dyn Fn(&str) -> Option<String>) -> Result<S, Error>,
    handle: impl AsyncFn(&S, Message, SystemTime) -> Result<(), Unavailable>,
) -> Result<(), Error> {
    waas_callback_aws::serve_events(name, start, async |service: &S, event: LambdaEvent<Event>| {
        let deadline = event.context.deadline();
        let mut batch = Batch { batch_item_failures: Vec::new() };
        for Record { message_id, body } in event.payload.records {
            // What is no message now will be none the next time.
            let Ok(message) = serde_json::from_str::<Message>(&body) else {
                tracing::error!(messageId = message_id, "a message cannot be read");
                continue;
            };
            let done = async {
                // What cannot be begun in time is given back before the invocation ends.
                let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
                if left < RESERVE {
                    return Err(Unavailable::new("out of time"));
                }
                Box::pin(handle(service, message, deadline - RESERVE)).await
            };
            if let Err(error) = done.await {
                tracing::error!(messageId = message_id, cause = %error, "a message is given back");
                batch.batch_item_failures.push(Failure { item_identifier: message_id });
            }
        }
        Ok(batch)
    })
    .await
}

/// What the end of an invocation takes at most: an answer of the platform that is waited for, and what follows of it.
const RESERVE: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_a_case_or_says_that_something_is_due() {
        let read = |json: &str| serde_json::from_str::<Message>(json);
        let one = read(r#"{"caseKey":"deposit.1"}"#).unwrap();
        assert_eq!(one, Message::One { case_key: "deposit.1".to_owned() });
        assert_eq!(read(r#"{"due":true}"#).unwrap(), Message::Due { due: true });
        for no_message in ["", "{}", "[]", r#"{"caseKey":1}"#, r#"{"due":true,"caseKey":"deposit.1"}"#] {
            assert!(read(no_message).is_err(), "{no_message}");
        }
    }

    #[test]
    fn what_was_not_done_is_named_as_the_queue_expects_it() {
        let batch = Batch { batch_item_failures: vec![Failure { item_identifier: "m-1".to_owned() }] };
        let json = serde_json::to_string(&batch).unwrap();
        assert_eq!(json, r#"{"batchItemFailures":[{"itemIdentifier":"m-1"}]}"#);
    }
}
