//! Serves [`verification::Verification`] under the Lambda runtime.

use verification::Verification;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    waas_callback_worker::serve("verification", Verification::start, Verification::take).await
}
