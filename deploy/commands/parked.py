"""Messages that no try could handle: see them, put them back, throw them away."""

from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any

import orjson
import typer
from rich.table import Column, Table

from deploy import queues
from deploy.commands.output import AsJson, console, show_json
from deploy.queues import ParkedMessage
from shared.errors import Invalid, NotFound
from shared.settings import get_settings
from shared.system.durations import in_words

app = typer.Typer(no_args_is_help=True, help="Messages that no try could handle.")
Ids = Annotated[list[str] | None, typer.Argument(help="Ids as `parked list` shows them.")]
All = Annotated[bool, typer.Option("--all", help="Every parked message.")]
Queue = Annotated[str, typer.Option(help="Only those of this queue, say history.timeline.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command("list")
def list_parked(
    queue: Queue = "",
    limit: Annotated[int, typer.Option(min=1, help="How many to show, the longest parked first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Where they were parked from, since when, after how many tries, and why."""
    total = queues.count_parked(get_settings(), queue)
    with closing(queues.read_parked(get_settings(), queue)) as messages:
        found = [_summary(each) for each in islice(messages, limit)]
    if as_json:
        return show_json(found)
    if not found:
        return console.print("Nothing is parked.")
    table = Table(Column("id", no_wrap=True, min_width=12), "queue", "parked", "tries", "bytes", "reason")
    for each in found:
        table.add_row(
            each["id"], each["queue"], _age(each["parked_at"]), str(each["tries"]), str(each["bytes"]), each["reason"]
        )
    console.print(table)
    return console.print(f"{len(found):,} of {total:,}")


@app.command()
def show(message_id: str, as_json: AsJson = False) -> None:
    """What one message says, always as JSON. It may hold personal data."""
    with closing(queues.read_parked(get_settings())) as messages:
        found = next((each for each in messages if each.message_id == message_id), None)
    if found is None:
        raise NotFound(f"No parked message has the id {message_id}.")
    show_json(_summary(found) | {"headers": found.headers, "body": _readable(found.body)})


@app.command()
def replay(ids: Ids = None, everything: All = False, queue: Queue = "", as_json: AsJson = False) -> None:
    """Put messages back into their queues, as if they had just arrived. Mend first what made them fail."""
    wanted = _Wanted(ids, everything, queue)
    count = queues.replay(get_settings(), wanted, queue)
    _tell(wanted, {"replayed": count}, f"{count:,} put back.", as_json)


@app.command()
def discard(
    ids: Ids = None, everything: All = False, queue: Queue = "", yes: Yes = False, as_json: AsJson = False
) -> None:
    """Throw messages away for good. Asks first, unless they are named one by one."""
    wanted = _Wanted(ids, everything, queue)
    if not ids and not yes:
        _ask(queues.count_parked(get_settings(), queue), queue, as_json)
    count = queues.discard(get_settings(), wanted, queue)
    _tell(wanted, {"discarded": count}, f"{count:,} thrown away.", as_json)


class _Wanted:
    """Tells whether a message is meant, and remembers which of the ids it has met."""

    def __init__(self, ids: list[str] | None, everything: bool, queue: str) -> None:
        if not ids and not everything and not queue:
            raise Invalid("Say which: ids as `wellheard parked list` shows them, --queue NAME, or --all.")
        self._ids = set(ids or ())
        self.unmet = set(self._ids)

    def __call__(self, message: ParkedMessage) -> bool:
        self.unmet.discard(message.message_id)
        return not self._ids or message.message_id in self._ids


def _ask(count: int, queue: str, as_json: bool) -> None:
    if as_json:
        raise Invalid("Add --yes: with --json nobody is asked.")
    where = f" in {queue}" if queue else ""
    typer.confirm(f"Throw away all {count:,} messages that are parked{where}, for good?", abort=True)


def _tell(wanted: _Wanted, counted: dict[str, int], sentence: str, as_json: bool) -> None:
    unmet = sorted(wanted.unmet)
    if as_json:
        show_json(counted | {"not_found": unmet})
    else:
        console.print(sentence)
    if unmet:
        raise NotFound(f"No parked message has the id {', '.join(unmet)}.")


def _summary(message: ParkedMessage) -> dict[str, Any]:
    return {
        "id": message.message_id,
        "queue": message.queue,
        "parked_at": message.parked_at and message.parked_at.isoformat(),
        "tries": message.tries,
        "bytes": len(message.body),
        "reason": message.reason,
    }


def _age(parked_at: str | None) -> str:
    if parked_at is None:
        return "not known"
    return f"{in_words((datetime.now(UTC) - datetime.fromisoformat(parked_at)).total_seconds())} ago"


def _readable(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode(errors="replace")
