"""The timelines of consultations, organisations, places and topics: what stands on them, and what nobody may see."""

from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.history.timeline import fold
from shared.contracts.base import Envelope, Event
from shared.contracts.consultations import ConsultationOpened, OutcomePublished
from shared.contracts.contributions import RESPONSE
from shared.contracts.events import Participant
from shared.contracts.history import Belonging, Reader, SearchHistory
from shared.contracts.merging import ContactsMerged
from shared.contracts.surveys import ResponseReceived, SurveyOpened
from shared.contracts.timelines import GetTimeline, Timeline
from tests.builders import AT, a_contact, an_envelope, recorded, registered
from tests.history.about_engagements import marked, taken_on
from tests.history.test_search import History

EVERYTHING = Reader(sensitive=True)


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "index")


def timeline(history: History, fixed: tuple[Any, ...] = (), **search: Any) -> Timeline:
    return history.bus.call(GetTimeline(search=SearchHistory(**search), fixed=fixed))


def titles(found: Timeline) -> set[str]:
    return {each.title for each in found.page.items}


def said(title: str, year: int = 2014, by: str = "", **fields: Any) -> Envelope[Event]:
    who = (Participant(name="Ann", contact_ids=(by,)),) if by else ()
    return recorded(title=title, occurred_at=datetime(year, 3, 1, tzinfo=UTC), participants=who, **fields)


def opened(**fields: Any) -> Envelope[Event]:
    about = {"consultation_id": "cns_1", "title": "Urgent care", "closes_on": None, "opened_by": "Kim", "at": AT}
    return an_envelope(ConsultationOpened.model_validate(about | fields))


def answered(survey_id: str, contact_id: str | None) -> Envelope[Event]:
    return an_envelope(
        ResponseReceived(
            response_id=f"rsp_{survey_id}_{contact_id}",
            survey_id=survey_id,
            title="Getting here",
            definition_version=1,
            contact_id=contact_id,
            received_at=AT,
        )
    )


def test_the_timeline_of_a_consultation_has_its_steps_contributions_and_surveys(history: History) -> None:
    history.publish(
        opened(),
        said("A letter about it", consultation_id="cns_1"),
        said("A letter about another", consultation_id="cns_2"),
        said("About nothing"),
        an_envelope(SurveyOpened(survey_id="sur_1", title="Poll", definition_version=1, opened_by="Kim", at=AT)),
        answered("sur_1", "con_1"),
        answered("sur_2", "con_1"),
        answered("sur_1", None),
    )
    found = timeline(history, about=("cns_1", "sur_1"))
    assert titles(found) == {"Urgent care", "A letter about it", "Poll", "Getting here"}
    assert found.page.total == 4
    assert found.first_said_at == found.last_said_at == datetime(2014, 3, 1, tzinfo=UTC)
    assert [each.title for each in timeline(history, about=("cns_1",), q="letter").page.items] == ["A letter about it"]


def test_what_came_of_a_consultation_is_found_by_its_words_on_its_timeline_and_on_nobodys(history: History) -> None:
    about = {"consultation_id": "cns_1", "title": "Urgent care", "at": AT, "published_by": "Kim"}
    said_so = {"outcome": "It stays open.\n\nYou said that nobody can find the entrance."}
    history.publish(an_envelope(OutcomePublished.model_validate(about | said_so)), opened(), said("Elsewhere"))
    (found,) = timeline(history, about=("cns_1",), q="find the entrance").page.items
    assert (found.kind, found.contacts) == ("outcome_published", ())
    assert "entrance" in found.snippet
    assert timeline(history, q="entrance").page.total == 1


def test_of_a_contribution_stands_what_staff_have_said_last_whether_it_is_answered(history: History) -> None:
    hers = {"contact_ids": ("con_1",)}
    history.publish(registered(contact_id="con_1", name="Ann Lee"))
    history.publish(marked("eng_1", 2, answered=False, **hers), marked("eng_1", **hers))
    for search in ({"about": ("cns_1",)}, {"contact_id": "con_1", "source": ("surveys",)}):
        (found,) = timeline(history, **search).page.items
        assert (found.kind, found.engagement_id) == ("contribution_unanswered", "eng_1")
        assert found.sentence == "What was said in the consultation “Urgent care” was not answered after all."
    history.publish(marked("eng_1", 3, sensitive=True, **hers))
    assert timeline(history, about=("cns_1",)).page.total == 0
    (found,) = timeline(history, about=("cns_1",), reader=Reader(sensitive=True)).page.items
    assert found.sentence == "What was said in the consultation “Urgent care” was answered."


