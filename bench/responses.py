"""Responses of the public to an open survey, over HTTP, against a bare FastAPI route that publishes confirmed.

Both are one uvicorn process on the same broker, asked by the same client over connections that are kept open. Ours
reads a form, knows what the survey asks, judges the answers and redirects; the bare route reads the same answers as
JSON. The surveys service runs and stores what was sent, on the same processors; nobody consumes what the bare route
publishes. Every response has to count in the end. The page takes a hundred forms from one address: the client comes
from many.
"""

import random
import statistics
import time
import urllib.request
from collections.abc import Sequence
from urllib.parse import urlencode

import orjson

from bench import harness
from bench.post import answers, bare_route
from deploy.instance import Instance
from shared.contracts.base import new_id
from shared.contracts.surveys import CreateSurvey, GetSurvey, OpenSurvey, Survey
from shared.errors import Unavailable
from shared.messaging.client import RpcClient

GOAL = 0.70
ROUNDS = 3
POSTS, CLIENTS = 3000, 16
FROM_ONE_ADDRESS = 90
CHOICES = [{"value": each, "text": each.capitalize()} for each in ("car", "bus", "foot")]
ASKED = {
    "title": "Getting to your appointment",
    "pages": [
        {
            "name": "page1",
            "elements": [
                {"type": "radiogroup", "name": "travel", "title": "How?", "isRequired": True, "choices": CHOICES},
                {"type": "rating", "name": "ease", "title": "How easy was it?"},
                {"type": "boolean", "name": "again", "title": "The same way again?"},
                {"type": "comment", "name": "why", "title": "Why?", "visibleIf": "{ease} <= 3"},
            ],
        }
    ],
}


def main() -> None:
    with harness.private_instance() as instance:
        instance.start("surveys", "web")
        harness.wait_for(lambda: answers(instance.settings.port), 60)
        survey = _survey(instance)
        _show(instance, survey)
        seconds: list[float] = []
        ours, bare = _measure(instance, survey, seconds)
        counted = _counted(instance, survey)
    ratio = statistics.median(ours) / statistics.median(bare)
    figures = {
        "ours_responses_per_second": [round(each) for each in ours],
        "bare_responses_per_second": [round(each) for each in bare],
        "p99_milliseconds": round(harness.percentile(seconds, 0.99) * 1000, 1),
        "p50_milliseconds": round(statistics.median(seconds) * 1000, 1),
        "counted": counted,
    }
    harness.report("responses", ratio, GOAL, ratio >= GOAL and counted == POSTS * ROUNDS, **figures)


def _survey(instance: Instance) -> Survey:
    bus = RpcClient(instance.settings)
    harness.wait_for(lambda: _is_there(bus), 60)
    made = bus.call(CreateSurvey(request_id=new_id(), definition=ASKED))
    opened = bus.call(OpenSurvey(survey_id=made.survey_id, version=1))
    bus.close()
    return opened


def _show(instance: Instance, survey: Survey) -> None:
    """From now on the web knows what the survey asks."""
    address = f"http://127.0.0.1:{instance.settings.port}/answer/{survey.survey_id}"
    with urllib.request.urlopen(address, timeout=10) as page:
        page.read()


def _counted(instance: Instance, survey: Survey) -> int:
    """How many responses count once all have been taken from the queue."""
    bus = RpcClient(instance.settings)

    def is_complete() -> bool:
        return _is_there(bus) and bus.call(GetSurvey(survey_id=survey.survey_id)).responses >= POSTS * ROUNDS

    harness.wait_for(is_complete, 120, every=0.5)
    counted = bus.call(GetSurvey(survey_id=survey.survey_id)).responses
    bus.close()
    return counted


def _is_there(bus: RpcClient) -> bool:
    try:
        bus.call(CreateSurvey(request_id="bench", definition=ASKED))
    except Unavailable:
        return False
    return True


def _measure(instance: Instance, survey: Survey, seconds: list[float]) -> tuple[list[float], list[float]]:
    with bare_route(instance) as bare_port:

        def taken(number: int) -> float:
            bodies = [urlencode(each, doseq=True).encode() for each in _forms(survey, number)]
            kind = "application/x-www-form-urlencoded"
            return _rate(instance.settings.port, f"/answer/{survey.survey_id}", kind, bodies, b" 303 ", seconds)

        def plain(number: int) -> float:
            bodies = [orjson.dumps({"id": each["request_id"]} | each) for each in _forms(survey, number)]
            return _rate(bare_port, "/events", "application/json", bodies, b" 202 ", [])

        return harness.in_turn(ROUNDS, taken, plain)


def _forms(survey: Survey, seed: int) -> list[dict[str, str]]:
    chance = random.Random(seed)
    return [
        {
            "request_id": f"form-{seed}-{number}",
            "definition_version": str(survey.definition_version),
            "begun": str(survey.opened_at),
            "q-travel": chance.choice(CHOICES)["value"],
            "q-ease": str(chance.randint(1, 5)),
            "q-again": chance.choice(("yes", "no")),
            "q-why": "There was no bus at that hour, and the next one was late. " * chance.randint(1, 8),
        }
        for number in range(POSTS)
    ]


def _rate(port: int, path: str, kind: str, bodies: Sequence[bytes], wanted: bytes, seconds: list[float]) -> float:
    """Posts a second; how long each took is added to `seconds`."""
    started = time.monotonic()
    seconds += harness.post_all(port, path, f"Content-Type: {kind}", bodies, wanted, CLIENTS, FROM_ONE_ADDRESS)
    return len(bodies) / (time.monotonic() - started)


if __name__ == "__main__":
    main()
