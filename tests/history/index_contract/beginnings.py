"""The last word as a beginning, while one types."""

from datetime import timedelta

import pytest

from services.history.index.queries import EntryQuery
from tests.history.index_contract.under_test import AT, IndexUnderTest, an_entry


class BeginningsContract:
    """The last word as a beginning, while one types."""

    def test_while_one_types_the_last_word_may_be_a_beginning(self, index: IndexUnderTest) -> None:
        index.add(
            an_entry("body", body="Vaccinations at the market"),
            an_entry("name", names=("Mary Okafor",)),
            an_entry("topic", topics=("market",)),
            an_entry("other", body="The summary was late"),
        )
        assert set(index.find("mar", prefix=True)) == {"body", "name", "topic"}
        assert index.find("vaccination mar", prefix=True) == ["body"]
        assert index.total("mar", prefix=True) == 3

    @pytest.mark.parametrize("typed", ["vac", "vaccinat", "vaccinatio", "vaccinations"])
    def test_a_word_is_found_from_three_letters_to_its_end(self, index: IndexUnderTest, typed: str) -> None:
        index.add(an_entry("a", body="Vaccinations were postponed"))
        assert index.find(typed, prefix=True) == ["a"]

    @pytest.mark.parametrize("q", ["ma", '"mar', '"mar"', "mar flu", "market-fl"])
    def test_other_words_are_whole(self, index: IndexUnderTest, q: str) -> None:
        index.add(an_entry("a", body="flu at the market"))
        assert index.find(q, prefix=True) == []

    def test_words_are_whole_unless_a_beginning_is_asked_for(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="at the market"))
        assert (index.find("mar"), index.total("mar")) == ([], 0)

    def test_accents_and_case_do_not_matter_in_a_beginning(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="Zoë Brönte"))
        assert index.find("BRÖ", prefix=True) == index.find("bron", prefix=True) == ["a"]

    def test_whole_words_come_before_beginnings(self, index: IndexUnderTest) -> None:
        later = AT + timedelta(days=1)
        index.add(an_entry("beginning", title="Careless", occurred_at=later), an_entry("whole", body="took care of it"))
        assert index.find("care", prefix=True) == ["whole", "beginning"]
        assert index.walk(1, q="care", prefix=True) == ["whole", "beginning"]
        assert index.find("care", prefix=True, sort="newest") == ["beginning", "whole"]

    def test_a_beginning_goes_with_filters_and_facets(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", kind="call", body="market"), an_entry("b", kind="email", body="the march"))
        assert index.find("mar", prefix=True, filters={"kind": ["call"]}) == ["a"]
        assert index.facet("kind", q="mar", prefix=True) == {"call": 1, "email": 1}

    def test_a_snippet_marks_the_word_that_begins_so(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="She asked about vaccinations."))
        ((_, snippet),) = index.reader.search(EntryQuery(q="asked vacc", prefix=True)).hits
        assert snippet == "She <mark>asked</mark> about <mark>vaccinations</mark>."
