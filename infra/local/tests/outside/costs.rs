//! Round trips to DynamoDB, which are what a callback costs.

use std::collections::BTreeMap;

use crate::harness::*;

#[tokio::test]
async fn every_callback_costs_one_round_trip() {
    let deployment = Deployment::new().await;
    deployment.send("deposit", DEPOSIT).await;
    let one = || BTreeMap::from([("TransactWriteItems".to_owned(), 1)]);
    let secrets = deployment.secrets.take_requests();
    assert_eq!(secrets, BTreeMap::from([("GetSecretValue".to_owned(), 2)]), "init reads both versions");
    assert_eq!(deployment.dynamodb.take_requests(), one());
    for repetition in [DEPOSIT.to_owned(), retry_of(DEPOSIT), retry_of(&deposit_with("symbol", "USDT"))] {
        deployment.send("deposit", &repetition).await;
        assert_eq!(deployment.dynamodb.take_requests(), one());
    }
    deployment.send("deposit", &deposit_with("amount", "3")).await;
    let with_record = BTreeMap::from([("TransactWriteItems".to_owned(), 2)]);
    assert_eq!(deployment.dynamodb.take_requests(), with_record);
    deployment.send("deposit", &deposit_with("type", 0)).await;
    assert_eq!(deployment.dynamodb.take_requests(), BTreeMap::new());
    let of_nothing = retry_of(&with(&deposit_with("amount", "0"), "txId", "zero"));
    deployment.send("deposit", &of_nothing).await;
    assert_eq!(deployment.dynamodb.take_requests(), one(), "a deposit of nothing is recorded too");
    assert_eq!(deployment.secrets.take_requests(), BTreeMap::new(), "none after init");
}

#[tokio::test]
async fn round_trips_are_as_promised() {
    let deployment = Deployment::new().await;
    deployment.deposit("1945", "USDT", "10").await;
    for id in ["a", "b", "c"] {
        deployment.register(id, "1945", "1", PAYEE).await;
    }
    deployment.register_in("direct", "d", "1945", "1", PAYEE).await;
    deployment.send("withdrawal-confirmation", &confirmation("a")).await;
    let count = async |function: &str, plaintext: &str| {
        deployment.dynamodb.take_requests();
        deployment.send(function, plaintext).await;
        deployment.dynamodb.take_requests().values().sum::<usize>()
    };
    let (six, seven) = (notice(6, "a").to_string(), notice(7, "a").to_string());
    let one = [
        ("deposit", DEPOSIT.to_owned()),
        ("insufficient-balance", retry_of(&six)),
        ("insufficient-gas", retry_of(&seven)),
        ("withdrawal", completion("a", "1")),
        ("withdrawal", completion("d", "1")),
        ("address-change", plain("address-change")),
    ];
    for (function, plaintext) in &one {
        assert_eq!(count(function, plaintext).await, 1, "{function}");
        assert_eq!(count(function, &retry_of(plaintext)).await, 1, "{function}, repeated");
    }
    for (function, plaintext) in
        [("withdrawal-confirmation", confirmation("b")), ("withdrawal-failure", failure("b"))]
    {
        assert_eq!(count(function, &plaintext).await, 2, "{function}");
        if function == "withdrawal-confirmation" {
            assert_eq!(count(function, &retry_of(&plaintext)).await, 1, "{function}, repeated");
        }
    }
    assert_eq!(count("withdrawal-failure", &failure("b")).await, 1, "repeated");
    for (function, refused, round_trips) in [
        ("withdrawal-confirmation", confirmation("unknown"), 2),
        ("withdrawal", completion("c", "2"), 2),
        // Its registration is as it should be, and so is not told: order and registration are read together.
        ("withdrawal", with(&completion("b", "1"), "trackingId", "another"), 3),
        ("withdrawal-failure", failure("a"), 2),
    ] {
        assert_eq!(count(function, &refused).await, round_trips, "{function}, refused");
        assert_eq!(count(function, &retry_of(&refused)).await, round_trips, "{function}, refused again");
    }
}
