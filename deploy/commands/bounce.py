"""Takes a report that a mail server pipes here, and hands it on."""

import sys
from typing import Annotated

import typer

from deploy.commands.output import AsJson, console, show_json
from shared.contracts.bounces import MAX_MESSAGE, ReportBounce
from shared.errors import Unavailable
from shared.messaging.client import RpcClient
from shared.settings import get_settings

TRY_AGAIN = 75
"""EX_TEMPFAIL of sysexits: the mail server keeps the report and pipes it again."""


def bounce(
    recipient: Annotated[str, typer.Option(help="The address it was sent to; else it is found in the message.")] = "",
    as_json: AsJson = False,
) -> None:
    """Read a report from standard input: a message that came back, or a complaint. For a mail server's pipe.

    Ends with 75 when it cannot be heeded now. A report stands at the beginning of a message: of a long one the first
    megabyte is read.
    """
    message = sys.stdin.buffer.read(MAX_MESSAGE).decode("latin-1")
    try:
        receipt = RpcClient(get_settings()).call(ReportBounce(recipient=recipient[:320], message=message))
    except Unavailable as error:
        console.print(error.detail)
        raise typer.Exit(TRY_AGAIN) from None
    if as_json:
        return show_json(receipt.model_dump())
    return console.print(receipt.outcome)
