"""Three years of engagements in the demo county. The same number of the same seed is always the same engagement."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, get_args
from zoneinfo import ZoneInfo

from deploy.seed.county import County
from deploy.seed.texts import TOPICS, compose
from services.contacts.reference import REFERENCE
from shared.contracts.events import REPORTED, Kind

HOSPITALS_TRUST = "Mardenshire Hospitals Trust"
VOLUNTARY_COUNCIL = "Mardenshire Voluntary Council"
START, END = date(2012, 7, 2), date(2015, 6, 30)
CAMPAIGN_DAYS = tuple(date(2014, 1, 13) + timedelta(days=each) for each in range(6))
"""The newspaper poll of January 2014 ran on six campaign days."""
CAMPAIGN_SHARE = 0.03
LONDON = ZoneInfo("Europe/London")

# Who reports which kinds how often; None is staff.
_REPORTERS: dict[str | None, tuple[float, dict[str, int]]] = {
    None: (0.2, {
        "conversation": 20, "meeting": 12, "call": 12, "email": 12, "letter": 6, "visit": 6, "enquiry": 9,
        "question": 4, "foi_request": 3, "attendance": 6, "petition": 2, "social_media": 4, "story": 2, "other": 2,
    }),
    HOSPITALS_TRUST: (0.44, {
        "complaint": 26, "compliment": 18, "enquiry": 18, "call": 12, "letter": 7, "email": 9, "survey_response": 8,
        "foi_request": 2,
    }),
    VOLUNTARY_COUNCIL: (0.36, {
        "conversation": 26, "attendance": 16, "meeting": 14, "story": 10, "visit": 8, "social_media": 10,
        "survey_response": 8, "petition": 2, "question": 3, "other": 3,
    }),
}  # fmt: skip
_CHANNELS = {
    "conversation": ("face to face", "street stall", "patient discussions"),
    "meeting": ("meeting", "patient discussions"),
    "call": ("phone",), "email": ("email",), "letter": ("letter",), "visit": ("face to face",),
    "social_media": ("social media",), "enquiry": ("phone", "email", "website", "face to face"),
    "complaint": ("letter", "phone", "email", "website"), "compliment": ("letter", "card", "email", "website"),
    "story": ("face to face", "website"), "question": ("website", "meeting", "email"),
    "petition": ("letter", "website"), "foi_request": ("email", "website"), "attendance": ("event",),
    "survey_response": ("website", "paper form", "newspaper"), "other": ("email", "phone"),
}  # fmt: skip
_TECHNIQUES = {
    "conversation": ("drop-ins", "open surgeries", "exhibitions", "community development"),
    "meeting": ("public meetings", "patient groups", "focus groups", "health panel", "deliberative events",
        "open space events"),
    "visit": ("open surgeries", "patient shadowing", "mystery shoppers", "drop-ins"),
    "social_media": ("social media",), "enquiry": ("PALS/complaints",), "complaint": ("PALS/complaints",),
    "compliment": ("comment cards",), "story": ("patient diaries", "patient-led engagement"),
    "question": ("public meetings", "lay representation"), "petition": ("patient-led engagement",),
    "attendance": ("drop-ins", "exhibitions", "service redesign workshops", "citizens' panels", "consultations"),
    "survey_response": ("questionnaires", "comment cards", "polling", "consultations"),
}  # fmt: skip
_MOODS = {"complaint": "negative", "compliment": "positive", "petition": "negative", "foi_request": "neutral"}
_OUTBOUND = 0.12
_ROLES = ("patient", "carer", "relative", "resident", "member", "volunteer", "chair", "practice nurse", "councillor")

assert {kind for _, kinds in _REPORTERS.values() for kind in kinds} == set(get_args(Kind))


@dataclass(frozen=True, slots=True)
class DemoEngagement:
    """`partner` None: logged by staff, with the contacts chosen on the page (`contacts`: their numbers)."""

    number: int
    partner: str | None
    data: dict[str, Any]
    contacts: tuple[int, ...]

    def cloudevent(self) -> dict[str, Any]:
        """As the partner's system sends it."""
        source = "/pals/cases" if self.partner == HOSPITALS_TRUST else "/outreach"
        return {
            "specversion": "1.0", "type": REPORTED, "source": source, "id": f"{source[1:5]}-{self.number:06}",
            "time": self.data["occurred_at"], "datacontenttype": "application/json", "data": self.data,
        }  # fmt: skip


def engagements(county: County, count: int) -> Iterator[DemoEngagement]:
    """Engagements 0 to `count` - 1; nothing is kept, so that any number can be made."""
    for number in range(count):
        yield _engagement(county, number)


