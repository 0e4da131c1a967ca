//! What IAM decides, as far as the template's policies need it and as AWS documents it.
//!
//! No AWS account was asked: every rule here rests on AWS's documents alone (IAM User Guide, "Policy evaluation
//! logic", "IAM JSON policy elements: Condition operators", "Multivalued context keys"). What is not known here fails
//! the test that reads it; it never counts as a condition that holds.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use yaml_serde::Value;

use super::template::{functions, list, resolved, resources, scalar};

/// What IAM is asked about one call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    pub action: String,
    /// An ARN.
    pub resource: String,
    /// The request's context: the keys that it has, each with its values.
    pub context: BTreeMap<&'static str, Vec<String>>,
}

/// All statements that hold for one principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy(pub Vec<Statement>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub sid: String,
    pub is_deny: bool,
    pub actions: Vec<String>,
    pub resources: Vec<String>,
    pub conditions: Vec<Condition>,
}

/// One key of a condition. All conditions of a statement have to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    pub operator: String,
    pub key: String,
    pub values: Vec<String>,
}

impl Policy {
    /// The policy of a function's role, inline and managed, by the function's binary.
    pub fn of(binary: &str) -> Option<&'static Self> {
        static POLICIES: LazyLock<BTreeMap<String, Policy>> = LazyLock::new(|| {
            let functions = functions().into_iter();
            functions.map(|(binary, function)| (binary, Policy::of_role(&role(&function)))).collect()
        });
        POLICIES.get(binary)
    }

    /// The same without what is attached to the role apart.
    pub fn without_attached(binary: &str) -> Self {
        Self::own(&role(&functions()[binary]))
    }

    /// Of what is attached to it apart, some is there under a condition only: it is taken to hold. Denials are left out.
    fn of_role(name: &str) -> Self {
        let policies = resources("AWS::IAM::Policy").into_values();
        let is_attached =
            |policy: &Value| list(&policy["Properties"]["Roles"]).iter().any(|role| scalar(role) == name);
        let attached = policies.filter(is_attached);
        let attached = attached.flat_map(|policy| Self::parse(&policy["Properties"]["PolicyDocument"]).0);
        let allowed = attached.filter(|statement| !statement.is_deny);
        Self(Self::own(name).0.into_iter().chain(allowed).collect())
    }

    fn own(role: &str) -> Self {
        let role = &resources("AWS::IAM::Role")[role]["Properties"];
        let inline = list(&role["Policies"]).into_iter().map(|policy| policy["PolicyDocument"].clone());
        let managed = list(&role["ManagedPolicyArns"]);
        let managed = managed.iter().flat_map(|policy| Self::managed(&scalar(policy)).0);
        Self(inline.flat_map(|document| Self::parse(&document).0).chain(managed).collect())
    }

    /// One of the template's managed policies.
    pub fn managed(name: &str) -> Self {
        Self::parse(&resources("AWS::IAM::ManagedPolicy")[name]["Properties"]["PolicyDocument"])
    }

    /// A policy's document.
    pub fn parse(document: &Value) -> Self {
        Self(list(&document["Statement"]).iter().map(Statement::parse).collect())
    }

    /// Whether a call is allowed: by some statement, and denied by none. If not, why, in IAM's own words.
    pub fn decide(&self, asked: &Asked) -> Result<(), String> {
        let applies = |is_deny| {
            let mut statements = self.0.iter().filter(move |statement| statement.is_deny == is_deny);
            statements.any(|statement| statement.applies(asked))
        };
        let Asked { action, resource, context } = asked;
        let because = if applies(true) {
            format!("with an explicit deny in an identity-based policy: {context:?}")
        } else if !applies(false) {
            format!("because no identity-based policy allows the {action} action: {context:?}")
        } else {
            return Ok(());
        };
        Err(format!("not authorized to perform: {action} on resource: {resource} {because}"))
    }
}

/// The name of a function's role.
fn role(function: &Value) -> String {
    scalar(&function["Properties"]["Role"]).strip_suffix(".Arn").unwrap().to_owned()
}

