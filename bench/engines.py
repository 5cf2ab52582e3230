"""The search engine of a bench: tantivy in the instance's directory, or a real node of Elasticsearch of its own."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

TANTIVY, ELASTIC = "tantivy", "elastic"
JAVA = "-Xms2g -Xmx2g"


def arguments(about: str | None, **numbers: int) -> argparse.Namespace:
    """`--engine`, and an option for each number with its default."""
    parser = argparse.ArgumentParser(description=(about or "").partition("\n")[0])
    parser.add_argument("--engine", choices=(TANTIVY, ELASTIC), default=TANTIVY)
    for name, default in numbers.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default, help=f"{default:,} unless given")
    return parser.parse_args()


@contextmanager
def search_url(engine: str) -> Iterator[str]:
    """What the instance's WELLHEARD_SEARCH_URL is to be: empty, or the URL of a node that ends afterwards."""
    if engine == TANTIVY:
        yield ""
        return
    from tests.elastic.node import Node

    node = Node.create(JAVA)
    node.start()
    try:
        yield f"{node.url}/bench"
    finally:
        node.remove()
