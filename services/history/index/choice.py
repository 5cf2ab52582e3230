"""Which search engine an installation has, by its settings."""

from services.history.index.port import IndexSet
from shared.settings import Settings


def engine_of(settings: Settings) -> str:
    """Its name, as `EngineHealth` has it; the engine is not asked."""
    return "elasticsearch" if settings.search_hosts else "tantivy"


def indexes_of(settings: Settings) -> IndexSet:
    """The indexes of this instance. Only the engine that is used is imported."""
    if settings.search_hosts:
        from services.history.index.elastic import ElasticIndexes
        from services.history.index.elastic_client import connect_search

        return ElasticIndexes(
            connect_search(settings), settings.search_prefix, settings.state_dir.absolute() / "search"
        )
    from services.history.index.directory import Indexes

    return Indexes(settings.index_dir)
