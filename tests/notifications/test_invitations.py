"""What text and survey must have in common, and whom a reminder of an anonymous survey may set apart."""

from collections import Counter

import pytest

from services.notifications.domain import Addressee
from services.notifications.invitations import answered_since, check, check_enough, link, was_reached
from shared.contracts.notifications import LedgerLine
from shared.errors import Conflict, Invalid
from tests.builders import AT, a_mailing_draft


def a_line(mailing_id: str, contact_id: str, **fields: object) -> LedgerLine:
    said = {"mailing_id": mailing_id, "contact_id": contact_id, "name": "Ann", "state": "sent", "at": AT}
    return LedgerLine.model_validate(said | fields)


def test_an_ordinary_mailing_and_a_complete_invitation_are_fine() -> None:
    check(a_mailing_draft())
    check(a_mailing_draft(body="Go to {survey_link}", survey_id="srv_1"))
    check(a_mailing_draft(body="Go to {survey_link}", survey_id="srv_1", unanswered_only=True, reminder_of="mlg_1"))


def test_the_link_with_a_default_is_a_link_too() -> None:
    with pytest.raises(Invalid, match="no survey is chosen"):
        check(a_mailing_draft(body="Go to {survey_link|the survey}"))


def test_whoever_may_not_be_written_to_has_no_key_and_who_has_none_is_not_written_to() -> None:
    ann = Addressee("con_1", "Ann", "ann@example.org", "cns_1")
    assert link(ann, "k", False).key == "k"
    assert link(ann, "k", True).rule == "answered"
    assert link(ann, None, False).rule == "no_link"
    silent = Addressee("con_2", "Ben", "", None, "no_consent")
    assert link(silent, "k", True) == silent


def test_what_came_back_had_been_sent() -> None:
    assert was_reached(a_line("m", "c"))
    assert was_reached(a_line("m", "c", state="bounced", was="sent"))
    assert not was_reached(a_line("m", "c", state="suppressed", rule="answered"))
    assert not was_reached(None)


def test_those_who_have_answered_are_counted_by_the_last_reminder_that_reached_them() -> None:
    lines = {
        ("first", "con_1"): a_line("first", "con_1"),
        ("second", "con_1"): a_line("second", "con_1"),
        ("first", "con_2"): a_line("first", "con_2"),
        ("second", "con_2"): a_line("second", "con_2", state="suppressed", rule="answered"),
        ("first", "con_3"): a_line("first", "con_3"),
    }
    found = answered_since(["con_1", "con_2", "con_3", "con_4"], lines, ["first", "second"])
    assert found == {"second": 1, "first": 1, "": 1}  # that the second has answered was known by then


@pytest.mark.parametrize("since", [{}, {"": 4}, {"first": 5, "": 1}])
def test_fewer_than_five_are_never_set_apart(since: dict[str, int]) -> None:
    with pytest.raises(Conflict, match="Fewer than five"):
        check_enough(Counter(since))
    check_enough(Counter({"first": 5, "second": 9}))
