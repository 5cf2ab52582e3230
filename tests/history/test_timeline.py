"""The fold: one event, one entry, in any order of arrival; and the sentences people read."""

from datetime import UTC, date, datetime
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.history.records import ContactRecord, Entry, Folded
from services.history.sentences import (
    change_sentence,
    consent_sentence,
    engagement_sentence,
    people_phrase,
    registration_sentence,
    relationship_sentence,
)
from services.history.timeline import fold
from shared.contracts.consent import ConsentChanged, Method
from shared.contracts.contacts import ContactChanged, ContactRegistered, ContactWithdrawn, FieldChange
from shared.contracts.events import EngagementCorrected, EngagementQuarantined, Kind, Participant
from shared.contracts.notifications import MessagesSent
from shared.contracts.relationships import Relationship, RelationshipChanged
from shared.contracts.segments import SegmentRef, SegmentsEntered, SegmentsLeft
from shared.contracts.surveys import ResponseReceived, SurveyClosed, SurveyOpened
from tests.builders import AT, a_consent, a_contact, an_engagement, an_envelope, recorded, registered


def test_an_engagement_becomes_an_entry_of_its_own_id() -> None:
    entry, contact = fold(recorded(engagement_id="eng_1", title="Parking", body="No spaces.", topics=("access",)))
    assert (entry.id, entry.engagement_id, entry.version) == ("eng_1", "eng_1", 1)
    assert (entry.title, entry.body, entry.topics, entry.corrected) == ("Parking", "No spaces.", ("access",), False)
    assert contact is None


def test_a_correction_is_the_same_entry_marked_as_corrected() -> None:
    engagement = an_engagement(engagement_id="eng_1", version=2, title="Corrected")
    entry, _ = fold(an_envelope(EngagementCorrected(engagement=engagement, corrected_by="staff"), sequence=2))
    assert (entry.id, entry.version, entry.title, entry.corrected) == ("eng_1", 2, "Corrected", True)


def test_people_are_linked_or_mentioned() -> None:
    people = (
        Participant(name="Ann Lee", contact_ids=("con_1", "con_2")),
        Participant(name="A neighbour"),
        Participant(contact_ids=("con_1",)),
    )
    entry, _ = fold(recorded(participants=people))
    assert entry.contact_ids == ("con_1", "con_2")
    assert (entry.names, entry.mentions) == (("Ann Lee", "A neighbour"), ("A neighbour",))


def test_an_entry_names_the_service_that_told_of_it() -> None:
    entries = [fold(each).entry for each in (recorded(), registered())]
    assert [each.source for each in entries if each] == ["events", "contacts"]


def test_times_are_kept_in_utc() -> None:
    entry, _ = fold(recorded(occurred_at="2014-06-01T00:30:00+01:00"))
    assert entry.occurred_at == datetime(2014, 5, 31, 23, 30, tzinfo=UTC)
    assert b'"2014-05-31T23:30:00Z"' in entry.to_json()


def test_a_registered_contact_is_an_entry_and_a_record() -> None:
    envelope = registered(contact_id="con_1", name="Ann Lee", locality="north", groups=("carers",))
    entry, contact = fold(envelope)
    assert (entry.id, entry.kind, entry.contact_ids) == (envelope.id, "contact_registered", ("con_1",))
    assert contact == ContactRecord(
        id="con_1", version=1, kind="person", name="Ann Lee", locality="north", groups=("carers",)
    )


def test_an_entry_of_a_contact_belongs_to_the_partner_that_named_it() -> None:
    contact = a_contact(name="Ann Lee")
    entry, _ = fold(an_envelope(ContactRegistered(contact=contact, registered_by="St Agnes")))
    assert (entry.partner, entry.sentence) == ("St Agnes", "St Agnes added Ann Lee to the contacts.")


def test_a_contact_that_was_taken_back_stays_a_line_and_is_marked() -> None:
    contact = a_contact(name="Ann Lee", withdrawn=True)
    withdrawn = ContactWithdrawn(contact=contact, withdrawn_by="anna", through="panel.csv, row 7")
    entry, record = fold(an_envelope(withdrawn, sequence=2))
    assert record.withdrawn
    assert (entry.kind, entry.partner) == ("contact_withdrawn", None)
    assert entry.sentence == "Ann Lee was added by an import that has been taken back (panel.csv, row 7)."


def test_what_an_import_added_is_of_no_partner() -> None:
    event = ContactRegistered(contact=a_contact(name="Ann Lee"), registered_by="anna", through="panel.csv, row 7")
    entry, _ = fold(an_envelope(event))
    assert (entry.partner, entry.sentence) == (
        None,
        "Ann Lee was added to the contacts by an import (panel.csv, row 7).",
    )


def test_a_quarantined_event_is_no_line_of_anybodys_timeline() -> None:
    quarantined = EngagementQuarantined(quarantine_id="q", partner="p", source="s", external_id="1", reasons=())
    assert fold(an_envelope(quarantined)) == Folded()


