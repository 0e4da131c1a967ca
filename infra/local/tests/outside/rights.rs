//! The rights of `infra/template.yaml`: who may do what.
//!
//! Nothing here asks AWS: what IAM would say is worked out by `harness::iam`. The same evaluator stands before
//! DynamoDB in every test of this program, so that a right that the code needs and does not have fails there.

mod attacks;
mod calls;
mod code;
mod mutations;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use self::attacks::attacks;
use self::calls::calls;
use self::mutations::{Mutation, mutations};
use self::table::RIGHTS;
use crate::harness::Deployment;
use crate::harness::iam::{Asked, Policy, Statement};
use crate::harness::template::{functions, list, named, resources, routes, scalar, table_arn, template};

#[test]
fn each_function_has_a_role_of_its_own_that_nothing_else_can_take() {
    let functions = resources("AWS::Serverless::Function");
    let roles: BTreeMap<_, _> = functions
        .iter()
        .map(|(name, function)| (name.replace("Function", "Role"), scalar(&function["Properties"]["Role"])))
        .collect();
    assert!(roles.iter().all(|(own, taken)| *taken == format!("{own}.Arn")), "{roles:?}");
    let mut of_lambda = BTreeSet::new();
    for (name, role) in resources("AWS::IAM::Role") {
        let trust = &role["Properties"]["AssumeRolePolicyDocument"]["Statement"];
        let [statement] = list(trust).try_into().unwrap();
        if scalar(&statement["Principal"]["Service"]) == "lambda.amazonaws.com" {
            of_lambda.insert(name);
        }
    }
    assert_eq!(of_lambda, roles.into_keys().collect(), "a role of Lambda's that no function has");
    for function in functions.values() {
        let binary = scalar(&function["Metadata"]["BuildProperties"]["Binary"]);
        assert!(!Policy::of(&binary).unwrap().0.is_empty());
    }
}

#[test]
fn each_role_may_do_what_the_table_says_and_nothing_else() {
    let told: BTreeSet<_> = RIGHTS.iter().map(|rights| rights.function.to_owned()).collect();
    assert_eq!(told, functions().into_keys().collect());
    for rights in &RIGHTS {
        let policy = Policy::of(rights.function).unwrap();
        for asked in calls(rights) {
            let decision = policy.decide(&asked);
            assert_eq!(decision.is_ok(), rights.may(&asked), "{}: {asked:?}: {decision:?}", rights.function);
        }
    }
}

#[test]
fn what_an_intruder_would_try_is_denied_to_all_but_those_whose_work_it_is() {
    for attack in attacks() {
        let succeeds = |function: &String| {
            attack.parts.iter().all(|asked| Policy::of(function).unwrap().decide(asked).is_ok())
        };
        let succeeding: BTreeSet<_> = functions().into_keys().filter(succeeds).collect();
        let expected = attack.done_by.iter().map(|function| (*function).to_owned()).collect();
        assert_eq!(succeeding, expected, "{}", attack.name);
    }
}

#[test]
fn no_statement_of_a_role_can_be_changed_unnoticed() {
    for rights in &RIGHTS {
        let Policy(statements) = Policy::of(rights.function).unwrap();
        assert!(
            statements.iter().all(|statement| !statement.is_deny),
            "what is denied is simply not allowed"
        );
        let calls = calls(rights);
        // What is to be allowed, and by which statements it is.
        let judge = |asked| {
            let applying = statements.iter().map(|statement| statement.applies(asked));
            (asked, rights.may(asked), applying.collect::<Vec<_>>())
        };
        let judged: Vec<_> = calls.iter().map(judge).collect();
        let mutations = mutations(Policy::of(rights.function).unwrap());
        assert!(mutations.len() > 100, "{}: {} mutations", rights.function, mutations.len());
        for Mutation { done, position, replacement } in mutations {
            let is_noticed = judged.iter().any(|(asked, may, applying)| {
                let others = applying.iter().enumerate().any(|(of, applies)| of != position && *applies);
                let is_allowed = match &replacement {
                    Some(replacement) if replacement.applies(asked) => !replacement.is_deny,
                    _ => others,
                };
                is_allowed != *may
            });
            assert!(is_noticed, "{}: {done}", rights.function);
        }
    }
}

/// Where it is only to report, it has no right to do more.
#[test]
fn reconciliation_may_change_orders_and_money_only_where_it_is_told_to_apply() {
    let repairs = &resources("AWS::IAM::Policy")["ReconciliationRepairs"];
    assert_eq!(repairs["Condition"].as_str(), Some("RepairsOrders"));
    let condition = yaml_serde::to_string(&template()["Conditions"]["RepairsOrders"]).unwrap();
    assert!(condition.contains("AsksPlatform") && condition.contains("apply"), "{condition}");
    assert_eq!(template()["Parameters"]["Reconciliation"]["Default"].as_str(), Some("report"));
    let applying = Policy::of("reconciliation").unwrap();
    let reporting = Policy::without_attached("reconciliation");
    let rights = RIGHTS.iter().find(|rights| rights.function == "reconciliation").unwrap();
    let mut taken = BTreeSet::new();
    for asked in calls(rights).iter().filter(|asked| applying.decide(asked).is_ok()) {
        if reporting.decide(asked).is_err() {
            taken.insert((asked.action.clone(), asked.resource.clone()));
        }
    }
    let update = |table| ("dynamodb:UpdateItem".to_owned(), table_arn(table));
    assert_eq!(taken, [update("Withdrawals"), update("Balances")].into());
}

