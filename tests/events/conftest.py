"""The repository of engagements, in memory and in the store: the same contract for both."""

import os

import pytest

from services.events.fake import FakeEngagements
from services.events.repository import Engagements, MongoEngagements
from shared.mongo import connect


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.servers)])
def repository(request: pytest.FixtureRequest) -> Engagements:
    if request.param == "fake":
        return FakeEngagements()
    settings = request.getfixturevalue("store")
    return MongoEngagements(connect(settings, f"events_{os.urandom(4).hex()}"))