def test_a_statement_of_consent_is_a_line_of_its_own_at_the_time_it_was_said() -> None:
    said = a_consent(False, contact_id="con_1", purpose="*", channel="*", method="one_click", evidence="secret-proof")
    envelope = an_envelope(ConsentChanged(consent=said, name="Ann Lee"), sequence=7)
    entry, contact = fold(envelope)
    assert (entry.id, entry.version, entry.kind) == (envelope.id, 1, "consent_withdrawn")
    assert (entry.contact_ids, entry.occurred_at) == (("con_1",), AT)
    assert entry.sentence == "Ann Lee no longer allows any message over any channel, with one click in a message."
    assert b"secret-proof" not in entry.to_json()
    assert contact is None


@pytest.mark.parametrize("method", get_args(Method))
def test_every_method_of_consent_has_words(method: str) -> None:
    sentence = consent_sentence(a_consent(method=method), "Ann Lee")
    assert sentence.startswith("Ann Lee allowed the newsletter by e-mail, ")


@pytest.mark.parametrize(("kind", "words"), [(SegmentsEntered, "Came into"), (SegmentsLeft, "Went out of")])
@pytest.mark.parametrize(
    ("names", "said"), [(["Panel"], "segment “Panel”"), (["Panel", "Carers"], "segments “Panel” and “Carers”")]
)
def test_what_one_cause_moves_into_or_out_of_segments_is_one_line(
    kind: type[SegmentsEntered | SegmentsLeft], words: str, names: list[str], said: str
) -> None:
    segments = tuple(SegmentRef(segment_id=f"seg_{each}", name=each) for each in names)
    move = kind(contact_id="con_1", segments=segments, cause="became known", cause_id="e", at=AT)
    envelope = an_envelope(move)
    entry, contact = fold(envelope)
    assert (entry.id, entry.contact_ids, entry.occurred_at) == (envelope.id, ("con_1",), AT)
    assert entry.kind == ("segments_entered" if kind is SegmentsEntered else "segments_left")
    assert entry.sentence == f"{words} the {said}. Because: became known."
    assert contact is None


@pytest.mark.parametrize(
    ("kind", "by", "word"), [(SurveyOpened, "opened_by", "opened"), (SurveyClosed, "closed_by", "closed")]
)
def test_a_survey_that_is_opened_or_closed_is_a_line_of_nobodys_timeline(
    kind: type[SurveyOpened | SurveyClosed], by: str, word: str
) -> None:
    more = {"definition_version": 1} if kind is SurveyOpened else {}
    event = kind.model_validate({"survey_id": "srv_1", "title": "Getting here", by: "Jo", "at": AT} | more)
    entry = fold(an_envelope(event)).entry
    assert entry
    assert (entry.kind, entry.source, entry.contact_ids) == (f"survey_{word}", "surveys", ())
    assert (entry.title, entry.sentence) == ("Getting here", f"The survey “Getting here” was {word}.")


def test_an_answer_is_a_line_only_of_whoever_is_known_to_have_given_it() -> None:
    said = {"response_id": "rsp_1", "survey_id": "srv_1", "title": "Getting here", "definition_version": 1}
    known = ResponseReceived.model_validate(said | {"contact_id": "con_1", "received_at": AT})
    entry = fold(an_envelope(known)).entry
    assert entry
    assert (entry.id, entry.kind, entry.contact_ids) == ("rsp_1", "response_received", ("con_1",))
    assert entry.sentence == "Answered the survey “Getting here”."
    assert fold(an_envelope(known.model_copy(update={"contact_id": None}))) == Folded()


def test_a_role_is_a_line_on_the_timelines_of_both() -> None:
    noted = Relationship(
        relationship_id="rel_1", version=1, contact_id="con_1", with_id="con_2", role="Chair", since=date(2024, 3, 1)
    )
    entry = fold(an_envelope(RelationshipChanged(relationship=noted, changed_by="Jo", at=AT))).entry
    assert entry
    assert (entry.kind, entry.contact_ids, entry.title) == ("relationship_changed", ("con_1", "con_2"), "Role: Chair")
    assert entry.sentence == "Chair, since 1 March 2024."


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"until": date(2025, 5, 2)}, "Chair, until 2 May 2025."),
        ({"removed": True}, "Noted by mistake: Chair."),
        ({"role": None}, "A role."),
    ],
)
def test_a_role_that_ends_or_was_never_so_is_said_so(fields: dict[str, Any], sentence: str) -> None:
    said = {"relationship_id": "rel_1", "version": 1, "contact_id": "con_1", "with_id": "con_2", "role": "Chair"}
    assert relationship_sentence(Relationship.model_validate(said | fields)) == sentence


def test_records_come_back_from_their_canonical_form() -> None:
    entry, _ = fold(recorded(links=({"url": "https://example.org"},), participants=(Participant(name="Ann"),)))
    _, contact = fold(registered(reported_by=("Council",)))
    assert contact is not None
    assert Entry.from_json(entry.to_json()) == entry
    assert ContactRecord.from_json(contact.to_json()) == contact


