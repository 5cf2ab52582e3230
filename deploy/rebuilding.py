"""A new index beside the one that serves, with a bar that shows how far it is."""

from datetime import UTC, datetime

from rich.console import Console
from rich.progress import Progress

from services.history.index.choice import indexes_of
from services.history.index.port import Unfinished
from services.history.rebuild import rebuild
from shared.contracts.history import IndexSwapped, SwapIndex
from shared.messaging.client import RpcClient
from shared.settings import Settings


def rebuild_and_serve(settings: Settings, anew: bool = False) -> IndexSwapped:
    """Fold the log into a new index and let it serve; the old one is removed.

    A rebuild that was killed is gone on with where the engine can do that, unless it is to begin anew.
    """
    indexes = indexes_of(settings)
    with indexes.rebuilding():
        begun = indexes.unfinished() or Unfinished("", datetime.now(UTC))
        if anew and begun.name:
            indexes.remove(begun.name)
            begun = Unfinished("", datetime.now(UTC))
        begun_at = begun.begun_at
        bus = RpcClient(settings)
        with Progress(console=Console(stderr=True)) as bar:
            task = bar.add_task("rebuilding", total=None)
            name = rebuild(settings, lambda done, last: bar.update(task, completed=done, total=last), begun.name, bus)
        return bus.call(SwapIndex(name=name, begun_at=begun_at), timeout=120)
