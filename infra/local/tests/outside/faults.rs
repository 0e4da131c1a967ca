//! What AWS's services fail in: outlived where it passes, 503 where it lasts, never errCode 0 before the commit.

use waas_callback_aws::Ledger;
use waas_local::{Options, Stack};
use waas_platform::Platform;

use crate::harness::*;

#[tokio::test]
async fn passing_errors_are_outlived_within_the_invocation() {
    let deployment = Deployment::new().await;
    let passing = [
        Fault::Cancelled("TransactionConflict"),
        Fault::Cancelled("ThrottlingError"),
        Fault::Error("ThrottlingException"),
        Fault::Error("ProvisionedThroughputExceededException"),
        Fault::Error("TransactionInProgressException"),
        Fault::Internal,
    ];
    for (tx, fault) in passing.into_iter().enumerate() {
        deployment.dynamodb.fail_next([fault]);
        let deposit = retry_of(&deposit_with("txId", tx.to_string().repeat(64)));
        assert_eq!(verdict(&deployment.send("deposit", &deposit).await), ACCEPTED, "{fault:?}");
    }
    assert_eq!(deployment.available("2049", "TRON#TRX").await, "15");

    // The work was done, the answer lost: done once all the same.
    deployment.dynamodb.fail_next([Fault::AnswerLost, Fault::AnswerLost]);
    let deposit = retry_of(&deposit_with("txId", "f".repeat(64)));
    assert_eq!(verdict(&deployment.send("deposit", &deposit).await), ACCEPTED);
    assert_eq!(deployment.available("2049", "TRON#TRX").await, "17.5");
}

#[tokio::test]
async fn lasting_errors_are_503_until_they_end() {
    let mut deployment = Deployment::new().await;
    deployment.timeout = std::time::Duration::from_millis(700);
    for fault in [
        Fault::Error("ThrottlingException"),
        Fault::Cancelled("TransactionConflict"),
        Fault::Error("AccessDeniedException"),
        Fault::Error("ResourceNotFoundException"),
        Fault::Internal,
        Fault::AnswerLost,
        Fault::Hang,
    ] {
        deployment.dynamodb.fail_always(Some(fault));
        let exchange = deployment.send("deposit", DEPOSIT).await;
        assert_eq!(verdict(&exchange), (503, 5003), "{fault:?}");
    }
    deployment.dynamodb.fail_always(None);
    assert_eq!(verdict(&deployment.send("deposit", DEPOSIT).await), ACCEPTED);
    assert_eq!(deployment.available("2049", "TRON#TRX").await, "2.5");

    // A conflict whose record cannot be written is not answered as one yet.
    deployment.dynamodb.fail_next([Fault::Cancelled("None")]);
    assert_eq!(
        verdict(&deployment.send("deposit", &retry_of(&deposit_with("txId", "e".repeat(64)))).await),
        (503, 5003)
    );
}

#[tokio::test]
async fn a_database_that_is_gone_and_comes_back_needs_no_restart() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = Options { database: Some(directory.path().join("waas.db")), ..Options::default() };
    let stack = Stack::start_services(&options).await.unwrap();
    let mut lambda = Lambda::start().await;
    lambda.timeout = std::time::Duration::from_millis(700);
    let _function = lambda.spawn("deposit", stack.environment());
    let platform = Platform::development();
    assert_eq!(verdict(&send(&lambda, &platform, DEPOSIT).await), ACCEPTED);

    let port = |name| variable(&stack, name).rsplit(':').next().unwrap().parse().unwrap();
    options.dynamodb_port = port("AWS_ENDPOINT_URL_DYNAMODB");
    options.secrets_manager_port = port("AWS_ENDPOINT_URL_SECRETS_MANAGER");
    stack.stop().await.unwrap();
    let second = retry_of(&deposit_with("txId", "a".repeat(64)));
    assert_eq!(verdict(&send(&lambda, &platform, &second).await), (503, 5003));

    let stack = Stack::start_services(&options).await.unwrap();
    for plaintext in [&second, &retry_of(DEPOSIT)] {
        assert_eq!(verdict(&send(&lambda, &platform, plaintext).await), ACCEPTED);
    }
    let ledger = Ledger::connect(stack.config());
    let balance = ledger.balance("2049", &"TRON#TRX".parse().unwrap()).await.unwrap();
    assert_eq!(balance.available.to_string(), "5", "what was written before is still there");
}
