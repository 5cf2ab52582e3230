"""The servers that all instances of a user share: one broker, one store, started by the first, stopped by the last."""

import json
from collections.abc import Sequence
from pathlib import Path

from deploy import broker, store
from deploy.home import Leases, free_port, home, locked
from deploy.supervision import Supervisor, wait_until

BROKER, STORE = "broker", "store"


def take(holder: str, owner: str, servers: Sequence[str]) -> None:
    """Note that `holder` uses the servers and see that they run. `owner`: see Leases.take."""
    with locked("servers"):
        for server in servers:
            Leases(server).take(holder, owner)
        _start(servers)


def give_back(holder: str) -> None:
    """Note that `holder` uses none of them any more; stop what nobody uses and wait until it has gone."""
    with locked("servers"):
        for server in (BROKER, STORE):
            Leases(server).give_back(holder)
        _stop_unused()


def store_port() -> int:
    """The port of the shared store; chosen once and remembered."""
    remembered = home() / "store.json"
    if not remembered.exists():
        home().mkdir(parents=True, exist_ok=True)
        remembered.write_text(json.dumps({"port": free_port()}))
    return int(json.loads(remembered.read_text())["port"])


def supervisor() -> Supervisor:
    return Supervisor(home() / "servers")


def _start(servers: Sequence[str]) -> None:
    watch = supervisor()
    if not watch.is_running():
        data = home() / "store"
        watch.configure([*broker.broker_programs(), store.store_program(store_port(), data)], Path("/"))
        watch.run()
    if BROKER in servers:
        watch.start("epmd", BROKER)
    if STORE in servers:
        watch.start(STORE)
    log = watch.directory / "log"
    if BROKER in servers:
        wait_until(broker.broker_listens, 120, f"RabbitMQ does not listen: see {log}/broker.log")
    if STORE in servers:
        wait_until(lambda: store.store_answers(store_port()), 60, f"the store does not answer: see {log}/store.log")


def _stop_unused() -> None:
    watch = supervisor()
    if not watch.is_running():
        return
    unused = [server for server in (BROKER, STORE) if not Leases(server).holders()]
    if len(unused) == 2:
        watch.shut_down()
    elif BROKER in unused:
        watch.stop(BROKER, "epmd")
    elif STORE in unused:
        watch.stop(STORE)
