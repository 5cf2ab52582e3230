"""Gives everybody in an audience a link of their own to a survey, and leaves out who is not to be reminded."""

from collections import Counter

from services.notifications import invitations
from services.notifications.domain import Addressee
from services.notifications.port import Ledger
from services.notifications.repository import Mailings
from shared import failpoints
from shared.contracts.notifications import Mailing
from shared.contracts.survey_links import FindAnswered, GiveSurveyKeys
from shared.messaging import Bus


class Inviting:
    """For one mailing, whose audience is looked through page by page, up to 1,000 people each."""

    def __init__(self, mailing: Mailing, mailings: Mailings, ledger: Ledger, bus: Bus) -> None:
        self._draft = mailing.draft
        self._ledger = ledger
        self._bus = bus
        self._since: Counter[str] | None = None
        about = mailings.about(self._draft.survey_id) if self._draft.unanswered_only else []
        self._earlier = [
            each.mailing_id
            for each in sorted(about, key=lambda each: each.created_at)
            if each.draft.unanswered_only and each.mailing_id != mailing.mailing_id
        ]

    def invite(self, people: list[Addressee]) -> list[Addressee]:
        """With their keys; asked for again, they are the same. Raises what surveys says: that it is not open.

        Of an anonymous survey nothing is kept of who has answered by now: a sender asks before each message anyway.
        """
        if not self._draft.survey_id:
            return people
        people = self.without_strangers(people)
        wanted = tuple(each.contact_id for each in people if not each.rule)
        given = self._bus.call(GiveSurveyKeys(survey_id=self._draft.survey_id, contact_ids=wanted))
        failpoints.reach("sender.after_keys")
        answered = set(given.answered) if self._draft.unanswered_only else set()
        if given.anonymous and self._draft.unanswered_only:
            self._note(answered)
            answered = set()
        return [invitations.link(each, given.keys.get(each.contact_id), each.contact_id in answered) for each in people]

    def check_enough(self) -> None:
        """Once everybody is invited: raises Conflict when this would tell who has answered an anonymous survey."""
        if self._since is not None:
            invitations.check_enough(self._since)

    def without_strangers(self, people: list[Addressee]) -> list[Addressee]:
        """Those who were sent the invitation, if it reminds of one."""
        before = self._draft.reminder_of
        if not before:
            return people
        lines = self._ledger.find_lines([(before, each.contact_id) for each in people])
        return [each for each in people if invitations.was_reached(lines.get((before, each.contact_id)))]

    def answered(self, people: list[Addressee]) -> tuple[set[str], bool]:
        """(whoever of them has answered, whether that may be told): looked at without giving anybody a key."""
        if not self._draft.unanswered_only:
            return set(), True
        ids = tuple(each.contact_id for each in people if not each.rule)
        found = self._bus.call(FindAnswered(survey_id=self._draft.survey_id, contact_ids=ids))
        return (set(), False) if found.anonymous else (set(found.contact_ids), True)

    def _note(self, answered: set[str]) -> None:
        lines = self._ledger.find_lines([(mailing, each) for mailing in self._earlier for each in answered])
        self._since = (self._since or Counter()) + invitations.answered_since(answered, lines, self._earlier)
