"""Ten years of a county, of any size, straight into the log of events: the same from the same seed.

`fill_log(settings, contacts, entries)` writes so many entries of the timeline, one for each contact, the rest as they
are in a county: mostly engagements, some corrected later, statements of consent, segments, changed contacts, messages,
answers. A few contacts have thousands of entries, most a few. Events are made as dictionaries from what the contracts
dump: `tests/history/test_decade.py` reads them back by the contracts.
"""

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from pymongo import WriteConcern

from bench import corpus
from deploy.seed.texts import TOPICS
from services.contacts.reference import REFERENCE
from services.history.log import WINDOW, Log
from shared.contracts.base import Envelope, Event
from shared.contracts.consent import Consent, ConsentChanged
from shared.contracts.contacts import Contact, ContactChanged, ContactRegistered, FieldChange
from shared.contracts.events import Engagement, EngagementCorrected, EngagementRecorded, Participant
from shared.contracts.notifications import MessagesSent
from shared.contracts.segments import SegmentRef, SegmentsEntered
from shared.contracts.surveys import ResponseReceived
from shared.mongo import connect
from shared.settings import Settings

BEGAN = datetime(2016, 1, 1, 9, tzinfo=UTC)
MINUTES = 10 * 365 * 24 * 60
PARTNERS = ("St Agnes", "Council", "Healthwatch", None, None)
LOCALITIES = tuple(each.code for each in REFERENCE.localities)
GROUPS = tuple(each.code for each in REFERENCE.groups)
TOPIC_NAMES = tuple(TOPICS)
SEGMENTS = tuple(SegmentRef(segment_id=f"seg_{number}", name=f"Panel {number}") for number in range(1, 21))
_SENTENCES = 20_000
_CORRECTED = 0.03
Content = dict[str, Any]


def fill_log(
    settings: Settings, contacts: int, entries: int, seed: int = 1, progress: Callable[[int, int], None] | None = None
) -> int:
    """Write them into the empty log of an instance; the last position. progress: called with (entries, of how many)."""
    log = Log(database := connect(settings, "history"))
    log.prepare()
    collection = database["log"].with_options(write_concern=WriteConcern(w=1))  # a bench can begin anew
    events, last, written = decade(contacts, entries, seed), 0, 0
    while batch := list(islice(events, 2 * WINDOW)):
        documents = [
            {"_id": each["id"], "position": position, "event": each} for position, each in enumerate(batch, last + 1)
        ]
        collection.insert_many(documents, ordered=False)
        last += len(batch)
        written += sum(each["type"] != EngagementCorrected.type for each in batch)
        if progress:
            progress(written, entries)
    return last


def told(every: float = 5.0) -> Callable[[int, int], None]:
    """A progress that prints a line every few seconds."""
    began, shown = time.monotonic(), [0.0]

    def show(done: int, of: int) -> None:
        if time.monotonic() - shown[0] > every or done >= of:
            shown[0] = time.monotonic()
            print(f"  {done:,} of {of:,} entries, {done / (shown[0] - began):,.0f}/s", flush=True)

    return show


def decade(contacts: int, entries: int, seed: int = 1) -> Iterator[Content]:
    """The events in the order of the log, as their structured JSON. entries: more than contacts."""
    county = _County(contacts, entries, seed)
    for number in range(entries):
        yield from county.entry(number)


def contact_id(number: int) -> str:
    """Of contact `number`: the lower, the more is said with them."""
    return f"con_{number:08}"


