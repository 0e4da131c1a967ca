"""What a generator cannot know: who has funds here, and the two rules that no JSON Schema can tell."""

import itertools
import json

import schemathesis

FUNDED = {"tenantUserId": "1945", "chainName": "TRON", "symbol": "USDT", "address": "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK"}
HOLDERS = ("2049", "2050", "2051", "2052")
NUMBERS = itertools.count(1)
IDS = ("callBackId", "tenantUserId")
# 400 to what the schema allows: a checksum, and a cursor that is no page's end.
UNTOLD = {"POST /withdrawals": "the address ", "GET /users/{tenantUserId}/events": "cursor is no page's next"}


@schemathesis.hook
def map_case(context, case):
    """Lets valid requests meet what there is: a user who can pay, and four with a held deposit each."""
    if not case.meta.generation.mode.is_positive:
        return case
    if case.operation.label == "POST /withdrawals" and isinstance(case.body, dict):
        # JSON Schema takes 7.0 for an integer, but as an id it would be another text than 7.
        whole = {name: int(value) for name, value in case.body.items() if name in IDS and isinstance(value, float)}
        call_back_id, payable = str(case.body.get("callBackId")), {}
        if len(call_back_id) % 3:
            # New each time: a way that is played again finds no order of the time before.
            payable = {**FUNDED, "amount": "0.01", "callBackId": f"{call_back_id[:200]}.{next(NUMBERS)}"}
        case.body = {**case.body, **whole, **payable}
    if case.operation.label == "GET /users/{tenantUserId}/events":
        limit = (case.query or {}).get("limit")
        if isinstance(limit, int) and limit % 2:
            case.path_parameters["tenantUserId"] = HOLDERS[limit // 2 % len(HOLDERS)]
    return case


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Keeps a refusal of valid data as a failure, unless its reason is one that the document can only tell in words."""
    if type(failure).__name__ != "RejectedPositiveData" or response.status_code != 400:
        return True
    untold = UNTOLD.get(case.operation.label)
    return untold is None or not json.loads(response.content)["detail"].startswith(untold)
