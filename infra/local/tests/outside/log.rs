//! The log tells what happened, and nothing of the user.

use serde_json::{Value, json};
use waas_platform::DEVELOPMENT_API_KEY;

use crate::harness::*;

#[tokio::test]
async fn the_log_names_the_event_and_tells_nothing_of_the_user() {
    let deployment = Deployment::new().await;
    let (_, function) = deployment.function("deposit").await;
    let deposit = deposit_with("tenantUserId", "a-private-person");
    deployment.send("deposit", &deposit).await;
    deployment.send("deposit", &with(&deposit, "amount", "31415.92653")).await;
    deployment.send("deposit", &with(&deposit, "toAddress", 7)).await;
    deployment.post("deposit", "garbage").await;
    let lines = function.callbacks(4).await;
    let seen: Vec<_> = lines.iter().map(|line| (line["outcome"].as_str().unwrap(), &line["type"])).collect();
    let one = json!(1);
    let expected = [
        ("credited", &one),
        ("request-conflict", &one),
        ("malformed", &Value::Null),
        ("unopenable", &Value::Null),
    ];
    assert_eq!(seen, expected);
    assert!(lines[0]["eventKey"].as_str().unwrap().starts_with("deposit."));
    assert_eq!(lines[0]["trackingId"], "6484");
    assert!(lines.iter().all(|line| line["latencyMs"].is_number()));

    let log = function.log();
    let public_key = deployment.platform.key.public_key_base64();
    for private in [
        "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK",
        "TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP",
        "2.500000000000",
        "31415",
        "a-private-person",
        "b00a4aa3d6426f6409a83ae72a79de5b559a2c339ebc89b8b75427c2600978e3",
        DEVELOPMENT_API_KEY,
        &public_key,
    ] {
        assert!(!log.contains(private), "{private} in the log:\n{log}");
    }
    let metric = log.lines().find(|line| line.contains("CloudWatchMetrics")).unwrap();
    let metric: Value = serde_json::from_str(metric).unwrap();
    assert_eq!(metric["_aws"]["CloudWatchMetrics"][0]["Namespace"], "WaasCallbacks");
    assert_eq!(metric["Function"], "deposit");
}
