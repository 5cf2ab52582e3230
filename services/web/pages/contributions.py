"""What was said in a consultation, over every channel, in one list: filtered, given themes, and answered."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web.access import caller, reader_of, staff
from services.web.addresses import with_query
from services.web.backend import backend
from services.web.pages.consultations import DESK
from services.web.pages.forms import Form, text, texts
from services.web.rendering import render
from shared.contracts.consultations import AddTheme
from shared.contracts.contributions import GiveTheme, ListContributions, MarkAnswered

NOTHING_CHOSEN = "Tick at least one contribution."
NO_THEME = "Choose a theme, or name a new one."
LONGEST_THEME = 200
router = APIRouter(prefix=DESK, include_in_schema=False)


@router.get("/{consultation_id}/contributions", dependencies=[staff("contributions:read")])
async def list_contributions(request: Request, consultation_id: str) -> Response:
    return await _show(request, consultation_id, Form({}))


@router.post("/{consultation_id}/contributions", dependencies=[staff("consultations:write")])
async def mark_contributions(request: Request, consultation_id: str) -> Response:
    """The filters stay in the address."""
    sent = await request.form()
    new_theme = text(sent, "new_theme")
    form = Form({"chosen": texts(sent, "chosen")[:100], "theme_id": text(sent, "theme_id"), "new_theme": new_theme})
    action = text(sent, "action")
    if not form.values["chosen"]:
        form.errors["chosen"], form.status = NOTHING_CHOSEN, 422
    elif action in ("theme", "no_theme") and not form.values["theme_id"] and not (new_theme and action == "theme"):
        form.errors["theme_id"], form.status = NO_THEME, 422
    if form.errors or not await _done(request, consultation_id, form, action):
        return await _show(request, consultation_id, form)
    return RedirectResponse(with_query(request.url.path, request.query_params, [("done", "yes")], [("done", "")]), 303)


async def _done(request: Request, consultation_id: str, form: Form, action: str) -> bool:
    """Whether it is done; if not, the form says why."""
    said: dict[str, Any] = {"consultation_id": consultation_id, "contribution_ids": tuple(form.values["chosen"])}
    said |= {"sensitive": reader_of(request).sensitive, "by": caller(request).name}
    if action in ("answered", "unanswered"):
        question = MarkAnswered.model_validate(said | {"answered": action == "answered"})
        return await form.attempt(backend(request).call(question)) is not None
    theme_id = form.values["theme_id"]
    if action == "theme" and form.values["new_theme"]:
        title = form.values["new_theme"][:LONGEST_THEME]
        made = await form.attempt(
            backend(request).call(AddTheme(consultation_id=consultation_id, title=title, by=caller(request).name))
        )
        if made is None:
            return False
        theme_id = next(each.theme_id for each in made.themes if each.title.casefold() == title.casefold())
    give = GiveTheme.model_validate(said | {"theme_id": theme_id, "taken": action == "no_theme"})
    return await form.attempt(backend(request).call(give)) is not None


async def _show(request: Request, consultation_id: str, form: Form) -> Response:
    params = request.query_params
    asked = ListContributions(
        consultation_id=consultation_id,
        channel=params.get("channel", "")[:200] or None,
        kind=params.get("kind", "")[:100] or None,
        theme_id=params.get("theme", "")[:100] or None,
        unanswered=params.get("answered") == "no",
        sensitive=reader_of(request).sensitive,
        cursor=params.get("cursor") or None,
    )
    page = await backend(request).call(asked)
    address, no_done = f"{DESK}/{consultation_id}/contributions", [("done", "")]
    return render(
        request,
        "contributions.html",
        status=form.status,
        form=form,
        page=page,
        address=address,
        here=with_query(address, params, [("cursor", asked.cursor)] if asked.cursor else (), no_done),
        next_url=with_query(address, params, [("cursor", page.next_cursor or "")], no_done),
        first_url=with_query(address, params, (), no_done),
        asked=asked,
        theme_names={each.theme_id: each.title for each in page.themes},
        done=params.get("done", ""),
    )
