"""The judged searches: what was judged, how good the answers of the search are, and the measure itself."""

import math
from pathlib import Path

import pytest
from pydantic import ValidationError

from bench.judged import demo
from bench.judged.judgements import SETS, Judged, Query, Rule, judged_demo, read_queries
from bench.judged.ndcg import dcg, ndcg
from bench.judged.scores import filled, mean_of, scores
from services.history.index.directory import Indexes
from services.history.records import Folded
from services.history.timeline import fold

GOAL = 0.85


@pytest.fixture(scope="module")
def folded() -> list[Folded]:
    return [fold(each) for each in demo.events()]


@pytest.fixture(scope="module")
def judged(folded: list[Folded]) -> Judged:
    return Judged.of(folded)


def test_the_demo_is_the_one_that_was_judged(judged: Judged) -> None:
    """Otherwise: read the searches' answers anew, and write the new fingerprint into queries.toml."""
    assert judged.fingerprint() == judged_demo()


def test_every_search_has_a_best_answer(judged: Judged) -> None:
    assert [query.q for query in read_queries() if judged.best(query)[:1] != [3]] == []


def test_the_search_finds_what_was_judged_good(folded: list[Folded], judged: Judged, tmp_path: Path) -> None:
    """By tantivy; Elasticsearch gives the same answers (tests/elastic/test_alike.py, bench/relevance.py)."""
    found = scores(filled(Indexes(tmp_path), folded), judged, read_queries())
    assert {name: round(mean_of(found, name), 3) for name in SETS if mean_of(found, name) < GOAL} == {}


def test_an_answer_has_the_grade_of_its_highest_rule(judged: Judged) -> None:
    query = next(each for each in read_queries() if each.q == "mohamed")
    names = {record.id: record.name for record in judged.contacts()}
    grades = {names[id].split()[0]: grade for id, grade in judged.good(query)}
    assert grades == {"Mohamed": 3, "Mohammed": 2, "Mohammad": 2}
    assert judged.grade(query, "eng_00001") == judged.grade(query, "unknown") == 0


@pytest.mark.parametrize(
    "wrong",
    [{"grade": 4, "title": "x"}, {"grade": 3}, {"grade": 2, "title": "("}, {"grade": 2, "titel": "x"}],
)
def test_a_rule_that_says_nothing_or_nonsense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Rule.model_validate(wrong)
    with pytest.raises(ValidationError):
        Query.model_validate({"q": "x", "of": "tuning", "why": "what they are after", "rules": [wrong]})


def test_the_measure_is_that_of_others() -> None:
    """0.7151195094457645 is what OpenSearch expects of its own (NdcgSearchMetricTests of o19s/search-relevance)."""
    grades = [1, 2, 3, 1, 2, 3, 1, 2, 3, 0]
    assert ndcg(grades, grades) == pytest.approx(0.7151195094457645, abs=1e-15)


def test_the_measure_worked_by_hand() -> None:
    found = [3, 2, 3, 0, 1]
    by_hand = 7 / 1 + 3 / math.log2(3) + 7 / 2 + 0 + 1 / math.log2(6)
    assert dcg(found) == pytest.approx(by_hand) == pytest.approx(12.78, abs=0.005)
    overlooked = [*found, 3]
    best = 7 + 7 / math.log2(3) + 7 / 2 + 3 / math.log2(5) + 1 / math.log2(6)
    assert ndcg(found, overlooked, depth=5) == pytest.approx(by_hand / best)


def test_the_measure_at_its_ends() -> None:
    assert ndcg([3, 2, 0], [2, 3]) == 1
    assert ndcg([0, 0], [1]) == ndcg([], [1]) == 0
    with pytest.raises(ValueError, match="no list is better"):
        ndcg([0], [])
