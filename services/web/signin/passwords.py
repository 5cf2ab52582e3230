"""Passwords: what makes a good one, and how it is kept (argon2id, by pwdlib)."""

import re
import secrets
from functools import cache

from pwdlib import PasswordHash

from shared.errors import Invalid

SHORTEST, LONGEST = 12, 128
_STRONG = 3
"""Of 4 in the estimate of zxcvbn: more than ten thousand million guesses."""
_OWN_LETTERS = 6
"""Letters besides the words that others connect with the person."""
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_hasher = PasswordHash.recommended()


def check_password(password: str, *known: str) -> None:
    """Raises Invalid with what to do when a password is too weak; `known` are words others connect with the person."""
    from zxcvbn import zxcvbn  # its lists of words take 15 MB and are seldom asked for

    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid(f"A password has {SHORTEST} to {LONGEST} characters: three or four words in a row are good.")
    words = [word for each in (*known, "wellheard") for word in re.findall(r"\w{3,}", each.lower())]
    rest = re.sub("|".join(words), "", password.lower())
    own_letters = len(re.findall(r"[^\W\d_]", rest))
    if own_letters < _OWN_LETTERS or zxcvbn(password, words, max_length=LONGEST)["score"] < _STRONG:
        raise Invalid("This password could be guessed. Use three or four words that do not belong together.")


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def is_right(password: str, kept: str | None) -> bool:
    """Whether it is the kept one; takes as long when there is none, so that nobody learns who has an account."""
    nobodys = _nobodys()  # also when it is not needed: the first to ask waits for it, whoever that is
    right = _hasher.verify(password[:LONGEST], kept or nobodys)
    return right and kept is not None


@cache
def _nobodys() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))


def temporary_password() -> str:
    """What an administrator hands over; it is to be changed at the first sign-in."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))
