"""Serves the app until SIGTERM; on SIGHUP it starts anew, with the code of now, and nobody is refused meanwhile.

The listening socket lives through the restart: who connects waits in its queue until the new process takes over.
"""

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress

import uvicorn
from fastapi import FastAPI

from shared.settings import Settings

SOCKET_VARIABLE = "WELLHEARD_LISTENING_FD"
"""How a process tells the one it becomes which socket it listened on."""
BACKLOG = 2048
DRAIN_SECONDS = 1.0
"""Before it ends the process answers with `Connection: close`, so that nobody sends on a connection that is closed."""
GRACE_SECONDS = 25
"""What requests in hand may take after that; the supervisor waits for 30."""


def serve(app: FastAPI, settings: Settings) -> None:
    """Returns after SIGTERM or SIGINT; never returns from SIGHUP."""
    listening = _listening_socket(settings)
    # Addresses of pages hold what people searched for: they are never logged.
    config = uvicorn.Config(
        app, access_log=False, log_config=None, server_header=False, timeout_graceful_shutdown=GRACE_SECONDS
    )
    server = _Server(config)
    server.run(sockets=[listening.dup()])
    if server.is_to_return:
        os.set_inheritable(listening.fileno(), True)
        os.environ[SOCKET_VARIABLE] = str(listening.fileno())
        os.execv(sys.executable, sys.orig_argv)


class _Server(uvicorn.Server):
    """uvicorn's server with a drain before its shutdown, and a restart."""

    is_to_return = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._return)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for each in self.servers:
            each.close()
        self.config.app.state.draining = True  # type: ignore[union-attr]
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(DRAIN_SECONDS)
        await super().shutdown(sockets)

    def _return(self) -> None:
        self.is_to_return = self.should_exit = True


def _listening_socket(settings: Settings) -> socket.socket:
    inherited = os.environ.pop(SOCKET_VARIABLE, "")
    if inherited:
        return socket.socket(fileno=int(inherited))
    return socket.create_server((settings.host, settings.port), backlog=BACKLOG)
