"""What the people of the demo county allow, three segments over it, and what might be sent to them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random

from deploy.seed.county import County
from deploy.seed.news import add_news
from deploy.seed.rules import add_rules
from shared.contracts.consent import RecordConsents, Statement
from shared.contracts.notifications import DraftMailing, MailingDraft
from shared.contracts.segments import CreateSegment, Rule, Segment
from shared.messaging import Bus
from shared.messaging.client import RpcClient

BATCH = 500
SECONDS = 60.0
_WORDING = {
    "newsletter": "May we send you our newsletter, about once a month?",
    "consultation": "May we tell you when there is a consultation on services near you?",
    "survey": "May we ask you from time to time what you think?",
}
_METHODS = ("paper_form", "web_form", "in_person", "phone_call")
ASKED = "Carers whom we may ask"
_SEGMENTS: dict[str, tuple[dict[str, object], ...]] = {
    "Kingsbourne people who like the newsletter": (
        {"field": "kind", "value": "person"},
        {"field": "locality", "any_of": ["kingsbourne"]},
        {"field": "consent", "purpose": "newsletter", "channel": "email"},
    ),
    ASKED: (
        {"field": "group", "any_of": ["carers"]},
        {"field": "consent", "purpose": "survey", "channel": "email"},
    ),
    "Town and parish councils": ({"field": "group", "any_of": ["local-authorities"]},),
}
_NEWSLETTER = """# You said, we did

Dear {name|friend},

you told us that the **car park at the treatment centre** is hard to find in the dark. It has new lamps and new signs.

## What is next

* The *patient transport* review: tell us how you get to your appointments.
* Self care week: find your nearest [event](https://example.org/self-care).
"""


def segment_of(bus: Bus, county: County, name: str) -> Segment:
    """One of the segments; the first time it is made."""
    rule = Rule.model_validate({"conditions": _SEGMENTS[name]})
    return bus.call(CreateSegment(request_id=f"demo-{county.seed}-{name}", name=name, rule=rule, by="demo"))


def add_consents(bus: RpcClient, county: County, ids: list[str]) -> None:
    """Statements of about two in three of those who have an e-mail address, segments and a draft. Repeatable."""
    statements = _statements(county, ids)
    number = 0
    while batch := tuple(islice(statements, BATCH)):
        request = RecordConsents(request_id=f"demo-{county.seed}-consents-{number}", statements=batch, by="demo")
        bus.call(request, timeout=SECONDS)
        number += 1
    segments = [segment_of(bus, county, name) for name in _SEGMENTS]
    draft = MailingDraft(
        subject="You said, we did",
        body=_NEWSLETTER,
        segment_id=segments[0].segment_id,
        segment_name=segments[0].name,
    )
    bus.call(DraftMailing(request_id=f"demo-{county.seed}-newsletter", draft=draft, by="demo"))
    add_rules(bus, county)
    add_news(bus, county, segments[0].segment_id, segments[0].name)


def _statements(county: County, ids: list[str]) -> Iterator[Statement]:
    chance = Random(county.seed)
    for number, contact_id in enumerate(ids):
        likes = chance.random()
        if likes > 0.66 or not county.contact(number).email:
            continue
        at = datetime(2013, 1, 7, 9, tzinfo=UTC) + timedelta(minutes=chance.randrange(60 * 24 * 365))
        for purpose in list(_WORDING)[: 1 + int(likes * 4.5)]:
            yield _statement(contact_id, purpose, True, at, chance.choice(_METHODS))
        if likes < 0.05:
            yield _statement(contact_id, "newsletter", False, at + timedelta(days=120), "one_click")


def _statement(contact_id: str, purpose: str, given: bool, at: datetime, method: str) -> Statement:
    return Statement.model_validate(
        {
            "contact_id": contact_id,
            "purpose": purpose,
            "channel": "email",
            "given": given,
            "at": at,
            "method": method,
            "wording": _WORDING[purpose],
            "evidence": "Invented for the demonstration",
        }
    )
