//! Serves [`callback::Callbacks`] under the Lambda runtime.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    waas_callback_aws::serve(callback::Callbacks).await
}