@given(st.text(min_size=1, max_size=50).filter(str.strip), st.lists(st.text(min_size=1, max_size=20), max_size=4))
def test_the_checksum_follows_the_content(title: str, topics: list[str]) -> None:
    envelope = recorded(engagement_id="eng_1", external_id="1", title=title, topics=tuple(topics))
    entry, _ = fold(envelope)
    assert entry.checksum() == Entry.from_json(entry.to_json()).checksum()
    assert entry.checksum() != fold(recorded(engagement_id="eng_1", title=title + "x")).entry.checksum()


# -- sentences --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"kind": "complaint", "channel": "phone", "direction": "inbound", "people": ["Ann Lee"]},
            "St Agnes reported a complaint from Ann Lee by phone: Parking",
        ),
        (
            {"kind": "email", "channel": "email", "direction": "outbound", "people": ["Ann", "Bob"], "partner": None},
            "Staff logged an email to Ann and Bob: Parking",
        ),
        (
            {"kind": "meeting", "direction": "inbound", "channel": "in_person", "people": ["Ann", "Bob", "Cy", None]},
            "St Agnes reported a meeting with Ann, Bob and 2 others in person: Parking",
        ),
        ({"kind": "attendance", "people": [None, None]}, "St Agnes reported an attendance of 2 people: Parking"),
        ({"kind": "question", "people": [None]}, "St Agnes reported a question from one person: Parking"),
        (
            {"kind": "story", "channel": "surgery page"},
            "St Agnes reported a story through surgery page: Parking",
        ),
        ({"kind": "foi_request"}, "St Agnes reported a freedom of information request: Parking"),
    ],
)
def test_an_engagement_in_a_sentence(fields: dict[str, object], sentence: str) -> None:
    people = tuple(Participant(name=name) for name in fields.pop("people", []))  # type: ignore[attr-defined]
    assert engagement_sentence(an_engagement(title="Parking", participants=people, **fields)) == sentence


@pytest.mark.parametrize("kind", get_args(Kind))
@pytest.mark.parametrize("direction", [None, "inbound", "outbound"])
def test_every_kind_has_words(kind: str, direction: str | None) -> None:
    engagement = an_engagement(kind=kind, direction=direction, participants=(Participant(name="Ann"),))
    sentence = engagement_sentence(engagement)
    assert "event of kind" not in sentence
    assert "Ann: Parking" in sentence


def test_nobody_named_is_nothing_said() -> None:
    assert people_phrase([]) == ""


def test_changes_of_a_contact_in_a_sentence() -> None:
    changes = (
        FieldChange(field="name", before="Ann Leigh", after="Ann Lee"),
        FieldChange(field="practice", after="Abbey Lane"),
        FieldChange(field="locality", before="north"),
        FieldChange(field="identifiers", before="ann@example.org", after="lee@example.org"),
    )
    sentence = change_sentence(a_contact(name="Ann Lee"), changes, "staff")
    assert sentence == (
        "Staff changed Ann Lee: name from “Ann Leigh” to “Ann Lee”, practice set to “Abbey Lane”, "
        "locality removed (was “north”) and how to reach them."
    )


def test_a_change_is_an_entry_of_its_own() -> None:
    changed = an_envelope(
        ContactChanged(contact=a_contact(version=2), changes=(), changed_by="Council"), subject="con_1", sequence=2
    )
    entry, contact = fold(changed)
    assert (entry.id, entry.kind, entry.partner) == (changed.id, "contact_changed", "Council")
    assert contact is not None
    assert contact.version == 2


def test_staff_add_a_contact() -> None:
    assert registration_sentence(a_contact(name="Ann"), "staff") == "Staff added Ann to the contacts."


def sent(**fields: Any) -> MessagesSent:
    said = {"mailing_id": "mlg_1", "subject": "Have your say", "purpose": "survey", "channel": "email", "sent_at": AT}
    return MessagesSent.model_validate(said | {"contact_ids": ("con_1",), "consent_ids": ("cns_1",)} | fields)


def test_the_line_of_an_invitation_and_of_a_reminder_says_which_survey_it_was_about() -> None:
    about = {"survey_id": "srv_1", "survey_title": "Getting here"}
    invitation, _ = fold(an_envelope(sent(**about)))
    reminder, _ = fold(an_envelope(sent(**about, is_reminder=True)))
    assert invitation is not None
    assert reminder is not None
    assert invitation.sentence == (
        "“Have your say”, an invitation to the survey “Getting here”, was sent by email to one person."
    )
    assert "“Have your say”, a reminder of the survey “Getting here”, was sent" in reminder.sentence
    assert invitation.about == reminder.about == ("srv_1",)
    told, _ = fold(an_envelope(sent(outcome_of="cns_1")))
    assert told is not None
    assert "survey" not in told.sentence
    assert told.about == ("cns_1",)
