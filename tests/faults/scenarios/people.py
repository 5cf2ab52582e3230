"""Imports and merges while contacts is killed: each row and each merge is done once, and can be taken back whole."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from shared.contracts.base import Request
from shared.contracts.consent import GetConsents, RecordConsents, Statement
from shared.contracts.contacts import Contact, GetContact, NewContact, RegisterContact
from shared.contracts.imports import RevertImport, RunImport
from shared.contracts.merging import MergeContacts, UnmergeContacts
from shared.errors import Conflict
from shared.messaging.client import R, RpcClient
from shared.mongo import connect
from tests.faults.office import ask
from tests.faults.registry import SEEDS_OF_KILLS, scenario
from tests.faults.run import Run
from tests.faults.spreadsheet import IN_A_RUN, KNOWN, ROWS, judged, wait
from tests.faults.waiting import wait_until

MERGING = (
    "merge.after_bury",
    "merge.after_give_back",
    "relay.before_forget",
    "rpc.before_answer",
)
POINTS = (*IN_A_RUN, "import.mid_revert", *MERGING[:2])
"""Where contacts is ended here and in no other scenario."""
PAIRS = 6


class Desk:
    """Somebody of staff, who asks again when contacts is away."""

    def __init__(self, run: Run) -> None:
        self._bus = RpcClient(run.system.settings)

    def __call__(self, request: Request[R]) -> R:
        return ask(self._bus, request)

    def close(self) -> None:
        self._bus.close()


@contextmanager
def _killed(run: Run, point: str, passes: int) -> Iterator[Desk]:
    """Contacts is ended at the point, which the block reaches, and started again; partners report meanwhile."""
    run.note(f"{point}:{passes}")
    desk, processes = Desk(run), run.system.processes
    processes.stop("contacts")
    before = len(processes.ends("contacts"))
    processes.start("contacts", WELLHEARD_FAILPOINT=f"{point}:{passes}")
    run.system.wait_ready(30)
    with run.load(30):
        yield desk
    run.healed()
    run.wait_ready_again()
    run.expect(processes.ends("contacts")[before:] == [-9], f"contacts was not killed once, at {point}:{passes}")
    desk.close()


@scenario("kill -9 of contacts at each step of an import, under load, and the import taken back", seeds=SEEDS_OF_KILLS)
def kill_importing(run: Run) -> None:
    steps = (*IN_A_RUN, "import.mid_revert")
    prefix = f"{run.prefix}-row-"
    with _killed(run, steps[run.seed % len(steps)], run.chance.randint(1, 3)) as desk:
        import_ = judged(desk, prefix, run.seed)
        desk(RunImport(import_id=import_.import_id, version=import_.version))
        done = wait(desk, import_, "finished")
        run.expect(done.counts == {"new": ROWS - KNOWN, "changed": KNOWN}, f"the import counts {done.counts}")
        run.expect(done.consents == ROWS, f"the import recorded {done.consents} consents for {ROWS} rows")
        there = _rows(run, prefix)
        run.expect(len(there) == ROWS, f"{len(there)} contacts for {ROWS} rows")
        run.expect({len(each["consents"]) for each in there} == {1}, "a row's consent is not recorded once")
        versions = sorted(each["version"] for each in there)
        run.expect(versions == [2] * (ROWS - KNOWN) + [3] * KNOWN, "a row was carried out more than once, or in part")
        desk(RevertImport(import_id=done.import_id, version=done.version))
        kept = wait(desk, done, "reverted").kept
        run.expect(kept == 0, f"{kept} rows could not be taken back")
        left = [each for each in _rows(run, prefix) if not each["withdrawn"]]
        run.expect(len(left) == KNOWN, f"{len(left)} contacts are left of an import that was taken back")
        run.expect({len(each["identifiers"]) for each in left} == {1}, "a known contact is not as it was")


def _rows(run: Run, prefix: str) -> list[dict[str, Any]]:
    found = connect(run.system.settings, "contacts")["contacts"].find({"name": {"$regex": f"^{prefix}"}})
    return list(found)


@scenario("kill -9 of contacts in the middle of merges and of their way back, under load", seeds=SEEDS_OF_KILLS)
def kill_merging(run: Run) -> None:
    with _killed(run, MERGING[run.seed % len(MERGING)], run.chance.randint(1, PAIRS)) as desk:
        pairs = [(_person(desk, run, 2 * n), _person(desk, run, 2 * n + 1)) for n in range(PAIRS)]
        before = [[_all_of(desk, each) for each in pair] for pair in pairs]
        for number, (one, other) in enumerate(pairs):
            _merge(run, desk, number, one, other)
        for one, other in pairs:
            merged = desk(GetContact(contact_id=other))
            run.expect(merged.merged_into == one, f"{other} is not merged")
            survivor = desk(GetContact(contact_id=one))
            run.expect(survivor.merged == (other,), f"{one} has taken in {survivor.merged}")
        for one, other in pairs:
            _unmerge(run, desk, one, other)
    run.settle()
    desk = Desk(run)
    after = [[_all_of(desk, each) for each in pair] for pair in pairs]
    desk.close()
    different = [pair for pair, was, now in zip(pairs, before, after, strict=True) if was != now]
    run.expect(not different, f"merging and un-merging is no identity for {len(different)} pairs: {different[:2]}")


def _person(desk: Desk, run: Run, number: int) -> str:
    """Somebody who shares a number with the next one, and has said something about consent."""
    name = f"{run.prefix} twin {number}"
    phone = f"0113 4{run.seed % 10}6 {number // 2:04}"
    new = NewContact(name=name, email=(f"{run.prefix}-twin-{number}@example.org",), phone=(phone,), locality="eastmere")
    contact = desk(RegisterContact(request_id=name, contact=new, shared=True))
    said = {"purpose": "newsletter", "channel": "email", "given": bool(number % 2), "method": "paper_form"}
    statement = Statement.model_validate(said | {"contact_id": contact.contact_id, "wording": "May we write?"})
    desk(RecordConsents(request_id=name, statements=(statement,)))
    return contact.contact_id


def _all_of(desk: Desk, contact_id: str) -> tuple[dict[str, Any], Any]:
    """A contact without what counts its changes, and what it allows."""
    contact: Contact = desk(GetContact(contact_id=contact_id))
    return contact.model_dump(exclude={"version", "changed_at"}), desk(GetConsents(contact_id=contact_id))


def _merge(run: Run, desk: Desk, number: int, one: str, other: str) -> None:
    survivor, merged = desk(GetContact(contact_id=one)), desk(GetContact(contact_id=other))
    asked = MergeContacts(
        request_id=f"{run.prefix} {number}",
        survivor_id=one,
        survivor_version=survivor.version,
        merged_id=other,
        merged_version=merged.version,
    )
    try:
        desk(asked)
    except Conflict:  # it was begun before the process died, and goes on by itself
        _wait_for(run, lambda: desk(GetContact(contact_id=one)).merged == (other,))


def _unmerge(run: Run, desk: Desk, one: str, other: str) -> None:
    with suppress(Conflict):  # asked twice: its answer was lost
        desk(UnmergeContacts(survivor_id=one, merged_id=other))
    _wait_for(run, lambda: desk(GetContact(contact_id=other)).merged_into is None)


def _wait_for(run: Run, condition: Any) -> None:
    run.expect(wait_until(condition, 30), "what was begun before the process died was not ended within 30 s")