def test_that_a_response_was_answered_leads_to_no_engagement() -> None:
    entry = fold(marked("rsp_1", kind=RESPONSE)).entry
    assert entry is not None
    assert entry.engagement_id is None


def test_the_steps_of_a_case_stand_where_its_engagement_does() -> None:
    entry = fold(taken_on("eng_1", consultation_id="cns_1")).entry
    assert entry is not None
    assert entry.about == ("cns_1",)


def test_a_response_that_belongs_to_nobody_is_a_line_of_no_timeline() -> None:
    assert fold(answered("sur_1", None)).entry is None


def test_a_consultation_stands_on_the_timeline_of_each_place_where_people_should_be_heard(history: History) -> None:
    history.publish(opened(localities=("north", "south")), said("Buses", 2012, locality="north"), said("Elsewhere"))
    found = timeline(history, fixed=("locality",), locality=("north",))
    assert titles(found) == {"Urgent care", "Buses"}
    narrowed = timeline(history, fixed=("locality",), locality=("north",), q="urgent")
    assert titles(narrowed) == {"Urgent care"}
    assert narrowed.first_said_at == datetime(2012, 3, 1, tzinfo=UTC)  # of the whole timeline


def test_an_organisation_has_what_its_people_said_while_they_belonged_to_it(history: History) -> None:
    history.publish(
        said("Of the club", by="con_club"),
        *(said(f"In {year}", year, by="con_ann") for year in (2011, 2012, 2013)),
        registered(contact_id="con_ann", name="Ann"),
    )
    ann = Belonging(contact_id="con_ann", since=date(2012, 1, 1), until=date(2012, 12, 31))
    club = {"contact_id": "con_club"}
    assert titles(timeline(history, **club, people=(ann,))) == {"Of the club", "In 2012"}
    assert titles(timeline(history, **club)) == {"Of the club"}
    since = Belonging(contact_id="con_ann", since=date(2012, 3, 1))
    assert titles(timeline(history, **club, people=(since,))) == {"Of the club", "In 2012", "In 2013"}


def test_who_was_merged_into_somebody_of_an_organisation_belongs_to_it_too(history: History) -> None:
    survivor = a_contact(contact_id="con_ann", merged=("con_old",), version=2)
    merge = ContactsMerged(survivor=survivor, merge_id="mrg_1", merged_id="con_old", merged_name="Ann", merged_by="Kim")
    history.publish(said("As the old one", by="con_old"), an_envelope(merge, sequence=2))
    assert "As the old one" in titles(
        timeline(history, contact_id="con_club", people=(Belonging(contact_id="con_ann"),))
    )


def shown(found: Timeline) -> Timeline:
    """All of it but the cursor, which is signed for the reader: only whether there is another page."""
    cursor = "more" if found.page.next_cursor else None
    return found.model_copy(update={"page": found.page.model_copy(update={"next_cursor": cursor})})


SUBJECTS: list[dict[str, Any]] = [
    {"about": ("cns_1",)},
    {"fixed": ("locality",), "locality": ("north",)},
    {"fixed": ("topic",), "topic": ("access",)},
    {"contact_id": "con_club", "people": (Belonging(contact_id="con_ann", since=date(2010, 1, 1)),)},
]
ENTRIES = st.lists(
    st.fixed_dictionaries(
        {
            "sensitive": st.booleans(),
            "consultation_id": st.sampled_from([None, "cns_1"]),
            "locality": st.sampled_from([None, "north"]),
            "topics": st.sampled_from([(), ("access",)]),
            "by": st.sampled_from(["", "con_club", "con_ann"]),
            "year": st.integers(2008, 2014),
            "kind": st.sampled_from(["call", "complaint"]),
        }
    ),
    max_size=12,
)


@pytest.mark.thorough
@settings(max_examples=15, deadline=None)
@given(entries=ENTRIES, kinds=st.sampled_from([(), ("complaint",)]))
def test_who_may_not_see_restricted_entries_neither_sees_nor_counts_them_on_any_timeline(
    entries: list[dict[str, Any]], kinds: tuple[str, ...]
) -> None:
    """What they get is what everybody would get if there were no restricted entries at all."""
    with TemporaryDirectory() as name:
        events = [said(f"Entry {number}", **each) for number, each in enumerate(entries)]
        whole, open_only = History(Path(name) / "whole"), History(Path(name) / "open")
        whole.publish(*events)
        open_only.publish(*(event for event, each in zip(events, entries, strict=True) if not each["sensitive"]))
        for subject in SUBJECTS:
            asked = {**subject, "kind": kinds, "alternatives": True, "limit": 5}
            assert shown(timeline(whole, **asked)) == shown(timeline(open_only, **asked, reader=EVERYTHING))
        for each in (whole, open_only):
            each.projector.close()
