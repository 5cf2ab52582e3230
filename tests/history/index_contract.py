"""What every adapter of the index port does: one suite, run on each of them.

An adapter's test module makes a class of `IndexContract` with a fixture `index` that yields an empty `IndexUnderTest`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.history.index.port import EntryQuery, IndexReader, IndexWriter, Member, NameQuery, Place
from services.history.records import ContactRecord, Entry, Folded
from shared.contracts.history import Reader

AT = datetime(2014, 1, 15, 10, 30, tzinfo=UTC)


def an_entry(id: str = "eng_1", **fields: Any) -> Entry:
    defaults: dict[str, Any] = {
        "id": id,
        "version": 1,
        "source": "events",
        "kind": "conversation",
        "title": "Parking at the clinic",
        "sentence": "Staff logged a conversation: Parking at the clinic",
        "occurred_at": AT,
        "recorded_at": AT,
    }
    return Entry(**(defaults | fields))


def a_record(name: str, id: str = "", **fields: Any) -> ContactRecord:
    return ContactRecord(id=id or f"con_{name}", name=name, **({"version": 1, "kind": "person"} | fields))


@dataclass
class IndexUnderTest:
    """A writer and a reader of one index, as two processes would have them."""

    writer: IndexWriter
    reader_of: Callable[[], IndexReader]
    position: int = 0
    _reader: list[IndexReader] = field(default_factory=list)

    @property
    def reader(self) -> IndexReader:
        if not self._reader:
            self._reader.append(self.reader_of())
        return self._reader[0]

    def add(self, *records: Entry | ContactRecord) -> None:
        # A contact never comes alone: its event is an entry as well.
        entries = [each for each in records if isinstance(each, Entry)]
        contacts = [each for each in records if isinstance(each, ContactRecord)]
        carriers = [an_entry(f"carrier_{each.id}", title="", kind="contact_registered") for each in contacts]
        folded = [Folded(each) for each in entries]
        folded += [Folded(entry, contact) for entry, contact in zip(carriers, contacts, strict=True)]
        self.position += len(folded)
        self.writer.put(folded, self.position)
        self.writer.commit()

    def find(self, q: str = "", **query: Any) -> list[str]:
        return [entry.id for entry, _ in self.reader.search(EntryQuery(q=q, **query)).hits]

    def total(self, q: str = "", **query: Any) -> int:
        return self.reader.search(EntryQuery(q=q, **query)).total

    def facet(self, name: str, **query: Any) -> dict[str, int]:
        return dict(self.reader.search(EntryQuery(facets=True, alternatives=True, **query)).facets[name])

    def snippet(self, q: str) -> str:
        ((_, snippet),) = self.reader.search(EntryQuery(q=q)).hits
        return snippet

    def walk(self, page: int, **query: Any) -> list[str]:
        """The ids of every page, by the cursor of the page before."""
        seen: list[str] = []
        after: Place | None = None
        while True:
            found = self.reader.search(EntryQuery(limit=page, after=after, **query))
            seen += [entry.id for entry, _ in found.hits]
            if (after := found.next) is None:
                return seen

    def names(self, q: str = "", **query: Any) -> list[str]:
        return [each.name for each in self.reader.find_contacts(NameQuery(q=q, **query)).contacts]


ODD_QUERIES = [
    '"flu', 'flu"', '"', '""', "flu AND", "OR", "NOT flu", "title:flu", "fl*", "[a TO b]", "{", "flu^2", "flu~",
    "(flu", "flu)", "\\", "/flu/", "+flu -jab", "\x00", "‏flu‎", "'", "a" * 500, '" " "', "🙂", "flu:", "<b>",
]  # fmt: skip


class IndexContract:
    """Run on every adapter."""

    # -- words ------------------------------------------------------------------------------------

    def test_an_empty_query_finds_everything(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a"), an_entry("b"))
        assert index.total("") == index.total("  ") == 2

    def test_words_that_mean_the_same_are_found_by_each_other(self, index: IndexUnderTest) -> None:
        index.add(
            an_entry("a", title="A long wait at A&E"),
            an_entry("b", title="The emergency department was full"),
            an_entry("c", title="The department of an emergency planner"),
            an_entry("d", title="Waiting", body="My family doctor sent me to the emergency departments."),
            an_entry("e", title="My GP rang"),
        )
        assert set(index.find("A&E")) == set(index.find('"A&E"')) == {"a", "b", "d"}
        assert set(index.find('"emergency department"')) == {"a", "b", "d"}
        assert set(index.find("emergency department")) == {"a", "b", "c", "d"}
        assert set(index.find("general practice")) == {"d", "e"}
        assert index.find("gp a&e") == ["d"]
        assert index.facet("kind", q="family doctor") == {"conversation": 2}
        assert index.find("wait emergency department", sort="newest", prefix=True) != []

    def test_words_phrases_and_values_that_must_not_occur_take_entries_away(self, index: IndexUnderTest) -> None:
        index.add(
            an_entry("a", title="Parking at the day centre", kind="call", topics=("Parking", "Buses")),
            an_entry("b", title="Parking in town", kind="complaint", topics=("Parking",)),
            an_entry("c", title="The centre by day", kind="call"),
        )
        assert set(index.find(without=("parked",))) == {"c"}
        assert set(index.find("centre", without=("day centre",))) == {"c"}
        assert set(index.find(without=("day centre", "town"))) == {"c"}
        assert set(index.find("parking", without_values={"topic": ["Buses", "Trains"]})) == {"b"}
        assert index.find(without_values={"kind": ["call"]}, filters={"kind": ["call"]}) == []
        assert set(index.find(without=("?",))) == {"a", "b", "c"}
        assert index.facet("kind", q="parking", without=("town",)) == {"call": 1}

    def test_facets_count_within_values_that_are_required_beside_the_filters(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", kind="call"), an_entry("b", kind="complaint"), an_entry("c", kind="visit"))
        required = {"with_values": {"kind": ["call", "complaint"]}}
        assert set(index.find(**required)) == {"a", "b"}
        assert index.find(filters={"kind": ["call", "visit"]}, **required) == ["a"]
        assert index.facet("kind", filters={"kind": ["call"]}, **required) == {"call": 1, "complaint": 1}

    def test_of_each_group_of_contacts_somebody_has_to_take_part(self, index: IndexUnderTest) -> None:
        index.add(
            an_entry("a", contact_ids=("con_1", "con_2")),
            an_entry("b", contact_ids=("con_1",)),
            an_entry("c", contact_ids=("con_2", "con_3")),
        )
        assert set(index.find(taking_part=(("con_1", "con_3"),))) == {"a", "b", "c"}
        assert set(index.find(taking_part=(("con_1", "con_3"), ("con_2",)))) == {"a", "c"}
        assert set(index.find(contact_ids=("con_1",), taking_part=(("con_2",),))) == {"a"}

    def test_an_empty_index_answers(self, index: IndexUnderTest) -> None:
        assert (index.find(), index.total("flu"), index.names("ann")) == ([], 0, [])
        assert index.reader.counts() == (0, 0)
        assert index.reader.latest() is None

    def test_what_was_redacted_replaces_the_same_version_and_no_newer_one(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", title="Of Mary"), an_entry("b", title="Of Mary", version=2))
        index.writer.put_again([Folded(an_entry("a", title="Of somebody")), Folded(an_entry("b", title="Older"))])
        index.writer.commit()
        assert (index.find("mary"), index.find("somebody"), index.total()) == (["b"], ["a"], 2)

    def test_all_words_are_required_in_any_order(self, index: IndexUnderTest) -> None:
        index.add(an_entry("both", body="The bus stop near the surgery"), an_entry("one", body="The bus was late"))
        assert index.find("surgery bus") == ["both"]

    def test_words_are_found_in_title_body_names_and_topics(self, index: IndexUnderTest) -> None:
        index.add(
            an_entry("title", title="Podiatry appointments"),
            an_entry("body", body="She asked about podiatry."),
            an_entry("names", names=("Podiatry Users Group",)),
            an_entry("topics", topics=("podiatry",)),
            an_entry("other"),
        )
        assert set(index.find("podiatry")) == {"title", "body", "names", "topics"}

    def test_words_may_stand_in_different_parts(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", title="Flu jabs", body="at the day centre", names=("Mary Okafor",)))
        assert index.find("okafor flu centre") == ["a"]

    def test_words_are_stemmed(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="Vaccinations were postponed"))
        assert index.find("vaccination postpone") == ["a"]

    def test_case_and_accents_do_not_matter(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="Zoë visited the CAFÉ"))
        assert index.find("zoe café") == index.find("ZOË cafe") == ["a"]

    def test_a_phrase_is_found_as_it_stands(self, index: IndexUnderTest) -> None:
        index.add(an_entry("phrase", body="the day centre closed"), an_entry("words", body="centre open each day"))
        assert index.find('"day centre"') == ["phrase"]
        assert set(index.find("day centre")) == {"phrase", "words"}

    def test_a_phrase_goes_with_words(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="the day centre closed early"), an_entry("b", body="the day centre was full"))
        assert index.find('closed "day centre"') == ["a"]

    def test_a_phrase_does_not_run_from_one_part_into_the_next(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", title="About the flu", body="clinic closed"))
        assert index.find('"flu clinic"') == []

    def test_a_word_with_a_hyphen_or_an_apostrophe_is_found_as_written(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="Mrs O'Brien used the walk-in centre"), an_entry("b", body="walk on, come in"))
        assert index.find("O'Brien") == index.find("walk-in") == ["a"]

    def test_no_query_is_an_error(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="flu"), a_record("Flu Ann"))
        for q in ODD_QUERIES:
            assert index.total(q) in (0, 1, 2), q
            assert index.total(q, prefix=True) in (0, 1, 2), q
            assert len(index.names(q)) in (0, 1), q

    def test_an_open_quote_runs_to_the_end(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="the day centre"), an_entry("b", body="centre by day"))
        assert index.find('"day centre') == ["a"]

    def test_punctuation_alone_finds_nothing_and_quotes_alone_everything(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a"))
        assert (index.total("?!"), index.total('""'), index.total('"')) == (0, 1, 1)

    def test_a_body_of_100_000_characters_is_found_by_its_last_word(self, index: IndexUnderTest) -> None:
        index.add(an_entry("long", body="waiting " * 12_499 + "gangway"))
        assert index.find("gangway") == ["long"]
        assert "<mark>gangway</mark>" in index.snippet("gangway")

    def test_a_body_without_a_space_is_no_error(self, index: IndexUnderTest) -> None:
        index.add(an_entry("long", body="x" * 100_000))
        assert index.find("parking") == ["long"]

    def test_no_phrase_runs_across_what_is_too_long_to_be_a_word(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", title="Call", body="flu " + "x" * 300 + " clinic"), an_entry("b", body="flu clinic"))
        assert index.find('"flu clinic"') == ["b"]
        assert set(index.find("flu clinic")) == {"a", "b"}

    def test_a_phrase_of_one_topic_or_name_is_found(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", topics=("patient transport", "parking")), an_entry("b", names=("Transport Parking",)))
        assert index.find('"patient transport"') == ["a"]
        assert index.find('"transport parking"') == ["b"]

    def test_other_scripts_are_words_too(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="Здравствуйте, 你好 নমস্কার"), an_entry("b", body="hello"))
        assert index.find("здравствуйте") == index.find("你好") == ["a"]

    # -- beginnings of words ----------------------------------------------------------------------

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

    # -- filters ----------------------------------------------------------------------------------

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

    def test_times_before_1970_are_times(self, index: IndexUnderTest) -> None:
        years = (1900, 1969, 1970, 2014)
        index.add(*(an_entry(str(year), occurred_at=datetime(year, 1, 1, tzinfo=UTC)) for year in years))
        assert index.find(sort="oldest") == ["1900", "1969", "1970", "2014"]
        assert index.find(before=datetime(1969, 6, 1, tzinfo=UTC), sort="newest") == ["1969", "1900"]

    # -- who may see it ---------------------------------------------------------------------------

    def test_a_reader_without_the_right_never_meets_sensitive_entries(self, index: IndexUnderTest) -> None:
        index.add(an_entry("open", body="flu"), an_entry("closed", body="flu", sensitive=True, topics=("secret",)))
        reader = Reader(sensitive=False)
        assert (index.find("flu", reader=reader), index.total("flu", reader=reader)) == (["open"], 1)
        assert index.facet("topic", reader=reader) == {}
        assert index.reader.entry("closed", reader) is None

    def test_a_partner_meets_its_own_entries_only(self, index: IndexUnderTest) -> None:
        index.add(an_entry("ours", partner="St Agnes"), an_entry("theirs", partner="Council"), an_entry("staff"))
        reader = Reader(partner="St Agnes")
        assert (index.find(reader=reader), index.total(reader=reader)) == (["ours"], 1)
        assert index.facet("partner", reader=reader) == {"St Agnes": 1}
        assert index.reader.entry("theirs", reader) is None
        assert index.find(filters={"partner": ["Council"]}, reader=reader) == []

    def test_an_entry_by_its_id(self, index: IndexUnderTest) -> None:
        entry = an_entry("eng_9", topics=("access",), links=(("https://example.org", None),), mentions=("A neighbour",))
        index.add(entry)
        assert index.reader.entry("eng_9", Reader()) == entry
        assert index.reader.entry("eng_8", Reader()) is None

    # -- totals, facets, snippets -----------------------------------------------------------------

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

    def test_facets_are_left_out_unless_asked_for(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a"))
        assert index.reader.search(EntryQuery()).facets == {}

    def test_months_are_local_and_the_newest_first(self, index: IndexUnderTest) -> None:
        index.add(an_entry("june", occurred_at=datetime(2014, 5, 31, 23, 30, tzinfo=UTC)), an_entry("january"))
        months = index.reader.search(EntryQuery(facets=True)).facets["month"]
        assert months == [("2014-06", 1), ("2014-01", 1)]

    def test_a_snippet_marks_the_words_of_the_query(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="She asked when the vaccinations begin."))
        assert index.snippet("vaccination") == "She asked when the <mark>vaccinations</mark> begin."

    def test_a_snippet_is_escaped(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body='<script>alert("flu & cold")</script>'))
        snippet = index.snippet("flu")
        assert snippet == "&lt;script&gt;alert(&quot;<mark>flu</mark> &amp; cold&quot;)&lt;/script&gt;"

    def test_a_snippet_without_a_match_in_the_body_is_how_it_begins(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", title="Flu", body="It was <late>. " * 100))
        snippet = index.snippet("flu")
        assert snippet.startswith("It was &lt;late&gt;.")
        assert len(snippet) < 600

    def test_a_snippet_of_a_long_text_is_short_and_holds_the_match(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="before " * 300 + "the podiatrist came " + "after " * 300))
        snippet = index.snippet("podiatrist")
        assert "<mark>podiatrist</mark>" in snippet
        assert snippet.startswith("… ")
        assert snippet.endswith(" …")
        assert len(snippet) < 400

    def test_a_snippet_keeps_bidirectional_marks(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="called \u202bשלום\u202c about flu"))
        assert index.snippet("flu") == "called \u202bשלום\u202c about <mark>flu</mark>"

    def test_marks_are_the_only_tags(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="<mark>flu</mark> <b>flu</b>"))
        assert set(re.findall(r"<[^>]*>", index.snippet("flu"))) == {"<mark>", "</mark>"}

    # -- order and cursors ------------------------------------------------------------------------

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
            an_entry("title, new", title="Permits for parking", occurred_at=later),
        )
        assert index.find("parking permits") == ["title, new", "title, old", "body"]

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

    # -- writing ----------------------------------------------------------------------------------

    def test_an_entry_is_replaced_by_a_newer_version(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="flu"))
        index.add(an_entry("a", version=2, body="cold"))
        assert (index.find("flu"), index.find("cold"), index.total()) == ([], ["a"], 1)

    def test_an_older_version_never_overwrites_a_newer_one(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", version=2, body="cold"))
        index.add(an_entry("a", version=1, body="flu"))
        assert (index.find("flu"), index.find("cold"), index.total()) == ([], ["a"], 1)

    @pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
    def test_of_one_batch_the_newest_version_stands(self, index: IndexUnderTest, order: Sequence[int]) -> None:
        index.add(*(an_entry("a", version=n, body=f"word{n}") for n in order))
        assert index.find("word3") == ["a"]
        assert index.total() == 1

    def test_versions_count_before_a_commit_as_well(self, index: IndexUnderTest) -> None:
        index.writer.put([Folded(an_entry("a", version=2, body="cold"))], 1)
        index.writer.put([Folded(an_entry("a", version=1, body="flu")), Folded(an_entry("b"))], 2)
        index.writer.put([Folded(an_entry("b", version=2, body="cold"))], 3)
        index.writer.commit()
        assert (set(index.find("cold")), index.total("flu"), index.total()) == ({"a", "b"}, 0, 2)

    def test_versions_may_be_below_zero(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", version=-2, body="planned"))
        index.add(an_entry("a", version=-1, body="moved"))
        index.add(an_entry("a", version=-2, body="planned"))
        assert (index.find("moved"), index.total()) == (["a"], 1)
        index.add(an_entry("a", version=1, body="held"))
        assert (index.find("held"), index.total()) == (["a"], 1)

    def test_what_is_redacted_before_a_commit_stands_so_afterwards(self, index: IndexUnderTest) -> None:
        index.writer.put([Folded(an_entry("a", title="Of Mary")), Folded(an_entry("b", title="Of Mary"))], 2)
        index.writer.put_again([Folded(an_entry("a", title="Of somebody"))])
        index.writer.put([Folded(an_entry("a", title="Of Mary"))], 3)
        index.writer.commit()
        assert (index.find("mary"), index.find("somebody")) == (["b"], ["a"])

    def test_a_commit_takes_more_than_a_window(self, index: IndexUnderTest) -> None:
        index.add(*(an_entry(f"e{n}", body="long " * 40) for n in range(5_000)))
        assert (index.total("long"), index.reader.counts()) == (5_000, (5_000, 0))

    def test_commits_without_anything_new_change_nothing(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a"))
        index.writer.put([], 7)
        index.writer.commit()
        index.writer.commit()
        assert (index.find(), index.writer.position) == (["a"], 7)

    def test_the_same_again_changes_nothing(self, index: IndexUnderTest) -> None:
        entries = [an_entry(str(n)) for n in range(3)]
        index.add(*entries)
        index.add(*entries)
        assert index.total() == 3

    def test_what_is_not_committed_is_not_seen(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a"))
        assert index.total() == 1
        index.writer.put([Folded(an_entry("b"))], 9)
        assert index.total() == 1
        index.writer.commit()
        assert index.total() == 2

    def test_everything_stored_comes_back_as_it_went_in(self, index: IndexUnderTest) -> None:
        whole = an_entry(
            "whole", version=3, body="Text\n‏", topics=("b", "a"), sensitive=True, corrected=True, sentiment="mixed",
            occurred_at=datetime(1900, 1, 1, 0, 0, 0, 1, tzinfo=UTC), contact_ids=("c2", "c1"), names=("Ann",),
        )  # fmt: skip
        contact = a_record("Ann", locality="north", practice="Abbey Lane", groups=("carers",), reported_by=("Council",))
        index.add(whole, *(an_entry(f"e{n:04}") for n in range(1_200)), contact)
        entries = {each.id: each for each in index.reader.entries()}
        assert len(entries) == 1_202
        assert entries["whole"] == whole
        assert list(index.reader.all_contacts()) == [contact]

    def test_counts_and_the_latest_entry(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a"), a_record("Ann"))
        index.add(an_entry("b", occurred_at=AT - timedelta(days=9)))
        assert index.reader.counts() == (3, 1)
        latest = index.reader.latest()
        assert latest is not None
        assert latest.id == "b"

    # -- names ------------------------------------------------------------------------------------

    def test_every_word_of_a_name_may_be_a_beginning(self, index: IndexUnderTest) -> None:
        index.add(a_record("Mary Okafor"), a_record("Martin Okoro"), a_record("Mary Smith"))
        assert index.names("ma ok") == ["Martin Okoro", "Mary Okafor"]
        assert index.names("oka mar") == ["Mary Okafor"]

    def test_three_letters_find_a_name(self, index: IndexUnderTest) -> None:
        index.add(a_record("Mary Okafor"), a_record("Peter Jones"))
        assert index.names("oka") == ["Mary Okafor"]

    def test_accents_and_case_do_not_matter_in_names(self, index: IndexUnderTest) -> None:
        index.add(a_record("Zoë Brönte"), a_record("José Núñez"))
        assert index.names("zoe bronte") == index.names("ZOË") == ["Zoë Brönte"]
        assert index.names("nunez") == ["José Núñez"]

    def test_typos_are_forgiven_by_the_length_of_the_word(self, index: IndexUnderTest) -> None:
        index.add(a_record("Ann Okafor"), a_record("Guy Featherstonehaugh"), a_record("Bo Att"))
        for one_typo in ("okafro", "okafr", "pkafor"):
            assert index.names(one_typo) == ["Ann Okafor"], one_typo
        for two_typos_in_a_long_word in ("featherstnehagh", "fetherstnehaugh"):
            assert index.names(two_typos_in_a_long_word) == ["Guy Featherstonehaugh"]
        assert index.names("ojaffo") == []  # two typos in six letters
        assert index.names("ott") == []  # one in three

    def test_letters_that_changed_places_are_one_typo(self, index: IndexUnderTest) -> None:
        index.add(a_record("Ann Marsh"))
        assert index.names("masrh") == ["Ann Marsh"]
        assert index.names("amrsh") == ["Ann Marsh"]

    def test_typos_are_forgiven_in_a_beginning_as_well(self, index: IndexUnderTest) -> None:
        index.add(a_record("Guy Featherstonehaugh"), a_record("Ann Li"))
        assert index.names("faeth") == index.names("fethers") == ["Guy Featherstonehaugh"]

    def test_however_many_names_are_alike_all_are_found(self, index: IndexUnderTest) -> None:
        letters = "abcdefghijklmnopqrstuvwxyz"
        index.add(*(a_record(f"M{a}rs{b}") for a in letters for b in letters[:10]))
        assert index.reader.find_contacts(NameQuery(q="mars")).total == 260
        assert index.reader.find_contacts(NameQuery(q="marsh")).total == 26 + 10 - 1

    def test_a_word_twice_is_a_word_once(self, index: IndexUnderTest) -> None:
        index.add(a_record("Ann Ann"), a_record("Ann Lee"))
        assert index.names("ann ann") == ["Ann Ann", "Ann Lee"]

    def test_exact_names_come_first_then_beginnings_then_typos(self, index: IndexUnderTest) -> None:
        index.add(a_record("Ann Marsh"), a_record("Bob Marshall"), a_record("Cat March"))
        assert index.names("marsh") == ["Ann Marsh", "Bob Marshall", "Cat March"]

    def test_organisations_are_found_by_name(self, index: IndexUnderTest) -> None:
        index.add(a_record("St Agnes Hospital", kind="organisation"), a_record("Agnes Brown"))
        assert index.names("agnes hosp") == ["St Agnes Hospital"]

    def test_names_with_apostrophes_and_hyphens(self, index: IndexUnderTest) -> None:
        index.add(a_record("Siobhán O’Brien-Lee"))
        assert index.names("o'brien") == index.names("brien lee") == ["Siobhán O’Brien-Lee"]

    def test_without_a_query_all_contacts_by_name(self, index: IndexUnderTest) -> None:
        index.add(a_record("Zed"), a_record("ann"), a_record("Åke"), a_record("Bob Z"), a_record("Bob A"))
        assert index.names() == ["Åke", "ann", "Bob A", "Bob Z", "Zed"]

    @pytest.mark.parametrize("q", ["", "ann"])
    def test_a_walk_over_names_meets_everyone_once_also_with_equal_names(self, index: IndexUnderTest, q: str) -> None:
        index.add(*(a_record("Ann Lee" if n % 2 else "Anne Li", id=f"con_{n}") for n in range(17)))
        seen: list[str] = []
        after: Place | None = None
        while True:
            page = index.reader.find_contacts(NameQuery(q=q, limit=5, after=after))
            assert page.total == 17
            seen += [each.id for each in page.contacts]
            if (after := page.next) is None:
                break
        assert sorted(seen) == sorted(f"con_{n}" for n in range(17))

    def test_the_cursor_of_names_holds_no_name(self, index: IndexUnderTest) -> None:
        index.add(a_record("Ann", id="con_1"), a_record("Bob", id="con_2"))
        assert index.reader.find_contacts(NameQuery(limit=1)).next == Place(0, "con_1")

    def test_contacts_are_filtered(self, index: IndexUnderTest) -> None:
        index.add(a_record("Ann A", locality="north", groups=("carers", "mps")), a_record("Ann B", locality="south"))
        assert index.names("ann", filters={"locality": ["north"]}) == ["Ann A"]
        assert index.names(filters={"group": ["mps", "media"]}) == ["Ann A"]

    def test_a_partner_finds_the_contacts_it_has_named(self, index: IndexUnderTest) -> None:
        index.add(a_record("Ann A", reported_by=("St Agnes", "Council")), a_record("Ann B"))
        page = index.reader.find_contacts(NameQuery(q="ann", partner="Council"))
        assert ([each.name for each in page.contacts], page.total) == (["Ann A"], 1)

    def test_a_contact_that_was_taken_back_is_named_and_not_found(self, index: IndexUnderTest) -> None:
        index.add(a_record("Ann Lee", id="con_1"), a_record("Ann Moss", id="con_2"))
        index.add(a_record("Ann Lee", id="con_1", version=2, withdrawn=True))
        assert index.names("ann") == ["Ann Moss"]
        assert index.reader.contacts(["con_1"])["con_1"].name == "Ann Lee"

    def test_a_new_name_takes_the_place_of_the_old(self, index: IndexUnderTest) -> None:
        ann = a_record("Ann Leigh", id="con_1")
        index.add(ann)
        index.add(replace(ann, version=2, name="Ann Lee"))
        index.add(ann)
        assert (index.names("leigh"), index.names("lee")) == ([], ["Ann Lee"])

    def test_a_contact_that_was_merged_is_named_and_not_found(self, index: IndexUnderTest) -> None:
        index.add(a_record("Ann Lee", id="con_1", merged_into="con_2"), a_record("Ann Lee", id="con_2"))
        assert index.reader.find_contacts(NameQuery(q="ann")).total == 1
        assert index.reader.contacts(["con_1"])["con_1"].merged_into == "con_2"

    def test_many_contacts_by_their_ids(self, index: IndexUnderTest) -> None:
        index.add(*(a_record(f"Ann {n}", id=f"con_{n}") for n in range(40)))
        found = index.reader.contacts([f"con_{n}" for n in range(2_500)])
        assert len(found) == 40

    def test_contacts_by_their_ids(self, index: IndexUnderTest) -> None:
        ann, bob = a_record("Ann", id="con_1"), a_record("Bob", id="con_2")
        index.add(ann, bob, an_entry("con_3"))
        assert index.reader.contacts(["con_2", "con_3", "con_1"]) == {"con_1": ann, "con_2": bob}
        assert index.reader.contacts([]) == {}
