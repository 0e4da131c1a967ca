//! The rights of `infra/template.yaml`: who may do what.

use std::collections::{BTreeMap, BTreeSet};

use crate::harness::iam::Policy;
use crate::harness::template::{list, resources, scalar};

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
