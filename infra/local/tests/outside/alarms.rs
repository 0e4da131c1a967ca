//! The template's alarms against the code: what they count exists, what somebody has to look at is counted, each has
//! its entry in the runbook.

use std::collections::BTreeSet;

use waas_callback::{CallbackType, OrderState, Outcome, Refusal};
use waas_callback_aws::FailureKind;
use yaml_serde::Value;

use crate::harness::template::{list, resources, routes, scalar, template};
use crate::harness::*;

/// The filters over callbacks, those of the functions' log: metric and pattern.
fn filters() -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let filters = resources("AWS::Logs::MetricFilter").into_values().map(|filter| {
        let filter = &filter["Properties"];
        (text(&filter["MetricTransformations"][0]["MetricName"]), text(&filter["FilterPattern"]))
    });
    filters.filter(|(_, pattern)| pattern.contains("$.message = \"callback\"")).collect()
}

/// What a pattern compares `$.outcome` or `$.recorded` with.
fn counted(pattern: &str) -> BTreeSet<String> {
    let pattern = pattern.replace("$.recorded", "$.outcome");
    let after = pattern.split("$.outcome = \"").skip(1);
    after.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

/// A new refusal belongs here and in the list below.
#[expect(clippy::match_same_arms, reason = "an arm for each reason")]
fn is_alarming(refusal: Refusal) -> bool {
    match refusal {
        Refusal::WrongFunction(_) // the platform has the wrong URLs
        | Refusal::RequestConflict
        | Refusal::EventConflict // somebody forges, or the platform errs
        | Refusal::BalanceOutOfRange
        | Refusal::BalanceTooLow
        | Refusal::UserOwes
        | Refusal::UnknownOrder
        | Refusal::OtherUser
        | Refusal::OtherTerms
        | Refusal::OrderEnded(_) // what is told is not what is recorded
        | Refusal::OtherTrackingId
        | Refusal::OrderDirect => true, // one order is asked for twice
        // The merchant's own attempt to take an order back; no callback ends so.
        Refusal::OrderConfirmed | Refusal::OrderUnderWay => false,
        // The merchant's own policy at work.
        Refusal::OrderHeld | Refusal::OrderTooOld => false,
    }
}

fn is_alarming_failure(failure: FailureKind) -> bool {
    match failure {
        FailureKind::Unauthorized
        | FailureKind::TooLarge
        | FailureKind::CannotOpen
        | FailureKind::Malformed
        | FailureKind::RecordMissing => true,
        // The gateway's 5xx counts them, with what never reached the code.
        FailureKind::Unavailable | FailureKind::Internal => false,
    }
}

#[expect(clippy::match_same_arms, reason = "an arm for each reason")]
fn is_alarming_outcome(outcome: Outcome) -> bool {
    match outcome {
        // The coins are gone, and nobody asked for it as it should have been.
        Outcome::CompletedUnconfirmed | Outcome::CompletedUnregistered => true,
        // The platform speaks of another withdrawal, or of another payee, than the order's.
        Outcome::Foreign | Outcome::FailedOtherAddress => true,
        // A wallet has to be filled.
        Outcome::Stalled | Outcome::StalledUnregistered => true,
        // No callback ends so: the line of its question, or of its submission, is counted.
        Outcome::Contradicted
        | Outcome::Submitted
        | Outcome::SubmissionRefused
        | Outcome::SubmissionUnclear => false,
        // No callback ends so either: the lines of the run are counted.
        Outcome::Found | Outcome::FindingOver | Outcome::SettledUnproven | Outcome::Unfrozen => false,
        // As it should be, or nothing at all: anybody can send a deposit of zero, as often as he likes.
        Outcome::Credited
        | Outcome::Held
        | Outcome::Released
        | Outcome::Reserved
        | Outcome::Cancelled
        | Outcome::Confirmed
        | Outcome::Completed
        | Outcome::CompletionProved
        | Outcome::Leased
        | Outcome::Failed
        | Outcome::FailedUnregistered
        | Outcome::ZeroAmount
        | Outcome::AddressChanged
        | Outcome::AddressKnown
        | Outcome::Unverified
        | Outcome::Verified
        | Outcome::DepositKnown
        | Outcome::RiskLifted
        | Outcome::Rejected
        | Outcome::FailureReported
        | Outcome::AddressUnverified
        | Outcome::Resolved
        | Outcome::UserRegistered
        | Outcome::Collected
        | Outcome::Ignored
        | Outcome::Moved
        | Outcome::LegMoved
        | Outcome::Adjusted
        | Outcome::LegAdjusted => false,
    }
}

#[test]
fn what_somebody_has_to_look_at_is_counted_and_nothing_else() {
    let refusals = [
        Refusal::WrongFunction(CallbackType::Deposit),
        Refusal::RequestConflict,
        Refusal::EventConflict,
        Refusal::BalanceOutOfRange,
        Refusal::BalanceTooLow,
        Refusal::UserOwes,
        Refusal::UnknownOrder,
        Refusal::OtherUser,
        Refusal::OtherTerms,
        Refusal::OrderEnded(OrderState::Completed),
        Refusal::OrderConfirmed,
        Refusal::OrderHeld,
        Refusal::OrderTooOld,
        Refusal::OtherTrackingId,
        Refusal::OrderUnderWay,
        Refusal::OrderDirect,
    ];
    let failures = [
        FailureKind::Unauthorized,
        FailureKind::TooLarge,
        FailureKind::CannotOpen,
        FailureKind::Malformed,
        FailureKind::Unavailable,
        FailureKind::RecordMissing,
        FailureKind::Internal,
    ];
    let refusals = refusals.into_iter().filter(|refusal| is_alarming(*refusal)).map(Refusal::name);
    let failures = failures.into_iter().filter(|kind| is_alarming_failure(*kind)).map(FailureKind::name);
    let outcomes = Outcome::ALL.into_iter().filter(|outcome| is_alarming_outcome(*outcome));
    let expected = refusals.chain(failures).chain(outcomes.map(Outcome::name));
    let counted = filters().iter().flat_map(|(_, pattern)| counted(pattern)).collect::<BTreeSet<_>>();
    assert_eq!(counted, expected.map(str::to_owned).collect());
}

/// The runbook's section of that anchor, without its heading.
fn section(anchor: &str) -> Option<String> {
    let runbook = include_str!("../../../../docs/operations.md");
    let mut sections = runbook.split("\n## ").filter_map(|section| section.split_once('\n'));
    sections.find(|(title, _)| title.to_lowercase() == anchor).map(|(_, text)| text.to_owned())
}

#[test]
fn every_alarm_has_its_entry_in_the_runbook_which_names_what_it_counts() {
    let alarms = resources("AWS::CloudWatch::Alarm");
    let (filters, mut explained) = (filters(), 0);
    for (name, alarm) in &alarms {
        let alarm = &alarm["Properties"];
        let description = alarm["AlarmDescription"].as_str().unwrap();
        let (_, anchor) =
            description.split_once("docs/operations.md#").expect("a description that points to it");
        let entry = section(anchor).unwrap_or_else(|| panic!("{name}: no section {anchor}"));
        let metric = alarm["MetricName"].as_str();
        for (_, pattern) in filters.iter().filter(|(counts, _)| Some(counts.as_str()) == metric) {
            for outcome in counted(pattern) {
                assert!(entry.contains(&format!("`{outcome}`")), "{anchor} says nothing of {outcome}");
            }
            explained += 1;
        }
    }
    assert_eq!((alarms.len(), explained), (31, filters.len()), "each filter has an alarm");
}

/// "Alarms based on metric math expressions can reference a maximum of 10 metrics" (CloudWatch User Guide, "Limits").
#[test]
fn the_throttles_of_every_function_behind_the_api_are_counted_by_an_alarm_that_aws_takes() {
    let alarm = &resources("AWS::CloudWatch::Alarm")["ThrottlesAlarm"];
    let metrics = list(&alarm["Properties"]["Metrics"]);
    let (counted, sums): (Vec<_>, Vec<_>) =
        metrics.iter().partition(|metric| metric["ReturnData"].as_bool() == Some(false));
    assert!(counted.len() <= 10, "{} metrics", counted.len());
    let names: BTreeSet<_> = counted
        .iter()
        .map(|metric| scalar(&metric["MetricStat"]["Metric"]["Dimensions"][0]["Value"]))
        .collect();
    // A queue sends again what was turned away, and another alarm tells when that goes on.
    let functions = resources("AWS::Serverless::Function").into_iter();
    let called = functions.filter(|(_, function)| !routes(function).is_empty()).map(|(name, _)| name);
    assert_eq!(names, called.collect());
    let [sum] = sums.as_slice() else { panic!("{sums:?}") };
    let ids: Vec<_> = counted.iter().map(|metric| scalar(&metric["Id"])).collect();
    assert_eq!(scalar(&sum["Expression"]), format!("SUM([{}])", ids.join(", ")));
}

/// The events' stream has two readers, as many as it bears: the bus is told of what is new, an alarm of all else.
#[test]
fn whatever_happens_to_an_event_but_that_it_is_new_calls_somebody() {
    let pipes = resources("AWS::Pipes::Pipe");
    let told = pipes.values().map(|pipe| {
        let pipe = &pipe["Properties"];
        assert_eq!(scalar(&pipe["Source"]), "EventsTable.StreamArn");
        let [filter] = list(&pipe["SourceParameters"]["FilterCriteria"]["Filters"]).try_into().unwrap();
        (scalar(&filter["Pattern"]), scalar(&pipe["Target"]))
    });
    let expected = [
        (r#"{"eventName":["INSERT"]}"#, "EventBus.Arn"),
        (r#"{"eventName":[{"anything-but":["INSERT"]}]}"#, "EventWatchLog.Arn"),
    ];
    let expected = expected.map(|(pattern, target)| (pattern.to_owned(), target.to_owned()));
    assert_eq!(told.collect::<BTreeSet<_>>(), expected.into());
    let count = &resources("AWS::Logs::MetricFilter")["EventsChangedCount"]["Properties"];
    assert_eq!(
        (scalar(&count["LogGroupName"]), scalar(&count["FilterPattern"])),
        ("EventWatchLog".into(), String::new())
    );
    let alarm = &resources("AWS::CloudWatch::Alarm")["TamperingAlarm"]["Properties"];
    assert_eq!(alarm["MetricName"], count["MetricTransformations"][0]["MetricName"]);
    assert_eq!((alarm["Threshold"].as_i64(), scalar(&alarm["Statistic"])), (Some(1), "Sum".to_owned()));
}

#[test]
fn a_payment_that_nobody_registered_calls_somebody_unless_the_merchant_registers_late() {
    assert_eq!(template()["Parameters"]["RegistersLate"]["Default"].as_str(), Some("false"));
    let condition = yaml_serde::to_string(&template()["Conditions"]["RegistersFirst"]).unwrap();
    assert!(condition.contains("RegistersLate") && condition.contains("'false'"), "{condition}");
    let silenced: Vec<_> = resources("AWS::CloudWatch::Alarm")
        .into_iter()
        .filter_map(|(name, alarm)| Some((name, alarm["Properties"].get("ActionsEnabled")?.clone())))
        .collect();
    let [(name, Value::Tagged(enabled))] = silenced.as_slice() else { panic!("{silenced:?}") };
    assert_eq!((name.as_str(), enabled.tag.to_string().as_str()), ("UnregisteredPaymentsAlarm", "!If"));
    let [condition, registers_first, registers_late] = enabled.value.as_sequence().unwrap().as_slice() else {
        panic!("{enabled:?}")
    };
    let calls = (condition.as_str(), registers_first.as_bool(), registers_late.as_bool());
    assert_eq!(calls, (Some("RegistersFirst"), Some(true), Some(false)));
}

#[tokio::test]
async fn the_fields_that_are_filtered_by_stand_in_the_log() {
    let deployment = Deployment::new().await;
    deployment.send("deposit", DEPOSIT).await;
    let (_, process) = deployment.function("deposit").await;
    let line = &process.callbacks(1).await[0];
    for (_, pattern) in filters() {
        for field in pattern.split("$.").skip(1) {
            let field = field.split(' ').next().unwrap();
            assert!(line.get(field).is_some(), "{field} of {pattern} in {line}");
        }
    }
    assert!(line["latencyMs"].is_number() && line["type"].is_number(), "{line}");
}

/// The commit is done and its answer lost: the platform is told 503, and its retry is a repetition. Somebody has to be
/// called all the same.
#[tokio::test]
async fn an_alarm_is_not_lost_with_the_answer() {
    let mut deployment = Deployment::new().await;
    deployment.timeout = std::time::Duration::from_millis(700);
    deployment.deposit("1945", "USDT", "10").await;
    assert_eq!(deployment.register("w", "1945", "1", PAYEE).await, 201);
    deployment.send("withdrawal", &completion("warm", "1")).await;
    for (callback, outcome, round_trips) in [
        (completion("w", "1"), "completed-unconfirmed", 3),
        (completion("nobody", "1"), "completed-unregistered", 2),
    ] {
        let pass = std::iter::repeat_n(Fault::Pass, round_trips - 1);
        deployment.dynamodb.fail_next(pass.chain([Fault::AnswerLost; 40]));
        assert_eq!(verdict(&deployment.send("withdrawal", &callback).await), (503, 5003));
        deployment.dynamodb.fail_no_more();
        assert!(deployment.outcomes().await.contains_key(outcome), "it was applied");
        assert_eq!(verdict(&deployment.send("withdrawal", &retry_of(&callback)).await), ACCEPTED);
        let (_, process) = deployment.function("withdrawal").await;
        let log = process.log();
        let told = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let told = told.filter(|line| line["outcome"] == "repetition" && line["recorded"] == outcome);
        assert_eq!(told.count(), 1, "{outcome}");
    }
}
