"""An open survey of the demo, answered a hundred times by its public page."""

import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from random import Random
from typing import Any

from deploy.seed.county import County
from shared.contracts.surveys import CreateSurvey, OpenSurvey, Survey
from shared.errors import Unavailable
from shared.messaging.client import RpcClient
from shared.settings import Settings

SECONDS = 60.0
ANSWERS = 96
"""The page takes a hundred in ten minutes from one address."""
_COMMENTS = (
    "The barrier was broken again.",
    "Two buses and a long walk.",
    "A volunteer drove me, which was kind.",
    "There are too few spaces for blue badges.",
    "I was late because of the roadworks.",
    "Easy, since the new signs.",
)


def _choices(*texts: str) -> list[dict[str, str]]:
    return [{"value": text.lower().replace(" ", "_").replace("'", ""), "text": text} for text in texts]


DEFINITION: dict[str, Any] = {
    "title": "Getting to your appointment",
    "description": "We want to know how people come to hospitals and clinics, and what would make it easier.\n\n"
    "It takes two minutes. The board talks about the results in its next meeting.",
    "pages": [
        {
            "name": "page1",
            "elements": [
                {
                    "type": "radiogroup",
                    "name": "travel",
                    "title": "How did you come?",
                    "isRequired": True,
                    "choices": _choices("By car", "By bus", "Patient transport", "On foot", "Another way"),
                },
                {
                    "type": "checkbox",
                    "name": "trouble",
                    "title": "What was difficult?",
                    "description": "Tick all that apply.",
                    "choices": _choices("Parking", "The timetable", "The cost", "Finding the way", "Steps and doors"),
                },
                {
                    "type": "rating",
                    "name": "ease",
                    "title": "How easy was it altogether?",
                    "isRequired": True,
                    "rateMin": 1,
                    "rateMax": 5,
                    "minRateDescription": "very hard",
                    "maxRateDescription": "very easy",
                },
                {
                    "type": "text",
                    "inputType": "number",
                    "name": "minutes",
                    "title": "How many minutes did it take?",
                    "min": 0,
                    "max": 600,
                },
                {"type": "boolean", "name": "again", "title": "Would you come the same way again?"},
                {
                    "type": "comment",
                    "name": "why",
                    "title": "What would have helped?",
                    "visibleIf": "{ease} <= 3",
                },
            ],
        }
    ],
}


def answers(county: County) -> Iterator[dict[str, Any]]:
    """What respondents type, by the names of the questions; the same for the same county."""
    random = Random(f"{county.seed}:survey")
    travel, trouble = (
        [each["value"] for each in question["choices"]] for question in DEFINITION["pages"][0]["elements"][:2]
    )
    for _ in range(ANSWERS):
        ease = random.choices(range(1, 6), (12, 22, 25, 26, 15))[0]
        found: dict[str, Any] = {
            "travel": random.choices(travel, (46, 27, 12, 11, 4))[0],
            "trouble": [each for each in trouble if random.random() < 0.5 - ease * 0.08],
            "ease": str(ease),
        }
        if random.random() < 0.85:
            found["minutes"] = str(5 * random.randint(1, 24 - 3 * ease))
        if random.random() < 0.9:
            found["again"] = "yes" if random.random() < ease / 5 else "no"
        if ease <= 3 and random.random() < 0.4:
            found["why"] = random.choice(_COMMENTS)
        yield found


def add_survey(settings: Settings, bus: RpcClient, county: County) -> Survey:
    """Repeatable: each answer has a request id of its own."""
    name = f"demo-{county.seed}-survey"
    survey = bus.call(CreateSurvey(request_id=name, definition=DEFINITION, by="demo"), timeout=SECONDS)
    if survey.state == "draft":
        survey = bus.call(OpenSurvey(survey_id=survey.survey_id, version=survey.version, by="demo"), timeout=SECONDS)
    if survey.responses < ANSWERS and survey.state == "open":
        for number, each in enumerate(answers(county)):
            _send(settings, survey, f"{name}-{number}", each)
    return survey


def _send(settings: Settings, survey: Survey, request_id: str, typed: dict[str, Any]) -> None:
    """As a browser sends the form; again after a while when told so."""
    fields = {"request_id": request_id, "definition_version": survey.definition_version}
    body = urllib.parse.urlencode(fields | {f"q-{name}": said for name, said in typed.items()}, doseq=True).encode()
    address = f"http://127.0.0.1:{settings.port}/answer/{survey.survey_id}"
    give_up = time.monotonic() + SECONDS
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(address, data=body), timeout=SECONDS) as answer:
                answer.read()
                return
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503) or time.monotonic() > give_up:
                raise Unavailable(f"The web answered {error.code} to a response of the demo.") from None
            time.sleep(float(error.headers.get("Retry-After") or 1))
