"""From a change of a contact to its being in, or out of, each of 20 segments, over 50,000 contacts.

Changes come at an even rate through the RPC that staff use; each changes a contact's locality, which every one of the
segments asks about. A probe is a change whose contact is then looked at until all 20 segments have it right; the time
runs from before the request to the answer that shows it.
"""

import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench import harness
from deploy.instance import Instance
from shared.contracts.contacts import ChangeContact, Contact, NewContact, RegisterContacts
from shared.contracts.segments import CreateSegment, GetProfile, ListSegments, Rule
from shared.errors import Unavailable
from shared.messaging.client import RpcClient
from shared.mongo import connect

CONTACTS = int(os.environ.get("CONTACTS", "50000"))
SEGMENTS = 20
RATES = {"fast": 100, "default": 10}
GOAL = 1.0
SECONDS = int(os.environ.get("SECONDS_OF_LOAD", "120"))
PROBE_EACH = 100
"""Every so many changes are probes: to look at each is a load too."""
NORTH, SOUTH = "eastmere", "saltham"
CHUNK = 500


def main() -> None:
    with harness.private_instance() as instance:
        instance.start()
        instance.wait_ready()
        bus = RpcClient(instance.settings)
        contacts = _register(bus)
        filled = _save_segments(bus)
        rate = RATES["fast" if "fast" in harness.store_name() else "default"]
        processors = harness.Processors()
        seen = Changes(instance, contacts).measure(rate)
        processors_were = processors.shares()
    harness.report_seconds(
        "segments",
        seen,
        GOAL,
        changes_per_second=rate,
        contacts=CONTACTS,
        segments=SEGMENTS,
        filled_seconds=round(filled, 1),
        processors=processors_were,
    )


def _register(bus: RpcClient) -> list[Contact]:
    """All contacts live in the south."""
    found: list[Contact] = []
    for start in range(0, CONTACTS, CHUNK):
        new = tuple(
            NewContact(name=f"Person {number}", email=(f"p{number}@example.org",), locality=SOUTH, groups=("carers",))
            for number in range(start, min(start + CHUNK, CONTACTS))
        )
        ids = tuple(f"bench-{number}" for number in range(start, start + len(new)))
        found += bus.call(RegisterContacts(contacts=new, request_ids=ids), timeout=60).contacts
    return found


def _save_segments(bus: RpcClient) -> float:
    """Twenty that ask for the north and the south, with other conditions beside it; seconds until they are filled."""
    started = time.monotonic()
    for number in range(SEGMENTS):
        conditions: list[dict[str, Any]] = [
            {"field": "locality", "any_of": [NORTH if number % 2 else SOUTH]},
            {"field": "group", "any_of": ["carers", "media"]},
            {"field": "name", "words": "person"},
            {"field": "engaged", "at_least": 3, "negated": True},
        ]
        rule = Rule.model_validate({"conditions": conditions})
        bus.call(CreateSegment(request_id=f"bench-{number}", name=f"Segment {number}", rule=rule))
    harness.wait_for(lambda: all(each.filled == 1 for each in bus.call(ListSegments()).segments), 1800, every=1.0)
    return time.monotonic() - started


class Changes:
    """Moves contacts between south and north, each of them in its turn."""

    def __init__(self, instance: Instance, contacts: list[Contact]) -> None:
        self._settings = instance.settings
        self._contacts = contacts
        self._memberships = connect(instance.settings, "contacts")["memberships"]
        self._local = threading.local()
        random.Random(5).shuffle(self._contacts)

    def measure(self, rate: int) -> list[float]:
        """Seconds that each probe took to be seen in all segments."""
        with ThreadPoolExecutor(32) as pool:
            asked = []
            for number in harness.beats(rate, SECONDS):
                contact = self._contacts[number % len(self._contacts)]
                change = self._probe if number % PROBE_EACH == 0 else self._change
                asked.append(pool.submit(change, contact))
            return [each for one in asked if (each := one.result()) is not None]

    def _change(self, contact: Contact) -> None:
        to = NewContact(
            name=contact.name,
            email=tuple(each.value for each in contact.identifiers),
            locality=NORTH,
            groups=contact.groups,
        )
        self._bus().call(ChangeContact(contact_id=contact.contact_id, version=contact.version, contact=to))

    def _probe(self, contact: Contact) -> float:
        """Looked for where every answer is read from, and then in an answer: to ask seven questions again and again
        would be a twentieth of the load."""
        wanted = {f"Segment {number}" for number in range(SEGMENTS) if number % 2}
        started = time.monotonic()
        self._change(contact)
        harness.wait_for(lambda: self._has_moved(contact) and self._names(contact) == wanted, 30)
        return time.monotonic() - started

    def _has_moved(self, contact: Contact) -> bool:
        return self._memberships.count_documents({"contact_id": contact.contact_id, "n": {"$gt": 1}}) > 0

    def _names(self, contact: Contact) -> set[str]:
        try:
            return {each.name for each in self._bus().call(GetProfile(contact_id=contact.contact_id)).segments}
        except Unavailable:
            return set()

    def _bus(self) -> RpcClient:
        """Each thread has a client of its own."""
        if not hasattr(self._local, "bus"):
            self._local.bus = RpcClient(self._settings)
        found: RpcClient = self._local.bus
        return found


if __name__ == "__main__":
    main()
