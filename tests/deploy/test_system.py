"""A whole instance, as `make up` runs it: demo data through the real bus, then every command against it."""

import json
import os
import signal
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.instance import Instance
from deploy.processes import PROCESSES
from deploy.seed.cases import CASES
from deploy.supervision import wait_until
from shared.mongo import connect
from tests.commands import answer, wellheard
from tests.conftest import make_instance

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """An instance with a small demo county."""
    made = make_instance(tmp_path_factory.mktemp("system") / "state", demo=True)  # what the demo tells people is sent
    try:
        made.start()
        made.wait_ready()
        wellheard(made, "seed", "--contacts", "60", "--engagements", "150")
        yield made
    finally:
        made.remove()


def test_everything_is_recorded_once_and_the_index_equals_the_log(system: Instance) -> None:
    report = answer(system, "check")
    assert report["ok"]
    said = connect(system.settings, "events")["engagements"].count_documents(
        {"recorded.data.engagement.consultation_id": {"$gt": ""}}
    )
    assert said > 20  # what is said in the consultations; how much depends on who lives where
    assert report["engagements"] == 150 + 1 + len(CASES) + said  # one of the faulty events is right
    assert report["index"]["checksum"] == report["log"]["checksum"]


def test_a_deep_check_finds_stores_log_and_index_alike_and_names_what_waits(system: Instance) -> None:
    report = answer(system, "check", "--deep")
    assert report["ok"]
    assert report["deep"]["store_log"] == {"differing": []}
    assert report["deep"]["log_index"] == {"missing": [], "unknown": [], "differing": [], "twice": []}
    assert report["deep"]["parked"] == []
    assert len(report["deep"]["quarantined"]) == report["quarantined"]
    assert all(each["id"] and each["reasons"] for each in report["deep"]["quarantined"])


def test_a_deep_check_names_what_was_changed_behind_the_back_of_a_service(system: Instance) -> None:
    engagements = connect(system.settings, "events")["engagements"]
    contacts = connect(system.settings, "contacts")["contacts"]
    one = engagements.find_one({})
    who = next(each for each in contacts.find({}) if not each.get("consents"))  # a statement says nothing of a name
    assert one is not None
    engagements.update_one({"_id": one["_id"]}, {"$set": {"recorded.data.engagement.title": "Forged"}})
    contacts.update_one({"_id": who["_id"]}, {"$set": {"name": "Somebody Else"}})
    try:
        assert answer(system, "check", "--wait", "5")["ok"]  # every version is there: only the contents differ
        found = json.loads(wellheard(system, "check", "--deep", "--wait", "1", "--json", expect=1))
        assert found["deep"]["store_log"]["differing"] == [
            f"contacts {who['_id']} version {who['version']}",
            f"engagements {one['_id']} version 1",
        ]
    finally:
        engagements.replace_one({"_id": one["_id"]}, one)
        contacts.replace_one({"_id": who["_id"]}, who)


def test_loading_the_same_again_changes_nothing(system: Instance) -> None:
    before = answer(system, "check")
    wellheard(system, "seed", "--contacts", "60", "--engagements", "150")
    after = answer(system, "check")
    assert after["ok"]
    assert {name: after[name] for name in ("logged", "log", "index", "quarantined")} == {
        name: before[name] for name in ("logged", "log", "index", "quarantined")
    }


def test_a_rebuilt_index_is_the_same_index(system: Instance) -> None:
    before = answer(system, "check")["index"]
    rebuilt = answer(system, "rebuild")
    assert answer(system, "check")["index"] == before
    assert answer(system, "rebuild", "--back")["name"] != rebuilt["name"]
    assert answer(system, "check")["index"] == before
    assert answer(system, "rebuild", "--forget") == {"removed": True}
    assert answer(system, "rebuild", "--forget") == {"removed": False}


def test_what_partners_got_wrong_is_in_quarantine_each_with_its_reason(system: Instance) -> None:
    held = answer(system, "quarantine", "list")
    assert held["total"] == 12
    assert all(item["reasons"] for item in held["items"])
    assert sum(item["conflict"] for item in held["items"]) == 1


def test_a_quarantined_event_is_corrected_and_replayed(system: Instance, tmp_path: Path) -> None:
    held = next(item for item in answer(system, "quarantine", "list")["items"] if not item["conflict"])
    data = tmp_path / "data.json"
    data.write_text(json.dumps({"kind": "call", "title": "Rang about the lift", "body": "Corrected by hand."}))
    wellheard(system, "quarantine", "correct", held["quarantine_id"], str(data))
    wellheard(system, "quarantine", "replay", held["quarantine_id"])
    wellheard(system, "quarantine", "replay", held["quarantine_id"], expect=1)
    assert answer(system, "check")["ok"]


def test_a_key_is_shown_once_and_listed_without_itself(system: Instance) -> None:
    made = answer(system, "key", "create", "--name", "St Agnes", "--scope", "events:write", "--scope", "history:all")
    listed = next(key for key in answer(system, "key", "list") if key["partner"] == "St Agnes")
    assert listed["scopes"] == ["events:write", "history:all"]
    assert made["key"] not in json.dumps(answer(system, "key", "list"))
    wellheard(system, "key", "revoke", listed["id"])


def test_the_status_names_every_process(system: Instance) -> None:
    status = answer(system, "status")
    assert status["ready"]
    assert {name: status["supervised"][name] for name in PROCESSES} == dict.fromkeys(PROCESSES, "RUNNING")
    assert {each["name"]: each["state"] for each in status["processes"]} == dict.fromkeys(PROCESSES, "ok")


def test_a_process_that_is_killed_comes_back(system: Instance) -> None:
    before = system.supervisor.pids()["contacts"]
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: system.supervisor.pids().get("contacts", before) != before, 20, "it did not come back")
    system.wait_ready()


def test_a_restart_of_everything_refuses_nobody(system: Instance) -> None:
    before, ended = system.supervisor.pids(), threading.Event()
    answers: list[bool] = []

    def ask() -> None:
        while not ended.wait(0.05):
            with urllib.request.urlopen(f"{system.settings.public_url}/health", timeout=20) as answer:
                answers.append(answer.status == 200)

    asking = threading.Thread(target=ask)
    asking.start()
    wellheard(system, "restart")
    ended.set()
    asking.join(30)
    after = system.supervisor.pids()
    assert {name for name in PROCESSES if before[name] == after[name]} == {"web"}  # it became its successor
    assert len(answers) > 50
    assert all(answers)


def test_two_instances_side_by_side_know_nothing_of_each_other(system: Instance, instance: Instance) -> None:
    assert instance.name != system.name
    assert instance.settings.port != system.settings.port
    with pytest.raises(AssertionError):
        wellheard(instance, "check", "--json", "--wait", "1")


def test_nothing_is_left_when_it_has_stopped(tmp_path: Path) -> None:
    made = make_instance(tmp_path / "state")
    made.start("contacts")
    pids = made.supervisor.pids().values()
    made.remove()
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    assert not made.state_dir.exists()
