"""Two surveys whose figures are known: the newspaper poll of January 2014, and the urgent care survey of that summer.

Of the poll 414 people are reported, 60 % aged 18 to 64 and 36 % aged 65 to 84; of the survey more than 800 responses,
of which 50 % would prefer a simpler system. Nothing else of the answers is known, and so is invented.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from deploy.seed.engagements import CAMPAIGN_DAYS, LONDON
from shared.contracts.surveys import SentResponse

POLL_SIZE, POLL_AGES = 414, {"aged_18_to_64": 0.60, "aged_65_to_84": 0.36}
"""The other 4 % are not given in the source."""
URGENT_SIZE, URGENT_SIMPLER = 812, 0.50
_SUMMER = tuple(date(2014, 6, 2) + timedelta(days=each) for each in range(56))
_WISHES = (
    "One number to ring, day and night.",
    "Tell us on the door what this place can treat.",
    "I did not know whether to go to the walk-in centre or to the hospital.",
    "A list of opening hours that is right.",
    "Keep the treatment centre; it is the only one with a bus.",
)


def _question(name: str, title: str, *texts: str, **more: Any) -> dict[str, Any]:
    choices = [{"value": text.lower().replace(" ", "_"), "text": text} for text in texts]
    return {"type": "radiogroup", "name": name, "title": title, "choices": choices} | more


POLL: dict[str, Any] = {
    "title": "Newspaper poll: health services this winter",
    "pages": [
        {
            "name": "page1",
            "elements": [
                _question("age", "How old are you?", "Aged 18 to 64", "Aged 65 to 84", "Not given", isRequired=True),
                _question("heard", "Had you heard of us before?", "Yes", "No"),
                {"type": "comment", "name": "wish", "title": "What should we put first?"},
            ],
        }
    ],
}
URGENT: dict[str, Any] = {
    "title": "Urgent care: where do you go?",
    "pages": [
        {
            "name": "page1",
            "elements": [
                _question(
                    "system",
                    "Which would you prefer?",
                    "A simpler system",
                    "The system as it is",
                    "No view",
                    isRequired=True,
                ),
                _question(
                    "went", "Where did you go last?", "Treatment centre", "Walk in centre", "Hospital", "My practice"
                ),
                {"type": "comment", "name": "wish", "title": "What would make it easier?"},
            ],
        }
    ],
}


def poll_answers(seed: int) -> Iterator[dict[str, Any]]:
    """414, each age as often as it was."""
    random = Random(f"{seed}:poll")
    ages = [age for age, share in POLL_AGES.items() for _ in range(round(POLL_SIZE * share))]
    ages += ["not_given"] * (POLL_SIZE - len(ages))
    random.shuffle(ages)
    for age in ages:
        found = {"age": age, "heard": random.choices(("yes", "no"), (55, 45))[0]}
        yield found | ({"wish": random.choice(_WISHES)} if random.random() < 0.2 else {})


def urgent_answers(seed: int) -> Iterator[dict[str, Any]]:
    """812, half of them for a simpler system."""
    random = Random(f"{seed}:urgent")
    simpler = round(URGENT_SIZE * URGENT_SIMPLER)
    views = ["a_simpler_system"] * simpler
    views += random.choices(("the_system_as_it_is", "no_view"), (70, 30), k=URGENT_SIZE - simpler)
    random.shuffle(views)
    for view in views:
        went = random.choices(("treatment_centre", "walk_in_centre", "hospital", "my_practice"), (30, 25, 28, 17))[0]
        found = {"system": view, "went": went}
        yield found | ({"wish": random.choice(_WISHES)} if random.random() < 0.25 else {})


def sent(survey_id: str, version: int, name: str, answers: Iterator[dict[str, Any]]) -> Iterator[SentResponse]:
    """Each as a form that was received on one of the days of its survey."""
    days = CAMPAIGN_DAYS if "poll" in name else _SUMMER
    random = Random(f"{name}:times")
    for number, each in enumerate(answers):
        minutes = random.randrange(8 * 60, 21 * 60)
        at = datetime.combine(random.choice(days), time(minutes // 60, minutes % 60), LONDON)
        yield SentResponse(
            request_id=f"{name}-{number}",
            survey_id=survey_id,
            definition_version=version,
            answers=each,
            begun_at=at - timedelta(minutes=3),
            received_at=at,
            correlation_id=f"{name}-{number}",
        )
