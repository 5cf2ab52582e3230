"""A front before the node: it passes requests on, or does something else with them, as whoever makes it wants."""

import http.client
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Any, NamedTuple

_CERTIFICATE = (
    "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    " -addext subjectAltName=DNS:localhost,IP:127.0.0.1"
)
HEADERS = {"content-type": "application/json", "x-elastic-product": "Elasticsearch"}
NODE_SECONDS = 60


class Asked(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def is_bulk(self) -> bool:
        return self.path.partition("?")[0].endswith("/_bulk")


class Answer(NamedTuple):
    """An answer as it goes back."""

    status: int
    headers: dict[str, str]
    body: bytes


Forward = Callable[[bytes], Answer]
"""Passes the request on to the node, with this body."""
Between = Callable[[Asked, Forward], Answer]
TOO_BUSY = Answer(429, HEADERS, b'{"error": {"type": "es_rejected_execution_exception"}, "status": 429}')


class _Server(ThreadingHTTPServer):
    """Whoever is killed, or tired of waiting, breaks a line off: nothing to tell of."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Front:
    """Listens on a port of its own; what `between` answers is the answer."""

    def __init__(self, node_port: int, between: Between, tls: SSLContext | None = None) -> None:
        self._server = _Server(("127.0.0.1", 0), _handler(node_port, between))
        self._scheme = "http"
        if tls is not None:
            self._scheme = "https"
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def serving(self) -> Iterator["Front"]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        yield self
        self._server.shutdown()
        self._server.server_close()


class Busy:
    """Answers 429 to as many bulk requests as `left` says, and passes on everything else."""

    def __init__(self) -> None:
        self.left = 0

    def __call__(self, asked: Asked, forward: Forward) -> Answer:
        if not self.left or not asked.is_bulk:
            return forward(asked.body)
        self.left -= 1
        return TOO_BUSY


def with_the_key(key: str) -> Between:
    """As a cluster with security on: 401 for whoever has not the key."""

    def between(asked: Asked, forward: Forward) -> Answer:
        if asked.headers.get("authorization") != f"ApiKey {key}":
            return Answer(401, HEADERS, b'{"error": {"type": "security_exception"}}')
        return forward(asked.body)

    return between


def own_authority(directory: Path) -> tuple[Path, SSLContext]:
    """The certificate of an authority that nobody else knows, and what a server needs to show it."""
    authority, private = directory / "authority.pem", directory / "private.pem"
    subprocess.run([*_CERTIFICATE.split(), "-keyout", private, "-out", authority], check=True, capture_output=True)
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, private)
    return authority, context


def _handler(node_port: int, between: Between) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, body)
            try:
                answer = between(asked, lambda changed: _from_node(node_port, asked, changed))
            except (OSError, http.client.HTTPException):
                self.close_connection = True  # the node is away: to whoever asked, the line breaks off
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _pass_on  # noqa: N815

    return Handler


def _from_node(port: int, asked: Asked, body: bytes) -> Answer:
    node = http.client.HTTPConnection("127.0.0.1", port, timeout=NODE_SECONDS)
    try:
        left_out = ("authorization", "host", "content-length")
        kept = {name: value for name, value in asked.headers.items() if name not in left_out}
        node.request(asked.method, asked.path, body, kept)
        answer = node.getresponse()
        headers = {each: answer.headers[each] or "" for each in HEADERS}
        return Answer(answer.status, headers, answer.read())
    finally:
        node.close()