impl Statement {
    fn parse(statement: &Value) -> Self {
        for name in statement.as_mapping().unwrap().keys() {
            let known =
                ["Sid", "Effect", "Action", "Resource", "Condition"].contains(&name.as_str().unwrap());
            assert!(known, "{name:?} of {statement:?} is not known here");
        }
        let texts = |value: &Value| match value.as_sequence() {
            Some(values) => values.iter().map(resolved).collect(),
            None => vec![resolved(value)],
        };
        let mut conditions = Vec::new();
        for (operator, keys) in statement["Condition"].as_mapping().into_iter().flatten() {
            for (key, values) in keys.as_mapping().unwrap() {
                let (operator, key) = (scalar(operator), scalar(key));
                conditions.push(Condition { operator, key, values: texts(values) });
            }
        }
        Self {
            sid: scalar(&statement["Sid"]),
            is_deny: match scalar(&statement["Effect"]).as_str() {
                "Allow" => false,
                "Deny" => true,
                effect => panic!("{effect} is no effect"),
            },
            actions: texts(&statement["Action"]),
            resources: texts(&statement["Resource"]),
            conditions,
        }
    }

    /// Whether it says anything of this call.
    pub fn applies(&self, asked: &Asked) -> bool {
        // Actions are compared without regard to case, everything else with it.
        let action = asked.action.to_lowercase();
        self.actions.iter().any(|pattern| is_like(&action, &pattern.to_lowercase()))
            && self.resources.iter().any(|pattern| is_like(&asked.resource, pattern))
            && self.conditions.iter().all(|condition| condition.holds(&asked.context))
    }
}

impl Condition {
    fn holds(&self, context: &BTreeMap<&'static str, Vec<String>>) -> bool {
        // A key without values is as one that is not there.
        let values = context.get(self.key.as_str()).filter(|values| !values.is_empty());
        let is_one_of = |matches: fn(&str, &str) -> bool| {
            move |value: &String| self.values.iter().any(|listed| matches(value, listed))
        };
        let equals = is_one_of(|value, listed| value == listed);
        let is_like = is_one_of(is_like);
        match (self.operator.as_str(), values) {
            ("Null", values) => self.values == [values.is_none().to_string()],
            ("StringEquals" | "StringLike" | "ForAnyValue:StringEquals" | "ForAnyValue:StringLike", None) => {
                false
            }
            // "ForAllValues also returns true if there are no context keys in the request" (IAM User Guide,
            // "Multivalued context keys"): why each one stands beside a Null in the template.
            ("ForAllValues:StringEquals" | "ForAllValues:StringLike", None) => true,
            ("StringEquals" | "ForAnyValue:StringEquals", Some(values)) => values.iter().any(equals),
            ("StringLike" | "ForAnyValue:StringLike", Some(values)) => values.iter().any(is_like),
            ("ForAllValues:StringEquals", Some(values)) => values.iter().all(equals),
            ("ForAllValues:StringLike", Some(values)) => values.iter().all(is_like),
            (operator, _) => panic!("the operator {operator} is not known here"),
        }
    }
}

