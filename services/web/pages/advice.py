"""What a search that has found nothing, or hardly anything, says: what was probably meant, and what is in its way."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fastapi import Request

from services.web.addresses import with_query
from services.web.entry_words import FILTERS
from shared.contracts.history import HistoryPage, Looser


@dataclass(frozen=True)
class Way:
    """Another search: how it is called, its address, and what it finds."""

    text: str
    href: str
    total: int


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
            names = (each for each in (*FILTERS, "from", "to") if each != "source")
            return Way("any filter", without(*names), looser.total)
        title = f"{FILTERS[looser.condition]}: {chosen(looser.condition)}"
        return Way(title, without(looser.condition), looser.total)

    meant = page.suggestion
    suggestion = Way(meant.q, without("q", q=meant.q), meant.total) if meant else None
    return Advice(suggestion, tuple(way(each) for each in page.looser))
