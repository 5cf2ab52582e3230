"""How well a record matches: the tiers of a search, the same for every engine, made of what each of them can ask."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from services.history.index.analysis import ENGLISH, Clause, Words
from services.history.index.queries import Pair
from services.history.index.words import fold_name, typos

Query = TypeVar("Query")
_MOST_MISSING = 3
"""Words of a search that may be missing, however long it is."""


class Engine(Protocol[Query]):
    """What an engine can ask; a module of functions will do."""

    def everything(self) -> Query: ...

    def nothing(self) -> Query: ...

    def term(self, field: str, value: object) -> Query:
        """The value as it stands."""
        ...

    def among(self, field: str, values: Sequence[str]) -> Query:
        """One of the values as it stands."""
        ...

    def phrase(self, field: str, words: Sequence[str]) -> Query:
        """Two words or more, one after another."""
        ...

    def begins(self, field: str, beginning: str, typos: int = 0) -> Query:
        """A word of `words` or `name` that begins so, with this many typos in its beginning at most."""
        ...

    def every(self, queries: Sequence[Query]) -> Query: ...

    def at_least(self, count: int, queries: Sequence[Query]) -> Query:
        """What so many of them find; count: from 1 on."""
        ...

    def either(self, queries: Sequence[Query]) -> Query: ...


def entry_tiers(engine: Engine[Query], words: Words, sort: str) -> list[Query]:
    """Relevance: the better the title and the names say it, the earlier; then the texts, then beginnings of words.

    Within each the newest first. Not BM25: its scores move with every new arrival, and a cursor that rests on them
    loses entries. The last tier is all that is found.
    """
    tiers = _most_words(engine, words) if words.need == "most" else _all_words(engine, words)
    return tiers if words.clauses and sort == "relevance" else tiers[-1:]


def _all_words(engine: Engine[Query], words: Words) -> list[Query]:
    """In a row in the title; in title and names; at least half of them there, and the others in the text; there."""
    in_head, in_text = (_each_of(engine, field, words.telling) for field in ("head", "text"))
    everywhere, half = engine.every(in_text), (len(in_text) + 1) // 2
    tiers = [engine.every(in_head), everywhere]
    if len(in_text) > 1:
        tiers.insert(1, engine.every([everywhere, engine.at_least(half, in_head)]))
    if len(words.clauses) > 1 and (row := _in_a_row(engine, words)):
        tiers.insert(0, engine.either(row))
    if words.beginning and words.telling[-1] == words.clauses[-1]:
        tiers.append(engine.every([*in_text[:-1], _last_word(engine, words, in_text[-1])]))
    return tiers


def _most_words(engine: Engine[Query], words: Words) -> list[Query]:
    """Without one of the words, then without two, with half of them at least; first where title and names have them."""
    in_head, in_text = (_each_of(engine, field, words.telling) for field in ("head", "text"))
    if words.beginning and words.telling[-1] == words.clauses[-1]:
        in_text[-1] = _last_word(engine, words, in_text[-1])
    count = len(in_text)
    fewest = max((count + 1) // 2, count - _MOST_MISSING)
    tiers = [
        engine.at_least(number, each) for number in range(count - 1, fewest - 1, -1) for each in (in_head, in_text)
    ]
    return tiers or [engine.every(in_text)]


def name_tiers(engine: Engine[Query], q: str) -> list[Query]:
    """Every word exactly, every word as a beginning, every word with typos forgiven."""
    if not q.strip():
        return [engine.everything()]
    words = list(dict.fromkeys(fold_name(q).split()))
    if not words:
        return [engine.nothing()]
    tiers = [
        engine.every([engine.term("name", word) for word in words]),
        engine.every([engine.begins("name", word) for word in words]),
    ]
    if any(map(typos, words)):  # else it would be the tier before once more
        tiers.append(engine.every([engine.begins("name", word, typos(word)) for word in words]))
    return tiers


def names_with(engine: Engine[Query], pairs: Sequence[Pair]) -> Query:
    """Names in which both words of one of the pairs stand."""
    return engine.either([engine.every([engine.term("name", word) for word in pair]) for pair in pairs])


def unwanted_words(engine: Engine[Query], without: Sequence[str]) -> list[Query]:
    """One query for each word or phrase that must not occur."""
    return [_clause(engine, "text", ENGLISH.analyze(each)) for each in without]


def _each_of(engine: Engine[Query], field: str, clauses: Sequence[Clause]) -> list[Query]:
    return [_any_of(engine, field, clause) for clause in clauses]


def _last_word(engine: Engine[Query], words: Words, whole: Query) -> Query:
    """The word that is still being typed, whole or as the beginning of one."""
    return engine.either([whole, engine.begins("words", words.beginning)])


def _in_a_row(engine: Engine[Query], words: Words) -> list[Query]:
    """Everything that was typed as one phrase, or as one name; empty when a part of it is found nowhere."""
    typed = [clause.phrases[0] for clause in words.clauses]
    if not all(typed):
        return []
    row = [engine.phrase("head", [term for phrase in typed for term in phrase])]
    if all(clause.contacts for clause in words.clauses):
        row.append(engine.every([engine.among("contact", clause.contacts) for clause in words.clauses]))
    return row


def _any_of(engine: Engine[Query], field: str, clause: Clause) -> Query:
    found = [_clause(engine, field, each) for each in clause.phrases]
    if clause.contacts:
        found.append(engine.among("contact", clause.contacts))
    return found[0] if len(found) == 1 else engine.either(found)


def _clause(engine: Engine[Query], field: str, words: Sequence[str]) -> Query:
    """One word or phrase; one without a letter or digit is found nowhere."""
    if not words:
        return engine.nothing()
    return engine.term(field, words[0]) if len(words) == 1 else engine.phrase(field, words)
