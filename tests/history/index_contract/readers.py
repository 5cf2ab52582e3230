"""What a reader may not see, and single entries."""

from shared.contracts.history import Reader
from tests.history.index_contract.under_test import IndexUnderTest, an_entry


class ReadersContract:
    """What a reader may not see, and single entries."""

    def test_a_reader_without_the_right_never_meets_sensitive_entries(self, index: IndexUnderTest) -> None:
        index.add(an_entry("open", body="flu"), an_entry("closed", body="flu", sensitive=True, topics=("secret",)))
        reader = Reader(sensitive=False)
        assert (index.find("flu", reader=reader), index.total("flu", reader=reader)) == (["open"], 1)
        assert index.facet("topic", reader=reader) == {}
        assert index.reader.entry("closed", reader) is None

    def test_a_partner_meets_its_own_entries_only(self, index: IndexUnderTest) -> None:
        index.add(an_entry("ours", partner="St Agnes"), an_entry("theirs", partner="Council"), an_entry("staff"))
        reader = Reader(partner="St Agnes")
        assert (index.find(reader=reader), index.total(reader=reader)) == (["ours"], 1)
        assert index.facet("partner", reader=reader) == {"St Agnes": 1}
        assert index.reader.entry("theirs", reader) is None
        assert index.find(filters={"partner": ["Council"]}, reader=reader) == []

    def test_an_entry_by_its_id(self, index: IndexUnderTest) -> None:
        entry = an_entry("eng_9", topics=("access",), links=(("https://example.org", None),), mentions=("A neighbour",))
        index.add(entry)
        assert index.reader.entry("eng_9", Reader()) == entry
        assert index.reader.entry("eng_8", Reader()) is None
