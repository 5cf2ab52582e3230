"""The words of a text as every engine indexes them: split, folded and stemmed here, so that engines find alike."""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from services.history.index.queries import EntryQuery, Need, Pair
from services.history.index.synonyms import LIST, Phrase, Synonyms, read_list
from services.history.index.words import Analyse, beginning_of, fold_name, parse

_LONGEST_WORD = 200
_HOLE = "_"
"""Stands in the place of a word that is too long: no word is like it, and no phrase runs across it."""
_SURELY_SHORT = _LONGEST_WORD // 4
"""Characters, of four bytes at most."""
_REMEMBERED = 50_000
"""Stems at most; about 6 MB."""


def _analyser(*more: Filter) -> TextAnalyzer:
    builder = TextAnalyzerBuilder(Tokenizer.simple())
    for step in (Filter.remove_long(_LONGEST_WORD), Filter.lowercase(), Filter.ascii_fold(), *more):
        builder = builder.filter(step)
    return builder.build()


PLAIN = _analyser()
ENGLISH = _analyser(Filter.stemmer("english"))


SYNONYMS = Synonyms(read_list(LIST.read_text()), ENGLISH.analyze)

_LITTLE = (
    "a about an and any are as at be been but by can could did do for from had has have he her him his how i if in "
    "into is it its me my no not of on or our she so some such than that the their them then there these they this to "
    "us was we were what when where which who why will with would you your"
)
LITTLE = frozenset((each,) for each in _LITTLE.split())
"""Words that hardly say what is looked for; they stand in every other text."""


class Clause(NamedTuple):
    """A word or phrase that is required."""

    phrases: Sequence[Phrase]
    """What may stand for it, as terms, itself first; an empty phrase is found nowhere."""
    contacts: tuple[str, ...] = ()
    """Contacts of whose name it is a part: it stands in what they took part in."""


class Words(NamedTuple):
    """A query of words, which of them have to occur, and what its last word may be the beginning of, if anything."""

    clauses: Sequence[Clause]
    beginning: str
    need: Need = "all"

    @property
    def telling(self) -> Sequence[Clause]:
        """The clauses that say what is looked for: all, or all but the little words where there are others."""
        if self.need == "all":
            return self.clauses
        return [each for each in self.clauses if each.phrases[0] not in LITTLE] or self.clauses

    @property
    def terms(self) -> frozenset[str]:
        """What a snippet marks."""
        terms = {term for clause in self.telling for phrase in clause.phrases for term in phrase}
        return frozenset(terms | {self.beginning} if self.beginning else terms)


def read_words(query: EntryQuery) -> Words:
    phrases = SYNONYMS.expand([tuple(each) for each in parse(query.q, ENGLISH.analyze)])
    contacts: list[tuple[str, ...]] = [()] * len(phrases)
    for pair, places in name_pairs(query.q):
        for place in places:
            contacts[place] += query.named.get(pair, ())
    beginning = beginning_of(query.q, PLAIN.analyze) if query.prefix else ""
    return Words([Clause(*each) for each in zip(phrases, contacts, strict=True)], beginning, query.need)


def name_pairs(q: str) -> list[tuple[Pair, tuple[int, ...]]]:
    """Two words in a row that may be a name, folded, and which clauses of the query they are.

    >>> name_pairs('the "Ann Lee" park')
    [(('ann', 'lee'), (1,))]
    >>> name_pairs("Ann O’Brien Lee Moss")
    [(('lee', 'moss'), (2, 3))]
    """
    clauses = [fold_name(" ".join(each)).split() for each in parse(q)]
    found: list[tuple[Pair, tuple[int, ...]]] = [
        ((each[0], each[1]), (place,)) for place, each in enumerate(clauses) if len(each) == 2
    ]
    for place, (one, other) in enumerate(pairwise(clauses)):
        if len(one) == len(other) == 1:
            found.append(((one[0], other[0]), (place, place + 1)))
    return found


def analyse(text: str) -> list[tuple[str, int, int]]:
    """(term, start, end) of each word, as it is indexed."""
    return [(each.text, each.char_offset_from, each.char_offset_to) for each in ENGLISH.pre_tokenize(text).tokens]


def analyse_as(beginning: str) -> Analyse:
    """As `analyse`; a word that begins so has the beginning for its term."""
    if not beginning:
        return analyse

    def analyse_beginnings(text: str) -> list[tuple[str, int, int]]:
        words = PLAIN.pre_tokenize(text).tokens
        return [
            (beginning if word.text.startswith(beginning) else term, start, end)
            for word, (term, start, end) in zip(words, analyse(text), strict=True)
        ]

    return analyse_beginnings


def analyse_for(terms: Collection[str], beginning: str) -> Analyse:
    """As `analyse_as`, but words that begin as none of the terms does may be left out: most of them are."""
    letters = "".join(sorted(re.escape(each[0]) for each in terms))
    may_be = re.compile(f"(?<![^ ])[{letters}][^ ]*")
    slowly = analyse_as(beginning)

    def analyse_some(text: str) -> list[tuple[str, int, int]]:
        folded = text.translate(_FOLDED)  # every character stays in its place, and a stem keeps its first letter
        if not folded.isascii():
            return slowly(text)
        words = [(each[0], each.start(), each.end()) for each in may_be.finditer(folded)]
        try:
            return [
                (beginning if beginning and word.startswith(beginning) else _STEMS[word], start, end)
                for word, start, end in words
            ]
        except _TooLongError:
            return slowly(text)

    return analyse_some


class Terms(NamedTuple):
    """The words of a text, each in its place and parted by spaces: for an engine that does no more than split there."""

    stemmed: str
    plain: str


def in_terms(text: str) -> Terms:
    """As `ENGLISH` and `PLAIN` make them of it.

    >>> in_terms("The day centres, closed.")
    Terms(stemmed='the day centr close', plain='the day centres closed')
    """
    folded = text.translate(_FOLDED)
    if folded.isascii():
        words = folded.split()
        try:
            return Terms(" ".join(map(_STEMS.__getitem__, words)), " ".join(words))
        except _TooLongError:
            pass
    return Terms(_analysed(text, ENGLISH), _analysed(text, PLAIN))


def _analysed(text: str, analyser: TextAnalyzer) -> str:
    if max(map(len, text.split()), default=0) < _SURELY_SHORT:
        return " ".join(analyser.analyze(text))
    return " ".join(_with_holes(text, analyser))


class _TooLongError(Exception):
    """A word that is left out, so that the places of the others have to be looked at."""


class _Stems(dict[str, str]):
    """The stems of plain words: texts are made of the same few thousand, and a stem costs ten times a look-up."""

    def __missing__(self, word: str) -> str:
        if len(word) >= _SURELY_SHORT:
            raise _TooLongError
        if len(self) >= _REMEMBERED:
            self.clear()
        stem = self[word] = ENGLISH.analyze(word)[0]
        return stem


_STEMS = _Stems()
# What English texts are made of: ASCII, and the signs that word processors put. Everything else is the analyser's work.
_SIGNS = (*map(chr, range(128)), *"‘’“”–—…•·£€§°«»\u00a0\ufeff")
_FOLDED = {ord(each): each.lower() if each.isalnum() else " " for each in _SIGNS}


def _with_holes(text: str, analyser: TextAnalyzer) -> Iterator[str]:
    place = 0
    for token in analyser.pre_tokenize(text).tokens:
        yield from [_HOLE] * (token.position - place)
        yield token.text
        place = token.position + 1
