"""Responses to surveys as staff read them, one by one. Owned by services/surveys."""

from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import AwareDatetime, Field

from shared.contracts.base import Personal, Request, Value
from shared.contracts.surveys import DefinitionJson, SurveySummary


class KeptResponse(Value):
    """One response with everything that was answered, free text included."""

    response_id: str
    definition_version: int
    answers: Annotated[dict[str, Any], Personal]
    """Those that count; of a refused one what was sent, whatever it is."""
    received_at: AwareDatetime | None = None
    received_on: date
    """The day in UTC."""
    refused: str = ""
    """Why it does not count; empty when it does."""
    contact_id: str | None = None
    """Whose it is; None: nobody we know of."""
    paper: str = ""
    """The number of the form on paper that it was entered from; empty when it came over the web."""


class ResponsePage(Value):
    """Some of the responses to a survey, with what each of them answers."""

    survey: SurveySummary
    refused: int
    """How many were kept and do not count."""
    responses: tuple[KeptResponse, ...]
    definitions: dict[int, DefinitionJson]
    """By version: those that the responses of this page answer."""
    next_cursor: str | None = None


class ListResponses(Request[ResponsePage]):
    """The newest first; those that count, or those that were refused. NotFound when there is no such survey.

    A page ends early when its answers come to more than two megabytes.
    """

    service: ClassVar[str] = "surveys"
    reply: ClassVar = ResponsePage
    survey_id: str
    refused: bool = False
    limit: Annotated[int, Field(ge=1, le=500)] = 25
    cursor: str | None = None


class PaperEntered(Value):
    """A form on paper is a response."""

    response_id: str
    is_new: bool
    """False: a form of this number had been entered before, and stands as it was."""


class EnterPaper(Request[PaperEntered]):
    """Enter a form on paper; two of the same number are one response. What was left empty on it is no fault.

    Invalid with a sentence for each fault; Conflict when the contact has answered already in another way.
    """

    service: ClassVar[str] = "surveys"
    reply: ClassVar = PaperEntered
    survey_id: str
    definition_version: int
    """What the form asks."""
    number: Annotated[str, Field(min_length=1, max_length=40)]
    """What stands on the form, or is written onto it; compared without regard to case and spaces."""
    received_on: date
    answers: Annotated[dict[str, Any], Personal]
    contact_id: str | None = None
