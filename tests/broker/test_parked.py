"""An operator looks after parked messages, on a real broker: none is lost, and none is thrown away by accident."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy import queues
from deploy.commands import parked
from shared.contracts.base import CONTENT_TYPE
from shared.errors import NotFound
from shared.messaging import broker
from shared.messaging.broker import Outgoing, Publisher
from shared.messaging.client import RpcClient
from shared.messaging.consumer import ORIGINAL_USER, REASON, TRIES
from shared.settings import Settings
from tests.broker.test_consumer import wait_for
from tests.builders import recorded

QUEUE = "history.timeline"
FAILED = {TRIES: 5, REASON: "ValueError", ORIGINAL_USER: ""}


class Operator:
    """Types commands, and sees the queues."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def park(self, *bodies: bytes, queue: str = QUEUE, **headers: Any) -> None:
        publisher = Publisher(self.settings.amqp_url)
        publisher.publish([Outgoing("", f"{queue}.parked", each, headers=FAILED | headers) for each in bodies])
        publisher.close()

    def run(self, *arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(parked.app, arguments, input=typed)

    def tell(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.output)

    def depth(self, queue: str) -> int:
        return queues.depths(self.settings)[queue]

    def holds(self, queue: str, messages: int) -> bool:
        """A quorum queue counts a moment after it has taken what was acknowledged or put back."""
        wait_for(lambda: self.depth(queue) == messages)
        return True

    def take(self, queue: str) -> Any:
        with broker.connection(self.settings.amqp_url) as connection:
            return connection.channel().basic_get(queue, no_ack=True)


@pytest.fixture
def operator(declared: Settings, monkeypatch: pytest.MonkeyPatch) -> Operator:
    monkeypatch.setattr(parked, "get_settings", lambda: declared)
    return Operator(declared)


def ids(listed: Sequence[Any]) -> list[str]:
    return [each["id"] for each in listed]


def test_the_list_says_why_since_when_and_after_how_many_tries_and_takes_nothing(operator: Operator) -> None:
    operator.park(b'{"one": 1}')
    (found,) = operator.tell("list")
    assert (found["queue"], found["tries"], found["reason"]) == (QUEUE, 5, "ValueError")
    assert found["parked_at"]
    table = operator.run("list").output
    assert found["id"] in table
    assert "ago" in table
    assert "1 of 1" in table
    assert operator.tell("show", found["id"])["body"] == {"one": 1}
    assert operator.holds(f"{QUEUE}.parked", 1)


def test_what_a_service_parks_by_itself_is_listed_with_its_reason_and_comes_back_as_it_was(operator: Operator) -> None:
    event = recorded()
    RpcClient(operator.settings).park(QUEUE, [event], "the search engine refuses it: strange")
    (found,) = operator.tell("list")
    assert (found["queue"], found["tries"], found["reason"]) == (QUEUE, 1, "the search engine refuses it: strange")
    assert operator.tell("replay", "--all") == {"replayed": 1, "not_found": []}
    message = operator.take(QUEUE)
    assert (message.body, message.properties["content_type"]) == (event.to_bytes(), CONTENT_TYPE)


def test_of_many_only_the_first_are_listed_and_the_rest_is_counted(operator: Operator) -> None:
    operator.park(*(b"%d" % number for number in range(5_000)))
    assert len(operator.tell("list", "--limit", "3")) == 3
    assert "3 of 5,000" in operator.run("list", "--limit", "3").output
    last = list(queues.read_parked(operator.settings))[-1]
    assert operator.tell("replay", last.message_id) == {"replayed": 1, "not_found": []}
    assert operator.take(QUEUE).body == last.body
    assert operator.holds(f"{QUEUE}.parked", 4_999)


def test_a_replayed_message_begins_anew_under_the_user_it_came_from(operator: Operator) -> None:
    operator.park(b"{}", **{ORIGINAL_USER: "partner", "received_at": "2014-01-15T10:30:00Z"})
    assert operator.tell("replay", "--all") == {"replayed": 1, "not_found": []}
    headers = operator.take(QUEUE).headers
    assert headers.pop("x-delivery-count") == 0  # the broker counts anew
    assert headers == {ORIGINAL_USER: "partner", "received_at": "2014-01-15T10:30:00Z"}
    assert operator.holds(f"{QUEUE}.parked", 0)


def test_a_message_that_is_parked_again_at_once_is_not_replayed_in_a_circle(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when it cannot be read: the consumer parks it again while the replay goes on."""
    operator.park(*(b"%d" % number for number in range(queues.WINDOW * 2)))
    replayed = queues._anew
    monkeypatch.setattr(queues, "_anew", lambda message: (operator.park(message.body), replayed(message))[1])
    assert operator.tell("replay", "--all")["replayed"] == queues.WINDOW * 2
    assert operator.holds(f"{QUEUE}.parked", queues.WINDOW * 2)


def test_a_replay_that_is_interrupted_loses_nothing(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    count = queues.WINDOW * 3
    operator.park(*(b"%d" % number for number in range(count)))
    publish, windows = Publisher.publish, list[int]()

    def publish_twice(publisher: Publisher, messages: Sequence[Outgoing]) -> None:
        publish(publisher, messages)
        windows.append(len(messages))
        if len(windows) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Publisher, "publish", publish_twice)
    with pytest.raises(KeyboardInterrupt):
        queues.replay(operator.settings, lambda message: True)
    # The second window was confirmed and not yet acknowledged: it stands in both queues, and counts once.
    assert operator.holds(QUEUE, queues.WINDOW * 2)
    assert operator.holds(f"{QUEUE}.parked", queues.WINDOW * 2)


def test_nothing_is_thrown_away_without_a_yes(operator: Operator) -> None:
    operator.park(b"1", b"2")
    asked = operator.run("discard", "--all", typed="n\n")
    assert "all 2 messages" in asked.output
    assert asked.exit_code == 1
    assert operator.run("discard").exit_code == 1
    assert operator.run("discard", "--all", "--json").exit_code == 1
    assert operator.holds(f"{QUEUE}.parked", 2)
    assert operator.tell("discard", "--all", "--yes") == {"discarded": 2, "not_found": []}


def test_only_the_queue_that_is_named_is_touched_by_either_of_its_names(operator: Operator) -> None:
    operator.park(b"1")
    operator.park(b"2", queue="events.inbound")
    assert len(operator.tell("list", "--queue", "events.inbound.parked")) == 1
    assert operator.tell("discard", "--queue", "events.inbound", "--yes")["discarded"] == 1
    assert operator.holds(f"{QUEUE}.parked", 1)
    assert isinstance(operator.run("list", "--queue", "nowhere").exception, NotFound)


def test_an_id_that_is_not_there_is_said_and_the_others_are_done(operator: Operator) -> None:
    operator.park(b"1")
    (known,) = ids(operator.tell("list"))
    done = operator.run("replay", known, "nosuchid")
    assert "1 put back" in done.output
    assert isinstance(done.exception, NotFound)
    assert "nosuchid" in str(done.exception)
