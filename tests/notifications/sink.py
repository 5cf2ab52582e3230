"""A small SMTP server in a thread that keeps what it was given, for tests of sessions and stories."""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

Answer = Callable[[str, str], str | None]


@dataclass
class Sink:
    """Answers 250 to everything but what `answer(command, argument)` decides; "" hangs up without a word."""

    pipelining: bool = True
    smtputf8: bool = False
    answer: Answer = lambda command, argument: None
    got: list[tuple[str, str]] = field(default_factory=list)
    """(recipient, content) of what was taken."""
    lines: list[str] = field(default_factory=list)
    largest_group: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"smtp://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as incoming:
            connection.sendall(b"220 sink\r\n")
            recipient = ""
            while line := incoming.readline():
                text = line.decode().rstrip("\r\n")
                command, _, argument = text.partition(" ")
                command = command.upper()
                self.lines.append(text)
                if command == "EHLO":
                    names = ["sink", *["PIPELINING"] * self.pipelining, *["SMTPUTF8"] * self.smtputf8, "8BITMIME"]
                    connection.sendall("".join(f"250-{each}\r\n" for each in names).encode() + b"250 OK\r\n")
                    continue
                if command == "RCPT":
                    recipient = argument.partition("<")[2].rpartition(">")[0]
                said = self.answer(command, recipient or argument)
                if said == "":
                    return
                connection.sendall(
                    (said or {"DATA": "354 go", "QUIT": "221 bye"}.get(command, "250 ok")).encode() + b"\r\n"
                )
                if command == "QUIT":
                    return
                if command == "DATA" and said is None and not self._content(connection, incoming, recipient):
                    return

    def _content(self, connection: socket.socket, incoming: object, recipient: str) -> bool:
        content = []
        for line in incoming:  # type: ignore[attr-defined]
            if line == b".\r\n":
                break
            content.append(line.decode())
        else:
            return False
        said = self.answer(".", recipient)
        if said == "":
            return False
        if said is None:
            self.got.append((recipient, "".join(content)))
        connection.sendall((said or "250 taken").encode() + b"\r\n")
        return True
