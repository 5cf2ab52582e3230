"""Too much at once, restarts under load, any order of start, and clocks that jump."""

import itertools
import random
import threading
import time
from statistics import quantiles

from libfaketime import get_reload_information

from deploy.processes import PROCESSES
from deploy.servers import BROKER, STORE
from tests.faults.producer import Producer
from tests.faults.registry import scenario
from tests.faults.run import Run

ORDERS = 6
"""In which the services are started in one run; all there are would be thousands."""


@scenario(
    "one partner floods at 20 times the load of the others; their p99 stays within twice", direct=True, alone=True
)
def flood(run: Run) -> None:
    calm = run.new_producer(f"Calm {run.prefix}", f"calm-{run.seed}")
    with calm.load(25, workers=2):
        run.pause(8)
        quiet = _p99(calm)
        loud = threading.Thread(target=_flood, args=(run.producer, 10.0), daemon=True)
        calm.answers.clear()
        loud.start()
        loud.join(40)
        flooded = _p99(calm)
    run.healed()
    statuses = {each.status for each in calm.answers}
    run.note(f"p99 of the others {quiet * 1000:.0f} ms, {flooded * 1000:.0f} ms in the flood")
    run.expect(statuses <= {202}, f"the other partners were answered {statuses} in the flood")
    # On two cores that run the flood, the partners and every server, a p99 of 15 ms cannot stay under 30.
    run.expect(flooded <= max(2 * quiet, 0.1), f"the others' p99 went from {quiet:.3f} s to {flooded:.3f} s")


def _flood(producer: Producer, seconds: float) -> None:
    with producer.load(500, workers=6):
        time.sleep(seconds)


def _p99(producer: Producer) -> float:
    return quantiles([each.seconds for each in producer.answers], n=100)[98]


@scenario("SIGTERM to every service in turn under load: no request fails but with 503, nothing is logged twice")
def rolling_restart(run: Run) -> None:
    processes = run.system.processes
    order = list(PROCESSES)
    run.chance.shuffle(order)
    before = {name: len(processes.ends(name)) for name in order}  # a scenario before may have killed some
    with run.load(80):
        run.pause(1)
        for name in order:
            processes.restart(name)
            run.system.wait_ready(30)
            run.pause(0.5, 1.0)
        run.healed()
        run.pause(1)
    run.note(" ".join(order))
    failed = [each for each in run.producer.answers if each.status not in (202, 503, 429)]
    run.expect(not failed, f"{len(failed)} of {len(run.producer.answers)} requests failed otherwise than with 503")
    run.expect(not any(processes.ends(name)[before[name] :] for name in order), "a process ended by itself")


@scenario("services started in sixty orders, also before broker and store", seeds=10, fresh=True, alone=True)
def start_orders(run: Run) -> None:
    processes, system = run.system.processes, run.system
    orders = list(itertools.permutations(PROCESSES))
    random.Random(2014).shuffle(orders)
    mine = orders[run.seed * ORDERS : (run.seed + 1) * ORDERS]  # of any two services each comes first in some
    for number, order in enumerate(mine):
        processes.stop(*PROCESSES)
        late = number == 0  # once a run the servers come last of all
        if late:
            system.servers.stop(BROKER)
            system.servers.stop(STORE)
        for name in order:
            processes.start(name)
            time.sleep(0.1)
        if late:
            run.pause(3, 6)
            system.servers.ensure(STORE)
            system.servers.ensure(BROKER)
        began = time.monotonic()
        system.wait_ready(30)
        run.expect(time.monotonic() - began < 15, f"ready only after {time.monotonic() - began:.0f} s in order {order}")
        if number % ORDERS == 0:  # so that now and then all stop with work in hand, which takes them longer
            run.producer.post([run.producer.new_event() for _ in range(10)])
    run.expect(not any(processes.ends(name) for name in PROCESSES), "a process ended by itself")
    run.note(f"{len(mine)} orders")
    run.healed()


@scenario("clocks of the services jump by an hour and by a day, ahead and back", fresh=True)
def clock_jumps(run: Run) -> None:
    _, faked = get_reload_information()  # LD_PRELOAD and what the library needs beside it
    clock = run.system.folder / "clock"
    clock.write_text("+0\n")
    processes = run.system.processes
    processes.stop(*PROCESSES)
    processes.start(*PROCESSES, **faked, FAKETIME_TIMESTAMP_FILE=str(clock))
    run.system.wait_ready(40)
    with run.load(60):
        for jump in ("+3600", "-3600", "+86400", "+0"):
            run.pause(2, 3)
            clock.write_text(f"{jump}\n")
        run.pause(2)
        run.healed()
        run.wait_ready_again()
    run.settle()
    run.expect(not any(processes.ends(name) for name in PROCESSES), "a process ended by itself")
