"""A short selection of the fault matrix, in three minutes, four on the default store; `make faults` plays all of it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.broker import BINARIES
from deploy.instance import CHECKOUT

SELECTION = (
    "kill-contacts:8",
    "kill-events:2",
    "kill-history-projector:9",
    "kill-web:1",
    "broker-killed:0",
    "store-killed:0",
    "thrice:0",
    "poison:0",
)
pytestmark = [pytest.mark.servers, pytest.mark.timeout(920)]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The runs of the selection, by `scenario:seed`; played by a process of its own, on servers of its own."""
    if not (BINARIES / "rabbitmq-server").exists():
        pytest.skip("RabbitMQ is not installed")
    path: Path = tmp_path_factory.mktemp("faults") / "results.jsonl"
    beside = ("--beside", "2")  # other tests run meanwhile
    command = [sys.executable, "-m", "tests.faults", "--results", str(path), *beside, "--only", *SELECTION]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=900, check=False)
    assert path.exists(), done.stdout + done.stderr
    runs = [json.loads(line) for line in path.read_text().splitlines()]
    return {f"{each['scenario']}:{each['seed']}": each for each in runs}


@pytest.mark.parametrize("run", SELECTION)
def test_nothing_is_lost_and_nothing_counts_twice(run: str, results: dict[str, dict[str, Any]]) -> None:
    assert run in results, f"it was not played; played: {', '.join(results)}"
    found = results[run]
    if found["skipped"]:
        pytest.skip(found["skipped"])
    assert found["problems"] == []
    assert found["lost"] == found["twice"] == found["limbo"] == 0
