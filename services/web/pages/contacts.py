"""Contacts: the list, one contact with its timeline, adding and editing."""

import asyncio
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from services.web.access import caller, reader_of, staff
from services.web.addresses import with_query
from services.web.backend import backend
from services.web.pages.forms import Form, as_sent, given, lines, number, text, texts
from services.web.pages.search import MAX_QUERY, Query, is_partial
from services.web.pages.timelines import of_timeline
from services.web.rendering import render
from services.web.words import local
from services.web.words import place_names as names_of_places
from shared.contracts.contacts import ChangeContact, Contact, GetContact, NewContact, RegisterContact
from shared.contracts.history import MOST_PEOPLE, Belonging, SearchContacts
from shared.contracts.relationships import RelationshipOfContact
from shared.contracts.segments import GetProfile, Profile
from shared.contracts.timelines import GetTimeline

SENTENCES: Mapping[str, str] = {
    "name": "Enter a name of up to 200 characters",
    "email": "Enter one e-mail address on each line",
    "phone": "Enter one telephone number on each line",
    "postcode": "Enter a postcode of up to 10 characters",
    "kind": "Choose a person or an organisation",
}
PAGE = 30
OFFERED = 8
PLACE = ("locality", "practice", "postcode")
_CONTACT_ID = re.compile(r"con_[0-9a-f]+")
router = APIRouter(prefix="/contacts", include_in_schema=False)


@router.get("", dependencies=[staff("history:read")])
async def list_contacts(request: Request) -> Response:
    params, behind = request.query_params, backend(request)
    question = SearchContacts(
        q=params.get("q", "")[:MAX_QUERY],
        locality=tuple(filter(None, params.getlist("locality"))),
        group=tuple(filter(None, params.getlist("group"))),
        limit=PAGE,
        cursor=params.get("cursor") or None,
        reader=reader_of(request),
    )
    page, reference = await asyncio.gather(behind.call(question), behind.reference())
    template = "contact_list.html" if is_partial(request) else "contacts.html"
    next_url = with_query("/contacts", params, [("cursor", page.next_cursor or "")])
    return render(
        request,
        template,
        page=page,
        params=params,
        reference=reference,
        place_names=names_of_places(reference),
        next_url=next_url,
    )


@router.get("/lookup", dependencies=[staff("history:read")])
async def offer_contacts(request: Request) -> Response:
    """Contacts to choose from while one types a name into a form."""
    q = request.query_params.get("contact_q", "").strip()[:MAX_QUERY]
    page = await backend(request).call(SearchContacts(q=q, limit=OFFERED, reader=reader_of(request))) if q else None
    choose_one = bool(request.query_params.get("one"))
    return render(request, "contact_offers.html", offered=page.items if page else None, choose_one=choose_one)


@router.get("/new", dependencies=[staff("contacts:write")])
async def new_contact(request: Request) -> Response:
    return await _show(request, Form({"kind": "person", "groups": []}))


@router.post("/new", dependencies=[staff("contacts:write")])
async def register_contact(request: Request) -> Response:
    sent = await request.form()
    form = _typed(sent)
    contact = form.check(NewContact, _data(form), SENTENCES)
    if contact is None:
        return await _show(request, form)
    question = RegisterContact(
        request_id=form.request_id, contact=contact, shared=form.values["shared"], by=caller(request).name
    )
    registered = await form.attempt(backend(request).call(question))
    return _to_page(registered, "added") if registered else await _show(request, form)


@router.get("/{contact_id}", dependencies=[staff("history:read")])
async def contact_page(request: Request, contact_id: str) -> Response:
    """Of an organisation with what its people say, so they are asked for first."""
    query, behind = Query(request.query_params, sources=(), in_time=True), backend(request)
    profile = await behind.call(GetProfile(contact_id=contact_id))
    if profile.contact.merged_into:
        return RedirectResponse(f"/contacts/{profile.contact.merged_into}", 303)
    people = _people_of(profile)
    question = query.question(reader_of(request), contact_id)
    if not request.query_params.get("own"):
        question = question.model_copy(update={"people": people})
    is_whole = not is_partial(request)
    asked = GetTimeline(search=question, companions=is_whole, questions=is_whole and caller(request).may("cases:read"))
    timeline, reference = await asyncio.gather(behind.call(asked), behind.reference())
    return render(
        request,
        "contact.html" if is_whole else "timeline.html",
        **of_timeline(request, query, timeline, reference),
        contact=profile.contact,
        hide_contact=contact_id,
        people=len({each.contact_id for each in people}),
        consents=profile.consents,
        segments=profile.segments,
        relationships=_by_end(profile.relationships),
        merges=profile.merges,
        allowances={(each.purpose, each.channel): each for each in profile.consents.allowances},
        practice_names={each.code: each.name for each in reference.practices},
        group_names={each.code: each.name for each in reference.groups},
        done=request.query_params.get("done", ""),
    )


