"""One node of Elasticsearch on a port of its own, with data of its own; killed and started again as a test wants it."""

import os
import shutil
import signal
import subprocess
import urllib.request
from pathlib import Path

from deploy.home import Leases, free_port, home, locked
from deploy.supervision import is_alive, wait_until
from tests.elastic.server import as_nobody, give_to_nobody, java_home, new_directory, server

_COMPILED_ONCE = "-XX:TieredStopAtLevel=1"
"""For a Java that lives for minutes: a node starts with 12 s of processor time, not 23, its launcher with 4, not 5."""
QUICK = f"-Xms512m -Xmx512m {_COMPILED_ONCE}"
START_SECONDS = 240
"""10 on a quiet machine."""
STOP_SECONDS = 60
SHARED = "elastic"
_SETTINGS = """\
cluster.name: wellheard-tests
node.name: {name}
discovery.type: single-node
network.host: 127.0.0.1
http.port: {http}
transport.port: {transport}
path.data: {directory}/data
path.logs: {directory}/logs
xpack.security.enabled: false
cluster.routing.allocation.disk.threshold_enabled: false
"""


class Node:
    """A node that `start` starts on an empty or a known directory."""

    def __init__(self, directory: Path, port: int, java: str = QUICK) -> None:
        self.directory = directory
        self.port = port
        self._java = java

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @classmethod
    def create(cls, java: str = QUICK) -> "Node":
        """A new one, which does not run yet."""
        node = cls(new_directory(), free_port(), java)
        shutil.copytree(server() / "config", node.directory / "config")
        (node.directory / "config/elasticsearch.yml").write_text(
            _SETTINGS.format(name=node.directory.name, http=node.port, transport=free_port(), directory=node.directory)
        )
        for name in ("data", "logs", "tmp"):
            (node.directory / name).mkdir()
        give_to_nobody(node.directory)
        return node

    def start(self, until_parent_ends: bool = True) -> None:
        """Returns when it answers. until_parent_ends: with the process that started it, however that ends."""
        command = as_nobody([str(server() / "bin/elasticsearch")])
        if until_parent_ends:
            command = ["setpriv", "--pdeathsig=TERM", *command[command[0] == "setpriv" :]]
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.directory),
            "ES_JAVA_HOME": str(java_home()),
            "ES_JAVA_OPTS": self._java,
            "CLI_JAVA_OPTS": _COMPILED_ONCE,
            "ES_PATH_CONF": str(self.directory / "config"),
            "ES_TMPDIR": str(self.directory / "tmp"),
        }
        with (self.directory / "out.log").open("ab") as out:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd="/",
                start_new_session=True,
            )
        self._pid_file.write_text(str(process.pid))
        wait_until(lambda: self.answers() or not is_alive(process.pid), START_SECONDS, f"no answer: see {out.name}")
        if not self.answers():
            raise RuntimeError(f"Elasticsearch ended at its start: see {out.name}")

    def answers(self) -> bool:
        """Whether it does, and can search and write everything it has."""
        try:
            path = "/_cluster/health?wait_for_status=yellow&timeout=1s"
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def kill(self) -> None:
        """As a machine that loses its power."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        self._signal(signal.SIGTERM)

    def halt(self) -> None:
        """It hears what is asked and says nothing."""
        os.killpg(self._pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.killpg(self._pid, signal.SIGCONT)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def _pid_file(self) -> Path:
        return self.directory / "pid"

    @property
    def _pid(self) -> int:
        return int(self._pid_file.read_text())

    def _signal(self, number: signal.Signals) -> None:
        """The server is a child of its launcher: both are of one group."""
        if self._pid_file.exists():
            pid = self._pid
            if is_alive(pid):
                os.killpg(pid, number)
            wait_until(lambda: not is_alive(pid), STOP_SECONDS, f"Elasticsearch ({pid}) does not stop")
            self._pid_file.unlink()


def take_shared(holder: str) -> Node:
    """The one node that all test processes of this user share; the first starts it."""
    server()
    with locked(f"{SHARED}-node"):
        Leases(SHARED).take(holder, f"pid:{os.getpid()}")
        remembered = home() / "elastic/node"
        if remembered.exists():
            directory, port = remembered.read_text().split("\n")
            node = Node(Path(directory), int(port))
            if node.answers():
                return node
            if node.directory.exists():
                node.remove()
        node = Node.create()
        remembered.write_text(f"{node.directory}\n{node.port}")
        node.start(until_parent_ends=False)
        return node


def give_back_shared(holder: str, node: Node) -> None:
    """The last one stops it."""
    with locked(f"{SHARED}-node"):
        Leases(SHARED).give_back(holder)
        if not Leases(SHARED).holders():
            (home() / "elastic/node").unlink(missing_ok=True)
            node.remove()
