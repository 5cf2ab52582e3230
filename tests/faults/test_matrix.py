"""The harness itself: its breakages fit the code, its fail points are all there, its proxy does what it says."""

import ast
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.instance import CHECKOUT
from deploy.processes import PROCESSES
from shared.failpoints import POINTS
from tests.broker import test_rules
from tests.faults.broken import BAD_DEPLOY, FAULTY_HANDLER, MUTATIONS, Breakage, broken_copy
from tests.faults.mutations import CAUGHT_BY
from tests.faults.proxy import Fault, Proxy
from tests.faults.registry import matrix
from tests.faults.scenarios import erasing, inviting, kills, people, picturing

pytestmark = pytest.mark.thorough

BREAKAGES = [*MUTATIONS.values(), *BAD_DEPLOY.values(), FAULTY_HANDLER]
BY_A_REBUILD = {"index.before_serve"}


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda each: each.name)
def test_a_breakage_fits_the_code_and_leaves_it_valid(breakage: Breakage, tmp_path: Path) -> None:
    code = broken_copy(CHECKOUT, tmp_path, breakage)
    ast.parse((code / breakage.file).read_text())


def test_every_breakage_has_a_scenario_that_must_catch_it() -> None:
    assert CAUGHT_BY.keys() == MUTATIONS.keys()
    assert {scenario for scenario, _ in CAUGHT_BY.values()} <= matrix().keys()


def test_every_fail_point_of_the_code_is_listed_and_every_listed_one_is_killed_at() -> None:
    assert _points_in_the_code() == POINTS.keys()
    of_services = {point for points in kills.POINTS.values() for point in points}
    elsewhere = {
        *BY_A_REBUILD,
        *people.POINTS,
        *erasing.POINTS,
        *test_rules.KILLED_AT,
        *inviting.POINTS,
        *picturing.POINTS,
    }
    assert of_services | elsewhere == POINTS.keys()
    assert kills.POINTS.keys() == PROCESSES.keys()


def test_each_service_is_killed_at_each_of_its_points_at_least_twice() -> None:
    for service, points in kills.POINTS.items():
        assert matrix()[f"kill-{service}"].seeds >= max(20, 2 * len(points))


def _points_in_the_code() -> set[str]:
    """The names given to failpoints.reach and failpoints.due."""
    found = set()
    for package in ("services", "shared"):
        for module in (CHECKOUT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(module.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("failpoints.reach", "failpoints.due"):
                    found.add(ast.literal_eval(node.args[0]))
    return found


class Echo:
    """Sends back what it gets."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            threading.Thread(target=self._echo, args=(connection,), daemon=True).start()

    @staticmethod
    def _echo(connection: socket.socket) -> None:
        try:
            while data := connection.recv(65536):
                connection.sendall(data)
        except OSError:
            return


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    made = Proxy(Echo().port)
    yield made
    made.close()


def connected(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=1)


def said(line: socket.socket, data: bytes) -> bytes:
    line.sendall(data)
    return line.recv(65536)


def is_broken(line: socket.socket) -> bool:
    """Whether an exchange fails; the first write after a reset may still succeed."""
    try:
        return said(line, b"hello") != b"hello" or said(line, b"hello") != b"hello"
    except ConnectionError:
        return True


def test_without_a_fault_everything_passes(proxy: Proxy) -> None:
    with connected(proxy) as line:
        assert said(line, b"hello") == b"hello"


def test_a_half_open_line_swallows_everything_and_stays_so_when_the_fault_is_over(proxy: Proxy) -> None:
    with connected(proxy) as line:
        assert said(line, b"hello") == b"hello"
        proxy.set(Fault(half_open=True))
        with pytest.raises(TimeoutError):
            said(line, b"are you there?")
        proxy.heal()
        with pytest.raises(TimeoutError):
            said(line, b"and now?")
    with connected(proxy) as another:
        assert said(another, b"hello") == b"hello"


def test_a_line_opened_during_the_fault_is_half_open_too(proxy: Proxy) -> None:
    proxy.set(Fault(half_open=True))
    with connected(proxy) as line, pytest.raises(TimeoutError):
        said(line, b"hello")


def test_a_reset_breaks_what_is_open_and_lets_new_lines_in(proxy: Proxy) -> None:
    with connected(proxy) as line:
        assert said(line, b"hello") == b"hello"
        proxy.reset()
        assert is_broken(line)
    with connected(proxy) as another:
        assert said(another, b"hello") == b"hello"


def test_a_truncated_line_ends_in_the_middle(proxy: Proxy) -> None:
    proxy.set(Fault(truncate=3))
    with connected(proxy) as line:
        got = b""
        try:
            line.sendall(b"hello")
            while data := line.recv(10):
                got += data
        except ConnectionError:
            pass
        assert len(got) <= 3
