"""Partners look up contacts: those they reported, or with `contacts:all` everyone."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime
from starlette.responses import Response

from services.web.access import Caller, partner
from services.web.api import examples
from services.web.api.history import Answer, Entries, Filters, entries, page_of
from services.web.backend import backend
from shared.contracts.contacts import Contact, GetContact
from shared.contracts.history import Reader, SearchContacts
from shared.errors import NotFound

router = APIRouter(prefix="/api/v1", tags=["Contacts"])
ContactsReader = Annotated[Caller, partner("contacts:read", "contacts:all")]


class ContactLine(Answer):
    id: str
    name: str
    kind: Literal["person", "organisation"]
    locality: str | None
    practice: str | None
    groups: tuple[str, ...]


class ContactLines(Answer):
    total: int
    items: tuple[ContactLine, ...]
    next_cursor: str | None


class ContactIdentifier(Answer):
    scheme: str
    value: str


class ContactDetail(ContactLine):
    """A contact. With `contacts:read` alone, `identifiers` are your own references only."""

    identifiers: tuple[ContactIdentifier, ...]
    registered_at: AwareDatetime
    changed_at: AwareDatetime


def _reader(caller: Caller) -> Reader:
    return Reader(partner=None if "contacts:all" in caller.permissions else caller.name)


_SHOWN: dict[str, Any] = dict.fromkeys(ContactLines.model_fields, True) | {
    "items": {"__all__": set(ContactLine.model_fields)},
}
"""Of a page of contacts what partners are shown: it is looked up as one types, so it is not read into another model."""


@router.get("/contacts", response_model=ContactLines, responses=examples.KEY_RESPONSES)
async def search_contacts(
    request: Request,
    caller: ContactsReader,
    q: Annotated[str, Query(max_length=500, description="The beginning of a name; typos are forgiven.")] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 25,
    cursor: str | None = None,
) -> Response:
    """Contacts by name, the best match first."""
    question = SearchContacts(q=q, limit=limit, cursor=cursor, reader=_reader(caller))
    return await page_of(request, question, _SHOWN)


@router.get("/contacts/{contact_id}", responses=examples.FIND_RESPONSES)
async def get_contact(request: Request, contact_id: str, caller: ContactsReader) -> ContactDetail:
    """One contact."""
    return _detail(await _find(request, contact_id, caller), caller)


@router.get("/contacts/{contact_id}/timeline", response_model=Entries, responses=examples.FIND_RESPONSES)
async def get_timeline(
    request: Request,
    contact_id: str,
    filters: Annotated[Filters, Query()],
    caller: ContactsReader,
) -> Response:
    """What your key may see of a contact's history."""
    await _find(request, contact_id, caller)
    return await entries(request, filters.question(_reader(caller), contact_id))


async def _find(request: Request, contact_id: str, caller: Caller) -> Contact:
    contact = await backend(request).call(GetContact(contact_id=contact_id))
    if "contacts:all" not in caller.permissions and caller.name not in contact.reported_by:
        raise NotFound("There is no contact with this id among those you reported.")
    return contact


def _detail(contact: Contact, caller: Caller) -> ContactDetail:
    shown = [
        {"scheme": each.scheme, "value": each.value}
        for each in contact.identifiers
        if each.partner == caller.name or (each.partner is None and "contacts:all" in caller.permissions)
    ]
    fields: dict[str, Any] = {name: getattr(contact, name) for name in ContactDetail.model_fields.keys() - {"id"}}
    return ContactDetail(**fields | {"id": contact.contact_id, "identifiers": shown})