class _County:
    """Draws what happens next; contacts become known over the years, and only who is known takes part."""

    def __init__(self, contacts: int, entries: int, seed: int) -> None:
        if entries < contacts:
            raise ValueError("each contact has an entry of its own")
        self._contacts, self._entries = contacts, entries
        self._chance = random.Random(seed)
        self._names: list[str] = []
        chance = random.Random(0)
        self._sentences = [f"{corpus.text(chance, chance.randrange(6, 16)).capitalize()}." for _ in range(_SENTENCES)]
        self._kinds: tuple[Callable[[int, int, str], tuple[type[Event], str, int, Content]], ...]
        self._kinds = (self._consent, self._segments, self._changed, self._messages, self._response)
        self._made = 0

    def entry(self, number: int) -> Iterator[Content]:
        """The event of the next entry, and perhaps one that corrects it."""
        at = _at(number * MINUTES // self._entries)
        if len(self._names) * self._entries <= number * self._contacts:
            yield self._content(at, *self._registered(at))
            return
        who, chance = self._who(), self._chance.random()
        if chance < 0.76:
            event = self._engagement(number, who, at)
            yield self._content(at, *event)
            if self._chance.random() < _CORRECTED:
                yield self._content(at, *self._correction(event[3], at))
            return
        make = self._kinds[self._chance.choices(range(5), (30, 25, 20, 15, 10))[0]]
        yield self._content(at, *make(number, who, at))

    def _who(self) -> int:
        """The first few of those who are known far more often than the others."""
        return int(len(self._names) * self._chance.random() ** 2)

    def _content(self, at: str, event: type[Event], subject: str, sequence: int, data: Content) -> Content:
        self._made += 1
        key = f"evt_{self._made:012}"
        return _ENVELOPE | {
            "id": key,
            "type": event.type,
            "subject": subject,
            "time": at,
            "sequence": sequence,
            "correlationid": key,
            "data": data,
        }

    def _registered(self, at: str) -> tuple[type[Event], str, int, Content]:
        number = len(self._names)
        self._names.append(corpus.name(number))
        return ContactRegistered, contact_id(number), 1, _REGISTERED | {"contact": self._contact(number, 1, at)}

    def _contact(self, number: int, version: int, at: str) -> Content:
        return _CONTACT | {
            "contact_id": contact_id(number),
            "version": version,
            "name": self._names[number],
            "locality": LOCALITIES[number % len(LOCALITIES)],
            "groups": [GROUPS[number % len(GROUPS)]],
            "registered_at": at,
            "changed_at": at,
        }

    def _engagement(self, number: int, who: int, at: str) -> tuple[type[Event], str, int, Content]:
        chance, key = self._chance, f"eng_{number:010}"
        people = [who] if chance.random() < 0.9 else [who, self._who()]
        engagement = _ENGAGEMENT | {
            "engagement_id": key,
            "partner": chance.choice(PARTNERS),
            "external_id": str(number),
            "kind": chance.choice(corpus.KINDS),
            "title": chance.choice(self._sentences)[:60],
            "body": f"{' '.join(chance.choices(self._sentences, k=chance.randrange(2, 10)))} case{number}",
            "occurred_at": at,
            "recorded_at": at,
            "channel": chance.choice(corpus.CHANNELS),
            "locality": LOCALITIES[who % len(LOCALITIES)],
            "topics": chance.sample(TOPIC_NAMES, 2),
            "sensitive": chance.random() < 0.02,
            "groups": [GROUPS[who % len(GROUPS)]],
            "participants": [
                _PARTICIPANT | {"name": self._names[each], "contact_ids": [contact_id(each)]} for each in people
            ],
        }
        return EngagementRecorded, key, 1, {"engagement": engagement}

    def _correction(self, data: Content, at: str) -> tuple[type[Event], str, int, Content]:
        engagement = data["engagement"] | {"version": 2, "title": self._chance.choice(self._sentences)[:60]}
        return EngagementCorrected, engagement["engagement_id"], 2, {"engagement": engagement, "corrected_by": "staff"}

    def _consent(self, number: int, who: int, at: str) -> tuple[type[Event], str, int, Content]:
        consent = _CONSENT | {
            "consent_id": f"cns_{number:010}",
            "contact_id": contact_id(who),
            "given": self._chance.random() < 0.8,
            "at": at,
        }
        return ConsentChanged, contact_id(who), 1, {"consent": consent, "name": self._names[who]}

    def _segments(self, number: int, who: int, at: str) -> tuple[type[Event], str, int, Content]:
        segment = self._chance.choice(SEGMENTS).model_dump(mode="json")
        return (
            SegmentsEntered,
            contact_id(who),
            1,
            _SEGMENTS
            | {
                "contact_id": contact_id(who),
                "segments": [segment],
                "at": at,
            },
        )

    def _changed(self, number: int, who: int, at: str) -> tuple[type[Event], str, int, Content]:
        return ContactChanged, contact_id(who), 2 + number, _CHANGED | {"contact": self._contact(who, 2 + number, at)}

    def _messages(self, number: int, who: int, at: str) -> tuple[type[Event], str, int, Content]:
        people = list(dict.fromkeys(contact_id(self._who()) for _ in range(self._chance.randrange(1, 40))))
        return (
            MessagesSent,
            f"mai_{number:010}",
            1,
            _MESSAGES
            | {
                "mailing_id": f"mai_{number:010}",
                "subject": self._chance.choice(self._sentences)[:60],
                "sent_at": at,
                "contact_ids": people,
                "consent_ids": [None] * len(people),
            },
        )

    def _response(self, number: int, who: int, at: str) -> tuple[type[Event], str, int, Content]:
        return (
            ResponseReceived,
            f"rsp_{number:010}",
            1,
            _RESPONSE
            | {
                "response_id": f"rsp_{number:010}",
                "contact_id": contact_id(who),
                "received_at": at,
            },
        )


def _at(minutes: int) -> str:
    return f"{BEGAN + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"


def _dumped(event: Event) -> Content:
    return event.model_dump(mode="json")


# What the contracts dump, of which each event replaces a few fields.
_A_CONTACT = Contact(
    contact_id="con_0", version=1, kind="person", name="Somebody", registered_at=BEGAN, changed_at=BEGAN
)
_ENVELOPE = {
    name: value
    for name, value in Envelope(
        ContactRegistered(contact=_A_CONTACT, registered_by="staff"), source="/services/bench", subject="", sequence=1,
        correlationid="",
    ).content.items()
    if name != "data"
}  # fmt: skip
_CONTACT = _A_CONTACT.model_dump(mode="json")
_REGISTERED = _dumped(ContactRegistered(contact=_A_CONTACT, registered_by="staff"))
_CHANGED = _dumped(
    ContactChanged(
        contact=_A_CONTACT,
        changes=(FieldChange(field="locality", before="eastmere", after="saltham"),),
        changed_by="staff",
    )
)
_PARTICIPANT = Participant(name="Somebody").model_dump(mode="json")
_ENGAGEMENT = Engagement(
    engagement_id="eng_0", version=1, partner=None, source="/bench", external_id="0", kind="call", title="A call",
    occurred_at=BEGAN, recorded_at=BEGAN,
).model_dump(mode="json")  # fmt: skip
_CONSENT = Consent(
    consent_id="cns_0", contact_id="con_0", purpose="newsletter", channel="email", given=True, at=BEGAN,
    method="web_form", wording="May we write to you?", recorded_by="staff",
).model_dump(mode="json")  # fmt: skip
_SEGMENTS = _dumped(
    SegmentsEntered(contact_id="con_0", segments=SEGMENTS[:1], cause="A changed contact", cause_id=None, at=BEGAN)
)
_MESSAGES = _dumped(
    MessagesSent(
        mailing_id="mai_0", subject="News", purpose="newsletter", channel="email", sent_at=BEGAN, contact_ids=(),
        consent_ids=(),
    )
)  # fmt: skip
_RESPONSE = _dumped(
    ResponseReceived(
        response_id="rsp_0", survey_id="srv_1", title="Getting here", definition_version=1, contact_id="con_0",
        received_at=BEGAN,
    )
)  # fmt: skip
