"""Segments, memberships, participations and people as documents of the store."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from services.contacts.segments.domain import Cause, Job, Membership, Move, Stored, bucket_of
from services.contacts.segments.rules import Person, Took
from shared.contracts.consent import Consent
from shared.contracts.events import Engagement
from shared.contracts.segments import Rule


def state_id(contact_id: str, n: int) -> str:
    return f"{contact_id}:{n}"


def place_of(segment_id: str, bucket: int) -> str:
    return f"{segment_id}:{bucket:05x}"


def job_document(job: Job | None) -> dict[str, Any] | None:
    return {"kind": job.kind, "first": job.first, "done": job.done} if job else None


def segment_fields(segment: Stored) -> dict[str, Any]:
    names = ("version", "name", "deleted", "created_by", "created_at", "changed_by", "changed_at", "swept_at")
    fields = {name: getattr(segment, name) for name in names}
    return fields | {"rule": segment.rule.model_dump(mode="json"), "job": job_document(segment.job)}


def stored_segment(document: dict[str, Any]) -> Stored:
    fields = {name: value for name, value in document.items() if name not in ("_id", "counts", "rule", "job")}
    return Stored(
        segment_id=document["_id"],
        rule=Rule.model_validate(document["rule"], extra="ignore"),
        job=Job(**document["job"]) if document["job"] else None,
        members=sum(document.get("counts", {}).values()),
        **fields,
    )


def membership_document(membership: Membership) -> dict[str, Any]:
    bucket = bucket_of(membership.contact_id)
    return {
        "_id": state_id(membership.contact_id, membership.n),
        "contact_id": membership.contact_id,
        "n": membership.n,
        "since": dict(membership.since),
        "places": [place_of(each, bucket) for each in membership.since],
        "moves": _moves_text(membership.moves, membership.moves_before),
    }


def _moves_text(*changes: Sequence[Move]) -> str:
    """The moves of some changes as JSON: the store reads one string four times faster than all the lists in it.

    What the moves of a change have in common stands once, the causes once each.
    """
    return orjson.dumps([_of_moves(each) for each in changes], option=orjson.OPT_UTC_Z).decode()


def numbered(document: dict[str, Any]) -> dict[str, Any]:
    """A membership of an earlier version, one document a contact and its moves in lists, as the first of its states."""
    moves = orjson.dumps(document["moves"], option=orjson.OPT_UTC_Z).decode()
    names = {"_id": state_id(document["_id"], document["n"]), "contact_id": document["_id"], "moves": moves}
    return document | names


def _of_moves(moves: Sequence[Move]) -> list[Any]:
    causes = {each.cause: place for place, each in enumerate({one.cause: one for one in moves}.values())}
    first = moves[0] if moves else None
    kept = [[each.id, each.segment_id, each.segment, each.entered, causes[each.cause]] for each in moves]
    return [first.at, first.n, [list(each) for each in causes], kept] if first else []


def read_membership(document: dict[str, Any]) -> Membership:
    latest, before = map(_read_moves, orjson.loads(document["moves"]))
    return Membership(document["contact_id"], document["n"], document["since"], latest, before)


def _read_moves(kept: list[Any]) -> tuple[Move, ...]:
    if not kept:
        return ()
    at, n, causes, moves = kept
    moment = datetime.fromisoformat(at)
    return tuple(
        Move(move_id, segment_id, segment, entered, moment, Cause(*causes[cause]), n)
        for move_id, segment_id, segment, entered, cause in moves
    )


def own_ids(document: dict[str, Any]) -> list[str]:
    return [document["_id"], *document.get("merged", ())]


def read_person(document: dict[str, Any], took: Sequence[Took]) -> Person:
    return Person(
        contact_id=document["_id"],
        kind=document["kind"],
        name=document["name"],
        locality=document.get("locality"),
        practice=document.get("practice"),
        groups=document.get("groups", ()),
        consents=[Consent.model_validate(each, extra="ignore") for each in document.get("consents", ())],
        took=took,
    )


def participation_documents(event_id: str, engagement: Engagement) -> list[dict[str, Any]]:
    """What one event tells of who took part: a document for each, in the order of time by their ids."""
    return [
        {
            "_id": f"{event_id}:{number}",
            "contact_id": contact_id,
            "engagement_id": engagement.engagement_id,
            "version": engagement.version,
            "kind": engagement.kind,
            "at": engagement.occurred_at,
        }
        for number, contact_id in enumerate(seen_in(engagement))
    ]


def parted(document: dict[str, Any]) -> list[dict[str, Any]]:
    """What an earlier version stored of an engagement as one document, as one for each who took part."""
    rest = {name: document[name] for name in ("version", "kind", "at")} | {"engagement_id": document["_id"]}
    return [
        rest | {"_id": f"{document['_id']}:{number}", "contact_id": contact_id}
        for number, contact_id in enumerate(document["contact_ids"])
    ]


def seen_in(engagement: Engagement) -> tuple[str, ...]:
    """Who took part, for segments: nobody, when the engagement is restricted."""
    return () if engagement.sensitive else engagement.contact_ids()
