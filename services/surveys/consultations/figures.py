"""The figures of a consultation as everybody may see them: counted while it lasts, and kept when it ends. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence

from services.surveys.analysis import FEWEST, suppress
from services.surveys.consultations.contribution import SURVEY, Noted
from services.surveys.consultations.representation import public, represent
from shared.contracts.consultations import Consultation
from shared.contracts.representation import ChannelShown, Figures

NAMED = {
    *("survey", "paper", "face to face", "phone", "email", "letter", "card", "meeting", "event", "street stall"),
    *("patient discussions", "social media", "website", "newspaper", "media", "paper form", "stakeholder newsletter"),
    "practice newsletter",
}
"""Channels that are called by their names in public; what else a partner has written there may be about anything."""


def figures(found: Consultation, said: Sequence[Noted], anonymous: int) -> Figures:
    """anonymous: further responses, of which nothing tells but the results of their survey."""
    heard = public(represent(found.plan.targets, said, anonymous))
    themes = _themes(found, said, anonymous)
    channels = Counter(each.channel if each.channel in NAMED else "" for each in said)
    channels[SURVEY] += anonymous
    # Where everything is hidden, the number of all would say what is.
    is_told = heard.total is not None and any(each is not None for each in themes)
    shown = by_channel(channels) if is_told else []
    return Figures(
        contributions=sum(number for _, number in shown) or None,
        channels=tuple(ChannelShown(channel=channel, contributions=number) for channel, number in shown),
        themes=themes[:-1],
        heard=heard.of_targets,
        rest=heard.rest,
        total=heard.total,
        score=heard.score,
    )


def by_channel(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The most first. Those below five stand together, with as many of the next as it takes to be five.

    A row that only says that it is not shown would say that somebody is in it.
    """
    named = sorted(
        (each for each in counts.items() if each[0] and each[1] >= FEWEST), key=lambda each: (-each[1], each)
    )
    others = sum(counts.values()) - sum(number for _, number in named)
    while 0 < others < FEWEST and named:
        others += named.pop()[1]
    return [*named, *([("", others)] if others >= FEWEST else [])]


def _themes(found: Consultation, said: Sequence[Noted], anonymous: int) -> tuple[int | None, ...]:
    """The number of contributions to each, and last to none, hidden together as if none had several."""
    counts = Counter(one for each in said for one in each.themes)
    numbers = [counts[each.theme_id] for each in found.themes]
    return suppress([*numbers, sum(not each.themes for each in said) + anonymous])