@router.get("/{contact_id}/edit", dependencies=[staff("contacts:write")])
async def show_contact(request: Request, contact_id: str) -> Response:
    contact = await backend(request).call(GetContact(contact_id=contact_id))
    return await _show(request, _of_contact(contact), contact_id)


@router.post("/{contact_id}/edit", dependencies=[staff("contacts:write")])
async def change_contact(request: Request, contact_id: str) -> Response:
    form = _typed(await request.form())
    contact = form.check(NewContact, _data(form), SENTENCES)
    if contact is None:
        return await _show(request, form, contact_id)
    question = ChangeContact(
        contact_id=contact_id,
        version=form.values["version"],
        contact=contact,
        shared=form.values["shared"],
        by=caller(request).name,
    )
    changed = await form.attempt(backend(request).call(question))
    return _to_page(changed, "changed") if changed else await _show(request, form, contact_id)


async def _show(request: Request, form: Form, contact_id: str = "") -> Response:
    existing = await _existing(request, form, contact_id)
    reference = await form.attempt(backend(request).reference())
    return render(
        request,
        "contact_edit.html",
        status=form.status,
        form=form,
        contact_id=contact_id,
        existing=existing,
        reference=reference,
    )


async def _existing(request: Request, form: Form, contact_id: str) -> Contact | None:
    """The contact that carries one of the typed addresses already, when that is why the form came back."""
    named = _CONTACT_ID.search(form.fault) if form.status == 409 else None
    if named is None or named.group() == contact_id:
        return None
    return await Form({}).attempt(backend(request).call(GetContact(contact_id=named.group())))


def _typed(sent: FormData) -> Form:
    values: dict[str, Any] = {name: text(sent, name) for name in ("kind", "name", "email", "phone", *PLACE)}
    values |= {
        "groups": [each for each in texts(sent, "groups") if each],
        "shared": bool(text(sent, "shared")),
        "version": number(sent, "version"),
    }
    return as_sent(sent, values)


def _data(form: Form) -> dict[str, Any]:
    values = form.values
    data = given({name: values[name] for name in ("kind", "name", *PLACE)})
    return data | {"email": lines(values["email"]), "phone": lines(values["phone"]), "groups": values["groups"]}


def _of_contact(contact: Contact) -> Form:
    values: dict[str, Any] = {name: getattr(contact, name) or "" for name in ("kind", "name", *PLACE, "version")}
    for scheme in ("email", "phone"):
        values[scheme] = "\n".join(each.value for each in contact.identifiers if each.scheme == scheme)
    return Form(values | {"groups": list(contact.groups)})


def _people_of(profile: Profile) -> tuple[Belonging, ...]:
    """Who has, or had, a role with an organisation, and from when to when."""
    if profile.contact.kind != "organisation":
        return ()
    found = [each for each in profile.relationships if not each.is_own and each.other_kind == "person"]
    dated = [(each.other_id, each.relationship) for each in found[:MOST_PEOPLE]]
    return tuple(Belonging(contact_id=who, since=of.since, until=of.until) for who, of in dated)


def _by_end(found: Iterable[RelationshipOfContact]) -> dict[str, list[RelationshipOfContact]]:
    """Those that last and those that have ended."""
    today = local(datetime.now(UTC)).date()
    parts: dict[str, list[RelationshipOfContact]] = {"lasting": [], "ended": []}
    for each in found:
        has_ended = each.relationship.until is not None and each.relationship.until < today
        parts["ended" if has_ended else "lasting"].append(each)
    return parts


def _to_page(contact: Contact, done: str) -> Response:
    return RedirectResponse(f"/contacts/{contact.contact_id}?done={done}", 303)
