//! `infra/template.yaml` against the code: tables, functions, environment and routes are the same. Its rights: `rights`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use waas_callback_aws::Config;
use waas_local::{Options, Stack};
use waas_platform::Platform;
use yaml_serde::Value;

use crate::harness::template::{functions, list, resources, routes, scalar, template};
use crate::harness::*;

#[test]
fn every_function_folder_is_a_function_of_the_template() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../functions");
    let folders =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(functions().into_keys().collect::<BTreeSet<_>>(), folders.collect());
}

#[test]
fn every_variable_that_the_code_reads_is_set() {
    let read = RefCell::new(BTreeSet::new());
    _ = Config::read(|name| {
        read.borrow_mut().insert(name.to_owned());
        match name {
            "WAAS_VERIFY" => Some("true".into()),
            name if name.starts_with("WAAS_") && name != "WAAS_SECRET_ID" => None,
            name if name.starts_with("AWS_ENDPOINT") => None,
            "AWS_REGION" => Some("eu-central-1".into()),
            _ => Some("value".into()),
        }
    })
    .unwrap();
    let variables = template()["Globals"]["Function"]["Environment"]["Variables"].as_mapping().unwrap();
    let set: BTreeSet<_> = variables.keys().map(scalar).collect();
    let read = read.into_inner();
    assert!(set.is_subset(&read), "set, but never read: {:?}", set.difference(&read));
    let ours = read.iter().filter(|name| !name.starts_with("AWS_")); // AWS sets its own
    assert_eq!(ours.filter(|name| !set.contains(*name)).count(), 0, "read, but not set");
}

