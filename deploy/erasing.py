"""What of erased people stands outside the services: parked messages, dead bytes of the index, the demo's mail."""

from collections.abc import Iterable, Iterator, Sequence
from email import message_from_bytes
from typing import Any

import orjson

from deploy import queues
from deploy.queues import ParkedMessage
from shared.contracts.erasure import Erasure, ListErasures, Traces
from shared.identifiers import InvalidIdentifierError, compared_email
from shared.messaging.client import RpcClient
from shared.redaction import identifiers_in, mark_of, redact
from shared.settings import Settings

PAGE = 1_000


class Register:
    """The register of erasures as it is needed to recognise people who were erased, whose names nobody keeps."""

    def __init__(self, settings: Settings, erasures: Sequence[Erasure]) -> None:
        self._secret = settings.secret
        self.contact_ids = tuple(each for one in erasures for each in one.contact_ids)
        self._marks = {each for one in erasures for each in one.hashes}

    def knows(self, scheme_value: tuple[str, str]) -> bool:
        """Whether an address or number, in compared form, belonged to somebody who was erased."""
        return mark_of(self._secret, scheme_value[1]) in self._marks

    def traces_in(self, content: Any) -> Traces:
        """What in a message belongs to somebody who was erased."""
        found = [each for each in identifiers_in(content) if self.knows(each)]
        return Traces(
            erasure_id="",
            contact_ids=self.contact_ids,
            emails=tuple(sorted({value for scheme, value in found if scheme == "email"})),
            phones=tuple(sorted({value for scheme, value in found if scheme == "phone"})),
        )


def read_register(settings: Settings) -> Register:
    return Register(settings, list(erasures(settings)))


def erasures(settings: Settings) -> Iterator[Erasure]:
    """Every erasure, the newest first."""
    bus, page = RpcClient(settings), ListErasures(limit=PAGE)
    while True:
        found = bus.call(page)
        yield from found.erasures
        if found.next_cursor is None:
            return
        page = page.model_copy(update={"cursor": found.next_cursor})


def redact_parked(settings: Settings, register: Register) -> int:
    """Put parked messages that name somebody who was erased back without them; returns how many."""
    return queues.rewrite_parked(settings, lambda message: _redacted(message, register))


def clear_mailbox(settings: Settings, register: Register) -> int:
    """Remove what the demo's mailbox holds for people who were erased; returns how many messages."""
    removed = 0
    for path in settings.mail_folder.glob("*.eml"):
        recipient = str(message_from_bytes(path.read_bytes())["X-Envelope-To"] or "")
        if any(register.knows(("email", each)) for each in _compared([recipient])):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _redacted(message: ParkedMessage, register: Register) -> bytes | None:
    """The body without the people; None when it names none, or cannot be read."""
    try:
        content = orjson.loads(message.body)
    except orjson.JSONDecodeError:
        return None
    left = redact(content, register.traces_in(content))
    return orjson.dumps(left) if left != content else None


def _compared(addresses: Iterable[str]) -> Iterator[str]:
    for each in addresses:
        try:
            yield compared_email(each)
        except InvalidIdentifierError:
            continue
