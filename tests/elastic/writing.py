"""What the tests of the writing adapter begin with."""

from services.history.index.elastic import ElasticIndexes
from services.history.index.elastic_writer import ElasticWriter
from services.history.records import Folded
from tests.history.index_contract import an_entry


def put(indexes: ElasticIndexes, name: str, *ids: str) -> ElasticWriter:
    """A writer that has committed these."""
    writer = indexes.writer(name)
    assert isinstance(writer, ElasticWriter)
    writer.put([Folded(an_entry(each)) for each in ids], writer.position + len(ids))
    writer.commit()
    return writer
