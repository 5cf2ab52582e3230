"""A consultation in each state, and one loop from the first conversation to what was done about it."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

from deploy.seed import polls
from deploy.seed.county import County
from services.contacts.reference import REFERENCE
from shared.contracts.consent import FindRecipients
from shared.contracts.consultations import (
    CloseConsultation,
    Consultation,
    CreateConsultation,
    GetConsultation,
    OpenConsultation,
    Plan,
    PublishOutcome,
    WriteOutcome,
)
from shared.contracts.contributions import GiveTheme, MarkAnswered
from shared.contracts.events import RecordEngagement, Reported
from shared.contracts.rules import CreateRule, RuleSettings, SwitchRule
from shared.contracts.segments import CreateSegment, Rule
from shared.contracts.surveys import CreateSurvey, GetSurvey, OpenSurvey, Survey
from shared.contracts.templates import CreateTemplate, TemplateText
from shared.messaging import Bus

Post = Callable[[list[bytes]], None]
"""Puts forms into the queue of responses."""
BATCH = 400
SECONDS = 60.0
BY = "demo"
LOOP_SIZE, OPEN_SIZE = 36, 24
THEMES: dict[str, tuple[str, str, str]] = {
    "Opening hours": (
        "When do you need the treatment centre?",
        "It closes before people come home from work.",
        "It is open until ten in the evening since April, as a trial for a year.",
    ),
    "Finding the way": (
        "How did you find the right place?",
        "There are three entrances, and the signs end at the car park.",
        "There are new signs, and one entrance. Volunteers stand at the door on weekdays.",
    ),
}
_SAID = {
    "Opening hours": ("It closed at six and I had to go to the hospital.", "Sundays are the worst: nothing is open."),
    "Finding the way": ("I walked around the building twice.", "The signs end at the car park."),
}
_TEMPLATES = {
    "consultation_opened": TemplateText(
        name="A consultation opens",
        subject="Have your say: {consultation}",
        body="Dear {name|friend},\n\nthere is something to decide: **{consultation}**. You can have a say until "
        "{last_day}.\n\n[What it is about, and how to take part]({link})\n",
    ),
    "outcome_published": TemplateText(
        name="What came of it",
        subject="You said, we did: {consultation}",
        body="Dear {name|friend},\n\nyou took part in **{consultation}**. Thank you. This is what was decided, and "
        "what we did about what you said:\n\n[Read what came of it]({link})\n",
    ),
}


def add_consultations(bus: Bus, county: County, ids: list[str], post: Post) -> None:
    """Repeatable; ids: of the contacts, by number."""
    today = datetime.now(UTC).date()
    _add_rules(bus, county)
    poll = _answered(bus, county, "poll", polls.POLL, polls.poll_answers(county.seed), post)
    urgent = _answered(bus, county, "urgent", polls.URGENT, polls.urgent_answers(county.seed), post)
    _draft(bus, county, today)
    _running(bus, county, ids, today)
    closed = _planned(bus, county, "urgent-care", _urgent_plan(urgent, today))
    if closed.state == "draft":
        _close(bus, _open(bus, closed))
    _loop(bus, county, ids, _loop_plan(poll, today))


def _draft(bus: Bus, county: County, today: date) -> None:
    about = "How people who cannot come by themselves get to hospital and back."
    _planned(
        bus,
        county,
        "transport",
        {"title": "Patient transport", "about": about, "closes_on": today + timedelta(days=20)},
    )


def _running(bus: Bus, county: County, ids: list[str], today: date) -> None:
    """Open, and some are missing: it is heard in two localities only."""
    targets = [{"locality": each.code, "expected": each.population} for each in REFERENCE.localities]
    targets += [{"group": "travellers", "expected": 900}, {"group": "young-people", "expected": 21_000}]
    plan = {
        "title": "The future of the treatment centre",
        "about": "The lease of the treatment centre ends next year. It can stay, move to the hospital, or become part "
        "of two health centres.\n\nWe looked at what each costs and whom each serves.",
        "decider": "The Governing Body, in public",
        "can_change": "The place, the hours, and what is treated there. That there is such a place is settled.",
        "documents": [
            {"title": "The three ways, in plain words", "text": "Stay: dear, and near the bus. Move: cheaper, and far."}
        ],
        "closes_on": today + timedelta(days=42),
        "targets": targets,
    }
    standing = _planned(bus, county, "treatment-centre", plan)
    if standing.state == "draft":
        _open(bus, standing)
    for number, who in enumerate(islice(_people(county, "open", ("kingsbourne", "saltham")), OPEN_SIZE)):
        _say(bus, county, standing, f"open-{number}", ids[who], "Opening hours", number)


def _urgent_plan(survey: Survey, today: date) -> dict[str, Any]:
    return {
        "title": "Urgent care: a simpler system?",
        "about": "Five kinds of places treat what is urgent. We asked whether fewer would be easier to understand.",
        "decider": "The Governing Body",
        "can_change": "Everything: no proposal is made yet.",
        "closes_on": today + timedelta(days=1),
        "survey_ids": [survey.survey_id],
    }


def _loop_plan(survey: Survey, today: date) -> dict[str, Any]:
    targets = [
        {"group": group, "expected": expected} for group, expected in (("carers", 9_000), ("older-people", 31_000))
    ]
    return {
        "title": "Health services this winter",
        "about": "What should be open, and for how long, when most people need it. 414 people answered the poll in the "
        "newspaper, and others talked with us at drop-ins.",
        "decider": "The Governing Body",
        "can_change": "Hours and signs for this winter.",
        "documents": [{"title": "Where to go in winter", "text": "A list of places with their hours."}],
        "closes_on": today + timedelta(days=1),
        "targets": targets,
        "survey_ids": [survey.survey_id],
    }


def _loop(bus: Bus, county: County, ids: list[str], plan: dict[str, Any]) -> None:
    """Opened, talked about, closed, decided, published: whoever took part is told by the rule."""
    standing = _planned(bus, county, "winter", plan)
    if standing.state == "published":
        return
    if standing.state == "draft":
        standing = _open(bus, standing)
    said: dict[str, dict[str, str]] = {each: {} for each in THEMES}
    for number, who in enumerate(islice(_people(county, "loop", ("eastmere", "saltham")), LOOP_SIZE)):
        theme = list(THEMES)[number % len(THEMES)]
        said[theme][ids[who]] = _say(bus, county, standing, f"loop-{number}", ids[who], theme, number)
    _wait_for(bus, standing, sum(map(len, said.values())) + polls.POLL_SIZE)
    standing = _now(bus, standing)
    if standing.state == "open":
        standing = _close(bus, standing)
    themes = [
        {"theme_id": f"thm_{number}", "title": title, "we_asked": asked, "you_said": you_said, "we_did": did}
        for number, (title, (asked, you_said, did)) in enumerate(THEMES.items())
    ]
    decision = (
        "The treatment centre stays open until ten in the evening this winter. The board looks at it again in May."
    )
    about = {"consultation_id": standing.consultation_id, "by": BY}
    outcome = about | {"version": standing.version, "decision": decision, "themes": themes}
    standing = bus.call(WriteOutcome.model_validate(outcome))
    for number, contributions in enumerate(said.values()):
        give = about | {
            "contribution_ids": list(contributions.values()),
            "theme_id": f"thm_{number}",
            "sensitive": True,
        }
        bus.call(GiveTheme.model_validate(give))
    bus.call(PublishOutcome(consultation_id=standing.consultation_id, version=standing.version, by=BY))
    _ring(bus, standing, {who: each for one in said.values() for who, each in one.items()})


def _ring(bus: Bus, of: Consultation, said: dict[str, str]) -> None:
    """Whoever may not be written to was rung by staff: everybody has an answer then."""
    asked = FindRecipients(contact_ids=tuple(said), purpose="consultation", channel="email")
    silent = [said[each.contact_id] for each in bus.call(asked).recipients if each.reason]
    about = {"consultation_id": of.consultation_id, "by": BY}
    bus.call(MarkAnswered.model_validate(about | {"contribution_ids": silent}))


def _answered(
    bus: Bus, county: County, name: str, definition: dict[str, Any], answers: Iterator[dict[str, Any]], post: Post
) -> Survey:
    """A survey whose responses are on their way."""
    request_id = f"demo-{county.seed}-{name}"
    survey = bus.call(CreateSurvey(request_id=request_id, definition=definition, by=BY))
    if survey.state == "draft":
        survey = bus.call(OpenSurvey(survey_id=survey.survey_id, version=survey.version, by=BY))
        forms = polls.sent(survey.survey_id, survey.definition_version, request_id, answers)
        waiting = [each.model_dump_json().encode() for each in forms]
        for start in range(0, len(waiting), BATCH):
            post(waiting[start : start + BATCH])
        _wait_for_answers(bus, survey, len(waiting))
    return survey


def _wait_for_answers(bus: Bus, survey: Survey, number: int) -> None:
    """Before its consultation closes it: what comes later than ten minutes does not count."""
    give_up = time.monotonic() + SECONDS
    while bus.call(GetSurvey(survey_id=survey.survey_id)).responses < number and time.monotonic() < give_up:
        time.sleep(0.1)


def _wait_for(bus: Bus, of: Consultation, number: int) -> None:
    give_up = time.monotonic() + SECONDS
    while time.monotonic() < give_up:
        if bus.call(GetConsultation(consultation_id=of.consultation_id)).contributions >= number:
            return
        time.sleep(0.1)


def _planned(bus: Bus, county: County, name: str, plan: dict[str, Any]) -> Consultation:
    request_id = f"demo-{county.seed}-consultation-{name}"
    return bus.call(CreateConsultation(request_id=request_id, plan=Plan.model_validate(plan), by=BY))


def _now(bus: Bus, of: Consultation) -> Consultation:
    return bus.call(GetConsultation(consultation_id=of.consultation_id)).consultation


def _open(bus: Bus, standing: Consultation) -> Consultation:
    return bus.call(OpenConsultation(consultation_id=standing.consultation_id, version=standing.version, by=BY))


def _close(bus: Bus, standing: Consultation) -> Consultation:
    return bus.call(CloseConsultation(consultation_id=standing.consultation_id, version=standing.version, by=BY))


def _people(county: County, name: str, localities: tuple[str, ...]) -> Iterator[int]:
    """Numbers of people who live there and can be written to, each once."""
    numbers = list(range(county.size))
    Random(f"{county.seed}:{name}").shuffle(numbers)
    for number in numbers:
        who = county.contact(number)
        if who.kind == "person" and who.email and who.locality in localities:
            yield number


def _say(bus: Bus, county: County, to: Consultation, name: str, contact_id: str, theme: str, number: int) -> str:
    """A conversation at a drop-in, in the evening of one of the days before."""
    said = {
        "kind": "conversation",
        "title": f"Drop-in: {theme.lower()}",
        "body": _SAID[theme][number // 2 % 2],
        "channel": ("face to face", "phone", "patient discussions")[number % 3],
        "technique": "drop-ins",
        "topics": [theme.lower()],
        "direction": "inbound",
        "consultation_id": to.consultation_id,
    }
    request_id = f"demo-{county.seed}-{name}"
    asked = RecordEngagement(
        request_id=request_id, reported=Reported.model_validate(said), contact_ids=(contact_id,), by=BY
    )
    return bus.call(asked).engagement_id


def _add_rules(bus: Bus, county: County) -> None:
    """The rule that tells what came of it is on; the one that invites waits for somebody to switch it on."""
    rule = Rule.model_validate({"conditions": [{"field": "consent", "purpose": "consultation", "channel": "email"}]})
    name = "Whom we may tell of consultations"
    segment = bus.call(CreateSegment(request_id=f"demo-{county.seed}-{name}", name=name, rule=rule, by=BY))
    for occasion, text in _TEMPLATES.items():
        request_id = f"demo-{county.seed}-{occasion}"
        template = bus.call(CreateTemplate(request_id=request_id, text=text, by=BY))
        said = {"name": text.name, "occasion": occasion, "purpose": "consultation", "template_id": template.template_id}
        told = {"segment_id": segment.segment_id} if occasion == "consultation_opened" else {}
        settings = RuleSettings.model_validate(said | told)
        made = bus.call(CreateRule(request_id=request_id, settings=settings, by=BY))
        if occasion == "outcome_published" and made.version == 1:
            bus.call(SwitchRule(rule_id=made.rule_id, version=made.version, on=True, by=BY))
