"""A whole instance on real servers, for all stories about it."""

from collections.abc import Iterator

import pytest

from deploy.instance import Instance
from deploy.topology import load_definitions
from shared.messaging import broker
from shared.settings import Settings
from tests.conftest import make_instance


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    instance = make_instance(tmp_path_factory.mktemp("running") / "state")
    instance.start()
    instance.wait_ready()
    yield instance
    instance.remove()


@pytest.fixture
def declared(vhost: Settings) -> Settings:
    """A vhost with every queue of the system and nobody who consumes one."""
    with broker.connection(vhost.amqp_url) as connection:
        broker.declare(connection.channel(), load_definitions())
    return vhost