/// What the code notes in an event (`question`, `submission`) is what a rule waits for, and leads to the function for it.
#[test]
fn what_the_platform_is_called_for_reaches_its_queue_at_once_and_once_a_minute() {
    let (rules, queues) = (resources("AWS::Events::Rule"), resources("AWS::SQS::QueuePolicy"));
    for (binary, attribute, queue) in
        [(WORKER, "question", "Questions"), (SUBMITTER, "submission", "Submissions")]
    {
        let arn = format!("{queue}.Arn");
        let event = functions()[binary]["Properties"]["Events"][queue]["Properties"].clone();
        assert_eq!(scalar(&event["Queue"]), arn, "{binary}");
        let target = |rule: &str| {
            let [target] = list(&rules[rule]["Properties"]["Targets"]).try_into().unwrap();
            assert_eq!(scalar(&target["Arn"]), arn, "{rule}");
            assert_eq!(
                scalar(&target["DeadLetterConfig"]["Arn"]),
                format!("{queue}DeadLetters.Arn"),
                "{rule}"
            );
            target
        };
        let (new, due) = (format!("New{queue}"), format!("Due{queue}"));
        let pattern = &rules[&new]["Properties"]["EventPattern"]["detail"]["record"];
        let exists = &list(&pattern[attribute]["S"])[0]["exists"];
        assert_eq!((pattern.as_mapping().unwrap().len(), exists.as_bool()), (1, Some(true)), "{new}");
        let input = &target(&new)["InputTransformer"];
        let path = scalar(&input["InputPathsMap"]["caseKey"]);
        assert_eq!(path, format!("$.detail.record.{attribute}.S"));
        assert_eq!(scalar(&input["InputTemplate"]), r#"{"caseKey":<caseKey>}"#);
        assert_eq!(scalar(&target(&due)["Input"]), r#"{"due":true}"#);
        assert_eq!(scalar(&rules[&due]["Properties"]["ScheduleExpression"]), "rate(1 minute)");
        let [statement] =
            list(&queues[&format!("{queue}Policy")]["Properties"]["PolicyDocument"]["Statement"])
                .try_into()
                .unwrap();
        let sources = list(&statement["Condition"]["ArnEquals"]["aws:SourceArn"]);
        let sources: Vec<_> = sources.iter().map(scalar).collect();
        assert_eq!(sources, [format!("{new}.Arn"), format!("{due}.Arn")]);
    }
}

#[test]
fn whoever_is_in_the_network_is_denied_it_by_name() {
    let denial = &resources("AWS::IAM::Policy")["NetworkDenial"]["Properties"];
    let [statement] = list(&denial["PolicyDocument"]["Statement"]).try_into().unwrap();
    let denied = list(&statement["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"]);
    let denied: BTreeSet<_> = denied.iter().map(scalar).collect();
    let networked = resources("AWS::Serverless::Function").into_iter();
    let networked = networked.filter(|(_, function)| function["Properties"].get("VpcConfig").is_some());
    let networked: Vec<_> = networked.map(|(name, _)| name).collect();
    assert_eq!(denied, networked.iter().map(|name| format!("{name}.Arn")).collect());
    let roles: BTreeSet<_> = list(&denial["Roles"]).iter().map(scalar).collect();
    assert_eq!(roles, networked.iter().map(|name| name.replace("Function", "Role")).collect());
}

#[tokio::test]
async fn the_tables_are_the_same() {
    let stack = Stack::start_services(&Options::default()).await.unwrap();
    let client = waas_callback_aws::clients::dynamodb(stack.config());
    let templates = resources("AWS::DynamoDB::Table");
    let mut names = BTreeSet::new();
    for (resource, template) in &templates {
        let properties = &template["Properties"];
        let name = resource.strip_suffix("Table").unwrap();
        names.insert(name.to_owned());
        let table = client.describe_table().table_name(name).send().await.unwrap().table.unwrap();
        let keys = |schema: &Value| -> Vec<(String, String)> {
            list(schema).iter().map(|key| (scalar(&key["AttributeName"]), scalar(&key["KeyType"]))).collect()
        };
        let local_keys = |schema: &[aws_sdk_dynamodb::types::KeySchemaElement]| -> Vec<(String, String)> {
            schema.iter().map(|key| (key.attribute_name.clone(), key.key_type.as_str().to_owned())).collect()
        };
        assert_eq!(keys(&properties["KeySchema"]), local_keys(table.key_schema()), "{name}");
        let attributes: BTreeSet<_> = list(&properties["AttributeDefinitions"])
            .iter()
            .map(|of| (scalar(&of["AttributeName"]), scalar(&of["AttributeType"])))
            .collect();
        let local = table.attribute_definitions().iter();
        let local = local.map(|of| (of.attribute_name.clone(), of.attribute_type.as_str().to_owned()));
        assert_eq!(attributes, local.collect(), "{name}");
        let indexes: BTreeMap<_, _> = list(&properties["GlobalSecondaryIndexes"])
            .iter()
            .map(|index| {
                let projection = scalar(&index["Projection"]["ProjectionType"]);
                let held = list(&index["Projection"]["NonKeyAttributes"]).iter().map(scalar).collect();
                let projection: (_, BTreeSet<String>) = (projection, held);
                (scalar(&index["IndexName"]), (keys(&index["KeySchema"]), projection))
            })
            .collect();
        let local = table.global_secondary_indexes().iter().map(|index| {
            let projection = index.projection().unwrap();
            let held = projection.non_key_attributes().iter().cloned().collect();
            let projection = (projection.projection_type().unwrap().as_str().to_owned(), held);
            (index.index_name().unwrap().to_owned(), (local_keys(index.key_schema()), projection))
        });
        assert_eq!(indexes, local.collect(), "{name}");
        let ttl = client.describe_time_to_live().table_name(name).send().await.unwrap();
        let local = ttl.time_to_live_description.and_then(|ttl| ttl.attribute_name);
        let template = properties["TimeToLiveSpecification"]["AttributeName"].as_str().map(str::to_owned);
        assert_eq!(template, local, "{name}");
    }
    let local = client.list_tables().send().await.unwrap().table_names.unwrap();
    assert_eq!(names, local.into_iter().collect());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_leads_to_the_same_function_here() {
    let stack = Stack::start(&Options::default()).await.unwrap();
    let samples = |name: &str| {
        let path = format!("{}/../../events/plain/{name}.json", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    };
    let doors = [
        ("merchant-api", include_str!("../../../../docs/openapi.json")),
        ("operator-api", include_str!("../../../../docs/openapi-operator.json")),
    ];
    let is_door = |name: &str| doors.iter().any(|(door, _)| *door == name);
    let is_of_a_type = |(name, function): &(String, Value)| {
        name != "callback" && !is_door(name) && !routes(function).is_empty()
    };
    let types: Vec<String> = functions().into_iter().filter(is_of_a_type).map(|(name, _)| name).collect();
    for (binary, function) in functions() {
        for (method, path, is_guarded) in routes(&function) {
            assert_eq!(
                is_guarded,
                is_door(&binary),
                "{path}: the platform signs nothing, everybody else does"
            );
            if is_guarded {
                continue;
            }
            assert_eq!(method, "POST");
            for sample in &types {
                let (url, plaintext) = (stack.url(&path), retry_of(&samples(sample)));
                let sending =
                    tokio::task::spawn_blocking(move || Platform::development().send(&url, &plaintext));
                let is_refused = err_code(&sending.await.unwrap().unwrap()) == 2001;
                let is_own =
                    *sample == binary || (binary == "callback" && sample != "withdrawal-confirmation");
                assert_eq!(is_refused, !is_own, "{sample} at {path}");
            }
        }
    }
    for (door, document) in doors {
        let document: Json = serde_json::from_str(document).unwrap();
        let documented = document["paths"].as_object().unwrap().iter().flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
        });
        let routes = routes(&functions()[door]).into_iter().map(|(method, path, _)| (method, path));
        assert_eq!(routes.collect::<BTreeSet<_>>(), documented.collect(), "{door}");
    }
}

#[tokio::test]
async fn every_function_answers_its_event_file() {
    // A platform is named, and nothing is due that it would be asked.
    let platform = [("WAAS_PLATFORM_URL", "https://platform.example"), ("WAAS_USER_ID", "1000001")];
    let deployment = Deployment::with(&platform).await;
    deployment.deposit("bbxuzbc", "USDT", "10").await;
    deployment.deposit("1945", "USDT", "10").await;
    assert_eq!(deployment.register("D611657466", "bbxuzbc", "3.3", PAYEE).await, 201);
    for binary in functions().into_keys() {
        let path = format!("{}/../../events/{binary}.json", env!("CARGO_MANIFEST_DIR"));
        let event: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let (lambda, _) = deployment.function(&binary).await;
        if [WORKER, SUBMITTER, RECONCILER].contains(&&*binary) {
            let answer = lambda.invoke_raw(event.to_string()).await.unwrap();
            if binary == RECONCILER {
                assert_eq!(answer["run"]["phase"], "done", "{answer}");
            } else {
                assert_eq!(answer, serde_json::json!({ "batchItemFailures": [] }));
            }
            continue;
        }
        let (status, text) = lambda.invoke(&event).await;
        match binary.as_str() {
            "merchant-api" => assert_eq!(status, 201, "{text}"),
            "operator-api" => assert_eq!(status, 200, "{text}"),
            _ => {
                let exchange = deployment.platform.examine(status, &text, &Json::Null);
                assert_eq!(verdict(&exchange), (200, 0), "{binary}");
            }
        }
    }
}
