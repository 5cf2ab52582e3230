"""An import on real servers, its process ended by kill -9 at each step: nothing is lost, nothing is done twice."""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.contacts.importing.mapping import guess
from shared.contracts.base import Request, new_id
from shared.contracts.contacts import NewContact, RegisterContacts
from shared.contracts.imports import (
    AddImportRows,
    BeginImport,
    CompleteUpload,
    GetImport,
    Import,
    ImportRow,
    ImportSettings,
    JudgeImport,
    RevertImport,
    RunImport,
)
from shared.errors import Unavailable
from shared.messaging.client import R, RpcClient
from shared.mongo import Documents, connect
from shared.settings import Settings
from tests.faults.processes import Processes

IN_A_RUN = ("import.after_plan", "import.after_contacts", "import.before_done", "import.after_done")
KILLED_AT = (*IN_A_RUN, "import.mid_revert")
ROWS, KNOWN, WINDOW = 90, 30, 30
ROOT = Path(__file__).parents[2]


@dataclass
class Office:
    """The contacts service as a process of its own, and who asks it."""

    processes: Processes
    client: RpcClient
    database: Documents

    def call(self, request: Request[R]) -> R:
        for _ in range(60):
            try:
                return self.client.call(request, timeout=2)
            except Unavailable:
                time.sleep(0.2)
        raise AssertionError("the contacts service does not come back")

    def wait(self, import_: Import, state: str) -> Import:
        deadline = time.monotonic() + 60
        while (found := self.call(GetImport(import_id=import_.import_id))).state != state:
            assert time.monotonic() < deadline, f"it stays {found.state} at {found.done_windows}"
            time.sleep(0.1)
        return found

    def restart(self, point: str) -> None:
        """From here on it is killed at the point, at its second pass, and started again."""
        self.processes.stop("contacts")
        self.processes.start("contacts", WELLHEARD_FAILPOINT=f"{point}:2")

    def killed(self) -> bool:
        return self.processes.ends("contacts") == [-9]


@pytest.fixture
def office(declared: Settings, tmp_path: Path) -> Iterator[Office]:
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    settings = declared.model_copy(update={"mongo_url": f"{declared.mongo_url.rsplit('/', 1)[0]}/i{new_id()[-8:]}"})
    environment = os.environ | {
        "WELLHEARD_AMQP_URL": settings.amqp_url,
        "WELLHEARD_MONGO_URL": settings.mongo_url,
        "WELLHEARD_STATE_DIR": str(tmp_path / "state"),
    }
    processes = Processes(ROOT, environment, tmp_path / "log")
    processes.start("contacts")
    client = RpcClient(settings)
    yield Office(processes, client, connect(settings, "contacts"))
    client.close()
    processes.close()


def judged(office: Office) -> Import:
    """90 people in three windows: 30 of them are known and get a phone number, all allow the newsletter."""
    known = tuple(NewContact(name=f"Person {n}", email=(f"p{n}@x.org",)) for n in range(KNOWN))
    office.call(RegisterContacts(contacts=known, request_ids=tuple(f"k{n}" for n in range(KNOWN))))
    headings = ("Name", "E-mail", "Phone", "Newsletter by e-mail")
    begun = office.call(BeginImport(request_id=new_id(), file_name="panel.csv", headings=headings))
    # Known and new people take turns, so that each window has both.
    order = [*range(0, ROWS, 3), *range(1, ROWS, 3), *range(2, ROWS, 3)]
    rows = [
        ImportRow(number=n, cells=(f"Person {n - 2}", f"p{n - 2}@x.org", f"0113 496 0{n:03}", "yes"))
        for n in sorted(each + 2 for each in order)
    ]
    shuffled = [rows[place] for place in order]
    for window in range(ROWS // WINDOW):
        part = tuple(shuffled[window * WINDOW : (window + 1) * WINDOW])
        office.call(AddImportRows(import_id=begun.import_id, window=window, rows=part))
    draft = office.call(CompleteUpload(import_id=begun.import_id, windows=ROWS // WINDOW, rows=ROWS))
    settings = ImportSettings(
        uses=guess(headings), wording="May we?", evidence="Forms", consented_on="2014-03-12"
    )  # fmt: skip
    office.call(JudgeImport(import_id=draft.import_id, version=draft.version, settings=settings))
    return office.wait(draft, "judged")


@pytest.mark.parametrize("point", IN_A_RUN)
def test_a_run_that_is_killed_ends_what_it_began(office: Office, point: str) -> None:
    import_ = judged(office)
    assert import_.counts == {"new": ROWS - KNOWN, "changed": KNOWN}
    office.restart(point)
    office.call(RunImport(import_id=import_.import_id, version=import_.version))
    done = office.wait(import_, "finished")
    assert office.killed()
    assert (done.counts, done.consents) == ({"new": ROWS - KNOWN, "changed": KNOWN}, ROWS)
    contacts = list(office.database["contacts"].find())
    assert len(contacts) == ROWS
    # Registered or changed once, and one consent: no contact has come farther than that.
    assert sorted(each["version"] for each in contacts) == [2] * (ROWS - KNOWN) + [3] * KNOWN
    assert all(len(each["consents"]) == 1 and len(each["identifiers"]) == 2 for each in contacts)
    assert office.database["identifiers"].count_documents({}) == 2 * ROWS


def test_a_way_back_that_is_killed_ends_what_it_began(office: Office) -> None:
    import_ = judged(office)
    office.call(RunImport(import_id=import_.import_id, version=import_.version))
    done = office.wait(import_, "finished")
    office.restart("import.mid_revert")
    office.call(RevertImport(import_id=done.import_id, version=done.version))
    assert office.wait(done, "reverted").kept == 0
    assert office.killed()
    contacts = list(office.database["contacts"].find())
    assert sum(each["withdrawn"] for each in contacts) == ROWS - KNOWN
    assert all(len(each["consents"]) == 2 for each in contacts)
    assert office.database["identifiers"].count_documents({}) == KNOWN
    assert {len(each["identifiers"]) for each in contacts if not each["withdrawn"]} == {1}
