"""People are erased while partners report and services are killed: nothing of them stays, nothing else is lost."""

from collections.abc import Iterator
from typing import Any

import orjson

from services.history.index.choice import indexes_of
from services.history.rebuild import serving_index
from shared.contracts.erasure import EraseContact, GetErasure
from shared.messaging.client import RpcClient
from shared.mongo import connect
from tests.faults.office import ask
from tests.faults.registry import SEEDS_OF_KILLS, scenario
from tests.faults.run import Run
from tests.faults.waiting import wait_until

POINTS = {
    "erasure.after_contact": "contacts",
    "erasure.before_report": "contacts",
    "rewriting.before_commit": "history-projector",
    "rewriting.before_log": "history-projector",
}
OTHERS = ("events", "history-projector", "notifications")
"""Killed after a moment instead: what each does for an erasure is one handler that can be begun again."""
PEOPLE = 6
MARGIN = 10
"""So many others must be known by then: two seconds of the load."""


@scenario("kill -9 of each service while people are erased under load", seeds=SEEDS_OF_KILLS, name="kill-erasing")
def kill_erasing(run: Run) -> None:
    bus, processes = RpcClient(run.system.settings), run.system.processes
    places = (*POINTS, *OTHERS)
    place = places[run.seed % len(places)]
    service = POINTS.get(place, place)
    run.note(place)
    before = len(processes.ends(service))
    if place in POINTS:
        processes.stop(service)
        processes.start(service, WELLHEARD_FAILPOINT=f"{place}:{run.chance.randint(1, PEOPLE // 2)}")
    with run.load(40):
        run.pause(2.0, 3.0)
        people = _people(run)
        for number, (contact_id, _) in enumerate(people):
            ask(bus, EraseContact(contact_id=contact_id))
            if number == 1 and service == place:
                run.pause(0.0, 0.3)
                processes.kill(service)
        processes.wait_end(service, before, 20)
        run.healed()
        run.wait_ready_again()
    run.expect(len(processes.ends(service)) == before + 1, f"{service} was not killed once, at {place}")
    erasures = [f"era_{contact_id.removeprefix('con_')}" for contact_id, _ in people]
    done = wait_until(lambda: all(ask(bus, GetErasure(erasure_id=each)).state == "done" for each in erasures), 60)
    run.expect(done, "an erasure was not done 60 s after everything was healed")
    run.settle()
    left = _left(run, [name for _, name in people])
    run.expect(not left, f"{len(left)} records still name somebody who was erased: {left[:3]}")


def _people(run: Run) -> list[tuple[str, str]]:
    """(id, name) of some whom nobody will report any more: the first of this run, by the number in their names.

    Not by their ids: those whom one batch names are registered in any order.
    """
    contacts = connect(run.system.settings, "contacts")["contacts"]
    name = {"$regex": f"^Person {run.prefix}-"}

    def found() -> list[dict[str, Any]]:
        return list(contacts.find({"name": name}, {"name": 1}))

    wait_until(lambda: len(found()) > PEOPLE + MARGIN, 20)
    in_order = sorted(found(), key=lambda each: int(each["name"].rpartition("-")[2]))
    return [(each["_id"], each["name"]) for each in in_order[:PEOPLE]]


def _left(run: Run, names: list[str]) -> list[str]:
    """Where a name, or the address that belongs to it, still stands: in any store, and in the index."""
    wanted = [f'"{each}"' for each in names]
    wanted += [f"{each.removeprefix('Person ').lower()}@example.org" for each in names]
    return [where for where, text in _records(run) if any(_stands(each, text) for each in wanted)]


def _stands(wanted: str, text: str) -> bool:
    at = text.find(wanted)
    return at >= 0 and (wanted.startswith('"') or not text[at - 1].isalnum())


def _records(run: Run) -> Iterator[tuple[str, str]]:
    for service in ("contacts", "events", "history", "notifications"):
        database = connect(run.system.settings, service)
        for collection in database.list_collection_names():
            for each in database[collection].find():
                yield f"{service}.{collection} {each['_id']}", orjson.dumps(each, default=str).decode()
    index = serving_index(indexes_of(run.system.settings))
    for record in (*index.entries(), *index.all_contacts()):
        yield f"index {record.id}", record.to_json().decode()
