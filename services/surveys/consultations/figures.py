"""The figures of a consultation as everybody may see them: counted while it lasts, and kept when it ends. Pure."""

from collections import Counter
from collections.abc import Sequence

from services.surveys.analysis import suppress
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
    channels = Counter(each.channel if each.channel in NAMED else "" for each in said)
    channels.update({SURVEY: anonymous} if anonymous else {})
    listed = channels.most_common()
    by_channel = suppress([number for _, number in listed])
    return Figures(
        contributions=sum(channels.values()) if any(each is not None for each in by_channel) else None,
        channels=tuple(
            ChannelShown(channel=channel, contributions=number)
            for (channel, _), number in zip(listed, by_channel, strict=True)
        ),
        themes=_themes(found, said, anonymous),
        heard=heard.of_targets,
        rest=heard.rest,
        total=heard.total,
        score=heard.score,
    )


def _themes(found: Consultation, said: Sequence[Noted], anonymous: int) -> tuple[int | None, ...]:
    """The number of contributions to each, hidden together with those to none, as if none had several."""
    counts = Counter(one for each in said for one in each.themes)
    numbers = [counts[each.theme_id] for each in found.themes]
    return suppress([*numbers, sum(not each.themes for each in said) + anonymous])[:-1]
