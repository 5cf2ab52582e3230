"""Who is chair, secretary or member of the groups of the demo county, since when, and who was before."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from deploy.seed.county import County
from shared.contracts.relationships import AddRelationship
from shared.messaging.client import RpcClient

SECONDS = 60.0
MOST = 60
"""Roles in all: each is a request of its own."""
_ROLES = ("Chair", "Secretary", "Treasurer", "Member")
_LOOKED_AT = 600
"""Contacts, the first of the county."""


class Role(NamedTuple):
    """By the numbers of the contacts."""

    person: int
    organisation: int
    name: str
    since: date
    until: date | None


def roles(county: County) -> Iterator[Role]:
    """A few for each organisation, people of its own locality; one in four has ended."""
    random = Random(f"{county.seed}:roles")
    numbers = range(min(county.size, _LOOKED_AT))
    people = [each for each in numbers if county.contact(each).kind == "person"]
    for number in numbers:
        organisation = county.contact(number)
        near = [each for each in people if county.contact(each).locality == organisation.locality]
        if organisation.kind == "person" or not near:
            continue
        for name in _ROLES[: random.randint(1, 3)]:
            since = date(2011, 4, 1) + timedelta(days=random.randrange(900))
            until = since + timedelta(days=random.randrange(90, 500)) if random.random() < 0.25 else None
            yield Role(random.choice(near), number, name, since, until)


def add_roles(bus: RpcClient, county: County, ids: list[str]) -> None:
    """Repeatable."""
    for number, role in zip(range(MOST), roles(county), strict=False):
        asked = AddRelationship(
            request_id=f"demo-{county.seed}-role-{number}",
            contact_id=ids[role.person],
            with_id=ids[role.organisation],
            role=role.name,
            since=role.since,
            until=role.until,
            by="demo",
        )
        bus.call(asked, timeout=SECONDS)
