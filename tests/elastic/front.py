"""Fronts before the node: one with TLS, as a cluster with security on has, and one that is too busy when it is told."""

import http.client
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Self

_CERTIFICATE = (
    "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    " -addext subjectAltName=DNS:localhost,IP:127.0.0.1"
)


class _Front:
    """Serves while it is asked to."""

    _server: ThreadingHTTPServer

    @contextmanager
    def serving(self) -> Iterator[Self]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        yield self
        self._server.shutdown()
        self._server.server_close()


class BusyFront(_Front):
    """Answers 429 to as many bulk requests as `busy` says, and passes on everything else."""

    def __init__(self, node_port: int) -> None:
        self.busy = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(node_port, self._refusal))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def _refusal(self, path: str, _headers: Message) -> tuple[int, bytes] | None:
        if not self.busy or not path.startswith("/_bulk"):
            return None
        self.busy -= 1
        return 429, b'{"error": {"type": "es_rejected_execution_exception"}, "status": 429}'


class Front(_Front):
    """Passes requests on to the node when they carry the key, else answers 401."""

    def __init__(self, node_port: int, key: str, directory: Path) -> None:
        self.authority = directory / "authority.pem"
        private = directory / "private.pem"
        subprocess.run(
            [*_CERTIFICATE.split(), "-keyout", private, "-out", self.authority], check=True, capture_output=True
        )
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(node_port, self._refusal))
        self._expected = f"ApiKey {key}"
        context = SSLContext(PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority, private)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    @property
    def url(self) -> str:
        return f"https://localhost:{self._server.server_port}"

    def _refusal(self, _path: str, headers: Message) -> tuple[int, bytes] | None:
        if headers.get("Authorization") == self._expected:
            return None
        return 401, b'{"error": {"type": "security_exception"}}'


def _handler(
    node_port: int, refusal: Callable[[str, Message], tuple[int, bytes] | None]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            refused = refusal(self.path, self.headers)
            if refused is not None:
                headers = {"Content-Type": "application/json", "X-Elastic-Product": "Elasticsearch"}
                self._answer(refused[0], headers, refused[1])
                return
            node = http.client.HTTPConnection("127.0.0.1", node_port, timeout=30)
            kept = {name: value for name, value in self.headers.items() if name not in ("Authorization", "Host")}
            node.request(self.command, self.path, body, kept)
            answer = node.getresponse()
            names = ("content-type", "x-elastic-product")
            self._answer(answer.status, {each: answer.headers[each] or "" for each in names}, answer.read())
            node.close()

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _pass_on  # noqa: N815

    return Handler
