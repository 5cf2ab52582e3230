"""The engagements that benches search and rebuild: as many as asked, the same from the same seed."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from shared.contracts.base import Envelope, Event, new_id
from shared.contracts.contacts import Contact, ContactRegistered
from shared.contracts.events import Engagement, EngagementRecorded, Participant

CONTACTS = 20_000
FIRST = datetime(2023, 1, 1, 9, tzinfo=UTC)
FIRST_NAMES = str.split(
    "Ann Mary Peter Zoë Siobhán Omar Priya Grace Tomasz Wei Amara Bill Noor Elsie Kofi Dilys Ravi Ines"
)
SYLLABLES = str.split("ham wick ford ley ton mar oka brid nor pen sut gil hart lang mor thorn well ash cal der fen")
WORDS = str.split(
    "the a of to and in was for that it with on at they said about who had not when from were would time again "
    "appointment parking clinic letter waiting nurse ward telephone reception transport carer hearing loop dentist "
    "maternity discharge medicine queue evening weekend bus wheelchair interpreter results helpful kind delay "
    "screening podiatry vaccination diabetes asthma physiotherapy prescription ambulance complaint volunteer dementia "
    "stroke hospice"
)
KINDS = ("conversation", "meeting", "call", "email", "letter", "complaint", "story", "question", "compliment")
CHANNELS = ("phone", "email", "in_person", "post", "online", "social_media")
LOCALITIES = ("eastmere", "kingsbourne", "marden-vale", "saltham", "thornwold")
TOPICS = ("access", "parking", "waiting-times", "staff", "food", "transport", "maternity", "dementia", "dentistry")
GROUPS = ("carers", "patients", "residents", "healthwatch", "councillors", "gp-practices", "media")


def name(number: int) -> str:
    """The name of contact `number`: two invented words."""
    chance = random.Random(number)
    return f"{chance.choice(FIRST_NAMES)} {''.join(chance.choices(SYLLABLES, k=3)).title()}"


def contacts(count: int = CONTACTS) -> Iterator[Envelope[Event]]:
    for number in range(count):
        contact = Contact(
            contact_id=f"con_{number:08}",
            version=1,
            kind="person",
            name=name(number),
            locality=LOCALITIES[number % 5],
            registered_at=FIRST,
            changed_at=FIRST,
        )
        yield _envelope(ContactRegistered(contact=contact, registered_by="staff"), contact.contact_id)


def engagements(count: int, seed: int = 1) -> Iterator[Envelope[Event]]:
    """Words are drawn with a few common and many rare ones, as in texts."""
    chance = random.Random(seed)
    for number in range(count):
        yield _engagement(chance, number)


def text(chance: random.Random, words: int) -> str:
    return " ".join(WORDS[int(chance.random() ** 1.5 * len(WORDS))] for _ in range(words))


def _engagement(chance: random.Random, number: int) -> Envelope[Event]:
    who = chance.randrange(CONTACTS)
    at = FIRST + timedelta(minutes=chance.randrange(3 * 365 * 24 * 60))
    engagement = Engagement.model_validate(
        {
            "engagement_id": f"eng_{number:010}",
            "version": 1,
            "partner": chance.choice(("St Agnes", "Council", None)),
            "source": "/bench",
            "external_id": str(number),
            "kind": chance.choice(KINDS),
            "title": text(chance, 6),
            "body": f"{text(chance, chance.randrange(20, 120))} case{number}",
            "occurred_at": at,
            "recorded_at": at,
            "channel": chance.choice(CHANNELS),
            "locality": chance.choice(LOCALITIES),
            "topics": tuple(chance.sample(TOPICS, 2)),
            "groups": (chance.choice(GROUPS),),
            "participants": (Participant(name=name(who), contact_ids=(f"con_{who:08}",)),),
        }
    )
    return _envelope(EngagementRecorded(engagement=engagement), engagement.engagement_id)


def _envelope(event: Event, subject: str) -> Envelope[Event]:
    return Envelope(event, source="/bench", subject=subject, sequence=1, correlationid=new_id())
