"""Partners' events that could not be recorded: see them, correct them, record them after all, or let them be."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import orjson
import typer
from rich.table import Column, Table

from deploy.commands.output import AsJson, console, show_json
from shared.contracts.events import (
    CorrectQuarantined,
    DiscardQuarantined,
    GetQuarantined,
    ListQuarantine,
    Quarantined,
    QuarantineList,
    ReplayQuarantined,
)
from shared.errors import Invalid
from shared.messaging.client import RpcClient
from shared.settings import get_settings
from shared.system.durations import in_words

app = typer.Typer(no_args_is_help=True, help="Partners' events that could not be recorded.")
OPERATOR = "operator"
_PAGE = 100


def _bus() -> RpcClient:
    return RpcClient(get_settings())


@app.command("list")
def list_quarantine(
    state: Annotated[str, typer.Option(help="open, replayed or discarded")] = "open",
    partner: Annotated[str | None, typer.Option(help="Only those of this partner.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many to show.")] = 100,
    as_json: AsJson = False,
) -> None:
    """The newest first, with the reasons the partner is told."""
    states: dict[str, Literal["open", "replayed", "discarded"]] = {
        "open": "open",
        "replayed": "replayed",
        "discarded": "discarded",
    }
    if state not in states:
        raise Invalid("The state is open, replayed or discarded.")
    found = _pages(ListQuarantine(state=states[state], partner=partner, limit=min(limit, _PAGE)), limit)
    if as_json:
        return show_json(found.model_dump(mode="json"))
    if not found.items:
        return console.print(f"Nothing is {state} in quarantine.")
    table = Table(Column("id", no_wrap=True, min_width=36), "partner", "received", "reasons")
    for each in found.items:
        age = in_words((datetime.now(UTC) - each.received_at).total_seconds())
        table.add_row(each.quarantine_id, each.partner, f"{age} ago", "\n".join(each.reasons))
    console.print(table)
    return console.print(f"{len(found.items):,} of {found.total:,}")


def _pages(question: ListQuarantine, limit: int) -> QuarantineList:
    """As many pages as `limit` needs, as one."""
    bus = _bus()
    found = bus.call(question)
    while found.next_cursor and len(found.items) < limit:
        wanted = min(_PAGE, limit - len(found.items))
        more = bus.call(question.model_copy(update={"cursor": found.next_cursor, "limit": wanted}))
        found = found.model_copy(update={"items": found.items + more.items, "next_cursor": more.next_cursor})
    return found


@app.command()
def show(quarantine_id: str, as_json: AsJson = False) -> None:
    """One event, whole, always as JSON. It may hold personal data."""
    show_json(_bus().call(GetQuarantined(quarantine_id=quarantine_id)).model_dump(mode="json"))


@app.command()
def correct(
    quarantine_id: str,
    file: Annotated[Path, typer.Argument(help="The corrected `data`, as JSON.", exists=True)],
    as_json: AsJson = False,
) -> None:
    """Put other data in place of the partner's; the original is kept."""
    try:
        data = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise Invalid(f"{file} is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise Invalid(f"{file} must hold one JSON object: the `data` of the event.")
    bus = _bus()
    version = bus.call(GetQuarantined(quarantine_id=quarantine_id)).version
    item = bus.call(CorrectQuarantined(quarantine_id=quarantine_id, version=version, data=data, by=OPERATOR))
    _tell(item, f"Corrected. `wellheard quarantine replay {quarantine_id}` records it.", as_json)


@app.command()
def replay(quarantine_id: str, as_json: AsJson = False) -> None:
    """Record it now, as corrected."""
    item = _bus().call(ReplayQuarantined(quarantine_id=quarantine_id, by=OPERATOR))
    _tell(item, f"Recorded: engagement {item.engagement_id}", as_json)


@app.command()
def discard(quarantine_id: str, as_json: AsJson = False) -> None:
    """Decide that it is not to be recorded; the original stays kept."""
    item = _bus().call(DiscardQuarantined(quarantine_id=quarantine_id, by=OPERATOR))
    _tell(item, "Discarded.", as_json)


def _tell(item: Quarantined, sentence: str, as_json: bool) -> None:
    """Nothing that anybody said: `show` has that."""
    if as_json:
        show_json(item.model_dump(mode="json", include={"quarantine_id", "state", "engagement_id", "version"}))
    else:
        console.print(sentence)
