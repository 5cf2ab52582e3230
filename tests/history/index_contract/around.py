"""What an adapter does beside finding entries: words that are nearly there, and counts by month."""

from datetime import UTC, datetime

from shared.contracts.history import Reader
from tests.history.index_contract.under_test import AT, IndexUnderTest, an_entry


class AroundContract:
    """Run on every adapter."""

    # -- words that are nearly there --------------------------------------------------------------

    def test_entries_with_a_word_like_another_are_found(self, index: IndexUnderTest) -> None:
        index.add(
            an_entry("a", title="Vaccination"),
            an_entry("b", title="", body="They were vaccinated."),
            an_entry("c", title="Vacation"),
            an_entry("d", title="Parking"),
        )
        assert set(index.find(like=("vacination", 1))) == {"a"}
        assert set(index.find(like=("vacination", 2))) == {"a", "c"}
        assert set(index.find(like=("vaccinations", 1))) == {"a"}
        assert index.find(like=("vacc", 2)) == []
        assert index.find(like=("park", 2)) == []

    def test_letters_that_changed_places_are_one_typo_in_a_text_too(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", title="Parking"), an_entry("b", title="Zoë"))
        assert index.find(like=("parkign", 1)) == index.find(like=("aprking", 1)) == ["a"]
        assert index.find(like=("zoe", 1)) == index.find(like=("xoe", 1)) == ["b"]

    def test_words_like_another_go_with_words_filters_and_order(self, index: IndexUnderTest) -> None:
        times = {"a": 3, "b": 1, "c": 2}
        index.add(*(an_entry(id, kind="call", occurred_at=AT.replace(day=day)) for id, day in times.items()))
        index.add(an_entry("d", kind="complaint", title="Parked"))
        like = ("parkign", 1)
        assert index.find(like=like, sort="newest", limit=2) == ["a", "c"]
        assert index.find("clinic", like=like, filters={"kind": ["call"]}, sort="oldest") == ["b", "c", "a"]
        assert index.find(like=like, filters={"kind": ["complaint"]}) == []
        assert index.facet("kind", like=like) == {"call": 3}

    def test_nobody_finds_a_word_like_another_in_what_they_may_not_see(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", title="Leukaemia", sensitive=True), an_entry("b", title="Leukemia", partner="Council"))
        like = ("leukeamia", 2)
        assert set(index.find(like=like)) == {"a", "b"}
        assert index.find(like=like, reader=Reader()) == ["b"]
        assert index.find(like=like, reader=Reader(sensitive=True, partner="St Agnes")) == []

    def test_however_many_words_are_alike_all_are_found(self, index: IndexUnderTest) -> None:
        letters = [f"{one}{two}" for one in "abcdefghij" for two in "abcdefghij"]
        index.add(*(an_entry(each, title=f"parking{each}") for each in letters))
        assert index.total(like=("parkingxx", 2)) == 100

    # -- contacts of what was found ---------------------------------------------------------------

    def test_contacts_of_what_was_found_are_counted_the_most_frequent_first(self, index: IndexUnderTest) -> None:
        index.add(
            an_entry("a", kind="call", contact_ids=("con_2", "con_1")),
            an_entry("b", kind="call", contact_ids=("con_3", "con_1")),
            an_entry("c", kind="letter", contact_ids=("con_3",), sensitive=True),
            an_entry("d", kind="letter", title="Buses", partner="Council", contact_ids=("con_4",)),
            an_entry("e"),
        )
        assert index.people() == [("con_1", 2), ("con_3", 2), ("con_2", 1), ("con_4", 1)]
        assert index.people(limit=2) == [("con_1", 2), ("con_3", 2)]
        assert index.people("clinic", filters={"kind": ["call"]}) == [("con_1", 2), ("con_2", 1), ("con_3", 1)]
        assert index.people(contact_ids=("con_3",)) == [("con_3", 2), ("con_1", 1)]
        assert index.people(reader=Reader()) == [("con_1", 2), ("con_2", 1), ("con_3", 1), ("con_4", 1)]
        assert index.people(reader=Reader(partner="Council")) == [("con_4", 1)]
        assert index.people("nothing") == []

    def test_however_many_contacts_there_are_the_most_frequent_are_counted_rightly(self, index: IndexUnderTest) -> None:
        everybody = tuple(f"con_{number:04}" for number in range(1_500))
        index.add(an_entry("a", contact_ids=everybody))
        index.add(*(an_entry(f"e{number}", contact_ids=("con_0777",)) for number in range(3)))
        assert index.people(limit=3) == [("con_0777", 4), ("con_0000", 1), ("con_0001", 1)]

    # -- counts by month --------------------------------------------------------------------------

    def test_months_add_up_to_what_was_found_whatever_is_chosen(self, index: IndexUnderTest) -> None:
        for number in range(12):
            at = datetime(2012 + number % 3, 1 + number, 5, tzinfo=UTC)
            index.add(an_entry(f"e{number}", occurred_at=at, kind=("call", "letter")[number % 2], sensitive=number < 3))
        for query in (
            {},
            {"filters": {"kind": ["call"]}},
            {"since": datetime(2013, 1, 1, tzinfo=UTC), "before": datetime(2014, 1, 1, tzinfo=UTC)},
            {"reader": Reader(), "filters": {"kind": ["letter"]}},
        ):
            assert sum(index.facet("month", **query).values()) == index.total(**query) > 0
