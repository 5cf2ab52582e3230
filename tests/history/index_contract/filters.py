"""Filters, whose entries are asked for, and ranges of time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.history.index.queries import Member
from tests.history.index_contract.under_test import AT, IndexUnderTest, an_entry


class FiltersContract:
    """Filters, whose entries are asked for, and ranges of time."""

    @pytest.mark.parametrize(
        ("name", "fields"),
        [
            ("kind", {"kind": "complaint"}),
            ("channel", {"channel": "complaint"}),
            ("topic", {"topics": ("access", "complaint")}),
            ("locality", {"locality": "complaint"}),
            ("group", {"groups": ("carers", "complaint")}),
            ("partner", {"partner": "complaint"}),
        ],
    )
    def test_a_filter_takes_entries_with_the_value_of(
        self, index: IndexUnderTest, name: str, fields: dict[str, Any]
    ) -> None:
        index.add(an_entry("with", **fields), an_entry("without"))
        assert index.find(filters={name: ["complaint"]}) == ["with"]

    def test_values_of_a_filter_are_alternatives(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", kind="call"), an_entry("b", kind="email"), an_entry("c", kind="visit"))
        assert set(index.find(filters={"kind": ["call", "email"]})) == {"a", "b"}

    def test_different_filters_all_apply(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", kind="call", locality="north"), an_entry("b", kind="call", locality="south"))
        assert index.find(filters={"kind": ["call"], "locality": ["south"]}) == ["b"]

    def test_filters_and_words_both_apply(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", kind="call", body="flu"), an_entry("b", kind="call"), an_entry("c", body="flu"))
        assert index.find("flu", filters={"kind": ["call"]}) == ["a"]

    def test_a_filter_value_is_taken_literally(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", channel='urgent "care" page: *'), an_entry("b", channel="urgent"))
        assert index.find(filters={"channel": ['urgent "care" page: *']}) == ["a"]

    def test_an_empty_filter_is_no_filter(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a"))
        assert index.find(filters={"kind": []}) == ["a"]

    def test_the_entries_of_one_contact(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", contact_ids=("con_1", "con_2")), an_entry("b", contact_ids=("con_2",)))
        assert index.find(contact_ids=("con_1",)) == ["a"]
        assert set(index.find(contact_ids=("con_2",))) == {"a", "b"}
        assert set(index.find(contact_ids=("con_1", "con_2"))) == {"a", "b"}

    def test_the_entries_about_one_thing_or_another(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", about=("cns_1",)), an_entry("b", about=("sur_1", "cns_2")), an_entry("c"))
        assert index.find(about=("cns_1",)) == ["a"]
        assert set(index.find(about=("cns_1", "sur_1"))) == {"a", "b"}
        assert index.find(about=("cns_9",)) == []
        assert index.facet("kind", about=("cns_1",)) == {"conversation": 1}

    def test_an_entry_about_several_places_is_found_and_counted_at_each(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", locality="north", localities=("north", "south")), an_entry("b", localities=("south",)))
        assert index.find(filters={"locality": ["north"]}) == ["a"]
        assert index.facet("locality") == {"north": 1, "south": 2}

    def test_the_entries_of_members_stand_beside_those_of_the_contact(self, index: IndexUnderTest) -> None:
        day = timedelta(days=1)
        index.add(
            an_entry("own", contact_ids=("con_club",)),
            *(an_entry(f"chair_{n}", contact_ids=("con_chair",), occurred_at=AT + n * day) for n in range(4)),
            an_entry("consent", contact_ids=("con_chair",), source="contacts", occurred_at=AT + day),
            an_entry("former", contact_ids=("con_before",)),
            an_entry("other", contact_ids=("con_9",)),
        )
        chair = Member(contact_ids=("con_chair",), sources=("events",), since=AT + day, before=AT + 3 * day)
        former = Member(contact_ids=("con_x", "con_before"), sources=("events", "cases"))
        assert set(index.find(members=(chair,))) == {"chair_1", "chair_2"}
        both: dict[str, Any] = {"contact_ids": ("con_club",), "members": (chair, former)}
        assert set(index.find(**both)) == {"own", "chair_1", "chair_2", "former"}
        assert index.total("parking", **both) == 4
        assert index.facet("source", **both) == {"events": 4}
        assert set(index.find(**both, before=AT + day, filters={"source": ["events"]})) == {"own", "former"}

    def test_a_very_long_value_keeps_nothing_from_being_found(self, index: IndexUnderTest) -> None:
        index.add(an_entry("long", channel="x" * 40_000, body="gangway"), an_entry("other"))
        assert index.find("gangway") == ["long"]

    def test_many_values_of_a_filter_are_alternatives_too(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", contact_ids=("con_7",)), an_entry("b", contact_ids=("con_x",)))
        assert index.find(contact_ids=tuple(f"con_{n}" for n in range(3_000))) == ["a"]

    def test_a_range_of_time_has_its_beginning_and_not_its_end(self, index: IndexUnderTest) -> None:
        second = timedelta(seconds=1)
        index.add(*(an_entry(str(n), occurred_at=AT + n * second) for n in range(4)))
        assert index.find(since=AT + second, before=AT + 3 * second, sort="oldest") == ["1", "2"]

    def test_a_month_is_one_of_london(self, index: IndexUnderTest) -> None:
        midnight = datetime(2014, 5, 31, 23, tzinfo=UTC)  # of the 1st of June
        second = timedelta(seconds=1)
        index.add(*(an_entry(str(n), occurred_at=midnight + n * second) for n in (-1, 0, 1)))
        assert index.find(with_values={"month": ["2014-06"]}, sort="oldest") == ["0", "1"]
        assert index.find(with_values={"month": ["2014-05", "2013-05"]}) == ["-1"]

    def test_times_before_1970_are_times(self, index: IndexUnderTest) -> None:
        years = (1900, 1969, 1970, 2014)
        index.add(*(an_entry(str(year), occurred_at=datetime(year, 1, 1, tzinfo=UTC)) for year in years))
        assert index.find(sort="oldest") == ["1900", "1969", "1970", "2014"]
        assert index.find(before=datetime(1969, 6, 1, tzinfo=UTC), sort="newest") == ["1969", "1900"]

    def test_of_each_group_of_contacts_somebody_has_to_take_part(self, index: IndexUnderTest) -> None:
        index.add(
            an_entry("a", contact_ids=("con_1", "con_2")),
            an_entry("b", contact_ids=("con_1",)),
            an_entry("c", contact_ids=("con_2", "con_3")),
        )
        assert set(index.find(taking_part=(("con_1", "con_3"),))) == {"a", "b", "c"}
        assert set(index.find(taking_part=(("con_1", "con_3"), ("con_2",)))) == {"a", "c"}
        assert set(index.find(contact_ids=("con_1",), taking_part=(("con_2",),))) == {"a"}
