"""Words of a query and of a text, alike for every engine: phrases, folding, keys of order, snippets.

>>> parse('flu "day centre" jab')
[['flu'], ['day', 'centre'], ['jab']]
"""

import hashlib
import html
import re
import unicodedata
from collections.abc import Callable, Collection
from datetime import UTC, datetime

Analyse = Callable[[str], list[tuple[str, int, int]]]
"""(term, start, end) of each word of a text, as the engine indexes it."""

SNIPPET = 240
"""Characters of a snippet, more or less."""
_PIECE = 400
_LONGEST_TAIL = 200
"""Characters by which a piece may be longer so that no word is cut; longer words are not indexed."""
_SHORTEST_BEGINNING = 3
_PLAIN = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}
"""Of ASCII, which needs nothing more."""
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_WORD = re.compile(r"[^\W_]+")
_CLAUSE = re.compile(r'"([^"]*)"?|([^\s"]+)')


def parse(q: str, words_of: Callable[[str], list[str]] = str.split) -> list[list[str]]:
    """The clauses of a query, each a word or a phrase as a list of terms; no query is an error.

    A quote that is not closed runs to the end. A clause without a letter or digit gives an empty list: it is
    something that no text contains.
    """
    clauses = [phrase or word for phrase, word in _CLAUSE.findall(q)]
    return [words_of(clause) for clause in clauses if clause.strip()]


def beginning_of(q: str, words_of: Callable[[str], list[str]] = str.split) -> str:
    """The last word of a query when it may be the beginning of one: not in quotes, and of three letters or more.

    >>> beginning_of("flu vacc"), beginning_of("flu va"), beginning_of('"day cent')
    ('vacc', '', '')
    """
    clauses = _CLAUSE.findall(q)
    words = words_of(clauses[-1][1]) if clauses else []
    return words[0] if len(words) == 1 and len(words[0]) >= _SHORTEST_BEGINNING else ""


def fold_name(text: str) -> str:
    """Without case and accents, words parted by single spaces: `Zoë O’Brien` is `zoe o brien`."""
    if text.isascii():
        return " ".join(text.translate(_PLAIN).split())
    plain = "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))
    return " ".join("".join(char if char.isalnum() else " " for char in plain).split())


def time_key(moment: datetime) -> str:
    """A time as text that sorts by time, also before 1970."""
    since = moment - _EPOCH
    return f"{(since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds:018d}"


def entry_key(occurred_at: datetime, entry_id: str) -> str:
    """The unique place of an entry in order of time; equal times are parted by the id."""
    return time_key(occurred_at) + _mark(entry_id)


def name_key(name: str, contact_id: str) -> str:
    """The unique place of a contact in order of names, in letters and digits only."""
    return fold_name(name).encode()[:48].hex() + "00" + _mark(contact_id)


def beginnings(folded: str) -> str:
    """Every beginning of every word, so that a look-up as one types is that of a whole word, typos included.

    >>> beginnings("ann lee")
    'a an ann l le lee'
    """
    words = dict.fromkeys(folded.split())
    return " ".join(dict.fromkeys(word[:length] for word in words for length in range(1, len(word) + 1)))


def _mark(identifier: str) -> str:
    return hashlib.blake2b(identifier.encode(), digest_size=8).hexdigest()


def typos(word: str) -> int:
    """Typos forgiven in a word of a name."""
    return 2 if len(word) >= 8 else 1 if len(word) >= 4 else 0


def snippet(text: str, terms: Collection[str], analyse: Analyse) -> str:
    """The part of the text around the first of the terms, escaped, the terms in `<mark>`; else how it begins."""
    match = _first(text, terms, analyse) if terms else None
    start = 0 if match is None else _word_start(text, max(0, match - SNIPPET // 3), match)
    end = _word_end(text, start + SNIPPET)
    part = text[start:end]
    out, last = ["… "] if start else [], 0
    for term, begin, stop in analyse(part) if match is not None else ():
        if term in terms:
            out += [html.escape(part[last:begin]), f"<mark>{html.escape(part[begin:stop])}</mark>"]
            last = stop
    return "".join(out) + html.escape(part[last:]) + (" …" if end < len(text) else "")


def highlighter(q: str) -> Callable[[str], str]:
    """Makes of each name the name, escaped, with the beginnings that were typed in `<mark>`."""
    typed = sorted(fold_name(q).split(), key=len, reverse=True)

    def highlight(name: str) -> str:
        out, last = [], 0
        for word in _WORD.finditer(name):
            folded = fold_name(word.group())
            match = next((each for each in typed if folded.startswith(each)), None)
            # A folded word of another length (ß becomes ss) cannot be marked letter by letter: mark it whole.
            if match:
                end = word.start() + len(match) if len(folded) == len(word.group()) else word.end()
                out += [html.escape(name[last : word.start()]), f"<mark>{html.escape(name[word.start() : end])}</mark>"]
                last = end
        return "".join(out) + html.escape(name[last:])

    return highlight


def _first(text: str, terms: Collection[str], analyse: Analyse) -> int | None:
    """Where the first of the terms stands; reads piece by piece, so seldom all of 100,000 characters."""
    start = 0
    while start < len(text):
        end = _word_end(text, start + _PIECE)
        match = next((begin for term, begin, _ in analyse(text[start:end]) if term in terms), None)
        if match is not None:
            return start + match
        start = end
    return None


def _word_start(text: str, start: int, latest: int) -> int:
    """The next beginning of a word, not beyond `latest`."""
    space = text.find(" ", start, latest) if start else -1
    return space + 1 if space >= 0 else start


def _word_end(text: str, end: int) -> int:
    """The end of the word that `end` stands in, unless it is very long."""
    if end >= len(text):
        return len(text)
    space = text.find(" ", end, end + _LONGEST_TAIL)
    return space if space >= 0 else min(len(text), end + _LONGEST_TAIL)
