"""What a generator cannot know: what there is here, and the rules that no JSON Schema can tell."""

import itertools
import json
import os
import urllib.request

import schemathesis

FUNDED = {"tenantUserId": "1945", "chainName": "TRON", "symbol": "USDT", "address": "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK"}
FUNDED_LEG = {name: FUNDED[name] for name in ("tenantUserId", "chainName", "symbol")}
HOLDERS = ("2049", "2050", "2051", "2052")
NUMBERS = itertools.count(1)
IDS = ("callBackId", "tenantUserId")
TOO_LONG = "is longer than 255 bytes"  # a schema counts characters
SAME_LEG = "legs[1]: user and asset are those of legs[0]"  # as where one example stands for every leg
# 400 to what the schema allows: a checksum, a cursor that is no page's end, a text whose characters take more bytes, and legs
# that have to agree.
UNTOLD = {
    "POST /withdrawals": ("the address ",),
    "GET /users/{tenantUserId}/events": ("cursor is no page's next",),
    "GET /cases": ("cursor is no page's next",),
    "POST /cases/{caseKey}/resolve": (f"reason {TOO_LONG}", f"state {TOO_LONG}", f"trackingId {TOO_LONG}"),
    "POST /withdrawals/{callBackId}/resolve": (f"reason {TOO_LONG}", f"state {TOO_LONG}", f"trackingId {TOO_LONG}"),
    "POST /users/{tenantUserId}/collect": (f"chainName {TOO_LONG}", f"symbol {TOO_LONG}"),
    "POST /movements": (f"reason {TOO_LONG}", "the sum of the legs of ", SAME_LEG),
    "POST /adjustments": (f"reason {TOO_LONG}",),
}


def read(path):
    with urllib.request.urlopen(os.environ["WAAS_URL"] + path) as answer:
        return json.load(answer)


def an_open_case(number, reason):
    """One of those, if there still is any."""
    cases = read(f"/cases?limit=200&reason={reason}")["cases"]
    return read(f"/cases/{cases[number % len(cases)]['caseKey']}") if cases else None


def register(case):
    # JSON Schema takes 7.0 for an integer, but as an id it would be another text than 7.
    whole = {name: int(value) for name, value in case.body.items() if name in IDS and isinstance(value, float)}
    call_back_id, payable = str(case.body.get("callBackId")), {}
    if len(call_back_id) % 3:
        # New each time: a way that is played again finds no order of the time before.
        payable = {**FUNDED, "amount": "0.01", "callBackId": f"{call_back_id[:200]}.{next(NUMBERS)}"}
    case.body = {**case.body, **whole, **payable}


def show_events(case):
    limit = (case.query or {}).get("limit")
    if isinstance(limit, int) and limit % 2:
        case.path_parameters["tenantUserId"] = HOLDERS[limit // 2 % len(HOLDERS)]


def show_case(case):
    if len(case.path_parameters["caseKey"]) % 2 and (found := an_open_case(next(NUMBERS), "event-conflict")):
        case.path_parameters["caseKey"] = found["caseKey"]


def resolve_case(case):
    number = next(NUMBERS)
    if len(case.body["id"]) % 3 and (found := an_open_case(number, "event-conflict")):
        case.path_parameters["caseKey"] = found["caseKey"]
        action = found["actions"][number % len(found["actions"])]["action"]
        case.body = {"id": f"{case.body['id'][:200]}.{number}", "action": action, "reason": "as seen", "expected": found["expected"]}


def resolve_withdrawal(case):
    number = next(NUMBERS)
    if len(case.body["id"]) % 3:
        call_back_id = f"o{number % 40 + 1}"
        order = read(f"/withdrawals/{call_back_id}")
        expected = {name: order[field] for name, field in (("state", "state"), ("trackingId", "trackingId")) if field in order}
        acts = {"reserved": ("settle", "unfreeze", "repin"), "completed": ("reverse",), "failed": ("charge", "write-off")}
        actions = acts.get(order["state"], ("dismiss",))
        case.path_parameters["callBackId"] = call_back_id
        case.body = {
            "id": f"{case.body['id'][:200]}.{number}", "action": actions[number % len(actions)], "reason": "as seen",
            "expected": expected, "trackingId": f"t{number}",
        }


def name_order(case):
    if len(case.path_parameters["callBackId"]) % 2:
        case.path_parameters["callBackId"] = f"o{next(NUMBERS) % 40 + 1}"


def release(case):
    if len(case.path_parameters["eventKey"]) % 3 == 0 and (found := an_open_case(next(NUMBERS), "risk")):
        case.path_parameters["eventKey"] = found["events"][0]["eventKey"]


def collect(case):
    if len(case.body["id"]) % 2:
        case.path_parameters["tenantUserId"] = "2063"
        case.body = {**case.body, "chainName": "TRON", "symbol": "USDT"}


def move(case):
    if len(case.body["id"]) % 3:
        legs = [{**FUNDED_LEG, "amount": "-0.02"}, {**FUNDED_LEG, "tenantUserId": "2064", "amount": 0.02}]
        case.body = {**case.body, "id": f"{case.body['id'][:200]}.{next(NUMBERS)}", "legs": legs}
        return
    # What each gives, another takes.
    legs = [(leg, {**leg, "tenantUserId": f"taker-{n}", "amount": negated(leg["amount"])}) for n, leg in enumerate(alone(case)[:10])]
    case.body = {**case.body, "legs": [leg for pair in legs for leg in pair]}


def adjust(case):
    case.body = {**case.body, "legs": alone(case)}
    if len(case.body["id"]) % 3:
        case.body = {**case.body, "id": f"{case.body['id'][:200]}.{next(NUMBERS)}", "legs": [{**FUNDED_LEG, "amount": "0.5"}]}


def alone(case):
    """The legs, each of a user of its own."""
    return [{**leg, "tenantUserId": whole(leg["tenantUserId"]) if n == 0 else f"user-{n}"} for n, leg in enumerate(case.body["legs"])]


def whole(user):
    return int(user) if isinstance(user, float) else user


def negated(amount):
    return str(amount).removeprefix("-") if str(amount).startswith("-") else f"-{amount}"


KNOWING = {
    "POST /movements": move,
    "POST /adjustments": adjust,
    "POST /withdrawals": register,
    "GET /users/{tenantUserId}/events": show_events,
    "GET /cases/{caseKey}": show_case,
    "POST /cases/{caseKey}/resolve": resolve_case,
    "POST /withdrawals/{callBackId}/resolve": resolve_withdrawal,
    "PUT /withdrawals/{callBackId}/hold": name_order,
    "DELETE /withdrawals/{callBackId}/hold": name_order,
    "POST /deposits/{eventKey}/release": release,
    "POST /users/{tenantUserId}/collect": collect,
}


@schemathesis.hook
def map_case(context, case):
    """Lets valid requests meet what there is: users who can pay or owe, orders, held deposits and open cases."""
    knowing = KNOWING.get(case.operation.label)
    has_body = not case.operation.body or isinstance(case.body, dict)
    if knowing and has_body and case.meta.generation.mode.is_positive:
        knowing(case)
    return case


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Keeps a refusal of valid data as a failure, unless its reason is one that the document can only tell in words."""
    if type(failure).__name__ != "RejectedPositiveData" or response.status_code != 400:
        return True
    return not json.loads(response.content)["detail"].startswith(UNTOLD.get(case.operation.label, ()))
