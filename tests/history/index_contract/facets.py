"""Totals and facets."""

from datetime import UTC, datetime

from services.history.index.queries import EntryQuery
from shared.contracts.history import Reader
from tests.history.index_contract.under_test import IndexUnderTest, an_entry


class FacetsContract:
    """Totals and facets."""

    def test_the_total_is_exact_beyond_the_page(self, index: IndexUnderTest) -> None:
        index.add(*(an_entry(str(n)) for n in range(130)))
        page = index.reader.search(EntryQuery(limit=10))
        assert (page.total, len(page.hits)) == (130, 10)

    def test_the_total_is_exact_after_corrections(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", kind="call"), an_entry("b", kind="call"))
        index.add(an_entry("a", version=2, kind="email"))
        assert index.total() == 2
        assert index.facet("kind") == {"call": 1, "email": 1}

    def test_facets_count_the_values_found(self, index: IndexUnderTest) -> None:
        index.add(
            an_entry("a", kind="call", channel="phone", topics=("access", "parking"), groups=("carers",)),
            an_entry("b", kind="call", topics=("access",), locality="north", partner="St Agnes"),
        )
        facets = index.reader.search(EntryQuery(facets=True)).facets
        assert facets == {
            "source": [("events", 2)],
            "kind": [("call", 2)],
            "channel": [("phone", 1)],
            "topic": [("access", 2), ("parking", 1)],
            "locality": [("north", 1)],
            "group": [("carers", 1)],
            "partner": [("St Agnes", 1)],
            "month": [("2014-01", 2)],
        }

    def test_facets_count_what_the_query_finds(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", kind="call", body="flu"), an_entry("b", kind="email"))
        assert index.facet("kind", q="flu") == {"call": 1}

    def test_the_facet_of_a_filter_counts_what_its_other_values_would_find(self, index: IndexUnderTest) -> None:
        index.add(
            an_entry("a", kind="call", channel="phone", body="flu"),
            an_entry("b", kind="email", channel="web", body="flu"),
            an_entry("c", kind="visit", channel="phone"),
        )
        one = {"kind": ["call"]}
        assert index.facet("kind", q="flu", filters=one) == {"call": 1, "email": 1}
        assert index.facet("channel", q="flu", filters=one) == {"phone": 1}
        two = {"kind": ["call"], "channel": ["phone"]}
        assert index.facet("kind", filters=two) == {"call": 1, "visit": 1}
        assert index.facet("channel", filters=two) == {"phone": 1}
        assert index.total(filters=two) == 1

    def test_the_facet_of_a_filter_counts_nothing_that_the_reader_may_not_see(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", kind="call"), an_entry("b", kind="email", sensitive=True))
        assert index.facet("kind", filters={"kind": ["call"]}, reader=Reader()) == {"call": 1}

    def test_facets_go_with_filters_also_where_other_values_are_not_asked_for(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", kind="call", channel="phone"), an_entry("b", kind="email", channel="web"))
        page = index.reader.search(EntryQuery(filters={"kind": ["call"]}, facets=True))
        assert (page.facets["kind"], page.facets["channel"], page.total) == ([("call", 1)], [("phone", 1)], 1)

    def test_values_counted_alike_are_in_the_order_of_the_alphabet(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", topics=("c", "a", "b")), an_entry("b", topics=("c",)))
        assert index.reader.search(EntryQuery(facets=True)).facets["topic"] == [("c", 2), ("a", 1), ("b", 1)]

    def test_a_hundred_values_of_a_facet_are_counted(self, index: IndexUnderTest) -> None:
        index.add(*(an_entry(str(n), topics=(f"topic {n % 150:03}",)) for n in range(151)))
        counted = index.reader.search(EntryQuery(facets=True)).facets["topic"]
        assert len(counted) == 100
        assert counted[0] == ("topic 000", 2)

    def test_facets_are_the_same_however_much_of_it_is_on_the_page(self, index: IndexUnderTest) -> None:
        index.add(
            an_entry(
                "a", channel="phone", topics=("access", "parking"), locality="north", localities=("west", "north")
            ),
            an_entry("b", kind="call", topics=("access",), partner="St Agnes", groups=("carers", "youth")),
            an_entry("c", kind="visit", occurred_at=datetime(2014, 6, 30, 23, 30, tzinfo=UTC)),
        )
        one, all_of_it = (index.reader.search(EntryQuery(facets=True, limit=limit)) for limit in (1, 3))
        assert (one.total, one.facets) == (all_of_it.total, all_of_it.facets)

    def test_only_those_facets_are_counted_that_are_asked_for(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a"), an_entry("b"))
        for limit in (1, 2):
            facets = index.reader.search(EntryQuery(facets=True, counted=("month",), limit=limit)).facets
            assert facets == {"month": [("2014-01", 2)]}

    def test_facets_are_left_out_unless_asked_for(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a"))
        assert index.reader.search(EntryQuery()).facets == {}

    def test_months_are_local_and_the_newest_first(self, index: IndexUnderTest) -> None:
        index.add(an_entry("june", occurred_at=datetime(2014, 5, 31, 23, 30, tzinfo=UTC)), an_entry("january"))
        months = index.reader.search(EntryQuery(facets=True)).facets["month"]
        assert months == [("2014-06", 1), ("2014-01", 1)]

    def test_facets_count_within_values_that_are_required_beside_the_filters(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", kind="call"), an_entry("b", kind="complaint"), an_entry("c", kind="visit"))
        required = {"with_values": {"kind": ["call", "complaint"]}}
        assert set(index.find(**required)) == {"a", "b"}
        assert index.find(filters={"kind": ["call", "visit"]}, **required) == ["a"]
        assert index.facet("kind", filters={"kind": ["call"]}, **required) == {"call": 1, "complaint": 1}
