"""What hands messages over: one small protocol, so that SMTP and any other way of delivering fit side by side."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


class ServerAway(Exception):
    """Whoever delivers cannot be reached or takes nothing now: nothing was handed over, all of it waits."""


class LineLost(Exception):
    """The connection ended. What had begun and has no reply is in doubt; everything else was not handed over."""


@dataclass(frozen=True, slots=True)
class Outbound:
    """One message as it is handed over."""

    place: int
    """Of the recipient in its chunk."""
    return_path: str
    address: str
    content: bytes
    """Lines end in CRLF, none begins with a dot."""

    @property
    def is_international(self) -> bool:
        """Whether its address needs a server that offers SMTPUTF8."""
        return not self.address.isascii()


class Delivery(Protocol):
    """Who is asked and told while messages are handed over."""

    def may_go(self, message: Outbound) -> bool:
        """Asked last before the content: False when the recipient has withdrawn in the meantime."""
        ...

    def begins(self, message: Outbound) -> None:
        """From here on the message may arrive."""
        ...

    def replied(self, message: Outbound, code: int, text: str) -> None:
        """The server's word on it, in the codes of SMTP (2xx taken, 4xx not now, 5xx never)."""
        ...


class Dispatcher(Protocol):
    """One line to whoever delivers, used by one thread at a time. It connects by itself when it is needed."""

    def deliver(self, messages: Iterable[Outbound], delivery: Delivery) -> None:
        """Hand over the messages, one after the other. Raises ServerAway or LineLost."""
        ...

    def close(self) -> None:
        """Leave politely; the next `deliver` connects again."""
        ...