/// "IAM and AWS STS quotas": 10,240 characters without white space, of all inline policies of a role together.
#[test]
fn the_policies_of_a_role_are_not_longer_than_iam_takes() {
    // CloudFormation calls a table by the stack's name, its own and thirteen characters.
    const STACK_AND_SUFFIX: usize = 64;
    for rights in &RIGHTS {
        let Policy(statements) = Policy::of(rights.function).unwrap();
        let inline = statements.iter().filter(|statement| statement.actions[0].starts_with("dynamodb:"));
        let lengths = inline.map(|Statement { sid, actions, resources, conditions, .. }| {
            let conditions: Vec<_> = conditions.iter().map(|of| json!({ &of.operator: { &of.key: of.values } })).collect();
            let text = json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources, "Condition": conditions });
            text.to_string().len() + STACK_AND_SUFFIX
        });
        let length: usize = lengths.sum();
        assert!(length < 10_240, "{}: {length}", rights.function);
    }
}

/// Puts an event in the name of a function, by way of the proxy that stands before DynamoDB; the HTTP status.
async fn put_event(deployment: &Deployment, function: &str, key: &str) -> u16 {
    let item = json!({ "TableName": "Events", "Item": { "eventKey": { "S": key } } }).to_string();
    let credential = format!("Credential={function}/20260102/eu-central-1/dynamodb/aws4_request");
    let request = ureq::post(&deployment.dynamodb.url)
        .header("x-amz-target", "DynamoDB_20120810.PutItem")
        .header("x-amz-date", "20260102T030405Z")
        .header("content-type", "application/x-amz-json-1.0")
        .header(
            "authorization",
            format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=none"),
        );
    let sending = tokio::task::spawn_blocking(move || {
        request.config().http_status_as_error(false).build().send(item).unwrap().status().as_u16()
    });
    sending.await.unwrap()
}

#[tokio::test]
async fn what_a_role_does_not_allow_is_denied_before_dynamodb_sees_it() {
    let deployment = Deployment::new().await;
    for (function, key, status) in [
        ("deposit", "deposit.ab", 200),
        ("deposit", "registration.ab", 400),
        ("merchant-api", "registration.cd", 200),
        ("nobody", "deposit.cd", 400),
    ] {
        assert_eq!(put_event(&deployment, function, key).await, status, "{function} puts {key}");
    }
    let keys: BTreeSet<_> =
        deployment.events().await.iter().map(|event| event["eventKey"].as_s().unwrap().clone()).collect();
    assert_eq!(keys, ["deposit.ab", "registration.cd"].map(str::to_owned).into());
    let denied: Vec<_> = deployment.dynamodb.take_denied().into_iter().collect();
    let [of_deposit, of_nobody] = denied.as_slice() else { panic!("{denied:?}") };
    assert!(
        of_deposit.contains("assumed-role/deposit is not authorized to perform: dynamodb:PutItem"),
        "{of_deposit}"
    );
    assert!(of_nobody.contains("Credential=nobody/"), "{of_nobody}");
}

#[tokio::test]
#[should_panic(expected = "infra/template.yaml does not allow")]
async fn a_test_fails_in_which_a_function_was_denied_anything() {
    let deployment = Deployment::new().await;
    assert_eq!(put_event(&deployment, "deposit", "registration.ab").await, 400);
}

/// The routes of one function behind IAM, as a caller asks for them.
fn routes_of(binary: &str) -> Vec<Asked> {
    let routes = routes(&functions()[binary]).into_iter().map(|(method, path, is_guarded)| {
        assert!(is_guarded, "{path}");
        let segments = path.split('/').map(|segment| if segment.starts_with('{') { "x" } else { segment });
        let path = segments.collect::<Vec<_>>().join("/");
        let resource =
            format!("arn:aws:execute-api:eu-central-1:123456789012:{}/$default/{method}{path}", named("Api"));
        Asked { action: "execute-api:Invoke".to_owned(), resource, context: BTreeMap::new() }
    });
    routes.collect()
}

#[test]
fn backend_and_operator_may_each_call_their_own_routes_and_an_operator_may_read_the_merchants() {
    let (merchant, mut operator) = (routes_of("merchant-api"), routes_of("operator-api"));
    let (reads, writes): (Vec<_>, Vec<_>) =
        merchant.iter().cloned().partition(|asked| asked.resource.contains("/$default/GET/"));
    assert_eq!((reads.len(), writes.len()), (3, 4));
    let elsewhere = |asked: &Asked, from: &str, to: &str| Asked {
        resource: asked.resource.replace(from, to),
        ..asked.clone()
    };
    let of_operators = operator.clone();
    operator.extend(reads);
    for (policy, own, other) in
        [("BackendPolicy", &merchant, &of_operators), ("OperatorPolicy", &operator, &writes)]
    {
        let mut expected: Vec<_> = own.iter().map(|asked| (asked.clone(), true)).collect();
        expected.extend(other.iter().map(|asked| (asked.clone(), false)));
        for (from, to) in [(":api/", ":another/"), ("$default", "another"), ("execute-api", "lambda")] {
            let all = own.iter().chain(other).map(|asked| elsewhere(asked, from, to));
            expected.extend(all.filter(|asked| !own.contains(asked)).map(|asked| (asked, false)));
        }
        let policy = Policy::managed(policy);
        for (asked, is_allowed) in &expected {
            assert_eq!(policy.decide(asked).is_ok(), *is_allowed, "{asked:?}");
        }
    }
}
