"""How a survey comes to be, is opened and closed, and which responses to it count. Pure: time is passed in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from shared.contracts.base import id_of
from shared.contracts.responses import EnterPaper
from shared.contracts.surveys import (
    GRACE,
    DefinitionJson,
    ResponseReceived,
    SentResponse,
    Survey,
    SurveyClosed,
    SurveyOpened,
)
from shared.errors import Conflict, Invalid
from shared.surveys.definition import Definition
from shared.surveys.judging import Judged, judge, judge_paper
from shared.surveys.reading import DefinitionError, read_definition

LONDON = ZoneInfo("Europe/London")
LARGEST_DEFINITION = 200_000
"""Bytes of JSON."""
MOST_DEFINITIONS = 50
"""Versions of what one survey asks; they stand in its document."""


@dataclass(frozen=True, slots=True)
class Response:
    """A form as it is kept. `answers` are those that count, or what was sent when it was refused."""

    response_id: str
    survey_id: str
    definition_version: int
    answers: dict[str, Any]
    begun_at: datetime
    received_at: datetime
    refused: str = ""
    """Why it does not count; empty when it does."""
    form_id: str = ""
    """Of the form that was sent: of several forms over one personal link the first is the response."""
    contact_id: str | None = None
    """Whose it is: whose personal link it came over, or who filled in the paper."""
    paper: str = ""
    """The number of the form on paper."""

    @property
    def counts(self) -> bool:
        return not self.refused

    @property
    def received_on(self) -> date:
        """The day in UTC."""
        return self.received_at.astimezone(UTC).date()


# -- surveys ----------------------------------------------------------------------------------------


def checked(content: Mapping[str, Any]) -> Definition:
    """What is to be asked. Raises Invalid, with a sentence for each fault."""
    try:
        found = read_definition(content)
    except DefinitionError as error:
        raise Invalid(" ".join(map(str, error.faults))) from None
    if len(orjson.dumps(found.to_json())) > LARGEST_DEFINITION:
        raise Invalid(f"A survey has up to {LARGEST_DEFINITION:,} bytes. Shorten its texts, or make two of it.")
    return found


def draft(survey_id: str, definition: Definition, at: datetime, by: str, anonymous: bool = False) -> Survey:
    return Survey(
        survey_id=survey_id,
        version=1,
        state="draft",
        title=definition.title,
        definition=definition.to_json(),
        definition_version=1,
        anonymous=anonymous,
        created_at=at,
        created_by=by,
        changed_at=at,
        changed_by=by,
    )


def change(survey: Survey, definition: Definition, at: datetime, by: str, anonymous: bool | None = None) -> Survey:
    """Asking something else. A survey that people may have answered gets another version of its definition.

    anonymous: whether it is to be; None leaves it as it is. People have been told once it has been open: Conflict then.
    """
    anonymous = survey.anonymous if anonymous is None else anonymous
    if survey.opened_at is not None and anonymous != survey.anonymous:
        raise Conflict("People have been told whether this survey is anonymous. Close it and make another.")
    if survey.state == "closed":
        raise Conflict("This survey is closed. Open it again to change what it asks.")
    asked = definition.to_json()
    is_new = survey.opened_at is not None and asked != survey.definition
    if is_new and survey.definition_version >= MOST_DEFINITIONS:
        raise Conflict(f"This survey has been changed {MOST_DEFINITIONS - 1} times. Close it and make another.")
    number = survey.definition_version + is_new
    return _next(
        survey, at, by, title=definition.title, definition=asked, definition_version=number, anonymous=anonymous
    )


def open_survey(survey: Survey, at: datetime, by: str) -> tuple[Survey, SurveyOpened]:
    if survey.state == "open":
        raise Conflict("This survey is open already.")
    following = _next(survey, at, by, state="open", opened_at=at, closed_at=None)
    about = {"survey_id": survey.survey_id, "title": survey.title, "definition_version": survey.definition_version}
    return following, SurveyOpened.model_validate(about | {"opened_by": by, "at": at})


def close_survey(survey: Survey, at: datetime, by: str) -> tuple[Survey, SurveyClosed]:
    if survey.state != "open":
        raise Conflict("Only an open survey can be closed.")
    following = _next(survey, at, by, state="closed", closed_at=at)
    return following, SurveyClosed(survey_id=survey.survey_id, title=survey.title, closed_by=by, at=at)


def _next(survey: Survey, at: datetime, by: str, **fields: object) -> Survey:
    return survey.model_copy(update={"version": survey.version + 1, "changed_at": at, "changed_by": by, **fields})


# -- responses --------------------------------------------------------------------------------------


def form_id(sent: SentResponse) -> str:
    """The same for a form that is sent or delivered twice. Over the link for everybody it is the response's too."""
    return id_of("rsp", f"{sent.survey_id}:{sent.request_id}")


def personal_id(survey_id: str, *contact_ids: str) -> str:
    """Of the one response of a person to a survey, who may be several contacts; no form can be called like it."""
    return id_of("rsp", ":".join(("contact", survey_id, *sorted(contact_ids))))


