"""The store of consultations, real and fake: each kept once, the next version by one only."""

from datetime import date, timedelta

import pytest

from services.surveys.consultations import domain
from services.surveys.consultations.fake import FakeConsultations
from services.surveys.consultations.repository import Consultations, MongoConsultations
from shared.contracts.base import new_id
from shared.contracts.consultations import Consultation
from shared.mongo import connect
from tests.builders import AT, an_envelope
from tests.consultations.planning import a_consultation, a_plan

DAY = domain.local_day(AT)


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.servers)])
def consultations(request: pytest.FixtureRequest) -> Consultations:
    if request.param == "fake":
        return FakeConsultations()
    return MongoConsultations(connect(request.getfixturevalue("store"), f"cns_{new_id()}"))


def test_a_public_name_is_one_consultations_for_good(consultations: Consultations) -> None:
    consultations.insert(a_consultation())
    assert [consultations.claim_slug("buses", each) for each in ("cns_1", "cns_2", "cns_1")] == [True, False, True]
    found = consultations.find_by_slug("buses")
    assert found is not None
    assert found.consultation_id == "cns_1"
    assert consultations.find_by_slug("parking") is None


def opened(standing: Consultation) -> tuple[Consultation, object]:
    following, event = domain.open_consultation(standing, AT, "Jo")
    about = {"source": "/services/surveys", "subject": following.consultation_id, "sequence": following.version}
    return following, an_envelope(event, **about)


def test_a_consultation_is_kept_once_and_comes_back_as_it_was(consultations: Consultations) -> None:
    documents = [{"title": "Paper", "text": "a\0b"}]
    standing = a_consultation(plan=a_plan(documents=documents, targets=[{"group": "carers", "expected": 9}]))
    consultations.insert(standing)
    consultations.insert(a_consultation(plan=a_plan(title="Another")))
    assert (consultations.find("cns_1"), consultations.find("cns_none")) == (standing, None)


def test_the_next_version_takes_its_place_with_its_event_and_no_other(consultations: Consultations) -> None:
    consultations.insert(a_consultation())
    following, told = opened(a_consultation())
    assert consultations.replace(following, told, surveys_follow=True)
    assert not consultations.replace(following, told)
    assert not consultations.replace(a_consultation("cns_none", version=2))
    assert consultations.find("cns_1") == following
    assert [envelope.sequence for _, envelope in consultations.outbox.pending(10)] == [2]


def test_they_are_listed_by_state_the_newest_first(consultations: Consultations) -> None:
    for number in range(3):
        consultations.insert(a_consultation(f"cns_{number}", created_at=AT + timedelta(minutes=number)))
    consultations.replace(opened(a_consultation("cns_1", created_at=AT + timedelta(minutes=1)))[0])
    (cursor, newest), (after, _) = consultations.latest((), 2, None)
    assert newest.consultation_id == "cns_2"
    assert [each.consultation_id for _, each in consultations.latest((), 9, cursor)] == ["cns_1", "cns_0"]
    assert [each.consultation_id for _, each in consultations.latest((), 9, after)] == ["cns_0"]
    assert [each.consultation_id for _, each in consultations.latest(("open",), 9, None)] == ["cns_1"]
    assert [each.consultation_id for _, each in consultations.latest(("draft", "closed"), 9, cursor)] == ["cns_0"]


def test_what_is_due_on_a_day_is_found_the_latest_first(consultations: Consultations) -> None:
    for number, first in enumerate((DAY, DAY - timedelta(days=1), DAY + timedelta(days=1), None)):
        consultations.insert(a_consultation(f"cns_{number}", plan=a_plan(opens_on=first)))
    assert [each.consultation_id for each in consultations.due(DAY, 9)] == ["cns_0", "cns_1"]
    assert [each.consultation_id for each in consultations.due(DAY, 1)] == ["cns_0"]
    for each in consultations.due(DAY, 9):
        consultations.replace(opened(each)[0])
    assert consultations.due(DAY, 9) == []
    assert len(consultations.due(date(3000, 1, 1), 9)) == 3


def test_surveys_follow_once(consultations: Consultations) -> None:
    consultations.insert(a_consultation(plan=a_plan(survey_ids=["srv_1", "srv_2"])))
    standing = consultations.find("cns_1")
    assert standing
    following, told = opened(standing)
    consultations.replace(following, told, surveys_follow=True)
    assert consultations.unfollowed(9) == consultations.open_with(["srv_2", "srv_9"]) == [following]
    assert consultations.open_with(["srv_9"]) == []
    consultations.follow(standing)
    assert consultations.unfollowed(9) == [following]
    consultations.follow(following)
    consultations.follow(following)
    assert consultations.unfollowed(9) == []
