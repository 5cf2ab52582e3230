"""Fixtures of every test: a private instance on real servers, which are started when the first test asks for them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from deploy import broker
from deploy.broker import BrokerMissing
from deploy.instance import Instance
from deploy.store import StoreMissing
from deploy.supervision import NotStarted
from shared.settings import Settings

# Tests never meet the instance of whoever runs them; WELLHEARD_HOME only says where the servers are installed.
for name in [each for each in os.environ if each.startswith("WELLHEARD_") and each != "WELLHEARD_HOME"]:
    del os.environ[name]


SERVERS = {"instance", "running", "store", "vhost", "chromium", "elastic"}
LONGEST = (
    "test_story.py",
    "test_short.py",
    "test_system.py",
    "test_pages.py",
    "test_imports.py",
    "test_openapi.py",
    "test_signin.py",
)
"""Modules whose tests take half a minute and more: begun last, one processor would wait for the other."""
RUNNING = {f"tests/broker/test_{each}.py" for each in ("answering", "away", "erasure", "health", "status")}
"""Modules that use the one instance of their session."""
LAST = ("test_erasure.py",)
"""They leave messages in the quarantine of the instance that they share with others."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that ask for a real server are marked: those of `make test-fast` need none. The longest come first."""
    items.sort(key=lambda item: _turn(item.path.name))
    for item in items:
        if SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker("servers")


@pytest.hookimpl(optionalhook=True)  # without xdist there is one process
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """One process takes all tests of a module, and all modules about the one instance that they share."""
    return _ByInstance(config, log) if config.getvalue("dist") == "loadfile" else None


class _ByInstance(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        module: str = super()._split_scope(nodeid)
        return "tests/broker: running" if module in RUNNING else module


def _turn(module: str) -> int:
    return LONGEST.index(module) if module in LONGEST else len(LONGEST) + (module in LAST)


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """An instance with a vhost of its own on the real broker and a real store of its own; no service runs yet."""
    made = make_instance(tmp_path_factory.mktemp("instance") / "state")
    yield made
    made.remove()


@pytest.fixture(scope="session")
def store(instance: Instance) -> Settings:
    """Settings whose `mongo_url` is a real store that nothing else uses."""
    return instance.settings


@pytest.fixture
def vhost(instance: Instance) -> Iterator[Settings]:
    """Settings with an empty vhost on the real broker for one test, beside the session's store."""
    name, password = f"{instance.name}-{os.urandom(3).hex()}", "vhost-of-one-test"
    broker.add_vhost(name, password)
    yield instance.settings.model_copy(update={"amqp_url": broker.amqp_url(name, name, password)})
    broker.remove_vhost(name)


def make_instance(state_dir: Path, demo: bool = False, search_url: str = "") -> Instance:
    """A private instance, or a skip that says what is missing."""
    try:
        owner = f"pid:{os.getpid()}"
        return Instance.create(state_dir, demo=demo, private_store=True, search_url=search_url, owner=owner)
    except (BrokerMissing, StoreMissing, NotStarted) as reason:
        pytest.skip(f"real servers cannot be had: {reason}")
