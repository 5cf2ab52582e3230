"""The notifications service: mailings, notices, the ledger and the suppression list. Entry points only."""

from datetime import UTC, datetime
from typing import ClassVar

from services.notifications import domain, invitations
from services.notifications.answers import AnswerEntry
from services.notifications.archive import ArchiveEntry
from services.notifications.bounce_entry import BounceEntry
from services.notifications.claim_entry import ClaimEntry
from services.notifications.desk import Desk, compared_address, mailing_id_of, preview_of
from services.notifications.domain import Addressee
from services.notifications.erasure import ErasureEntry
from services.notifications.invitation_entry import InvitationEntry
from services.notifications.ledger import MongoLedger
from services.notifications.newsletters.entry import NewsletterEntry
from services.notifications.newsletters.press import Press
from services.notifications.newsletters.repository import MongoNewsletters, Newsletters
from services.notifications.notices import NoticeEntry
from services.notifications.port import Ledger
from services.notifications.rates import Rates
from services.notifications.repository import Mailings, MongoMailings, Withdrawal
from services.notifications.returning import Returning
from services.notifications.rules.desk import RuleDesk
from services.notifications.rules.digest import Digest
from services.notifications.rules.entry import RuleEntry
from services.notifications.rules.work import RuleWork
from services.notifications.template_entry import TemplateEntry
from services.notifications.tokens import Tokens
from services.notifications.waiting_entry import WaitingEntry
from shared.contracts.audiences import AudienceSummary, SummariseAudience
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
    Mailing,
    MailingDraft,
    MailingList,
    MailingProgress,
    PauseMailing,
    Preview,
    PreviewMailing,
    ResumeMailing,
    ScheduleMailing,
    SendNotice,
    SendTest,
)
from shared.contracts.subscriptions import (
    GetSubscription,
    ListSuppressions,
    Subscription,
    Suppress,
    Suppression,
    SuppressionList,
    Unsubscribe,
    Unsuppress,
)
from shared.errors import Conflict, NotFound
from shared.messaging import Bus, on_batch, rpc
from shared.mongo import connect
from shared.settings import Settings

CHANGED_MEANWHILE = "Somebody else changed this mailing in the meantime. Look at it again, then decide."


class NotificationsService(
    AnswerEntry,
    ArchiveEntry,
    BounceEntry,
    ClaimEntry,
    RuleEntry,
    TemplateEntry,
    ErasureEntry,
    InvitationEntry,
    NewsletterEntry,
    NoticeEntry,
    WaitingEntry,
):
    """What staff decide about messages. Sending itself is the sender's (sender.py), a process of its own."""

    name: ClassVar[str] = "notifications"

    def __init__(
        self,
        mailings: Mailings,
        ledger: Ledger,
        newsletters: Newsletters,
        bus: Bus,
        tokens: Tokens,
        public_url: str = "",
    ) -> None:
        self._mailings = mailings
        self._ledger = ledger
        self._bus = bus
        self._desk = Desk(mailings, ledger, bus, tokens)
        self._public_url = public_url
        self._rates = Rates(mailings, ledger, bus)
        self._returning = Returning(mailings, ledger, tokens)
        self._press = Press(newsletters, mailings)
        self._digest = Digest(mailings, bus, self._desk, public_url)
        self._rules = RuleDesk(mailings, ledger, bus, self._digest)
        self._rule_work = RuleWork(mailings, ledger, bus, public_url)
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
        invitations.check(request.draft)
        mailing = domain.draft(mailing_id_of(request.request_id), request.draft, _now(), request.by)
        self._mailings.insert(mailing)
        return self._get(mailing.mailing_id)

    @rpc
    def change_mailing(self, request: ChangeMailing) -> Mailing:
        invitations.check(request.draft)
        return self._replace(domain.change(self._at(request.mailing_id, request.version), request.draft, _now()))

    @rpc
    def schedule_mailing(self, request: ScheduleMailing) -> Mailing:
        mailing = self._at(request.mailing_id, request.version)
        scheduled = domain.schedule(mailing, request.at, _now())
        self._desk.check_survey(mailing.draft, now=request.at is None)
        return self._replace(scheduled)

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
    def preview_mailing(self, request: PreviewMailing) -> Preview:
        mailing = self._get(request.mailing_id)
        is_notice = mailing.lane == "urgent"
        return preview_of(mailing.draft, request.name, is_notice=is_notice, public_url=self._public_url)

    @rpc
    def summarise_audience(self, request: SummariseAudience) -> AudienceSummary:
        return self._desk.summarise(self._get(request.mailing_id))

    @rpc
    def send_test(self, request: SendTest) -> Mailing:
        draft = self._get(request.mailing_id).draft
        content = draft.model_copy(update={"subject": f"Test: {draft.subject}"[:200]})
        recipient = Addressee("", "Test Reader", compared_address(request.address))
        return self._desk.notify(request.request_id, content, recipient, _now(), request.by)

    @rpc
    def send_notice(self, request: SendNotice) -> Mailing:
        content = MailingDraft(subject=request.subject, body=request.body, segment_id="notice")
        recipient = Addressee(request.contact_id, request.name, compared_address(request.address))
        return self._desk.notify(request.request_id, content, recipient, _now(), request.by)

    @rpc
    def get_subscription(self, request: GetSubscription) -> Subscription:
        return self._desk.subscription(request.token)

    @rpc
    def unsubscribe(self, request: Unsubscribe) -> Subscription:
        return self._desk.unsubscribe(request.token)

    @rpc
    def suppress(self, request: Suppress) -> Done:
        address = compared_address(request.address)
        self._mailings.suppress(Suppression(address=address, reason=request.reason, added_by=request.by, at=_now()))
        return Done()

    @rpc
    def unsuppress(self, request: Unsuppress) -> Done:
        self._mailings.unsuppress(compared_address(request.address))
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
    mailings, ledger, newsletters = MongoMailings(database), MongoLedger(database), MongoNewsletters(database)
    return NotificationsService(mailings, ledger, newsletters, bus, Tokens(settings.secret), settings.public_url)


def _now() -> datetime:
    return datetime.now(UTC)
