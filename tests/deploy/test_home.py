"""Leases on the shared servers: the last user to leave stops them, and one that died does not count."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.home import Leases, free_port, listens


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("WELLHEARD_HOME", str(tmp_path))
    return tmp_path  # type: ignore[return-value]


def test_a_lease_counts_until_it_is_given_back(tmp_path: Path) -> None:
    leases = Leases("broker")
    leases.take("one", f"dir:{tmp_path}")
    leases.take("two", f"pid:{os.getpid()}")
    assert leases.holders() == ["one", "two"]
    leases.give_back("one")
    assert leases.holders() == ["two"]


def test_a_process_that_ended_holds_nothing() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    Leases("broker").take("dead", f"pid:{ended.pid}")
    assert Leases("broker").holders() == []


def test_a_state_directory_that_was_removed_holds_nothing(tmp_path: Path) -> None:
    Leases("store").take("gone", f"dir:{tmp_path / 'never'}")
    assert Leases("store").holders() == []


def test_leases_of_one_server_are_not_those_of_another(tmp_path: Path) -> None:
    Leases("store").take("one", f"dir:{tmp_path}")
    assert Leases("broker").holders() == []


def test_a_free_port_is_one_that_nobody_listens_on() -> None:
    assert not listens(free_port())
