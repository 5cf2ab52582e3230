"""Sends an answer to whoever had asked, once, and says what became of it.

It needs no consent: the person asked for it. It is kept back by the suppression list, and stands in the ledger.
"""

from datetime import UTC, datetime

from services.notifications.desk import Desk, mailing_id_of
from services.notifications.domain import Addressee
from services.notifications.port import Ledger
from services.notifications.repository import Mailings
from services.notifications.skeleton import FIELD
from shared.contracts.base import Envelope
from shared.contracts.cases import CaseAnswered
from shared.contracts.contacts import GetContact
from shared.contracts.deliveries import Delivery, GetDelivery
from shared.contracts.notifications import MailingDraft
from shared.errors import NotFound
from shared.messaging import Bus, on, rpc

KINDS = {
    "enquiry": "your enquiry",
    "complaint": "your complaint",
    "question": "your question",
    "story": "your story",
    "foi_request": "your request for information",
}
BODY = """You wrote to us about “{title}”. This is our answer.

{text}
"""


class AnswerEntry:
    """The entry points of answers, a part of the notifications service."""

    _mailings: Mailings
    _ledger: Ledger
    _bus: Bus
    _desk: Desk

    @on("notifications.answers", CaseAnswered)
    def send_answer(self, envelope: Envelope[CaseAnswered]) -> None:
        """The notice is made of the answer's own id: the same event again is the same message."""
        event = envelope.data
        if event.answer.notice_id and not event.answer.repeated:
            recipient = self._recipient(event.answer.sent_to)
            self._desk.notify(event.answer.notice_id, content_of(event), recipient, datetime.now(UTC), "case")

    @rpc
    def get_delivery(self, request: GetDelivery) -> Delivery:
        mailing_id = mailing_id_of(request.request_id)
        key = (mailing_id, request.contact_id)
        if line := self._ledger.find_lines([key]).get(key):
            return Delivery(state=line.state, reason=line.rule or line.reason)
        return Delivery(state="waiting" if self._mailings.find(mailing_id) else "unknown")

    def _recipient(self, contact_id: str) -> Addressee:
        try:
            contact = self._bus.call(GetContact(contact_id=contact_id))
        except NotFound:
            return Addressee(contact_id, "", "", None, "no_address")
        address = next((each.value for each in contact.identifiers if each.scheme == "email"), "")
        return Addressee(contact_id, contact.name, address, None, "" if address else "no_address")


def content_of(event: CaseAnswered) -> MailingDraft:
    """The message. Its subject names nothing that is restricted: it stands on the timeline, and on a locked screen."""
    subject = "Our answer to you" if event.sensitive else f"Our answer to {KINDS[event.kind]}"
    said = "\n".join(f"{line}  " for line in event.answer.text.splitlines())
    body = BODY.format(title=_as_typed(event.title), text=_as_typed(said))
    return MailingDraft(subject=subject, body=body, segment_id="notice")


def _as_typed(text: str) -> str:
    """Braces that somebody typed are no merge field."""
    return FIELD.sub(lambda found: "{\u2060" + found[0][1:], text)
