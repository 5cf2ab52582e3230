"""The store of surveys and responses, real and fake: each kept once, the next version by one only."""

from datetime import timedelta
from typing import Any

import pytest

from services.surveys import domain
from services.surveys.fake import FakeSurveys
from services.surveys.links import Link
from services.surveys.repository import Kept, MongoSurveys, Numbers, Surveys
from shared.contracts.base import new_id
from shared.contracts.erasure import Traces
from shared.contracts.surveys import ResponseReceived, Survey, SurveyOpened
from shared.mongo import connect
from shared.surveys.definition import Definition
from tests.builders import AT, a_contact, an_envelope
from tests.surveys.asking import a_definition, a_question, a_sent


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.servers)])
def surveys(request: pytest.FixtureRequest) -> Surveys:
    if request.param == "fake":
        return FakeSurveys()
    return MongoSurveys(connect(request.getfixturevalue("store"), f"surveys_{new_id()}"))


def a_survey(survey_id: str = "srv_1", *questions: dict[str, Any], minutes: int = 0, **fields: Any) -> Survey:
    asked = Definition.model_validate(a_definition(*questions))
    return domain.draft(survey_id, asked, AT + timedelta(minutes=minutes), "Jo").model_copy(update=fields)


def an_opening(survey: Survey) -> Any:
    about = {"survey_id": survey.survey_id, "title": survey.title, "definition_version": 1, "opened_by": "Jo", "at": AT}
    event = SurveyOpened.model_validate(about)
    return an_envelope(event, source="/services/surveys", subject=survey.survey_id, sequence=survey.version)


def a_response(survey: Survey, request_id: str = "", **fields: Any) -> Kept:
    sent = a_sent(survey.survey_id, request_id=request_id or new_id(), **fields)
    response = domain.judge_response(sent, survey, survey.definition)
    event = domain.receive(response, survey)
    told = an_envelope(event, source="/services/surveys", subject=response.response_id)
    return Kept(response, told if response.counts else None)


def test_a_survey_is_kept_once_and_comes_back_as_it_was(surveys: Surveys) -> None:
    survey = a_survey()
    surveys.insert(survey)
    surveys.insert(a_survey(title="Another"))
    assert (surveys.find("srv_1"), surveys.find("srv_none")) == (survey, None)
    assert surveys.definitions("srv_1") == {1: survey.definition}
    assert surveys.definitions("srv_none") == {}


def test_the_next_version_takes_its_place_with_its_event_and_no_other(surveys: Surveys) -> None:
    surveys.insert(a_survey())
    opened = a_survey(version=2, state="open", opened_at=AT)
    assert surveys.replace(opened, an_opening(opened))
    assert not surveys.replace(opened, an_opening(opened))
    assert not surveys.replace(a_survey("srv_none", version=2))
    assert surveys.find("srv_1") == opened
    assert [envelope.sequence for _, envelope in surveys.outbox.pending(10)] == [2]


def test_what_was_asked_before_is_kept_by_its_version(surveys: Surveys) -> None:
    first = a_survey()
    surveys.insert(first)
    second = a_survey("srv_1", a_question("stars", "rating"), version=2, definition_version=2)
    assert surveys.replace(second, before=first)
    assert surveys.definitions("srv_1") == {1: first.definition, 2: second.definition}
    assert surveys.find("srv_1") == second


def test_surveys_are_listed_the_newest_first(surveys: Surveys) -> None:
    for number in range(3):
        surveys.insert(a_survey(f"srv_{number}", minutes=number))
    (cursor, newest), (after, _) = surveys.latest(2, None)
    assert newest.survey_id == "srv_2"
    assert [each.survey_id for _, each in surveys.latest(9, cursor)] == ["srv_1", "srv_0"]
    assert [each.survey_id for _, each in surveys.latest(9, after)] == ["srv_0"]


