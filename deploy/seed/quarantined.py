"""A dozen events that partners got wrong, each in its own way: something for the quarantine desk to do."""

from typing import Any

from deploy.seed.engagements import HOSPITALS_TRUST, VOLUNTARY_COUNCIL
from shared.contracts.events import REPORTED

_GOOD: dict[str, Any] = {
    "kind": "call",
    "title": "Rang about the lift in the west wing",
    "body": "The lift has been out of order since Tuesday and the clinic is on the third floor.",
    "occurred_at": "2015-06-22T10:15:00+01:00",
    "topics": ["waiting for treatment"],
}


def _without(name: str) -> dict[str, Any]:
    return {key: value for key, value in _GOOD.items() if key != name}


_FAULTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (HOSPITALS_TRUST, REPORTED, _GOOD | {"kind": "telephone call"}),
    (HOSPITALS_TRUST, REPORTED, _without("title")),
    (HOSPITALS_TRUST, REPORTED, _GOOD | {"occurred_at": "0001-01-01T00:00:00Z", "title": "Date lost in the export"}),
    (HOSPITALS_TRUST, REPORTED, _GOOD | {"occurred_at": "2015-06-22 10:15", "title": "A time without a zone"}),
    (HOSPITALS_TRUST, "com.marden.pals.case.v2", _GOOD | {"title": "Sent by the new case system"}),
    (HOSPITALS_TRUST, REPORTED, _GOOD | {"title": "x" * 240}),
    (HOSPITALS_TRUST, REPORTED, _GOOD | {"sentiment": "angry", "title": "Angry about the lift"}),
    (VOLUNTARY_COUNCIL, REPORTED, _GOOD | {"occurred_at": "9999-12-31T00:00:00Z", "title": "Until further notice"}),
    (VOLUNTARY_COUNCIL, REPORTED, _GOOD | {"body": "Copied from a form\x00field", "title": "Copied from a form"}),
    (VOLUNTARY_COUNCIL, REPORTED, _GOOD | {"links": [{"url": "ftp://files.example/notes"}], "title": "Notes attached"}),
    (
        VOLUNTARY_COUNCIL,
        REPORTED,
        _GOOD | {"people": [{"name": "R. Doe", "identifiers": [{"scheme": "twitter", "value": "@rdoe"}]}]},
    ),
    (VOLUNTARY_COUNCIL, REPORTED, _GOOD | {"title": "Reported first"}),
    # The same id with another body: a conflict; the first stays recorded.
    (VOLUNTARY_COUNCIL, REPORTED, _GOOD | {"title": "Reported again, told differently"}),
)


def faulty_events() -> list[tuple[str, dict[str, Any]]]:
    """(partner, CloudEvent); all but the one before the last cannot be recorded."""
    last = len(_FAULTS) - 1
    return [
        (
            partner,
            {
                "specversion": "1.0", "type": kind, "source": "/demo/faults", "id": f"fault-{min(number, last - 1):02}",
                "time": "2015-06-22T10:20:00Z", "data": data,
            },
        )
        for number, (partner, kind, data) in enumerate(_FAULTS)
    ]  # fmt: skip
