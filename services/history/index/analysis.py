"""The words of a text as every engine indexes them: split, folded and stemmed here, so that engines find alike."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from services.history.index.port import EntryQuery, Need
from services.history.index.synonyms import LIST, Phrase, Synonyms, read_list
from services.history.index.words import Analyse, beginning_of, parse

_LONGEST_WORD = 200
_HOLE = "_"
"""Stands in the place of a word that is too long: no word is like it, and no phrase runs across it."""
_SURELY_SHORT = _LONGEST_WORD // 4
"""Characters, of four bytes at most."""


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


class Words(NamedTuple):
    """A query of words, which of them have to occur, and what its last word may be the beginning of, if anything."""

    clauses: Sequence[Sequence[Phrase]]
    """Of each word or phrase that is required what may stand for it, as terms; an empty phrase is found nowhere."""
    beginning: str
    need: Need = "all"

    @property
    def telling(self) -> Sequence[Sequence[Phrase]]:
        """The clauses that say what is looked for: all, or all but the little words where there are others."""
        if self.need == "all":
            return self.clauses
        return [each for each in self.clauses if each[0] not in LITTLE] or self.clauses

    @property
    def terms(self) -> frozenset[str]:
        """What a snippet marks."""
        terms = {term for clause in self.telling for phrase in clause for term in phrase}
        return frozenset(terms | {self.beginning} if self.beginning else terms)


def read_words(query: EntryQuery) -> Words:
    clauses = [tuple(each) for each in parse(query.q, ENGLISH.analyze)]
    beginning = beginning_of(query.q, PLAIN.analyze) if query.prefix else ""
    return Words(SYNONYMS.expand(clauses), beginning, query.need)


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


def in_terms(text: str, analyser: TextAnalyzer = ENGLISH) -> str:
    """The terms of a text, parted by spaces, each in its place: for an engine that does no more than split there.

    >>> in_terms("The day centres, closed.")
    'the day centr close'
    """
    if max(map(len, text.split()), default=0) < _SURELY_SHORT:
        return " ".join(analyser.analyze(text))
    return " ".join(_with_holes(text, analyser))


def _with_holes(text: str, analyser: TextAnalyzer) -> Iterator[str]:
    place = 0
    for token in analyser.pre_tokenize(text).tokens:
        yield from [_HOLE] * (token.position - place)
        yield token.text
        place = token.position + 1
