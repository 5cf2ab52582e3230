"""How many of those who were sent invitations to a survey, or reminders of it, have answered.

The ledger says who was sent something, surveys who has answered; nothing of it is kept. Figures that took long to count
stand for a while.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice

from services.notifications.port import Ledger
from services.notifications.repository import Mailings
from shared.contracts.invitations import COARSE, MailingRate, SegmentRate, SurveyRate
from shared.contracts.notifications import Mailing
from shared.contracts.survey_links import FindAnswered
from shared.messaging import Bus
from shared.standing import Standing

PAGE = 1_000
LOOKED_THROUGH = 20_000
"""People who were sent something about a survey: the figures are of the first so many."""


class Rates:
    """Counts, and remembers what took long."""

    def __init__(self, mailings: Mailings, ledger: Ledger, bus: Bus) -> None:
        self._mailings = mailings
        self._ledger = ledger
        self._bus = bus
        self._counted = Standing[str, SurveyRate | None]()

    def of(self, survey_ids: Iterable[str]) -> tuple[SurveyRate, ...]:
        """Of each survey that anybody was invited to."""
        found = [self._counted.of(each, partial(self._count, each)) for each in dict.fromkeys(survey_ids)]
        return tuple(each for each in found if each is not None)

    def _count(self, survey_id: str) -> SurveyRate | None:
        about = sorted(self._mailings.about(survey_id), key=lambda each: each.created_at, reverse=True)
        if not about:
            return None
        left, sent = LOOKED_THROUGH, dict[str, set[str]]()
        for each in about:
            sent[each.mailing_id] = set(islice(self._reached(each), left))
            left -= len(sent[each.mailing_id])
        everybody = set[str]().union(*sent.values())
        answered, anonymous = self._answered(survey_id, everybody)
        exact = 1 if not anonymous else COARSE
        segments = dict.fromkeys(each.draft.segment_id for each in about)
        return SurveyRate(
            survey_id=survey_id,
            anonymous=anonymous,
            segments=tuple(
                _segment([each for each in about if each.draft.segment_id == one], sent, answered, exact)
                for one in segments
            ),
            mailings=tuple(_mailing(each, sent[each.mailing_id], answered, exact) for each in about),
            is_complete=left > 0,
            **_figures(everybody, answered, exact),
        )

    def _reached(self, mailing: Mailing) -> Iterator[str]:
        """Whoever was sent it, by contact id."""
        cursor: str | None = None
        while page := self._ledger.list_lines(mailing.mailing_id, "sent", PAGE, cursor):
            yield from (each.contact_id for each in page)
            cursor = page[-1].contact_id

    def _answered(self, survey_id: str, contact_ids: set[str]) -> tuple[set[str], bool]:
        """(whoever of them has answered, whether the survey is anonymous)"""
        found, ids = set[str](), iter(sorted(contact_ids))
        while True:
            some = tuple(islice(ids, PAGE))
            said = self._bus.call(FindAnswered(survey_id=survey_id, contact_ids=some))
            found.update(said.contact_ids)
            if len(some) < PAGE:
                return found, said.anonymous


def _segment(mailings: list[Mailing], sent: dict[str, set[str]], answered: set[str], exact: int) -> SegmentRate:
    people = set[str]().union(*(sent[each.mailing_id] for each in mailings))
    draft = mailings[0].draft
    return SegmentRate(
        segment_id=draft.segment_id, segment_name=draft.segment_name, **_figures(people, answered, exact)
    )


def _mailing(mailing: Mailing, people: set[str], answered: set[str], exact: int) -> MailingRate:
    return MailingRate(
        mailing_id=mailing.mailing_id,
        subject=mailing.draft.subject,
        is_reminder=mailing.draft.unanswered_only,
        invited=mailing.recipients or 0,
        **_figures(people, answered, exact),
    )


def _figures(people: set[str], answered: set[str], exact: int) -> dict[str, int]:
    number = len(people & answered)
    return {"sent": len(people), "answered": number - number % exact}
