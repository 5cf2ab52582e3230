"""The Elasticsearch adapter: the contract of the port on a real node."""

import pytest

from services.history.index.elastic import ElasticIndexes
from tests.history.index_contract import IndexContract, IndexUnderTest, an_entry


@pytest.fixture
def index(indexes: ElasticIndexes) -> IndexUnderTest:
    name = indexes.new_name()
    return IndexUnderTest(indexes.writer(name), lambda: indexes.reader(name))


@pytest.mark.timeout(400)  # the first one waits for the node
class TestElastic(IndexContract):
    pass


def test_what_is_stored_is_the_record_alone(indexes: ElasticIndexes) -> None:
    """What the engine stores of a record is the record; the fields that are searched are not kept beside it."""
    index = IndexUnderTest(indexes.writer("v1"), lambda: indexes.reader("v1"))
    index.add(an_entry("a", body="flu"))
    found = indexes._client.search(index=indexes._names.timeline("v1"))["hits"]["hits"]
    assert [set(each["_source"]) for each in found] == [{"stored"}]
