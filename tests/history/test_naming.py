"""Names among the words of a search: what staff logged with somebody is found by the name that nobody typed."""

from pathlib import Path
from typing import Any

import pytest

from shared.contracts.contacts import ContactChanged
from shared.contracts.events import Participant
from shared.contracts.history import Reader, SearchHistory
from shared.contracts.timelines import GetTimeline
from tests.builders import a_contact, an_envelope, recorded, registered
from tests.history.test_search import History


@pytest.fixture
def history(tmp_path: Path) -> History:
    """Staff chose a contact; the hospital wrote a name."""
    history = History(tmp_path / "index")
    chosen, written = Participant(contact_ids=("con_1",)), Participant(name="Ann Lee", contact_ids=("con_1",))
    history.publish(
        registered(contact_id="con_1", name="Ann Lee"),
        recorded(engagement_id="eng_staff", title="Parking", partner=None, participants=(chosen,)),
        recorded(engagement_id="eng_hospital", title="Food", participants=(written,)),
        recorded(engagement_id="eng_other", title="Parking", participants=()),
    )
    return history


def found(history: History, q: str, **search: Any) -> set[str]:
    asked = SearchHistory(q=q, source=("events",), **({"forgiving": True} | search))
    return {each.id for each in history.bus.call(asked).items}


def test_a_name_finds_what_its_contact_took_part_in(history: History) -> None:
    assert found(history, "ann lee") == found(history, '"Ann Lee"') == {"eng_staff", "eng_hospital"}
    assert found(history, "parking with Ann Lee") == {"eng_staff"}
    assert found(history, "ann lee", forgiving=False) == {"eng_hospital"}


def test_the_name_is_the_one_of_now(history: History) -> None:
    contact = a_contact(contact_id="con_1", version=2, name="Ann Moss")
    history.publish(an_envelope(ContactChanged(contact=contact, changes=(), changed_by="staff"), sequence=2))
    assert found(history, "ann moss") == {"eng_staff", "eng_hospital"}
    assert found(history, "ann lee") == {"eng_hospital"}


def test_words_that_many_names_have_are_no_name(history: History) -> None:
    history.publish(*(registered(contact_id=f"con_x{n}", name=f"Ann Lee {n}") for n in range(100)))
    assert found(history, "ann lee") == {"eng_hospital"}


def test_a_partner_finds_by_the_names_that_it_wrote(history: History) -> None:
    contact = a_contact(contact_id="con_1", version=2, name="Ann Moss")
    history.publish(an_envelope(ContactChanged(contact=contact, changes=(), changed_by="staff"), sequence=2))
    asked = SearchHistory(q="ann moss", forgiving=True, source=("events",))
    assert not history.bus.call(asked).most_words
    assert history.bus.call(asked.model_copy(update={"reader": Reader(partner="St Agnes")})).most_words


def test_the_months_of_a_timeline_know_names_as_well(history: History) -> None:
    search = SearchHistory(q="parking ann lee", forgiving=True, sort="newest")
    timeline = history.bus.call(GetTimeline(contact_id="con_1", search=search))
    assert [each.id for each in timeline.page.items] == ["eng_staff"]
    assert [(each.value, each.count) for each in timeline.said_by_month] == [("2014-01", 1)]
