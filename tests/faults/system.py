"""One system under test: its own broker node and store, the services, and a fault proxy before each server.

Broker and store live in a home of their own (WELLHEARD_HOME), so that alarms, kills and full disks meet nobody else.
They are shared by the scenarios of a run; each scenario gets a new instance, with a vhost and databases of its own.
"""

import contextlib
import os
import secrets
import shutil
import signal
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from deploy import broker, servers
from deploy.home import free_port, home
from deploy.instance import CHECKOUT, Instance
from deploy.processes import PROCESSES
from deploy.supervision import Program, Supervisor, wait_until
from shared.settings import Settings
from tests.faults.processes import Processes
from tests.faults.proxy import Proxy
from tests.faults.searching import Search
from tests.staff import cookie_of_staff


class Servers:
    """A broker node and a store of this run's own, and what can be done to them."""

    def __init__(self, folder: Path) -> None:
        real, private = home(), folder / "home"
        private.mkdir(parents=True)
        for binaries in ("store-env", "fast-store", "elastic"):
            if (real / binaries).exists():
                (private / binaries).symlink_to(real / binaries)
        os.environ["WELLHEARD_HOME"] = str(private)
        self.home = private
        self._holder = f"faults-{os.getpid()}"
        self._watch = _OwnSupervisor(private / "servers")
        self._search: Search | None = None

    def start(self) -> None:
        """Both servers, ready; they end with this process, whatever happens to it."""
        self._watch.prepare()
        servers.take(self._holder, f"pid:{os.getpid()}", [servers.BROKER, servers.STORE])

    def close(self) -> None:
        if self._search is not None:
            self._search.close()
        self._watch.shut_down()

    def search(self) -> Search:
        """The Elasticsearch of this run, started when it is first asked for. Raises ElasticMissing."""
        if self._search is None:
            self._search = Search()
        return self._search

    def stop(self, server: str) -> None:
        self._watch.stop(server)

    def ensure(self, server: str) -> None:
        """Start it if it does not run, and wait until it answers."""
        servers.take(self._holder, f"pid:{os.getpid()}", [server])

    def kill(self, server: str) -> None:
        """kill -9; supervisord starts it again within a second or two."""
        for pid in self._pids(server):
            os.kill(pid, signal.SIGKILL)

    def pause(self, server: str) -> None:
        for pid in self._pids(server):
            os.kill(pid, signal.SIGSTOP)

    def resume(self, server: str) -> None:
        for pid in self._pids(server):
            os.kill(pid, signal.SIGCONT)

    def resident_mb(self, server: str) -> float:
        return max((_resident_mb(pid) for pid in self._pids(server)), default=0.0)

    def _pids(self, server: str) -> list[int]:
        """The process that does the work: of the broker the Erlang machine, not the script that started it."""
        found = self._watch.pids().get(server)
        if found is None:
            return []
        group = [pid for pid in _all_pids() if pid == found or _parent(pid) == found]
        named = [pid for pid in group if server != servers.BROKER or "beam" in _command(pid)]
        return named or group


class _OwnSupervisor(Supervisor):
    """The supervisord of the private home: it ends with the process that started it."""

    def prepare(self) -> None:
        from deploy import store

        programs: list[Program] = [
            *broker.broker_programs(),
            store.store_program(servers.store_port(), home() / "store", stop_seconds=10),
        ]
        self.configure(programs, Path("/"))
        self.run(until_parent_ends=True)


class System:
    """An instance on `Servers`. The services reach broker and store through proxies, the harness directly."""

    def __init__(
        self, on: Servers, folder: Path, code: Path = CHECKOUT, direct: bool = False, search: Search | None = None
    ) -> None:
        self.servers = on
        self.folder = folder
        self.code = code
        self.search = search
        """None: the embedded engine."""
        prefix = f"faults-{secrets.token_hex(4)}"
        search_url = f"{search.direct}/{prefix}" if search else ""
        self.instance = Instance.create(folder / "state", owner=f"pid:{os.getpid()}", search_url=search_url)
        self.settings: Settings = self.instance.settings
        self.broker_link = Proxy(broker.ports().amqp)
        self.store_link = Proxy(servers.store_port())
        links = {
            "WELLHEARD_AMQP_URL": _at(self.settings.amqp_url, self.broker_link.port),
            # Otherwise pymongo asks the store for its address and goes round the proxy.
            "WELLHEARD_MONGO_URL": _at(self.settings.mongo_url, self.store_link.port) + "?directConnection=true",
        }
        self.mail_port = free_port()
        """Where the services hand mail over; a scenario that sends some listens there."""
        mail = {"WELLHEARD_SMTP_URL": f"smtp://127.0.0.1:{self.mail_port}"}
        searched = {"WELLHEARD_SEARCH_URL": f"{search.url}/{prefix}"} if search else {}
        surroundings = self.instance.environment | mail | searched | ({} if direct else links)
        self.second_port = free_port()
        """For a second process of the web."""
        self.cookie = ""
        """Of a browser in which somebody of staff is signed in."""
        self.processes = Processes(code, surroundings, folder / "log")

    def start(self) -> None:
        self.processes.start(*PROCESSES)
        self.wait_ready(60)
        self.cookie = cookie_of_staff(self.settings)
        self.get("/")  # whoever was seen before an outage goes on during it

    def wait_ready(self, seconds: float) -> None:
        wait_until(self.instance.is_ready, seconds, f"not ready after {seconds:.0f} s; logs in {self.folder / 'log'}")

    def is_ready(self) -> bool:
        return self.instance.is_ready()

    def get(self, path: str, key: str = "", timeout: float = 10) -> tuple[int, bytes]:
        """(status, body) of the API, or of a page as somebody of staff sees it; status 0 when there is no answer."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.settings.port}{path}")
        if key:
            request.add_header("Authorization", f"Bearer {key}")
        elif self.cookie:
            request.add_header("Cookie", self.cookie)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def resident_mb(self) -> dict[str, float]:
        """Memory of each process of the instance and of both servers."""
        services = {name: _resident_mb(pid) for name, pid in self.processes.pids().items()}
        return services | {each: self.servers.resident_mb(each) for each in (servers.BROKER, servers.STORE)}

    def close(self, keep: bool = False) -> None:
        """End it and remove its vhost; its databases go with the store of the run. `keep`: its logs stay."""
        self.processes.close()
        self.broker_link.close()
        self.store_link.close()
        with contextlib.suppress(RuntimeError):
            broker.remove_vhost(self.instance.name)
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def private_servers() -> Iterator[Servers]:
    """Servers in a new folder, of which nothing is left afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="wellheard-faults-"))
    before = os.environ.get("WELLHEARD_HOME")
    made = Servers(folder)
    try:
        made.start()
        yield made
    finally:
        made.close()
        shutil.rmtree(folder, ignore_errors=True)
        _restore("WELLHEARD_HOME", before)


def _restore(name: str, value: str | None) -> None:
    os.environ.pop(name, None)
    if value is not None:
        os.environ[name] = value


def _at(url: str, port: int) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition(":")[0] + f":{port}"))


def _all_pids() -> list[int]:
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def _resident_mb(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except OSError:
        return 0.0
