"""Templates: one environment, escaping everything, with the words of `words`."""

from functools import cache
from typing import Any

from fastapi import Request
from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader
from starlette.responses import HTMLResponse

from services.web import (
    case_words,
    consultation_words,
    csrf,
    import_words,
    mail_words,
    meeting_words,
    navigation,
    survey_words,
    words,
)
from services.web.addresses import with_query
from shared.system.durations import in_words


@cache
def environment() -> Environment:
    """The Jinja environment; the components of nhsuk-frontend need ChainableUndefined."""
    loader = ChoiceLoader([PackageLoader("services.web"), PackageLoader("nhsuk_frontend_jinja")])
    found = Environment(
        loader=loader, autoescape=True, undefined=ChainableUndefined, trim_blocks=True, lstrip_blocks=True
    )
    names = ("label", "day", "lasting", "day_and_time", "month", "month_name", "counted", "marked", "paragraphs")
    found.filters.update({name: getattr(words, name) for name in (*names, "time_of_day", "with_commands")})
    found.filters.update(span=in_words, rhythm=mail_words.rhythm)
    found.globals.update(consultation_words=consultation_words)
    found.globals.update(words=words, import_words=import_words, mail_words=mail_words, survey_words=survey_words)
    found.globals.update(case_words=case_words, meeting_words=meeting_words)
    found.globals.update(with_query=with_query, navigation=navigation)
    return found


def render(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A page, or the part of one that htmx asked for."""
    context |= {
        "request": request,
        "path": request.url.path,
        "caller": getattr(request.state, "caller", None),
        "csrf_field": csrf.FIELD,
        "csrf_token": csrf.token_for(request),
    }
    response = HTMLResponse(environment().get_template(template).render(context), status)
    csrf.remember(request, response)
    return response


def render_public(template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """A page for whoever has the link: no cookie, nothing of a browser that may be signed in, no form token."""
    return HTMLResponse(environment().get_template(template).render(context), status)
