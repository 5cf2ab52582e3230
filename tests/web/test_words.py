"""Dates, labels and snippets as people read them."""

from datetime import UTC, datetime

import pytest

from services.web import words


def test_times_are_shown_in_london_through_the_change_of_the_clocks() -> None:
    assert words.day_and_time(datetime(2014, 3, 12, 15, 40, tzinfo=UTC)) == "12 March 2014, 3:40pm"
    assert words.day_and_time(datetime(2014, 7, 31, 23, 5, tzinfo=UTC)) == "1 August 2014, 12:05am"
    assert words.month(datetime(2014, 7, 31, 23, 5, tzinfo=UTC)) == "August 2014"


@pytest.mark.parametrize(
    ("snippet", "shown"),
    [
        ("a <mark>b</mark> c", "a <mark>b</mark> c"),
        ("&lt;b&gt; &amp; <mark>x</mark>", "&lt;b&gt; &amp; <mark>x</mark>"),
        ("<script>x</script>", "&lt;script&gt;x&lt;/script&gt;"),
        ("<mark onclick=x>y</mark>", "&lt;mark onclick=x&gt;y"),
        ("<mark>open", "<mark>open</mark>"),
        ("&lt;mark&gt;", "&lt;mark&gt;"),
    ],
)
def test_a_snippet_keeps_its_marks_and_nothing_else(snippet: str, shown: str) -> None:
    assert words.marked(snippet) == shown


def test_paragraphs_are_escaped_and_each_has_its_own_direction() -> None:
    assert words.paragraphs("a\r\nb\n\n<i>") == '<p dir="auto">a<br>b</p><p dir="auto">&lt;i&gt;</p>'
