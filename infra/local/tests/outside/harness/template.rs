//! `infra/template.yaml`, as the tests read it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use yaml_serde::Value;

static TEMPLATE: LazyLock<Value> = LazyLock::new(|| {
    let mut template: Value = yaml_serde::from_str(include_str!("../../../../template.yaml")).unwrap();
    template.apply_merge().unwrap();
    template
});

/// The whole template, with what its merges stand for.
pub fn template() -> &'static Value {
    &TEMPLATE
}

/// The template's resources of one type, by name.
pub fn resources(of_type: &str) -> BTreeMap<String, Value> {
    let resources = TEMPLATE["Resources"].as_mapping().unwrap();
    let chosen = resources.iter().filter(|(_, resource)| resource["Type"].as_str() == Some(of_type));
    chosen.map(|(name, resource)| (name.as_str().unwrap().to_owned(), resource.clone())).collect()
}

/// The binaries of the template's functions, with the functions.
pub fn functions() -> BTreeMap<String, Value> {
    let functions = resources("AWS::Serverless::Function").into_values();
    functions.map(|function| (scalar(&function["Metadata"]["BuildProperties"]["Binary"]), function)).collect()
}

/// Method, path and whether IAM guards it, of every route of a function; none of one that a queue calls.
pub fn routes(function: &Value) -> Vec<(String, String, bool)> {
    let events = function["Properties"]["Events"].as_mapping().unwrap();
    let route = |event: &Value| {
        let properties = &event["Properties"];
        let is_guarded = properties["Auth"]["Authorizer"].as_str() == Some("AWS_IAM");
        (scalar(&properties["Method"]).to_uppercase(), scalar(&properties["Path"]), is_guarded)
    };
    events.values().filter(|event| event["Type"].as_str() == Some("HttpApi")).map(route).collect()
}

/// The text of a scalar, or of what a tag such as `!GetAtt` holds.
pub fn scalar(value: &Value) -> String {
    match value {
        Value::Tagged(tagged) => scalar(&tagged.value),
        value => value.as_str().unwrap().to_owned(),
    }
}

/// The entries of a list; none where there is none.
pub fn list(value: &Value) -> Vec<Value> {
    value.as_sequence().cloned().unwrap_or_default()
}

/// What a text of a policy comes to in a deployment: an ARN, most often.
pub fn resolved(value: &Value) -> String {
    let Value::Tagged(tagged) = value else { return value.as_str().unwrap().to_owned() };
    let text = tagged.value.as_str().unwrap();
    match tagged.tag.to_string().as_str() {
        "!Ref" | "!GetAtt" => named(text),
        "!Sub" => {
            let mut parts = text.split("${");
            let mut result = parts.next().unwrap().to_owned();
            for part in parts {
                let (name, rest) = part.split_once('}').unwrap();
                result += &named(name);
                result += rest;
            }
            result
        }
        tag => panic!("what is {tag} in a policy?"),
    }
}

/// What a name of the template stands for. The tables are called as those of `waas-local`.
pub fn named(name: &str) -> String {
    match name {
        "AWS::Partition" => "aws".to_owned(),
        "AWS::Region" => "eu-central-1".to_owned(),
        "AWS::AccountId" => "123456789012".to_owned(),
        "AWS::URLSuffix" => "amazonaws.com".to_owned(),
        "Api" => "api".to_owned(),
        name => match name.strip_suffix("Table.Arn") {
            Some(table) => table_arn(table),
            None => format!("arn:aws:the-stack:eu-central-1:123456789012:{name}"),
        },
    }
}

/// The ARN of a table of `waas-local`.
pub fn table_arn(name: &str) -> String {
    format!("arn:aws:dynamodb:eu-central-1:123456789012:table/{name}")
}
