"""People who are erased: the command for one, the nightly purge, and what a restored backup needs."""

from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.table import Table

from deploy.commands.output import AsJson, console, show_json
from shared.contracts.erasure import EraseContact, Erasure
from shared.errors import Invalid, NotFound
from shared.messaging.client import RpcClient
from shared.settings import get_settings


def erase(
    contact_id: Annotated[str, typer.Argument(help="The contact to erase, as its address on the page ends.")] = "",
    purge: Annotated[
        bool, typer.Option("--purge", help="Rewrite the search index and parked messages. Run it every night.")
    ] = False,
    register: Annotated[bool, typer.Option("--list", help="Show the register; with --json it can be kept.")] = False,
    again: Annotated[
        Path | None, typer.Option("--again", help="Erase once more who stands in this register: after a restore.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Erase a person from every service. What was said stays, and nobody can tell any more who said it."""
    if sum(map(bool, (contact_id, purge, register, again))) != 1:
        raise Invalid("Say one thing: the id of a contact, --purge, --list, or --again FILE.")
    if purge:
        return _purge(as_json)
    if register:
        return _list(as_json)
    if again is not None:
        return _again(again, as_json)
    return _show([_erase(contact_id)], as_json)


def _erase(contact_id: str) -> Erasure:
    return RpcClient(get_settings()).call(EraseContact(contact_id=contact_id, by="operator"), timeout=60)


def _purge(as_json: bool) -> None:
    """Dead bytes of the index go with the old one; parked messages are put back without the people."""
    from deploy.erasing import clear_mailbox, read_register, redact_parked
    from deploy.rebuilding import rebuild_and_serve

    settings = get_settings()
    known = read_register(settings)
    parked, mail = redact_parked(settings, known), clear_mailbox(settings, known)
    swapped = rebuild_and_serve(settings, purge=True)  # what was begun before may hold more
    if as_json:
        return show_json({"parked": parked, "demo_mail": mail, "entries": swapped.entries})
    return console.print(f"The index has been rewritten ({swapped.entries:,} entries), {parked:,} parked messages too.")


def _list(as_json: bool) -> None:
    from deploy.erasing import erasures

    _show(list(erasures(get_settings())), as_json)


def _again(path: Path, as_json: bool) -> None:
    """Whoever of the register is back in the restored stores is erased once more, found by the contacts' ids."""
    try:
        kept = [Erasure.model_validate(each, extra="ignore") for each in orjson.loads(path.read_bytes())]
    except (OSError, ValueError) as error:
        raise Invalid(f"{path} is no register as `wellheard erase --list --json` prints it: {error}") from None
    erased = []
    for contact_id in dict.fromkeys(each for one in kept for each in one.contact_ids):
        try:
            erased.append(_erase(contact_id))
        except NotFound:  # registered after the backup was made
            continue
    _show(list({each.erasure_id: each for each in erased}.values()), as_json)


def _show(erasures: list[Erasure], as_json: bool) -> None:
    if as_json:
        return show_json([each.model_dump(mode="json") for each in erasures])
    if not erasures:
        return console.print("Nobody has been erased.")
    table = Table("erasure", "contacts", "begun", "state", "texts to decide")
    for each in erasures:
        to_decide = sum(decision == "open" for decision in each.mentions.values())
        table.add_row(
            each.erasure_id, ", ".join(each.contact_ids), f"{each.at:%d %b %Y %H:%M}", each.state, str(to_decide)
        )
    return console.print(table)
