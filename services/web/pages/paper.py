"""Forms that came on paper, entered by staff: the same questions, with a number, a day and perhaps a contact."""

from datetime import UTC, date, datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData, QueryParams
from starlette.responses import RedirectResponse, Response

from services.web.access import reader_of, staff
from services.web.addresses import with_query
from services.web.backend import backend
from services.web.form_size import MOST_FIELDS
from services.web.pages import answer_form
from services.web.pages.contacts import OFFERED
from services.web.pages.forms import Form, offered_names, text
from services.web.rendering import render
from services.web.words import local
from shared.contracts.contacts import GetContact
from shared.contracts.history import FoundContact, SearchContacts
from shared.contracts.responses import EnterPaper
from shared.contracts.surveys import GetForm, SurveyForm
from shared.surveys.definition import Definition
from shared.surveys.judging import judge_paper

SENTENCES = {
    "number": "Enter the number of the form, in up to 40 characters",
    "received_on": "Enter the day on which it was received",
}
router = APIRouter(prefix="/surveys/{survey_id}/paper", include_in_schema=False)


@router.get("", dependencies=[staff("surveys:write")])
async def show_paper(request: Request, survey_id: str) -> Response:
    params, behind = request.query_params, backend(request)
    asked = await behind.call(GetForm(survey_id=survey_id))
    form = answer_form.blank(asked.definition_version, datetime.now(UTC))
    form.values |= {"number": "", "received_on": f"{local(datetime.now(UTC)):%Y-%m-%d}", "contact_q": ""}
    contact_id = params.get("contact_id", "")
    contact = await behind.call(GetContact(contact_id=contact_id)) if contact_id else None
    form.values |= {"contact_id": contact.contact_id, "name": contact.name} if contact else {"contact_id": ""}
    return _show(request, asked, form)


@router.post("", dependencies=[staff("surveys:write")])
async def enter_paper(request: Request, survey_id: str) -> Response:
    sent, behind = await request.form(max_fields=MOST_FIELDS), backend(request)
    form = _typed(sent)
    asked = await behind.call(
        GetForm(survey_id=survey_id, definition_version=form.values["definition_version"] or None)
    )
    if text(sent, "action") == "find":
        question = SearchContacts(q=form.values["contact_q"], limit=OFFERED, reader=reader_of(request))
        page = await form.attempt(behind.call(question))
        return _show(request, asked, form, page.items if page else ())
    command = _read(form, asked)
    entered = await form.attempt(behind.call(command)) if command else None
    if entered is None:
        return _show(request, asked, form)
    told = [("done", "entered" if entered.is_new else "known"), ("number", form.values["number"])]
    return RedirectResponse(with_query(request.url.path, QueryParams(), told), 303)


def _typed(sent: FormData) -> Form:
    form = answer_form.typed(sent)
    form.values |= {name: text(sent, name) for name in ("number", "received_on", "contact_q")}
    form.values["contact_id"] = text(sent, "chosen")
    form.values["name"] = offered_names(sent).get(form.values["contact_id"]) or "Contact"
    return form


def _read(form: Form, asked: SurveyForm) -> EnterPaper | None:
    """What the paper says, or None with everything that is wrong beside its field."""
    definition, values = Definition.model_validate(asked.definition), form.values
    judged = judge_paper(definition, answer_form.answers(definition, form))
    if judged.faults:
        answer_form.tell_faults(definition, form, judged.faults)
    elif not judged.answers:
        form.fault, form.status = "Enter at least one answer.", 422
    data: dict[str, Any] = {
        "survey_id": asked.survey_id,
        "definition_version": asked.definition_version,
        "number": values["number"],
        "received_on": _day(values["received_on"]),
        "answers": judged.answers,
        "contact_id": values["contact_id"] or None,
    }
    command: EnterPaper | None = form.check(EnterPaper, data, SENTENCES)
    return None if form.errors or form.fault else command


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said)
    except ValueError:
        return None


def _show(request: Request, asked: SurveyForm, form: Form, offered: tuple[FoundContact, ...] | None = None) -> Response:
    definition, params = Definition.model_validate(asked.definition), request.query_params
    context = {"definition": definition, "survey": asked, "offered": offered} | answer_form.shown(form)
    done = {"done": params.get("done", ""), "number": params.get("number", "")[:40]} if not form.errors else {}
    return render(request, "survey_paper.html", status=form.status, form=form, **context, **done)