/// Whether a text matches a pattern, in which `*` is any text and `?` any character.
fn is_like(text: &str, pattern: &str) -> bool {
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = &pattern[1..];
            text.char_indices().any(|(at, _)| is_like(&text[at..], rest)) || is_like("", rest)
        }
        Some(first) => {
            let mut characters = text.chars();
            let matches = characters.next().is_some_and(|character| first == '?' || first == character);
            matches && is_like(characters.as_str(), &pattern[first.len_utf8()..])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(statements: &str) -> Policy {
        Policy::parse(&yaml_serde::from_str(&format!("Statement: [{statements}]")).unwrap())
    }

    fn asked<const N: usize>(action: &str, context: [(&'static str, &[&str]); N]) -> Asked {
        let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        let context = context.map(|(key, values)| (key, owned(values)));
        Asked { action: action.to_owned(), resource: "arn:table/T".to_owned(), context: context.into() }
    }

    #[test]
    fn nothing_is_allowed_but_what_a_statement_allows_and_none_denies() {
        let allow = "{ Sid: A, Effect: Allow, Action: [s:Put, 's:G*'], Resource: 'arn:table/?' }";
        let deny = "{ Sid: D, Effect: Deny, Action: s:GetSecret, Resource: '*' }";
        let (allowing, both) = (policy(allow), policy(&format!("{allow}, {deny}")));
        for (action, is_allowed, is_allowed_by_both) in [
            ("s:Put", true, true),
            ("s:put", true, true), // actions know no case
            ("s:GetSecret", true, false),
            ("s:Get", true, true),
            ("s:PutMore", false, false),
            ("t:Put", false, false),
        ] {
            let asked = asked(action, []);
            assert_eq!(allowing.decide(&asked).is_ok(), is_allowed, "{action}");
            assert_eq!(both.decide(&asked).is_ok(), is_allowed_by_both, "{action}");
        }
        let elsewhere = Asked { resource: "arn:table/T/index/I".to_owned(), ..asked("s:Put", []) };
        let denied = allowing.decide(&elsewhere).unwrap_err();
        assert!(denied.contains("s:Put on resource: arn:table/T/index/I"), "{denied}");
        assert!(Policy(Vec::new()).decide(&asked("s:Put", [])).is_err());
    }

    #[test]
    fn a_pattern_matches_the_whole_text_and_a_star_anything_even_nothing() {
        for (text, pattern, matches) in [
            ("deposit.ab", "deposit.*", true),
            ("deposit.", "deposit.*", true),
            ("deposit", "deposit.*", false),
            ("refusal.deposit.ab", "deposit.*", false),
            ("withdrawal-failure.ab", "withdrawal.*", false),
            ("DELETE/w/x/hold", "DELETE/w/*/hold", true),
            ("DELETE/w/hold", "DELETE/w/*/hold", false),
            ("a", "?", true),
            ("", "?", false),
            ("", "*", true),
            ("ä*", "?*", true),
        ] {
            assert_eq!(is_like(text, pattern), matches, "{text} like {pattern}");
        }
    }

    /// The table of the IAM User Guide's page on multivalued context keys.
    #[test]
    fn a_condition_holds_for_all_values_or_for_one_and_a_missing_key_is_no_value() {
        for (operator, missing, none, within, partly, beyond) in [
            ("ForAllValues:StringEquals", true, true, true, false, false),
            ("ForAllValues:StringLike", true, true, true, false, false),
            ("ForAnyValue:StringEquals", false, false, true, true, false),
            ("ForAnyValue:StringLike", false, false, true, true, false),
        ] {
            let policy = policy(&format!(
                "{{ Sid: A, Effect: Allow, Action: s:Put, Resource: '*', Condition: {{ '{operator}': {{ k: [a, b] }} }} }}"
            ));
            for (context, holds) in [
                (asked("s:Put", []), missing),
                (asked("s:Put", [("k", &[])]), none),
                (asked("s:Put", [("k", &["b", "a"])]), within),
                (asked("s:Put", [("k", &["a", "c"])]), partly),
                (asked("s:Put", [("k", &["c"])]), beyond),
                (asked("s:Put", [("other", &["c"])]), missing),
            ] {
                assert_eq!(policy.decide(&context).is_ok(), holds, "{operator} of {context:?}");
            }
        }
    }

    #[test]
    fn all_conditions_have_to_hold_and_null_asks_whether_a_key_is_there() {
        let policy = policy(
            "{ Sid: A, Effect: Allow, Action: s:Put, Resource: '*', Condition: \
             { 'Null': { k: 'false', absent: 'true' }, StringEquals: { one: [x, y] }, StringLike: { one: '?' } } }",
        );
        for (context, holds) in [
            (asked("s:Put", [("k", &["a"]), ("one", &["x"])]), true),
            (asked("s:Put", [("k", &["a"]), ("one", &["z"])]), false),
            (asked("s:Put", [("k", &["a"])]), false),
            (asked("s:Put", [("k", &[]), ("one", &["x"])]), false),
            (asked("s:Put", [("one", &["x"])]), false),
            (asked("s:Put", [("k", &["a"]), ("one", &["x"]), ("absent", &["a"])]), false),
        ] {
            assert_eq!(policy.decide(&context).is_ok(), holds, "{context:?}");
        }
    }

    #[test]
    #[should_panic(expected = "the operator StringNotEquals is not known here")]
    fn an_operator_that_is_not_known_here_is_no_condition_that_holds() {
        let policy = policy(
            "{ Sid: A, Effect: Allow, Action: s:Put, Resource: '*', Condition: { StringNotEquals: { k: a } } }",
        );
        _ = policy.decide(&asked("s:Put", [("k", &["a"])]));
    }

    #[test]
    #[should_panic(expected = "NotAction")]
    fn an_element_that_is_not_known_here_is_not_passed_over() {
        policy("{ Sid: A, Effect: Allow, NotAction: s:Put, Resource: '*' }");
    }
}