def _engagement(county: County, number: int) -> DemoEngagement:
    random = Random(f"{county.seed}:engagement:{number}")
    is_poll = random.random() < CAMPAIGN_SHARE
    partner = random.choices(list(_REPORTERS), [share for share, _ in _REPORTERS.values()])[0]
    kinds = _REPORTERS[partner][1]
    kind = random.choices(list(kinds), list(kinds.values()))[0]
    if is_poll:
        partner, kind = VOLUNTARY_COUNCIL, "survey_response"
    at = _moment(random, is_poll)
    chosen = _choose(random, county, kind)
    first = county.contact(chosen[0])
    data = _data(random, kind, at, first.locality or random.choice(REFERENCE.localities).code, first.practice)
    if is_poll:
        data |= {"channel": "newspaper", "technique": "polling", "topics": [*data["topics"], "newspaper poll"]}
    if partner is not None:
        data |= _participants(random, county, chosen)
        chosen = ()
    return DemoEngagement(number, partner, data, chosen)


def _data(random: Random, kind: str, at: datetime, locality: str, practice: str | None) -> dict[str, Any]:
    topic = _topic(random, at)
    mood = _MOODS.get(kind) or random.choices(("negative", "mixed", "neutral", "positive"), (42, 26, 14, 18))[0]
    practice_name = next((each.name for each in REFERENCE.practices if each.code == practice), None)
    text = compose(random, topic, kind, locality, practice_name, mood)
    data: dict[str, Any] = {
        "kind": kind,
        "title": text.title,
        "body": text.body,
        "occurred_at": at.isoformat(),
        "channel": random.choice(_CHANNELS[kind]),
        "topics": _topics(random, topic),
        "locality": locality,
        "direction": "outbound" if kind in ("call", "email", "letter") and random.random() < _OUTBOUND else "inbound",
    }
    if kind in _TECHNIQUES:
        data["technique"] = random.choice(_TECHNIQUES[kind])
    if random.random() < 0.8:
        data["sentiment"] = mood
    if random.random() < TOPICS[topic].get("sensitive", 0.01) + (0.12 if kind == "complaint" else 0.0):
        data["sensitive"] = True
    if random.random() < 0.04:
        data["links"] = [{"url": f"https://www.mardenshire.example/{topic}/{at.year}", "title": "Background paper"}]
    return data


def _moment(random: Random, is_poll: bool) -> datetime:
    """Mostly weekdays and office hours, more each year, fewer in August and at Christmas."""
    day = random.choice(CAMPAIGN_DAYS) if is_poll else _day(random)
    minutes = int(random.triangular(8 * 60, 20 * 60, 11 * 60))
    local = datetime.combine(day, time(minutes // 60, minutes % 60, random.randrange(60)), LONDON)
    return local.astimezone(UTC)


def _day(random: Random) -> date:
    while True:
        # The square root leans towards the later years: the campaign grew.
        day = START + timedelta(days=int((END - START).days * random.random() ** 0.8))
        keep = 0.25 if day.weekday() > 4 else 1.0
        keep *= 0.6 if day.month == 8 or (day.month, day.day) > (12, 21) else 1.0
        if random.random() < keep:
            return day


def _topic(random: Random, at: datetime) -> str:
    weights = [
        topic["weight"] * (1 if "season" not in topic else 3 if at.month in topic["season"] else 0.2)
        for topic in TOPICS.values()
    ]
    return random.choices(list(TOPICS), weights)[0]


def _topics(random: Random, topic: str) -> list[str]:
    second = random.choice(list(TOPICS)) if random.random() < 0.15 else topic
    return list(dict.fromkeys(TOPICS[each]["label"].lower() for each in (topic, second)))


def _choose(random: Random, county: County, kind: str) -> tuple[int, ...]:
    several = kind in ("meeting", "attendance", "visit")
    wanted = random.choice((2, 3, 4, 6, 9)) if several else random.choices((1, 2), (9, 1))[0]
    return tuple(dict.fromkeys(county.pick(random) for _ in range(wanted)))


def _participants(random: Random, county: County, chosen: tuple[int, ...]) -> dict[str, Any]:
    """As a partner knows them: by e-mail, phone or its own number; some by name only, a few unknown to us."""
    people, organisations = [], []
    for number in chosen:
        contact = county.contact(number)
        schemes = [("email", each) for each in contact.email] + [("phone", each) for each in contact.phone]
        identifiers = [{"scheme": scheme, "value": value} for scheme, value in schemes]
        if contact.kind == "organisation":
            organisations.append({"name": contact.name, "identifiers": identifiers[:1]})
        else:
            people.append({"name": contact.name, "role": random.choice(_ROLES), "identifiers": identifiers[:1]})
    if random.random() < 0.03:
        people.append(_newcomer(random))
    return {"people": people, "organisations": organisations}


def _newcomer(random: Random) -> dict[str, Any]:
    """Somebody whom only the partner knows, by a number of its own."""
    number = random.randrange(400)
    name = County(17, 1).contact(10_000_000 + number).name
    return {"name": name, "role": "patient", "identifiers": [{"scheme": "partner", "value": f"P{number:05}"}]}
