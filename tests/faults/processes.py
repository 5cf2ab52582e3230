"""The services of one system under test, each started, killed, stopped and paused as a scenario says.

As a supervisor would, it starts again what ends by itself; unlike one, it can start a process in another environment,
twice, or not at all.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.waiting import wait_until

RESTART_SECONDS = 1.0
STOP_SECONDS = 40.0
_RUN = "import sys; sys.argv = ['wellheard', 'run', sys.argv[-1]]; from deploy.cli import main; main()"
"""The `wellheard` command, from whichever copy of the code stands first on the path."""


@dataclass
class _Process:
    handle: subprocess.Popen[bytes]
    environment: Mapping[str, str]
    wanted: bool = True
    ends: list[tuple[float, int]] = field(default_factory=list)
    """When it ended by itself, and with which status (-9: by SIGKILL)."""


class Processes:
    """Processes by name; a second one of a service is called `name#2`."""

    def __init__(self, code: Path, environment: Mapping[str, str], log: Path) -> None:
        self._code = code
        self._environment = environment
        self._log = log
        self._log.mkdir(parents=True, exist_ok=True)
        self._processes: dict[str, _Process] = {}
        self._lock = threading.Lock()
        self._closing = False
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._keeper.start()

    def start(self, *names: str, **environment: str) -> None:
        """Start them; `environment` is for this start only: a process that ends is started again without."""
        for name in names:
            with self._lock:
                found = self._processes.get(name)
                if found is None or found.handle.poll() is not None:
                    ends = found.ends if found else []
                    self._processes[name] = _Process(self._spawn(name, environment), {}, ends=ends)

    def stop(self, *names: str) -> None:
        """SIGTERM, all at once; returns when they have ended."""
        handles = [self._let_go(name).handle for name in names if name in self._processes]
        for each in handles:
            each.send_signal(signal.SIGTERM)
        for each in handles:
            try:
                each.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                each.kill()
                raise AssertionError(f"process {each.args} did not stop within {STOP_SECONDS:.0f} s") from None

    def restart(self, name: str) -> None:
        """As `wellheard restart` does: the web keeps its socket, the others end and are started again."""
        if name == "web":
            return self._processes[name].handle.send_signal(signal.SIGHUP)
        self.stop(name)
        return self.start(name)

    def kill(self, name: str) -> None:
        """kill -9; it is started again a second later."""
        self._processes[name].handle.kill()

    def remove(self, name: str) -> None:
        """kill -9, and not started again."""
        found = self._let_go(name)
        found.handle.kill()
        found.handle.wait(10)

    def pause(self, name: str) -> None:
        os.kill(self._processes[name].handle.pid, signal.SIGSTOP)

    def resume(self, name: str) -> None:
        os.kill(self._processes[name].handle.pid, signal.SIGCONT)

    def ends(self, name: str) -> list[int]:
        """How it ended, each time that it ended by itself."""
        return [status for _, status in self._processes[name].ends]

    def wait_end(self, name: str, count: int, seconds: float) -> bool:
        """Wait until it has ended by itself more than `count` times; False when it does not."""
        return wait_until(lambda: len(self._processes[name].ends) > count, seconds, 0.02)

    def pids(self) -> dict[str, int]:
        with self._lock:
            return {name: each.handle.pid for name, each in self._processes.items() if each.handle.poll() is None}

    def close(self) -> None:
        self._closing = True
        self._keeper.join(5)
        for each in self._processes.values():
            each.handle.send_signal(signal.SIGCONT)
            each.handle.kill()
            each.handle.wait(10)

    def _let_go(self, name: str) -> _Process:
        with self._lock:
            found = self._processes[name]
            found.wanted = False
            return found

    def _keep(self) -> None:
        due: dict[str, float] = {}
        while not self._closing:
            time.sleep(0.05)
            with self._lock:
                for name, each in self._processes.items():
                    status = each.handle.poll()
                    if status is None or not each.wanted:
                        due.pop(name, None)
                    elif name not in due:
                        each.ends.append((time.monotonic(), status))
                        due[name] = time.monotonic() + RESTART_SECONDS
                    elif due[name] < time.monotonic():
                        del due[name]
                        each.handle = self._spawn(name, each.environment)

    def _spawn(self, name: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        # The keeper's thread may end before the process does, so the parent that must live is the test run itself.
        command = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-c", _RUN, "run", name.partition("#")[0]]
        # The folder it runs in stands before PYTHONPATH, so it is one without code.
        surroundings: dict[str, Any] = {**self._environment, "PYTHONPATH": str(self._code), **environment}
        with (self._log / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                command, cwd=self._log, env=surroundings, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
