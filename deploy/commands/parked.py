"""Messages that no try could handle: see them, put them back, throw them away."""

from collections.abc import Callable
from typing import Annotated

import orjson
import typer
from rich.table import Table

from deploy import queues
from deploy.commands.output import AsJson, console, show_json
from deploy.queues import ParkedMessage
from shared.errors import Invalid, NotFound
from shared.settings import get_settings

app = typer.Typer(no_args_is_help=True, help="Messages that no try could handle.")
Ids = Annotated[list[str] | None, typer.Argument(help="Ids as `parked list` shows them.")]
All = Annotated[bool, typer.Option("--all", help="Every parked message.")]
Queue = Annotated[str, typer.Option(help="Only those of this queue.")]


@app.command("list")
def list_parked(as_json: AsJson = False) -> None:
    """Where they were parked from, and why."""
    found = queues.list_parked(get_settings())
    if as_json:
        return show_json([{"id": each.message_id, "queue": each.queue, "reason": each.reason} for each in found])
    table = Table("id", "queue", "reason", "bytes")
    for each in found:
        table.add_row(each.message_id, each.queue, each.reason, str(len(each.body)))
    return console.print(table if found else "Nothing is parked.")


@app.command()
def show(message_id: str) -> None:
    """What one message says. It may hold personal data."""
    found = next((each for each in queues.list_parked(get_settings()) if each.message_id == message_id), None)
    if found is None:
        raise NotFound(f"No parked message has the id {message_id}.")
    show_json(
        {
            "id": found.message_id,
            "queue": found.queue,
            "reason": found.reason,
            "headers": found.headers,
            "body": _readable(found.body),
        }
    )


@app.command()
def replay(ids: Ids = None, everything: All = False, queue: Queue = "") -> None:
    """Put messages back into their queues, as if they had just arrived."""
    count = queues.replay(get_settings(), _wanted(ids, everything, queue))
    console.print(f"{count} put back.")


@app.command()
def discard(ids: Ids = None, everything: All = False, queue: Queue = "") -> None:
    """Throw messages away for good."""
    count = queues.discard(get_settings(), _wanted(ids, everything, queue))
    console.print(f"{count} thrown away.")


def _wanted(ids: list[str] | None, everything: bool, queue: str) -> Callable[[ParkedMessage], bool]:
    if not ids and not everything and not queue:
        raise Invalid("Say which: ids as `wellheard parked list` shows them, --queue NAME, or --all.")
    return lambda each: (not ids or each.message_id in ids) and (not queue or each.queue == queue)


def _readable(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode(errors="replace")
