"""Processes under a supervisord of their own: started, watched, restarted, stopped."""

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

from supervisor.xmlrpc import Faults, SupervisorTransport

_HEAD = Template((Path(__file__).parent / "supervisord.conf").read_text())
_PROGRAM = Template((Path(__file__).parent / "program.conf").read_text())


_UP = ("STARTING", "RUNNING", "BACKOFF")


class NotStarted(Exception):
    """A process did not come up in time; the text says where its log is."""


@dataclass(frozen=True)
class Program:
    """One supervised process. `stop_seconds`: how long it may take to finish its work before it is killed."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_seconds: int = 30
    priority: int = 500


class Supervisor:
    """The supervisord of one directory: its configuration, socket, pid file and logs live there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()
        # A socket's path may not be longer than 107 bytes: it stands apart from deep state directories.
        self._socket = _runtime_dir() / f"{_short_name(self.directory)}.sock"

    def configure(self, programs: Sequence[Program], working_directory: Path) -> None:
        """Write the configuration; a supervisord that runs keeps its own until it is started anew."""
        (self.directory / "log").mkdir(parents=True, exist_ok=True)
        places = {"directory": self.directory, "socket": self._socket, "working_directory": working_directory}
        text = _HEAD.substitute({name: _escaped(str(place)) for name, place in places.items()})
        text += "".join(self._program(program) for program in programs)
        path = self.directory / "supervisord.conf"
        path.touch(mode=0o600)  # environments hold secrets
        path.write_text(text)

    def _program(self, program: Program) -> str:
        environment = ",".join(f'{name}="{_escaped(value)}"' for name, value in program.environment.items())
        return _PROGRAM.substitute(
            name=program.name,
            command=_escaped(" ".join(f'"{part}"' for part in program.command)),
            environment=environment,
            stop_seconds=program.stop_seconds,
            priority=program.priority,
            log=_escaped(str(self.directory / "log" / f"{program.name}.log")),
        )

    def is_running(self) -> bool:
        try:
            return bool(self._rpc.getState()["statename"] == "RUNNING")
        except (OSError, xmlrpc.client.Error):
            return False

    def run(self, until_parent_ends: bool = False) -> None:
        """Start supervisord (no program yet). `until_parent_ends`: it stops with the process that started it."""
        if self.is_running():
            return
        command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(self.directory / "supervisord.conf")]
        if until_parent_ends:
            command = ["setpriv", "--pdeathsig", "TERM", *command]
        with (self.directory / "log" / "supervisord.out").open("ab") as out:
            # Its own session: Ctrl-C in the terminal that started it is not meant for it.
            subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        wait_until(self.is_running, 20, f"supervisord did not start: see {self.directory / 'log'}")

    def start(self, *names: str) -> None:
        """Start programs that do not run yet."""
        for name in names:
            if self.states().get(name) not in ("RUNNING", "STARTING"):
                self._start(name)

    def _start(self, name: str) -> None:
        try:
            self._rpc.startProcess(name, False)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != Faults.ALREADY_STARTED:  # supervisord has restarted it since it was looked at
                raise

    def stop(self, *names: str) -> None:
        """Stop programs, all at the same time, and wait until they have gone."""
        for name in names:
            if self.states().get(name) in _UP:
                self._rpc.stopProcess(name, False)
        wait_until(lambda: not self._any_of(names), 70, f"not all of {names} stop: see {self.directory / 'log'}")

    def hang_up(self, name: str) -> None:
        """Send SIGHUP to a program."""
        self._rpc.signalProcess(name, "HUP")

    def _any_of(self, names: Sequence[str]) -> bool:
        states = self.states()
        return any(states.get(name) in (*_UP, "STOPPING") for name in names)

    def shut_down(self, seconds: float = 90) -> None:
        """Stop every program and supervisord itself, and wait until all have gone."""
        if not self.is_running():
            return
        pid = int(self._rpc.getPID())
        for names in self._last_first():
            self.stop(*names)
        # With no group left it ends at once; else it would take a second over each, stopped as they are.
        with contextlib.suppress(xmlrpc.client.Fault):  # one was just being restarted
            for name in self.states():
                self._rpc.removeProcessGroup(name)
        os.kill(pid, signal.SIGTERM)
        wait_until(
            lambda: not is_alive(pid), seconds, f"supervisord ({pid}) does not stop: see {self.directory / 'log'}"
        )

    def _last_first(self) -> list[list[str]]:
        """The programs that are to stop at the same time, those that others need last."""
        names: dict[int, list[str]] = {}
        for each in self._rpc.getAllConfigInfo():
            names.setdefault(each["process_prio"], []).append(each["name"])
        return [names[priority] for priority in sorted(names, reverse=True)]

    def states(self) -> dict[str, str]:
        return {each["name"]: each["statename"] for each in self._rpc.getAllProcessInfo()}

    def pids(self) -> dict[str, int]:
        """Process ids of the programs that run."""
        return {each["name"]: int(each["pid"]) for each in self._rpc.getAllProcessInfo() if each["pid"]}

    @property
    def _rpc(self) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        return xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor


def is_alive(pid: int) -> bool:
    """Whether the process works; one that has ended but whose parent has not looked yet does not."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")


def wait_until(ready: Callable[[], bool], seconds: float, message: str) -> None:
    """Raises NotStarted with `message` when it is not `ready` in time."""
    give_up = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > give_up:
            raise NotStarted(message)
        time.sleep(0.05)


def _runtime_dir() -> Path:
    path = Path("/tmp") / f"wellheard-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    if path.stat().st_uid != os.getuid():
        raise NotStarted(f"{path} belongs to somebody else")
    return path


def _short_name(directory: Path) -> str:
    return hashlib.sha256(str(directory).encode()).hexdigest()[:16]


def _escaped(text: str) -> str:
    """supervisord expands %(name)s in its configuration."""
    return text.replace("%", "%%")
