"""The demo's mail server: takes every message, delivers none, and keeps the latest where the web can show them.

`python -m deploy.mailbox PORT FOLDER`. It listens on 127.0.0.1 only and keeps 500 messages of up to 1 MB.
"""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

KEPT = 500
LARGEST = 1_000_000
_KNOWN = {
    "EHLO": "250-mailbox\r\n250-PIPELINING\r\n250-SMTPUTF8\r\n250 8BITMIME\r\n",
    "DATA": "354 Go on\r\n",
    "QUIT": "221 Bye\r\n",
}


class Box:
    """The folder of messages, the oldest removed first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._names = sorted(each.name for each in folder.glob("*.eml"))

    def put(self, recipient: str, content: bytes) -> None:
        name = f"{time.time_ns():020}.eml"
        partial = self._folder / f"{name}.new"
        partial.write_bytes(f"X-Envelope-To: {recipient}\r\n".encode() + content)
        os.replace(partial, self._folder / name)
        self._names.append(name)
        while len(self._names) > KEPT:
            (self._folder / self._names.pop(0)).unlink(missing_ok=True)


class Line(asyncio.Protocol):
    """One SMTP connection."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._buffer, self._recipient, self._in_content = b"", "", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 mailbox ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._step():
            pass
        if len(self._buffer) > LARGEST:
            self._transport.write(b"552 That is more than this demo takes\r\n")
            self._transport.close()

    def _step(self) -> bool:
        """One command, or one content; False when it is not there as a whole."""
        part, found, rest = self._buffer.partition(b"\r\n.\r\n" if self._in_content else b"\r\n")
        if not found:
            return False
        self._buffer = rest
        if self._in_content:
            self._in_content = False
            self._box.put(self._recipient, part.replace(b"\r\n..", b"\r\n.") + b"\r\n")
            self._transport.write(b"250 Kept\r\n")
            return True
        line = part.decode(errors="replace")
        command = line[:4].upper()
        if command == "RCPT":
            self._recipient = line.partition("<")[2].rpartition(">")[0]
        self._in_content = command == "DATA"
        self._transport.write(_KNOWN.get(command, "250 OK\r\n").encode())
        if command == "QUIT":
            self._transport.close()
        return True


async def serve(port: int, folder: Path) -> None:
    """Until SIGTERM."""
    box = Box(folder)
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: Line(box), "127.0.0.1", port)
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
