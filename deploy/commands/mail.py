"""What senders hold of audiences, and letting go what a machine held that is gone for good."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from deploy.commands.output import AsJson, console, show_json
from shared.contracts.claims import Claim, ListClaims, ReleaseClaims
from shared.errors import Conflict, Invalid
from shared.messaging.client import RpcClient
from shared.settings import Settings, get_settings
from shared.system.durations import in_words

app = typer.Typer(no_args_is_help=True, help="What senders hold of mailings.")


@app.command()
def claims(as_json: AsJson = False) -> None:
    """Which sender holds parts of mailings, and when it was alive last."""
    found = RpcClient(get_settings()).call(ListClaims())
    if as_json:
        return show_json(found.model_dump(mode="json")["items"])
    if not found.items:
        return console.print("No sender holds anything.")
    table = Table("sender", "parts", "recipients", "alive")
    for each in found.items:
        table.add_row(each.sender, f"{each.parts:,}", f"{each.recipients:,}", _ago(each))
    return console.print(table)


@app.command()
def release(
    sender: Annotated[str, typer.Argument(help="As `wellheard mail claims` shows it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let go what a sender held whose machine is gone for good, and its journals with it.

    Whoever of it has no end state may have been sent, becomes uncertain and is listed by name. Nobody is sent anything
    again.
    """
    settings = get_settings()
    _check_journals(settings, sender)
    if not yes:
        if as_json:
            raise Invalid("Add --yes: with --json nobody is asked.")
        typer.confirm("Is its machine gone for good, with its `senders` directory?", abort=True)
    (released,) = RpcClient(settings).call(ReleaseClaims(sender=sender), timeout=120).items
    if as_json:
        return show_json(released.model_dump(mode="json"))
    return console.print(f"{released.parts:,} parts are settled. The pages of their mailings list who is uncertain.")


def _check_journals(settings: Settings, sender: str) -> None:
    """A journal that is here says who was sent: it must not be passed over."""
    for name in sorted((settings.state_dir.absolute() / "senders").glob("*/name")):
        if name.read_text() == sender:
            raise Conflict(f"Its journals are here, in {name.parent}: start the sender, and it takes them up.")


def _ago(claim: Claim) -> str:
    return f"{in_words((datetime.now(UTC) - claim.seen_at).total_seconds())} ago" if claim.seen_at else "never seen"
