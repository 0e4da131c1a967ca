//! What contradicts the ledger moves nothing, and is recorded.

use http::Method;

use crate::harness::*;

const ENDED: i64 = 2009;
const OTHER_TERMS: i64 = 2008;
const OTHER_TRACKING_ID: i64 = 2013;

#[tokio::test]
async fn contradictions_move_nothing_and_are_recorded_once() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "100").await;
    for id in ["completed", "failed", "cancelled", "open"] {
        assert_eq!(deployment.register(id, "1945", "3.3", PAYEE).await, 201);
    }
    deployment.send("withdrawal", &completion("completed", "3.3")).await;
    deployment.send("withdrawal-failure", &failure("failed")).await;
    assert_eq!(deployment.call(Method::DELETE, "/withdrawals/cancelled", None).await.0, 200);
    assert_eq!(deployment.call(Method::DELETE, "/withdrawals/cancelled", None).await.0, 200, "again");
    assert_eq!(deployment.usdt("1945").await, money("93.4", "3.3"));

    let evm = "0xDe0B295669a9FD93d5F28D9Ec85E40f4cb697BAe";
    let cases = [
        ("withdrawal-failure", failure("completed"), ENDED),
        ("withdrawal", completion("failed", "3.3"), ENDED),
        ("withdrawal", completion("cancelled", "3.3"), ENDED),
        ("withdrawal", with(&completion("completed", "3.3"), "txId", "another"), ENDED),
        ("withdrawal-confirmation", confirmation("completed"), ENDED),
        ("withdrawal-confirmation", confirmation("failed"), ENDED),
        ("withdrawal-confirmation", confirmation("cancelled"), ENDED),
        ("withdrawal", completion("open", "3.2"), OTHER_TERMS),
        ("withdrawal", completion("open", "3.4"), OTHER_TERMS),
        ("withdrawal", with(&completion("open", "3.3"), "toAddress", evm), OTHER_TERMS),
        ("withdrawal", with(&completion("open", "3.3"), "symbol", "TRX"), OTHER_TERMS),
        ("withdrawal", with(&completion("open", "3.3"), "chainName", "ETH"), OTHER_TERMS),
        ("withdrawal", with(&completion("open", "3.3"), "tenantUserId", "1946"), 2007),
        ("withdrawal-failure", with(&failure("open"), "tenantUserId", "1946"), 2007),
        (
            "withdrawal",
            with(&with(&completion("completed", "3.3"), "txId", "foreign"), "trackingId", "another"),
            OTHER_TRACKING_ID,
        ),
        (
            "withdrawal-confirmation",
            with(&confirmation("failed"), "trackingId", "another"),
            OTHER_TRACKING_ID,
        ),
        ("insufficient-gas", retry_of(&with(&notice(7, "open").to_string(), "tenantUserId", "1946")), 2007),
    ];
    for (nth, (function, plaintext, code)) in cases.iter().enumerate() {
        let records = deployment.events().await.len();
        let refused = twice(&deployment, function, plaintext).await;
        assert_eq!(verdict(&refused), (200, *code), "{nth}: {plaintext}");
        assert!(!refused.answer.unwrap().message.is_empty());
        assert_eq!(deployment.events().await.len(), records + 1, "{nth}: recorded once");
        assert_eq!(deployment.usdt("1945").await, money("93.4", "3.3"), "{nth}");
    }
    for (id, state) in
        [("completed", "completed"), ("failed", "failed"), ("cancelled", "cancelled"), ("open", "reserved")]
    {
        assert_eq!(deployment.state(id).await, state);
    }
    let (_, process) = deployment.function("withdrawal").await;
    assert!(process.count("order-ended") >= 3 && process.count("other-terms") >= 5);
    assert!(process.count("other-tracking-id") >= 1);
    // A failure after the merchant's own cancellation says what is so already.
    assert_eq!(verdict(&twice(&deployment, "withdrawal-failure", &failure("cancelled")).await), ACCEPTED);
    deployment.assert_audited().await;
}
