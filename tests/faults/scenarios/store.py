"""The store goes away: what was accepted waits at the broker, and is recorded when the store is back."""

from deploy.servers import STORE
from tests.faults.proxy import Fault
from tests.faults.registry import scenario
from tests.faults.run import Run
from tests.faults.scenarios.disks import filled
from tests.faults.scenarios.outages import outage, recovery


@scenario("store stopped and started again", long=True)
def store_stopped(run: Run) -> None:
    servers = run.system.servers
    outage(run, lambda: servers.stop(STORE), lambda: servers.ensure(STORE))


@scenario("store killed with kill -9, started again by its supervisor")
def store_killed(run: Run) -> None:
    with recovery(run):
        run.system.servers.kill(STORE)
        run.system.servers.ensure(STORE)


@scenario("store frozen (SIGSTOP)", long=True)
def store_frozen(run: Run) -> None:
    servers = run.system.servers
    outage(run, lambda: servers.pause(STORE), lambda: servers.resume(STORE))


@scenario("connections to the store half open: bytes vanish, nobody is told", long=True)
def store_half_open(run: Run) -> None:
    link = run.system.store_link
    outage(run, lambda: link.set(Fault(half_open=True)), link.heal)


@scenario("connections to the store reset, and broken inside a message")
def store_reset(run: Run) -> None:
    with recovery(run):
        for _ in range(4):
            run.pause(0.5, 1.5)
            run.system.store_link.reset()
            run.system.store_link.set(Fault(truncate=run.chance.randint(2_000, 60_000)))
            run.pause(1, 2)
            run.system.store_link.heal()


@scenario("slow link to the store: 0.1 s more each way")
def store_slow(run: Run) -> None:
    with recovery(run, a_second=30):
        run.system.store_link.set(Fault(latency=0.1))
        run.pause(run.outage)
        run.system.store_link.heal()


@scenario("the store's disk is full", fresh=True)
def store_disk_full(run: Run) -> None:
    with filled(run, run.system.servers.home / "store", STORE) as disk, recovery(run):
        run.drain_limit = 60.0
        disk.fill()
        run.pause(run.outage)
        disk.free()
        run.system.servers.kill(STORE)
        run.system.servers.ensure(STORE)
