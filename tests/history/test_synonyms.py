"""Words that mean the same: read from a list, and put beside what was typed."""

from hypothesis import given
from hypothesis import strategies as st

from services.history.index.analysis import ENGLISH
from services.history.index.synonyms import LIST, Synonyms, read_list

SETS = [["gp", "family doctor", "general practice"], ["doctor", "physician"]]


def expanded(*clauses: str) -> list[list[str]]:
    found = Synonyms(SETS, str.split).expand([tuple(each.split()) for each in clauses])
    return [[" ".join(phrase) for phrase in each] for each in found]


def test_a_word_may_be_any_other_of_its_set_and_comes_first_itself() -> None:
    assert expanded("gp") == [["gp", "family doctor", "general practice"]]
    assert expanded("nurse") == [["nurse"]]


def test_words_in_a_row_and_a_phrase_are_one_member() -> None:
    assert expanded("family doctor") == [["family doctor", "gp", "general practice"]]
    assert expanded("family", "doctor") == [
        ["family", "gp", "general practice"],
        ["doctor", "gp", "general practice", "physician"],
    ]
    assert expanded("doctor", "family") == [["doctor", "physician"], ["family"]]


def test_what_has_no_letter_stays_what_is_found_nowhere() -> None:
    assert expanded("", "gp") == [[""], ["gp", "family doctor", "general practice"]]


def test_a_list_has_a_set_in_each_line_and_comments() -> None:
    assert read_list("# ours\nGP, family doctor # both\n\nalone\na, , b") == [["GP", "family doctor"], ["a", "b"]]


def test_the_list_that_is_shipped_can_be_read_and_no_member_is_lost_in_analysis() -> None:
    sets = read_list(LIST.read_text())
    assert len(sets) > 20
    assert all(ENGLISH.analyze(member) for each in sets for member in each)


@given(st.lists(st.sampled_from(["gp", "family", "doctor", "general", "practice", "nurse", "physician"]), max_size=8))
def test_what_was_typed_is_always_the_first_of_its_alternatives(words: list[str]) -> None:
    assert [each[0] for each in expanded(*words)] == words
