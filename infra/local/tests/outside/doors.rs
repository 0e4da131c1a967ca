//! What the merchant registers, the platform can name again; and letter case blocks no payment.

use http::Method;
use serde_json::json;

use crate::harness::*;

#[tokio::test]
async fn what_could_not_be_found_again_is_not_registered() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    for (field, value, detail) in [
        ("address", " TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK\n", "the address holds white space"),
        ("address", "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnk", "checksum"),
        ("address", "0xDe0B295669a9FD93d5F28D9Ec85E40f4cb697BAe", "the address"),
        ("callBackId", "A#1", "callBackId has a character"),
        ("callBackId", "a b", "callBackId has a character"),
        ("tenantUserId", "19/45", "tenantUserId has a character"),
        ("chainName", "TRON ", "chainName begins or ends with a space"),
    ] {
        let mut order = json!({
            "callBackId": "w", "tenantUserId": "1945", "chainName": "TRON", "symbol": "USDT", "amount": "1",
            "address": PAYEE
        });
        order[field] = json!(value);
        let (status, problem) = deployment.call(Method::POST, "/withdrawals", Some(&order)).await;
        let told = problem["detail"].as_str().unwrap();
        assert!(status == 400 && told.contains(detail), "{field} {value:?}: {status} {told}");
        assert!(!told.contains(value.trim()), "{told}");
    }
    assert_eq!(deployment.usdt("1945").await, money("10", "0"));
}

#[tokio::test]
async fn letter_case_blocks_no_payment_where_it_means_nothing() {
    let deployment = Deployment::new().await;
    let segwit = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"; // BIP-173
    let evm = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"; // EIP-55
    for (nth, (chain, symbol, registered, reported)) in [
        ("BTC", "BTC", segwit.to_uppercase(), segwit.to_owned()),
        ("BTC", "BTC", segwit.to_owned(), segwit.to_uppercase()),
        ("ETH", "ETH", evm.to_owned(), evm.to_lowercase()),
        ("ETH", "ETH", evm.to_lowercase(), evm.to_owned()),
    ]
    .into_iter()
    .enumerate()
    {
        let funds =
            with(&with(&deposit_with("txId", format!("d{nth}")), "chainName", chain), "symbol", symbol);
        let funds = retry_of(&with(&funds, "tenantUserId", "1945"));
        assert_eq!(verdict(&deployment.send("deposit", &funds).await), ACCEPTED);
        let id = format!("w{nth}");
        let order = json!({
            "callBackId": id, "tenantUserId": "1945", "chainName": chain, "symbol": symbol, "amount": "2.5",
            "address": registered
        });
        assert_eq!(deployment.call(Method::POST, "/withdrawals", Some(&order)).await.0, 201, "{registered}");
        let asked = deployment.send("withdrawal-confirmation", &confirmation(&id)).await;
        assert_eq!(asked.reply.unwrap()["address"], registered, "the platform is told what was registered");
        let paid = with(&with(&completion(&id, "2.5"), "chainName", chain), "symbol", symbol);
        deployment.dynamodb.take_requests();
        let completed = deployment.send("withdrawal", &with(&paid, "toAddress", reported.clone())).await;
        assert_eq!(
            (verdict(&completed), &completed.reply.unwrap()["toAddress"]),
            (ACCEPTED, &json!(reported))
        );
        assert_eq!(deployment.dynamodb.take_requests().values().sum::<usize>(), 1, "in one round trip");
        assert_eq!(deployment.state(&id).await, "completed");
    }
    // Where case means another payee, it is one.
    deployment.deposit("1945", "USDT", "1").await;
    assert_eq!(deployment.register("tron", "1945", "1", PAYEE).await, 201);
    let other = with(&completion("tron", "1"), "toAddress", PAYEE.replace("TGDH", "TGdH"));
    assert_eq!(verdict(&deployment.send("withdrawal", &other).await), (200, 2008));
}

/// A restore of one table alone must not be answered with success.
#[tokio::test]
async fn a_known_request_whose_event_is_gone_is_neither_success_nor_news() {
    let deployment = Deployment::new().await;
    deployment.deposit("bbxuzbc", "USDT", "10").await;
    assert_eq!(deployment.register("D611657466", "bbxuzbc", "3.3", PAYEE).await, 201);
    let asked = plain("withdrawal-confirmation");
    assert_eq!(verdict(&deployment.send("deposit", DEPOSIT).await), ACCEPTED);
    assert_eq!(verdict(&deployment.send("withdrawal-confirmation", &asked).await), ACCEPTED);
    let client = waas_callback_aws::clients::dynamodb(deployment.stack.config());
    for event in deployment.events().await {
        let delete = client.delete_item().table_name("Events").key("eventKey", event["eventKey"].clone());
        delete.send().await.unwrap();
    }
    for (function, callback) in [("deposit", DEPOSIT), ("withdrawal-confirmation", &*asked)] {
        let exchange = deployment.send(function, callback).await;
        assert_eq!(verdict(&exchange), (503, 5004), "{function}");
        let (_, process) = deployment.function(function).await;
        assert_eq!(process.count("record-missing"), 1, "counted for an alarm");
    }
    assert_eq!(deployment.available("2049", "TRON#TRX").await, "2.5");
}
