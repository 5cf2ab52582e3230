"""Freezes the audience of a mailing that is due: who is in the segment now, and what allows each message."""

from collections.abc import Iterator
from datetime import UTC, datetime

from services.notifications import domain, invitations
from services.notifications.content import content_of
from services.notifications.domain import CHANNEL, CHUNK, Addressee
from services.notifications.inviting import Inviting
from services.notifications.port import Ledger
from services.notifications.repository import Mailings
from shared import failpoints
from shared.contracts.base import Envelope, Event
from shared.contracts.consent import ListRecipients
from shared.contracts.notifications import Mailing, MailingDraft
from shared.errors import Unavailable, WellheardError
from shared.logs import correlation_id, get_logger
from shared.messaging import Bus

log = get_logger()
SOURCE = "/services/notifications"
PAGE = 1000


class Freezing:
    """Of senders that freeze at once only the last to begin ends: each works under an audience number of its own."""

    def __init__(self, mailings: Mailings, ledger: Ledger, bus: Bus, sessions: int) -> None:
        self._mailings = mailings
        self._ledger = ledger
        self._bus = bus
        self._sessions = sessions

    def freeze(self, due: Mailing) -> bool:
        """Look up everyone and let sending begin; False when somebody else was faster.

        A mailing that cannot be sent as it stands (its segment is gone) comes back as a draft that says why.
        """
        mailing = domain.begin(due, datetime.now(UTC))
        if not self._mailings.replace(mailing):
            return False
        try:
            invitations.check(mailing.draft)
            content_of(mailing)
            return self._freeze(due, mailing)
        except Unavailable:
            raise
        except WellheardError as error:
            log.error("audience_refused", mailing_id=mailing.mailing_id, error=type(error).__name__)
            return self._mailings.replace(domain.give_back(mailing, error.detail, datetime.now(UTC)))

    def _freeze(self, due: Mailing, mailing: Mailing) -> bool:
        if due.audience:
            self._ledger.drop_audience(due.mailing_id, due.audience)
        recipients = 0
        for number, part in enumerate(self._parts(mailing)):
            self._ledger.add_audience(mailing.mailing_id, mailing.audience, number, part)
            recipients += len(part)
            failpoints.reach("sender.mid_freeze")
        frozen, event = domain.freeze(mailing, recipients, datetime.now(UTC))
        log.info("audience_frozen", mailing_id=mailing.mailing_id, recipients=recipients)
        return self._mailings.replace(frozen, envelope(event, frozen))

    def _parts(self, mailing: Mailing) -> Iterator[list[Addressee]]:
        """Everyone once, in parts. A small audience, known from its first page, is cut so that every session works."""
        size, part, seen = 0, list[Addressee](), set[int]()
        inviting = Inviting(mailing, self._mailings, self._ledger, self._bus)
        for people, is_last in members(self._bus, self._mailings, mailing.draft):
            new = []
            for each in people:
                if hash(each.contact_id) not in seen:
                    seen.add(hash(each.contact_id))
                    new.append(each)
            part += inviting.invite(new)
            size = size or (domain.chunk_size(len(part), self._sessions) if is_last else CHUNK)
            while len(part) >= size or (part and is_last):
                yield part[:size]
                part = part[size:]
        inviting.check_enough()


def members(bus: Bus, mailings: Mailings, draft: MailingDraft) -> Iterator[tuple[list[Addressee], bool]]:
    """(whoever is in the segment, with what stands against a message to them; whether it is the last page), by pages.

    Somebody may be on two pages, when the segment changes meanwhile.
    """
    after: str | None = None
    while True:
        question = ListRecipients(
            segment_id=draft.segment_id, purpose=draft.purpose, channel=CHANNEL, after=after, limit=PAGE
        )
        page = bus.call(question)
        suppressed = mailings.suppressed(each.address for each in page.recipients if each.address)
        yield [domain.addressee(each, suppressed) for each in page.recipients], page.next is None
        after = page.next
        if after is None:
            return


def envelope(event: Event, mailing: Mailing) -> Envelope[Event]:
    return Envelope(event, SOURCE, mailing.mailing_id, mailing.version, correlation_id())
