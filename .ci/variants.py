"""The template as CloudFormation carries it out without PlatformUrl and with it, and what differs between the two. sam's
translator transforms it, as in `sam validate`; rules and conditions are worked out here."""

import json
import logging
import re
import sys

from samcli.lib.translate.sam_template_validator import SamTemplateValidator
from samcli.yamlhelper import yaml_parse

CONDITION = "AsksPlatform"
PLATFORM = {"PlatformUrl": "https://platform.example", "PlatformUserId": "1000001", "SubnetIds": "subnet-0a,subnet-0b", "SecurityGroupIds": "sg-0c"}
NO_VALUE = {"Ref": "AWS::NoValue"}

logging.getLogger("samtranslator.metrics").setLevel(logging.ERROR)


class Variant:
    def __init__(self, given):
        with open("infra/template.yaml") as file:
            validator = SamTemplateValidator(yaml_parse(file.read()), None, region="eu-central-1", parameter_overrides=given)
        template = yaml_parse(validator.get_translated_template_if_valid())
        self.parameters = {name: given.get(name, str(of.get("Default"))) for name, of in template["Parameters"].items()}
        self.conditions = template["Conditions"]
        rules = [of for of in template["Rules"].values() if self.is_true(of["RuleCondition"])]
        self.refusals = [of["AssertDescription"] for rule in rules for of in rule["Assertions"] if not self.is_true(of["Assert"])]
        self.conditional = {name for name, of in template["Resources"].items() if of.get("Condition") == CONDITION}
        there = {name: of for name, of in template["Resources"].items() if self.holds(of.get("Condition"))}
        self.types = {name: of["Type"] for name, of in there.items()}
        self.properties = {name: self.chosen(of.get("Properties", {})) for name, of in there.items()}
        self.outputs = {name: self.chosen(of["Value"]) for name, of in template["Outputs"].items() if self.holds(of.get("Condition"))}

    def holds(self, condition):
        return condition is None or self.is_true(self.conditions[condition])

    def is_true(self, condition):
        ((verb, of),) = condition.items()
        if verb == "Condition":
            return self.holds(of)
        if verb == "Fn::Equals":
            left, right = (self.parameters[side["Ref"]] if isinstance(side, dict) else str(side) for side in of)
            return left == right
        return {"Fn::Not": lambda parts: not parts[0], "Fn::And": all, "Fn::Or": any}[verb]([self.is_true(part) for part in of])

    def chosen(self, value):
        """With the side of each Fn::If that is taken."""
        if isinstance(value, list):
            return [of for of in map(self.chosen, value) if of != NO_VALUE]
        if not isinstance(value, dict):
            return value
        if "Fn::If" in value:
            condition, if_true, if_false = value["Fn::If"]
            return self.chosen(if_true if self.holds(condition) else if_false)
        return {name: of for name, of in ((name, self.chosen(of)) for name, of in value.items()) if of != NO_VALUE}

    def variables(self):
        functions = (name for name, of in self.types.items() if of == "AWS::Lambda::Function")
        return {name: self.properties[name]["Environment"]["Variables"] for name in functions}

    def widgets(self):
        body, parts = self.properties["Dashboard"]["DashboardBody"]["Fn::Sub"]
        for name, text in parts.items():
            body = body.replace(f"${{{name}}}", text["Fn::Sub"] if isinstance(text, dict) else text)
        return json.loads(body)["widgets"]


def named(value):
    """What a value refers to."""
    if isinstance(value, list):
        return set().union(*map(named, value))
    if not isinstance(value, dict):
        return set()
    if "Ref" in value:
        return {value["Ref"]}
    if "Fn::GetAtt" in value:
        of = value["Fn::GetAtt"]
        return {of[0] if isinstance(of, list) else of.split(".")[0]}
    if "Fn::Sub" in value:
        text, parts = value["Fn::Sub"] if isinstance(value["Fn::Sub"], list) else (value["Fn::Sub"], {})
        return set(re.findall(r"\$\{([\w:]+)", text)) - set(parts) | named(list(parts.values()))
    return named(list(value.values()))


def check(holds, message):
    if not holds:
        sys.exit(f"error: {message}")


without, asking = Variant({}), Variant(PLATFORM)
conditional = asking.conditional
check(conditional, f"no resource has the condition {CONDITION}")
check(not set(without.types) & conditional, f"without PlatformUrl: {set(without.types) & conditional}")
check(set(asking.types) == set(without.types) | conditional, f"PlatformUrl makes a difference beyond {CONDITION}")
for variant, given, verify in (without, "without PlatformUrl", "false"), (asking, "with PlatformUrl", "true"):
    check(not variant.refusals, f"{given}: {variant.refusals}")
    missing = {name for name in named([variant.properties, variant.outputs]) if "::" not in name} - set(variant.types) - set(variant.parameters)
    check(not missing, f"{given}, named and not there: {missing}")
    otherwise = [name for name, of in variant.variables().items() if of["WAAS_VERIFY"] != verify]
    check(not otherwise, f"{given}, WAAS_VERIFY is not {verify} in {otherwise}")
    print(f"{given}: {len(variant.types)} resources, {len(variant.outputs)} outputs, WAAS_VERIFY={verify} in {len(variant.variables())} functions")
for name in PLATFORM.keys() - {"PlatformUrl"}:
    check(Variant({of: PLATFORM[of] for of in PLATFORM if of != name}).refusals, f"PlatformUrl without {name} is not refused")
check(not Variant(PLATFORM | {"SubnetIds": "none", "SecurityGroupIds": ""}).refusals, "SubnetIds=none is refused")

# What may move money is there only where it is told to.
repairing, idle = Variant(PLATFORM | {"Reconciliation": "apply"}), Variant({"Reconciliation": "apply"})
check(set(idle.types) == set(without.types), "without PlatformUrl Reconciliation=apply makes a difference")
repairs = set(repairing.types) - set(asking.types)
check(repairs == {"ReconciliationRepairs"} and set(asking.types) < set(repairing.types), f"Reconciliation=apply adds {repairs}")
for name, of in asking.properties.items():
    if of != repairing.properties[name]:
        changed = {which for which, value in repairing.variables()[name].items() if asking.variables()[name].get(which) != value}
        check(changed == {"WAAS_RECONCILIATION"}, f"Reconciliation=apply changes {name}: {changed}")
print("with Reconciliation=apply besides: ReconciliationRepairs")

for name in sorted(conditional, key=lambda name: (asking.types[name], name)):
    print(f"+ {asking.types[name]:<32} {name}")
print(*(f"+ {'output':<32} {name}" for name in asking.outputs if name not in without.outputs), sep="\n")
for name, of in sorted(without.properties.items(), key=lambda of: without.types[of[0]]):
    if of != asking.properties[name]:
        what = "widgets: " + " → ".join(str(len(variant.widgets())) for variant in (without, asking))
        if name in without.variables():
            asking.variables()[name]["WAAS_VERIFY"] = "false"
            check(of == asking.properties[name], f"PlatformUrl changes more of {name} than WAAS_VERIFY")
            what = "WAAS_VERIFY"
        print(f"~ {without.types[name]:<32} {name}: {what}")
