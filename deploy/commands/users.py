"""Accounts of the people who work here: the first one is made with this command, the others on the page."""

from collections.abc import Awaitable
from typing import Annotated, TypeVar

import anyio
import typer
from rich.table import Table

from deploy.commands.output import AsJson, console, show_json
from services.web.signin.desk import Desk
from services.web.signin.policy import ROLES
from services.web.signin.repository import MongoSignInStore
from shared.mongo import connect
from shared.settings import get_settings

app = typer.Typer(no_args_is_help=True, help="Accounts of the people who work here.")
OPERATOR = "operator"
T = TypeVar("T")


@app.command()
def create(
    email: Annotated[str, typer.Option(help="What they sign in with.")],
    name: Annotated[str, typer.Option(help="How they are called on pages.")],
    role: Annotated[list[str] | None, typer.Option(help=f"Any of {', '.join(ROLES)}.")] = None,
    as_json: AsJson = False,
) -> None:
    """Open an account. Its temporary password is shown this once, and is to be changed at the first sign-in."""
    desk = _desk()
    account, password = _wait(desk.open_account(email, name, tuple(role or ("administrator",))))
    _wait(desk.note(OPERATOR, "wellheard user create", about=account.account_id))
    if as_json:
        return show_json({"id": account.account_id, "email": account.email, "password": password})
    return console.print(f"{account.email}: {password}", soft_wrap=True, markup=False)


@app.command("list")
def list_accounts(as_json: AsJson = False) -> None:
    """Everybody who has an account."""
    accounts = _wait(_desk().accounts())
    if as_json:
        return show_json(
            [
                {"id": each.account_id, "email": each.email, "roles": each.roles, "active": each.is_active}
                for each in accounts
            ]
        )
    table = Table("id", "e-mail address", "name", "roles", "may sign in")
    for each in accounts:
        table.add_row(each.account_id, each.email, each.name, " ".join(each.roles), "yes" if each.is_active else "no")
    return console.print(table)


@app.command()
def reset(account_id: str) -> None:
    """Give an account another temporary password and sign it out everywhere."""
    desk = _desk()
    password = _wait(desk.reset_password(account_id))
    _wait(desk.note(OPERATOR, "wellheard user reset", about=account_id))
    console.print(password, markup=False)


def _desk() -> Desk:
    store = MongoSignInStore(connect(get_settings(), "web"))
    store.prepare()
    return Desk(store)


def _wait(answer: Awaitable[T]) -> T:
    async def wait() -> T:
        return await answer

    return anyio.run(wait)
