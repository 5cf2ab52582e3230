"""What was answered, one response after the other, as staff read and download it."""

import orjson

from services.surveys import domain
from services.surveys.desk import SurveyDesk
from services.surveys.repository import Surveys
from shared.contracts.responses import KeptResponse, ListResponses, ResponsePage
from shared.errors import Conflict

NOT_YET = (
    "This survey is anonymous and open: whoever looks now and again would see whose response is new. Close it first."
)
MOST_BYTES = 2_000_000
"""Of the answers of one page: a message has to fit into the broker."""


class ResponseReader:
    """Reads responses page by page."""

    def __init__(self, surveys: Surveys, desk: SurveyDesk) -> None:
        self._surveys = surveys
        self._desk = desk

    def page(self, asked: ListResponses) -> ResponsePage:
        survey, numbers = self._desk.summary(asked.survey_id)
        if survey.anonymous and survey.state == "open":
            raise Conflict(NOT_YET)
        found = self._found(asked, survey.anonymous)
        shown = found[: _fitting([each for _, each in found])]
        is_more = len(shown) < len(found) or len(found) == asked.limit
        versions = {each.definition_version for _, each in shown}
        definitions = self._surveys.definitions(asked.survey_id)
        return ResponsePage(
            survey=survey,
            refused=numbers.refused,
            responses=tuple(_kept(each, survey.anonymous) for _, each in shown),
            definitions={version: each for version, each in definitions.items() if version in versions},
            next_cursor=shown[-1][0] if is_more else None,
        )

    def _found(self, asked: ListResponses, anonymous: bool) -> list[tuple[str, domain.Response]]:
        about = (asked.survey_id, asked.refused, asked.limit, asked.cursor)
        if anonymous:
            return self._surveys.anonymous.page(*about)
        return [(cursor, each.response) for cursor, each in self._surveys.page(*about)]


def _fitting(responses: list[domain.Response]) -> int:
    """How many of them fit into one page; at least one, whatever its size."""
    size = 0
    for number, each in enumerate(responses):
        size += len(orjson.dumps(each.answers))
        if size > MOST_BYTES and number:
            return number
    return len(responses)


def _kept(response: domain.Response, anonymous: bool) -> KeptResponse:
    return KeptResponse(
        response_id=response.response_id,
        definition_version=response.definition_version,
        answers=response.answers,
        received_at=None if response.paper or anonymous else response.received_at,
        received_on=response.received_on,
        refused=response.refused,
        contact_id=response.contact_id,
        paper=response.paper,
    )
