"""Personal links: one response for each, whoever sends how many forms in whatever order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.base import Event, new_id
from shared.contracts.merging import ContactsMerged, ContactsUnmerged
from shared.contracts.responses import ListResponses
from shared.contracts.survey_links import FindAnswered, GetPersonalForm, GiveSurveyKeys, RevokeSurveyKey
from shared.contracts.surveys import ResponseReceived, Survey
from shared.errors import Conflict, NotFound
from tests.builders import a_contact, an_envelope
from tests.surveys.test_service import Panel, sent_to

ANN, BEN = "con_1", "con_2"


@pytest.fixture
def panel() -> Panel:
    return Panel()


def key_of(panel: Panel, survey: Survey, contact_id: str = ANN) -> str:
    return panel.bus.call(GiveSurveyKeys(survey_id=survey.survey_id, contact_ids=(contact_id,))).keys[contact_id]


def test_the_response_is_the_contacts_and_told_as_theirs(panel: Panel) -> None:
    survey = panel.opened()
    key = key_of(panel, survey)
    before = panel.bus.call(GetPersonalForm(key=key))
    assert (before.is_answered, before.form.definition) == (False, survey.definition)
    sent = sent_to(survey, link_key=key)
    panel.send(sent, sent_to(survey))
    after = panel.bus.call(GetPersonalForm(key=key))
    assert (after.is_answered, after.answered_at) == (True, sent.received_at)
    assert {each.contact_id for each in panel.told(ResponseReceived)} == {ANN, None}
    listed = panel.bus.call(ListResponses(survey_id=survey.survey_id)).responses
    assert {each.contact_id for each in listed} == {ANN, None}
    asked = FindAnswered(survey_id=survey.survey_id, contact_ids=(ANN, BEN))
    assert panel.bus.call(asked).contact_ids == (ANN,)
    assert panel.bus.call(GiveSurveyKeys(survey_id=survey.survey_id, contact_ids=(ANN, BEN))).answered == (ANN,)


def test_whoever_answered_and_was_merged_into_another_has_answered_as_that_one_until_it_is_undone(panel: Panel) -> None:
    survey, other = panel.opened(), panel.opened()
    panel.send(sent_to(survey, link_key=key_of(panel, survey, ANN)))
    asked = FindAnswered(survey_id=survey.survey_id, contact_ids=(BEN,))

    def merged(version: int, *others: str) -> ContactsMerged:
        survivor = a_contact(contact_id=BEN, version=version, merged=others)
        return ContactsMerged(merge_id="m", survivor=survivor, merged_id=ANN, merged_name="Ann", merged_by="Jo")

    def happens(event: Event) -> None:
        panel.service.keep_contributions([an_envelope(event)])

    happens(merged(2, ANN))
    assert panel.bus.call(asked).contact_ids == (BEN,)
    assert panel.bus.call(GiveSurveyKeys(survey_id=survey.survey_id, contact_ids=(BEN,))).answered == (BEN,)
    assert panel.bus.call(FindAnswered(survey_id=other.survey_id, contact_ids=(BEN,))).contact_ids == ()
    alone = a_contact(contact_id=BEN, version=3)
    happens(ContactsUnmerged(merge_id="m", survivor=alone, restored_id=ANN, restored_name="Ann", unmerged_by="Jo"))
    happens(merged(2, ANN))
    assert panel.bus.call(asked).contact_ids == ()


def test_fifty_forms_over_one_link_at_once_are_one_response_and_the_others_are_kept(panel: Panel) -> None:
    survey = panel.opened()
    key = key_of(panel, survey)
    forms = [sent_to(survey, {"ease": "hard" if n % 2 else "easy", "why": str(n)}, link_key=key) for n in range(50)]
    panel.send(*forms)
    panel.send(*reversed(forms))
    assert panel.numbers(survey) == (1, 49)
    assert len({each.id for each in panel.bus.published if isinstance(each.data, ResponseReceived)}) == 1
    refused = panel.bus.call(ListResponses(survey_id=survey.survey_id, refused=True, limit=50)).responses
    assert {each.refused for each in refused} == {"This link had been answered before."}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["", ANN, BEN])), min_size=1, max_size=30), st.data())
def test_however_forms_are_batched_and_delivered_again_nothing_is_lost_and_nothing_counts_twice(
    sends: list[tuple[int, str]], data: st.DataObject
) -> None:
    panel = Panel()
    survey = panel.opened()
    keys = {"": "", ANN: key_of(panel, survey, ANN), BEN: key_of(panel, survey, BEN)}
    forms = [sent_to(survey, request_id=f"{who}:{number}", link_key=keys[who]) for number, who in sends]
    while forms:
        batch = data.draw(st.integers(1, len(forms)))
        panel.service.receive_responses(forms[:batch])
        if data.draw(st.booleans()):
            panel.service.receive_responses(forms[:batch])
        forms = forms[batch:]
    different = {(number, who) for number, who in sends}
    counted = len({who for _, who in different if who}) + sum(1 for _, who in different if not who)
    assert panel.numbers(survey) == (counted, len(different) - counted)


def test_a_link_that_was_taken_back_works_no_more_and_its_next_one_is_not_another_response(panel: Panel) -> None:
    survey = panel.opened()
    first = key_of(panel, survey)
    assert first == key_of(panel, survey)
    panel.send(sent_to(survey, link_key=first))
    panel.bus.call(RevokeSurveyKey(survey_id=survey.survey_id, contact_id=ANN))
    with pytest.raises(NotFound, match="does not work"):
        panel.bus.call(GetPersonalForm(key=first))
    panel.send(sent_to(survey, link_key=first))
    second = key_of(panel, survey)
    assert second != first
    panel.send(sent_to(survey, link_key=second))
    assert panel.numbers(survey) == (1, 2)
    reasons = {each.response.refused for each in panel.store.find_responses(panel.store._responses).values()}
    assert reasons == {"", "Its link does not work any more.", "This link had been answered before."}


def test_a_form_that_was_refused_does_not_spend_the_link(panel: Panel) -> None:
    survey = panel.opened()
    key = key_of(panel, survey)
    panel.send(sent_to(survey, {"ease": "never"}, link_key=key))
    assert not panel.bus.call(GetPersonalForm(key=key)).is_answered
    panel.send(sent_to(survey, link_key=key))
    assert panel.numbers(survey) == (1, 1)


def test_a_link_is_for_its_survey_only_and_nobody_can_take_its_place(panel: Panel) -> None:
    survey, other = panel.opened(), panel.opened()
    panel.send(sent_to(other, link_key=key_of(panel, survey)))
    assert panel.numbers(other) == (0, 1)
    panel.send(sent_to(survey, request_id=f"contact:{ANN}"), sent_to(survey, link_key=key_of(panel, survey)))
    assert panel.numbers(survey) == (2, 0)


def test_links_are_given_while_a_survey_is_open(panel: Panel) -> None:
    draft = panel.draft()
    closed = panel.closed(panel.opened())
    for survey in (draft, closed):
        with pytest.raises(Conflict, match="Open it first"):
            key_of(panel, survey)
    with pytest.raises(NotFound):
        panel.bus.call(GiveSurveyKeys(survey_id="srv_none", contact_ids=(ANN,)))
    with pytest.raises(NotFound):
        panel.bus.call(GetPersonalForm(key=new_id()))


def test_no_event_and_no_response_holds_the_key(panel: Panel) -> None:
    survey = panel.opened()
    key = key_of(panel, survey)
    panel.send(sent_to(survey, link_key=key), sent_to(survey, link_key=key))
    assert key.encode() not in b"".join(each.to_bytes() for each in panel.bus.published)
    assert key not in str(panel.store.find_responses(panel.store._responses))
