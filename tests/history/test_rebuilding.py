"""Rebuilds with tantivy: the contract of every engine, and what is on the disk."""

from pathlib import Path

import pytest

from services.history.index.directory import Indexes
from tests.history.rebuild_contract import RebuildContract, Rebuilding


@pytest.fixture
def county(tmp_path: Path) -> Rebuilding:
    return Rebuilding.of(Indexes(tmp_path / "index"))


class TestTantivy(RebuildContract):
    pass
