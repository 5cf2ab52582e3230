"""A cluster with security on: https with an authority of its own, and a key."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from elasticsearch import Elasticsearch

from services.history.index.elastic import ElasticIndexes
from services.history.index.elastic_client import connect_search
from services.history.index.port import IndexAway, Pointer
from services.history.index.queries import EntryQuery
from services.history.records import Folded
from shared.settings import Settings
from tests.elastic.conftest import remove_all
from tests.elastic.front import Front, own_authority, with_the_key
from tests.elastic.node import Node
from tests.history.index_contract import an_entry

pytestmark = pytest.mark.timeout(400)
KEY = "aWQ6c2VjcmV0"
PREFIX = "test-security"


class Secured(NamedTuple):
    """A front with TLS that wants the key, and the authority that vouches for it."""

    url: str
    authority: Path


@pytest.fixture
def front(elastic: Node, client: Elasticsearch, tmp_path: Path) -> Iterator[Secured]:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with: apt-get install openssl")
    authority, context = own_authority(tmp_path)
    with Front(elastic.port, with_the_key(KEY), context).serving() as front:
        yield Secured(front.url, authority)
    remove_all(client, PREFIX)


def through(front: Secured, directory: Path, **settings: object) -> ElasticIndexes:
    asked = {"search_url": front.url, "search_api_key": KEY, "search_ca_file": front.authority} | settings
    return ElasticIndexes(connect_search(Settings.model_validate(asked)), PREFIX, directory)


def test_with_the_key_and_the_authority_everything_works(front: Secured, tmp_path: Path) -> None:
    indexes = through(front, tmp_path)
    writer = indexes.writer(indexes.new_name())
    writer.put([Folded(an_entry("a", body="flu"))], 1)
    writer.commit()
    indexes.serve(Pointer("v1", complete=True))
    assert indexes.serving_reader("v1").search(EntryQuery(q="flu")).total == 1


def test_a_node_whose_certificate_nobody_vouches_for_is_not_told_the_key(front: Secured, tmp_path: Path) -> None:
    with pytest.raises(IndexAway, match="does not answer"):
        through(front, tmp_path, search_ca_file=None).current()


def test_a_wrong_key_is_refused_and_nothing_is_taken_for_lost(front: Secured, tmp_path: Path) -> None:
    with pytest.raises(IndexAway, match="security_exception"):
        through(front, tmp_path, search_api_key="d3Jvbmc6a2V5").current()
