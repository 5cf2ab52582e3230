"""An import on real servers, its process ended by kill -9 at each step: nothing is lost, nothing is done twice."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.contracts.base import Request, new_id
from shared.contracts.imports import (
    Import,
    RevertImport,
    RunImport,
)
from shared.messaging.client import R, RpcClient
from shared.mongo import Documents, connect
from shared.settings import Settings
from tests.faults.office import ask
from tests.faults.processes import Processes
from tests.faults.spreadsheet import IN_A_RUN, KNOWN, ROWS, judged, wait

ROOT = Path(__file__).parents[2]


@dataclass
class Office:
    """The contacts service as a process of its own, and who asks it."""

    processes: Processes
    client: RpcClient
    database: Documents

    def call(self, request: Request[R]) -> R:
        return ask(self.client, request)

    def judged(self) -> Import:
        return judged(self.call)

    def wait(self, import_: Import, state: str) -> Import:
        return wait(self.call, import_, state)

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


@pytest.mark.parametrize("point", IN_A_RUN)
def test_a_run_that_is_killed_ends_what_it_began(office: Office, point: str) -> None:
    import_ = office.judged()
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
    import_ = office.judged()
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
