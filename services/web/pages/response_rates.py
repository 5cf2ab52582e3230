"""How many of those who were invited to surveys have answered, as pages show it."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request

from services.web.backend import backend
from services.web.pages.charts import percentage
from shared.contracts.invitations import COARSE, GetResponseRates, SentAndAnswered, SurveyRate
from shared.errors import Unavailable


@dataclass(frozen=True, slots=True)
class RateRow:
    """A line of a table of rates; `width` is in hundredths of the drawing."""

    name: str
    href: str
    sent: str
    answered: str
    share: str
    width: float


@dataclass(frozen=True, slots=True)
class ShownRate:
    """The rates of one survey."""

    rate: SurveyRate
    total: RateRow
    segments: tuple[RateRow, ...]
    mailings: tuple[RateRow, ...]


async def rates_of(request: Request, survey_ids: Sequence[str]) -> dict[str, ShownRate] | None:
    """By survey; without those that nobody was invited to. None while nobody can say."""
    if not survey_ids:
        return {}
    try:
        found = await backend(request).call(GetResponseRates(survey_ids=tuple(survey_ids)))
    except Unavailable:
        return None
    return {each.survey_id: _shown(each) for each in found.surveys}


def _shown(rate: SurveyRate) -> ShownRate:
    exact = not rate.anonymous
    return ShownRate(
        rate,
        _row(rate, "Everybody", "", exact),
        tuple(_row(e, e.segment_name or e.segment_id, f"/segments/{e.segment_id}", exact) for e in rate.segments),
        tuple(_row(e, e.subject, f"/mailings/{e.mailing_id}", exact) for e in rate.mailings),
    )


def _row(of: SentAndAnswered, name: str, href: str, exact: bool) -> RateRow:
    share = of.answered / of.sent if of.sent else 0.0
    if exact:
        return RateRow(name, href, f"{of.sent:,}", f"{of.answered:,}", percentage(share), round(share * 100, 1))
    few = not of.answered
    answered = f"fewer than {COARSE}" if few else f"{of.answered:,} or more"
    return RateRow(
        name, href, f"{of.sent:,}", answered, "" if few else f"{percentage(share)} or more", round(share * 100, 1)
    )
