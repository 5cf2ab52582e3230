"""Dates, labels and snippets as people read them."""

from datetime import UTC, datetime

import pytest

from services.web import words
from services.web.pages.charts import histogram


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


def test_a_histogram_has_every_month_between_and_years_for_a_long_time() -> None:
    months = histogram({"2013-11": 4, "2014-02": 2})
    assert months is not None
    assert [(bar.month, bar.count) for bar in months.bars] == [
        ("2013-11", 4), ("2013-12", 0), ("2014-01", 0), ("2014-02", 2),
    ]  # fmt: skip
    years = histogram({"1900-01": 1, "2014-02": 2, "2014-03": 3})
    assert years is not None
    assert (years.unit, years.first, years.last, years.most) == ("year", "1900", "2014", 5)
    assert histogram({"2014-02": 2}) is None
