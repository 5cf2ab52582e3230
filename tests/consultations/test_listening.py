"""One list of what was said: answers to surveys, meetings, letters, and what partners report."""

import pytest

from shared.contracts.erasure import EraseContact, GetErasure
from shared.contracts.events import CorrectEngagement
from shared.contracts.merging import MergeContacts, UnmergeContacts
from shared.contracts.waiting import CountWaiting
from shared.errors import NotFound
from shared.messaging.testbus import TestBus
from tests.builders import a_body, a_report, headers
from tests.consultations.hearing import Hall
from tests.surveys.asking import a_definition, a_question


@pytest.fixture
def hall() -> Hall:
    return Hall()


def test_answers_meetings_and_what_partners_report_stand_in_one_list(hall: Hall) -> None:
    survey = hall.survey()
    to = hall.opened(hall.planned(survey_ids=[survey.survey_id]))
    mary = hall.person(groups=["carers"], locality="saltham")
    hall.answers(survey, ease="hard", why="No bus after six")
    hall.says(mary, to=to, title="Drop-in at the library", kind="meeting")
    hall.says(mary, title="Something else")
    report = a_body(title="A letter", kind="letter", channel="post", consultation_id=to.consultation_id)
    hall.bus.publish_inbound([report], headers())
    hall.bus.deliver()
    page = hall.said(to)
    assert {each.title for each in page.contributions} == {"Getting here", "Drop-in at the library", "A letter"}
    assert {each.channel: each.count for each in page.channels} == {"survey": 1, "event": 1, "post": 1}
    (answer,) = hall.said(to, channel="survey").contributions
    assert (answer.survey_id, answer.excerpt, answer.contact_ids) == (survey.survey_id, "No bus after six", ())
    (meeting,) = hall.said(to, channel="event").contributions
    assert (meeting.kind, meeting.contact_ids) == ("meeting", (mary,))


def test_what_came_on_paper_is_a_channel_of_its_own(hall: Hall) -> None:
    survey = hall.survey()
    to, mary, bob = hall.planned(survey_ids=[survey.survey_id]), hall.person(), hall.person()
    hall.answered_by(mary, survey)
    hall.answered_by(bob, survey, channel="paper")
    assert {each.channel: each.count for each in hall.said(to).channels} == {"survey": 1, "paper": 1}
    assert [each.contact_ids for each in hall.said(to, channel="paper").contributions] == [(bob,)]


def test_a_survey_that_is_linked_later_brings_its_answers_with_it(hall: Hall) -> None:
    survey = hall.survey()
    hall.answers(survey)
    to = hall.planned()
    assert hall.said(to).total == 0
    hall.changed(to, survey_ids=[survey.survey_id])
    assert hall.said(to).total == 1


def test_what_is_corrected_to_belong_elsewhere_moves(hall: Hall) -> None:
    one, other = hall.planned(), hall.planned()
    said = hall.says(to=one)
    asked = CorrectEngagement(
        engagement_id=said.engagement_id, version=1, reported=a_report(consultation_id=other.consultation_id)
    )
    hall.bus.call(asked)
    hall.bus.deliver()
    assert (hall.said(one).total, hall.said(other).total) == (0, 1)


def test_restricted_contributions_are_neither_shown_nor_counted_without_permission(hall: Hall) -> None:
    to = hall.planned()
    hall.says(to=to, title="A complaint", sensitive=True)
    hall.says(to=to, title="A walk")
    assert [each.title for each in hall.said(to).contributions] == ["A walk"]
    assert (hall.said(to).total, hall.said(to, sensitive=True).total) == (1, 2)


def test_of_an_answer_only_what_was_written_to_long_questions_is_shown(hall: Hall) -> None:
    asked = a_definition(a_question("name", "text"), a_question("why", "comment"), a_question("what", "comment"))
    survey = hall.survey(definition=asked)
    to = hall.planned(survey_ids=[survey.survey_id])
    hall.answers(survey, name="Mary Okafor", why="No bus", what="A bus")
    (answer,) = hall.said(to).contributions
    assert answer.excerpt == "No bus\nA bus"


def test_nothing_is_kept_of_engagements_that_belong_to_no_consultation(hall: Hall) -> None:
    hall.says()
    assert hall.store.contributions._noted == {}  # type: ignore[attr-defined]


