"""One instance of Wellheard: a state directory, a vhost, databases, and its processes under its own supervisord."""

import os
import secrets
import shutil
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import pymongo

from deploy import broker, servers
from deploy.home import free_port
from deploy.processes import PROCESSES
from deploy.store import store_answers, store_program
from deploy.supervision import Program, Supervisor, wait_until
from shared.settings import INSTANCE_FILE, Settings

CHECKOUT = Path(__file__).parent.parent
MAILBOX = "mailbox"
"""The demo's mail server (deploy/mailbox.py)."""


class Instance:
    """An instance in `state_dir`; `owner` is what must exist for its use of the shared servers to count."""

    def __init__(self, state_dir: Path, owner: str = "") -> None:
        self.state_dir = state_dir.absolute()
        self.supervisor = Supervisor(self.state_dir)
        self._owner = owner or f"dir:{self.state_dir}"

    @classmethod
    def create(
        cls,
        state_dir: Path,
        *,
        port: int = 0,
        demo: bool = False,
        private_store: bool = False,
        search_url: str = "",
        owner: str = "",
    ) -> Self:
        """Make a new instance: its settings are written, its vhost is made. Nothing of it runs yet.

        private_store: it gets a store process of its own in its state directory (tests and benches: dropping
        collections is slow, a fresh directory is not). search_url: where its index is, when not in its state directory.
        """
        instance = cls(state_dir, owner)
        name = f"wellheard-{secrets.token_hex(4)}"
        instance.state_dir.mkdir(parents=True, exist_ok=True)
        store_port = free_port() if private_store else servers.store_port()
        password = secrets.token_urlsafe(24)
        instance._write(
            WELLHEARD_AMQP_URL=broker.amqp_url(name, name, password),
            WELLHEARD_MONGO_URL=f"mongodb://127.0.0.1:{store_port}/{name}",
            WELLHEARD_PORT=str(port or free_port()),
            WELLHEARD_SECRET=secrets.token_urlsafe(32),
            WELLHEARD_DEMO=str(demo).lower(),
            **({"WELLHEARD_SEARCH_URL": search_url} if search_url else {}),
            **({"WELLHEARD_SMTP_URL": f"smtp://127.0.0.1:{free_port()}"} if demo else {}),
        )
        instance.take_servers()
        broker.add_vhost(name, password)
        return instance

    @property
    def exists(self) -> bool:
        return (self.state_dir / INSTANCE_FILE).exists()

    @property
    def settings(self) -> Settings:
        return Settings(_env_file=self.state_dir / INSTANCE_FILE, state_dir=self.state_dir)

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which a command works on this instance."""
        outside = {name: value for name, value in os.environ.items() if not name.startswith("WELLHEARD_")}
        home = {name: value for name, value in os.environ.items() if name == "WELLHEARD_HOME"}
        return outside | home | {"WELLHEARD_STATE_DIR": str(self.state_dir)}

    @property
    def name(self) -> str:
        """The name of its vhost, of its broker user, and the prefix of its databases."""
        return self.settings.amqp_user

    def change_port(self, port: int) -> None:
        kept = dict(line.split("=", 1) for line in (self.state_dir / INSTANCE_FILE).read_text().splitlines())
        self._write(**kept | {"WELLHEARD_PORT": str(port)})

    def take_servers(self) -> None:
        """See that the broker and the store run."""
        servers.take(self._holder, self._owner, self._shared_servers)
        if not self.supervisor.is_running():
            self.supervisor.configure(self._programs(), CHECKOUT)
        if self._has_private_store:
            self.supervisor.run(until_parent_ends=self._owner.startswith("pid:"))
            self.supervisor.start("store")
            log = self.state_dir / "log/store.log"
            wait_until(lambda: store_answers(self._store_port), 60, f"the store does not answer: see {log}")

    def start(self, *names: str) -> None:
        """Start processes, all without names; they take a moment to be ready."""
        self.supervisor.run(until_parent_ends=self._owner.startswith("pid:"))
        self.supervisor.start(*(names or (*PROCESSES, *self._beside)))

    def restart(self, *names: str) -> None:
        """Restart processes, all without names, one after another, each ready before the next; nobody is refused."""
        for name in names or PROCESSES:
            if name == "web":
                self.supervisor.hang_up(name)  # it keeps its socket
            else:
                self.supervisor.stop(name)
                self.supervisor.start(name)
            self.wait_ready()

    def is_ready(self) -> bool:
        """Whether the web answers and finds everything it depends on."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.settings.port}/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def wait_ready(self, seconds: float = 90) -> None:
        wait_until(self.is_ready, seconds, f"Wellheard is not ready: see the logs in {self.state_dir / 'log'}")

    def stop(self) -> None:
        """Stop its processes, and the shared servers if nobody else uses them; all data stays."""
        self._stop_processes()
        servers.give_back(self._holder)

    def remove(self) -> None:
        """Stop it, and remove its vhost, its databases and its state directory."""
        self._stop_processes()
        servers.take(self._holder, self._owner, self._shared_servers)
        broker.remove_vhost(self.name)
        if not self._has_private_store:
            self._drop_databases()
        servers.give_back(self._holder)
        shutil.rmtree(self.state_dir)

    def _stop_processes(self) -> None:
        """The services at the same time, and only then a store of its own."""
        if self.supervisor.is_running():
            self.supervisor.stop(*PROCESSES, *self._beside)
            self.supervisor.shut_down()

    def _drop_databases(self) -> None:
        client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(self.settings.mongo_url)
        for database in client.list_database_names():
            if database.startswith(f"{self.name}_"):
                client.drop_database(database)
        client.close()

    @property
    def _beside(self) -> tuple[str, ...]:
        """What runs beside the services: a demo has a mail server of its own."""
        return (MAILBOX,) if self.settings.demo and "WELLHEARD_SMTP_URL" in self._written() else ()

    def _written(self) -> str:
        return (self.state_dir / INSTANCE_FILE).read_text()

    @property
    def _holder(self) -> str:
        return self.name

    @property
    def _shared_servers(self) -> list[str]:
        return [servers.BROKER] if self._has_private_store else [servers.BROKER, servers.STORE]

    @property
    def _store_port(self) -> int:
        return urlsplit(self.settings.mongo_url).port or 0

    @property
    def _has_private_store(self) -> bool:
        return self._store_port != servers.store_port()

    def _programs(self) -> list[Program]:
        command = str(Path(sys.executable).parent / "wellheard")
        state = {"WELLHEARD_STATE_DIR": str(self.state_dir)}
        programs = [Program(name, [command, "run", name], state) for name in PROCESSES]
        if self._beside:
            port = str(urlsplit(self.settings.smtp_url).port)
            box = [sys.executable, "-m", "deploy.mailbox", port, str(self.settings.mail_folder)]
            programs.append(Program(MAILBOX, box))
        if self._has_private_store:
            # What is acknowledged is durable, so a store of tests need not be waited for.
            programs.append(store_program(self._store_port, self.state_dir / "store", stop_seconds=1))
        return programs

    def _write(self, **values: str) -> None:
        path = self.state_dir / INSTANCE_FILE
        path.touch(mode=0o600)
        path.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
