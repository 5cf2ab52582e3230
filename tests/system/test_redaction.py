"""Redaction: whatever is written about somebody who is erased, nothing that says who it was is left of it."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from services.history.timeline import LOGGED_EVENTS
from shared.contracts.base import _Personal
from shared.contracts.erasure import Traces
from shared.redaction import BLANK, identifiers_in, is_named, mark_of, names_in, redact, redact_event

TRACES = Traces(
    erasure_id="era_1",
    contact_ids=("con_1",),
    names=("Mary Okafor",),
    emails=("mary.okafor@example.org", "jo@xn--mnchen-3ya.de"),
    phones=("+441134960123",),
    references=("P-77",),
)
FREE_TEXT = {"title", "body", "subject", "text", "note", "to", "reason"}
"""Texts that may name anybody: addresses and numbers go, names are decided about by staff."""
STRUCTURE = {"participants", "changes", "merged_name", "restored_name"}
"""Personal parts that hold other fields, or belong to a contact named beside them."""


@pytest.mark.parametrize(
    "written",
    ["0113 496 0123", "01134960123", "+44 113 496 0123", "+44 (0)113 496-0123", "0044 113.496.0123", "(0113) 4960123"],
)
def test_a_number_goes_in_whatever_way_it_is_written(written: str) -> None:
    left = redact(f"Ring {written}, please", TRACES)
    assert left.replace("(", "") == "Ring [number removed], please"


@pytest.mark.parametrize("written", ["mary.okafor@example.org", "MARY.Okafor@Example.org", "jo@münchen.de"])
def test_an_address_goes_in_whatever_case_and_script(written: str) -> None:
    assert redact(f"<{written}>", TRACES) == "<[address removed]>"


@pytest.mark.parametrize("written", ["xmary.okafor@example.org", "mary.okafor@example.organic", "211344960123", "P-77"])
def test_what_only_looks_alike_stays(written: str) -> None:
    assert redact(written, TRACES) == written


def test_a_name_in_a_text_goes_only_when_it_is_asked_for() -> None:
    text = "As mary  OKAFOR and Mary Okaforson said"
    assert redact(text, TRACES) == text
    assert redact(text, TRACES, names=True) == "As [name removed] and Mary Okaforson said"
    assert [text[begin:end] for begin, end in names_in(text, TRACES)] == ["mary  OKAFOR"]
    assert is_named({"a": [{"b": text}]}, TRACES)


def test_who_shares_an_engagement_with_them_stays() -> None:
    others = {"name": "John", "role": "chair", "contact_ids": ["con_2"]}
    theirs = {"name": "Mary", "role": "carer", "contact_ids": ["con_1"]}
    both = {"name": "John", "contact_ids": ["con_1", "con_2"]}
    erased = {"name": "Erased contact", "role": None, "contact_ids": ["con_1"]}
    assert redact([others, theirs, both], TRACES) == [others, erased, both]


def test_a_person_whom_a_partner_names_by_an_address_is_recognised() -> None:
    for scheme, value in (("email", "Mary.Okafor@EXAMPLE.org"), ("phone", "0113 496 0123"), ("partner", "P-77")):
        identifiers = [{"scheme": scheme, "value": value}, {"scheme": "email", "value": "x@y.org"}]
        person = {"name": "M.", "identifiers": identifiers}
        assert redact({"people": [person]}, TRACES) == {"people": [{"name": "Erased contact", "identifiers": []}]}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda of: st.lists(of) | st.dictionaries(st.text(), of)
)


@given(anything)
def test_what_is_about_nobody_stays_as_it_is_and_twice_is_once(content: Any) -> None:
    once = redact(content, TRACES)
    assert redact(once, TRACES) == once
    assert once == content


def test_every_personal_field_of_every_event_in_the_log_has_its_rule() -> None:
    personal = {name for event in LOGGED_EVENTS for name in _personal_fields(event)}
    assert personal - {*BLANK, *FREE_TEXT, *STRUCTURE, "value"} == set()


def test_what_staff_wrote_to_somebody_loses_their_name_and_nobody_elses_letter_does() -> None:
    said = {"answer": {"text": "Dear Mary Okafor, it opens in May.", "to": "Mary Okafor"}}
    theirs = {"type": "wellheard.case.answered.v1", "data": {"contact_ids": ["con_1"], **said}}
    others = {"type": "wellheard.case.answered.v1", "data": {"contact_ids": ["con_9"], **said}}
    left = redact_event(theirs, TRACES)
    assert left["data"]["answer"] == {"text": "Dear [name removed], it opens in May.", "to": "[name removed]"}
    assert redact_event(left, TRACES) == left
    assert redact_event(others, TRACES) == others


def test_a_segment_that_they_left_keeps_its_name() -> None:
    segments = [{"segment_id": "seg_1", "name": "Panel of the north"}, {"segment_id": "seg_2", "name": "Carers"}]
    event = {"data": {"contact_id": "con_1", "segments": segments, "cause": "erased", "name": "Mary Okafor"}}
    left = redact_event(event, TRACES)["data"]
    assert left["segments"] == segments
    assert left["name"] == BLANK["name"]


def _personal_fields(model: type[BaseModel]) -> set[str]:
    found = set()
    for name, field in model.model_fields.items():
        if any(isinstance(each, _Personal) for each in field.metadata):
            found.add(name)
        for each in (field.annotation, *get_args(field.annotation)):
            if isinstance(each, type) and issubclass(each, BaseModel):
                found |= _personal_fields(each)
    return found


def test_addresses_and_numbers_in_a_message_are_found_and_marked_with_a_key() -> None:
    content = {"a": ["Write to Mary <Mary.Okafor@example.org>, or ring 0113 496 0123."]}
    assert set(identifiers_in(content)) == {("email", "mary.okafor@example.org"), ("phone", "+441134960123")}
    assert mark_of("one", "a@b.org") != mark_of("other", "a@b.org")
