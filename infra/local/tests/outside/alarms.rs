//! The template's alarms against the code: what they count exists, what is refused is counted, each has its
//! entry in the runbook.

use std::collections::BTreeSet;

use waas_callback::{CallbackType, OrderState, Outcome, Refusal};
use waas_callback_aws::FailureKind;
use yaml_serde::Value;

use crate::harness::*;

/// The template's resources of one type: name and properties.
fn resources(of_type: &str) -> Vec<(String, Value)> {
    let template: Value = yaml_serde::from_str(include_str!("../../../template.yaml")).unwrap();
    let resources = template["Resources"].as_mapping().unwrap().iter();
    let chosen = resources.filter(|(_, resource)| resource["Type"].as_str() == Some(of_type));
    chosen
        .map(|(name, resource)| (name.as_str().unwrap().to_owned(), resource["Properties"].clone()))
        .collect()
}

/// The filters over callbacks: the patterns of the functions' log.
fn patterns() -> Vec<String> {
    let filters = resources("AWS::Logs::MetricFilter").into_iter();
    let patterns = filters.map(|(_, filter)| filter["FilterPattern"].as_str().unwrap().to_owned());
    patterns.filter(|pattern| pattern.contains("$.message = \"callback\"")).collect()
}

/// What the patterns compare `$.outcome` with.
fn counted() -> BTreeSet<String> {
    let patterns = patterns().join(" ");
    let after = patterns.split("$.outcome = \"").skip(1);
    after.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn every_refusal_and_failure_is_counted_or_left_out_for_a_reason() {
    let refusals = [
        Refusal::WrongFunction(CallbackType::Deposit),
        Refusal::RequestConflict,
        Refusal::EventConflict,
        Refusal::BalanceOutOfRange,
        Refusal::BalanceTooLow,
        Refusal::UnknownOrder,
        Refusal::OtherUser,
        Refusal::OtherTerms,
        Refusal::OrderEnded(OrderState::Completed),
        Refusal::OrderConfirmed,
        Refusal::OrderHeld,
        Refusal::OrderTooOld,
        Refusal::OtherTrackingId,
    ];
    let failures = [
        FailureKind::Unauthorized,
        FailureKind::TooLarge,
        FailureKind::CannotOpen,
        FailureKind::Malformed,
        FailureKind::Unavailable,
        FailureKind::Internal,
    ];
    // A wallet that runs dry again for the same order repeats its callback.
    let stalls = [Outcome::Stalled.name(), Outcome::StalledUnregistered.name(), "repetition"];
    let known = refusals.map(Refusal::name).into_iter().chain(failures.map(FailureKind::name)).chain(stalls);
    let uncounted = names(&[
        "order-confirmed", // the merchant's own attempt to cancel; no callback ends so
        "order-held",
        "order-too-old", // the merchant's own policy at work
        "unavailable",
        "internal-error", // the gateway's 5xx counts them, with what never reached the code
    ]);
    let known: BTreeSet<_> = known.map(str::to_owned).collect();
    assert_eq!(counted(), known.difference(&uncounted).cloned().collect());
}

#[test]
fn every_alarm_has_its_entry_in_the_runbook() {
    let runbook = include_str!("../../../../docs/operations.md");
    let alarms = resources("AWS::CloudWatch::Alarm");
    for (name, alarm) in &alarms {
        let description = alarm["AlarmDescription"].as_str().unwrap();
        let (_, anchor) =
            description.split_once("docs/operations.md#").expect("a description that points to it");
        let heading =
            |line: &&str| line.strip_prefix("## ").is_some_and(|title| title.to_lowercase() == anchor);
        assert!(runbook.lines().any(|line| heading(&line)), "{name}: no section {anchor}");
    }
    assert_eq!(alarms.len(), 11);
}

#[tokio::test]
async fn the_fields_that_are_filtered_by_stand_in_the_log() {
    let deployment = Deployment::new().await;
    deployment.send("deposit", DEPOSIT).await;
    let (_, process) = deployment.function("deposit").await;
    let line = &process.callbacks(1).await[0];
    for pattern in patterns() {
        for field in pattern.split("$.").skip(1) {
            let field = field.split(' ').next().unwrap();
            assert!(line.get(field).is_some(), "{field} of {pattern} in {line}");
        }
    }
    assert!(line["latencyMs"].is_number() && line["type"].is_number(), "{line}");
}
