"""Personal links to surveys: one for each contact, one response for each. Owned by services/surveys."""

from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from shared.contracts.base import Done, Personal, Request, Value
from shared.contracts.surveys import SurveyForm


class SurveyKeys(Value):
    """Contact id -> key. A link with the key (`shared.answer_links`) lets whoever has it answer for the contact."""

    keys: Annotated[dict[str, str], Personal]
    answered: tuple[str, ...] = ()
    """Those of them who have answered already."""
    anonymous: bool = False
    """Whether the survey is: then nobody may note down who has answered it."""


class GiveSurveyKeys(Request[SurveyKeys]):
    """The keys of contacts for an open survey; who has one keeps it. NotFound and Conflict say why there is none."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = SurveyKeys
    survey_id: str
    contact_ids: Annotated[tuple[str, ...], Field(max_length=1000)]


class RevokeSurveyKey(Request[Done]):
    """Links with the contact's key for a survey work no more. What was answered by them stays."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = Done
    survey_id: str
    contact_id: str


class Answered(Value):
    """Who has answered a survey."""

    contact_ids: tuple[str, ...]
    anonymous: bool = False
    """Whether the survey is: then nobody may note down who has answered it."""


class FindAnswered(Request[Answered]):
    """Which of the contacts have answered a survey, over their own link or on paper."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = Answered
    survey_id: str
    contact_ids: Annotated[tuple[str, ...], Field(max_length=1000)]


class PersonalForm(Value):
    """What whoever has a personal link is asked."""

    form: SurveyForm
    is_answered: bool
    answered_at: AwareDatetime | None = None


class GetPersonalForm(Request[PersonalForm]):
    """As it is asked now, or as it was at a version of its definition. NotFound when the key is none, or no longer."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = PersonalForm
    key: Annotated[str, Personal]
    definition_version: int | None = None
