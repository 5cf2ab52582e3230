"""The search and its index go away: events are still taken and logged, pages say what they cannot show."""

import json
import shutil
from collections.abc import Callable

from services.history.index.choice import indexes_of
from tests.faults.rebuilding import rebuild
from tests.faults.registry import TANTIVY, scenario
from tests.faults.run import Run
from tests.faults.scenarios.disks import mounted, read_only
from tests.faults.scenarios.outages import DRAINED, recovery
from tests.faults.waiting import wait_until


def search(run: Run) -> int:
    return run.system.get("/api/v1/history?q=said", run.producer.key, timeout=15)[0]


def still_taken(run: Run) -> None:
    run.expect(run.producer.post([run.producer.new_event()]) == 202, "events are not taken while the search is away")


@scenario("search process killed and kept away", long=True)
def search_killed(run: Run) -> None:
    processes = run.system.processes
    without_search(run, lambda: processes.remove("history-search"), lambda: processes.start("history-search"))
    run.expect(search(run) == 200, "the search does not answer again")


@scenario("search process frozen (SIGSTOP)", long=True)
def search_frozen(run: Run) -> None:
    processes = run.system.processes
    without_search(run, lambda: processes.pause("history-search"), lambda: processes.resume("history-search"))
    run.expect(search(run) == 200, "the search does not answer again")


def without_search(
    run: Run, take_away: Callable[[], object], bring_back: Callable[[], object], drained: float = DRAINED
) -> None:
    """Events are taken all the time; the API and the pages say what they cannot show."""
    with recovery(run):
        run.drain_limit = drained
        take_away()
        try:
            still_taken(run)
            run.expect(search(run) == 503, "the API does not say 503 while nothing can be searched")
            run.tell_the_truth(run.outage)
            still_taken(run)
        finally:
            bring_back()


@scenario("directory of the index read-only", fresh=True, engine=TANTIVY)
def index_read_only(run: Run) -> None:
    run.drain_limit = DRAINED
    with run.load():
        run.pause(1, 2)
        run.expect(search(run) == 200, "the search does not answer")
        with read_only(run.system.settings.index_dir):
            run.pause(run.outage)
            still_taken(run)
            run.expect(search(run) == 200, "what was indexed before cannot be searched")
        run.healed()
        run.pause(2)
        run.wait_ready_again()


@scenario("directory of the index removed while it serves", engine=TANTIVY)
def index_gone(run: Run) -> None:
    run.drain_limit = DRAINED
    with run.load():
        run.pause(1, 3)
        directory = run.system.settings.index_dir
        gone = wait_until(lambda: shutil.rmtree(directory, ignore_errors=True) or not directory.exists(), 5, 0)
        run.expect(gone, "the directory cannot be removed")
        still_taken(run)
        run.expect(search(run) in (200, 503), "the search fails in another way than 503")
        run.healed()
        run.pause(3)
        run.wait_ready_again()
    run.settle()
    run.expect(search(run) == 200, "the search does not answer again")


@scenario("the disk of the index is full", fresh=True, engine=TANTIVY)
def index_disk_full(run: Run) -> None:
    run.drain_limit = DRAINED
    system = run.system
    system.processes.stop("history-projector", "history-search")
    with mounted(system.settings.index_dir, 60) as disk:
        system.processes.start("history-projector", "history-search")
        system.wait_ready(30)
        with run.load():
            run.pause(1, 2)
            disk.fill(run.chance.choice((0, 4096, 100_000)))
            run.pause(run.outage)
            still_taken(run)
            disk.free()
            run.healed()
            run.pause(2)
            run.wait_ready_again()
        run.settle()
        system.processes.stop("history-projector", "history-search")
    system.processes.start("history-projector", "history-search")
    system.wait_ready(30)


def indexes_there(run: Run) -> set[str]:
    """The names of all indexes of the instance, whoever made them."""
    settings = run.system.settings
    if run.system.search is not None:
        return run.system.search.indexes(f"{settings.search_prefix}-timeline-")
    return {each.name for each in settings.index_dir.iterdir() if each.is_dir()}


def _serving(run: Run) -> str:
    pointer = indexes_of(run.system.settings).current()
    return pointer.name if pointer else ""


@scenario("index rebuilt and swapped under live traffic")
def rebuild_live(run: Run) -> None:
    with run.load(100):
        run.pause(2, 3)
        for _ in range(2):
            before = _serving(run)
            rebuilding = rebuild(run)
            statuses = set()
            while rebuilding.poll() is None:
                statuses.add(search(run))
            answer = json.loads(rebuilding.communicate()[0] or b"{}")
            run.expect(answer.get("name") == _serving(run) != before, "the rebuilt index does not serve")
            run.expect(statuses <= {200}, f"searches failed during the rebuild: {statuses}")
        run.healed()


@scenario("rebuild killed half way, then done again; what it left is tidied up")
def rebuild_killed(run: Run) -> None:
    with run.load(100):
        run.pause(2, 3)
        before, there = _serving(run), indexes_there(run)
        rebuilding = rebuild(run)
        begun = wait_until(lambda: indexes_there(run) - there, 60, 0.005)
        run.expect(begun, "the rebuild has made no index")
        run.pause(0, 0.05)
        rebuilding.kill()
        rebuilding.wait()
        run.expect(search(run) == 200, "the old index does not serve any more")
        rebuilding = rebuild(run)
        rebuilding.wait(120)
        run.expect(_serving(run) != before, "the second rebuild does not serve")
        run.healed()
    run.settle()
    found = indexes_there(run)
    run.expect(len(found) == 2, f"there are {len(found)} indexes: one serves, the one before is kept")


@scenario("projector killed between catching up with the log and the swap")
def rebuild_swap_killed(run: Run) -> None:
    processes = run.system.processes
    processes.stop("history-projector")
    # The first pass is its own start, the second the swap.
    processes.start("history-projector", WELLHEARD_FAILPOINT="index.before_serve:2")
    run.system.wait_ready(30)
    ends = len(processes.ends("history-projector"))
    with run.load(100):
        run.pause(1, 2)
        rebuilding = rebuild(run)
        run.expect(processes.wait_end("history-projector", ends, 120), "index.before_serve was not reached")
        run.healed()
        run.wait_ready_again()
        rebuilding.wait(150)
        again = rebuild(run)
        run.expect(wait_until(lambda: again.poll() is not None, 120), "the rebuild after the kill does not end")
    run.settle()
    run.expect(search(run) == 200, "the search does not answer")
