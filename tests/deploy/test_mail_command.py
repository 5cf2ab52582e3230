"""`wellheard mail` shows what senders hold, and passes over no journal that is there."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.commands import app, mail
from shared.contracts.claims import Claim, Claims, ListClaims, ReleaseClaims
from shared.settings import Settings


class Answering:
    """Stands in for the bus."""

    asked: list[object]

    def __init__(self, *_: object) -> None: ...

    def call(self, request: ListClaims | ReleaseClaims, timeout: float = 0) -> Claims:
        Answering.asked.append(request)
        return Claims(items=(Claim(sender="snd_gone", parts=2, recipients=1000),))


@pytest.fixture(autouse=True)
def instance(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    Answering.asked = []
    monkeypatch.setattr(mail, "RpcClient", Answering)
    monkeypatch.setattr(mail, "get_settings", lambda: Settings(state_dir=tmp_path))
    return tmp_path


def run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(app._app, ["mail", *arguments], input=typed)


def test_what_senders_hold_is_shown() -> None:
    done = run("claims")
    assert done.exit_code == 0
    assert "snd_gone" in done.output
    assert "never seen" in done.output


def test_nothing_is_let_go_before_somebody_has_said_yes() -> None:
    assert run("release", "snd_gone", typed="n\n").exit_code != 0
    assert Answering.asked == []
    assert "2 parts are settled" in run("release", "snd_gone", typed="y\n").output
    assert "2 parts are settled" in run("release", "snd_gone", "--yes").output
    assert run("release", "snd_gone", "--json").exit_code != 0


def test_a_sender_whose_journals_are_here_is_to_be_started_instead(instance: Path) -> None:
    folder = instance / "senders" / "0"
    folder.mkdir(parents=True)
    (folder / "name").write_text("snd_gone")
    done = run("release", "snd_gone", "--yes")
    assert "Its journals are here" in str(done.exception)
    assert Answering.asked == []
