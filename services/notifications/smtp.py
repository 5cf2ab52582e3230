"""Hands messages to a mail server over one SMTP connection, with pipelining where it is offered.

At most one message of a connection is ever in doubt. A message's content and its final dot travel together with the
next message's MAIL, RCPT and DATA (RFC 2920 allows a group to begin with content), and the next content is sent only
when the dot before it has been answered. That is one round trip a message instead of four.
"""

import smtplib
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

from services.notifications.dispatch import Delivery, LineLost, Outbound, ServerAway

CONNECT_SECONDS = 15.0
REPLY_SECONDS = 300.0
"""A mail server may scan a message before it answers the dot (RFC 5321 asks for patience)."""
NO_SMTPUTF8 = "5.6.7 the mail server offers no SMTPUTF8, which an international address needs"
_MAX_REPLY = 4096

Reply = tuple[int, str]


class SmtpDispatcher:
    """`smtp://user:password@host:port` uses STARTTLS when it is offered, `smtps://` speaks TLS from the start."""

    def __init__(self, url: str, own_name: str = "localhost") -> None:
        self._url = urlsplit(url)
        self._own_name = own_name
        self._smtp: smtplib.SMTP | None = None
        self._file: Any = None

    def deliver(self, messages: Iterable[Outbound], delivery: Delivery) -> None:
        smtp = self._smtp or self._connect()
        international = smtp.has_extn("smtputf8")
        ours = (each for each in messages if _is_possible(each, international, delivery))
        try:
            if smtp.has_extn("pipelining"):
                self._pipelined(ours, delivery)
            else:
                self._step_by_step(ours, delivery)
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            self._hang_up()
            raise LineLost(type(error).__name__) from error
        except BaseException:
            self._hang_up()
            raise

    def close(self) -> None:
        if self._smtp is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._sock().settimeout(2.0)
                self._smtp.quit()
            self._hang_up()

    # -- one connection ---------------------------------------------------------------------------

    def _connect(self) -> smtplib.SMTP:
        secure = self._url.scheme == "smtps"
        kind = smtplib.SMTP_SSL if secure else smtplib.SMTP
        host, port = self._url.hostname or "127.0.0.1", self._url.port or (465 if secure else 25)
        try:
            smtp = kind(host, port, self._own_name, timeout=CONNECT_SECONDS)
            smtp.ehlo()
            if not secure and smtp.has_extn("starttls"):
                smtp.starttls()
                smtp.ehlo()
            if self._url.username:
                smtp.login(unquote(self._url.username), unquote(self._url.password or ""))
        except (OSError, smtplib.SMTPException) as error:
            raise ServerAway(f"the mail server cannot be used ({type(error).__name__})") from error
        self._smtp, self._file = smtp, smtp.file
        self._sock().settimeout(REPLY_SECONDS)
        self._sock().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return smtp

    def _hang_up(self) -> None:
        smtp, self._smtp, self._file = self._smtp, None, None
        if smtp is not None:
            with suppress(OSError):
                smtp.close()

    def _pipelined(self, messages: Iterable[Outbound], delivery: Delivery) -> None:
        send, current = self._sock().sendall, None
        for message in messages:
            opening = _opening(message) + b"DATA\r\n"
            if current is None:
                send(opening)
            else:
                self._check_may_go(current, delivery)
                send(current.content + b".\r\n" + opening)
                delivery.replied(current, *self._reply())
            current = message if self._is_open(message, delivery, self._reply(), self._reply(), self._reply()) else None
        if current is not None:
            self._finish(current, delivery)

    def _step_by_step(self, messages: Iterable[Outbound], delivery: Delivery) -> None:
        for message in messages:
            replies = [(0, "")]
            for line in (*_opening(message).splitlines(keepends=True), b"DATA\r\n"):
                self._sock().sendall(line)
                replies.append(self._reply())
                if replies[-1][0] >= 400:
                    break
            refused = [each for each in replies if each[0] >= 400]
            if self._is_open(message, delivery, *(refused or replies[1:])):
                self._finish(message, delivery)
            else:
                self._sock().sendall(b"RSET\r\n")
                self._reply()

    def _finish(self, message: Outbound, delivery: Delivery) -> None:
        self._check_may_go(message, delivery)
        self._sock().sendall(message.content + b".\r\n")
        delivery.replied(message, *self._reply())

    def _check_may_go(self, message: Outbound, delivery: Delivery) -> None:
        """The server waits for content: only hanging up keeps the message from going."""
        if not delivery.may_go(message):
            raise ConnectionAbortedError
        delivery.begins(message)

    def _is_open(self, message: Outbound, delivery: Delivery, *replies: Reply) -> bool:
        """Whether the server waits for the content; if not, its word on the message has been passed on."""
        refused = next((each for each in replies if each[0] >= 400), None)
        if refused is None:
            return True
        if replies[-1][0] == 354:  # it waits for the content of a message without recipients
            self._sock().sendall(b".\r\n")
            self._reply()
        if refused[0] == 421 or (refused is replies[0] and refused[0] >= 500):
            raise ServerAway(f"the mail server takes nothing from us: {reason(*refused)}")
        delivery.replied(message, *refused)
        return False

    def _sock(self) -> Any:
        assert self._smtp is not None
        return self._smtp.sock

    def _reply(self) -> Reply:
        """Code and text of one reply, of several lines perhaps."""
        texts = []
        while True:
            line = self._file.readline(_MAX_REPLY)
            if not line[:3].isdigit():
                raise ConnectionResetError
            texts.append(line[4:].decode(errors="replace").strip())
            if line[3:4] != b"-":
                return int(line[:3]), " ".join(texts[:3])


def reason(code: int, text: str) -> str:
    """A reply in words that may be kept: what looks like an address is left out."""
    return " ".join([str(code), *(word for word in text.split() if "@" not in word and word.isprintable())])[:200]


def _opening(message: Outbound) -> bytes:
    option = " SMTPUTF8" if message.is_international else ""
    return f"MAIL FROM:<{message.return_path}>{option}\r\nRCPT TO:<{message.address}>\r\n".encode()


def _is_possible(message: Outbound, international: bool, delivery: Delivery) -> bool:
    """Whether the server can be given such an address at all; a line break in one would be a command of its own."""
    if any(ord(each) < 32 or ord(each) == 127 for each in message.address):
        delivery.replied(message, 553, "5.1.3 the address holds control characters")
        return False
    if message.is_international and not international:
        delivery.replied(message, 553, NO_SMTPUTF8)
        return False
    return True
