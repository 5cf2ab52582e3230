"""Both engines give the same answers: ids in their order, totals, facets, snippets and places, whatever is asked."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from services.history.index.elastic import ElasticIndexes
from services.history.index.port import IndexReader, IndexWriter
from services.history.index.queries import EntryQuery, Member, NameQuery
from services.history.index.tantivy import TantivyReader, TantivyWriter
from services.history.records import ContactRecord, Entry, Folded
from shared.contracts.history import Reader
from tests.elastic.conftest import remove_all
from tests.history.index_contract import a_record, an_entry

pytestmark = pytest.mark.timeout(400)
SAID = (
    "flu clinic clinics vaccination vaccinated day centre parking parked park GP GP's O’Brien walk-in Zoë café the of "
    "to was waiting waited wait general generally A&E ünder straße 15 1990s co-op can't Ελλάδα"
)
NAMED = "Mary Maria Marsh Marshall Okafor Okoro Zoë O’Brien Featherstonehaugh Li Lee Leigh Ann Anne Annette Straße"
WORDS, NAMES = SAID.split(), NAMED.split()
TYPED = [
    *WORDS,
    *NAMES,
    "mar",
    "oka",
    "vacc",
    "clin",
    "gener",
    "marhs",
    "okafro",
    "fetherstone",
    "xyz",
    "?!",
    "fl",
    "general practice",
    "emergency department",
]
UNWANTED = ("flu", "day centre", "clinic parking", "waited", "?", "GP", "A&E")
AT = datetime(2019, 6, 1, tzinfo=UTC)
VALUES: dict[str, tuple[str, ...]] = {
    "kind": ("call", "email", "complaint"), "channel": ("phone", "web"), "topic": ("access", "parking", "food"),
    "locality": ("north", "south"), "group": ("carers", "mps"), "partner": ("St Agnes", "Council"),
    "source": ("events", "contacts"),
}  # fmt: skip
CONTACTS = ("con_1", "con_2", "con_3")


class Both(NamedTuple):
    """A reader of each engine over the same records."""

    tantivy: IndexReader
    elastic: IndexReader


def random_entry(chance: random.Random, number: int) -> Entry:
    def some(of: tuple[str, ...], most: int = 2) -> tuple[str, ...]:
        return tuple(chance.sample(of, chance.randint(0, most)))

    def maybe(of: tuple[str, ...]) -> str | None:
        return chance.choice((*of, None))

    def text(most: int) -> str:
        return " ".join(chance.choices(WORDS, k=chance.randint(0, most)))

    return an_entry(
        f"e{number}", title=text(4), body=text(30), names=tuple(text(2) for _ in range(chance.randint(0, 2))),
        topics=some(VALUES["topic"]), kind=chance.choice(VALUES["kind"]), channel=maybe(VALUES["channel"]),
        locality=maybe(VALUES["locality"]), groups=some(VALUES["group"]), partner=maybe(VALUES["partner"]),
        source=chance.choice(VALUES["source"]), contact_ids=some(CONTACTS), sensitive=chance.random() < 0.3,
        about=some(("cns_1", "sur_1")), occurred_at=AT + timedelta(days=chance.randint(-900, 900)),
    )  # fmt: skip


def random_contact(chance: random.Random, number: int) -> ContactRecord:
    name = " ".join(chance.choices(NAMES, k=chance.randint(1, 3)))
    return a_record(
        name, f"con_{number}", locality=chance.choice((*VALUES["locality"], None)),
        groups=tuple(chance.sample(VALUES["group"], chance.randint(0, 2))), withdrawn=chance.random() < 0.1,
        merged_into="con_0" if chance.random() < 0.1 else None,
        reported_by=tuple(chance.sample(VALUES["partner"], chance.randint(0, 1))),
    )  # fmt: skip


def fill(writer: IndexWriter) -> None:
    chance = random.Random(7)
    for number in range(400):
        contact = random_contact(chance, number) if number < 200 else None
        writer.put([Folded(random_entry(chance, number), contact)], number + 1)
    writer.commit()


@pytest.fixture(scope="module")
def both(client: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    directory: Path = tmp_path_factory.mktemp("alike")
    fill(TantivyWriter(directory / "tantivy"))
    prefix = f"test-alike-{random.randbytes(4).hex()}"
    indexes = ElasticIndexes(client, prefix, directory / "search")
    fill(indexes.writer("v1"))
    yield Both(TantivyReader(directory / "tantivy"), indexes.reader("v1"))
    remove_all(client, prefix)


def _clause() -> st.SearchStrategy[str]:
    words = st.sampled_from(TYPED)
    return words | st.lists(words, min_size=1, max_size=3).map(lambda each: '"' + " ".join(each) + '"')


named = st.dictionaries(
    st.sampled_from([("flu", "clinic"), ("day", "centre"), ("mary", "marsh")]), st.sampled_from([("con_1",), CONTACTS])
)
queries = st.lists(_clause(), max_size=4).map(" ".join)
moments = st.none() | st.integers(-900, 900).map(lambda days: AT + timedelta(days=days))
pairs = st.sampled_from(sorted(VALUES)).flatmap(
    lambda name: st.tuples(st.just(name), st.lists(st.sampled_from(VALUES[name]), max_size=2, unique=True))
)
filters = st.lists(pairs, max_size=2).map(dict)
some_contacts = st.lists(st.sampled_from(CONTACTS), max_size=2, unique=True).map(tuple)
members = st.lists(
    st.builds(
        Member,
        contact_ids=st.sampled_from([("con_1",), ("con_2", "con_3")]),
        sources=st.just(("events",)),
        since=moments,
        before=moments,
    ),
    max_size=2,
).map(tuple)
searches = st.builds(
    EntryQuery,
    q=queries, need=st.sampled_from(["all", "telling", "most"]), named=named, prefix=st.booleans(), filters=filters,
    contact_ids=some_contacts, members=members,
    without=st.lists(st.sampled_from(UNWANTED), max_size=2).map(tuple),
    with_values=st.just({}) | filters, without_values=st.just({}) | filters,
    taking_part=st.lists(st.sampled_from([("con_1",), ("con_1", "con_2")]), max_size=1).map(tuple),
    about=st.sampled_from([(), (), ("cns_1",), ("cns_1", "sur_1")]), since=moments, before=moments,
    sort=st.sampled_from(["relevance", "newest", "oldest"]), limit=st.integers(1, 30), facets=st.booleans(),
    alternatives=st.booleans(),
    reader=st.builds(Reader, sensitive=st.booleans(), partner=st.sampled_from([None, None, "Council"])),
)  # fmt: skip
lookups = st.builds(
    NameQuery,
    q=queries, limit=st.integers(1, 30), partner=st.sampled_from([None, None, "Council"]),
    filters=st.fixed_dictionaries({}, optional={"locality": st.just(["north"]), "group": st.just(["mps", "carers"])}),
)  # fmt: skip
thorough = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@thorough
@given(query=searches)
def test_a_search_finds_the_same(both: Both, query: EntryQuery) -> None:
    expected, found = both.tantivy.search(query), both.elastic.search(query)
    event("something" if expected.total else "nothing")
    assert found == expected
    if expected.next is not None:
        follows = replace(query, after=expected.next)
        assert both.elastic.search(follows) == both.tantivy.search(follows)


@thorough
@given(query=lookups)
def test_a_look_up_by_name_finds_the_same(both: Both, query: NameQuery) -> None:
    expected, found = both.tantivy.find_contacts(query), both.elastic.find_contacts(query)
    assert found == expected
    if expected.next is not None:
        follows = replace(query, after=expected.next)
        assert both.elastic.find_contacts(follows) == both.tantivy.find_contacts(follows)


@pytest.mark.parametrize("reader", [Reader(), Reader(sensitive=True), Reader(partner="Council")])
@settings(parent=thorough, max_examples=60)
@given(query=searches)
def test_nobody_finds_or_counts_what_they_may_not_see(both: Both, reader: Reader, query: EntryQuery) -> None:
    """The same as if what is restricted were not there at all, by the record and not by the engine's word."""
    asked = replace(query, reader=reader, limit=500, after=None)
    page = both.elastic.search(asked)
    seen = [entry for entry, _ in page.hits]
    assert page.total == len(seen)
    assert all(reader.sensitive or not each.sensitive for each in seen)
    assert all(reader.partner in (None, each.partner) for each in seen)
    if not query.alternatives:
        assert sum(count for _, count in page.facets.get("kind", [])) == (page.total if query.facets else 0)


@settings(parent=thorough, max_examples=40)
@given(pairs=st.lists(st.tuples(*[st.sampled_from([each.lower() for each in NAMES])] * 2), min_size=1, max_size=4))
def test_namesakes_are_the_same(both: Both, pairs: list[tuple[str, str]]) -> None:
    assert both.elastic.namesakes(pairs, 5) == both.tantivy.namesakes(pairs, 5)


def test_both_hold_the_same_records(both: Both) -> None:
    entries = {each.id: each for each in both.tantivy.entries()}
    assert {each.id: each for each in both.elastic.entries()} == entries
    contacts = sorted(both.tantivy.all_contacts(), key=lambda each: each.id)
    assert sorted(both.elastic.all_contacts(), key=lambda each: each.id) == contacts
    assert both.elastic.counts() == both.tantivy.counts() == (400, 200)
