"""Contacts who turn out to be one person give one response, over however many links, until the merge is undone."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.surveys import domain
from services.surveys.anonymity import Anonymity
from services.surveys.reception import Reception
from services.surveys.repository import MongoSurveys
from shared.contracts.base import Event, new_id
from shared.contracts.merging import ContactsMerged, ContactsUnmerged
from shared.contracts.responses import EnterPaper, ListResponses
from shared.contracts.survey_links import FindAnswered, GetPersonalForm
from shared.contracts.surveys import ResponseReceived, SentResponse
from shared.errors import Conflict
from shared.mongo import connect
from tests.builders import a_contact, an_envelope
from tests.surveys.asking import a_sent
from tests.surveys.test_links import ANN, BEN, key_of
from tests.surveys.test_repository import a_survey
from tests.surveys.test_service import Panel, now_of, sent_to

CAT = "con_3"
KINDS = pytest.mark.parametrize("anonymous", [False, True])


class Family(Panel):
    """Ann, Ben and Cat, who have a link each, and whoever finds out that they are one."""

    def __init__(self, anonymous: bool = False) -> None:
        super().__init__()
        self.survey = self.opened(anonymous=anonymous)
        self.keys = {each: key_of(self, self.survey, each) for each in (ANN, BEN, CAT)}
        self._version = 1

    def merge(self, *others: str, into: str = BEN) -> None:
        self._happens(
            ContactsMerged(
                merge_id="m",
                survivor=a_contact(contact_id=into, version=self._next(), merged=others),
                merged_id=others[-1],
                merged_name="Ann",
                merged_by="Jo",
            )
        )

    def unmerge(self, other: str, left: tuple[str, ...] = (), of: str = BEN) -> None:
        alone = a_contact(contact_id=of, version=self._next(), merged=left)
        about = {"merge_id": "m", "restored_id": other, "restored_name": "Ann", "unmerged_by": "Jo"}
        self._happens(ContactsUnmerged.model_validate(about | {"survivor": alone}))

    def form(self, who: str) -> SentResponse:
        return sent_to(self.survey, link_key=self.keys[who])

    def answer(self, *who: str) -> None:
        self.send(*map(self.form, who))

    def answered(self) -> set[str]:
        """As the pages of the links say, which is what reminders go by too."""
        shown = {who for who, key in self.keys.items() if self.bus.call(GetPersonalForm(key=key)).is_answered}
        asked = FindAnswered(survey_id=self.survey.survey_id, contact_ids=tuple(self.keys))
        assert set(self.bus.call(asked).contact_ids) == shown
        return shown

    def _next(self) -> int:
        self._version += 1
        return self._version

    def _happens(self, event: Event) -> None:
        self.service.keep_contributions([an_envelope(event)])


@KINDS
def test_whoever_answered_over_one_of_two_links_has_answered_over_the_other(anonymous: bool) -> None:
    family = Family(anonymous)
    family.answer(ANN)
    assert family.answered() == {ANN}
    family.merge(ANN)
    assert family.answered() == {ANN, BEN}
    family.answer(BEN, ANN)
    assert family.numbers(family.survey) == (1, 2)
    assert {each.contact_id for each in family.told(ResponseReceived)} == (set() if anonymous else {ANN})


@KINDS
def test_fifty_forms_over_both_links_at_once_are_one_response(anonymous: bool) -> None:
    family = Family(anonymous)
    family.merge(ANN)
    forms = [family.form(BEN if number % 2 else ANN) for number in range(50)]
    family.send(*forms)
    family.send(*reversed(forms))
    assert family.numbers(family.survey) == (1, 49)
    assert family.answered() == {ANN, BEN}
    assert len({each.response_id for each in family.told(ResponseReceived)}) == (0 if anonymous else 1)


@pytest.mark.servers
@KINDS
def test_nor_are_they_more_when_several_processes_take_them(request: pytest.FixtureRequest, anonymous: bool) -> None:
    store = MongoSurveys(connect(request.getfixturevalue("store"), f"surveys_{new_id()}"))
    survey = a_survey(state="open", anonymous=anonymous)
    store.insert(survey)
    store.links.add("srv_1", {ANN: "ann", BEN: "ben"})
    store.merges.put([a_contact(contact_id=BEN, version=2, merged=(ANN,))])
    forms = [a_sent("srv_1", link_key="ben" if number % 2 else "ann") for number in range(50)]
    with ThreadPoolExecutor(10) as processes:
        for _ in range(2):
            told = list(
                processes.map(lambda form: Reception(store, Anonymity(store.anonymous, "s")).receive([form]), forms)
            )
    numbers = store.numbers(["srv_1"])["srv_1"]
    assert (numbers.counted, numbers.refused) == (1, 49)
    assert len([each for events in told for each in events]) == (0 if anonymous else 1)


@KINDS
def test_after_a_merge_is_undone_each_has_answered_for_themselves(anonymous: bool) -> None:
    family = Family(anonymous)
    family.merge(ANN)
    family.answer(ANN, BEN)
    family.unmerge(ANN)
    assert family.answered() == {ANN}
    family.answer(ANN, BEN)
    assert family.answered() == {ANN, BEN}
    assert family.numbers(family.survey) == (2, 2)
    family.merge(ANN)
    family.answer(ANN, BEN)
    assert family.numbers(family.survey) == (2, 4)


@KINDS
def test_what_both_have_said_before_stays(anonymous: bool) -> None:
    family = Family(anonymous)
    family.answer(ANN, BEN)
    family.merge(ANN)
    assert family.numbers(family.survey) == (2, 0)
    family.answer(ANN, BEN)
    assert family.numbers(family.survey) == (2, 2)


@KINDS
def test_whoever_is_merged_into_somebody_who_was_merged_is_the_same_person(anonymous: bool) -> None:
    family = Family(anonymous)
    family.merge(ANN, into=BEN)
    family.merge(BEN, ANN, into=CAT)
    family.answer(ANN)
    assert family.answered() == {ANN, BEN, CAT}
    family.unmerge(BEN, of=CAT)
    assert family.answered() == {ANN, BEN}
    family.answer(CAT, BEN)
    assert family.numbers(family.survey) == (2, 1)


@KINDS
def test_a_form_that_comes_again_after_a_merge_or_its_undoing_is_the_one_that_was_stored(anonymous: bool) -> None:
    family = Family(anonymous)
    before, both, after = family.form(ANN), family.form(BEN), family.form(CAT)
    family.send(before, both, after)
    family.merge(ANN, into=BEN)
    family.merge(BEN, ANN, into=CAT)
    family.send(after, both, before)
    family.unmerge(BEN, of=CAT)
    family.send(before, after, both)
    assert family.numbers(family.survey) == (3, 0)
    told = {each.id for each in family.bus.published if isinstance(each.data, ResponseReceived)}
    assert len(told) == (0 if anonymous else 3)


def test_paper_of_one_and_the_link_of_the_other_are_one_response() -> None:
    family = Family()
    family.merge(ANN)
    family.answer(BEN)
    with pytest.raises(Conflict, match="has answered this survey already"):
        enter(family, ANN, "12")
    family.unmerge(ANN)
    assert enter(family, ANN, "12")
    family.merge(ANN, into=CAT)
    assert not enter(family, ANN, "12")
    with pytest.raises(Conflict):
        enter(family, CAT, "13")
    family.answer(CAT)
    assert family.numbers(family.survey) == (2, 1)


def test_it_is_said_when_the_person_answered_and_whose_link_it_was() -> None:
    family = Family()
    family.merge(ANN)
    sent = family.form(ANN)
    family.send(sent)
    shown = family.bus.call(GetPersonalForm(key=family.keys[BEN]))
    assert shown.answered_at == sent.received_at
    (listed,) = family.bus.call(ListResponses(survey_id=family.survey.survey_id)).responses
    assert listed.contact_id == ANN


def test_nothing_tells_which_two_marks_one_form_has_set() -> None:
    family = Family(anonymous=True)
    family.merge(ANN)
    family.answer(ANN)
    claims = family.store.anonymous._claims  # type: ignore[attr-defined]
    assert len(claims) == len(set(claims.values())) == 2


def test_a_process_that_dies_between_the_marks_takes_the_form_when_it_comes_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    family = Family(anonymous=True)
    family.merge(ANN)
    form, store = family.form(ANN), family.store.anonymous
    spend = store.spend

    def dying(survey_id: str, mark: str, claim: str) -> bool:
        spend(survey_id, mark, claim)
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(store, "spend", dying)
        with pytest.raises(ConnectionError):
            family.service.receive_responses([form])
    family.answer(BEN)
    family.send(form)
    assert family.numbers(family.survey) == (1, 1)
    assert family.answered() == {ANN, BEN}


STEPS = st.lists(st.sampled_from(["ann", "ben", "cat", "merge", "merge all", "unmerge"]), min_size=1, max_size=25)


@settings(max_examples=60, deadline=None)
@given(STEPS, st.booleans(), st.booleans())
def test_however_people_answer_are_merged_and_parted_nobody_who_has_answered_counts_again(
    steps: list[str], anonymous: bool, again: bool
) -> None:
    family, counted = Family(anonymous), set[str]()
    people = [{ANN}, {BEN}, {CAT}]
    who = {"ann": ANN, "ben": BEN, "cat": CAT}
    refused = 0
    for step in steps:
        if step == "merge" and len(people) == 3:
            family.merge(ANN)
            people = [{ANN, BEN}, {CAT}]
        elif step == "merge all" and len(people) == 2:
            family.merge(ANN, CAT)
            people = [{ANN, BEN, CAT}]
        elif step == "unmerge" and len(people) < 3:
            left = (ANN,) if len(people) == 1 else ()
            family.unmerge(CAT if left else ANN, left)
            people = [{ANN, BEN}, {CAT}] if left else [{ANN}, {BEN}, {CAT}]
        elif step in who:
            form = family.form(who[step])
            for _ in range(1 + again):
                family.send(form)
            person = next(each for each in people if who[step] in each)
            refused += not counted.isdisjoint(person)
            counted |= {who[step]} if counted.isdisjoint(person) else set()
        assert family.answered() == {each for person in people if not counted.isdisjoint(person) for each in person}
    assert family.numbers(family.survey) == (len(counted), refused)


def enter(family: Family, contact_id: str, number: str) -> bool:
    """Whether it is new."""
    survey = family.survey
    day = now_of(survey).astimezone(domain.LONDON).date()
    asked = {"survey_id": survey.survey_id, "definition_version": 1, "number": number, "contact_id": contact_id}
    said = {"received_on": day, "answers": {"ease": "hard"}}
    return family.bus.call(EnterPaper.model_validate(asked | said)).is_new
