"""How well a record matches: the tiers of a search, the same for every engine, made of what each of them can ask."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from services.history.index.analysis import ENGLISH, Words
from services.history.index.synonyms import Phrase
from services.history.index.words import fold_name, typos

Query = TypeVar("Query")


class Engine(Protocol[Query]):
    """What an engine can ask; a module of functions will do."""

    def everything(self) -> Query: ...

    def nothing(self) -> Query: ...

    def term(self, field: str, value: object) -> Query:
        """The value as it stands."""
        ...

    def phrase(self, field: str, words: Sequence[str]) -> Query:
        """Two words or more, one after another."""
        ...

    def begins(self, field: str, beginning: str, typos: int = 0) -> Query:
        """A word of `words` or `name` that begins so, with this many typos in its beginning at most."""
        ...

    def every(self, queries: Sequence[Query]) -> Query: ...

    def either(self, queries: Sequence[Query]) -> Query: ...


def entry_tiers(engine: Engine[Query], words: Words, sort: str) -> list[Query]:
    """Relevance: first where the title and the names say it all, then the texts that do, then beginnings of words.

    Within each the newest first. Not BM25: its scores move with every new arrival, and a cursor that rests on them
    loses entries. The last tier is all that is found.
    """
    tiers = [_all_of(engine, "head", words.clauses), _all_of(engine, "text", words.clauses)]
    if words.beginning:
        last = [_any_of(engine, "text", words.clauses[-1]), engine.begins("words", words.beginning)]
        tiers.append(engine.every([_all_of(engine, "text", words.clauses[:-1]), engine.either(last)]))
    return tiers if words.clauses and sort == "relevance" else tiers[-1:]


def name_tiers(engine: Engine[Query], q: str) -> list[Query]:
    """Every word exactly, every word as a beginning, every word with typos forgiven."""
    if not q.strip():
        return [engine.everything()]
    words = list(dict.fromkeys(fold_name(q).split()))
    if not words:
        return [engine.nothing()]
    return [
        engine.every([engine.term("name", word) for word in words]),
        engine.every([engine.begins("name", word) for word in words]),
        engine.every([engine.begins("name", word, typos(word)) for word in words]),
    ]


def unwanted_words(engine: Engine[Query], without: Sequence[str]) -> list[Query]:
    """One query for each word or phrase that must not occur."""
    return [_clause(engine, "text", ENGLISH.analyze(each)) for each in without]


def _all_of(engine: Engine[Query], field: str, clauses: Sequence[Sequence[Phrase]]) -> Query:
    return engine.every([_any_of(engine, field, clause) for clause in clauses])


def _any_of(engine: Engine[Query], field: str, phrases: Sequence[Phrase]) -> Query:
    found = [_clause(engine, field, each) for each in phrases]
    return found[0] if len(found) == 1 else engine.either(found)


def _clause(engine: Engine[Query], field: str, words: Sequence[str]) -> Query:
    """One word or phrase; one without a letter or digit is found nowhere."""
    if not words:
        return engine.nothing()
    return engine.term(field, words[0]) if len(words) == 1 else engine.phrase(field, words)
