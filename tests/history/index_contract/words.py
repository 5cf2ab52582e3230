"""Words, phrases and what must not occur."""

from datetime import timedelta

from services.history.index.queries import EntryQuery
from tests.history.index_contract.under_test import AT, IndexUnderTest, a_record, an_entry

ODD_QUERIES = [
    '"flu', 'flu"', '"', '""', "flu AND", "OR", "NOT flu", "title:flu", "fl*", "[a TO b]", "{", "flu^2", "flu~",
    "(flu", "flu)", "\\", "/flu/", "+flu -jab", "\x00", "‏flu‎", "'", "a" * 500, '" " "', "🙂", "flu:", "<b>",
]  # fmt: skip


class WordsContract:
    """Words, phrases and what must not occur."""

    def test_an_empty_query_finds_everything(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a"), an_entry("b"))
        assert index.total("") == index.total("  ") == 2

    def test_words_that_mean_the_same_are_found_by_each_other(self, index: IndexUnderTest) -> None:
        index.add(
            an_entry("a", title="A long wait at A&E"),
            an_entry("b", title="The emergency department was full"),
            an_entry("c", title="The department of an emergency planner"),
            an_entry("d", title="Waiting", body="My family doctor sent me to the emergency departments."),
            an_entry("e", title="My GP rang"),
        )
        assert set(index.find("A&E")) == set(index.find('"A&E"')) == {"a", "b", "d"}
        assert set(index.find('"emergency department"')) == {"a", "b", "d"}
        assert set(index.find("emergency department")) == {"a", "b", "c", "d"}
        assert set(index.find("general practice")) == {"d", "e"}
        assert index.find("gp a&e") == ["d"]
        assert index.facet("kind", q="family doctor") == {"conversation": 2}
        assert index.find("wait emergency department", sort="newest", prefix=True) != []

    def test_words_phrases_and_values_that_must_not_occur_take_entries_away(self, index: IndexUnderTest) -> None:
        index.add(
            an_entry("a", title="Parking at the day centre", kind="call", topics=("Parking", "Buses")),
            an_entry("b", title="Parking in town", kind="complaint", topics=("Parking",)),
            an_entry("c", title="The centre by day", kind="call"),
        )
        assert set(index.find(without=("parked",))) == {"c"}
        assert set(index.find("centre", without=("day centre",))) == {"c"}
        assert set(index.find(without=("day centre", "town"))) == {"c"}
        assert set(index.find("parking", without_values={"topic": ["Buses", "Trains"]})) == {"b"}
        assert index.find(without_values={"kind": ["call"]}, filters={"kind": ["call"]}) == []
        assert set(index.find(without=("?",))) == {"a", "b", "c"}
        assert index.facet("kind", q="parking", without=("town",)) == {"call": 1}

    def test_all_words_are_required_in_any_order(self, index: IndexUnderTest) -> None:
        index.add(an_entry("both", body="The bus stop near the surgery"), an_entry("one", body="The bus was late"))
        assert index.find("surgery bus") == ["both"]

    def test_words_are_found_in_title_body_names_and_topics(self, index: IndexUnderTest) -> None:
        index.add(
            an_entry("title", title="Podiatry appointments"),
            an_entry("body", body="She asked about podiatry."),
            an_entry("names", names=("Podiatry Users Group",)),
            an_entry("topics", topics=("podiatry",)),
            an_entry("other"),
        )
        assert set(index.find("podiatry")) == {"title", "body", "names", "topics"}

    def test_words_may_stand_in_different_parts(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", title="Flu jabs", body="at the day centre", names=("Mary Okafor",)))
        assert index.find("okafor flu centre") == ["a"]

    def test_words_are_stemmed(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="Vaccinations were postponed"))
        assert index.find("vaccination postpone") == ["a"]

    def test_little_words_are_not_needed_when_one_says_so(self, index: IndexUnderTest) -> None:
        index.add(
            an_entry("a", title="Parking, Eastmere"), an_entry("b", title="Parking"), an_entry("c", title="At the")
        )
        assert index.find("parking at the Eastmere") == []
        assert index.find("parking at the Eastmere", need="telling") == ["a"]
        assert set(index.find("at the parking", need="telling", prefix=True)) == {"a", "b"}
        assert index.find("at the", need="telling") == ["c"]
        assert index.find('"at the" parking', need="telling") == []
        ((_, snippet),) = index.reader.search(EntryQuery(q="the parking", need="telling", limit=1)).hits
        assert "<mark>" not in snippet

    def test_a_name_stands_where_somebody_of_that_name_took_part(self, index: IndexUnderTest) -> None:
        hour = timedelta(hours=1)
        index.add(
            an_entry("written", title="Call", names=("Ann Lee",), contact_ids=("con_1",)),
            an_entry("by id", title="Parking", contact_ids=("con_2", "con_1"), occurred_at=AT + hour),
            an_entry("other", title="Parking", contact_ids=("con_2",)),
            an_entry("lee", title="Call", body="The Lee has flooded."),
        )
        whom = {"named": {("ann", "lee"): ("con_1", "con_1b")}}
        assert index.find("ann lee") == ["written"]
        assert index.find("ann lee", **whom) == index.walk(1, q="Ann Lee", **whom) == ["by id", "written"]
        assert set(index.find('"Ann Lee"', **whom)) == {"by id", "written"}
        assert index.find("ann lee parking", **whom) == ["by id"]
        assert index.find("lee", **whom) == ["written", "lee"]
        assert index.find("lee ann", **whom) == ["written"]
        assert index.facet("kind", q="ann lee", **whom) == {"conversation": 2}

    def test_most_of_the_words_are_half_of_them_and_all_but_three(self, index: IndexUnderTest) -> None:
        four = "nurse doctor porter matron"
        index.add(*(an_entry(str(n), title="Call", body=" ".join(four.split()[:n])) for n in range(5)))
        assert set(index.find(four, need="most")) == {"2", "3", "4"}
        assert index.find(four)[0] == "4"
        assert set(index.find("nurse doctor", need="most")) == {"1", "2", "3", "4"}
        assert index.find("porter", need="most") == index.find("porter")
        assert index.total("", need="most") == 5
        assert index.find("?!", need="most") == []
        index.add(an_entry("long", body=" ".join(f"word{n}" for n in range(10))))
        found = {n: index.total(" ".join(f"word{each + n}" for each in range(10)), need="most") for n in (3, 4)}
        assert found == {3: 1, 4: 0}

    def test_the_more_words_are_there_the_earlier(self, index: IndexUnderTest) -> None:
        index.add(
            an_entry("three", title="Call", body="nurse doctor porter"),
            an_entry("three in the title", title="Nurse, doctor, porter"),
            an_entry("two", title="Nurse and doctor", body="", occurred_at=AT + timedelta(days=1)),
        )
        ranked = ["three in the title", "three", "two"]
        four = "nurse doctor porter matron"
        assert index.find(four, need="most") == index.walk(1, q=four, need="most") == ranked
        assert index.find(four, need="most", sort="newest")[0] == "two"
        assert index.facet("kind", q=four, need="most") == {"conversation": 3}

    def test_a_word_that_is_being_typed_counts_among_most(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", title="Call", body="vaccination at the market"))
        assert index.find("flu vacc", need="most", prefix=True) == ["a"]
        assert index.find("flu vacc", need="most") == []

    def test_case_and_accents_do_not_matter(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="Zoë visited the CAFÉ"))
        assert index.find("zoe café") == index.find("ZOË cafe") == ["a"]

    def test_a_phrase_is_found_as_it_stands(self, index: IndexUnderTest) -> None:
        index.add(an_entry("phrase", body="the day centre closed"), an_entry("words", body="centre open each day"))
        assert index.find('"day centre"') == ["phrase"]
        assert set(index.find("day centre")) == {"phrase", "words"}

    def test_a_phrase_goes_with_words(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="the day centre closed early"), an_entry("b", body="the day centre was full"))
        assert index.find('closed "day centre"') == ["a"]

    def test_a_phrase_does_not_run_from_one_part_into_the_next(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", title="About the flu", body="clinic closed"))
        assert index.find('"flu clinic"') == []

    def test_a_word_with_a_hyphen_or_an_apostrophe_is_found_as_written(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="Mrs O'Brien used the walk-in centre"), an_entry("b", body="walk on, come in"))
        assert index.find("O'Brien") == index.find("walk-in") == ["a"]

    def test_no_query_is_an_error(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="flu"), a_record("Flu Ann"))
        for q in ODD_QUERIES:
            assert index.total(q) in (0, 1, 2), q
            assert index.total(q, prefix=True) in (0, 1, 2), q
            assert len(index.names(q)) in (0, 1), q

    def test_an_open_quote_runs_to_the_end(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="the day centre"), an_entry("b", body="centre by day"))
        assert index.find('"day centre') == ["a"]

    def test_punctuation_alone_finds_nothing_and_quotes_alone_everything(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a"))
        assert (index.total("?!"), index.total('""'), index.total('"')) == (0, 1, 1)

    def test_a_body_of_100_000_characters_is_found_by_its_last_word(self, index: IndexUnderTest) -> None:
        index.add(an_entry("long", body="waiting " * 12_499 + "gangway"))
        assert index.find("gangway") == ["long"]
        assert "<mark>gangway</mark>" in index.snippet("gangway")

    def test_a_body_without_a_space_is_no_error(self, index: IndexUnderTest) -> None:
        index.add(an_entry("long", body="x" * 100_000))
        assert index.find("parking") == ["long"]

    def test_no_phrase_runs_across_what_is_too_long_to_be_a_word(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", title="Call", body="flu " + "x" * 300 + " clinic"), an_entry("b", body="flu clinic"))
        assert index.find('"flu clinic"') == ["b"]
        assert set(index.find("flu clinic")) == {"a", "b"}

    def test_a_phrase_of_one_topic_or_name_is_found(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", topics=("patient transport", "parking")), an_entry("b", names=("Transport Parking",)))
        assert index.find('"patient transport"') == ["a"]
        assert index.find('"transport parking"') == ["b"]

    def test_other_scripts_are_words_too(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="Здравствуйте, 你好 নমস্কার"), an_entry("b", body="hello"))
        assert index.find("здравствуйте") == index.find("你好") == ["a"]
