"""Words of queries and texts: what is parsed, how keys sort, and that a snippet is nothing but the text."""

import html
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.history.index.analysis import ENGLISH, analyse
from services.history.index.words import entry_key, fold_name, highlighter, name_key, parse, snippet

TEXTS = st.text(st.sampled_from("flu cold <&>\"'\n‏ß é x"), max_size=900)


@pytest.mark.parametrize(
    ("q", "clauses"),
    [
        ('flu "day centre" jab', [["flu"], ["day", "centre"], ["jab"]]),
        ('"day centre', [["day", "centre"]]),
        ('one"two three"four', [["one"], ["two", "three"], ["four"]]),
        ("", []),
        ('"" "', []),
    ],
)
def test_clauses_are_words_and_phrases(q: str, clauses: list[list[str]]) -> None:
    assert parse(q) == clauses


@given(TEXTS, st.sampled_from(["flu", "cold", "x", "nothing"]))
def test_a_snippet_is_a_part_of_the_text_with_marks_only(text: str, word: str) -> None:
    found = snippet(text, {word}, analyse)
    assert set(re.findall("<[^>]*>", found)) <= {"<mark>", "</mark>"}
    plain = html.unescape(found.replace("<mark>", "").replace("</mark>", ""))
    assert plain.removeprefix("… ").removesuffix(" …") in text


@given(TEXTS, st.sampled_from(["flu", "cold"]))
def test_a_word_of_the_text_is_marked(text: str, word: str) -> None:
    assert (word in ENGLISH.analyze(text)) == (f"<mark>{word}</mark>" in snippet(text, {word}, analyse).lower())


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))
)
def test_keys_sort_as_times_do(one: datetime, other: datetime) -> None:
    first, second = (entry_key(each.replace(tzinfo=UTC), "eng_1") for each in (one, other))
    assert (first < second) == (one < other)
    assert first.isalnum()


@given(st.text(max_size=200), st.text(max_size=30))
def test_a_highlighted_name_is_the_name_with_marks_only(name: str, q: str) -> None:
    found = highlighter(q)(name)
    assert html.unescape(found.replace("<mark>", "").replace("</mark>", "")) == html.unescape(html.escape(name))


def test_names_are_folded() -> None:
    assert fold_name("  Zoë  O’Brien-LEE ") == "zoe o brien lee"
    for sign in map(chr, range(128)):
        assert fold_name(f"A{sign}b") == fold_name(f"Ä{sign}b")
    assert name_key("Ann", "con_1") < name_key("Ann Lee", "con_1") < name_key("Anna", "con_1")


def test_what_was_typed_is_marked_in_a_name() -> None:
    assert highlighter("bri zo")("Zoë O’Brien") == "<mark>Zo</mark>ë O’<mark>Bri</mark>en"
    assert highlighter("weiss")("Weiß & Co") == "<mark>Weiß</mark> &amp; Co"