def test_a_response_is_kept_once_and_counts_or_not(surveys: Surveys) -> None:
    survey = a_survey(state="open")
    counted = a_response(survey, "form-1", answers={"ease": "hard", "why": "No bus"})
    other, refused = a_response(survey, "form-1"), a_response(survey, answers={"a.b": "x", "$c": {"\0": [1, None]}})
    key = counted.response.response_id
    assert surveys.insert_responses([counted, refused]) == set()
    assert surveys.insert_responses([other]) == {key}
    assert surveys.insert_responses([]) == set()
    found = surveys.find_responses([key, refused.response.response_id, "rsp_none"])
    assert found == {key: counted, refused.response.response_id: refused}
    assert surveys.numbers(["srv_1", "srv_none"]) == {"srv_1": Numbers(1, 1), "srv_none": Numbers()}
    assert list(surveys.counted("srv_1")) == [(1, {"ease": "hard", "why": "No bus"})]
    assert [each for _, each in surveys.page("srv_1", True, 9, None)] == [refused]


def test_a_contact_has_one_key_for_a_survey_until_it_is_revoked(surveys: Surveys) -> None:
    links = surveys.links
    links.add("srv_1", {"con_1": "key-1", "con_2": "key-2"})
    links.add("srv_1", {"con_1": "another"})
    links.add("srv_2", {"con_1": "key-3"})
    links.add("srv_2", {})
    assert links.keys("srv_1", ["con_1", "con_2", "con_none"]) == {"con_1": "key-1", "con_2": "key-2"}
    assert links.find(["key-1", "key-3", "another"]) == {
        "key-1": Link("srv_1", "con_1"),
        "key-3": Link("srv_2", "con_1"),
    }
    links.revoke("srv_1", "con_2")
    links.revoke("srv_1", "con_none")
    assert links.keys("srv_1", ["con_1", "con_2"]) == {"con_1": "key-1"}
    links.forget(["con_1"])
    assert links.find(["key-1", "key-2", "key-3"]) == {}


def test_whose_a_response_is_comes_back(surveys: Surveys) -> None:
    survey = a_survey(state="open")
    response = domain.judge_response(a_sent("srv_1", link_key="key"), survey, survey.definition, "con_1")
    surveys.insert_responses([Kept(response, None)])
    assert surveys.find_responses([response.response_id])[response.response_id].response == response


def test_a_form_on_paper_is_the_response_that_was_claimed_first(surveys: Surveys) -> None:
    assert surveys.claim_paper("paper-1", "rsp_1") == "rsp_1"
    assert surveys.claim_paper("paper-1", "rsp_2") == "rsp_1"
    assert surveys.claim_paper("paper-1", "rsp_2", instead_of="rsp_9") == "rsp_1"
    assert surveys.claim_paper("paper-1", "rsp_2", instead_of="rsp_1") == "rsp_2"
    surveys.release_paper("paper-1", "rsp_1")
    assert surveys.claim_paper("paper-1", "rsp_3") == "rsp_2"
    surveys.release_paper("paper-1", "rsp_2")
    assert surveys.claim_paper("paper-1", "rsp_3") == "rsp_3"


def test_what_a_command_has_to_tell_waits_with_the_response(surveys: Surveys) -> None:
    kept = a_response(a_survey(state="open"))
    assert kept.received
    surveys.insert_responses([kept], outbox=True)
    surveys.insert_responses([kept], outbox=True)
    pending = surveys.outbox.pending(10)
    assert [each.id for _, each in pending] == [kept.received.id]
    surveys.outbox.forget([(key, each.id) for key, each in pending])
    assert list(surveys.outbox.pending(10)) == []
    assert surveys.find_responses([kept.response.response_id]) == {kept.response.response_id: kept}


