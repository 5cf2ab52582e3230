"""An SMTP sink as a process of its own: logs each recipient and when, before it says so. `sink.py PORT LOG`."""

import asyncio
import os
import signal
import sys
import time


class Line(asyncio.Protocol):
    """One connection, with pipelining."""

    log: int

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._buffer, self._in_content, self._recipient, self._searched = b"", False, b"", 0
        transport.write(b"220 sink ESMTP\r\n")  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        answers: list[bytes] = []
        while self._step(answers):
            pass
        if answers:
            self._transport.write(b"".join(answers))  # type: ignore[attr-defined]

    def _step(self, answers: list[bytes]) -> bool:
        if self._in_content:
            end = self._buffer.find(b"\r\n.\r\n", max(0, self._searched - 4))
            if end < 0:
                self._searched = len(self._buffer)
                return False
            self._buffer = self._buffer[end + 5 :]
            self._in_content, self._searched = False, 0
            os.write(self.log, b"%s %.3f\n" % (self._recipient, time.time()))
            answers.append(b"250 2.0.0 Ok\r\n")
            return True
        line, found, rest = self._buffer.partition(b"\r\n")
        if not found:
            return False
        self._buffer = rest
        command = line[:4].upper()
        if command == b"RCPT":
            self._recipient = line[line.find(b"<") + 1 : line.rfind(b">")]
        self._in_content = command == b"DATA"
        known = {b"DATA": b"354 go\r\n", b"EHLO": b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"}
        answers.append(known.get(command, b"221 bye\r\n" if command == b"QUIT" else b"250 Ok\r\n"))
        return True


async def main(port: int, log: str) -> None:
    Line.log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Line, "127.0.0.1", port, backlog=100)
    loop.add_signal_handler(signal.SIGTERM, server.close)
    async with server:
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
