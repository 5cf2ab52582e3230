"""A search of which no entry has all the words: what has most of them is found, and said to be so."""

from datetime import timedelta
from pathlib import Path

import pytest

from shared.contracts.history import SearchHistory
from shared.contracts.timelines import GetTimeline
from tests.builders import AT, recorded
from tests.history.test_search import History


@pytest.fixture
def history(tmp_path: Path) -> History:
    history = History(tmp_path / "index")
    texts = ("The line was busy all morning", "A busy morning", "Nobody answers the line", "Parking")
    history.publish(
        *(
            recorded(engagement_id=f"eng_{n}", title="Call", body=text, occurred_at=AT + timedelta(hours=n))
            for n, text in enumerate(texts)
        )
    )
    return history


def test_little_words_are_not_needed(history: History) -> None:
    page = history.bus.call(SearchHistory(q="is the line busy in the morning", forgiving=True))
    assert ([each.id for each in page.items], page.most_words) == (["eng_0"], False)
    assert history.bus.call(SearchHistory(q="is the line busy in the morning")).total == 0


def test_where_no_entry_has_all_words_those_with_most_are_found(history: History) -> None:
    page = history.bus.call(SearchHistory(q="busy line on Saturday morning", forgiving=True))
    assert ([each.id for each in page.items], page.total, page.most_words) == (["eng_0", "eng_1"], 2, True)
    assert [(each.value, each.count) for each in page.facets["kind"]] == [("conversation", 2)]
    strict = history.bus.call(SearchHistory(q="busy line on Saturday morning"))
    assert (strict.total, strict.most_words) == (0, False)


def test_where_nothing_has_most_words_nothing_is_found(history: History) -> None:
    page = history.bus.call(SearchHistory(q="podiatry in Dunes", forgiving=True))
    assert (page.total, page.most_words, page.next_cursor) == (0, False, None)


def test_its_pages_stay_together_when_an_entry_with_all_words_comes(history: History) -> None:
    asked = SearchHistory(q="busy line on Saturday morning", forgiving=True, limit=1)
    first = history.bus.call(asked)
    history.publish(recorded(engagement_id="eng_9", title="Saturday morning: the line is busy"))
    second = history.bus.call(asked.model_copy(update={"cursor": first.next_cursor}))
    assert ([each.id for each in second.items], second.most_words) == (["eng_1"], True)
    begun_again = history.bus.call(asked)
    assert ([each.id for each in begun_again.items], begun_again.most_words) == (["eng_9"], False)


def test_a_further_page_of_all_words_is_never_one_of_most(history: History) -> None:
    asked = SearchHistory(q="busy morning", forgiving=True, limit=1)
    first = history.bus.call(asked)
    second = history.bus.call(asked.model_copy(update={"cursor": first.next_cursor}))
    assert ([each.id for each in (*first.items, *second.items)], second.most_words) == (["eng_1", "eng_0"], False)
    assert second.next_cursor is None


def test_the_months_of_a_timeline_are_those_of_what_it_shows(history: History) -> None:
    search = SearchHistory(q="busy line on Saturday morning", forgiving=True, sort="newest")
    timeline = history.bus.call(GetTimeline(search=search))
    assert timeline.page.most_words
    assert [(each.value, each.count) for each in timeline.said_by_month] == [("2014-01", 2)]
