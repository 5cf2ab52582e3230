"""Invitations to surveys and reminders of them: what one is written with, and how many have answered.

Owned by services/notifications.
"""

from typing import ClassVar

from shared.contracts.base import Request, Value
from shared.contracts.notifications import Mailing
from shared.contracts.segments import Segment
from shared.contracts.surveys import SurveySummary
from shared.contracts.templates import Template

COARSE = 5
"""Of an anonymous survey nobody is told more exactly how many have answered: one answer more would be seen to come."""


class MailingForm(Value):
    """What somebody needs who writes or changes a mailing."""

    mailing: Mailing | None = None
    template: Template | None = None
    segments: tuple[Segment, ...] | None
    """What it can go to; None while contacts does not answer."""
    surveys: tuple[SurveySummary, ...] | None
    """Those it can invite to, which are not closed; None while surveys does not answer."""
    invitations: tuple[Mailing, ...] = ()
    """Of the survey that is asked about: those that have gone out, the latest first."""


class GetMailingForm(Request[MailingForm]):
    """A mailing as it stands or the newest version of a template (without an id: neither), and what it may name."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = MailingForm
    mailing_id: str = ""
    template_id: str = ""
    survey_id: str = ""
    """Whose invitations are wanted; of a mailing that names one, its own."""


class SentAndAnswered(Value):
    """Of the people who were sent something: how many, and how many of them have answered since."""

    sent: int
    answered: int
    """Of an anonymous survey rounded down to fives."""


class SegmentRate(SentAndAnswered):
    """Of the people of one segment, however many messages each was sent."""

    segment_id: str
    segment_name: str


class MailingRate(SentAndAnswered):
    """Of one invitation or reminder."""

    mailing_id: str
    subject: str
    is_reminder: bool
    invited: int
    """Everybody in its audience."""


class SurveyRate(SentAndAnswered):
    """Of everybody who was sent an invitation to a survey or a reminder; each person counts once."""

    survey_id: str
    anonymous: bool
    segments: tuple[SegmentRate, ...]
    mailings: tuple[MailingRate, ...]
    """The latest first."""
    is_complete: bool = True
    """False: more were sent something than are looked through; the figures are of the first."""


class ResponseRates(Value):
    surveys: tuple[SurveyRate, ...]
    """Those that anybody was invited to."""


class GetResponseRates(Request[ResponseRates]):
    """How many of those who were sent invitations to surveys have answered. Unavailable while surveys is away."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = ResponseRates
    survey_ids: tuple[str, ...]
