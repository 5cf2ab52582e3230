"""What the OpenAPI document shows of the events routes: bodies, answers and errors, with examples."""

from typing import Any

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "visit-2014-03-12-0017",
    "source": "/voluntary-sector/visits",
    "type": "wellheard.engagement.reported.v1",
    "time": "2014-03-12T15:40:00Z",
    "data": {
        "kind": "conversation",
        "title": "Evening appointments at the surgery",
        "body": "She cannot leave work before six and asked for one late surgery a week.",
        "occurred_at": "2014-03-12T15:40:00+00:00",
        "channel": "patient discussions",
        "topics": ["access to GPs"],
        "sentiment": "negative",
        "people": [
            {
                "name": "Amina Okafor",
                "role": "carer",
                "identifiers": [{"scheme": "email", "value": "amina.okafor@example.org"}],
            }
        ],
    },
}
STATUS_URL = (
    "http://127.0.0.1:8000/api/v1/events/visit-2014-03-12-0017?source=%2Fvoluntary-sector%2Fvisits&receipt=pZ3k"
)

POST_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/cloudevents+json": {
                "schema": {"$ref": "#/components/schemas/ReportedEvent"},
                "example": EVENT,
            },
            "application/cloudevents-batch+json": {
                "schema": {
                    "type": "array",
                    "maxItems": 1000,
                    "items": {"$ref": "#/components/schemas/ReportedEvent"},
                },
                "example": [EVENT],
            },
            "application/json": {
                "schema": {"$ref": "#/components/schemas/Reported"},
                "example": EVENT["data"],
            },
        },
    }
}


def problem(description: str, status: int, title: str, detail: str) -> dict[str, Any]:
    """One error as OpenAPI describes it."""
    example = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}}
    return {"description": description, "content": content}


KEY_RESPONSES: dict[int | str, dict[str, Any]] = {
    400: problem("The request cannot be read.", 400, "The request cannot be read", "The body is not JSON."),
    401: problem("No key, or one that is not valid.", 401, "A valid key is needed", "Send your key as a Bearer token."),
    403: problem("The key lacks the scope.", 403, "Not allowed", "This needs the scope events:write."),
    429: problem("More than your limit; see Retry-After.", 429, "Too many", "You may send 500 requests a second."),
    503: problem("Nothing was taken; see Retry-After.", 503, "Not available just now", "The broker does not answer."),
}
POST_RESPONSES: dict[int | str, dict[str, Any]] = KEY_RESPONSES | {
    202: {
        "description": "Every event is on the broker's disk and will be recorded or quarantined.",
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/Accepted"},
                "example": {"accepted": [{"id": EVENT["id"], "status_url": STATUS_URL}]},
            }
        },
    },
    408: problem("The body came too slowly.", 408, "The body did not arrive in time", "Send it again."),
    413: problem("More than 5 MB or 1,000 events.", 413, "Too large", "Send fewer events at a time."),
    415: problem("Not a CloudEvent content type.", 415, "This content type is not understood", "Send CloudEvents."),
    422: problem(
        "Members of the batch are not CloudEvents; nothing was taken.",
        422,
        "Some members are not CloudEvents",
        "1 of 2 members are not CloudEvents. `errors` names each by its index.",
    ),
}
STATUS_RESPONSES: dict[int | str, dict[str, Any]] = KEY_RESPONSES | {
    404: problem("Not seen yet; Retry-After: 1.", 404, "Not found", "No event of yours with this id has been seen.")
}
FIND_RESPONSES: dict[int | str, dict[str, Any]] = KEY_RESPONSES | {
    404: problem("Not there, or not for this key.", 404, "Not found", "There is no such contact.")
}
BOUNCE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "message/rfc822": {"schema": {"type": "string", "maxLength": 1_000_000}},
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["recipient", "status"],
                    "additionalProperties": False,
                    "properties": {
                        "recipient": {"type": "string", "maxLength": 320},
                        "status": {"type": "string", "pattern": r"^[245]\.\d{1,3}\.\d{1,3}$"},
                    },
                },
                "example": {"recipient": "bounce-…@news.example.org", "status": "5.1.1"},
            },
        },
    }
}
BOUNCE_RESPONSES: dict[int | str, dict[str, Any]] = KEY_RESPONSES | {
    408: problem("The body came too slowly.", 408, "The body did not arrive in time", "Send it again."),
    413: problem("More than 1 MB.", 413, "Too large", "Send less at a time."),
    415: problem("Neither a message nor JSON.", 415, "This content type is not understood", "Send message/rfc822."),
}
