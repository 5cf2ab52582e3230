"""The journal of one claimed chunk: a local file that survives kill -9 and says what was sent and what is in doubt.

A line is written with one call before a message's final dot (`? place`) and one after the answer (`= place state
detail`, or `~ place` for “not now”). The kernel has it when the call returns: a kill of the process loses nothing, a
power cut may. Nothing personal stands in it: a place in a chunk is only a number.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from services.notifications.domain import Outcome


@dataclass
class Account:
    """What a journal says."""

    outcomes: list[Outcome] = field(default_factory=list)
    """End states in the order they were reached; what is in doubt comes last, as uncertain."""
    later: set[int] = field(default_factory=set)
    """Places that the mail server told “not now”."""


class Journal:
    """Appends to the journal of one chunk; used by one session at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.account = Account()

    def begin(self, place: int) -> None:
        """The content of a message is on its way, and its final dot is sent next."""
        os.write(self._file, b"? %d\n" % place)

    def end(self, outcome: Outcome) -> None:
        """The recipient has its end state."""
        os.write(self._file, f"= {outcome.place} {outcome.state} {outcome.detail}".encode()[:400] + b"\n")
        self.account.outcomes.append(outcome)

    def defer(self, place: int) -> None:
        """The mail server said “not now”."""
        os.write(self._file, b"~ %d\n" % place)
        self.account.later.add(place)

    def remove(self) -> None:
        """The ledger has taken it over."""
        os.close(self._file)
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        os.close(self._file)


def read_journal(path: Path) -> Account:
    """What a journal that somebody else left says; without a file, nothing was begun."""
    account, begun = Account(), dict[int, None]()
    text = path.read_bytes().decode(errors="replace") if path.exists() else ""
    for line in text.splitlines(keepends=True):
        if not line.endswith("\n"):  # torn by a power cut
            break
        mark, place, *rest = line.rstrip("\n").split(" ", 3)
        if mark == "?":
            begun[int(place)] = None
            continue
        begun.pop(int(place), None)
        if mark == "~":
            account.later.add(int(place))
        else:
            account.outcomes.append(Outcome(int(place), rest[0], rest[1] if len(rest) > 1 else ""))  # type: ignore[arg-type]
    account.outcomes += [Outcome(place, "uncertain") for place in begun]
    return account
