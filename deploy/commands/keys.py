"""Keys of partners: HTTP keys, and broker users for partners that speak AMQP."""

import secrets
from typing import Annotated

import typer
from rich.table import Table

from deploy.commands.output import AsJson, console, show_json
from services.web import keys as kept
from shared.mongo import Documents, connect
from shared.settings import get_settings

app = typer.Typer(no_args_is_help=True, help="Keys of partner systems.")
Name = Annotated[str, typer.Option(help="The partner; a second key of the same name is the same partner.")]
Scopes = Annotated[list[str] | None, typer.Option("--scope", help=f"Any of {', '.join(kept.SCOPES)}.")]


def _database() -> Documents:
    return connect(get_settings(), "web")


@app.command()
def create(
    name: Name,
    scope: Scopes = None,
    amqp: Annotated[bool, typer.Option(help="A broker user that may publish to wellheard.partners instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Create a key. It is shown this once and kept as a hash."""
    made = _broker_user(name) if amqp else {"key": kept.create_key(_database(), name, scope or ("events:write",))[0]}
    if as_json:
        return show_json(made)
    for what, value in made.items():
        console.print(f"{what}: {value}", soft_wrap=True, markup=False)
    return None


def _broker_user(name: str) -> dict[str, str]:
    from deploy import broker  # only for the broker of `make up`; elsewhere its operator makes the user

    user, _, vhost = broker.credentials(get_settings().amqp_url)
    password = secrets.token_urlsafe(32)
    made = broker.add_partner(vhost, user, name, password)
    return {"amqp_url": broker.amqp_url(vhost, made, password), "exchange": "wellheard.partners", "user_id": made}


@app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """Every key with its partner and scopes, without the key itself."""
    keys = kept.list_keys(_database())
    if as_json:
        return show_json([{"id": key.key_id, "partner": key.partner, "scopes": key.scopes} for key in keys])
    table = Table("id", "partner", "scopes", "created", "revoked")
    for key in keys:
        revoked = f"{key.revoked_at:%Y-%m-%d}" if key.revoked_at else ""
        table.add_row(key.key_id, key.partner, " ".join(key.scopes), f"{key.created_at:%Y-%m-%d}", revoked)
    return console.print(table)


@app.command()
def revoke(key_id: str) -> None:
    """Refuse a key from now on."""
    key = kept.revoke_key(_database(), key_id)
    console.print(f"The key {key.key_id} of {key.partner} is refused from now on.")
