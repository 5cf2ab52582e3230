"""The SMTP sink of the mail bench: writes each recipient into a log before it says that it has the message.

`sink.py PORT LOG`. Plain asyncio with pipelining; it ends on SIGTERM.
"""

import asyncio
import signal
import sys


class Line(asyncio.Protocol):
    """One connection."""

    log: "list[bytes]"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._out = transport
        self._buffer, self._recipient, self._in_content = b"", b"", False
        self._out.write(b"220 sink\r\n")  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        buffer, answers = self._buffer + data, []
        while buffer:
            end = buffer.find(b"\r\n.\r\n" if self._in_content else b"\r\n")
            if end < 0:
                break
            if self._in_content:
                self._in_content, buffer = False, buffer[end + 5 :]
                self.log.append(self._recipient)
                answers.append(b"250 Ok\r\n")
                continue
            line, buffer = buffer[:end], buffer[end + 2 :]
            command = line[:4].upper()
            if command == b"RCPT":
                self._recipient = line[9:-1]
            self._in_content = command == b"DATA"
            answers.append(ANSWERS.get(command, b"250 Ok\r\n"))
        self._buffer = buffer
        if answers:
            self._out.write(b"".join(answers))  # type: ignore[attr-defined]


ANSWERS = {b"DATA": b"354 go\r\n", b"EHLO": b"250-sink\r\n250 PIPELINING\r\n", b"QUIT": b"221 bye\r\n"}


async def main(port: int, path: str) -> None:
    Line.log = []
    loop = asyncio.get_running_loop()
    await loop.create_server(Line, "127.0.0.1", port, backlog=100)
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    with open(path, "ab", buffering=0) as file:
        while not ended.is_set():
            if Line.log:
                file.write(b"\n".join(Line.log) + b"\n")
                Line.log.clear()
            with_patience = asyncio.wait_for(ended.wait(), 0.1)
            await asyncio.gather(with_patience, return_exceptions=True)
        file.write(b"".join(each + b"\n" for each in Line.log))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
