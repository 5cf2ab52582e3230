"""`wellheard bounce` takes a report from a pipe, and says to the mail server when to come again."""

from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.commands import app, bounce
from shared.contracts.bounces import MAX_MESSAGE, BounceReceipt, ReportBounce
from shared.errors import Unavailable


class Reporting:
    """Stands in for the bus: keeps what it was asked."""

    asked: list[ReportBounce]
    is_away = False

    def __init__(self, *_: object) -> None: ...

    def call(self, request: ReportBounce) -> BounceReceipt:
        if Reporting.is_away:
            raise Unavailable("The notifications service does not answer.")
        Reporting.asked.append(request)
        return BounceReceipt(outcome="bounced")


@pytest.fixture(autouse=True)
def reporting(monkeypatch: pytest.MonkeyPatch) -> None:
    Reporting.asked, Reporting.is_away = [], False
    monkeypatch.setattr(bounce, "RpcClient", Reporting)


def pipe(content: bytes, *arguments: str) -> Result:
    return CliRunner().invoke(app._app, ["bounce", *arguments], input=content)


def test_a_report_is_handed_on_byte_by_byte() -> None:
    raw = bytes(range(256))
    done = pipe(raw, "--recipient", "bounce-x@example.org")
    assert (done.exit_code, done.output) == (0, "bounced\n")
    (asked,) = Reporting.asked
    assert asked.message.encode("latin-1") == raw
    assert asked.recipient == "bounce-x@example.org"


def test_of_a_long_message_the_beginning_is_read() -> None:
    pipe(b"x" * (MAX_MESSAGE + 10))
    assert len(Reporting.asked[0].message) == MAX_MESSAGE


def test_while_it_cannot_be_heeded_the_mail_server_is_to_pipe_it_again() -> None:
    Reporting.is_away = True
    done: Any = pipe(b"x")
    assert done.exit_code == 75
