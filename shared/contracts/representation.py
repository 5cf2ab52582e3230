"""Who is heard in a consultation, and who is missing. Owned by services/surveys."""

from typing import Literal

from shared.contracts.base import Value

Missing = Literal["", "few", "nobody"]
"""`few`: less than half of the share that is heard of all together."""


class TargetHeard(Value):
    """People of one group and locality."""

    group: str
    """Empty: everybody."""
    locality: str
    """Empty: everywhere."""
    expected: int
    heard: int
    """Contacts who took part; whoever stands in several groups counts in each."""
    missing: Missing = ""


class Representation(Value):
    """Plain counts, for staff; restricted contributions do not count."""

    targets: tuple[TargetHeard, ...] = ()
    people: int = 0
    """Contacts who took part, each once."""
    elsewhere: int = 0
    """Of those, whoever stands in none of the groups."""
    not_known: int = 0
    """Contributions of which we do not know who made them."""
    score: float | None = None
    """The rate of the least represented group divided by that of the most represented; None: cannot be said."""


class ChannelShown(Value):
    channel: str
    """Empty: all that few took, and those that are not called by their names in public."""
    contributions: int


class Figures(Value):
    """What everybody may see: None in place of small counts, and of as many more as it takes to hide those."""

    contributions: int | None
    """By all channels; None, and no channel, when it would say what is hidden."""
    channels: tuple[ChannelShown, ...]
    """The most first."""
    themes: tuple[int | None, ...]
    """Contributions to each, in the order of the themes."""
    heard: tuple[int | None, ...]
    """People of each target, in their order."""
    rest: int | None
    """Others, and contributions of whom we do not know who made them."""
    total: int | None
    score: float | None