def test_there_is_no_list_of_a_consultation_that_is_not_there(hall: Hall) -> None:
    assert isinstance(hall.bus, TestBus)
    with pytest.raises(NotFound):
        hall.said(hall.planned().model_copy(update={"consultation_id": "cns_none"}))


def test_who_is_missing_is_told_while_it_is_open(hall: Hall) -> None:
    targets = [{"group": "carers", "locality": "saltham", "expected": 10}, {"group": "travellers", "expected": 10}]
    to = hall.planned(targets=targets)
    assert hall.bus.call(CountWaiting(service="surveys")).piles == ()
    to = hall.opened(to)
    hall.says(hall.person(groups=["carers"], locality="saltham"), hall.person(name="Femi"), to=to)
    hall.says(to=to)
    found = hall.now(to)
    assert [(each.heard, each.missing) for each in found.heard.targets] == [(1, ""), (0, "nobody")]
    assert (found.contributions, found.heard.people, found.heard.elsewhere, found.heard.not_known) == (2, 2, 1, 1)
    assert found.heard.score == 0
    hall.service._counted = None  # counted once a minute
    piles = hall.bus.call(CountWaiting(service="surveys")).piles
    assert {each.sort: (each.count, each.only) for each in piles} == {
        "unheard": (1, to.consultation_id),
        "asked": (1, to.consultation_id),
    }


def test_an_answer_of_somebody_we_know_counts_where_they_stand(hall: Hall) -> None:
    survey = hall.survey()
    targets = [{"group": "carers", "expected": 10}]
    to = hall.opened(hall.planned(survey_ids=[survey.survey_id], targets=targets))
    mary = hall.person(groups=["carers"], locality="saltham")
    hall.answered_by(mary, survey)
    hall.answers(survey)
    found = hall.now(to).heard
    assert (found.targets[0].heard, found.people, found.not_known) == (1, 1, 1)


def test_whoever_answered_as_two_contacts_that_are_one_by_now_is_one_person_who_was_heard(hall: Hall) -> None:
    survey = hall.survey()
    to = hall.opened(hall.planned(survey_ids=[survey.survey_id], targets=[{"group": "carers", "expected": 10}]))
    mary, maria, other = (hall.person(name=each, groups=["carers"]) for each in ("Mary", "Maria", "Ola"))
    for each in (mary, maria, other):
        hall.answered_by(each, survey)
    merge = {"request_id": "merge", "survivor_id": mary, "merged_id": maria}
    hall.bus.call(MergeContacts.model_validate(merge | {"survivor_version": 1, "merged_version": 1}))
    hall.bus.deliver()
    found = hall.now(to)
    assert (found.contributions, found.heard.people, found.heard.targets[0].heard) == (3, 2, 2)
    hall.bus.call(UnmergeContacts(survivor_id=mary, merged_id=maria))
    hall.bus.deliver()
    assert (hall.now(to).contributions, hall.now(to).heard.people) == (3, 3)


def test_answers_that_no_event_tells_of_count_as_said_by_nobody_whom_we_know(hall: Hall) -> None:
    """As those to an anonymous survey: they stand in its results only."""
    survey = hall.survey()
    to = hall.opened(hall.planned(survey_ids=[survey.survey_id]))
    hall.answers(survey)
    hall.store.contributions._noted.clear()  # type: ignore[attr-defined]
    hall.says(hall.person(), to=to)
    found = hall.now(to)
    assert (found.contributions, found.heard.people, found.heard.not_known) == (2, 1, 1)
    page = hall.said(to)
    assert (page.total, page.only_in_results) == (1, 1)


def test_whoever_is_erased_is_no_contributor_any_more_nor_of_what_still_waits(hall: Hall) -> None:
    survey = hall.survey()
    to = hall.opened(hall.planned(survey_ids=[survey.survey_id]))
    mary = hall.person()
    hall.answered_by(mary, survey)
    hall.says(mary, to=to)
    assert hall.now(to).heard.people == 1
    hall.says(mary, to=to, waits=True)
    erasure = hall.bus.call(EraseContact(contact_id=mary))
    hall.bus.deliver()
    found = hall.now(to).heard
    assert (found.people, found.not_known) == (0, 3)
    assert "surveys" in hall.bus.call(GetErasure(erasure_id=erasure.erasure_id)).reports
