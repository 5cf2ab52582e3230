"""The mail server tells what came back: its report as it is, or the return path with a status."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import ValidationError

from services.web.access import Caller, partner
from services.web.api import examples
from services.web.api.intake import read_body
from services.web.backend import backend
from services.web.refusals import BadRequest, UnknownMediaType
from shared.contracts.base import Personal, Value
from shared.contracts.bounces import MAX_MESSAGE, BounceReceipt, ReportBounce
from shared.errors import Invalid

router = APIRouter(prefix="/api/v1", tags=["Mail"])
MESSAGE = "message/rfc822"
MailServer = Annotated[Caller, partner("mail:bounces")]
_FORMS = f"Send the report as it is with content type {MESSAGE}, or a recipient and a status as application/json."


class ReportedStatus(Value):
    """What a mail server knows that makes no report of its own."""

    recipient: Annotated[str, Personal]
    """The return path of the message: `bounce-…@…`."""
    status: str
    """As RFC 3463 has it, such as `5.1.1`."""


@router.post(
    "/bounces",
    response_model=BounceReceipt,
    responses=examples.BOUNCE_RESPONSES,
    openapi_extra=examples.BOUNCE_BODY,
)
async def report_bounce(request: Request, caller: MailServer) -> BounceReceipt:
    """Say that a message came back or is complained about. The same report as often as you like counts once.

    A report that names no message of ours is answered with 200 and `refused`, so that no mail server sends it on.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in (MESSAGE, "application/json"):
        raise UnknownMediaType(_FORMS)
    body = await read_body(request, MAX_MESSAGE)
    if media_type == MESSAGE:
        return await backend(request).call(ReportBounce(message=body.decode("latin-1")))
    try:
        said = ReportedStatus.model_validate_json(body)
        question = ReportBounce(recipient=said.recipient, status=said.status)
    except ValidationError as error:
        places = ", ".join(dict.fromkeys(str(each["loc"][-1]) if each["loc"] else "body" for each in error.errors()))
        raise BadRequest(f"Change {places}. {_FORMS}") from None
    if not said.status:
        raise BadRequest(f"Give a status, such as 5.1.1. {_FORMS}")
    try:
        return await backend(request).call(question)
    except Invalid as error:
        raise BadRequest(error.detail) from None
