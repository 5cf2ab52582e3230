"""Partners' events that could not be recorded: see them, correct them, record them after all, or let them be."""

from pathlib import Path
from typing import Annotated, Literal

import orjson
import typer
from rich.table import Table

from deploy.commands.output import AsJson, console, show_json
from shared.contracts.events import (
    CorrectQuarantined,
    DiscardQuarantined,
    GetQuarantined,
    ListQuarantine,
    ReplayQuarantined,
)
from shared.errors import Invalid
from shared.messaging.client import RpcClient
from shared.settings import get_settings

app = typer.Typer(no_args_is_help=True, help="Partners' events that could not be recorded.")
OPERATOR = "operator"


def _bus() -> RpcClient:
    return RpcClient(get_settings())


@app.command("list")
def list_quarantine(
    state: Annotated[str, typer.Option(help="open, replayed or discarded")] = "open",
    partner: str | None = None,
    limit: int = 100,
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
    found = _bus().call(ListQuarantine(state=states[state], partner=partner, limit=min(limit, 100)))
    if as_json:
        return show_json(found.model_dump(mode="json"))
    table = Table("id", "partner", "reasons")
    for each in found.items:
        table.add_row(each.quarantine_id, each.partner, "\n".join(each.reasons))
    console.print(table)
    return console.print(f"{len(found.items)} of {found.total}")


@app.command()
def show(quarantine_id: str) -> None:
    """One event, whole. It may hold personal data."""
    show_json(_bus().call(GetQuarantined(quarantine_id=quarantine_id)).model_dump(mode="json"))


@app.command()
def correct(
    quarantine_id: str, file: Annotated[Path, typer.Argument(help="The corrected `data`, as JSON.", exists=True)]
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
    bus.call(CorrectQuarantined(quarantine_id=quarantine_id, version=version, data=data, by=OPERATOR))
    console.print("Corrected. `wellheard quarantine replay` records it.")


@app.command()
def replay(quarantine_id: str) -> None:
    """Record it now, as corrected."""
    item = _bus().call(ReplayQuarantined(quarantine_id=quarantine_id, by=OPERATOR))
    console.print(f"Recorded: engagement {item.engagement_id}")


@app.command()
def discard(quarantine_id: str) -> None:
    """Decide that it is not to be recorded; the original stays kept."""
    _bus().call(DiscardQuarantined(quarantine_id=quarantine_id, by=OPERATOR))
    console.print("Discarded.")
