//! Serves [`withdrawal_submission::Submissions`] under the Lambda runtime.

use withdrawal_submission::Submissions;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    waas_callback_worker::serve("withdrawal-submission", Submissions::start, Submissions::take).await
}
