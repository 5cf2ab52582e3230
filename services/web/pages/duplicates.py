"""Contacts who may be the same: the list, two side by side, merging them and undoing it."""

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web.access import caller, staff
from services.web.backend import backend
from services.web.pages.forms import Form, as_sent, text, texts
from services.web.rendering import render
from services.web.words import label
from shared.contracts.contacts import Contact, GetContacts, Reference
from shared.contracts.merging import DeclareDifferent, ListDuplicates, MergeContacts, UnmergeContacts
from shared.errors import NotFound

REASONS = {
    "identifier": "They share an address, number or reference",
    "name_locality": "The same name in the same locality",
    "name_practice": "The same name at the same practice",
}
CHOOSE = "Choose who stays"
router = APIRouter(prefix="/contacts", include_in_schema=False)


@router.get("/duplicates", dependencies=[staff("contacts:write")])
async def list_duplicates(request: Request) -> Response:
    found = await backend(request).call(ListDuplicates())
    done = request.query_params.get("done", "")
    return render(request, "duplicates.html", found=found, reasons=REASONS, done=done)


@router.post("/different", dependencies=[staff("contacts:write")])
async def declare_different(request: Request) -> Response:
    sent = await request.form()
    await backend(request).call(
        DeclareDifferent(one_id=text(sent, "one"), other_id=text(sent, "other"), by=caller(request).name)
    )
    return RedirectResponse("/contacts/duplicates?done=different", 303)


@router.get("/compare", dependencies=[staff("contacts:write")])
async def compare_contacts(request: Request) -> Response:
    params = request.query_params
    return await _show(request, Form({"survivor": ""}), (params.get("one", ""), params.get("other", "")))


@router.post("/merge", dependencies=[staff("contacts:write")])
async def merge_contacts(request: Request) -> Response:
    sent = await request.form()
    ids, survivor_id = texts(sent, "contact")[:2], text(sent, "survivor")
    versions = dict(zip(ids, (int(each) for each in texts(sent, "version") if each.isdecimal()), strict=False))
    form = as_sent(sent, {"survivor": survivor_id})
    if survivor_id not in ids or len(versions) != 2:
        form.errors["survivor"], form.status = CHOOSE, 422
        return await _show(request, form, ids)
    (merged_id,) = set(ids) - {survivor_id}
    asked = MergeContacts(
        request_id=form.request_id,
        survivor_id=survivor_id,
        survivor_version=versions[survivor_id],
        merged_id=merged_id,
        merged_version=versions[merged_id],
        by=caller(request).name,
    )
    if await form.attempt(backend(request).call(asked)) is None:
        return await _show(request, form, ids)
    return RedirectResponse(f"/contacts/{survivor_id}?done=merged", 303)


@router.post("/{contact_id}/unmerge", dependencies=[staff("contacts:write")])
async def unmerge_contacts(request: Request, contact_id: str) -> Response:
    sent = await request.form()
    asked = UnmergeContacts(survivor_id=contact_id, merged_id=text(sent, "merged"), by=caller(request).name)
    await backend(request).call(asked)
    return RedirectResponse(f"/contacts/{contact_id}?done=unmerged", 303)


async def _show(request: Request, form: Form, ids: Sequence[str]) -> Response:
    if len(set(ids)) != 2:
        raise NotFound("Choose two contacts to compare.")
    behind = backend(request)
    found, reference = await asyncio.gather(behind.call(GetContacts(contact_ids=tuple(ids))), behind.reference())
    contacts = found.contacts
    return render(
        request, "compare.html", status=form.status, form=form, contacts=contacts, rows=_rows(contacts, reference)
    )


def _rows(contacts: Sequence[Contact], reference: Reference) -> list[tuple[str, list[str], bool]]:
    """Title, the value of each contact, and whether they differ."""
    names = {each.code: each.name for each in (*reference.localities, *reference.practices)}
    groups = {each.code: each.name for each in reference.groups}

    def carried(contact: Contact, scheme: str) -> str:
        return ", ".join(each.value for each in contact.identifiers if each.scheme == scheme)

    shown: dict[str, Any] = {
        "Name": lambda each: each.name,
        "Kind": lambda each: label(each.kind),
        "E-mail": lambda each: carried(each, "email"),
        "Telephone": lambda each: carried(each, "phone"),
        "References": lambda each: carried(each, "partner"),
        "Locality": lambda each: names.get(each.locality, each.locality),
        "Practice": lambda each: names.get(each.practice, each.practice),
        "Groups": lambda each: ", ".join(groups.get(code, code) for code in each.groups),
        "Named by": lambda each: ", ".join(each.reported_by),
    }
    rows = [(title, [value(each) or "" for each in contacts]) for title, value in shown.items()]
    return [(title, values, len(set(values)) > 1) for title, values in rows if any(values)]
