"""A real node of Elasticsearch, and indexes in it that nobody else meets."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from deploy.supervision import NotStarted
from services.history.index.elastic import ElasticIndexes
from services.history.index.elastic_client import connect_search
from shared.settings import Settings
from tests.elastic.node import Node, give_back_shared, take_shared
from tests.elastic.server import ElasticMissing


@pytest.fixture(scope="session")
def elastic() -> Iterator[Node]:
    """The node that all tests share, or a skip that says what is missing."""
    holder = f"tests-{os.getpid()}"
    try:
        node = take_shared(holder)
    except (ElasticMissing, NotStarted) as reason:
        pytest.skip(f"Elasticsearch cannot be had: {reason}")
    yield node
    give_back_shared(holder, node)


@pytest.fixture(scope="session")
def client(elastic: Node) -> Elasticsearch:
    return connect_search(Settings(search_url=elastic.url))


@pytest.fixture
def indexes(client: Elasticsearch, tmp_path: Path) -> Iterator[ElasticIndexes]:
    prefix = f"test-{secrets.token_hex(6)}"
    yield ElasticIndexes(client, prefix, tmp_path / "search")
    remove_all(client, prefix)


def remove_all(client: Elasticsearch, prefix: str) -> None:
    """Every index under the prefix: the cluster deletes none by a pattern."""
    found = list(client.indices.get_alias(index=f"{prefix}-*"))
    if found:
        client.indices.delete(index=found)
