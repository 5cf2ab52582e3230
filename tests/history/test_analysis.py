"""The quick way to the words of a text gives those of the analysers, whatever the text."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.history.index import analysis
from services.history.index.analysis import ENGLISH, PLAIN, Terms, analyse_as, analyse_for, in_terms
from services.history.index.fields import LONDON, _month

TEXTS = st.text(st.one_of(st.characters(max_codepoint=0x17F), st.sampled_from("aing s’“–…£\u00a0\u0301\ufeff日")))


def by_the_analysers(text: str) -> Terms:
    return Terms(analysis._analysed(text, ENGLISH), analysis._analysed(text, PLAIN))


@given(TEXTS)
def test_any_text_has_the_words_that_the_analysers_make(text: str) -> None:
    assert in_terms(text) == by_the_analysers(text)


@given(TEXTS, st.integers(40, 260), TEXTS)
def test_a_word_that_is_too_long_leaves_its_place_empty(before: str, length: int, after: str) -> None:
    text = f"{before} {'x' * length} {after}"
    assert in_terms(text) == by_the_analysers(text)


@given(TEXTS, st.sampled_from(["", "x" * 260]), st.sets(st.text("aingx日", min_size=1), min_size=1), st.booleans())
def test_what_is_looked_for_is_found_where_the_analysers_see_it(
    text: str, long: str, terms: set[str], is_beginning: bool
) -> None:
    text, beginning = f"{text} {long} {text}", min(terms) if is_beginning else ""
    seen = [each for each in analyse_as(beginning)(text) if each[0] in terms]
    assert [each for each in analyse_for(terms, beginning)(text) if each[0] in terms] == seen


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1))
def test_a_stem_begins_as_its_word_does(word: str) -> None:
    assert ENGLISH.analyze(word)[0][0] == word[0]


def test_every_sign_beside_a_word_parts_it_or_belongs_to_it_as_for_the_analysers() -> None:
    for code in (*range(0x3000), 0xFEFF):
        text = f"waiting{chr(code)}rooms"
        assert in_terms(text) == by_the_analysers(text), hex(code)


def test_stems_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "_REMEMBERED", 10)
    text = " ".join(f"word{number}s" for number in range(50))
    assert in_terms(text) == by_the_analysers(text)
    assert len(analysis._STEMS) <= 10


def test_the_month_is_that_of_london() -> None:
    for moment in (
        datetime(2014, 6, 30, 23, 30, tzinfo=UTC),
        datetime(2014, 12, 31, 23, 30, tzinfo=UTC),
        datetime(1847, 3, 1, 0, 0, 30, tzinfo=UTC),
        datetime(2014, 6, 15, 12, tzinfo=UTC),
    ):
        assert _month(moment) == f"{moment.astimezone(LONDON):%Y-%m}"
