"""What is put, again, anew and out of order, and what is stored."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from services.history.records import Folded
from tests.history.index_contract.under_test import AT, IndexUnderTest, a_record, an_entry


class WritingContract:
    """What is put, again, anew and out of order, and what is stored."""

    def test_an_empty_index_answers(self, index: IndexUnderTest) -> None:
        assert (index.find(), index.total("flu"), index.names("ann")) == ([], 0, [])
        assert index.reader.counts() == (0, 0)
        assert index.reader.latest() is None

    def test_an_entry_is_replaced_by_a_newer_version(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="flu"))
        index.add(an_entry("a", version=2, body="cold"))
        assert (index.find("flu"), index.find("cold"), index.total()) == ([], ["a"], 1)

    def test_an_older_version_never_overwrites_a_newer_one(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", version=2, body="cold"))
        index.add(an_entry("a", version=1, body="flu"))
        assert (index.find("flu"), index.find("cold"), index.total()) == ([], ["a"], 1)

    @pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
    def test_of_one_batch_the_newest_version_stands(self, index: IndexUnderTest, order: Sequence[int]) -> None:
        index.add(*(an_entry("a", version=n, body=f"word{n}") for n in order))
        assert index.find("word3") == ["a"]
        assert index.total() == 1

    def test_versions_count_before_a_commit_as_well(self, index: IndexUnderTest) -> None:
        index.writer.put([Folded(an_entry("a", version=2, body="cold"))], 1)
        index.writer.put([Folded(an_entry("a", version=1, body="flu")), Folded(an_entry("b"))], 2)
        index.writer.put([Folded(an_entry("b", version=2, body="cold"))], 3)
        index.writer.commit()
        assert (set(index.find("cold")), index.total("flu"), index.total()) == ({"a", "b"}, 0, 2)

    def test_versions_may_be_below_zero(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", version=-2, body="planned"))
        index.add(an_entry("a", version=-1, body="moved"))
        index.add(an_entry("a", version=-2, body="planned"))
        assert (index.find("moved"), index.total()) == (["a"], 1)
        index.add(an_entry("a", version=1, body="held"))
        assert (index.find("held"), index.total()) == (["a"], 1)

    def test_what_is_redacted_before_a_commit_stands_so_afterwards(self, index: IndexUnderTest) -> None:
        index.writer.put([Folded(an_entry("a", title="Of Mary")), Folded(an_entry("b", title="Of Mary"))], 2)
        index.writer.put_again([Folded(an_entry("a", title="Of somebody"))])
        index.writer.put([Folded(an_entry("a", title="Of Mary"))], 3)
        index.writer.commit()
        assert (index.find("mary"), index.find("somebody")) == (["b"], ["a"])

    def test_a_commit_takes_more_than_a_window(self, index: IndexUnderTest) -> None:
        index.add(*(an_entry(f"e{n}", body="long " * 40) for n in range(5_000)))
        assert (index.total("long"), index.reader.counts()) == (5_000, (5_000, 0))

    def test_a_commit_shows_all_that_was_redacted_however_much_it_is(self, index: IndexUnderTest) -> None:
        index.add(*(an_entry(f"e{n}", title="Of Mary") for n in range(5_000)))
        index.writer.put_again([Folded(an_entry(f"e{n}", title="Of somebody")) for n in range(5_000)])
        index.writer.commit()
        assert (index.total("mary"), index.total("somebody")) == (0, 5_000)

    def test_commits_without_anything_new_change_nothing(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a"))
        index.writer.put([], 7)
        index.writer.commit()
        index.writer.commit()
        assert (index.find(), index.writer.position) == (["a"], 7)

    def test_the_same_again_changes_nothing(self, index: IndexUnderTest) -> None:
        entries = [an_entry(str(n)) for n in range(3)]
        index.add(*entries)
        index.add(*entries)
        assert index.total() == 3

    def test_what_is_not_committed_is_not_seen(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a"))
        assert index.total() == 1
        index.writer.put([Folded(an_entry("b"))], 9)
        assert index.total() == 1
        index.writer.commit()
        assert index.total() == 2

    def test_everything_stored_comes_back_as_it_went_in(self, index: IndexUnderTest) -> None:
        whole = an_entry(
            "whole", version=3, body="Text\n‏", topics=("b", "a"), sensitive=True, corrected=True, sentiment="mixed",
            occurred_at=datetime(1900, 1, 1, 0, 0, 0, 1, tzinfo=UTC), contact_ids=("c2", "c1"), names=("Ann",),
        )  # fmt: skip
        contact = a_record("Ann", locality="north", practice="Abbey Lane", groups=("carers",), reported_by=("Council",))
        index.add(whole, *(an_entry(f"e{n:04}") for n in range(1_200)), contact)
        entries = {each.id: each for each in index.reader.entries()}
        assert len(entries) == 1_202
        assert entries["whole"] == whole
        assert list(index.reader.all_contacts()) == [contact]

    def test_counts_and_the_latest_entry(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a"), a_record("Ann"))
        index.add(an_entry("b", occurred_at=AT - timedelta(days=9)))
        assert index.reader.counts() == (3, 1)
        latest = index.reader.latest()
        assert latest is not None
        assert latest.id == "b"

    def test_what_was_redacted_replaces_the_same_version_and_no_newer_one(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", title="Of Mary"), an_entry("b", title="Of Mary", version=2))
        index.writer.put_again([Folded(an_entry("a", title="Of somebody")), Folded(an_entry("b", title="Older"))])
        index.writer.commit()
        assert (index.find("mary"), index.find("somebody"), index.total()) == (["b"], ["a"], 2)
