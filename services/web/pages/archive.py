"""The public archive of newsletters: what was sent, as everybody may read it, without sign-in, cookies or script."""

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from services.web.access import anyone, caller, staff
from services.web.addresses import with_query
from services.web.backend import backend
from services.web.pages.forms import Form, text
from services.web.rendering import render, render_public
from shared.contracts.archive import ListArchive, ReadArchived, ShowInArchive
from shared.contracts.notifications import GetMailing

router = APIRouter(include_in_schema=False)


@router.get("/archive", dependencies=[anyone])
async def list_archive(request: Request) -> Response:
    page = await backend(request).call(ListArchive(cursor=request.query_params.get("cursor") or None))
    next_url = with_query("/archive", request.query_params, [("cursor", page.next_cursor or "")])
    is_later = request.query_params.get("cursor")
    return render_public("archive.html", page=page, next_url=next_url, is_later=is_later)


@router.get("/archive/{mailing_id}", dependencies=[anyone])
async def read_archived(request: Request, mailing_id: str) -> Response:
    found = await backend(request).call(ReadArchived(mailing_id=mailing_id))
    # Sanitised where it was made: no script, no style and no picture is left in it, and our policy allows none.
    return render_public("archived.html", mailing=found.mailing, body=Markup(found.html))


@router.post("/mailings/{mailing_id}/archive", dependencies=[staff("mailings:send")])
async def show_in_archive(request: Request, mailing_id: str) -> Response:
    form, shown = Form({}), text(await request.form(), "shown") == "yes"
    question = ShowInArchive(mailing_id=mailing_id, shown=shown, by=caller(request).name)
    if await form.attempt(backend(request).call(question)) is not None:
        return RedirectResponse(f"/mailings/{mailing_id}?done={'shown' if shown else 'hidden'}", 303)
    progress = await backend(request).call(GetMailing(mailing_id=mailing_id))
    return render(request, "mailing.html", status=form.status, progress=progress, form=form, done="")
