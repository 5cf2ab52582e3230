"""A bare asyncio sender: the same mails over as many connections, without ledger, journal, audience or withdrawals.

`mail.py PORT MAILS SESSIONS SIZE` prints seconds and CPU seconds as JSON. One protocol object a connection, one command
at a time, no streams: the least that asyncio needs (streams take three times as much).
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator

LINE = b"Dear reader, this is what we heard from you.\r\n"


class Session(asyncio.Protocol):
    """One connection; each reply leads to the next command."""

    def __init__(self, numbers: Iterator[int], content: bytes, ended: "asyncio.Future[None]") -> None:
        self._numbers, self._content, self._ended = numbers, content, ended
        self._steps: Iterator[bytes] = self._say()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._out = transport

    def data_received(self, data: bytes) -> None:
        if data[-1:] == b"\n":
            command = next(self._steps, None)
            if command is None:
                self._out.close()
                self._ended.set_result(None)
            else:
                self._out.write(command)  # type: ignore[attr-defined]

    def _say(self) -> Iterator[bytes]:
        yield b"EHLO bench\r\n"
        for number in self._numbers:
            address = b"p%d@example.org" % number
            yield b"MAIL FROM:<bench@example.org>\r\n"
            yield b"RCPT TO:<" + address + b">\r\n"
            yield b"DATA\r\n"
            yield self._content % address


async def main(port: int, mails: int, sessions: int, size: int) -> None:
    numbers = iter(range(mails))
    content = b"Subject: News\r\nTo: %s\r\n\r\n" + LINE * (size // len(LINE)) + b".\r\n"
    loop = asyncio.get_running_loop()
    ends = [loop.create_future() for _ in range(sessions)]
    for ended in ends:
        await loop.create_connection(lambda ended=ended: Session(numbers, content, ended), "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*ends)


if __name__ == "__main__":
    began, used = time.monotonic(), time.process_time()
    asyncio.run(main(*map(int, sys.argv[1:])))
    print(json.dumps({"seconds": time.monotonic() - began, "cpu": time.process_time() - used}), flush=True)
