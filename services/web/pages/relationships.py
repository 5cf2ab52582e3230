"""Who has which role where: noting a relationship between two contacts, changing it, and taking back a mistake."""

import asyncio
from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData, QueryParams
from starlette.responses import RedirectResponse, Response

from services.web.access import caller, reader_of, staff
from services.web.addresses import with_query
from services.web.backend import backend
from services.web.pages.contacts import OFFERED
from services.web.pages.forms import Form, as_sent, number, offered_names, text
from services.web.rendering import render
from shared.contracts.contacts import Contact, GetContact
from shared.contracts.history import FoundContact, SearchContacts
from shared.contracts.relationships import (
    AddRelationship,
    ChangeRelationship,
    GetRelationship,
    Relationship,
    RelationshipOfContact,
    RemoveRelationship,
)

ROLES = (
    *("Chair", "Vice chair", "Secretary", "Treasurer", "Member", "Trustee", "Manager", "Representative"),
    *("Volunteer", "Employee", "Councillor", "Carer", "Parent", "Partner", "Neighbour"),
)
"""What is offered while one types; any other role may be typed."""
SENTENCES = {
    "role": "Enter the role, in up to 100 characters",
    "other": "Look up the other contact and choose it",
    "since": "Enter the day as day, month and year",
    "until": "Enter the day as day, month and year",
    "": "The last day has to come after the first",
}
router = APIRouter(include_in_schema=False)


@router.get("/contacts/{contact_id}/relationships/new", dependencies=[staff("contacts:write")])
async def new_relationship(request: Request, contact_id: str) -> Response:
    contact = await backend(request).call(GetContact(contact_id=contact_id))
    form = Form({"whose": "own" if contact.kind == "person" else "other"})
    return _show_new(request, form, contact)


@router.post("/contacts/{contact_id}/relationships/new", dependencies=[staff("contacts:write")])
async def add_relationship(request: Request, contact_id: str) -> Response:
    sent, behind = await request.form(), backend(request)
    form = _typed(sent)
    if text(sent, "action") == "find":
        question = SearchContacts(q=form.values["contact_q"], limit=OFFERED, reader=reader_of(request))
        contact, page = await asyncio.gather(
            behind.call(GetContact(contact_id=contact_id)), form.attempt(behind.call(question))
        )
        return _show_new(request, form, contact, page.items if page else ())
    other = form.values["other"]
    if not other:
        form.errors["other"], form.status = SENTENCES["other"], 422
    ends = (contact_id, other) if form.values["whose"] == "own" else (other, contact_id)
    data = {"request_id": form.request_id, "contact_id": ends[0], "with_id": ends[1], **_said(form)}
    asked = form.check(AddRelationship, data, SENTENCES)
    added = await form.attempt(behind.call(asked)) if asked and not form.errors else None
    if added:
        return RedirectResponse(f"/contacts/{contact_id}?done=related", 303)
    return _show_new(request, form, await behind.call(GetContact(contact_id=contact_id)))


@router.get("/relationships/{relationship_id}", dependencies=[staff("contacts:write")])
async def show_relationship(request: Request, relationship_id: str) -> Response:
    found = await backend(request).call(GetRelationship(relationship_id=relationship_id))
    standing = found.relationship
    values = {"role": standing.role or "", "since": _day(standing.since), "until": _day(standing.until)}
    return _show(request, Form(values | {"version": standing.version}), found)


@router.post("/relationships/{relationship_id}", dependencies=[staff("contacts:write")])
async def change_relationship(request: Request, relationship_id: str) -> Response:
    sent, behind = await request.form(), backend(request)
    form = _typed(sent)
    data = {"relationship_id": relationship_id, "version": form.values["version"], **_said(form)}
    asked = form.check(ChangeRelationship, data, SENTENCES)
    changed = await form.attempt(behind.call(asked)) if asked else None
    if changed:
        return _to_contact(changed, "related")
    return _show(request, form, await behind.call(GetRelationship(relationship_id=relationship_id)))


@router.post("/relationships/{relationship_id}/remove", dependencies=[staff("contacts:write")])
async def remove_relationship(request: Request, relationship_id: str) -> Response:
    removed = await backend(request).call(RemoveRelationship(relationship_id=relationship_id, by=caller(request).name))
    return _to_contact(removed, "unrelated")


@router.post("/relationships/{relationship_id}/restore", dependencies=[staff("contacts:write")])
async def restore_relationship(request: Request, relationship_id: str) -> Response:
    restored = await backend(request).call(
        RemoveRelationship(relationship_id=relationship_id, undo=True, by=caller(request).name)
    )
    return _to_contact(restored, "related")


def _show_new(
    request: Request, form: Form, contact: Contact, offered: tuple[FoundContact, ...] | None = None
) -> Response:
    return render(
        request, "relationship_new.html", status=form.status, form=form, contact=contact, offered=offered, roles=ROLES
    )


def _show(request: Request, form: Form, found: RelationshipOfContact) -> Response:
    return render(request, "relationship.html", status=form.status, form=form, found=found, roles=ROLES)


def _typed(sent: FormData) -> Form:
    names = ("role", "since", "until", "whose", "contact_q")
    values: dict[str, Any] = {name: text(sent, name) for name in names} | {"version": number(sent, "version")}
    values["other"] = text(sent, "chosen")
    values["other_name"] = offered_names(sent).get(values["other"]) or "Contact"
    return as_sent(sent, values)


def _said(form: Form) -> dict[str, Any]:
    return {"role": form.values["role"], "since": form.values["since"] or None, "until": form.values["until"] or None}


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _to_contact(relationship: Relationship, done: str) -> Response:
    named = [("done", done), ("relationship", relationship.relationship_id)]
    return RedirectResponse(with_query(f"/contacts/{relationship.contact_id}", QueryParams(), named), 303)
