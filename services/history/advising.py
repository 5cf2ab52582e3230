"""What a search that has found nothing, or hardly anything, is told: some twenty small questions to the index."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypedDict

from services.history.asking import Scope, entry_query, taking_part
from services.history.index.port import IndexReader
from services.history.index.queries import EntryQuery
from services.history.loosening import loosen
from services.history.suggesting import LITTLE, suggest
from shared.contracts.history import Looser, SearchHistory, Suggestion


class Advice(TypedDict):
    """As the page of a search has it."""

    suggestion: Suggestion | None
    looser: tuple[Looser, ...]


def advice(index: IndexReader, request: SearchHistory, scope: Scope, total: int, fixed: Sequence[str] = ()) -> Advice:
    """None unless it is asked for and little has been found."""
    if not request.advice or total > LITTLE:
        return {"suggestion": None, "looser": ()}

    def asked(q: str) -> EntryQuery:
        other = entry_query(request.model_copy(update={"q": q}), None, scope)
        return replace(other, limit=1, facets=False)

    def count(other: SearchHistory) -> int:
        whose: Scope = {**scope, "taking_part": taking_part(index, other)}
        return index.search(replace(entry_query(other, None, whose), limit=1, facets=False)).total

    suggestion = suggest(index, request.q, asked, total)
    return {"suggestion": suggestion, "looser": () if total else tuple(loosen(request, fixed, count))}
