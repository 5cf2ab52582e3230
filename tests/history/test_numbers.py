"""Keys of order as numbers: they sort as the keys do, and where they are equal pages go by the keys."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from services.history.index.numbers import least_number, name_number, time_number
from services.history.index.queries import EntryQuery, NameQuery, Place
from services.history.index.tantivy import TantivyReader, TantivyWriter
from services.history.index.words import entry_key, fold_name, name_key
from tests.history.index_contract.under_test import AT, IndexUnderTest, a_record, an_entry

NAMES = st.text(st.sampled_from("aaabelnz0 9'éßяЯ漢"), max_size=60) | st.text(max_size=60)
SECONDS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)).map(
    lambda each: each.replace(microsecond=0)
)
TIMES = st.builds(lambda second, fraction: second + timedelta(microseconds=fraction), SECONDS, st.integers(0, 3))
ALIKE = ["Featherstonehaugh Bartholomew", "Featherstonehaugh Bartholomea", "Ann", "Anna", "Яна", "Яков", ""]


@given(NAMES, NAMES)
def test_the_numbers_of_names_sort_as_their_keys_do(one: str, other: str) -> None:
    (first, number), (second, greater) = sorted(
        (name_key(each, ""), name_number(fold_name(each))) for each in (one, other)
    )
    assert number <= greater
    assert first <= second


def test_names_that_part_in_their_first_letters_have_different_numbers() -> None:
    names = ["margaret smi", "margaret smit", "margaret smith", "margaret smyth", "zz", "zzz", "", "0", "1"]
    assert len({name_number(each) for each in names}) == len(names)


@given(st.lists(TIMES, min_size=2, max_size=2), st.lists(st.text(), min_size=2, max_size=2))
def test_the_numbers_of_times_sort_as_their_keys_do(times: list[datetime], ids: list[str]) -> None:
    lower, upper = sorted(map(entry_key, times, ids))
    assert 0 <= time_number(lower) <= time_number(upper) < 1 << 63


@given(
    st.sampled_from([AT, AT + timedelta(microseconds=1)]),
    st.sampled_from([AT, AT + timedelta(microseconds=1)]),
    st.text(),
)
def test_the_least_number_of_a_time_parts_what_is_before_from_what_is_not(
    time: datetime, limit: datetime, id: str
) -> None:
    assert (time_number(entry_key(time, id)) >= least_number(limit)) == (time >= limit)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(ALIKE), min_size=1, max_size=80), st.integers(1, 30))
def test_pages_of_names_that_are_alike_lose_and_repeat_nobody(names: list[str], limit: int) -> None:
    people = [a_record(name, id=f"con_{number}") for number, name in enumerate(names)]
    expected = [each.id for each in sorted(people, key=lambda each: name_key(each.name, each.id))]
    with TemporaryDirectory() as folder:
        index = _index(Path(folder))
        for part in (people[::2], people[1::2]):  # in two segments
            index.add(*part)

        def page(after: Place | None) -> tuple[list[str], Place | None]:
            found = index.reader.find_contacts(NameQuery(limit=limit, after=after))
            return [each.id for each in found.contacts], found.next

        assert _walked(page) == expected


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30), st.sampled_from(["newest", "oldest"]))
def test_pages_of_entries_of_one_time_lose_and_repeat_none(seed: int, limit: int, sort: str) -> None:
    chance = random.Random(seed)
    times = [AT + timedelta(microseconds=1), AT, AT + timedelta(microseconds=7)]
    entries = [an_entry(f"eng_{seed}_{number}", occurred_at=chance.choice(times)) for number in range(400)]
    ordered = sorted(entries, key=lambda each: entry_key(each.occurred_at, each.id), reverse=sort == "newest")
    with TemporaryDirectory() as folder:
        index = _index(Path(folder))
        for part in (entries[:100], entries[100:]):
            index.add(*part)

        def page(after: Place | None) -> tuple[list[str], Place | None]:
            found = index.reader.search(EntryQuery(sort=sort, limit=limit, after=after))
            return [each.id for each, _ in found.hits], found.next

        assert _walked(page) == [each.id for each in ordered]


def _index(path: Path) -> IndexUnderTest:
    return IndexUnderTest(TantivyWriter(path), lambda: TantivyReader(path))


def _walked(page: Callable[[Place | None], tuple[Sequence[str], Place | None]]) -> list[str]:
    seen: list[str] = []
    after: Place | None = None
    while True:
        ids, after = page(after)
        seen += ids
        if after is None:
            return seen
