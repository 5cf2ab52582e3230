"""Order, pages and cursors."""

from datetime import timedelta

import pytest

from services.history.index.queries import EntryQuery
from services.history.index.words import entry_key
from tests.history.index_contract.under_test import AT, IndexUnderTest, an_entry


class OrderContract:
    """Order, pages and cursors."""

    def test_newest_and_oldest_go_by_the_time_it_occurred(self, index: IndexUnderTest) -> None:
        index.add(*(an_entry(str(n), occurred_at=AT + timedelta(hours=n)) for n in (2, 0, 1)))
        assert index.find(sort="newest") == ["2", "1", "0"]
        assert index.find(sort="oldest") == ["0", "1", "2"]

    def test_relevance_puts_titles_and_names_before_bodies_and_then_the_newest_first(
        self, index: IndexUnderTest
    ) -> None:
        later = AT + timedelta(days=1)
        index.add(
            an_entry("body", body="about parking permits", title="Call", occurred_at=later + timedelta(days=1)),
            an_entry("title, old", title="Parking permits"),
            an_entry("title, new", title="New parking permits", occurred_at=later),
        )
        assert index.find("parking permits") == ["title, new", "title, old", "body"]

    def test_the_more_of_the_words_stand_in_the_title_the_earlier(self, index: IndexUnderTest) -> None:
        hour = timedelta(hours=1)
        entries = {
            "a row in the title": {"title": "The discharge letter of March"},
            "in the title": {"title": "Discharged by letter"},
            "in title and names": {"title": "A letter", "names": ("Discharge Lounge",)},
            "half in the title": {"title": "A letter", "body": "about her discharge"},
            "in the text": {"title": "Call", "body": "The discharge letter was lost."},
        }
        index.add(*(an_entry(id, occurred_at=AT + n * hour, **each) for n, (id, each) in enumerate(entries.items())))
        ranked = ["a row in the title", "in title and names", "in the title", "half in the title", "in the text"]
        assert index.find("discharge letter") == index.walk(1, q="discharge letter") == ranked
        assert index.find("letters discharge")[0] == "in title and names"
        assert index.find("discharge letter", sort="oldest") == list(entries)

    def test_relevance_of_an_empty_query_is_newest(self, index: IndexUnderTest) -> None:
        index.add(*(an_entry(str(n), occurred_at=AT + timedelta(hours=n)) for n in range(3)))
        assert index.find(sort="relevance") == ["2", "1", "0"]

    @pytest.mark.parametrize("sort", ["newest", "oldest", "relevance"])
    @pytest.mark.parametrize("q", ["", "flu"])
    def test_a_walk_meets_every_entry_once_also_at_equal_times(self, index: IndexUnderTest, sort: str, q: str) -> None:
        ids = [f"eng_{n}" for n in range(23)]
        index.add(*(an_entry(id, title="Flu" if n % 3 else "Cold", body="flu") for n, id in enumerate(ids)))
        walked = index.walk(4, sort=sort, q=q)
        assert sorted(walked) == sorted(ids)
        assert walked == index.find(q, sort=sort, limit=100)

    @pytest.mark.parametrize("page", [1, 30])
    def test_of_many_entries_at_one_time_each_has_its_place(self, index: IndexUnderTest, page: int) -> None:
        entries = [an_entry(f"eng_{n}", occurred_at=AT + timedelta(days=n % 2)) for n in range(120)]
        index.add(*entries)
        ordered = sorted(entries, key=lambda each: entry_key(each.occurred_at, each.id))
        assert index.walk(page, sort="oldest") == [each.id for each in ordered]
        assert index.walk(page, sort="newest") == [each.id for each in reversed(ordered)]

    def test_a_walk_is_stable_when_entries_arrive(self, index: IndexUnderTest) -> None:
        index.add(*(an_entry(f"old {n}") for n in range(6)))
        first = index.reader.search(EntryQuery(sort="newest", limit=3))
        index.add(*(an_entry(f"new {n}", occurred_at=AT + timedelta(days=1)) for n in range(5)))
        second = index.find(sort="newest", limit=3, after=first.next)
        assert sorted([entry.id for entry, _ in first.hits] + second) == [f"old {n}" for n in range(6)]

    def test_the_last_page_has_no_cursor(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a"), an_entry("b"))
        assert index.reader.search(EntryQuery(limit=2)).next is None

    def test_a_total_stays_the_same_from_page_to_page(self, index: IndexUnderTest) -> None:
        index.add(*(an_entry(str(n)) for n in range(5)))
        first = index.reader.search(EntryQuery(limit=2))
        assert index.reader.search(EntryQuery(limit=2, after=first.next)).total == first.total == 5
