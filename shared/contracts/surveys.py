"""Surveys: what is asked, whether it is open, and that somebody has answered. Owned by services/surveys.

What a survey asks travels as the JSON of SurveyJS; `shared.surveys` says which part of it is taken.
"""

from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, Field

from shared.contracts.base import Event, Personal, Request, Value

State = Literal["draft", "open", "closed"]
QuestionType = Literal["text", "comment", "radiogroup", "dropdown", "checkbox", "rating", "boolean"]
DefinitionJson = dict[str, Any]
RESPONSES = "surveys.responses"
"""The queue of what respondents send."""
GRACE = timedelta(minutes=10)
"""Whoever was answering when a survey was closed has so long to send the form."""


class SurveySummary(Value):
    """A survey without what it asks, as lists show it."""

    survey_id: str
    version: int
    state: State
    title: str
    definition_version: int
    """Grows when a survey that has been open is given other questions; each response keeps the one it answers."""
    anonymous: bool = False
    """Whether responses can be connected with nobody: decided while it is a draft."""
    responses: int = 0
    """Those that count."""
    opened_at: AwareDatetime | None = None
    """When it was opened last; None while it has never been."""
    closed_at: AwareDatetime | None = None
    """When it was closed last; None while it is open."""
    created_at: AwareDatetime
    created_by: str
    changed_at: AwareDatetime
    changed_by: str


class Survey(SurveySummary):
    """A survey as it stands at `version`."""

    definition: DefinitionJson


class SurveyOpened(Event):
    """Published when a survey has been opened, for the first time or again."""

    type: ClassVar[str] = "wellheard.survey.opened.v1"
    survey_id: str
    title: str
    definition_version: int
    opened_by: str
    at: AwareDatetime


class SurveyClosed(Event):
    """Published when a survey has been closed."""

    type: ClassVar[str] = "wellheard.survey.closed.v1"
    survey_id: str
    title: str
    closed_by: str
    at: AwareDatetime


class ResponseReceived(Event):
    """Published when a response that counts has been stored. What was answered stays with the survey."""

    type: ClassVar[str] = "wellheard.response.received.v1"
    response_id: str
    survey_id: str
    title: str
    definition_version: int
    contact_id: str | None = None
    """None: it came over a link that is the same for everybody."""
    channel: Literal["online", "paper"] = "online"
    received_at: AwareDatetime


class SentResponse(Value):
    """What the web puts into the queue `surveys.responses`: one form as a respondent sent it."""

    request_id: Annotated[str, Field(min_length=1, max_length=100)]
    """The same when the same form is sent twice: it is one response."""
    survey_id: Annotated[str, Field(min_length=1, max_length=100)]
    definition_version: int
    answers: Annotated[dict[str, Any], Personal]
    begun_at: AwareDatetime
    """When the form was shown."""
    received_at: AwareDatetime
    link_key: Annotated[str, Personal] = ""
    """The key of the personal link that it came over; empty when it is the one for everybody."""
    correlation_id: str = ""


# -- requests ---------------------------------------------------------------------------------------


class CreateSurvey(Request[Survey]):
    """A draft. The same `request_id` again is the same survey. Invalid, with a sentence for each fault."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = Survey
    request_id: str
    definition: DefinitionJson
    anonymous: bool = False
    by: str = "staff"


class ChangeSurvey(Request[Survey]):
    """Ask something else, if nobody changed it since `version` (else Conflict). Not while it is closed.

    Responses to what was asked before keep it. `anonymous`: None leaves it; Conflict once it has been open.
    """

    service: ClassVar[str] = "surveys"
    reply: ClassVar = Survey
    survey_id: str
    version: int
    definition: DefinitionJson
    anonymous: bool | None = None
    by: str = "staff"


class OpenSurvey(Request[Survey]):
    """Let people answer it, for the first time or again, if nobody changed it since `version` (else Conflict)."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = Survey
    survey_id: str
    version: int
    by: str = "staff"


class CloseSurvey(Request[Survey]):
    """Take no more answers, if nobody changed it since `version` (else Conflict). Forms in hand have ten minutes."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = Survey
    survey_id: str
    version: int
    by: str = "staff"


class GetSurvey(Request[Survey]):
    """NotFound when there is none."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = Survey
    survey_id: str


class SurveyList(Value):
    surveys: tuple[SurveySummary, ...]
    next_cursor: str | None = None


class ListSurveys(Request[SurveyList]):
    """The newest first."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = SurveyList
    limit: Annotated[int, Field(ge=1, le=100)] = 25
    cursor: str | None = None


class SurveyForm(Value):
    """What a respondent is asked."""

    survey_id: str
    state: State
    title: str
    definition: DefinitionJson
    definition_version: int
    anonymous: bool = False
    closed_at: AwareDatetime | None = None


class GetForm(Request[SurveyForm]):
    """As it is asked now, or as it was at a version of its definition. NotFound when there is none."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = SurveyForm
    survey_id: str
    definition_version: int | None = None


class Count(Value):
    """How many have chosen one answer."""

    value: str
    text: str
    count: int


class QuestionResult(Value):
    """What was answered to one question."""

    name: str
    title: str
    type: QuestionType
    answered: int
    counts: tuple[Count, ...] = ()
    """Of each choice, each number of a scale, yes and no, in the order in which they are asked."""
    least: float | None = None
    median: float | None = None
    most: float | None = None
    """Of numbers."""
    is_asked: bool = True
    """Whether it is still asked: a changed survey shows also what was answered before."""


class Results(Value):
    """What has been answered, over the responses that count."""

    survey: SurveySummary
    refused: int
    """Responses that were kept and do not count."""
    questions: tuple[QuestionResult, ...]
    uncounted: int = 0
    """Responses beyond the first 100,000: they are kept and listed, and not in these figures."""
    counted_at: AwareDatetime | None = None
    """When these figures were reckoned: many responses are counted again after a while, not at each look."""


class GetResults(Request[Results]):
    """Plain counts, for staff. NotFound when there is no such survey."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = Results
    survey_id: str
