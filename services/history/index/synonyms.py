"""Words that mean the same, read from a list that the body edits; expanded in the query, alike for every engine."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

Phrase = tuple[str, ...]
"""Terms in a row, as they are indexed."""
LIST = Path(__file__).parent / "synonyms.txt"
_LONGEST = 6
"""Words in a row of a query that are looked up together, at most."""


class Synonyms:
    """Sets of phrases that stand for each other.

    >>> Synonyms([["gp", "family doctor"]], str.split).expand([("my",), ("family",), ("doctor",)])
    [[('my',)], [('family',), ('gp',)], [('doctor',), ('gp',)]]
    """

    def __init__(self, sets: Iterable[Sequence[str]], analyse: Callable[[str], list[str]]) -> None:
        self._others: dict[Phrase, list[Phrase]] = {}
        for each in sets:
            members = list(dict.fromkeys(phrase for member in each if (phrase := tuple(analyse(member)))))
            for phrase in members:
                known = self._others.setdefault(phrase, [])
                known += [other for other in members if other != phrase and other not in known]

    def expand(self, clauses: Sequence[Phrase]) -> list[list[Phrase]]:
        """Of each word or phrase of a query, what may stand in its place; itself first.

        Words in a row that are one member together are replaced together: each of them may be one of the others.
        """
        found = [[clause] for clause in clauses]
        for start in range(len(clauses)):
            for end in range(start + 1, min(start + _LONGEST, len(clauses)) + 1):
                if not clauses[end - 1]:  # it is found nowhere, whatever stands beside it
                    break
                joined = tuple(term for clause in clauses[start:end] for term in clause)
                for place in range(start, end):
                    found[place] += [each for each in self._others.get(joined, ()) if each not in found[place]]
        return found


def read_list(text: str) -> list[list[str]]:
    """The sets of a list: a line each, members parted by commas, `#` begins a comment."""
    lines = (line.partition("#")[0] for line in text.splitlines())
    return [members for line in lines if len(members := [each.strip() for each in line.split(",") if each.strip()]) > 1]
