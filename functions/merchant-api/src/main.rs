//! Serves [`merchant_api::router`] under the Lambda runtime.

use waas_callback_aws::Merchant;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    waas_callback_aws::serve_http("merchant-api", |config| merchant_api::router(Merchant::connect(config)))
        .await
}
