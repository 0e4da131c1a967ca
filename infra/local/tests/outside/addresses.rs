//! Deposit addresses and their changes.

use http::Method;
use serde_json::json;

use crate::harness::*;

#[tokio::test]
async fn a_late_retry_does_not_bring_an_old_address_back() {
    let deployment = Deployment::new().await;
    let to = |address: &str| {
        retry_of(&with(&with(&plain("address-change"), "newAddress", address), "tenantUserId", "1945"))
    };
    for address in ["TA", "TB", "TC"] {
        assert_eq!(verdict(&deployment.send("address-change", &to(address)).await), ACCEPTED);
    }
    let late = with(&to("TB"), "trackingId", "t"); // even one that looks like another event
    for again in [to("TB"), to("TC"), late] {
        assert_eq!(verdict(&deployment.send("address-change", &again).await), ACCEPTED);
    }
    let (_, user) = deployment.call(Method::GET, "/users/1945", None).await;
    let expected =
        json!([{ "chainName": "TRON", "symbol": "USDT", "address": "TC", "earlier": ["TA", "TB"] }]);
    assert_eq!(user["addresses"], expected);

    deployment.send("address-change", &plain("address-change")).await;
    let (_, user) = deployment.call(Method::GET, "/users/2020", None).await;
    assert_eq!(user["addresses"][0]["address"], "TGVJZLgz88XPYwkQECMRocSgHtKQT7VQZd", "not the damaged copy");

    let deposit = with(&with(DEPOSIT, "tenantUserId", "1945"), "toAddress", "TA");
    assert_eq!(
        verdict(&deployment.send("deposit", &deposit).await),
        ACCEPTED,
        "an earlier address still credits"
    );
    assert_eq!(deployment.outcomes().await["address-known"], 1);
}
