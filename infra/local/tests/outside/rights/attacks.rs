//! What somebody would try who runs code in a function, by name, and who may do it because it is his work.

use serde_json::json;

use super::calls::{bare, part};
use super::table::{RECONCILIATION, SUBMISSION, VERIFICATION};
use crate::harness::asked::asked;
use crate::harness::iam::Asked;

pub struct Attack {
    pub name: &'static str,
    /// A transaction: it is authorised only as a whole.
    pub parts: Vec<Asked>,
    pub done_by: &'static [&'static str],
}

const NOBODY: &[&str] = &[];
const DEPOSIT: &str = "deposit";
const CONFIRMATION: &str = "withdrawal-confirmation";
const PAYMENT: &str = "withdrawal";
const ADDRESS: &str = "address-change";
const FAILURE: &str = "withdrawal-failure";
const BALANCE: &str = "insufficient-balance";
const GAS: &str = "insufficient-gas";
const CALLBACK: &str = "callback";
const MERCHANT: &str = "merchant-api";
const OPERATOR: &str = "operator-api";
const CALLBACKS: &[&str] = &[DEPOSIT, CONFIRMATION, PAYMENT, ADDRESS, FAILURE, BALANCE, GAS, CALLBACK];
#[rustfmt::skip]
const KEYS: &[&str] = &[
    DEPOSIT, CONFIRMATION, PAYMENT, ADDRESS, FAILURE, BALANCE, GAS, CALLBACK, VERIFICATION, SUBMISSION, RECONCILIATION,
];

pub fn attacks() -> Vec<Attack> {
    let mut attacks = on_orders();
    attacks.extend(on_money());
    attacks.extend(on_events());
    attacks.extend(on_cases());
    attacks.extend(on_what_is_left());
    attacks
}

