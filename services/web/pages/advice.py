"""What a search that has found nothing, or hardly anything, says: what was probably meant, and what is in its way."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fastapi import Request

from services.web.addresses import with_query
from services.web.entry_words import FILTERS
from shared.contracts.history import HistoryPage, Looser

_EVERY_FILTER = (*(each for each in FILTERS if each != "source"), "from", "to")


@dataclass(frozen=True)
class Way:
    """Another search: how it is called, its address, and what it finds."""

    text: str
    href: str
    total: int
    unfiltered: bool = False


@dataclass(frozen=True)
class Advice:
    """Nothing of either when enough was found."""

    suggestion: Way | None
    looser: tuple[Way, ...]


def advice_of(
    request: Request, page: HistoryPage, sources: Iterable[tuple[str, str]], chosen: Callable[[str], str]
) -> Advice:
    """With the addresses of what is proposed.

    sources: what has to be added so that they ask no fewer services; chosen: the values of a filter in words.
    """
    path, params, kept = request.url.path, request.query_params, list(sources)

    def without(*names: str, q: str = "") -> str:
        return with_query(path, params, [*kept, *([("q", q)] if q else [])], [(name, "") for name in names])

    def way(looser: Looser) -> Way:
        """`text` names the condition that it does without."""
        if looser.condition == "part":
            text = looser.part if looser.part.startswith('"') else f"“{looser.part}”"
            return Way(text, without("q", q=looser.q), looser.total)
        if looser.condition == "period":
            return Way("the dates", without("from", "to"), looser.total)
        if looser.condition == "filters":
            return Way("any filter", without(*_EVERY_FILTER), looser.total)
        title = f"{FILTERS[looser.condition]}: {chosen(looser.condition)}"
        return Way(title, without(looser.condition), looser.total)

    meant = page.suggestion
    if meant is None:
        return Advice(None, tuple(way(each) for each in page.looser))
    left_out = _EVERY_FILTER if meant.unfiltered else ()
    suggestion = Way(meant.q, without("q", *left_out, q=meant.q), meant.total, meant.unfiltered)
    return Advice(suggestion, tuple(way(each) for each in page.looser))
