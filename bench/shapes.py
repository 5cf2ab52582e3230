"""The ten shapes of queries of bench/search.py, drawn anew each time, as the API and as the bare engine is asked."""

import random
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlencode

from bench import corpus, decade
from services.history.index.words import fold_name

LIMIT = 25
WORDS = corpus.WORDS[20:]


class Engine(Protocol):
    """A bare engine."""

    def entries(
        self, words: Any = (), phrase: str = "", without: str = "", months: Any = (), **filters: str
    ) -> Any: ...

    def names(self, typed: str) -> dict[str, Any]: ...


class Case(NamedTuple):
    """One query."""

    path: str
    ask_engine: Callable[[Engine], Any]


Draw = Callable[[random.Random, int], Case]
"""Of a chance and the number of contacts."""


def two_words(chance: random.Random, contacts: int) -> Case:
    chosen = chance.sample(WORDS, 2)
    return _history(lambda engine: engine.entries(chosen), q=" ".join(chosen))


def phrase(chance: random.Random, contacts: int) -> Case:
    chosen = " ".join(chance.sample(WORDS, 2))
    return _history(lambda engine: engine.entries(phrase=chosen), q=f'"{chosen}"')


def rare_word(chance: random.Random, contacts: int) -> Case:
    chosen = f"case{chance.randrange(contacts)}"
    return _history(lambda engine: engine.entries([chosen]), q=chosen)


def without_a_word(chance: random.Random, contacts: int) -> Case:
    chosen, unwanted = chance.sample(WORDS, 2)
    return _history(lambda engine: engine.entries([chosen], without=unwanted), q=f"{chosen} -{unwanted}")


def filtered(chance: random.Random, contacts: int) -> Case:
    word, kind, locality = chance.choice(WORDS), chance.choice(corpus.KINDS), chance.choice(decade.LOCALITIES)
    return _history(
        lambda engine: engine.entries([word], kind=kind, locality=locality), q=word, kind=kind, locality=locality
    )


def kind_in_a_year(chance: random.Random, contacts: int) -> Case:
    kind, year = chance.choice(corpus.KINDS), chance.randrange(2016, 2026)
    months = [f"{year}-{month:02}" for month in range(1, 13)]
    return _history(lambda engine: engine.entries(months=months, kind=kind), q=f"kind:{kind} in:{year}")


def place(chance: random.Random, contacts: int) -> Case:
    locality = chance.choice(decade.LOCALITIES)
    return _history(lambda engine: engine.entries(locality=locality), locality=locality)


def timeline(chance: random.Random, contacts: int) -> Case:
    contact = decade.contact_id(chance.randrange(contacts))
    return _history(lambda engine: engine.entries(contact=contact), contact_id=contact)


def name_as_typed(chance: random.Random, contacts: int) -> Case:
    first, last = corpus.name(chance.randrange(contacts)).split()
    return _names(chance.choice((last[:3], last[:5], f"{first} {last[:2]}", f"{first} {last}")))


def name_with_typo(chance: random.Random, contacts: int) -> Case:
    _, last = corpus.name(chance.randrange(contacts)).split()
    return _names(last[:4] + last[5:])


SHAPES: tuple[Draw, ...] = (
    two_words,
    phrase,
    rare_word,
    without_a_word,
    filtered,
    kind_in_a_year,
    place,
    timeline,
    name_as_typed,
    name_with_typo,
)
GROW_LITTLE = ("timeline", "name_as_typed", "name_with_typo")
"""Those that may take at most 1.3 times as long with ten times the entries."""


def _history(ask_engine: Callable[[Engine], Any], **query: str) -> Case:
    return Case(f"/api/v1/history?{urlencode(query | {'limit': LIMIT, 'sort': 'newest'})}", ask_engine)


def _names(typed: str) -> Case:
    query = urlencode({"q": typed, "limit": LIMIT})
    return Case(f"/api/v1/contacts?{query}", lambda engine: engine.names(fold_name(typed)))