fn attack(name: &'static str, parts: impl Into<Vec<Asked>>, done_by: &'static [&'static str]) -> Attack {
    Attack { name, parts: parts.into(), done_by }
}

fn order(attributes: &[&str]) -> Asked {
    part("Update", "Withdrawals", "D611657466", attributes)
}

fn on_orders() -> Vec<Attack> {
    let terms = &[MERCHANT, OPERATOR];
    vec![
        attack("pay somebody else", [order(&["address"])], terms),
        attack("pay more", [order(&["amount"])], terms),
        attack("pay in another coin", [order(&["chainName", "symbol"])], terms),
        attack("charge another user", [order(&["tenantUserId"])], terms),
        attack("make a reserved order one that is paid unasked", [order(&["state", "registeredAt"])], terms),
        attack(
            "expect the payment in another state",
            [order(&["payableIn"])],
            &[PAYMENT, CALLBACK, MERCHANT, OPERATOR],
        ),
        attack("confirm", [order(&["version", "state", "confirmedAt", "updatedAt"])], &[CONFIRMATION]),
        attack("confirm what somebody else is paid by", [order(&["confirmedAt", "address"])], NOBODY),
        attack("lift a hold", [order(&["held"])], &[OPERATOR]),
        attack("confirm though it is held", [order(&["held", "confirmedAt"])], NOBODY),
        attack(
            "keep an open order from being compared",
            [order(&["open", "openSince"])],
            &[PAYMENT, FAILURE, CALLBACK, MERCHANT, OPERATOR, VERIFICATION, SUBMISSION, RECONCILIATION],
        ),
        attack("name a transaction", [order(&["txId"])], &[PAYMENT, CALLBACK, OPERATOR]),
        attack(
            "have it ordered from the platform, or ordered once more",
            [order(&["submission", "attempts", "mayHaveArrived"])],
            &[MERCHANT, SUBMISSION],
        ),
        attack("order it to somebody else", [order(&["submission", "address"])], &[MERCHANT]),
        attack("order it though it is held", [order(&["submission", "held"])], NOBODY),
        attack("confirm what it ordered itself", [order(&["submission", "confirmedAt"])], NOBODY),
        attack("forge an order", [part("Put", "Withdrawals", "D611657466", &["state", "address"])], NOBODY),
        attack("remove an order", [part("Delete", "Withdrawals", "D611657466", &[])], NOBODY),
        attack(
            "register and reserve",
            [
                part("Put", "Events", "registration.ab", &["termsDigest", "tenantUserId"]),
                order(&["tenantUserId", "address", "amount", "state", "registeredAt", "payableIn"]),
                part("Update", "Balances", "1945", &["available", "frozen", "owed"]),
            ],
            terms,
        ),
    ]
}

fn on_money() -> Vec<Attack> {
    let balance = |attributes: &[&str]| [part("Update", "Balances", "1945", attributes)];
    let legs = |whole: &str, leg: &str| {
        [
            part("Put", "Events", whole, &["legs", "reason", "id", "postings"]),
            part("Put", "Events", leg, &["tenantUserId", "wholeEventKey", "postings"]),
            part("Update", "Balances", "1945", &["available", "frozen", "owed"]),
        ]
    };
    vec![
        attack(
            "credit",
            balance(&["available"]),
            &[DEPOSIT, FAILURE, CALLBACK, MERCHANT, OPERATOR, VERIFICATION, SUBMISSION, RECONCILIATION],
        ),
        attack(
            "unfreeze",
            balance(&["frozen"]),
            &[
                DEPOSIT,
                PAYMENT,
                FAILURE,
                CALLBACK,
                MERCHANT,
                OPERATOR,
                VERIFICATION,
                SUBMISSION,
                RECONCILIATION,
            ],
        ),
        attack(
            "release what is held",
            balance(&["held", "available"]),
            &[DEPOSIT, CALLBACK, OPERATOR, VERIFICATION],
        ),
        attack("move to oneself", legs("movement.ab", "movement-leg.ab"), &[MERCHANT]),
        attack("make money by an adjustment", legs("adjustment.ab", "adjustment-leg.ab"), &[OPERATOR]),
        attack("pass an adjustment's leg for a movement's", legs("movement.ab", "adjustment-leg.ab"), NOBODY),
        attack("forgive what is owed", balance(&["owed"]), &[MERCHANT, OPERATOR]),
        attack(
            "hide a difference in the sum of the events",
            balance(&["auditedTo", "auditedAvailable"]),
            &[RECONCILIATION],
        ),
        attack(
            "write a balance and the sum that it is held against",
            balance(&["available", "auditedAvailable"]),
            NOBODY,
        ),
        attack("add a part that is not counted", balance(&["bonus"]), NOBODY),
        attack("write a balance anew", [part("Put", "Balances", "1945", &["available"])], NOBODY),
        attack("remove a balance", [part("Delete", "Balances", "1945", &[])], NOBODY),
        attack(
            "receive a user's deposits",
            [part("Update", "Addresses", "1945", &["address"])],
            &[ADDRESS, CALLBACK, VERIFICATION],
        ),
        attack(
            "have an address count as verified",
            [part("Update", "Addresses", "1945", &["verified"])],
            &[VERIFICATION],
        ),
        attack("remove an address", [part("Delete", "Addresses", "1945", &[])], NOBODY),
    ]
}

fn on_events() -> Vec<Attack> {
    let record = |key: &str, attributes: &[&str]| [part("Put", "Events", key, attributes)];
    vec![
        attack("record a deposit", record("deposit.ab", &["postings"]), &[DEPOSIT, CALLBACK, OPERATOR]),
        attack("record a confirmation", record("withdrawal-confirmation.ab", &["postings"]), &[CONFIRMATION]),
        attack("record a payment", record("withdrawal.ab", &["postings"]), &[PAYMENT, CALLBACK]),
        attack("record a failure", record("withdrawal-failure.ab", &["postings"]), &[FAILURE, CALLBACK]),
        attack("record a registration", record("registration.ab", &["mode"]), &[MERCHANT, OPERATOR]),
        attack("make a user known", record("user.ab", &["tenantUserId"]), &[MERCHANT]),
        attack("record a cancellation", record("cancellation.ab", &[]), &[MERCHANT]),
        attack("record a release", record("release.ab", &["releasedEventKey"]), &[OPERATOR]),
        attack(
            "record a resolution",
            record("resolution.ab", &["caseKey", "action", "operator"]),
            &[OPERATOR],
        ),
        attack("record a verification", record("verification.ab", &["caseKey"]), &[OPERATOR, VERIFICATION]),
        attack("end a submission", record("submission.ab", &["caseKey", "postings"]), &[SUBMISSION]),
        attack("report a finding", record("reconciliation.ab", &["finding", "recorded"]), &[RECONCILIATION]),
        attack(
            "put an order right",
            record("reconciliation.ab", &["postings", "expected"]),
            &[RECONCILIATION],
        ),
        attack(
            "count a payment for another day",
            record("withdrawal.ab", &["countedOn"]),
            &[PAYMENT, CALLBACK],
        ),
        attack("have a finding counted as a payment", record("reconciliation.ab", &["countedOn"]), NOBODY),
        attack("have a registration submitted", record("registration.ab", &["submission"]), &[MERCHANT]),
        attack("record a collection", record("collection.ab", &["postings"]), &[OPERATOR]),
        attack("record a movement", record("movement.ab", &["legs"]), &[MERCHANT]),
        attack("record a leg of a movement", record("movement-leg.ab", &["postings"]), &[MERCHANT]),
        attack("record an adjustment", record("adjustment.ab", &["legs"]), &[OPERATOR]),
        attack("record a leg of an adjustment", record("adjustment-leg.ab", &["postings"]), &[OPERATOR]),
        attack("have a movement look like an operator's", record("movement.ab", &["operator"]), NOBODY),
        attack("record legs with a deposit", record("deposit.ab", &["legs"]), &[OPERATOR]),
        attack("refuse a movement", record("refusal.movement.ab", &[]), NOBODY),
        attack("record a kind that there is not", record("transfer.ab", &[]), NOBODY),
        attack("refuse a deposit", record("refusal.deposit.ab", &["refusedEventKey"]), &[DEPOSIT, CALLBACK]),
        attack("refuse a confirmation", record("refusal.withdrawal-confirmation.ab", &[]), &[CONFIRMATION]),
        attack("refuse a registration", record("refusal.registration.ab", &[]), &[MERCHANT]),
        attack("refuse a resolution", record("refusal.resolution.ab", &[]), NOBODY),
        attack("prove terms by an event of its own kind", record("withdrawal.ab", &["termsDigest"]), NOBODY),
        attack("sign as an operator", record("deposit.ab", &["operator"]), &[OPERATOR]),
        attack(
            "change the terms that are proven",
            [part("Update", "Events", "registration.ab", &["termsDigest"])],
            NOBODY,
        ),
        attack("change postings", [part("Update", "Events", "deposit.ab", &["postings"])], NOBODY),
        attack("remove an event", [part("Delete", "Events", "deposit.ab", &[])], NOBODY),
        attack(
            "learn what another event says",
            [part("ConditionCheck", "Events", "deposit.ab", &["callback"])],
            NOBODY,
        ),
    ]
}

fn on_cases() -> Vec<Attack> {
    let case = |key: &str, attributes: &[&str]| [part("Update", "Cases", key, attributes)];
    vec![
        attack(
            "close a case of its own",
            case("deposit.ab", &["open", "openSince", "closedAt"]),
            &[OPERATOR, VERIFICATION],
        ),
        attack(
            "close a registration's case",
            case("registration.ab", &["open", "openSince", "closedAt"]),
            &[OPERATOR, SUBMISSION],
        ),
        attack(
            "open a finding",
            case("reconciliation.ab", &["open", "finding", "reasons"]),
            &[RECONCILIATION],
        ),
        attack(
            "close a finding",
            case("reconciliation.ab", &["open", "openSince", "closedAt"]),
            &[OPERATOR, RECONCILIATION],
        ),
        attack(
            "say that a run is further than it is",
            case("reconciliation.run", &["run"]),
            &[RECONCILIATION],
        ),
        attack("note a run in a deposit's case", case("deposit.ab", &["run", "lastRun"]), NOBODY),
        attack("take over a submission", case("registration.ab", &["nextAskAt", "asked"]), &[SUBMISSION]),
        attack("resolve a case of its own", case("withdrawal.ab", &["resolutionKey"]), &[OPERATOR]),
        attack(
            "resolve a deposit's case",
            case("deposit.ab", &["resolutionKey", "settled"]),
            &[OPERATOR, VERIFICATION],
        ),
        attack("take over a question", case("deposit.ab", &["asked"]), &[VERIFICATION]),
        attack("open a deposit's case", case("deposit.ab", &["open", "eventKey"]), &[DEPOSIT, CALLBACK]),
        attack(
            "open a confirmation's case",
            case("withdrawal-confirmation.ab", &["eventKey"]),
            &[CONFIRMATION],
        ),
        attack("open a registration's case", case("registration.ab", &["eventKey"]), &[MERCHANT]),
        attack("remove a case", [part("Delete", "Cases", "deposit.ab", &[])], NOBODY),
        attack("write a case anew", [part("Put", "Cases", "deposit.ab", &["open"])], NOBODY),
    ]
}

fn on_what_is_left() -> Vec<Attack> {
    let secret =
        |verb: &str| asked(&format!("secretsmanager.{verb}"), &json!({ "SecretId": "waas/callbacks" }));
    let batch = asked("DynamoDB_20120810.BatchWriteItem", &json!({ "RequestItems": { "Events": [] } }));
    vec![
        attack("remember a request", [part("Put", "Requests", "u", &["decision"])], CALLBACKS),
        attack("change a request", [part("Update", "Requests", "u", &["fingerprint"])], NOBODY),
        attack("forget a request", [part("Delete", "Requests", "u", &[])], NOBODY),
        attack("write in a batch", batch, NOBODY),
        attack("write by PartiQL", [bare("PartiQLUpdate", "Withdrawals")], NOBODY),
        attack("read everybody's balances", [bare("Scan", "Balances")], &[RECONCILIATION]),
        attack("remove a table", [bare("DeleteTable", "Events")], NOBODY),
        attack("read the platform's keys", secret("GetSecretValue"), KEYS),
        attack("change the platform's keys", secret("PutSecretValue"), NOBODY),
    ]
}
