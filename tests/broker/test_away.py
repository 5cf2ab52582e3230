"""A server that is away: partners get a clear answer, nothing accepted is lost, everything goes on afterwards."""

import http.client
import json
from typing import Any

import pytest

from deploy.instance import Instance
from tests.broker.test_consumer import wait_for
from tests.builders import a_cloudevent, a_person
from tests.commands import answer

pytestmark = pytest.mark.servers


class Api:
    def __init__(self, instance: Instance) -> None:
        made = answer(
            instance, "key", "create", "--name", "St Agnes", "--scope", "events:write", "--scope", "history:all"
        )
        self._port, self._key = instance.settings.port, made["key"]

    def ask(self, method: str, path: str, event: dict[str, Any] | None = None) -> tuple[int, dict[str, str], Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/cloudevents+json"}
        connection.request(method, path, json.dumps(event) if event else None, headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, json.loads(answer.read())

    def post(self, **event: Any) -> tuple[int, dict[str, str], Any]:
        return self.ask("POST", "/api/v1/events", a_cloudevent(**event))

    def found(self, word: str) -> int:
        return int(self.ask("GET", f"/api/v1/history?q={word}")[2]["total"])


def test_events_accepted_while_the_store_is_away_are_found_when_it_is_back(running: Instance) -> None:
    api = Api(running)
    assert api.post(title="before")[0] == 202
    wait_for(lambda: api.found("before") == 1)
    running.supervisor.stop("store")
    # The key is remembered for some seconds, so the event is taken: the broker holds it.
    status, _, _ = api.post(title="meanwhile", people=[a_person(email="a@example.org")])
    assert status == 202
    wait_for(lambda: api.ask("GET", "/ready")[0] == 503)
    assert api.found("before") == 1
    refused: list[tuple[int, dict[str, str], Any]] = []
    wait_for(lambda: refused.append(api.post(title="later")) or refused[-1][0] == 503, 30)
    assert "retry-after" in refused[-1][1]
    assert refused[-1][2]["detail"]
    running.take_servers()
    wait_for(lambda: api.ask("GET", "/ready")[0] == 200, 60)
    wait_for(lambda: api.found("meanwhile") == 1, 60)
    assert answer(running, "check")["ok"] is True


def test_the_search_goes_on_while_the_projector_is_away_and_catches_up_afterwards(running: Instance) -> None:
    api = Api(running)
    running.supervisor.stop("history-projector")
    assert api.post(title="unprojected")[0] == 202
    assert api.found("unprojected") == 0
    running.supervisor.start("history-projector")
    wait_for(lambda: api.found("unprojected") == 1, 30)


def test_without_contacts_nothing_is_recorded_and_nothing_is_lost(running: Instance) -> None:
    api = Api(running)
    running.supervisor.stop("contacts")
    assert api.post(id="c-1", title="unresolved", people=[a_person(email="b@example.org")])[0] == 202
    assert api.ask("GET", "/api/v1/events/c-1")[0] == 404
    running.supervisor.start("contacts")
    wait_for(lambda: api.found("unresolved") == 1, 40)
    assert api.ask("GET", "/api/v1/events/c-1")[2]["status"] == "recorded"
