//! Serves [`operator_api::router`] under the Lambda runtime.

use waas_callback_aws::Operator;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    waas_callback_aws::serve_http("operator-api", |config| operator_api::router(Operator::connect(config)))
        .await
}
