"""What a search that finds nothing is told: what was meant, what is in its way, nothing that its reader may not see."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from services.history.advising import advice
from services.history.asking import entry_query, scope_of
from services.history.index.tantivy import TantivyReader, TantivyWriter
from services.history.records import Entry, Folded
from services.history.suggesting import distance_of
from shared import searching
from shared.contracts.events import Participant
from shared.contracts.history import HistoryPage, Reader, SearchHistory, Suggestion
from shared.contracts.timelines import GetTimeline
from tests.builders import recorded, registered
from tests.history.index_contract import an_entry
from tests.history.test_search import History, at


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "index")


def ask(history: History, q: str, **fields: Any) -> HistoryPage:
    return history.bus.call(SearchHistory(q=q, advice=True, **fields))


def meant(history: History, q: str, **fields: Any) -> tuple[str, int] | None:
    suggestion = ask(history, q, **fields).suggestion
    return suggestion and (suggestion.q, suggestion.total)


def ways(history: History, q: str = "", **fields: Any) -> list[tuple[str, str, int]]:
    return [(each.condition, each.part or each.q, each.total) for each in ask(history, q, **fields).looser]


# -- what was meant --------------------------------------------------------------------------------


def test_words_with_typos_are_respelt_and_the_rest_stays_as_it_was_typed(history: History) -> None:
    history.publish(
        recorded(title="Vaccination at the clinic", kind="complaint"),
        recorded(title="Vaccination, parking", kind="call"),
    )
    assert meant(history, "vacination") == ("vaccination", 2)
    assert meant(history, "vacination  kind:complaint -buss") == ("vaccination  kind:complaint -buss", 1)
    assert meant(history, '"vacination parkign"') == ('"vaccination parking"', 1)
    assert meant(history, "vacination", kind=("call",)) == ("vaccination", 1)
    assert meant(history, "vaccination") is meant(history, "zzzzzz") is meant(history, "kind:vacination") is None
    assert history.bus.call(SearchHistory(q="vacination")).suggestion is None


def test_only_what_finds_something_is_offered(history: History) -> None:
    history.publish(recorded(title="Vaccination", kind="call"), recorded(title="Parking", kind="complaint"))
    assert meant(history, "vacination parking") is meant(history, "vacination zzzzzz") is None


def test_where_the_filters_leave_nothing_of_it_what_was_meant_is_looked_for_without_them(history: History) -> None:
    history.publish(recorded(title="Vaccination", kind="call"), recorded(title="Parking", kind="complaint"))
    found = ask(history, "vacination", kind=("complaint",)).suggestion
    assert found == Suggestion(q="vaccination", total=1, unfiltered=True)
    assert ask(history, "vacination", kind=("call",)).suggestion == Suggestion(q="vaccination", total=1)


def test_a_word_that_is_known_is_left_alone(history: History) -> None:
    history.publish(recorded(title="Barking dogs", kind="call"), *(recorded(title="Parking") for _ in range(3)))
    assert meant(history, "parking", kind=("call",)) is None
    assert meant(history, "parked", kind=("call",)) is None


def test_a_slip_that_somebody_wrote_down_does_not_hide_what_was_meant(history: History) -> None:
    history.publish(recorded(title="Vacination"), *(recorded(title="Vaccination") for _ in range(12)))
    assert meant(history, "vacination") == ("vaccination", 12)
    assert meant(history, "vaccination") is None


def test_the_fewest_typos_count_first_then_how_often_a_word_occurs(history: History) -> None:
    history.publish(*(recorded(title=title) for title in ("Marsham", "Marsha", "Marsha", "Marshall", "Marshall")))
    assert meant(history, "marshaa") == ("marsha", 2)
    assert meant(history, "marshalll") == ("marshall", 2)


def test_names_of_those_who_took_part_are_offered(history: History) -> None:
    ann = Participant(name="Ann Okafor", contact_ids=("con_1",))
    history.publish(registered(contact_id="con_1", name="Ann Okafor"), recorded(participants=(ann,)))
    assert meant(history, "okafro", source=("events",)) == ("okafor", 1)


def test_a_search_of_many_words_is_respelt_in_some_of_them_only(history: History) -> None:
    words = ["vaccination", "appointments", "treatment", "ambulance", "emergency"]
    history.publish(recorded(title=" ".join(words)))
    assert meant(history, " ".join(f"{each}x" for each in words)) is None
    assert meant(history, "vaccinationx appointmentsx treatmentx ambulance") == (" ".join(words[:4]), 1)


def test_a_suggestion_on_a_timeline_is_made_of_that_timeline(history: History) -> None:
    ann = Participant(name="Ann", contact_ids=("con_1",))
    history.publish(
        registered(contact_id="con_1", name="Ann"), recorded(title="Vaccination", participants=(ann,)),
        recorded(title="Parking"),
    )  # fmt: skip
    for q, found in (("vacination", "vaccination"), ("parkign", None)):
        timeline = history.bus.call(GetTimeline(search=SearchHistory(q=q, advice=True, contact_id="con_1")))
        assert (timeline.page.suggestion and timeline.page.suggestion.q) == found


# -- what is in the way ----------------------------------------------------------------------------


def test_each_condition_that_excludes_everything_is_named_with_what_is_found_without_it(history: History) -> None:
    history.publish(
        recorded(title="Parking", kind="call", topics=("Access",), occurred_at=at(2014, 1, 5)),
        recorded(title="Parking", kind="call", topics=("Buses",), occurred_at=at(2014, 1, 5)),
    )
    assert ways(history, "parking", kind=("complaint",)) == [("kind", "parking", 2)]
    assert ways(history, "parking topic:Access zzzz") == [("part", "zzzz", 1)]
    assert ways(history, "parking", from_=at(2015, 1, 1).date(), topic=("Buses",)) == [("period", "parking", 1)]
    assert ways(history, "parking -call from:2015") == [("part", "from:2015", 2)]
    assert ways(history, "parking", kind=("complaint",), topic=("Food",)) == [("filters", "parking", 2)]
    assert ways(history, '"parking here" kind:call') == [("part", '"parking here"', 2)]


def test_without_its_only_condition_a_search_is_no_search(history: History) -> None:
    history.publish(recorded(title="Parking"))
    assert ways(history, "zzzz") == ways(history, kind=("complaint",)) == ways(history, "parking") == []


def test_a_name_that_is_taken_away_is_no_longer_asked_for(history: History) -> None:
    ann = Participant(name="Ann Lee", contact_ids=("con_a",))
    history.publish(registered(contact_id="con_a", name="Ann Lee"), recorded(title="Parking", participants=(ann,)))
    assert ways(history, "parking with:bob with:ann") == [("part", "with:bob", 1)]


def test_what_makes_a_timeline_is_not_taken_away(history: History) -> None:
    history.publish(recorded(title="Parking", topics=("Access",)), recorded(title="Buses", topics=("Buses",)))
    asked = SearchHistory(q="buses", topic=("Access",), advice=True)
    assert history.bus.call(GetTimeline(search=asked, fixed=("topic",))).page.looser == ()
    assert [each.condition for each in history.bus.call(asked).looser] == ["topic", "part"]


def test_a_search_of_very_many_conditions_is_answered(history: History) -> None:
    history.publish(recorded(title="Parking"))
    assert ways(history, " ".join(f"w{number}" for number in range(90))) == []


# -- nothing leaks ---------------------------------------------------------------------------------

KNOWN = "parking parkign barking vaccination vacination clinic clinics leukaemia leukemia okafor okafro marsh marsha"
WORDS = KNOWN.split()
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
partners, kinds = st.sampled_from(["St Agnes", "Council", None]), st.sampled_from(["call", "letter"])
entries = st.lists(
    st.tuples(texts, st.booleans(), partners, kinds),
    min_size=1,
    max_size=12,
)
typed = st.lists(
    st.sampled_from([*WORDS, "parkin", "vaccinaton", "leukeamia", "kind:call", "-clinic", "marshs", "clinix"]),
    min_size=1,
    max_size=3,
).map(" ".join)
readers = st.sampled_from([Reader(), Reader(sensitive=True), Reader(partner="Council"), Reader(partner="St Agnes")])


def index_of(directory: Path, found: list[Entry]) -> TantivyReader:
    writer = TantivyWriter(directory)
    writer.put([Folded(each) for each in found], len(found))
    writer.close()
    return TantivyReader(directory)


@pytest.mark.thorough
@settings(max_examples=60, deadline=None)
@given(said=entries, q=typed, reader=readers, kind=st.sampled_from([(), ("call",), ("letter",)]), prefix=st.booleans())
def test_advice_is_the_same_as_if_what_is_restricted_were_not_there(
    said: list[tuple[str, bool, str | None, str]], q: str, reader: Reader, kind: tuple[str, ...], prefix: bool
) -> None:
    found = [
        an_entry(f"e{number}", title=title, sensitive=sensitive, partner=partner, kind=kind)
        for number, (title, sensitive, partner, kind) in enumerate(said)
    ]
    seen = [
        each for each in found
        if (reader.sensitive or not each.sensitive) and reader.partner in (None, each.partner)
    ]  # fmt: skip
    request = SearchHistory(q=q, reader=reader, kind=kind, prefix=prefix, advice=True)
    with TemporaryDirectory() as directory:
        answers = []
        for name, part in (("all", found), ("seen", seen)):
            index = index_of(Path(directory) / name, part)
            scope = scope_of(index, request)
            total = index.search(entry_query(request, None, scope)).total
            answers.append((total, advice(index, request, scope, total)))
        assert answers[0] == answers[1]
    suggestion = answers[0][1]["suggestion"]
    event("a suggestion" if suggestion else "none")
    if suggestion:
        words = {word for each in seen for word in each.title.split()} | set(searching.words_of(q))
        assert set(searching.words_of(suggestion.q)) <= words


@given(one=st.text("abc", max_size=6), other=st.text("abc", max_size=6))
def test_the_distance_of_two_words_is_one(one: str, other: str) -> None:
    assert distance_of(one, other) == distance_of(other, one)
    assert (distance_of(one, other) == 0) == (one == other)
    assert abs(len(one) - len(other)) <= distance_of(one, other) <= max(len(one), len(other))
