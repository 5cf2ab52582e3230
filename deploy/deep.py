"""What `wellheard check --deep` names beyond the checksums: contents that differ, and everything set aside."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from deploy.queues import read_parked
from deploy.versions import SHOWN
from services.history.differences import index_differences
from shared.errors import WellheardError
from shared.mongo import connect
from shared.settings import Settings

LISTED = 1_000
"""Parked and quarantined items that are named; `wellheard parked list` and `quarantine list` go on."""


def look_deep(settings: Settings, differing_in_log: list[str]) -> dict[str, Any]:
    """`store_log`: versions that differ between their owner and the log; `log_index`: records that differ in the index.

    `parked` and `quarantined`: each item by id with its reason, the first `LISTED`.
    """
    return {
        "store_log": {"differing": differing_in_log},
        "log_index": _log_and_index(settings),
        "parked": list(islice(_parked(settings), LISTED)),
        "quarantined": list(islice(_quarantined(settings), LISTED)),
    }


def differing_in(deep: dict[str, Any]) -> bool:
    """Whether contents differ; what is parked or in quarantine is known, and no difference."""
    return any(value for part in ("store_log", "log_index") for value in deep.get(part, {}).values())


def _log_and_index(settings: Settings) -> dict[str, Any]:
    try:
        found = index_differences(settings, SHOWN)
    except WellheardError as error:
        return {"error": error.detail}
    return {name: _told(first, found.counts[name]) for name, first in found.first.items()}


def _told(first: list[tuple[str, str]], count: int) -> list[str]:
    more = [f"and {count - len(first):,} more"] if count > len(first) else []
    return [f"{kind} {record_id}" for kind, record_id in first] + more


def _parked(settings: Settings) -> Iterator[dict[str, str]]:
    for each in read_parked(settings):
        yield {"id": each.message_id, "queue": each.queue, "reason": each.reason}


def _quarantined(settings: Settings) -> Iterator[dict[str, Any]]:
    fields = {"reasons": 1, "conflict": 1}
    for each in connect(settings, "events")["quarantine"].find({"state": "open"}, fields):
        yield {"id": each["_id"], "reasons": each["reasons"], "conflict": each["conflict"]}
