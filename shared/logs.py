"""Structured JSON logs with the correlation id of every hop and nothing personal."""

import logging
import sys
from collections.abc import MutableMapping
from functools import partial
from typing import Any

import structlog

from shared.contracts.base import new_id

# Names of fields that hold personal data in the contracts; a log that carries one drops it.
PERSONAL_KEYS = frozenset(
    ("name", "email", "phone", "value", "identifiers", "title", "body", "q", "people", "participants", "postcode")
)


def _drop_personal(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in PERSONAL_KEYS & event.keys():
        event[key] = "[personal]"
    return event


def configure(service: str) -> None:
    """Log JSON lines to stderr, bound to the service's name; the libraries' own logs from WARNING on."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s", force=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            partial(_add_service, service),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _drop_personal,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def _add_service(
    service: str, _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    event["service"] = service
    return event


def correlation_id() -> str:
    """The id of the act in hand, the same in every service it reaches; a new one where an act begins."""
    return str(structlog.contextvars.get_contextvars().get("correlation_id") or new_id())


get_logger = structlog.get_logger
