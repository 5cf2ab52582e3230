"""A new index beside the one that serves, with a bar that shows how far it is; and the way back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from services.history.index.choice import engine_of, indexes_of
from services.history.index.port import IndexAway, IndexBusy, IndexLost, IndexSet, Pointer, Unfinished
from services.history.log import Log
from services.history.rebuild import Built, Checksum, Progress, forget_kept, rebuild_from
from services.history.refusals import park_refused
from services.history.verifying import verify
from shared.contracts.history import IndexSwapped, SwapIndex
from shared.errors import Conflict, Invalid, NotFound
from shared.messaging.client import RpcClient
from shared.mongo import connect
from shared.settings import Settings

SWAP_SECONDS = 600
"""For what has come since the index was built."""


def rebuild_and_serve(settings: Settings, purge: bool = False) -> IndexSwapped:
    """Fold the log into a new index, prove that it equals the log, and let it serve; the old one is kept.

    A rebuild that was killed is gone on with. purge: not, and nothing old is kept: it may hold who was erased.
    """
    indexes, bus = indexes_of(settings), RpcClient(settings)
    with indexes.rebuilding():
        begun = indexes.unfinished() or Unfinished("", datetime.now(UTC))
        if purge and begun.name:
            indexes.remove(begun.name)
            begun = Unfinished("", datetime.now(UTC))
        built, _ = build_and_verify(settings, indexes, begun, bus)
        swap = SwapIndex(name=built.name, begun_at=begun.begun_at, keep=not purge)
        return bus.call(swap, timeout=SWAP_SECONDS)


def build_and_verify(
    settings: Settings, indexes: IndexSet, begun: Unfinished, bus: RpcClient
) -> tuple[Built, Checksum]:
    """An index that equals the log, beside whatever serves. For whoever is `rebuilding`."""
    log = Log(connect(settings, "history"))
    park = partial(park_refused, log, bus)
    with _bar("building") as progress:
        built = rebuild_from(log, indexes, progress, begun.name, park)
    with _bar("comparing with the log") as progress:
        return built, verify(log, indexes, built, begun.begun_at, progress, park)


def back_to_kept(settings: Settings) -> IndexSwapped:
    """Let the index serve that was kept, with all that has come since; the one that serves is kept instead."""
    name = indexes_of(settings).kept()
    if name is None:
        raise NotFound("No old index is kept: the last rebuild, or an erasure since, has removed it.")
    return RpcClient(settings).call(SwapIndex(name=name), timeout=SWAP_SECONDS)


def remove_kept(settings: Settings) -> bool:
    """Whether there was one."""
    return forget_kept(indexes_of(settings))


class Reindexed(NamedTuple):
    """An index that waits for its engine to be chosen."""

    name: str
    checksum: str
    entries: int
    contacts: int


def reindex(settings: Settings, source: str, target: str, url: str) -> Reindexed:
    """Build the index of another engine from the log while the present one serves, and prove that it equals the log.

    url: what WELLHEARD_SEARCH_URL will be; "" is tantivy in the state directory. Once it is set and the history's
    processes are restarted, the projector catches up with what has come since, erasures too, and the index serves.
    """
    present = engine_of(settings)
    if source != present:
        raise Invalid(f"The index is not {source}'s at present but {present}'s: see WELLHEARD_SEARCH_URL.")
    there = settings.model_copy(update={"search_url": url})
    if engine_of(there) != target or target == source:
        raise Invalid("--to names the other engine, and --url how it is reached: https://host:9200/prefix.")
    indexes = indexes_of(there)
    with indexes.rebuilding():
        old = indexes.current()
        if old is not None:
            _check_unused(indexes, old.name)
        begun = indexes.unfinished() or Unfinished("", datetime.now(UTC))
        built, checksum = build_and_verify(settings, indexes, begun, RpcClient(settings))
        indexes.serve(Pointer(built.name, complete=False))
        if old is not None:
            indexes.remove(old.name)
    return Reindexed(built.name, *checksum)


def _check_unused(indexes: IndexSet, name: str) -> None:
    """Conflict when a projector writes there: it would lose its index."""
    try:
        indexes.writer(name).close()
    except IndexBusy:
        raise Conflict("Another installation keeps its index there. Choose another prefix, or stop it.") from None
    except IndexAway:
        raise
    except IndexLost:  # of another version: nobody can use it
        return


class _Rate(ProgressColumn):
    """Events a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="progress.data.speed")


@contextmanager
def _bar(title: str) -> Iterator[Progress]:
    """A bar with rate and time left; it begins where the first call says."""
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True)) as bar:
        yield _shown(bar)


def _shown(bar: Bar) -> Callable[[int, int], None]:
    tasks: list[object] = []

    def show(done: int, last: int) -> None:
        if not tasks:
            tasks.append(bar.add_task("", total=last, completed=done))
        bar.update(tasks[0], completed=done)  # type: ignore[arg-type]

    return show
