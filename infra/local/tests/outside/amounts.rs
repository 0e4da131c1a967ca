//! Amounts are exact to the last digit, or refused.

use serde_json::{Value, json};

use crate::harness::*;

#[tokio::test]
async fn amounts_of_38_digits_add_exactly_and_39_are_refused() {
    let deployment = Deployment::new().await;
    let deposit = |tx: char, amount: Value| {
        retry_of(&with(&deposit_with("txId", tx.to_string().repeat(64)), "amount", amount))
    };
    let amount: Value = serde_json::from_str("12345678901234567890.123456789012345678").unwrap();
    assert_ne!(amount.to_string(), "12345678901234567890.123456789012345678", "a float would lose digits");
    let text = deposit('a', json!("12345678901234567890.123456789012345678"));
    let number = deposit('b', json!("PLACE")).replace("\"PLACE\"", "12345678901234567890.123456789012345678");
    for plaintext in [text, number] {
        let exchange = deployment.send("deposit", &plaintext).await;
        assert_eq!(verdict(&exchange), ACCEPTED);
        assert_eq!(exchange.reply.unwrap()["amount"], "12345678901234567890.123456789012345678");
    }
    assert_eq!(deployment.available("2049", "TRON#TRX").await, "24691357802469135780.246913578024691356");
    let too_long = deposit('c', json!("123456789012345678901.123456789012345678"));
    assert_eq!(verdict(&deployment.send("deposit", &too_long).await), (400, 1004));
    // Each has 38 digits or fewer, their exact sum more: refused rather than rounded, and told apart.
    let too_large = deposit('d', json!("99999999999999999999999999999999999999"));
    assert_eq!(verdict(&deployment.send("deposit", &too_large).await), (200, 2004));
    assert_eq!(deployment.available("2049", "TRON#TRX").await, "24691357802469135780.246913578024691356");
    assert_eq!(deployment.outcomes().await, outcomes([("credited", 2), ("balance-out-of-range", 1)]));
}
