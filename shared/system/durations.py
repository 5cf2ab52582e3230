"""Spans of time as people say them.

>>> in_words(0.4), in_words(90), in_words(7300), in_words(300_000)
('0 seconds', '1 minute', '2 hours', '3 days')
"""

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def in_words(seconds: float) -> str:
    """Rounded down to whole days from two days on, to hours from two hours on, to minutes from one on."""
    for name, length in _UNITS:
        count = int(seconds // length)
        if count > 1 or (count == 1 and name == "minute"):
            return f"{count:,} {name}{'s' if count > 1 else ''}"
    whole = int(seconds)
    return f"{whole} second{'' if whole == 1 else 's'}"
