//! Serves [`insufficient_gas::GasShortages`] under the Lambda runtime.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    waas_callback_aws::serve(insufficient_gas::GasShortages).await
}
