"""What erasing a contact comes to, and when an erasure is done. Pure: time is passed in."""

from collections.abc import Collection, Iterable
from datetime import datetime

from services.contacts.domain import key_of
from shared.contracts.base import Event
from shared.contracts.contacts import ERASED_NAME, Contact, Identifier
from shared.contracts.erasure import ERASERS, ContactErased, Decision, Erasure, ErasureDecided, Traces
from shared.errors import Conflict, NotFound
from shared.redaction import mark_of

OWN = "contacts"


def erasure_id_of(contact_id: str) -> str:
    """One erasure for each contact, however often it is asked for."""
    return f"era_{contact_id.removeprefix('con_')}"


def erase(contact: Contact, erasure: Erasure, at: datetime) -> tuple[Contact, ContactErased]:
    """The contact without anything personal; where it stands and when it came stays, for the counts."""
    left = contact.model_copy(
        update={
            "name": ERASED_NAME,
            "identifiers": (),
            "postcode": None,
            "erased": True,
            "version": contact.version + 1,
            "changed_at": at,
        }
    )
    event = ContactErased(
        contact=left, erasure_id=erasure.erasure_id, contact_ids=erasure.contact_ids, erased_by=erasure.by
    )
    return left, event


def traces_of(erasure_id: str, family: Iterable[Contact], also_of_others: Collection[str]) -> Traces:
    """What the contacts can be recognised by; not what somebody else is recognised by as well (keys)."""
    family = tuple(family)
    own = {key_of(each): each for one in family for each in one.identifiers}
    mine = [each for key, each in own.items() if key not in also_of_others]
    names = {each.name for each in family if each.name != ERASED_NAME}
    return Traces(
        erasure_id=erasure_id,
        contact_ids=tuple(dict.fromkeys(each.contact_id for each in family)),
        names=tuple(sorted(names)),
        emails=_values(mine, "email"),
        phones=_values(mine, "phone"),
        references=_values(mine, "partner"),
    )


def hashes_of(traces: Traces, secret: str) -> tuple[str, ...]:
    """Of each address and number: what a backup holds can be recognised by them, nobody can be read from them."""
    return tuple(mark_of(secret, each) for each in (*traces.emails, *traces.phones))


def report(
    erasure: Erasure, service: str, mentions: Iterable[str], at: datetime, decided: bool = False
) -> tuple[Erasure, Event | None]:
    """A service is done; `decided`: with what staff decided, which only the history still had to carry out."""
    found: dict[str, Decision] = dict.fromkeys(mentions, "open")
    reported = tuple(dict.fromkeys((*erasure.reports, service)))
    following = erasure.model_copy(update={"reports": reported, "mentions": found | erasure.mentions})
    return _move(following, at, erasure.state == "finishing" and decided)


def decide(erasure: Erasure, engagement_id: str, decision: Decision, at: datetime) -> tuple[Erasure, Event | None]:
    """What staff decided about a text. Raises NotFound and Conflict."""
    if engagement_id not in erasure.mentions:
        raise NotFound("This engagement is not on the list of texts that name the person.")
    if erasure.mentions[engagement_id] not in ("open", decision):
        raise Conflict("Somebody else has decided about this text in the meantime. Look at the list again.")
    following = erasure.model_copy(update={"mentions": {**erasure.mentions, engagement_id: decision}})
    return _move(following, at, False)


def _move(erasure: Erasure, at: datetime, is_last_step: bool) -> tuple[Erasure, Event | None]:
    following = erasure.model_copy(update={"version": erasure.version + 1})
    if erasure.state == "done" or not {OWN, *ERASERS} <= set(erasure.reports):
        return following, None
    if "open" in erasure.mentions.values():
        return following.model_copy(update={"state": "deciding"}), None
    removed = tuple(each for each, decision in erasure.mentions.items() if decision == "removed")
    if is_last_step or not removed:
        return following.model_copy(update={"state": "done", "done_at": at}), None
    event = ErasureDecided(erasure_id=erasure.erasure_id, engagement_ids=removed)
    is_told = erasure.state == "finishing"
    return following.model_copy(update={"state": "finishing"}), None if is_told else event


def _values(identifiers: Iterable[Identifier], scheme: str) -> tuple[str, ...]:
    return tuple(sorted({each.value for each in identifiers if each.scheme == scheme}))
