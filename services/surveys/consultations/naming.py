"""What a consultation is called in its public address. Pure."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import count, islice

LONGEST, MOST = 60, 100
TAKEN = {"desk"}
"""Words that stand for pages of their own under the same address."""
WITHOUT_LETTERS = "consultation"


def slugs(title: str) -> Iterator[str]:
    """`urgent-care`, `urgent-care-2` and so on: only small letters, digits and hyphens, so never like an id."""
    plain = unicodedata.normalize("NFKD", title.casefold()).encode("ascii", "ignore").decode()
    words, found = re.findall(r"[a-z0-9]+", plain.replace("'", "")), ""
    for word in words or [WITHOUT_LETTERS]:
        longer = f"{found}-{word}".strip("-")
        if len(longer) > LONGEST:
            break
        found = longer
    found = found or words[0][:LONGEST]
    numbered = (f"{found}-{number}" for number in islice(count(2), MOST))
    yield from numbered if found in TAKEN else (found, *numbered)
