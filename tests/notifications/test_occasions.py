"""Which steps of a case are an occasion for a rule."""

from typing import Any

import pytest

from services.notifications.rules.occasions import occasions_of
from shared.contracts.cases import Answer, CaseAnswered, CaseLeftUnanswered
from tests.builders import AT, an_envelope

ABOUT = {"engagement_id": "eng_1", "kind": "question", "title": "Why?", "contact_ids": ("con_1", "con_2"), "at": AT}


def answered(notice_id: str = "", repeated: bool = False, **more: Any) -> CaseAnswered:
    answer = Answer(text="In May.", how="letter", notice_id=notice_id, repeated=repeated, at=AT, by="Ann")
    return CaseAnswered.model_validate(ABOUT | {"by": "Ann", "answer": answer} | more)


def late(**more: Any) -> CaseLeftUnanswered:
    return CaseLeftUnanswered.model_validate(ABOUT | {"by": "system", "opened_at": AT} | more)


@pytest.mark.parametrize(("event", "occasion"), [(answered(), "case_answered"), (late(), "case_late")])
def test_everybody_who_asked_may_be_told(event: CaseAnswered | CaseLeftUnanswered, occasion: str) -> None:
    found = list(occasions_of(an_envelope(event)))
    assert [(each.occasion, each.contact_id) for each in found] == [(occasion, "con_1"), (occasion, "con_2")]


@pytest.mark.parametrize(
    "event",
    [answered("answer:eng_1:2"), answered(sensitive=True), late(sensitive=True), answered(repeated=True)],
)
def test_what_is_restricted_or_known_or_was_sent_itself_is_no_occasion(
    event: CaseAnswered | CaseLeftUnanswered,
) -> None:
    assert list(occasions_of(an_envelope(event))) == []
