"""The whole system on Elasticsearch: found, found again after the node was killed, and rebuilt while events arrive."""

import os
import signal
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from deploy.instance import Instance
from deploy.supervision import NotStarted
from services.history.index.elastic_client import connect_search
from shared.settings import INSTANCE_FILE, Settings
from tests.broker.test_away import Api
from tests.broker.test_consumer import wait_for
from tests.builders import a_person
from tests.commands import answer
from tests.conftest import make_instance
from tests.elastic.node import Node
from tests.elastic.server import ElasticMissing

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]


class System(NamedTuple):
    """An instance, and the node that nobody else searches in."""

    instance: Instance
    node: Node
    api: Api


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    try:
        node = Node.create()
        node.start()
    except (ElasticMissing, NotStarted) as reason:
        pytest.skip(f"Elasticsearch cannot be had: {reason}")
    try:
        instance = make_instance(tmp_path_factory.mktemp("elastic") / "state", search_url=f"{node.url}/story")
        instance.start()
        instance.wait_ready()
        yield System(instance, node, Api(instance))
        instance.remove()
    finally:
        node.remove()


def ask(api: Api, path: str) -> tuple[int, Any]:
    status, _, content = api.ask("GET", path)
    return status, content


def found(api: Api, word: str) -> int | None:
    """How many, None while nothing can be searched."""
    total: int | None = ask(api, f"/api/v1/history?q={word}")[1].get("total")
    return total


def test_what_is_posted_is_found(system: System) -> None:
    people = [a_person("Mary Okafor", email="mary@example.org")]
    assert system.api.post(title="Gangway too narrow", kind="complaint", people=people)[0] == 202
    wait_for(lambda: found(system.api, "gangways") == 1, 30)
    _, page = ask(system.api, "/api/v1/history?q=gangway")
    assert page["items"][0]["contacts"][0]["name"] == "Mary Okafor"
    assert {each["value"]: each["count"] for each in page["facets"]["kind"]} == {"complaint": 1}
    assert answer(system.instance, "check")["ok"] is True


def test_while_the_node_is_away_events_are_taken_searches_say_so_and_all_is_found_afterwards(system: System) -> None:
    pids = system.instance.supervisor.pids()
    system.node.kill()
    for number in range(20):
        assert system.api.post(title=f"meanwhile {number}")[0] == 202
    status, refused = ask(system.api, "/api/v1/history?q=meanwhile")
    assert (status, "does not answer" in refused.get("detail", refused)) == (503, True)
    system.node.start()
    wait_for(lambda: found(system.api, "meanwhile") == 20, 60)
    assert system.instance.supervisor.pids() == pids  # nothing had to be started again
    assert answer(system.instance, "check")["ok"] is True


def test_a_node_that_hears_and_says_nothing_is_waited_for(system: System) -> None:
    system.node.halt()
    try:
        assert system.api.post(title="unheard")[0] == 202
        assert ask(system.api, "/api/v1/history?q=unheard")[0] == 503
    finally:
        system.node.go_on()
    wait_for(lambda: found(system.api, "unheard") == 1, 90)


def test_a_disk_beyond_its_flood_stage_is_waited_for_and_nothing_is_parked(system: System) -> None:
    client = connect_search(Settings(search_url=system.node.url))
    index = client.indices.get_alias(name="story-timeline").body
    watermarks = [f"cluster.routing.allocation.disk.watermark.{each}" for each in ("low", "high", "flood_stage")]
    full = {"cluster.routing.allocation.disk.threshold_enabled": True, "cluster.info.update.interval": "10s"}
    client.cluster.put_settings(persistent=full | dict.fromkeys(watermarks, "900tb"))  # as much is to be free

    def is_blocked() -> bool:
        ((_, about),) = client.indices.get_settings(index=",".join(index)).items()
        return bool(about["settings"]["index"].get("blocks"))

    try:
        wait_for(is_blocked, 90)
        assert system.api.post(title="flooded")[0] == 202
        assert found(system.api, "gangway") == 1
        assert found(system.api, "flooded") == 0
    finally:
        client.cluster.put_settings(persistent=dict.fromkeys([*full, *watermarks]))
    wait_for(lambda: found(system.api, "flooded") == 1, 120)  # the cluster takes the block away by itself
    checked = answer(system.instance, "check")
    assert (checked["ok"], checked["parked"]) == (True, {})


def test_the_index_is_rebuilt_while_events_arrive_and_searches_go_on(system: System) -> None:
    ended, answers = threading.Event(), list[int]()

    def search() -> None:
        while not ended.wait(0.01):
            answers.append(ask(system.api, "/api/v1/history?q=gangway")[0])

    def post() -> None:
        number = 0
        while not ended.wait(0.05):
            system.api.post(title=f"arriving {number}")
            number += 1

    threads = [threading.Thread(target=each) for each in (search, post)]
    for each in threads:
        each.start()
    try:
        rebuilt = answer(system.instance, "rebuild")
    finally:
        ended.set()
        for each in threads:
            each.join()
    assert rebuilt["entries"] > 20
    assert set(answers) == {200}
    assert answer(system.instance, "check")["ok"] is True


def test_one_goes_back_to_the_old_index_and_removes_it(system: System) -> None:
    entries = found(system.api, "arriving")
    assert answer(system.instance, "rebuild", "--back")["entries"] > 20
    assert found(system.api, "arriving") == entries
    assert answer(system.instance, "check")["ok"] is True
    assert answer(system.instance, "rebuild", "--forget") == {"removed": True}


def test_the_index_moves_to_tantivy_and_back_and_misses_nothing(system: System) -> None:
    state, was = system.instance.state_dir / INSTANCE_FILE, system.instance.settings.search_url
    everything = found(system.api, "")
    built = answer(system.instance, "reindex", "--from", "elasticsearch", "--to", "tantivy")
    assert built["entries"] + 1 >= (everything or 0)
    assert system.api.post(title="since then")[0] == 202
    for url in ("", was):
        with state.open("a") as settings:
            settings.write(f"WELLHEARD_SEARCH_URL={url}\n")
        system.instance.restart("history-projector", "history-search", "web")
        wait_for(lambda: found(system.api, "since") == 1, 60)
        checked = answer(system.instance, "check")
        assert checked["ok"] is True
        if url != was:
            assert answer(system.instance, "reindex", "--from", "tantivy", "--to", "elasticsearch", "--url", was)[
                "entries"
            ]


def test_the_projector_killed_over_its_work_goes_on_where_it_was(system: System) -> None:
    for number in range(50):
        assert system.api.post(title=f"interrupted {number}")[0] == 202

    os.kill(system.instance.supervisor.pids()["history-projector"], signal.SIGKILL)
    wait_for(lambda: found(system.api, "interrupted") == 50, 60)
    assert answer(system.instance, "check")["ok"] is True
