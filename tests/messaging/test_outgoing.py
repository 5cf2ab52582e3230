"""Events that are told at once travel together, within bounds, and none is left out."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.base import BATCH_TYPE, CONTENT_TYPE, Envelope, Event
from shared.messaging.broker import Outgoing
from shared.messaging.topology import BATCH, BATCH_BYTES, COUNT
from tests.builders import recorded, registered


def test_an_event_alone_travels_as_it_always_did() -> None:
    envelope = recorded()
    assert Outgoing.events([envelope]) == [Outgoing.event(envelope)]
    assert Outgoing.event(envelope).content_type == CONTENT_TYPE


def test_events_of_one_type_travel_together() -> None:
    one, another, contact = recorded(title="One"), recorded(title="Two"), registered()
    together, alone = Outgoing.events([one, contact, another])
    assert together.content_type == BATCH_TYPE
    assert together.headers == {COUNT: 2}
    assert orjson.loads(together.body) == orjson.loads(orjson.dumps([one.content, another.content]))
    assert alone == Outgoing.event(contact)


@given(st.lists(st.integers(0, 100_000), max_size=45))
def test_each_event_is_in_one_message_in_order_and_no_message_is_too_large(lengths: list[int]) -> None:
    envelopes: list[Envelope[Event]] = [recorded(title=str(n), body="x" * each) for n, each in enumerate(lengths)]
    messages = Outgoing.events(envelopes)
    read = [orjson.loads(each.body) for each in messages]
    events = [event for each in read for event in (each if isinstance(each, list) else [each])]
    assert [event["id"] for event in events] == [each.id for each in envelopes]
    for message, content in zip(messages, read, strict=True):
        assert message.headers.get(COUNT, 1) == (len(content) if isinstance(content, list) else 1) <= BATCH
        assert len(message.body) <= BATCH_BYTES + BATCH + 2
