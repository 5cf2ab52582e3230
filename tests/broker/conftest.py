"""A whole instance on real servers, for each module of stories about it."""

from collections.abc import Iterator

import pytest

from deploy.instance import Instance
from tests.conftest import make_instance


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    instance = make_instance(tmp_path_factory.mktemp("running") / "state")
    instance.start()
    instance.wait_ready()
    yield instance
    instance.remove()
