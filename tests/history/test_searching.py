"""What is typed into the search box: fields are taken out, everything else stays words, and nothing is an error."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.searching import FILTERS, read


def test_fields_are_taken_out_and_the_words_stay() -> None:
    asked = read('parking  kind:complaint -bus with:"Ann Lee" "day centre"')
    assert (asked.words, asked.without) == ('parking "day centre"', ("bus",))
    assert (asked.filters, asked.people) == ({"kind": ("complaint",)}, ("Ann Lee",))


def test_several_values_of_one_field_are_alternatives() -> None:
    assert read("topic:parking topic:'buses' TOPIC:parking").filters == {"topic": ("parking", "'buses'")}


def test_a_minus_before_a_word_a_phrase_or_a_field_says_what_must_not_occur() -> None:
    asked = read('flu -jab -"day centre" -kind:call well-being - x -- y')
    assert (asked.words, asked.without) == ("flu well-being - x -- y", ("jab", "day centre"))
    assert (asked.filters, asked.without_values) == ({}, {"kind": ("call",)})


@pytest.mark.parametrize(
    ("typed", "since", "until"),
    [
        ("from:2024", date(2024, 1, 1), None),
        ("from:2024-02", date(2024, 2, 1), None),
        ("to:2024-02", None, date(2024, 2, 29)),
        ("to:2024", None, date(2024, 12, 31)),
        ("in:2023-12", date(2023, 12, 1), date(2023, 12, 31)),
        ("in:31/03/2024", date(2024, 3, 31), date(2024, 3, 31)),
        ("from:3/2024", date(2024, 3, 1), None),
        ("from:2023 from:2024 to:2026 to:2025", date(2024, 1, 1), date(2025, 12, 31)),
        ("to:9999", None, date(9999, 12, 31)),
    ],
)
def test_a_period_is_a_year_a_month_or_a_day(typed: str, since: date | None, until: date | None) -> None:
    asked = read(typed)
    assert (asked.words, asked.since, asked.until) == ("", since, until)


@pytest.mark.parametrize(
    "typed",
    ["from:2024-13", "from:31/02/2024", "from:soon", "from:0000", "title:flu", "kind:", 'kind:""', "http://a.example/x",
     '"kind:complaint"', '"flu kind:complaint', "a kind:complaint\"b", "-from:2024", '-""', '-', "10:30"],
)  # fmt: skip
def test_what_cannot_be_read_as_a_field_stays_as_it_was_typed(typed: str) -> None:
    asked = read(typed)
    assert (asked.words, asked.filters, asked.since, asked.until) == (typed, {}, None, None)


_PIECES = st.one_of(
    st.text(max_size=12),
    st.sampled_from([*(f"{name}:x" for name in FILTERS), 'with:"a b"', "from:2024", "to:99/99/2024", '"', "-", ":"]),
)


@given(st.lists(_PIECES, max_size=8).map(" ".join))
def test_anything_can_be_typed_and_what_is_left_has_no_field_any_more(typed: str) -> None:
    left = read(typed).words
    assert read(left).words == left
