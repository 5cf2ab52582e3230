"""People are invited to a survey over links of their own, and reminded only while they have not answered."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications import answered as asking
from services.surveys.consultations.fake import FakeConsultations
from services.surveys.fake import FakeSurveys
from services.surveys.service import SurveysService
from shared.answer_links import read
from shared.contracts.audiences import SummariseAudience
from shared.contracts.base import new_id
from shared.contracts.contacts import Resolution, Resolutions, ResolveContacts
from shared.contracts.erasure import Traces
from shared.contracts.invitations import GetMailingForm, GetResponseRates, SurveyRate
from shared.contracts.notifications import (
    ChangeMailing,
    DraftMailing,
    LedgerLine,
    Mailing,
    MessagesSent,
    PreviewMailing,
    ScheduleMailing,
    SendTest,
)
from shared.contracts.rules import CreateRule, RuleSettings
from shared.contracts.segments import ListSegments, Segments
from shared.contracts.survey_links import GiveSurveyKeys
from shared.contracts.surveys import RESPONSES, CloseSurvey, CreateSurvey, OpenSurvey, Survey
from shared.contracts.templates import CreateTemplate, TemplateText
from shared.errors import Conflict, Invalid, Unavailable
from shared.messaging import rpc
from shared.messaging.declare import RawMessage
from tests.builders import a_mailing_draft, a_recipient
from tests.flows.test_mailings import Contacts, Office, people
from tests.surveys.asking import a_definition
from tests.surveys.test_service import sent_to

SECRET = "s" * 32
BODY = "Dear {name|friend},\n\n[Answer the survey]({survey_link})"


class Guests(Contacts):
    """Contacts, who also know the groups of whoever answers."""

    @rpc
    def resolve_contacts(self, request: ResolveContacts) -> Resolutions:
        found = (Resolution(contact_ids=(each.identifiers[0][1],)) for each in request.references)
        return Resolutions(resolutions=tuple(found))

    @rpc
    def list_segments(self, request: ListSegments) -> Segments:
        raise Unavailable("The contacts service does not answer.")


class Campaign(Office):
    """An office that has a survey to invite people to."""

    def __init__(self, folder: Path, anonymous: bool = False) -> None:
        super().__init__(folder)
        self.contacts = self.bus.add(Guests())
        self.surveys = self.bus.add(SurveysService(FakeSurveys(), FakeConsultations(), SECRET, self.bus))
        asked = CreateSurvey(request_id=new_id(), definition=a_definition(), anonymous=anonymous)
        self.survey = self.opened(self.bus.call(asked))

    def opened(self, survey: Survey) -> Survey:
        return self.bus.call(OpenSurvey(survey_id=survey.survey_id, version=survey.version))

    def written(self, **fields: object) -> Mailing:
        about = {"survey_id": self.survey.survey_id, "survey_title": self.survey.title}
        draft = a_mailing_draft(**({"subject": "Tell us", "body": BODY, "purpose": "survey"} | about | fields))
        return self.bus.call(DraftMailing(request_id=new_id(), draft=draft))

    def invite(self, **fields: object) -> str:
        mailing = self.written(**fields)
        self.bus.call(ScheduleMailing(mailing_id=mailing.mailing_id, version=mailing.version))
        self.work()
        return mailing.mailing_id

    def remind(self, **fields: object) -> str:
        return self.invite(**({"subject": "Remember", "unanswered_only": True} | fields))

    def answer(self, number: int) -> None:
        """Over the link that they have."""
        contact_id = f"con_{number:05}"
        asked = GiveSurveyKeys(survey_id=self.survey.survey_id, contact_ids=(contact_id,))
        form = sent_to(self.survey, link_key=self.bus.call(asked).keys[contact_id])
        self.bus.inject(RESPONSES, RawMessage(form.model_dump_json().encode(), own=True))
        self.bus.deliver()

    def got(self, subject: str = "Remember") -> list[int]:
        """Who got a message of that subject, by number, in the order of the mail server."""
        mine = [to for to, content in self.sink.got if f"Subject: {subject}" in content]
        return [int(re.sub(r"\D", "", to)) for to in mine]

    def rate(self) -> SurveyRate:
        (found,) = self.bus.call(GetResponseRates(survey_ids=(self.survey.survey_id,))).surveys
        return found

    def suppressed(self, mailing_id: str) -> dict[str, str]:
        return {line.contact_id: line.rule for line in self.lines(mailing_id, "suppressed")}


@pytest.fixture
def campaign(tmp_path: Path) -> Iterator[Campaign]:
    made = Campaign(tmp_path)
    yield made
    made.sink.close()


@pytest.fixture
def anonymous(tmp_path: Path) -> Iterator[Campaign]:
    made = Campaign(tmp_path, anonymous=True)
    yield made
    made.sink.close()


def link_in(content: str) -> str:
    (link,) = set(re.findall(r"https://wellheard.example/answer/p/[\w.-]+", content.replace("=\r\n", "")))
    return link.rpartition("/")[2]


def test_everybody_is_invited_once_over_a_link_of_their_own(campaign: Campaign) -> None:
    campaign.contacts.members = [*people(range(30)), a_recipient(99, consent_id=None, reason="no_consent")]
    campaign.invite()
    assert sorted(campaign.got("Tell us")) == list(range(30))
    keys = {to: read(SECRET, link_in(content), datetime.now(UTC)) for to, content in campaign.sink.got}
    assert len(set(keys.values())) == 30
    asked = GiveSurveyKeys(survey_id=campaign.survey.survey_id, contact_ids=("con_00007",))
    assert keys["person7@example.org"] == campaign.bus.call(asked).keys["con_00007"]
    assert all("con_0" not in content for _, content in campaign.sink.got)


def test_who_does_not_get_the_invitation_gets_no_link(campaign: Campaign) -> None:
    campaign.contacts.members = [a_recipient(1, consent_id=None, reason="no_consent"), a_recipient(2)]
    campaign.invite()
    assert campaign.surveys._surveys.links.keys(campaign.survey.survey_id, ["con_00001", "con_00002"]).keys() == {
        "con_00002"
    }


def test_a_reminder_goes_only_to_those_who_have_not_answered(campaign: Campaign) -> None:
    campaign.contacts.members = people(range(10))
    campaign.invite()
    for number in (2, 5):
        campaign.answer(number)
    mailing_id = campaign.remind()
    assert sorted(campaign.got()) == [0, 1, 3, 4, 6, 7, 8, 9]
    assert campaign.suppressed(mailing_id) == {"con_00002": "answered", "con_00005": "answered"}
    reminders = [each for each in campaign.events(MessagesSent) if isinstance(each, MessagesSent) and each.is_reminder]
    assert {each.survey_title for each in reminders} == {"Getting here"}


def test_a_reminder_of_an_invitation_goes_to_nobody_who_was_not_sent_it(campaign: Campaign) -> None:
    campaign.contacts.members = [*people(range(3)), a_recipient(9, consent_id=None, reason="no_consent")]
    invitation = campaign.invite()
    campaign.contacts.members = [*people(range(5)), a_recipient(9)]
    summary = campaign.written(unanswered_only=True, reminder_of=invitation)
    counted = campaign.bus.call(SummariseAudience(mailing_id=summary.mailing_id))
    assert (counted.allowed, counted.kept_back) == (3, {"not_invited": 3})
    campaign.remind(reminder_of=invitation)
    assert sorted(campaign.got()) == [0, 1, 2]


def answer_in_the_middle(campaign: Campaign, at: str, number: int) -> Callable[[str, str], None]:
    """Somebody answers while the mail server has a message to `at`, which takes a second."""

    def react(command: str, to: str) -> None:
        if command == "." and to == at:
            campaign.answer(number)
            time.sleep(1)

    return react


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["campaign", "anonymous"])
def test_who_answers_while_the_reminder_runs_gets_none(kind: str, request: pytest.FixtureRequest) -> None:
    campaign: Campaign = request.getfixturevalue(kind)
    campaign.contacts.members = people(range(50))
    campaign.invite()
    for number in range(30, 36):
        campaign.answer(number)
    campaign.sink.answer = answer_in_the_middle(campaign, "person5@example.org", 45)
    mailing_id = campaign.remind()
    assert 45 not in campaign.got()
    assert campaign.progress(mailing_id).counts == {"sent": 43, "suppressed": 7}
    assert set(campaign.suppressed(mailing_id).values()) == {"answered"}


@pytest.mark.thorough
def test_nobody_is_reminded_while_surveys_does_not_answer(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign.contacts.members = people(range(3))
    campaign.invite()

    def be_away(*_: object) -> None:
        raise Unavailable("The surveys service does not answer.")

    monkeypatch.setattr(campaign.surveys, "find_answered", be_away)
    mailing_id = campaign.remind()
    assert campaign.got() == []
    assert campaign.progress(mailing_id).waiting == 3
    campaign.bus.call(ScheduleMailing(mailing_id=campaign.draft().mailing_id, version=1))
    campaign.work()
    assert len(campaign.sink.got) == 6  # another mailing does not wait for it
    monkeypatch.undo()
    time.sleep(asking.SILENT_SECONDS)
    campaign.work()
    assert sorted(campaign.got()) == [0, 1, 2]


def test_keys_that_surveys_did_not_give_are_asked_for_again(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign.contacts.members = people(range(1100))
    give, asked = campaign.surveys.give_survey_keys, list[int]()

    def fail_once(request: GiveSurveyKeys) -> object:
        asked.append(len(request.contact_ids))
        if len(asked) == 2:
            raise Unavailable("The surveys service does not answer.")
        return give(request)

    monkeypatch.setattr(campaign.surveys, "give_survey_keys", fail_once)
    with pytest.raises(Unavailable):
        campaign.invite()
    campaign.work()
    assert asked == [1000, 100, 1000, 100]
    assert len(campaign.got("Tell us")) == len(set(campaign.got("Tell us"))) == 1100


def test_a_survey_that_is_not_open_invites_nobody_and_says_why(campaign: Campaign) -> None:
    campaign.contacts.members = people(range(3))
    mailing = campaign.written()
    survey = campaign.survey
    campaign.bus.call(CloseSurvey(survey_id=survey.survey_id, version=survey.version))
    with pytest.raises(Conflict, match="“Getting here” is not open"):
        campaign.bus.call(ScheduleMailing(mailing_id=mailing.mailing_id, version=1))
    campaign.bus.call(ScheduleMailing(mailing_id=mailing.mailing_id, version=1, at=datetime.now(UTC)))
    campaign.work()
    standing = campaign.progress(mailing.mailing_id).mailing
    assert standing.state == "draft"
    assert "while the survey is open" in standing.problem
    assert campaign.sink.got == []


def test_text_and_survey_have_to_fit_together(campaign: Campaign) -> None:
    for fields, sentence in (
        ({"survey_id": ""}, "no survey is chosen"),
        ({"body": "Answer, please."}, "has no {survey_link}"),
        ({"subject": "Go to {survey_link}"}, "cannot stand in the subject"),
        ({"public": True}, "cannot stand in the archive"),
        ({"survey_id": "", "body": "Hello", "unanswered_only": True}, "that it reminds of"),
    ):
        with pytest.raises(Invalid, match=re.escape(sentence)):
            campaign.written(**fields)
    mailing = campaign.written()
    change = ChangeMailing(mailing_id=mailing.mailing_id, version=1, draft=a_mailing_draft(body="{survey_link}"))
    with pytest.raises(Invalid, match="no survey is chosen"):
        campaign.bus.call(change)


def test_a_rule_cannot_send_what_only_an_invitation_can(campaign: Campaign) -> None:
    text = TemplateText(name="Invitation", subject="Tell us", body=BODY)
    template = campaign.bus.call(CreateTemplate(request_id="t", text=text))
    rule = {"name": "r", "occasion": "contact_registered", "purpose": "survey", "template_id": template.template_id}
    with pytest.raises(Invalid, match="a rule invites to no survey"):
        campaign.bus.call(CreateRule(request_id="r", settings=RuleSettings.model_validate(rule)))


def test_nobody_can_answer_over_the_link_in_a_preview_or_a_test(campaign: Campaign) -> None:
    mailing = campaign.written()
    preview = campaign.bus.call(PreviewMailing(mailing_id=mailing.mailing_id))
    assert f"/surveys/{campaign.survey.survey_id}/preview" in preview.text
    assert preview.fields == ()
    campaign.bus.call(SendTest(request_id="t", mailing_id=mailing.mailing_id, address="me@example.org"))
    campaign.work()
    ((_, content),) = campaign.sink.got
    assert f"https://wellheard.example/surveys/{campaign.survey.survey_id}/preview" in content.replace("=\r\n", "")
    assert "/answer/" not in content
    assert campaign.surveys._surveys.links.keys(campaign.survey.survey_id, [""]) == {}


def test_the_response_rate_counts_each_person_once_and_by_segment(campaign: Campaign) -> None:
    campaign.contacts.members = people(range(8))
    first = campaign.invite(segment_id="seg_1", segment_name="Carers")
    campaign.contacts.members = people(range(6, 12))
    campaign.invite(segment_id="seg_2", segment_name="Panel")
    for number in (1, 2, 7):
        campaign.answer(number)
    campaign.contacts.members = people(range(8))
    reminder = campaign.remind(segment_id="seg_1", segment_name="Carers", reminder_of=first)
    campaign.answer(3)
    rate = campaign.rate()
    assert (rate.sent, rate.answered, rate.is_complete) == (12, 4, True)
    assert {each.segment_name: (each.sent, each.answered) for each in rate.segments} == {
        "Carers": (8, 4),
        "Panel": (6, 1),
    }
    latest, _, oldest = rate.mailings
    assert (latest.mailing_id, latest.is_reminder, latest.invited, latest.sent, latest.answered) == (
        reminder,
        True,
        8,
        5,
        1,
    )
    assert (oldest.mailing_id, oldest.sent, oldest.answered) == (first, 8, 4)


def test_the_form_knows_what_a_mailing_may_name(campaign: Campaign) -> None:
    campaign.contacts.members = people(range(2))
    invitation = campaign.invite()
    campaign.remind()
    form = campaign.bus.call(GetMailingForm(survey_id=campaign.survey.survey_id))
    assert [each.mailing_id for each in form.invitations] == [invitation]
    assert form.surveys is not None
    assert [each.survey_id for each in form.surveys] == [campaign.survey.survey_id]
    assert form.segments is None  # contacts does not say


# -- anonymous surveys --------------------------------------------------------------------------------


def test_of_an_anonymous_survey_nobody_notes_down_who_has_answered_before_it_is_sent(anonymous: Campaign) -> None:
    anonymous.contacts.members = people(range(40))
    anonymous.invite()
    for number in range(6):
        anonymous.answer(number)
    mailing = anonymous.written(unanswered_only=True)
    summary = anonymous.bus.call(SummariseAudience(mailing_id=mailing.mailing_id))
    assert (summary.allowed, summary.kept_back, summary.answered_unknown) == (40, {}, True)
    anonymous.bus.call(ScheduleMailing(mailing_id=mailing.mailing_id, version=1))
    anonymous.sender.watch.refresh()
    anonymous.sender.direct()
    frozen = [each for n in range(2) for each in anonymous.ledger._people[f"{mailing.mailing_id}:1:{n:05}"]]
    assert {each.rule for each in frozen} == {""}
    anonymous.work()
    assert len(anonymous.suppressed(mailing.mailing_id)) == 6


def test_a_reminder_that_would_set_apart_fewer_than_five_who_answered_anonymously_is_not_sent(
    anonymous: Campaign,
) -> None:
    anonymous.contacts.members = people(range(30))
    anonymous.invite()
    for number in range(4):
        anonymous.answer(number)
    refused = anonymous.progress(anonymous.remind()).mailing
    assert (refused.state, "Fewer than five" in refused.problem) == ("draft", True)
    anonymous.answer(4)
    assert anonymous.progress(anonymous.remind()).mailing.state == "sent"
    for number in range(5, 9):
        anonymous.answer(number)
    assert anonymous.progress(anonymous.remind()).mailing.state == "draft"  # five again, since the reminder
    assert anonymous.got() == list(range(5, 30))


def test_of_an_anonymous_survey_the_rate_is_told_in_fives(anonymous: Campaign) -> None:
    anonymous.contacts.members = people(range(20))
    anonymous.invite()
    for number, expected in enumerate((0, 0, 0, 0, 5, 5)):
        anonymous.answer(number)
        rate = anonymous.rate()
        assert (rate.answered, rate.segments[0].answered, rate.mailings[0].answered) == (expected, expected, expected)


# -- erasure, and whatever happens ----------------------------------------------------------------------


def test_the_key_of_somebody_who_is_erased_is_forgotten(campaign: Campaign) -> None:
    campaign.contacts.members = people(range(2))
    mailing_id = campaign.invite()
    before = campaign.ledger.find_recipient(mailing_id, 1, 0, 0)
    assert before is not None
    assert before.key
    traces = Traces(erasure_id="ers_1", contact_ids=("con_00000",), emails=(), phones=(), names=())
    campaign.ledger.erase(traces)
    after = campaign.ledger.find_recipient(mailing_id, 1, 0, 0)
    assert after is not None
    assert after.key == ""


class Trouble:
    """Answers that come, and lines that break, while the mail server takes messages."""

    def __init__(self, campaign: Campaign, answers: dict[int, list[int]], breaks: set[int]) -> None:
        self._campaign, self._answers, self._breaks = campaign, answers, breaks
        self._messages = 0
        self.answered: set[int] = set()
        self.reminded_after: list[int] = []

    def __call__(self, command: str, to: str) -> str | None:
        if command != ".":
            return None
        number = int(re.sub(r"\D", "", to))
        if number in self.answered:
            self.reminded_after.append(number)
        self._messages += 1
        for each in self._answers.get(self._messages, ()):
            self.answer(each)
        return "" if self._messages in self._breaks else None

    def answer(self, number: int) -> None:
        self._campaign.answer(number)
        self.answered.add(number)


numbers = st.integers(0, 11)
places = st.integers(1, 12)


@pytest.mark.thorough
@settings(max_examples=25, deadline=None)
@given(st.sets(numbers), st.dictionaries(places, st.lists(numbers, max_size=3)), st.sets(places, max_size=2))
def test_whoever_answers_whenever_and_whatever_breaks_nobody_who_answered_is_reminded(
    before: set[int], during: dict[int, list[int]], breaks: set[int]
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(asking, "EVERY", -1.0)  # asked before each message: what is said holds to the message
        campaign = Campaign(Path(folder))
        campaign.contacts.members = people(range(12))
        invitation = campaign.invite()
        assert sorted(campaign.got("Tell us")) == list(range(12))
        trouble = Trouble(campaign, during, breaks)
        for each in before:
            trouble.answer(each)
        campaign.sink.answer = trouble
        reminder = campaign.remind(reminder_of=invitation)
        campaign.sink.close()
        assert trouble.reminded_after == []
        taken = campaign.got()
        assert len(taken) == len(set(taken))
        states: dict[str, list[LedgerLine]] = {
            state: list(campaign.lines(reminder, state))  # type: ignore[arg-type]
            for state in ("sent", "suppressed", "uncertain")
        }
        assert sum(map(len, states.values())) == 12
        assert {f"con_{each:05}" for each in taken} == {each.contact_id for each in states["sent"]}
        assert len(states["uncertain"]) <= len(breaks)
