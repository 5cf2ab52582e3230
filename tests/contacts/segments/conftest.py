"""The contacts service on a bus, for the tests of segments."""

import pytest

from tests.contacts.segments.panel import Panel


@pytest.fixture
def panel() -> Panel:
    return Panel()
