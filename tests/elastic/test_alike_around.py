"""Both engines give the same advice, whatever is asked."""

from dataclasses import replace

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from services.history.advising import Advice, advice
from services.history.asking import entry_query, scope_of
from services.history.index.port import IndexReader
from services.history.index.queries import EntryQuery
from shared.contracts.history import Reader, SearchHistory
from tests.elastic.test_alike import TYPED, Both, both, searches, thorough

__all__ = ["both"]
pytestmark = pytest.mark.timeout(400)
SLIPS = ["clinix", "vaccinaton", "parkng", "okafer", "genrally", "centrr", "annexe", "kind:call", "topic:food", "-flu"]
likes = st.tuples(st.sampled_from(["clinix", "vaccinaton", "parkng", "okafer", "straze", "xyzzy"]), st.integers(1, 2))
readers = st.builds(Reader, sensitive=st.booleans(), partner=st.sampled_from([None, None, "Council"]))
asked = st.builds(
    SearchHistory,
    q=st.lists(st.sampled_from([*SLIPS, *TYPED]), min_size=1, max_size=4).map(" ".join),
    kind=st.sampled_from([(), (), ("call",), ("letter",)]),
    topic=st.sampled_from([(), (), ("access",)]),
    prefix=st.booleans(),
    advice=st.just(True),
    reader=readers,
)


@thorough
@given(query=searches, like=likes)
def test_words_that_are_nearly_there_are_found_alike(both: Both, query: EntryQuery, like: tuple[str, int]) -> None:
    query = replace(query, q="", like=like)
    expected = both.tantivy.search(query)
    event("something" if expected.total else "nothing")
    assert both.elastic.search(query) == expected


@settings(parent=thorough, max_examples=80)
@given(query=searches, limit=st.integers(1, 4))
def test_contacts_are_counted_alike(both: Both, query: EntryQuery, limit: int) -> None:
    assert both.elastic.people(query, limit) == both.tantivy.people(query, limit)


@settings(parent=thorough, max_examples=80)
@given(request=asked)
def test_the_same_advice_is_given(both: Both, request: SearchHistory) -> None:
    expected, found = (_advice(index, request) for index in both)
    event("a suggestion" if expected["suggestion"] else "none")
    event("looser" if expected["looser"] else "not looser")
    assert found == expected


def _advice(index: IndexReader, request: SearchHistory) -> Advice:
    scope = scope_of(index, request)
    return advice(index, request, scope, index.search(entry_query(request, None, scope)).total)
