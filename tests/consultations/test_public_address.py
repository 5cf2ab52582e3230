"""A consultation is called the same in its public address for good, and by its older address too."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.surveys.consultations.naming import LONGEST, slugs
from tests.consultations.hearing import Hall


@settings(deadline=None)
@given(st.text(max_size=200))
def test_a_name_in_an_address_is_short_and_plain_and_no_word_of_ours_or_id(title: str) -> None:
    first, second = (name for _, name in zip(range(2), slugs(title), strict=False))
    assert first != second
    for each in (first, second):
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", each)
        assert len(each) <= LONGEST + len("-100")
        assert each != "desk"


@pytest.mark.parametrize(
    ("title", "called"),
    [
        ("Urgent care: where next?", "urgent-care-where-next"),
        ("Café & crèche", "cafe-creche"),
        ("People's views", "peoples-views"),
        ("咨询", "consultation"),
        ("Desk", "desk-2"),
        ("x" * 300, "x" * 60),
        ("One long title " * 20, "one-long-title-one-long-title-one-long-title-one-long-title"),
    ],
)
def test_titles_become_words_that_can_be_read_aloud(title: str, called: str) -> None:
    assert next(iter(slugs(title))) == called


def test_two_of_one_title_are_called_differently_and_a_change_of_title_changes_no_address() -> None:
    hall = Hall()
    draft = hall.planned()
    first, second = hall.opened(draft), hall.opened(hall.planned())
    assert (draft.slug, first.slug, second.slug) == ("", "urgent-care", "urgent-care-2")
    changed = hall.changed(first, title="Night care")
    again = hall.opened(hall.closed(changed))
    assert again.slug == "urgent-care"
    assert hall.shown(first).title == "Night care"
    by_name = hall.shown(first.model_copy(update={"consultation_id": "urgent-care-2"}))
    assert by_name.consultation_id == second.consultation_id
