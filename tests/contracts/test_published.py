"""Published events stay readable for the consumers that were written against them."""

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts import contacts, events
from shared.contracts.base import Envelope, Event, Request, Unreadable, new_id, read_envelope
from shared.contracts.publish import all_events, breaks, published, schemas
from tests.builders import a_cloudevent, recorded, registered

ENGAGEMENT = "wellheard.engagement.recorded.v1"


def test_every_event_is_published_as_the_code_has_it() -> None:
    assert published() == schemas(), "run: .venv/bin/python -m shared.contracts.publish"


def test_the_code_breaks_no_published_event() -> None:
    before, after = published(), schemas()
    assert {kind: breaks(before[kind], after[kind], reported=kind == events.REPORTED) for kind in before} == {
        kind: [] for kind in before
    }


def changed(kind: str, *path: str, **update: Any) -> dict[str, Any]:
    schema = copy.deepcopy(published()[kind])
    part = schema
    for name in path:
        part = part[name]
    part.update(update)
    return schema


def test_a_field_that_is_gone_a_type_that_changed_and_a_new_value_break_consumers() -> None:
    before = published()[ENGAGEMENT]
    without = copy.deepcopy(before)
    del without["$defs"]["Engagement"]["properties"]["title"]
    assert breaks(before, without) == ["data.engagement.title: is gone"]
    other = changed(ENGAGEMENT, "$defs", "Engagement", "properties", "title", type="integer")
    assert breaks(before, other) == ["data.engagement.title: was string, is integer"]
    kinds = before["$defs"]["Engagement"]["properties"]["kind"]["enum"]
    newer = changed(ENGAGEMENT, "$defs", "Engagement", "properties", "kind", enum=[*kinds, "podcast"])
    assert breaks(before, newer) == ["data.engagement.kind: 'podcast' is new"]


def test_a_new_field_breaks_nobody() -> None:
    before = published()[ENGAGEMENT]
    newer = copy.deepcopy(before)
    newer["$defs"]["Engagement"]["properties"]["mood"] = {"type": "string"}
    assert breaks(before, newer) == []


def test_partners_may_get_new_values_and_no_new_duties() -> None:
    before = published()[events.REPORTED]
    kinds = before["properties"]["kind"]["enum"]
    assert breaks(before, changed(events.REPORTED, "properties", "kind", enum=[*kinds, "podcast"]), reported=True) == []
    fewer = changed(events.REPORTED, "properties", "kind", enum=kinds[1:])
    assert breaks(before, fewer, reported=True) == [f"data.kind: {kinds[0]!r} is no longer allowed"]
    stricter = changed(events.REPORTED, required=["kind", "title", "body"])
    assert breaks(before, stricter, reported=True) == ["data.body: is now required"]


KNOWN: dict[str, type[Event]] = {each.type: each for each in all_events()}


@pytest.mark.parametrize("envelope", [recorded(), registered()])
def test_an_envelope_comes_back_as_it_was_sent(envelope: Envelope[Event]) -> None:
    assert read_envelope(orjson.loads(envelope.to_bytes()), KNOWN) == envelope


def test_a_consumer_ignores_fields_of_a_newer_producer() -> None:
    content = copy.deepcopy(recorded(title="Parking").content)
    content["data"]["engagement"]["mood"] = "good"
    content["newextension"] = "x"
    read = read_envelope(content, KNOWN)
    assert isinstance(read.data, events.EngagementRecorded)
    assert read.data.engagement.title == "Parking"


def test_a_producer_cannot_send_fields_nobody_knows() -> None:
    with pytest.raises(ValueError, match="extra"):
        contacts.Identifier.model_validate({"scheme": "email", "value": "a@b", "mood": "good"})


@pytest.mark.parametrize(
    "broken",
    [
        {"specversion": "0.3"},
        {"id": ""},
        {"source": None},
        {"type": "wellheard.engagement.recorded.v9"},
        {"time": "yesterday"},
        {"time": "2014-01-15T10:30:00"},
        {"data": {"engagement": {}}},
        {"data": None},
    ],
)
def test_what_is_not_one_of_our_events_is_unreadable(broken: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        read_envelope(recorded().content | broken, KNOWN)


@pytest.mark.thorough
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda part: st.lists(part) | st.dictionaries(st.text(), part),
        max_leaves=20,
    )
)
def test_no_json_whatever_makes_reading_fail_otherwise_than_unreadable(content: Any) -> None:
    for attempt in ({"data": content}, content if isinstance(content, dict) else {}):
        try:
            read_envelope(a_cloudevent() | attempt, KNOWN)
        except Unreadable:
            continue


def test_ids_of_one_process_sort_by_their_time_of_making() -> None:
    ids = [new_id() for _ in range(5000)]
    assert ids == sorted(set(ids))


def test_every_request_names_its_service_and_its_reply() -> None:
    for module in (contacts, events):
        for each in vars(module).values():
            if (
                isinstance(each, type)
                and issubclass(each, Request)
                and "[" not in each.__name__
                and each is not Request
            ):
                assert each.service == module.__name__.rsplit(".", 1)[1], each
                assert each.reply is not None
                assert each.__doc__ or each.__name__.startswith("Get"), each