def judge_response(
    sent: SentResponse, survey: Survey | None, definition: DefinitionJson | None, contact_id: str | None = None
) -> Response:
    """The response, counted or refused; `definition` is what was asked at the version that it answers.

    contact_id: whose link it came over; None for the link for everybody, or one that leads nowhere.
    """
    answers, refused = sent.answers, _untimely(sent, survey)
    if sent.link_key and contact_id is None:
        refused = "Its link does not work any more."
    if not refused and definition is None:
        refused = "It answers what this survey has never asked."
    if not refused and definition is not None:
        judged = judge(Definition.model_validate(definition), sent.answers)
        if judged.is_complete:
            answers = judged.answers
        else:
            refused = _faults(judged)
    is_personal = contact_id is not None and not refused
    return Response(
        response_id=personal_id(sent.survey_id, str(contact_id)) if is_personal else form_id(sent),
        survey_id=sent.survey_id,
        definition_version=sent.definition_version,
        answers=dict(answers),
        begun_at=sent.begun_at,
        received_at=sent.received_at,
        refused=refused,
        form_id=form_id(sent),
        contact_id=contact_id,
    )


def given_by(response: Response, person: Sequence[str]) -> Response:
    """The response under the id of the person whose contacts these are: of their links only the first counts.

    Whose contact's it is stays: when a merge is undone it is that one's.
    """
    return replace(response, response_id=personal_id(response.survey_id, *person))


def refuse_another(response: Response) -> Response:
    """A second form over the links of a person: it is kept, and does not count."""
    return replace(response, response_id=response.form_id, refused="This link had been answered before.")


def anonymise(response: Response) -> Response:
    """The response without anything that leads to anybody: of the time the day is left, of the id the form's."""
    day = datetime.combine(response.received_on, time(), UTC)
    return replace(
        response,
        response_id=response.form_id,
        begun_at=day,
        received_at=day,
        form_id="",
        contact_id=None,
        paper="",
    )


def paper_response(asked: EnterPaper, survey: Survey, definition: DefinitionJson | None, at: datetime) -> Response:
    """The response that a form on paper is. Raises Invalid and Conflict with what to do."""
    if survey.opened_at is None:
        raise Conflict("This survey has not been opened. Open it, then enter what came on paper.")
    if definition is None:
        raise Conflict("This survey has never asked that. Open the page for entering paper again.")
    if survey.anonymous and asked.contact_id:
        raise Conflict("This survey is anonymous. Enter the form without the contact.")
    _check_day(asked.received_on, survey, at)
    judged = judge_paper(Definition.model_validate(definition), asked.answers)
    if not judged.is_complete:
        raise Invalid(_faults(judged))
    if not judged.answers:
        raise Invalid("Enter at least one answer.")
    number = " ".join(asked.number.split())
    key = id_of("rsp", f"paper:{survey.survey_id}:{number.casefold()}")
    received_at = datetime.combine(asked.received_on, time(12), UTC)
    return Response(
        response_id=personal_id(survey.survey_id, asked.contact_id) if asked.contact_id else key,
        survey_id=survey.survey_id,
        definition_version=asked.definition_version,
        answers=dict(judged.answers),
        begun_at=received_at,
        received_at=received_at,
        form_id=key,
        contact_id=asked.contact_id,
        paper=number,
    )


def _check_day(day: date, survey: Survey, at: datetime) -> None:
    """The day on which a paper came; the clock of whoever enters it is the one of London."""
    if day > at.astimezone(LONDON).date():
        raise Invalid("This day has not come yet. Enter the day on which the form was received.")
    if day < survey.created_at.astimezone(LONDON).date():
        raise Invalid("The survey had not been written on this day. Enter the day on which the form was received.")
    if survey.closed_at is not None and day > survey.closed_at.astimezone(LONDON).date():
        raise Invalid("The survey was closed before this day. Open it again to take later forms.")


def _faults(judged: Judged) -> str:
    found = [f"{name}: {fault}." for name, fault in judged.faults.items()]
    unknown = len(judged.unknown)
    found += [f"{unknown} of its answers belong to no question."] if unknown else []
    return " ".join(found)[:2_000]


def _untimely(sent: SentResponse, survey: Survey | None) -> str:
    """Why it came at the wrong time; empty when it did not. What counts is when the web received it."""
    if survey is None:
        return "There is no such survey."
    if survey.state == "open":
        return ""
    if survey.state == "draft" or survey.closed_at is None:
        return "The survey was not open."
    begun_before = sent.begun_at <= survey.closed_at and sent.received_at <= survey.closed_at + GRACE
    return "" if begun_before else "It came after the survey was closed."


def receive(response: Response, survey: Survey) -> ResponseReceived:
    """The event of a response that counts."""
    return ResponseReceived(
        response_id=response.response_id,
        survey_id=response.survey_id,
        title=survey.title,
        definition_version=response.definition_version,
        contact_id=response.contact_id,
        channel="paper" if response.paper else "online",
        received_at=response.received_at,
    )
