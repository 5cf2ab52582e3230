"""The broker goes away, in every way that brokers do."""

from deploy.servers import BROKER
from tests.faults.proxy import Fault
from tests.faults.registry import scenario
from tests.faults.run import Run
from tests.faults.scenarios.disks import filled

BACK, DRAINED = 10.0, 30.0
"""Seconds in which everything must be ready again, and the backlog gone."""


@scenario("broker stopped and started again", long=True)
def broker_stopped(run: Run) -> None:
    run.ready_limit, run.drain_limit = BACK, DRAINED
    with run.load():
        run.pause(2, 3)
        run.system.servers.stop(BROKER)
        run.tell_the_truth(run.outage)
        run.system.servers.ensure(BROKER)
        run.healed()
        run.wait_ready_again()
        run.pause(2)


@scenario("broker killed with kill -9, started again by its supervisor")
def broker_killed(run: Run) -> None:
    run.ready_limit, run.drain_limit = BACK, DRAINED
    amqp = run.new_amqp_producer("Amqp partner")
    with run.load():
        for _ in range(60):
            amqp.post()
        run.pause(1, 3)
        run.system.servers.kill(BROKER)
        for _ in range(20):
            amqp.post()
        run.system.servers.ensure(BROKER)
        run.healed()
        run.wait_ready_again()
        for _ in range(20):
            amqp.post()
        run.pause(1)
    run.expect(amqp.ledger.count("accepted") >= 80, "the AMQP partner was not served again")


@scenario("broker frozen (SIGSTOP): its connections stay open and nothing comes", long=True)
def broker_frozen(run: Run) -> None:
    run.ready_limit, run.drain_limit = BACK, DRAINED
    with run.load():
        run.pause(2, 3)
        run.system.servers.pause(BROKER)
        run.tell_the_truth(run.outage)
        run.system.servers.resume(BROKER)
        run.healed()
        run.wait_ready_again()
        run.pause(2)


@scenario("connections to the broker half open: bytes vanish, nobody is told", long=True)
def broker_half_open(run: Run) -> None:
    run.ready_limit, run.drain_limit = BACK, DRAINED
    with run.load():
        run.pause(2, 3)
        run.system.broker_link.set(Fault(half_open=True))
        run.tell_the_truth(run.outage)
        run.system.broker_link.heal()
        run.healed()
        run.wait_ready_again()
        run.pause(2)


@scenario("connections to the broker reset, again and again")
def broker_reset(run: Run) -> None:
    run.ready_limit, run.drain_limit = BACK, DRAINED
    with run.load():
        for _ in range(6):
            run.pause(0.5, 2)
            run.system.broker_link.reset()
        run.healed()
        run.wait_ready_again()
        run.pause(2)


@scenario("connections to the broker break inside a frame")
def broker_truncated(run: Run) -> None:
    run.ready_limit, run.drain_limit = BACK, DRAINED
    with run.load():
        for _ in range(4):
            run.pause(0.5, 1)
            run.system.broker_link.set(Fault(truncate=run.chance.randint(2_000, 60_000)))
            run.pause(1, 2)
            run.system.broker_link.heal()
        run.healed()
        run.wait_ready_again()
        run.pause(2)


@scenario("slow link to the broker: 0.15 s more each way, and 200 KB a second")
def broker_slow(run: Run) -> None:
    run.ready_limit, run.drain_limit = BACK, DRAINED
    with run.load(30):
        run.system.broker_link.set(Fault(latency=0.15, bytes_per_second=200_000))
        run.pause(run.outage)
        run.system.broker_link.heal()
        run.healed()
        run.wait_ready_again()
        run.pause(2)


@scenario("memory alarm of the broker: it takes nothing and confirms nothing", long=True)
def broker_memory_alarm(run: Run) -> None:
    _alarm(run, "set_vm_memory_high_watermark", "absolute", "1MB", heal=("set_vm_memory_high_watermark", "0.4"))


@scenario("disk alarm of the broker", long=True)
def broker_disk_alarm(run: Run) -> None:
    _alarm(run, "set_disk_free_limit", "9000GB", heal=("set_disk_free_limit", "200MB"))


def _alarm(run: Run, *alarm: str, heal: tuple[str, ...]) -> None:
    from deploy.broker import control

    run.ready_limit, run.drain_limit = BACK, DRAINED
    with run.load():
        run.pause(2, 3)
        control(*alarm)
        try:
            run.tell_the_truth(run.outage)
            run.expect_quick_refusals()
        finally:
            control(*heal)
        run.healed()
        run.wait_ready_again()
        run.pause(2)


@scenario("the broker's disk is full", fresh=True)
def broker_disk_full(run: Run) -> None:
    run.drain_limit = 60.0
    with filled(run, run.system.servers.home / "broker", BROKER) as disk, run.load():
        run.pause(2, 3)
        disk.fill()
        run.pause(run.outage)
        disk.free()
        run.system.servers.kill(BROKER)  # what an operator does: the node's log process has given up
        run.system.servers.ensure(BROKER)
        run.healed()
        run.wait_ready_again()
        run.pause(2)
