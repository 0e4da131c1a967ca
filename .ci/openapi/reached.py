"""Every operation answered with success somewhere in the reports: the examples got behind the 404s."""

import collections
import json
import sys

answers = collections.defaultdict(collections.Counter)
document, *reports = sys.argv[1:]
for report in reports:
    for line in open(report):
        scenario = json.loads(line).get("ScenarioFinished", {})
        recorder = scenario.get("recorder", {})
        for case, interaction in recorder.get("interactions", {}).items():
            sent, response = recorder["cases"][case]["value"], interaction.get("response")
            if response:
                answers[f"{sent['method']} {sent['path']}"][response["status_code"]] += 1

with open(document) as text:
    paths = json.load(text)["paths"]
operations = [f"{method.upper()} {path}" for path, item in paths.items() for method in item if method != "parameters"]
for operation in operations:
    print(f"{operation:45}", *(f"{status}: {count}" for status, count in sorted(answers[operation].items())), sep="  ")
unreached = [operation for operation in operations if not {200, 201} & answers[operation].keys()]
if unreached:
    sys.exit(f"error: never answered with success: {', '.join(unreached)}")
