"""Updates of several documents in one commit, on the real store."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from pymongo import UpdateOne

from shared.mongo import Documents, connect, write_together
from shared.settings import Settings

KEYS = [f"k{number}" for number in range(20)]


@pytest.fixture
def database(store: Settings) -> Iterator[Documents]:
    made = connect(store, "together")
    made["counted"].insert_many([{"_id": key, "count": 0} for key in KEYS])
    yield made
    made.client.drop_database(made.name)


def test_updates_that_go_together_all_arrive_however_many_write_the_same_documents(database: Documents) -> None:
    updates = [UpdateOne({"_id": key}, {"$inc": {"count": 1}}) for key in KEYS]
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(write_together, database["counted"], updates) for _ in range(24)]:
            done.result(30)
    assert {each["count"] for each in database["counted"].find()} == {24}


def test_what_does_not_match_any_more_stays_and_keeps_nobody_back(database: Documents) -> None:
    updates = [UpdateOne({"_id": key, "count": int(key == "k3")}, {"$set": {"count": 7}}) for key in KEYS]
    write_together(database["counted"], updates)
    assert {each["_id"] for each in database["counted"].find({"count": 0})} == {"k3"}
    write_together(database["counted"], [])
