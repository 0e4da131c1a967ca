//! The audit finds what no posting explains.

use waas_local::audit::audit;

use crate::harness::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_audit_finds_what_is_put_in_by_hand() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    deployment.register("w", "1945", "3.3", PAYEE).await;
    deployment.assert_audited().await;
    let client = waas_callback_aws::clients::dynamodb(deployment.stack.config());
    let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
    let number = |value: &str| aws_sdk_dynamodb::types::AttributeValue::N(value.to_owned());
    let put = |user: &str, available: &str| {
        client
            .put_item()
            .table_name("Balances")
            .item("tenantUserId", text(user))
            .item("asset", text("TRON#USDT"))
            .item("available", number(available))
            .item("frozen", number("3.3"))
    };
    put("1945", "6.70000001").send().await.unwrap();
    put("nobody", "1").send().await.unwrap();
    let found = audit(&deployment.ledger).await.unwrap();
    assert_eq!(found.differences.len(), 2);
    let report = found.to_string();
    assert!(
        report.contains(
            "1945 TRON#USDT: recorded available 6.70000001 frozen 3.3 held 0, posted available 6.7"
        ),
        "{report}"
    );
    assert!(report.ends_with("2 balances, 2 differences"), "{report}");

    // The command, as an operator runs it.
    let command = || {
        let environment = deployment.stack.environment().iter().map(|(name, value)| (name, value));
        std::process::Command::new(env!("CARGO_BIN_EXE_waas-local")).arg("audit").envs(environment).output()
    };
    let failed = tokio::task::block_in_place(command).unwrap();
    assert_eq!(
        (failed.status.code(), &*String::from_utf8_lossy(&failed.stdout)),
        (Some(1), &*format!("{report}\n"))
    );
    put("1945", "6.7").send().await.unwrap();
    put("nobody", "0").item("frozen", number("0")).send().await.unwrap();
    assert_eq!(tokio::task::block_in_place(command).unwrap().status.code(), Some(0));
}
