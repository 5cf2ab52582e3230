"""Contacts, by name as one types and by id."""

from dataclasses import replace

import pytest

from services.history.index.queries import NameQuery, Place
from tests.history.index_contract.under_test import IndexUnderTest, a_record, an_entry


class NamesContract:
    """Contacts, by name as one types and by id."""

    def test_every_word_of_a_name_may_be_a_beginning(self, index: IndexUnderTest) -> None:
        index.add(a_record("Mary Okafor"), a_record("Martin Okoro"), a_record("Mary Smith"))
        assert index.names("ma ok") == ["Martin Okoro", "Mary Okafor"]
        assert index.names("oka mar") == ["Mary Okafor"]

    def test_three_letters_find_a_name(self, index: IndexUnderTest) -> None:
        index.add(a_record("Mary Okafor"), a_record("Peter Jones"))
        assert index.names("oka") == ["Mary Okafor"]

    def test_accents_and_case_do_not_matter_in_names(self, index: IndexUnderTest) -> None:
        index.add(a_record("Zoë Brönte"), a_record("José Núñez"))
        assert index.names("zoe bronte") == index.names("ZOË") == ["Zoë Brönte"]
        assert index.names("nunez") == ["José Núñez"]

    def test_typos_are_forgiven_by_the_length_of_the_word(self, index: IndexUnderTest) -> None:
        index.add(a_record("Ann Okafor"), a_record("Guy Featherstonehaugh"), a_record("Bo Att"))
        for one_typo in ("okafro", "okafr", "pkafor"):
            assert index.names(one_typo) == ["Ann Okafor"], one_typo
        for two_typos_in_a_long_word in ("featherstnehagh", "fetherstnehaugh"):
            assert index.names(two_typos_in_a_long_word) == ["Guy Featherstonehaugh"]
        assert index.names("ojaffo") == []  # two typos in six letters
        assert index.names("ott") == []  # one in three

    def test_letters_that_changed_places_are_one_typo(self, index: IndexUnderTest) -> None:
        index.add(a_record("Ann Marsh"))
        assert index.names("masrh") == ["Ann Marsh"]
        assert index.names("amrsh") == ["Ann Marsh"]

    def test_typos_are_forgiven_in_a_beginning_as_well(self, index: IndexUnderTest) -> None:
        index.add(a_record("Guy Featherstonehaugh"), a_record("Ann Li"))
        assert index.names("faeth") == index.names("fethers") == ["Guy Featherstonehaugh"]

    def test_however_many_names_are_alike_all_are_found(self, index: IndexUnderTest) -> None:
        letters = "abcdefghijklmnopqrstuvwxyz"
        index.add(*(a_record(f"M{a}rs{b}") for a in letters for b in letters[:10]))
        assert index.reader.find_contacts(NameQuery(q="mars")).total == 260
        assert index.reader.find_contacts(NameQuery(q="marsh")).total == 26 + 10 - 1

    def test_a_word_twice_is_a_word_once(self, index: IndexUnderTest) -> None:
        index.add(a_record("Ann Ann"), a_record("Ann Lee"))
        assert index.names("ann ann") == ["Ann Ann", "Ann Lee"]

    def test_exact_names_come_first_then_beginnings_then_typos(self, index: IndexUnderTest) -> None:
        index.add(a_record("Ann Marsh"), a_record("Bob Marshall"), a_record("Cat March"))
        assert index.names("marsh") == ["Ann Marsh", "Bob Marshall", "Cat March"]

    def test_organisations_are_found_by_name(self, index: IndexUnderTest) -> None:
        index.add(a_record("St Agnes Hospital", kind="organisation"), a_record("Agnes Brown"))
        assert index.names("agnes hosp") == ["St Agnes Hospital"]

    def test_names_with_apostrophes_and_hyphens(self, index: IndexUnderTest) -> None:
        index.add(a_record("Siobhán O’Brien-Lee"))
        assert index.names("o'brien") == index.names("brien lee") == ["Siobhán O’Brien-Lee"]

    def test_without_a_query_all_contacts_by_name(self, index: IndexUnderTest) -> None:
        index.add(a_record("Zed"), a_record("ann"), a_record("Åke"), a_record("Bob Z"), a_record("Bob A"))
        assert index.names() == ["Åke", "ann", "Bob A", "Bob Z", "Zed"]

    def test_names_that_begin_alike_for_long_are_in_order(self, index: IndexUnderTest) -> None:
        names = [f"Bartholomew Featherstonehaugh {n:02} of Nowhere" for n in range(70)]
        index.add(*(a_record(each) for each in names[::-1]))
        assert index.names("bart", limit=10) == index.names(limit=10) == names[:10]
        after = index.reader.find_contacts(NameQuery(q="bart", limit=10)).next
        assert index.names("bart", limit=40, after=after) == names[10:50]

    @pytest.mark.parametrize("q", ["", "ann"])
    def test_a_walk_over_names_meets_everyone_once_also_with_equal_names(self, index: IndexUnderTest, q: str) -> None:
        index.add(*(a_record("Ann Lee" if n % 2 else "Anne Li", id=f"con_{n}") for n in range(17)))
        seen: list[str] = []
        after: Place | None = None
        while True:
            page = index.reader.find_contacts(NameQuery(q=q, limit=5, after=after))
            assert page.total == 17
            seen += [each.id for each in page.contacts]
            if (after := page.next) is None:
                break
        assert sorted(seen) == sorted(f"con_{n}" for n in range(17))

    def test_the_cursor_of_names_holds_no_name(self, index: IndexUnderTest) -> None:
        index.add(a_record("Ann", id="con_1"), a_record("Bob", id="con_2"))
        assert index.reader.find_contacts(NameQuery(limit=1)).next == Place(0, "con_1")

    def test_contacts_are_filtered(self, index: IndexUnderTest) -> None:
        index.add(a_record("Ann A", locality="north", groups=("carers", "mps")), a_record("Ann B", locality="south"))
        assert index.names("ann", filters={"locality": ["north"]}) == ["Ann A"]
        assert index.names(filters={"group": ["mps", "media"]}) == ["Ann A"]

    def test_a_partner_finds_the_contacts_it_has_named(self, index: IndexUnderTest) -> None:
        index.add(a_record("Ann A", reported_by=("St Agnes", "Council")), a_record("Ann B"))
        page = index.reader.find_contacts(NameQuery(q="ann", partner="Council"))
        assert ([each.name for each in page.contacts], page.total) == (["Ann A"], 1)

    def test_a_contact_that_was_taken_back_is_named_and_not_found(self, index: IndexUnderTest) -> None:
        index.add(a_record("Ann Lee", id="con_1"), a_record("Ann Moss", id="con_2"))
        index.add(a_record("Ann Lee", id="con_1", version=2, withdrawn=True))
        assert index.names("ann") == ["Ann Moss"]
        assert index.reader.contacts(["con_1"])["con_1"].name == "Ann Lee"

    def test_a_new_name_takes_the_place_of_the_old(self, index: IndexUnderTest) -> None:
        ann = a_record("Ann Leigh", id="con_1")
        index.add(ann)
        index.add(replace(ann, version=2, name="Ann Lee"))
        index.add(ann)
        assert (index.names("leigh"), index.names("lee")) == ([], ["Ann Lee"])

    def test_a_contact_that_was_merged_is_named_and_not_found(self, index: IndexUnderTest) -> None:
        index.add(a_record("Ann Lee", id="con_1", merged_into="con_2"), a_record("Ann Lee", id="con_2"))
        assert index.reader.find_contacts(NameQuery(q="ann")).total == 1
        assert index.reader.contacts(["con_1"])["con_1"].merged_into == "con_2"

    def test_many_contacts_by_their_ids(self, index: IndexUnderTest) -> None:
        index.add(*(a_record(f"Ann {n}", id=f"con_{n}") for n in range(40)))
        found = index.reader.contacts([f"con_{n}" for n in range(2_500)])
        assert len(found) == 40

    def test_contacts_with_both_words_of_a_pair_in_their_names(self, index: IndexUnderTest) -> None:
        index.add(a_record("Ann Lee"), a_record("Lee Ann Moss"), a_record("Annette Lee"), a_record("Bob Moss"))
        index.add(a_record("Ann Lee", id="con_9", withdrawn=True), a_record("Ann Lee", id="con_8", merged_into="con_9"))

        def named(*pairs: tuple[str, str], limit: int = 10) -> list[str]:
            return [each.name for each in index.reader.namesakes(pairs, limit)]

        assert named(("ann", "lee")) == named(("lee", "ann")) == ["Ann Lee", "Lee Ann Moss"]
        assert named(("bob", "moss"), ("annette", "lee"), ("no", "body")) == ["Annette Lee", "Bob Moss"]
        assert named(("ann", "lee"), limit=1) == ["Ann Lee"]

    def test_contacts_by_their_ids(self, index: IndexUnderTest) -> None:
        ann, bob = a_record("Ann", id="con_1"), a_record("Bob", id="con_2")
        index.add(ann, bob, an_entry("con_3"))
        assert index.reader.contacts(["con_2", "con_3", "con_1"]) == {"con_1": ann, "con_2": bob}
        assert index.reader.contacts([]) == {}
