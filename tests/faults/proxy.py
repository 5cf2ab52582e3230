"""A TCP proxy that does to connections what networks do to them."""

import asyncio
import contextlib
import socket
import struct
import threading
from dataclasses import dataclass

CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to bytes on their way; the default is nothing."""

    latency: float = 0.0
    """Seconds that each piece is held back, in each direction."""
    bytes_per_second: int = 0
    """0: as fast as it goes."""
    half_open: bool = False
    """Bytes vanish and nobody is told, as behind a firewall that forgot its connections. Connections that lived
    through it stay like that for ever, also when the fault is over: only a timeout or a heartbeat can notice."""
    refuse: bool = False
    """New connections are reset."""
    truncate: int = 0
    """After so many bytes in one direction the connection breaks, most likely inside a frame."""


NONE = Fault()


class Proxy:
    """Listens on a port of 127.0.0.1 and passes on to another, with the fault that is set."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._fault = NONE
        self._lines: set[_Line] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy to {target}", daemon=True)
        self._thread.start()
        self.port: int = self._run(self._listen())

    def set(self, fault: Fault) -> None:
        """From now on, also for the connections that are open."""
        self._run(self._set(fault))

    def heal(self) -> None:
        self.set(NONE)

    def reset(self) -> None:
        """Break every open connection now, with RST."""
        self._run(self._reset())

    def close(self) -> None:
        self.reset()
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self, work):  # type: ignore[no-untyped-def]
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _stop(self) -> None:
        self._server.close()

    async def _set(self, fault: Fault) -> None:
        self._fault = fault
        if fault.half_open:
            for line in self._lines:
                line.lose_peer()

    async def _reset(self) -> None:
        for line in list(self._lines):
            line.reset()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = _Line(reader, writer)
        self._lines.add(line)
        try:
            if self._fault.refuse:
                return line.reset()
            if self._fault.half_open:
                line.lose_peer()
            else:
                await line.connect(self._target)
            await line.pass_on(self)
        except OSError:
            line.reset()
        finally:
            self._lines.discard(line)

    @property
    def fault(self) -> Fault:
        return self._fault


class _Line:
    """One connection from a client, and the one to the target that it is passed on to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._client = (reader, writer)
        self._peer: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._lost = False

    async def connect(self, target: int) -> None:
        self._peer = await asyncio.open_connection("127.0.0.1", target)

    def lose_peer(self) -> None:
        """The other end is gone and the client does not learn of it."""
        self._lost = True
        if self._peer is not None:
            _abort(self._peer[1])

    def reset(self) -> None:
        _abort(self._client[1])
        if self._peer is not None:
            _abort(self._peer[1])

    async def pass_on(self, proxy: Proxy) -> None:
        ways = [self._pump(self._client, self._peer, proxy)]
        if self._peer is not None:
            ways.append(self._pump(self._peer, self._client, proxy))
        await asyncio.gather(*ways)

    async def _pump(
        self,
        source: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        target: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None,
        proxy: Proxy,
    ) -> None:
        """From one end to the other until an end closes; a lost line swallows what its client sends, for ever."""
        passed = 0
        with contextlib.suppress(OSError):
            while data := await source[0].read(CHUNK):
                fault = proxy.fault
                if self._lost or target is None:
                    continue
                if fault.latency:
                    await asyncio.sleep(fault.latency)
                if fault.bytes_per_second:
                    await asyncio.sleep(len(data) / fault.bytes_per_second)
                if fault.truncate and passed + len(data) > fault.truncate:
                    target[1].write(data[: max(0, fault.truncate - passed)])
                    await target[1].drain()
                    self.reset()
                    return
                passed += len(data)
                target[1].write(data)
                await target[1].drain()
        if self._lost and source is not self._client:
            return  # the client is not told that the other end is gone
        self._close()

    def _close(self) -> None:
        for end in (self._client, self._peer):
            if end is not None and not (self._lost and end is self._peer):
                with contextlib.suppress(OSError, RuntimeError):
                    end[1].close()


def _abort(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN."""
    found = writer.get_extra_info("socket")
    if found is not None:
        with contextlib.suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
