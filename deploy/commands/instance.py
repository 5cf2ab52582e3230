"""Commands about the instance as a whole: what runs, whether it adds up, its index, its demo data."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploy.commands.output import AsJson, console, show_json
from shared.errors import Invalid
from shared.settings import get_settings


def run(name: str) -> None:
    """Run one process in the foreground (what the supervisor starts)."""
    from deploy.run import run_process

    run_process(name)


def status(as_json: AsJson = False) -> None:
    """What runs, what waits, and what to do now. The same report as the page /status; works while the web is down."""
    from deploy.commands.status import show_status
    from deploy.status import read_status

    found = read_status(get_settings())
    if as_json:
        seen = {"address": found.address, "ready": found.ready, "supervised": found.supervised}
        return show_json(seen | found.report.model_dump(mode="json"))
    return show_status(found)


def restart() -> None:
    """Restart every process, one after another, with the code of now; nobody is refused meanwhile."""
    from deploy.instance import Instance

    Instance(get_settings().state_dir).restart()
    console.print("Every process has been restarted.")


def seed(
    contacts: Annotated[int, typer.Option(help="How many contacts to register.")] = 1_800,
    engagements: Annotated[int, typer.Option(help="How many engagements to report.")] = 12_000,
    number: Annotated[int, typer.Option("--seed", help="The same number gives the same data.")] = 2014,
) -> None:
    """Load the demo county through the real bus."""
    from deploy.seed.load import load_demo

    load_demo(get_settings(), contacts, engagements, number, Console(highlight=False))


def check(
    as_json: AsJson = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait for everything to settle.")] = 60,
    deep: Annotated[
        bool, typer.Option(help="Compare contents by id, and name what differs, what is parked and what in quarantine.")
    ] = False,
) -> None:
    """Prove that nothing was lost or doubled, and that the index equals the log. Exits with 1 when it is not so."""
    from deploy.check import check as check_now

    report = check_now(get_settings(), wait, deep)
    if as_json:
        show_json(report.to_dict())
    else:
        _show_lines(report.to_dict())
    sys.exit(0 if report.ok else 1)


def _show_lines(found: dict[str, Any], indent: str = "") -> None:
    """A line for each value, and one for each member of a list; lines are never broken, so that they can be copied."""
    for name, value in found.items():
        nested = isinstance(value, dict) and any(isinstance(each, list) for each in value.values())
        told = "" if nested or (isinstance(value, list) and value) else "none" if isinstance(value, list) else value
        console.print(f"{indent}{name:>12}  {told}", markup=False, soft_wrap=True)
        if nested:
            _show_lines(value, indent + " " * 12)
        for each in value if isinstance(value, list) else ():
            line = "  ".join(map(str, each.values())) if isinstance(each, dict) else each
            console.print(f"{indent}{'':14}{line}", markup=False, soft_wrap=True)


def rebuild(
    back: Annotated[bool, typer.Option("--back", help="Let the index serve again that served before.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Remove the index that served before.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build a new index from the log while the old one serves, compare both, then let the new one serve."""
    from deploy.rebuilding import back_to_kept, rebuild_and_serve, remove_kept

    if back and forget:
        raise Invalid("Say one thing: --back or --forget.")
    if forget:
        removed = remove_kept(get_settings())
        told = "The old index was removed." if removed else "No old index was kept."
        return show_json({"removed": removed}) if as_json else console.print(told)
    swapped = back_to_kept(get_settings()) if back else rebuild_and_serve(get_settings())
    if as_json:
        return show_json(swapped.model_dump())
    console.print(f"The {'old' if back else 'new'} index serves: {swapped.entries:,} entries ({swapped.name}).")
    return console.print(
        "The one before is kept: `wellheard rebuild --back` lets it serve again, `--forget` removes it.", markup=False
    )


def reindex(
    source: Annotated[str, typer.Option("--from", help="The engine of now: tantivy or elasticsearch.")],
    target: Annotated[str, typer.Option("--to", help="The other one.")],
    url: Annotated[str, typer.Option(help="What WELLHEARD_SEARCH_URL will be: https://host:9200/prefix.")] = "",
    as_json: AsJson = False,
) -> None:
    """Build the index of another search engine from the log while the present one serves, and compare both."""
    from deploy.rebuilding import reindex as reindex_now

    done = reindex_now(get_settings(), source, target, url)
    if as_json:
        return show_json(done._asdict())
    console.print(
        f"{target} holds {done.entries:,} entries and {done.contacts:,} contacts, the same as the log ({done.name})."
    )
    return console.print(
        f"Now set WELLHEARD_SEARCH_URL={'to what you gave as --url' if url else '(empty)'} for history-projector,"
        " history-search and this command, and restart them; what has come since is caught up. Do it soon: until"
        " then an erasure does not reach the new index. Remove the old one when you are content.",
        soft_wrap=True,
    )


def topology(
    write: Annotated[bool, typer.Option(help="Write deploy/rabbitmq/definitions.json.")] = False,
    as_json: AsJson = False,
) -> None:
    """The broker's exchanges and queues, as the code declares them."""
    from deploy.topology import FILE, derive_definitions, write_definitions

    if write:
        write_definitions()
        return console.print(f"Written: {FILE.relative_to(Path.cwd()) if FILE.is_relative_to(Path.cwd()) else FILE}")
    found = derive_definitions()
    if as_json:
        return show_json(found)
    table = Table("exchange", "routing key", "queue")
    for binding in found["bindings"]:
        table.add_row(binding["source"], binding["routing_key"], binding["destination"])
    return console.print(table)
