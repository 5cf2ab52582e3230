"""The `wellheard` command: its groups, and how errors are told."""

import sys

import typer

from deploy.commands import bounce, erasing, instance, keys, mail, parked, quarantine, users
from shared.errors import WellheardError

_app = typer.Typer(no_args_is_help=True, add_completion=False, help="Looks after one instance of Wellheard.")
_app.add_typer(mail.app, name="mail")
_app.add_typer(parked.app, name="parked")
_app.add_typer(quarantine.app, name="quarantine")
_app.add_typer(keys.app, name="key")
_app.add_typer(users.app, name="user")
for _command in (
    instance.run,
    bounce.bounce,
    instance.status,
    instance.restart,
    instance.seed,
    instance.check,
    instance.rebuild,
    instance.reindex,
    erasing.erase,
    instance.topology,
):
    _app.command()(_command)


def app() -> None:
    """Run the command; what the caller can do something about is a sentence, not a traceback."""
    try:
        _app()
    except WellheardError as error:
        print(error.detail or error.title, file=sys.stderr)  # noqa: T201
        sys.exit(1)
