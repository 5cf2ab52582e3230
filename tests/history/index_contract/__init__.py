"""What every adapter of the index port does: one suite, run on each of them, a module for each theme.

An adapter's test module makes a class of `IndexContract` with a fixture `index` that yields an empty `IndexUnderTest`.
"""

from tests.history.index_contract.around import AroundContract
from tests.history.index_contract.beginnings import BeginningsContract
from tests.history.index_contract.facets import FacetsContract
from tests.history.index_contract.filters import FiltersContract
from tests.history.index_contract.names import NamesContract
from tests.history.index_contract.order import OrderContract
from tests.history.index_contract.readers import ReadersContract
from tests.history.index_contract.snippets import SnippetsContract
from tests.history.index_contract.under_test import IndexUnderTest, a_record, an_entry
from tests.history.index_contract.words import WordsContract
from tests.history.index_contract.writing import WritingContract

__all__ = ["IndexContract", "IndexUnderTest", "a_record", "an_entry"]


class IndexContract(
    WordsContract,
    BeginningsContract,
    FiltersContract,
    ReadersContract,
    FacetsContract,
    AroundContract,
    SnippetsContract,
    OrderContract,
    WritingContract,
    NamesContract,
):
    """Run on every adapter."""
