//! Serves [`address_change::AddressChanges`] under the Lambda runtime.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    waas_callback_aws::serve(address_change::AddressChanges).await
}
