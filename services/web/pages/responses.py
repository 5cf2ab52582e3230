"""What people answered to a survey, one response after the other, and all of it as a file."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.web.access import note_reading, staff
from services.web.addresses import with_query
from services.web.backend import Backend, backend
from services.web.downloads import as_file
from services.web.rendering import render
from services.web.survey_words import said
from services.web.words import local
from shared.contracts.contacts import GetContacts
from shared.contracts.responses import KeptResponse, ListResponses
from shared.contracts.surveys import GetForm
from shared.errors import NotFound, Unavailable
from shared.surveys.definition import Definition, Question

READ: Final = "responses:read"
WINDOW = 500
BESIDE = ("Response", "Received", "Version", "Contact", "Paper form", "Not counted because")
"""The first columns of a file; the last holds what belongs to no question."""
OTHER = "Other answers"
router = APIRouter(prefix="/surveys", include_in_schema=False)


@router.get("/{survey_id}/responses", dependencies=[staff(READ)])
async def list_responses(request: Request, survey_id: str) -> Response:
    params = request.query_params
    refused = params.get("show") == "refused"
    question = ListResponses(survey_id=survey_id, refused=refused, cursor=params.get("cursor") or None)
    page = await backend(request).call(question)
    names = await _names(backend(request), page.responses)
    definitions = {number: Definition.model_validate(each) for number, each in page.definitions.items()}
    shown = [(each, _told(each, definitions.get(each.definition_version))) for each in page.responses]
    next_url = with_query(request.url.path, params, [("cursor", page.next_cursor or "")])
    return render(request, "responses.html", page=page, shown=shown, refused=refused, names=names, next_url=next_url)


@router.get("/{survey_id}/responses.csv", dependencies=[staff(READ)])
async def download_csv(request: Request, survey_id: str) -> Response:
    return await as_file("responses", "csv", await _rows(request, survey_id))


@router.get("/{survey_id}/responses.xlsx", dependencies=[staff(READ)])
async def download_xlsx(request: Request, survey_id: str) -> Response:
    return await as_file("responses", "xlsx", await _rows(request, survey_id))


async def _names(behind: Backend, found: Sequence[KeptResponse]) -> dict[str, str]:
    """Of those whose responses they are; the page shows ids while nobody can say."""
    ids = tuple(dict.fromkeys(each.contact_id for each in found if each.contact_id))
    try:
        contacts = (await behind.call(GetContacts(contact_ids=ids))).contacts if ids else ()
    except (NotFound, Unavailable):
        return {}
    return {each.contact_id: each.name for each in contacts}


def _told(response: KeptResponse, definition: Definition | None) -> list[tuple[str, str, bool]]:
    """(what was asked, what was answered, whether it is asked at all), in the order of the questions."""
    questions = _questions(definition)
    asked = [
        (each.title, said(each, response.answers[name]), True)
        for name, each in questions.items()
        if name in response.answers
    ]
    return asked + [(name, said(None, each), False) for name, each in _beside(response, questions).items()]


# -- files ------------------------------------------------------------------------------------------


async def _rows(request: Request, survey_id: str) -> AsyncIterator[Sequence[Sequence[str]]]:
    """The rows of a file; whoever asks for it is in the audit."""
    behind = backend(request)
    latest = await behind.call(GetForm(survey_id=survey_id))
    await note_reading(request, READ)
    definitions = {latest.definition_version: Definition.model_validate(latest.definition)}
    for version in range(latest.definition_version - 1, 0, -1):
        form = await behind.call(GetForm(survey_id=survey_id, definition_version=version))
        definitions[version] = Definition.model_validate(form.definition)
    return _windows(behind, survey_id, definitions, request.query_params.get("show") == "refused")


async def _windows(
    behind: Backend, survey_id: str, definitions: Mapping[int, Definition], refused: bool
) -> AsyncIterator[Sequence[Sequence[str]]]:
    questions = {version: _questions(each) for version, each in definitions.items()}
    titles: dict[str, str] = {}
    for version in sorted(questions, reverse=True):  # a column has the words in which the question is asked now
        titles = titles | {name: each.title for name, each in questions[version].items() if name not in titles}
    yield [[*BESIDE, *titles.values(), OTHER]]
    cursor: str | None = None
    while True:
        asked = ListResponses(survey_id=survey_id, refused=refused, limit=WINDOW, cursor=cursor)
        page = await behind.call(asked)
        yield [_row(each, titles, questions.get(each.definition_version, {})) for each in page.responses]
        cursor = page.next_cursor
        if cursor is None:
            return


def _row(response: KeptResponse, columns: Mapping[str, str], questions: Mapping[str, Question]) -> list[str]:
    cells = [said(questions[name], response.answers.get(name)) if name in questions else "" for name in columns]
    rest = "; ".join(f"{name}: {said(None, each)}" for name, each in _beside(response, questions).items())
    return [
        response.response_id,
        _received(response),
        str(response.definition_version),
        response.contact_id or "",
        response.paper,
        response.refused,
        *cells,
        rest,
    ]


def _received(response: KeptResponse) -> str:
    at = response.received_at
    return f"{local(at):%Y-%m-%d %H:%M}" if at else response.received_on.isoformat()


def _questions(definition: Definition | None) -> dict[str, Question]:
    return {each.name: each for each in definition.questions()} if definition else {}


def _beside(response: KeptResponse, questions: Mapping[str, Question]) -> dict[str, Any]:
    """What belongs to no question that this response was asked."""
    return {name: each for name, each in response.answers.items() if name not in questions}
