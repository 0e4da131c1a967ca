//! Repeats a DynamoDB request while that can help and the invocation has time.

use std::future::Future;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use backon::{BackoffBuilder as _, ExponentialBuilder};

/// What is kept back for sealing and sending the answer.
const ANSWER_RESERVE: Duration = Duration::from_millis(200);
/// What the first attempt is given, however little is left.
const LEAST_TIME: Duration = Duration::from_millis(150);
/// No commit takes longer, however long the invocation may: the platform is waiting, and sends again.
const MAX_COMMIT_TIME: Duration = Duration::from_secs(5);

/// Error codes after which the same request may succeed
/// (Amazon DynamoDB Developer Guide, "Error handling with DynamoDB").
const TRANSIENT: [&str; 9] = [
    "TransactionConflict", // as a cancellation reason
    "TransactionConflictException",
    "TransactionInProgressException",
    "ThrottlingError", // as a cancellation reason
    "ThrottlingException",
    "ProvisionedThroughputExceeded", // as a cancellation reason
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "InternalServerError",
];

/// Until when an invocation may go on trying.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// From the time that the invocation has left, if that is known. The first attempt is always made.
    pub(crate) fn after(time_left: Option<Duration>) -> Self {
        let time = time_left.map_or(MAX_COMMIT_TIME, |left| left.saturating_sub(ANSWER_RESERVE));
        Self(Instant::now() + time.min(MAX_COMMIT_TIME))
    }

    /// The work's result, or `None` if it is not done by then.
    pub(crate) async fn bound<T>(self, work: impl Future<Output = T>) -> Option<T> {
        let end = self.0.max(Instant::now() + LEAST_TIME);
        tokio::time::timeout_at(end.into(), work).await.ok()
    }
}

/// DynamoDB could not be read or written. AWS's code or what failed, for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("DynamoDB: {0}")]
pub struct Unavailable(String);

impl Unavailable {
    /// With its cause, which is told to the log alone and holds no value.
    pub fn new(cause: impl Into<String>) -> Self {
        Self(cause.into())
    }
}

/// How one attempt ended.
pub(crate) enum Attempt<T> {
    /// Whatever it was, it is final.
    Done(Result<T, Unavailable>),
    /// It may succeed next time; the error to give if there is none.
    Again(Unavailable),
}

/// Runs attempts, with growing and jittered pauses, until one is done or the deadline passes. One that is under
/// way then is given up: whether it was applied, its records tell the next request.
pub(crate) async fn retry<T, F>(deadline: Deadline, mut attempt: impl FnMut() -> F) -> Result<T, Unavailable>
where
    F: Future<Output = Attempt<T>>,
{
    let mut pauses = ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(20))
        .with_max_delay(Duration::from_millis(800))
        .without_max_times()
        .with_jitter()
        .build();
    loop {
        let error = match deadline.bound(attempt()).await {
            Some(Attempt::Done(result)) => return result,
            Some(Attempt::Again(error)) => error,
            None => return Err(Unavailable::new("out of time")),
        };
        match pauses.next() {
            Some(pause) if Instant::now() + pause < deadline.0 => tokio::time::sleep(pause).await,
            _ => return Err(error),
        }
    }
}

/// Is this the code of an error, or of a cancellation reason, that passes?
pub(crate) fn is_transient_code(code: &str) -> bool {
    TRANSIENT.contains(&code)
}

/// Does this error pass by itself: no connection, no answer in time, throttling, a fault of the service?
pub(crate) fn is_transient<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
        SdkError::ServiceError(context) => {
            context.err().code().is_some_and(is_transient_code) || context.raw().status().is_server_error()
        }
        _ => false,
    }
}

/// An attempt that ended in an error of the service or of the way to it.
pub(crate) fn failed<T, E: ProvideErrorMetadata>(error: &SdkError<E>) -> Attempt<T> {
    let unavailable = Unavailable::new(name(error));
    if is_transient(error) { Attempt::Again(unavailable) } else { Attempt::Done(Err(unavailable)) }
}

/// A short name of an error for the log: AWS's code, or what failed. Never its message, which may hold values.
pub(crate) fn name<E: ProvideErrorMetadata>(error: &SdkError<E>) -> String {
    match error {
        SdkError::TimeoutError(_) => "timeout".to_owned(),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => "connect timeout".to_owned(),
        SdkError::DispatchFailure(_) => "no connection".to_owned(),
        SdkError::ResponseError(_) => "unreadable answer".to_owned(),
        SdkError::ServiceError(context) => {
            let status = || format!("HTTP {}", context.raw().status().as_u16());
            context.err().code().map_or_else(status, str::to_owned)
        }
        _ => "request not built".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy() -> Unavailable {
        Unavailable::new("busy")
    }

    async fn count_attempts(time_left: Option<Duration>) -> (Result<(), Unavailable>, u32) {
        let mut attempts = 0;
        let result = retry(Deadline::after(time_left), || {
            attempts += 1;
            std::future::ready(if attempts == 4 { Attempt::Done(Ok(())) } else { Attempt::Again(busy()) })
        });
        (result.await, attempts)
    }

    #[tokio::test(flavor = "current_thread")]
    async fn an_error_that_passes_is_outlived() {
        assert_eq!(count_attempts(Some(Duration::from_mins(1))).await, (Ok(()), 4));
        assert_eq!(count_attempts(None).await, (Ok(()), 4));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn an_attempt_that_hangs_is_given_up_at_the_deadline() {
        let hanging = || std::future::pending::<Attempt<()>>();
        let result = retry(Deadline::after(Some(Duration::ZERO)), hanging).await;
        assert_eq!(result, Err(Unavailable::new("out of time")));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn without_time_left_there_is_one_attempt() {
        assert_eq!(count_attempts(Some(Duration::ZERO)).await, (Err(busy()), 1));
        assert_eq!(count_attempts(Some(ANSWER_RESERVE)).await, (Err(busy()), 1));
    }
}
