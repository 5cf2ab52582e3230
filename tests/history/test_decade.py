"""The generated decade: events as the contracts write them, the same from the same seed, skewed as a county is."""

from collections import Counter

import pytest

from bench.decade import contact_id, decade
from services.history.log import to_envelope
from services.history.timeline import fold

CONTACTS, ENTRIES = 300, 4_000


@pytest.fixture(scope="module")
def events() -> list[dict[str, object]]:
    return list(decade(CONTACTS, ENTRIES))


def test_every_event_is_what_the_contracts_write(events: list[dict[str, object]]) -> None:
    for each in events:
        assert to_envelope(each).content == each


def test_there_are_as_many_entries_and_contacts_as_were_asked_for(events: list[dict[str, object]]) -> None:
    folded = [fold(to_envelope(each)) for each in events]
    assert len({each.entry.id for each in folded if each.entry}) == ENTRIES
    assert len({each.contact.id for each in folded if each.contact}) == CONTACTS
    assert len({each["id"] for each in events}) == len(events) > ENTRIES  # some are corrections


def test_the_same_seed_gives_the_same_events_and_another_one_others(events: list[dict[str, object]]) -> None:
    assert list(decade(CONTACTS, ENTRIES)) == events
    assert list(decade(CONTACTS, ENTRIES, seed=2)) != events


def test_a_few_contacts_have_many_entries_and_most_have_a_few(events: list[dict[str, object]]) -> None:
    said = Counter(each for event in events if (entry := fold(to_envelope(event)).entry) for each in entry.contact_ids)
    of_all = sorted(said.values())
    assert said[contact_id(0)] > 10 * of_all[len(of_all) // 2]
    assert len(said) == CONTACTS


def test_it_lasts_ten_years_and_has_every_kind_of_event(events: list[dict[str, object]]) -> None:
    years = {str(each["time"])[:4] for each in events}
    assert years == {str(year) for year in range(2016, 2026)}
    assert len({each["type"] for each in events}) == 8
