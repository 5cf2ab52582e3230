"""The notifications service: mailings, notices, the ledger and the suppression list. Entry points only."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import ClassVar

from services.notifications import domain
from services.notifications.domain import Addressee
from services.notifications.ledger import Ledger, MongoLedger
from services.notifications.repository import Mailings, MongoMailings, Withdrawal
from shared.contracts.base import Done, Envelope, Event
from shared.contracts.consent import ConsentChanged
from shared.contracts.notifications import (
    CancelMailing,
    ChangeMailing,
    DraftMailing,
    GetMailing,
    LedgerPage,
    ListLedger,
    ListMailings,
    ListSuppressions,
    Mailing,
    MailingDraft,
    MailingList,
    MailingProgress,
    PauseMailing,
    ResumeMailing,
    ScheduleMailing,
    SendNotice,
    Suppress,
    Suppression,
    SuppressionList,
    Unsuppress,
)
from shared.errors import Conflict, Invalid, NotFound
from shared.identifiers import InvalidIdentifierError, compared_email
from shared.messaging import Bus, on_batch, rpc
from shared.mongo import connect
from shared.settings import Settings

CHANGED_MEANWHILE = "Somebody else changed this mailing in the meantime. Look at it again, then decide."


class NotificationsService:
    """What staff decide about messages. Sending itself is the sender's (sender.py), a process of its own."""

    name: ClassVar[str] = "notifications"

    def __init__(self, mailings: Mailings, ledger: Ledger) -> None:
        self._mailings = mailings
        self._ledger = ledger
        self.outbox = mailings.outbox

    @on_batch("notifications.consents", [ConsentChanged], size=500, linger=0.02)
    def heed_withdrawals(self, batch: list[Envelope[ConsentChanged]]) -> list[Envelope[Event]]:
        """A mailing that is under way sends nothing more to whoever withdraws."""
        consents = [each.data.consent for each in batch]
        self._mailings.withdraw(
            [
                Withdrawal(each.consent_id, each.contact_id, each.purpose, each.channel, _now())
                for each in consents
                if not each.given
            ]
        )
        return []

    @rpc
    def draft_mailing(self, request: DraftMailing) -> Mailing:
        mailing = domain.draft(_id_of(request.request_id), request.draft, _now(), request.by)
        self._mailings.insert(mailing)
        return self._get(mailing.mailing_id)

    @rpc
    def change_mailing(self, request: ChangeMailing) -> Mailing:
        return self._replace(domain.change(self._at(request.mailing_id, request.version), request.draft, _now()))

    @rpc
    def schedule_mailing(self, request: ScheduleMailing) -> Mailing:
        return self._replace(domain.schedule(self._at(request.mailing_id, request.version), request.at, _now()))

    @rpc
    def pause_mailing(self, request: PauseMailing) -> Mailing:
        return self._replace(domain.pause(self._get(request.mailing_id), _now()))

    @rpc
    def resume_mailing(self, request: ResumeMailing) -> Mailing:
        return self._replace(domain.resume(self._get(request.mailing_id), _now()))

    @rpc
    def cancel_mailing(self, request: CancelMailing) -> Mailing:
        return self._replace(domain.cancel(self._get(request.mailing_id), _now()))

    @rpc
    def get_mailing(self, request: GetMailing) -> MailingProgress:
        mailing = self._get(request.mailing_id)
        counts, _ = self._ledger.progress(mailing.mailing_id, mailing.audience)
        waiting = (mailing.recipients or 0) - sum(counts.values())
        return MailingProgress(mailing=mailing, counts=counts, waiting=max(0, waiting))

    @rpc
    def list_mailings(self, request: ListMailings) -> MailingList:
        found = self._mailings.latest(request.limit, request.cursor)
        more = len(found) == request.limit
        return MailingList(items=tuple(each for _, each in found), next_cursor=found[-1][0] if more else None)

    @rpc
    def list_ledger(self, request: ListLedger) -> LedgerPage:
        found = self._ledger.list_lines(request.mailing_id, request.state, request.limit, request.cursor)
        more = len(found) == request.limit
        return LedgerPage(items=tuple(found), next_cursor=found[-1].contact_id if more else None)

    @rpc
    def send_notice(self, request: SendNotice) -> Mailing:
        """The audience is stored before the mailing, which a sender takes up as soon as it sees it."""
        content = MailingDraft(subject=request.subject, body=request.body, segment_id="notice")
        mailing = domain.notice(_id_of(request.request_id), content, _now(), request.by)
        address = _compared(request.address)
        rule = "suppression_list" if self._mailings.suppressed([address]) else ""
        recipient = Addressee(request.contact_id, request.name, address, None, rule)
        self._ledger.add_audience(mailing.mailing_id, 0, 0, [recipient])
        self._mailings.insert(mailing)
        return self._get(mailing.mailing_id)

    @rpc
    def suppress(self, request: Suppress) -> Done:
        address = _compared(request.address)
        self._mailings.suppress(Suppression(address=address, reason=request.reason, added_by=request.by, at=_now()))
        return Done()

    @rpc
    def unsuppress(self, request: Unsuppress) -> Done:
        self._mailings.unsuppress(_compared(request.address))
        return Done()

    @rpc
    def list_suppressions(self, request: ListSuppressions) -> SuppressionList:
        found = self._mailings.list_suppressions(request.limit, request.cursor)
        more = len(found) == request.limit
        return SuppressionList(items=tuple(each for _, each in found), next_cursor=found[-1][0] if more else None)

    def _get(self, mailing_id: str) -> Mailing:
        found = self._mailings.find(mailing_id)
        if found is None:
            raise NotFound("There is no such mailing.")
        return found

    def _at(self, mailing_id: str, version: int) -> Mailing:
        found = self._get(mailing_id)
        if found.version != version:
            raise Conflict(CHANGED_MEANWHILE)
        return found

    def _replace(self, mailing: Mailing) -> Mailing:
        if not self._mailings.replace(mailing):
            raise Conflict(CHANGED_MEANWHILE)
        return mailing


def build(settings: Settings, bus: Bus) -> NotificationsService:
    database = connect(settings, "notifications")
    return NotificationsService(MongoMailings(database), MongoLedger(database))


def _id_of(request_id: str) -> str:
    """The same request is the same mailing."""
    return f"mlg_{sha256(request_id.encode()).hexdigest()[:32]}"


def _compared(address: str) -> str:
    try:
        return compared_email(address)
    except InvalidIdentifierError as error:
        raise Invalid(f"The e-mail address {error}.") from None


def _now() -> datetime:
    return datetime.now(UTC)
