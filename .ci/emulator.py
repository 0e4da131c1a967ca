"""ministack with the few resource types that the template has and ministack does not: created, without effect."""

import uuid

from ministack.app import main
from ministack.services.cloudformation import provisioners

HANDLERS = provisioners._RESOURCE_HANDLERS


def nothing(logical_id, props, stack_name):
    return f"{stack_name}-{logical_id}-{uuid.uuid4().hex[:8]}", {}


for missing in ("AWS::Logs::MetricFilter", "AWS::Logs::QueryDefinition"):
    if missing in HANDLERS:
        raise SystemExit(f"ministack knows {missing} by now: take it from this list")
    HANDLERS[missing] = {"create": nothing, "delete": lambda physical_id, props: None}

alarm = HANDLERS["AWS::CloudWatch::Alarm"]
create_alarm = alarm["create"]


def create(logical_id, props, stack_name):
    # An alarm over an expression is not known.
    return (nothing if "Metrics" in props else create_alarm)(logical_id, props, stack_name)


alarm["create"] = create
main()
