//! Serves [`reconciliation::Reconciliation`] under the Lambda runtime.

use std::time::{Duration, SystemTime};

use lambda_runtime::LambdaEvent;
use reconciliation::Reconciliation;
use serde_json::{Value, json};

/// What the end of an invocation takes at most: an answer of the platform that is waited for, twice where the keys have
/// changed, and what follows of it.
const RESERVE: Duration = Duration::from_secs(30);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let handle = async |service: &Reconciliation, event: LambdaEvent<Value>| {
        let until = event.context.deadline() - RESERVE;
        let run = Box::pin(service.go_on(until.max(SystemTime::now()))).await?;
        Ok(json!({ "run": run }))
    };
    waas_callback_aws::serve_events("reconciliation", Reconciliation::start, handle).await
}
