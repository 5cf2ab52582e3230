"""The contract of the store of cases, on a real store and on the fake."""

from datetime import date, timedelta
from typing import Any

from services.events.casework.store import live_order
from services.events.ingestion import stored
from services.events.repository import Engagements
from shared.contracts.base import Envelope, Event
from shared.contracts.cases import Answer, Case, CaseAnswered, CaseOpened, FollowUp, Outcome, Reopening, Told
from shared.contracts.erasure import EngagementRedacted, Traces
from shared.contracts.events import EngagementCorrected
from shared.redaction import redact
from tests.builders import AT, an_engagement, an_envelope, an_inbound

DUE = date(2014, 2, 3)


def an_asked(repository: Engagements, **fields: Any) -> str:
    """A question that is stored; its id."""
    engagement = an_engagement(**({"kind": "question"} | fields))
    repository.insert([stored(engagement, "digest", an_inbound())])
    return engagement.engagement_id


def a_case(engagement_id: str, **fields: Any) -> Case:
    given = {"version": 1, "state": "open", "due_on": DUE, "opened_at": AT, "opened_by": "Ann"}
    return Case.model_validate({"engagement_id": engagement_id} | given | fields)


def opened(case: Case, **fields: Any) -> Envelope[Event]:
    about = {"kind": "question", "title": "Parking", "contact_ids": (), "at": AT, "by": "Ann", "due_on": case.due_on}
    event = CaseOpened.model_validate({"engagement_id": case.engagement_id} | about | fields)
    return an_envelope(event, subject=case.engagement_id, sequence=case.version)


def test_an_engagement_has_one_case_with_its_event_in_the_outbox(repository: Engagements) -> None:
    key = an_asked(repository)
    case = a_case(key)
    assert repository.cases.find(key) is None
    assert repository.cases.open(case, opened(case))
    assert not repository.cases.open(a_case(key, owner="Bob"), opened(case))
    assert repository.cases.find(key) == case
    assert [event.type for _, event in waiting(repository)] == [CaseOpened.type]


def waiting(repository: Engagements) -> list[tuple[Any, Event]]:
    return [(key, envelope.data) for key, envelope in repository.outbox.pending(10)]


def test_there_is_no_case_without_an_engagement(repository: Engagements) -> None:
    case = a_case("eng_none")
    assert not repository.cases.open(case, opened(case))
    assert repository.cases.find("eng_none") is None


def test_of_two_changes_the_first_wins(repository: Engagements) -> None:
    key = an_asked(repository)
    repository.cases.open(a_case(key), opened(a_case(key)))
    follow_up = FollowUp(number=1, note="Ring", due_on=DUE, at=AT, by="Ann")
    following = a_case(key, version=2, owner="Bob", follow_ups=(follow_up,))
    assert repository.cases.replace(following)
    assert not repository.cases.replace(a_case(key, version=2))
    assert repository.cases.find(key) == following
    assert len(repository.outbox.pending(10)) == 1


def test_a_correction_of_the_engagement_and_the_case_do_not_touch_each_other(repository: Engagements) -> None:
    key = an_asked(repository, body="A long letter.")
    repository.cases.open(a_case(key), opened(a_case(key)))
    corrected = repository.find([key])[key].engagement.model_copy(update={"title": "After", "version": 2})
    event = an_envelope(EngagementCorrected(engagement=corrected, corrected_by="staff"), sequence=2)
    assert repository.replace(corrected, event)
    assert repository.cases.replace(a_case(key, version=2, owner="Bob"))
    (place,) = repository.cases.live(10)
    assert place.engagement.body == ""
    assert (place.engagement.title, place.case.owner) == ("After", "Bob")


def test_what_is_due_first_stands_first_and_what_is_closed_stands_apart(repository: Engagements) -> None:
    keys = [an_asked(repository) for _ in range(4)]
    for number, key in enumerate(keys):
        case = a_case(key, due_on=DUE + timedelta(days=5 - number))
        repository.cases.open(case, opened(case))
    assert [each.case.engagement_id for each in repository.cases.live(10)] == keys[::-1]
    assert [each.order for each in repository.cases.live(1)] == [live_order(repository.cases.find(keys[3]))]  # type: ignore[arg-type]
    for number, key in enumerate(keys[:3]):
        outcome = Outcome(result="we_did", text="Signs", at=AT + timedelta(days=number), by="Ann")
        repository.cases.replace(a_case(key, version=2, state="closed", outcome=outcome))
    assert [each.case.engagement_id for each in repository.cases.live(10)] == keys[3:]
    first = repository.cases.closed(2, None)
    rest = repository.cases.closed(2, first[-1].order)
    assert [each.case.engagement_id for each in (*first, *rest)] == [keys[2], keys[1], keys[0]]


def test_a_case_that_is_opened_again_stands_among_those_that_wait(repository: Engagements) -> None:
    key = an_asked(repository)
    repository.cases.open(a_case(key), opened(a_case(key)))
    outcome = Outcome(result="we_did", text="Signs", at=AT, by="Ann")
    assert repository.cases.replace(a_case(key, version=2, state="closed", outcome=outcome))
    again = Reopening(reason="They fell down", due_on=DUE, at=AT, by="Ann", closed_with=outcome)
    following = a_case(key, version=3, reopenings=(again,), told=(Told(mark="a"),))
    assert repository.cases.replace(following)
    assert [each.case for each in repository.cases.live(10)] == [following]
    assert list(repository.cases.closed(10, None)) == []


def test_erasing_takes_the_name_from_what_was_written_to_the_person(repository: Engagements) -> None:
    traces = Traces(erasure_id="era_1", contact_ids=("con_1",), names=("Mary Okafor",), emails=("m@example.org",))
    person = {"name": "Mary Okafor", "contact_ids": ("con_1",)}
    key = an_asked(repository, participants=(person,), title="Mary Okafor asks")
    answer = Answer(text="Dear Mary Okafor, write to m@example.org.", how="letter", to="Mary Okafor", at=AT, by="Ann")
    case = a_case(key, state="answered", answer=answer)
    about = {"kind": "question", "title": "x", "contact_ids": ("con_1",), "at": AT, "by": "Ann", "answer": answer}
    event = an_envelope(CaseAnswered.model_validate({"engagement_id": key} | about), subject=key)
    assert repository.cases.open(case, event)
    standing = repository.find([key])[key].engagement
    left = standing.model_validate(redact(standing.model_dump(mode="json"), traces) | {"version": 2})
    told = an_envelope(EngagementRedacted(engagement=left, erasure_id="era_1"), subject=key, sequence=2)
    assert repository.redact(left, told, traces, False)
    found = repository.cases.find(key)
    assert found is not None
    assert found.version == 2
    assert found.answer is not None
    assert found.answer.text == "Dear [name removed], write to [address removed]."
    events = [each for _, each in waiting(repository)]
    assert [type(each) for each in events] == [CaseAnswered, EngagementRedacted]
    assert "Okafor" not in str(events[0])
    assert not repository.cases.replace(case.model_copy(update={"version": 2}))
