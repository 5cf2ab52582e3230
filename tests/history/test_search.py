"""The search process: from requests to pages, with names as they are now and nothing for the wrong eyes."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from services.history.asking import whole_months
from services.history.index.directory import Indexes, Pointer
from services.history.log import FakeLog
from services.history.projector import HistoryProjector
from services.history.search import HistorySearch
from shared.contracts.base import CheckHealth, Envelope, Event
from shared.contracts.contacts import ContactChanged
from shared.contracts.events import Participant
from shared.contracts.history import GetEntry, GetHistoryStatus, Reader, SearchContacts, SearchHistory
from shared.contracts.timelines import GetTimeline
from shared.errors import Invalid, NotFound, Unavailable
from shared.messaging.testbus import TestBus
from tests.builders import a_contact, an_envelope, recorded, registered


class History:
    """Both processes of the service on one bus."""

    def __init__(self, root: Path) -> None:
        self.indexes, self.log = Indexes(root), FakeLog()
        self.bus = TestBus()
        self.projector = self.bus.add(HistoryProjector(self.log, self.indexes, self.bus))
        self.search = self.bus.add(HistorySearch(self.indexes, "secret"))

    def publish(self, *events: Envelope[Event]) -> None:
        self.bus.publish(*events)
        self.bus.deliver()
        self.bus.tick()


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "index")


def test_what_was_recorded_is_found_with_its_sentence_and_snippet(history: History) -> None:
    history.publish(recorded(engagement_id="eng_1", kind="complaint", title="Parking", body="No space for my car."))
    page = history.bus.call(SearchHistory(q="cars"))
    (item,) = page.items
    assert (page.total, item.id, item.engagement_id) == (1, "eng_1", "eng_1")
    assert item.sentence == "St Agnes reported a complaint: Parking"
    assert item.snippet == "No space for my <mark>car</mark>."
    assert [(each.value, each.count) for each in page.facets["kind"]] == [("complaint", 1)]
    assert not page.rebuilding


def test_contacts_have_the_names_they_have_now(history: History) -> None:
    person = Participant(name="Ann Leigh", contact_ids=("con_1", "con_unknown"))
    history.publish(registered(contact_id="con_1", name="Ann Leigh"), recorded(participants=(person,)))
    contact = a_contact(contact_id="con_1", version=2, name="Ann Lee")
    history.publish(an_envelope(ContactChanged(contact=contact, changes=(), changed_by="staff"), sequence=2))
    (item,) = history.bus.call(SearchHistory(kind=("conversation",))).items
    assert [(each.id, each.name) for each in item.contacts] == [("con_1", "Ann Lee")]
    assert history.bus.call(SearchHistory(q="Leigh", kind=("conversation",))).total == 1


def test_dates_are_local_days_both_included(history: History) -> None:
    times = {"before": (5, 31, 22, 59), "first": (5, 31, 23, 0), "last": (6, 2, 22, 59), "after": (6, 2, 23, 0)}
    history.publish(*(recorded(title=name, occurred_at=datetime(2014, *at, tzinfo=UTC)) for name, at in times.items()))
    page = history.bus.call(SearchHistory(from_=date(2014, 6, 1), to=date(2014, 6, 2), sort="oldest"))
    assert [each.title for each in page.items] == ["first", "last"]


@pytest.mark.parametrize(
    ("since", "until", "months"),
    [
        (date(2014, 6, 1), date(2014, 6, 30), ("2014-06",)),
        (date(2013, 11, 1), date(2014, 2, 28), ("2013-11", "2013-12", "2014-01", "2014-02")),
        (date(2016, 2, 1), date(2016, 2, 28), ()),  # it has a day more
        (date(2014, 6, 2), date(2014, 6, 30), ()),
        (date(2014, 7, 1), date(2014, 6, 30), ()),
        (date(1900, 1, 1), date(2014, 6, 30), ()),
        (date(9999, 12, 1), date.max, ()),
        (None, date(2014, 6, 30), ()),
    ],
)
def test_whole_months_are_looked_up_as_such(since: date | None, until: date, months: tuple[str, ...]) -> None:
    assert whole_months(since, until) == months


@pytest.mark.parametrize("until", [date(2014, 6, 30), date(2014, 7, 1)])
def test_a_month_has_the_same_days_looked_up_or_gone_through(history: History, until: date) -> None:
    last = (until.month, until.day)
    times = {"before": (5, 31, 22, 59), "first": (5, 31, 23, 0), "last": (*last, 22, 59), "after": (*last, 23, 0)}
    history.publish(*(recorded(title=name, occurred_at=datetime(2014, *at, tzinfo=UTC)) for name, at in times.items()))
    page = history.bus.call(SearchHistory(from_=date(2014, 6, 1), to=until, sort="oldest"))
    assert [each.title for each in page.items] == ["first", "last"]


@pytest.mark.parametrize("day", [date.min, date(1, 1, 2), date(1900, 1, 1), date(9999, 12, 30), date.max])
def test_no_date_is_too_far_away(history: History, day: date) -> None:
    history.publish(recorded())
    assert history.bus.call(SearchHistory(from_=day)).total == (1 if day.year < 2000 else 0)
    assert history.bus.call(SearchHistory(to=day)).total == (0 if day.year < 2000 else 1)


def test_pages_follow_by_cursor_to_the_end(history: History) -> None:
    history.publish(*(recorded(engagement_id=f"eng_{n}") for n in range(12)))
    seen, cursor, pages = [], None, 0
    while cursor or not pages:
        page = history.bus.call(SearchHistory(limit=5, cursor=cursor, facets=not cursor))
        seen += [each.id for each in page.items]
        cursor, pages = page.next_cursor, pages + 1
    assert (sorted(seen), pages) == (sorted(f"eng_{n}" for n in range(12)), 3)


def test_a_cursor_is_good_for_its_own_search_only(history: History) -> None:
    history.publish(*(recorded() for _ in range(3)), *(registered() for _ in range(3)))
    cursor = history.bus.call(SearchHistory(limit=1)).next_cursor
    foreign = [cursor, cursor and cursor[:-2] + "AA", "x", "", "ééé", "AAAA" * 30]
    for request in [SearchHistory(limit=1, q="parking", cursor=each) for each in foreign]:
        with pytest.raises(Invalid, match="belongs to another search"):
            history.bus.call(request)
    with pytest.raises(Invalid):
        history.bus.call(SearchContacts(limit=1, cursor=cursor))
    with pytest.raises(Invalid):
        history.bus.call(SearchHistory(limit=1, cursor=cursor, reader=Reader(sensitive=True)))


def test_a_query_of_more_than_500_characters_is_refused(history: History) -> None:
    history.publish(recorded())
    history.bus.call(SearchHistory(q="x" * 500))
    for request in (SearchHistory(q="x" * 501), SearchContacts(q="x" * 501)):
        with pytest.raises(Invalid, match="500 characters"):
            history.bus.call(request)


def test_names_are_looked_up_as_one_types(history: History) -> None:
    history.publish(registered(contact_id="con_1", name="Zoë O’Brien", locality="north"), registered(name="Al"))
    (found,) = history.bus.call(SearchContacts(q="bri zo")).items
    assert (found.id, found.locality) == ("con_1", "north")
    assert found.highlighted == "<mark>Zo</mark>ë O’<mark>Bri</mark>en"
    everyone = history.bus.call(SearchContacts(limit=1))
    rest = history.bus.call(SearchContacts(limit=1, cursor=everyone.next_cursor))
    assert [each.name for each in (*everyone.items, *rest.items)] == ["Al", "Zoë O’Brien"]
    assert rest.next_cursor is None


def test_a_partner_sees_what_it_reported_and_no_more(history: History) -> None:
    history.publish(
        recorded(engagement_id="eng_ours", partner="St Agnes"),
        recorded(engagement_id="eng_theirs", partner="Council"),
        registered(name="Ann Ours", reported_by=("St Agnes",)),
        registered(name="Ann Theirs", reported_by=("Council",)),
    )
    reader = Reader(partner="St Agnes")
    assert [each.id for each in history.bus.call(SearchHistory(reader=reader)).items] == ["eng_ours"]
    assert [each.name for each in history.bus.call(SearchContacts(q="ann", reader=reader)).items] == ["Ann Ours"]
    with pytest.raises(NotFound):
        history.bus.call(GetEntry(entry_id="eng_theirs", reader=reader))


def test_sensitive_entries_need_the_right_to_see_them(history: History) -> None:
    history.publish(recorded(engagement_id="eng_1", sensitive=True))
    assert history.bus.call(SearchHistory()).total == 0
    assert history.bus.call(SearchHistory(reader=Reader(sensitive=True))).total == 1
    with pytest.raises(NotFound):
        history.bus.call(GetEntry(entry_id="eng_1"))
    assert history.bus.call(GetEntry(entry_id="eng_1", reader=Reader(sensitive=True))).sensitive


def test_the_status_counts_what_is_searchable(history: History) -> None:
    event = recorded()
    history.publish(event, registered())
    status = history.bus.call(GetHistoryStatus())
    assert (status.entries, status.contacts, status.rebuilding) == (2, 1, False)
    assert status.last_recorded_at is not None
    assert (status.engine, status.state, status.position) == ("tantivy", "green", 2)


def test_a_search_whose_engine_is_away_is_not_well(history: History, tmp_path: Path) -> None:
    history.publish(recorded())
    assert history.bus.call(CheckHealth(service="history")).ok
    bus = TestBus()
    bus.add(HistorySearch(Indexes(tmp_path / "nowhere")))
    health = bus.call(CheckHealth(service="history"))
    assert (health.ok, health.reason) == (False, "tantivy does not answer")


def test_the_status_of_an_engine_that_is_away_says_so_and_no_number(tmp_path: Path) -> None:
    status = HistorySearch(Indexes(tmp_path / "nowhere")).get_history_status(GetHistoryStatus())
    assert (status.engine, status.state, status.entries, status.position) == ("tantivy", "away", None, None)


def test_without_an_index_a_search_says_so(tmp_path: Path) -> None:
    search = HistorySearch(Indexes(tmp_path / "nowhere"))
    with pytest.raises(Unavailable, match="being rebuilt"):
        search.search_history(SearchHistory())


def test_while_an_index_is_built_searches_say_that_they_may_miss_something(history: History) -> None:
    history.publish(recorded())
    pointer = history.indexes.current()
    assert pointer is not None
    history.indexes.serve(Pointer(pointer.name, complete=False))
    page = history.bus.call(SearchHistory())
    assert (page.total, page.rebuilding) == (1, True)


def test_when_the_index_directory_is_deleted_searches_go_on_and_say_so_until_it_is_back(
    history: History, tmp_path: Path
) -> None:
    history.publish(recorded())
    assert history.bus.call(SearchHistory()).total == 1
    shutil.rmtree(tmp_path / "index")
    page = history.bus.call(SearchHistory())
    assert (page.total, page.rebuilding) == (1, True)
    history.bus.tick()
    page = history.bus.call(SearchHistory())
    assert (page.total, page.rebuilding) == (1, False)


def test_the_timeline_of_a_contact_tells_what_was_said_by_month_and_since_when(history: History) -> None:
    ann = Participant(name="Ann", contact_ids=("con_1",))
    history.publish(
        registered(contact_id="con_1", name="Ann"),
        *(
            recorded(
                title=title, occurred_at=datetime(year, 3, 1, tzinfo=UTC), participants=(ann,), sensitive=year == 2010
            )
            for title, year in (("Parking", 2012), ("Buses", 2014), ("A secret", 2010))
        ),
    )
    timeline = history.bus.call(GetTimeline(contact_id="con_1", search=SearchHistory(q="parking")))
    assert [each.title for each in timeline.page.items] == ["Parking"]
    assert [(each.value, each.count) for each in timeline.said_by_month] == [("2012-03", 1)]
    assert (timeline.first_said_at, timeline.last_said_at) == tuple(datetime(y, 3, 1, tzinfo=UTC) for y in (2012, 2014))
    whole = history.bus.call(GetTimeline(contact_id="con_1", search=SearchHistory()))
    assert (whole.page.total, sum(each.count for each in whole.said_by_month)) == (3, 2)
    changes = SearchHistory(source=("contacts",))
    assert history.bus.call(GetTimeline(contact_id="con_1", search=changes)).said_by_month == ()
    nobody = history.bus.call(GetTimeline(contact_id="con_2", search=SearchHistory()))
    assert (nobody.page.total, nobody.first_said_at, nobody.last_said_at) == (0, None, None)


def test_a_page_may_begin_again_where_a_cursor_leads_nowhere(history: History) -> None:
    history.publish(recorded(title="Parking"))
    with pytest.raises(Invalid):
        history.bus.call(SearchHistory(cursor="nonsense"))
    page = history.bus.call(SearchHistory(cursor="nonsense", begin_again=True))
    assert (page.total, page.begun_again) == (1, True)
    assert not history.bus.call(SearchHistory(begin_again=True)).begun_again


# -- fields that are typed -------------------------------------------------------------------------


def at(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 12, tzinfo=UTC)


def found(history: History, q: str, **fields: Any) -> set[str]:
    items = history.bus.call(SearchHistory(q=q, source=("events",), **fields)).items
    return {item.id for item in items}


def test_a_kind_a_topic_and_a_period_can_be_typed_into_the_search(history: History) -> None:
    history.publish(
        recorded(engagement_id="eng_1", kind="complaint", topics=("Parking",), occurred_at=at(2024, 1, 5)),
        recorded(engagement_id="eng_2", kind="foi_request", topics=("Parking",), occurred_at=at(2024, 2, 5)),
        recorded(engagement_id="eng_3", kind="complaint", topics=("Food",), occurred_at=at(2023, 2, 5)),
    )
    assert found(history, "kind:complaint") == {"eng_1", "eng_3"}
    assert found(history, 'kind:"FOI request"') == {"eng_2"}
    assert found(history, "topic:parking") == {"eng_1", "eng_2"}
    assert found(history, "topic:parking topic:FOOD from:2024") == {"eng_1", "eng_2"}
    assert found(history, "in:2024-01") == {"eng_1"}
    assert found(history, "kind:complaint to:2023") == {"eng_3"}


def test_what_is_typed_narrows_down_what_was_chosen(history: History) -> None:
    history.publish(
        recorded(engagement_id="eng_1", kind="complaint", occurred_at=at(2024, 1, 5)),
        recorded(engagement_id="eng_2", kind="call", occurred_at=at(2024, 2, 5)),
    )
    assert found(history, "kind:complaint", kind=("complaint", "call")) == {"eng_1"}
    assert found(history, "kind:complaint", kind=("call",)) == set()
    assert found(history, "from:2024-02", from_=date(2024, 1, 1)) == {"eng_2"}
    assert found(history, "to:2024-02", to=date(2024, 1, 31)) == {"eng_1"}


def test_with_a_name_finds_what_everybody_of_these_names_took_part_in(history: History) -> None:
    ann, bob = (Participant(name=name, contact_ids=(id,)) for name, id in (("Ann Lee", "con_a"), ("Bob Day", "con_b")))
    history.publish(
        registered(contact_id="con_a", name="Ann Lee"),
        registered(contact_id="con_b", name="Bob Day"),
        recorded(engagement_id="eng_1", participants=(ann,), title="Parking"),
        recorded(engagement_id="eng_2", participants=(ann, bob), title="Parking"),
        recorded(engagement_id="eng_3", participants=(bob,), title="With Ann Lee in mind"),
    )
    assert found(history, 'with:"ann lee"') == {"eng_1", "eng_2"}
    assert found(history, 'with:"lee an"') == {"eng_1", "eng_2"}
    assert found(history, "with:ann with:bob") == {"eng_2"}
    assert found(history, "with:nobody") == found(history, "with:?") == found(history, "with:anm") == set()
    page = history.bus.call(SearchHistory(q="with:ann", source=("events",)))
    assert [(each.value, each.count) for each in page.facets["kind"]] == [("conversation", 2)]


def test_with_a_name_narrows_down_a_timeline_too(history: History) -> None:
    ann, bob = (Participant(name=name, contact_ids=(id,)) for name, id in (("Ann Lee", "con_a"), ("Bob Day", "con_b")))
    history.publish(
        registered(contact_id="con_a", name="Ann Lee"),
        registered(contact_id="con_b", name="Bob Day"),
        recorded(engagement_id="eng_1", participants=(ann, bob)),
        recorded(engagement_id="eng_2", participants=(bob,)),
    )
    assert found(history, "with:ann", contact_id="con_b") == {"eng_1"}
    timeline = history.bus.call(GetTimeline(contact_id="con_b", search=SearchHistory(q="with:ann")))
    assert (timeline.page.total, timeline.first_said_at is not None) == (1, True)


def test_a_partner_cannot_ask_for_contacts_that_it_has_not_named(history: History) -> None:
    ann = Participant(name="Ann Lee", contact_ids=("con_a",))
    history.publish(
        registered(contact_id="con_a", name="Ann Lee"), recorded(engagement_id="eng_1", participants=(ann,))
    )
    assert found(history, "with:ann", reader=Reader(partner="Another")) == set()


def test_what_must_not_occur_has_a_minus(history: History) -> None:
    history.publish(
        recorded(engagement_id="eng_1", kind="complaint", title="Parking and buses"),
        recorded(engagement_id="eng_2", kind="call", title="Parking"),
    )
    assert found(history, "parking -buses") == found(history, "-kind:complaint") == {"eng_2"}
    assert found(history, "-kind:complaint -kind:CALL") == set()
