"""Addresses of pages with their filters: what a link, a chip and a cursor add or take away."""

from collections.abc import Iterable
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

Pairs = Iterable[tuple[str, str]]


def with_query(path: str, params: QueryParams, add: Pairs = (), drop: Pairs = ()) -> str:
    """`path` with the query that is there, less `drop`, plus `add`; always from the first page on.

    A dropped pair with an empty value takes every value of that name.
    """
    gone = set(drop)
    kept = [
        (name, value)
        for name, value in params.multi_items()
        if value and name != "cursor" and (name, value) not in gone and (name, "") not in gone
    ]
    query = urlencode([*kept, *add])
    return f"{path}?{query}" if query else path
