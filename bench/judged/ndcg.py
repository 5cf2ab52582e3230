"""How good a list of answers is: normalised discounted cumulative gain.

The gain of an answer of grade g is 2**g - 1, that on place i (from 1) counts 1 / log2(i + 1) of it, and 1 is the best
list that there could be. As C. Burges et al. have it: Learning to Rank using Gradient Descent, ICML 2005, section 6;
K. Järvelin and J. Kekäläinen, ACM TOIS 20 (4), 2002, for the idea.
"""

from collections.abc import Iterable, Sequence
from math import log2

DEPTH = 10


def dcg(grades: Iterable[int]) -> float:
    """Of the grades in the order of the list.

    >>> round(dcg([3, 2, 0]), 3)
    8.893
    """
    return sum((2.0**grade - 1) / log2(place + 1) for place, grade in enumerate(grades, 1))


def ndcg(found: Sequence[int], good: Sequence[int], depth: int = DEPTH) -> float:
    """Of the grades that were found, in their order, where `good` are those of all answers, or at least of the best.

    Raises ValueError when no answer is any good.

    >>> ndcg([3, 0], [3]), round(ndcg([0, 3], [3]), 3)
    (1.0, 0.631)
    """
    best = dcg(sorted(good, reverse=True)[:depth])
    if not best:
        raise ValueError("nothing is a good answer, so no list is better than another")
    return dcg(found[:depth]) / best
