"""What a search that has found nothing, or hardly anything, is told: some twenty small questions to the index."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypedDict

from services.history.asking import Scope, entry_query, taking_part
from services.history.index.port import IndexReader
from services.history.index.queries import EntryQuery
from services.history.loosening import loosen, without_filters
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

    def suggested(by: SearchHistory, found: int) -> Suggestion | None:
        def asked(q: str) -> EntryQuery:
            return replace(entry_query(by.model_copy(update={"q": q}), None, scope), limit=1, facets=False)

        return suggest(index, by.q, asked, found)

    def count(other: SearchHistory) -> int:
        whose: Scope = {**scope, "taking_part": taking_part(index, other)}
        return index.search(replace(entry_query(other, None, whose), limit=1, facets=False)).total

    suggestion, wide = suggested(request, total), without_filters(request, fixed)
    if suggestion is None and not total and wide != request and (wider := suggested(wide, total)) is not None:
        suggestion = wider.model_copy(update={"unfiltered": True})
    return {"suggestion": suggestion, "looser": () if total else tuple(loosen(request, fixed, count))}
