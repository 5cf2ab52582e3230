"""What is put into a real store in whatever order: of each id the highest version stays."""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.collection import Collection

from shared.mongo import connect, insert_new, put_newest
from shared.settings import Settings

pytestmark = pytest.mark.servers
Documents = Collection[dict[str, Any]]
BATCHES = st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(1, 4), max_size=3), max_size=4)
"""Each batch says the version of some ids, each id once."""


@pytest.fixture(scope="module")
def collection(store: Settings) -> Documents:
    return connect(store, f"system_{os.urandom(4).hex()}")["things"]


def document(key: str, version: int, **fields: object) -> dict[str, Any]:
    return {"_id": key, "version": version, **fields}


def test_what_is_new_is_inserted_and_what_is_older_is_replaced_whole(collection: Documents) -> None:
    collection.delete_many({})
    put_newest(collection, [document("a", 1, said="a"), document("b", 2)])
    put_newest(collection, [document("a", 3), document("b", 1, said="older"), document("c", 1)])
    put_newest(collection, [document("a", 3, said="the same version again"), document("b", 2, said="again")])
    put_newest(collection, [])
    found = sorted(collection.find({}), key=lambda each: str(each["_id"]))
    assert found == [document("a", 3), document("b", 2), document("c", 1)]


def test_what_is_only_inserted_stays_as_it_is(collection: Documents) -> None:
    collection.delete_many({})
    assert insert_new(collection, [document("a", 1)]) == set()
    assert insert_new(collection, [document("a", 2), document("b", 1)]) == {"a"}
    assert {each["_id"]: each["version"] for each in collection.find({})} == {"a": 1, "b": 1}


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(BATCHES)
def test_in_any_order_the_highest_version_stays(collection: Documents, batches: list[dict[str, int]]) -> None:
    collection.delete_many({})
    highest: dict[str, int] = {}
    for batch in batches:
        put_newest(collection, [document(key, version) for key, version in batch.items()])
        highest |= {key: max(version, highest.get(key, 0)) for key, version in batch.items()}
    assert {each["_id"]: each["version"] for each in collection.find({})} == highest
