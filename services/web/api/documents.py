"""The API described for machines: OpenAPI for HTTP, AsyncAPI for the broker, both made from the code."""

from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from services.web.access import Needs, anyone
from services.web.api import examples
from services.web.api.events import Accepted
from services.web.keys import SCOPES
from shared.contracts.base import BATCH_TYPE, CONTENT_TYPE, Event
from shared.contracts.contacts import ContactChanged, ContactRegistered
from shared.contracts.events import (
    REPORTED,
    EngagementCorrected,
    EngagementQuarantined,
    EngagementRecorded,
    Reported,
)
from shared.messaging.topology import BATCH, EVENTS, PARTNERS

VERSION = "1.0.0"
PUBLISHED: tuple[type[Event], ...] = (
    EngagementRecorded,
    EngagementCorrected,
    EngagementQuarantined,
    ContactRegistered,
    ContactChanged,
)
_REF = "#/components/schemas/{model}"

router = APIRouter(prefix="/api/v1", include_in_schema=False)


@router.get("/openapi.json", dependencies=[anyone])
async def openapi(request: Request) -> dict[str, Any]:
    """The OpenAPI document of the partner API."""
    return openapi_document(request.app)


@router.get("/asyncapi.json", dependencies=[anyone])
async def asyncapi(request: Request) -> dict[str, Any]:
    """The AsyncAPI document of the broker."""
    return asyncapi_document()


def openapi_document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title="Wellheard partner API",
        version=VERSION,
        description="Report what stakeholders said, and read back what became of it.",
        routes=app.routes,
    )
    components = document["components"]
    components["schemas"] |= _schemas(Reported, Accepted) | {"ReportedEvent": _reported_event(), "Problem": _PROBLEM}
    components["securitySchemes"] = {
        "key": {
            "type": "http",
            "scheme": "bearer",
            "description": f"A partner's key, with scopes: {', '.join(SCOPES)}.",
        }
    }
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            _describe_scopes(document, route)
    return document


def _describe_scopes(document: dict[str, Any], route: APIRoute) -> None:
    path = route.path_format
    for method in route.methods or ():
        operation = document["paths"][path][method.lower()]
        operation["security"] = [{"key": list(permissions(route) or ())}]
        # What FastAPI adds by itself is not what this API answers: a bad parameter is 400.
        if "HTTPValidationError" in str(operation["responses"].get("422")):
            del operation["responses"]["422"]


def permissions(route: APIRoute) -> tuple[str, ...] | None:
    """What the route asks of its caller; None when it names no permission at all."""
    for dependency in route.dependant.dependencies:
        if isinstance(dependency.call, Needs):
            return dependency.call.permissions
    return None


_DESCRIPTION = f"CloudEvents 1.0, structured JSON; up to {BATCH} events of one type may travel together ({BATCH_TYPE})."


def asyncapi_document() -> dict[str, Any]:
    """What partners may publish, and what the services publish."""
    messages = {event.__name__: _message(event) for event in PUBLISHED} | {"EngagementReported": _reported_message()}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Wellheard events", "version": VERSION, "description": _DESCRIPTION},
        "defaultContentType": CONTENT_TYPE,
        "channels": {
            "partners": _channel(PARTNERS, "Partners publish here as their own broker user.", ["EngagementReported"]),
            "events": _channel(EVENTS, "Everything that has happened.", [event.__name__ for event in PUBLISHED]),
        },
        "operations": {
            "receiveReports": {"action": "receive", "channel": {"$ref": "#/channels/partners"}},
            "publishEvents": {"action": "send", "channel": {"$ref": "#/channels/events"}},
        },
        "components": {
            "messages": messages,
            "schemas": _schemas(Reported, *PUBLISHED) | {"ReportedEvent": _reported_event()},
        },
    }


def _channel(exchange: str, description: str, messages: list[str]) -> dict[str, Any]:
    return {
        "address": exchange,
        "description": description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {
            "amqp": {"is": "routingKey", "exchange": {"name": exchange, "type": "topic", "durable": True}},
        },
    }


def _message(event: type[Event]) -> dict[str, Any]:
    return {
        "name": event.type,
        "summary": (event.__doc__ or "").strip(),
        "contentType": CONTENT_TYPE,
        "payload": envelope_schema(event.type, _REF.format(model=event.__name__)),
    }


def _reported_message() -> dict[str, Any]:
    return {
        "name": REPORTED,
        "summary": "A partner reports one thing that happened with stakeholders.",
        "contentType": CONTENT_TYPE,
        "payload": {"$ref": "#/components/schemas/ReportedEvent"},
        "examples": [{"payload": examples.EVENT}],
    }


def _reported_event() -> dict[str, Any]:
    return envelope_schema(REPORTED, _REF.format(model="Reported"))


def envelope_schema(event_type: str, data: str) -> dict[str, Any]:
    """The schema of a CloudEvent of one type; `data` is the address of its data's schema."""
    text = {"type": "string", "minLength": 1}
    return {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "data"],
        "propertyNames": {"pattern": "^([a-z0-9]+|data_base64)$"},
        "properties": {
            "specversion": {"const": "1.0"},
            "id": text,
            "source": text,
            "type": {"const": event_type},
            "time": {"type": "string", "format": "date-time"},
            "subject": text,
            "data": {"$ref": data},
        },
    }


def _schemas(*models: Any) -> dict[str, Any]:
    _, definitions = models_json_schema([(model, "validation") for model in models], ref_template=_REF)
    found: dict[str, Any] = definitions["$defs"]
    return found


_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong and what to do."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"index": {"type": "integer"}, "detail": {"type": "string"}},
            },
        },
    },
}
