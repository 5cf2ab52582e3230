"""What was answered, one response after the other, as staff read and download it."""

import orjson

from services.surveys import domain
from services.surveys.desk import SurveyDesk
from services.surveys.repository import Surveys
from shared.contracts.responses import KeptResponse, ListResponses, ResponsePage

MOST_BYTES = 2_000_000
"""Of the answers of one page: a message has to fit into the broker."""


class ResponseReader:
    """Reads responses page by page."""

    def __init__(self, surveys: Surveys, desk: SurveyDesk) -> None:
        self._surveys = surveys
        self._desk = desk

    def page(self, asked: ListResponses) -> ResponsePage:
        survey, numbers = self._desk.summary(asked.survey_id)
        found = self._surveys.page(asked.survey_id, asked.refused, asked.limit, asked.cursor)
        shown = found[: _fitting([each.response for _, each in found])]
        is_more = len(shown) < len(found) or len(found) == asked.limit
        versions = {each.response.definition_version for _, each in shown}
        definitions = self._surveys.definitions(asked.survey_id)
        return ResponsePage(
            survey=survey,
            refused=numbers.refused,
            responses=tuple(_kept(each.response) for _, each in shown),
            definitions={version: each for version, each in definitions.items() if version in versions},
            next_cursor=shown[-1][0] if is_more else None,
        )


def _fitting(responses: list[domain.Response]) -> int:
    """How many of them fit into one page; at least one, whatever its size."""
    size = 0
    for number, each in enumerate(responses):
        size += len(orjson.dumps(each.answers))
        if size > MOST_BYTES and number:
            return number
    return len(responses)


def _kept(response: domain.Response) -> KeptResponse:
    return KeptResponse(
        response_id=response.response_id,
        definition_version=response.definition_version,
        answers=response.answers,
        received_at=None if response.paper else response.received_at,
        received_on=response.received_on,
        refused=response.refused,
        contact_id=response.contact_id,
        paper=response.paper,
    )