def test_of_somebody_erased_a_response_keeps_what_names_nobody(surveys: Surveys) -> None:
    survey = a_survey(state="open")
    words = {"ease": "hard", "why": "I am Ann Lee, ann@example.org."}
    hers = domain.judge_response(a_sent("srv_1", words, link_key="k"), survey, survey.definition, "con_1")
    told = an_envelope(domain.receive(hers, survey), source="/services/surveys", subject=hers.response_id)
    waiting, other = Kept(hers, told), a_response(survey, answers=words)
    surveys.insert_responses([waiting], outbox=True)
    surveys.insert_responses([other])
    traces = Traces(erasure_id="e", contact_ids=("con_1",), names=("Ann Lee",), emails=("ann@example.org",))
    for _ in range(2):
        surveys.redact(traces)
    found = surveys.find_responses([hers.response_id, other.response.response_id])
    left, others = found[hers.response_id], found[other.response.response_id]
    assert left.response.answers == {"ease": "hard", "why": "I am [name removed], [address removed]."}
    assert others.response.answers == {"ease": "hard", "why": "I am Ann Lee, [address removed]."}
    ((_, event),) = surveys.outbox.pending(10)
    assert left.received
    for envelope in (left.received, event):
        assert isinstance(envelope.data, ResponseReceived)
        assert (envelope.id, envelope.data.contact_id) == (told.id, None)
    assert left.response.contact_id is None
    assert surveys.numbers(["srv_1"]) == {"srv_1": Numbers(2, 0)}


def test_responses_are_listed_the_newest_first(surveys: Surveys) -> None:
    survey = a_survey(state="open")
    made = [a_response(survey, received_at=AT + timedelta(minutes=each)) for each in (2, 1, 3)]
    surveys.insert_responses([*made, a_response(a_survey("srv_2", state="open"))])
    (cursor, newest), (after, _) = surveys.page("srv_1", False, 2, None)
    assert newest == made[2]
    assert [each for _, each in surveys.page("srv_1", False, 9, cursor)] == [made[0], made[1]]
    assert [each for _, each in surveys.page("srv_1", False, 9, after)] == [made[1]]
    assert surveys.page("srv_none", False, 9, None) == []


def test_who_is_one_person_is_what_the_highest_version_of_a_survivor_says(surveys: Surveys) -> None:
    merges = surveys.merges
    ann, ben = (a_contact(contact_id=each, version=2, merged=(f"{each}_b",)) for each in ("con_ann", "con_ben"))
    merges.put([ann, ben, ben])
    anns, bens, cat = ("con_ann", "con_ann_b"), ("con_ben", "con_ben_b"), ("con_cat",)
    assert merges.people(["con_cat", "con_ann_b", "con_ben"]) == {"con_cat": cat, "con_ann_b": anns, "con_ben": bens}
    everybody = (*anns, *bens)
    merges.put([a_contact(contact_id="con_ben", version=3, merged=("con_ben_b", *anns))])
    assert merges.people(["con_ann_b", "con_ann", "con_ben"]) == dict.fromkeys(
        ["con_ann_b", "con_ann", "con_ben"], everybody
    )
    merges.put([ben.model_copy(update={"version": 4}), ann.model_copy(update={"version": 1, "merged": ()})])
    assert merges.people(["con_ann", "con_ben_b"]) == {"con_ann": anns, "con_ben_b": bens}
    merges.put([])
    assert merges.people([]) == {}


def test_what_contacts_have_given_is_found_as_far_as_it_counts(surveys: Surveys) -> None:
    survey = a_survey(state="open")
    for contact_id, answers in (("con_1", {"ease": "hard"}), ("con_2", {"ease": "never"}), ("con_3", {"ease": "easy"})):
        sent = a_sent("srv_1", answers, link_key="key")
        response = domain.judge_response(sent, survey, survey.definition, contact_id)
        surveys.insert_responses([Kept(response, None)])
    surveys.insert_responses([a_response(survey)])
    found = surveys.given(["srv_1", "srv_2"], ["con_1", "con_2", "con_none"])
    assert [each.response.contact_id for each in found] == ["con_1"]
    assert surveys.given(["srv_2"], ["con_1"]) == surveys.given(["srv_1"], []) == []
