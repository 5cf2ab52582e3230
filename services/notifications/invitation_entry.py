"""The entry points of invitations and reminders, a part of the notifications service."""

from collections.abc import Callable
from typing import TypeVar

from services.notifications.rates import Rates
from services.notifications.repository import Mailings
from services.notifications.templates import find_usable
from shared.contracts.invitations import GetMailingForm, GetResponseRates, MailingForm, ResponseRates
from shared.contracts.notifications import Mailing
from shared.contracts.segments import ListSegments
from shared.contracts.surveys import ListSurveys
from shared.errors import NotFound, Unavailable
from shared.messaging import Bus, rpc

T = TypeVar("T")
OFFERED = 100
"""Surveys that can be chosen, the newest."""


class InvitationEntry:
    """What a mailing is written with, and what comes of an invitation; whoever inherits makes the parts."""

    _mailings: Mailings
    _bus: Bus
    _rates: Rates

    @rpc
    def get_mailing_form(self, request: GetMailingForm) -> MailingForm:
        """What another service would say is missing while it is away: what somebody types must not be lost for that."""
        mailing, bus = self._mailing(request.mailing_id), self._bus
        segments = _unless_away(lambda: bus.call(ListSegments()).segments)
        surveys = _unless_away(lambda: bus.call(ListSurveys(limit=OFFERED)).surveys)
        about = request.survey_id or (mailing.draft.survey_id if mailing else "")
        invitations = self._mailings.about(about) if about else []
        template = find_usable(self._mailings.templates, request.template_id) if request.template_id else None
        return MailingForm(
            mailing=mailing,
            template=template,
            segments=segments,
            surveys=tuple(each for each in surveys if each.state != "closed") if surveys is not None else None,
            invitations=tuple(
                sorted(
                    (each for each in invitations if not each.draft.unanswered_only),
                    key=lambda each: each.created_at,
                    reverse=True,
                )
            ),
        )

    @rpc
    def get_response_rates(self, request: GetResponseRates) -> ResponseRates:
        return ResponseRates(surveys=self._rates.of(request.survey_ids))

    def _mailing(self, mailing_id: str) -> Mailing | None:
        if not mailing_id:
            return None
        found = self._mailings.find(mailing_id)
        if found is None:
            raise NotFound("There is no such mailing.")
        return found


def _unless_away(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except Unavailable:
        return None
