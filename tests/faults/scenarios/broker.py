"""The broker goes away, in every way that brokers do."""

from deploy.broker import control
from deploy.servers import BROKER
from tests.faults.proxy import Fault
from tests.faults.registry import scenario
from tests.faults.run import Run
from tests.faults.scenarios.disks import filled
from tests.faults.scenarios.outages import outage, recovery


@scenario("broker stopped and started again", long=True)
def broker_stopped(run: Run) -> None:
    servers = run.system.servers
    outage(run, lambda: servers.stop(BROKER), lambda: servers.ensure(BROKER))


@scenario("broker killed with kill -9, started again by its supervisor")
def broker_killed(run: Run) -> None:
    amqp = run.new_amqp_producer("Amqp partner")
    with recovery(run):
        for _ in range(60):
            amqp.post()
        run.system.servers.kill(BROKER)
        for _ in range(20):
            amqp.post()
        run.system.servers.ensure(BROKER)
    for _ in range(20):
        amqp.post()
    run.expect(amqp.ledger.count("accepted") >= 80, "the AMQP partner was not served again")


@scenario("broker frozen (SIGSTOP): its connections stay open and nothing comes", long=True)
def broker_frozen(run: Run) -> None:
    servers = run.system.servers
    outage(run, lambda: servers.pause(BROKER), lambda: servers.resume(BROKER))


@scenario("connections to the broker half open: bytes vanish, nobody is told", long=True)
def broker_half_open(run: Run) -> None:
    link = run.system.broker_link
    outage(run, lambda: link.set(Fault(half_open=True)), link.heal)


@scenario("connections to the broker reset, again and again")
def broker_reset(run: Run) -> None:
    with recovery(run):
        for _ in range(6):
            run.pause(0.5, 2)
            run.system.broker_link.reset()


@scenario("connections to the broker break inside a frame")
def broker_truncated(run: Run) -> None:
    with recovery(run):
        for _ in range(4):
            run.pause(0.5, 1)
            run.system.broker_link.set(Fault(truncate=run.chance.randint(2_000, 60_000)))
            run.pause(1, 2)
            run.system.broker_link.heal()


@scenario("slow link to the broker: 0.15 s more each way, and 200 KB a second")
def broker_slow(run: Run) -> None:
    with recovery(run, a_second=30):
        run.system.broker_link.set(Fault(latency=0.15, bytes_per_second=200_000))
        run.pause(run.outage)
        run.system.broker_link.heal()


@scenario("memory alarm of the broker: it takes nothing and confirms nothing", long=True)
def broker_memory_alarm(run: Run) -> None:
    _alarm(run, ("set_vm_memory_high_watermark", "absolute", "1MB"), ("set_vm_memory_high_watermark", "0.4"))


@scenario("disk alarm of the broker", long=True)
def broker_disk_alarm(run: Run) -> None:
    _alarm(run, ("set_disk_free_limit", "9000GB"), ("set_disk_free_limit", "200MB"))


def _alarm(run: Run, begin: tuple[str, ...], end: tuple[str, ...]) -> None:
    def relieve() -> None:
        try:
            run.expect_quick_refusals()
        finally:
            control(*end)

    outage(run, lambda: control(*begin), relieve)


@scenario("the broker's disk is full, but for the last 100 MB: below its limit of 200 MB it takes nothing", fresh=True)
def broker_disk_full(run: Run) -> None:
    """Not to the last byte: RabbitMQ 3.10 on one node then damages the log of a queue (docs/operations.md)."""
    with filled(run, run.system.servers.home / "broker", BROKER) as disk, recovery(run):
        disk.fill(leave=100_000_000)
        run.pause(run.outage + 2)  # the broker looks at its disk at least every ten seconds
        run.expect_quick_refusals()
        disk.free()
        run.pause(10)  # as long again until it sees that there is room
