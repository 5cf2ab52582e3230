"""The weekly digest: tells owners how many enquiries and complaints wait for an answer, and since when.

Unanswered is who asked in the last 90 days and was not written to, rung or met since then, as far as the history says.
It counts what everybody who works here may see: restricted entries are left out, and no name leaves the system.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from services.notifications.desk import Desk, compared_address, mailing_id_of
from services.notifications.domain import Addressee
from services.notifications.repository import Mailings
from services.notifications.rules.domain import LONDON, Logged, digest_week
from services.notifications.templates import find_version
from shared.contracts.history import HistoryItem, Reader, SearchHistory
from shared.contracts.notifications import MailingDraft
from shared.contracts.rules import SendingRule
from shared.messaging import Bus

ASKED = {"enquiry": ("enquiry", "enquiries"), "complaint": ("complaint", "complaints")}
ANSWERS = ("call", "email", "letter", "conversation", "meeting", "visit", "case_answered", "case_closed")
SINCE = timedelta(days=90)
FIELD = "{digest}"
"""Where a template has the lines; at its end when it does not say."""
MOST_PAGES = 5
_PAGE = 100


class Digest:
    """Sends what is due to owners, once a week each."""

    def __init__(self, mailings: Mailings, bus: Bus, desk: Desk, public_url: str) -> None:
        self._mailings = mailings
        self._bus = bus
        self._desk = desk
        self._public_url = public_url

    def turn(self, at: datetime) -> None:
        for rule in self._mailings.rules.list():
            if rule.on_since is not None and rule.settings.occasion == "weekly_digest":
                week = digest_week(rule.on_since, at)
                if week and not self._mailings.rules.has(rule.rule_id, week):
                    self._send(rule, week, at)

    def lines(self, at: datetime) -> list[str]:
        """What a digest says at a moment; nothing when nothing waits."""
        waiting: dict[str, list[datetime]] = defaultdict(list)
        for item in self._unanswered(at):
            waiting[item.kind].append(item.occurred_at)
        return [_line(kind, times) for kind, times in sorted(waiting.items())]

    def _send(self, rule: SendingRule, week: str, at: datetime) -> None:
        """Notices first, then the log: after a crash in between the same requests are the same notices."""
        lines = self.lines(at)
        if not lines:
            line = Logged(f"{rule.rule_id}:{week}:", rule.rule_id, week, "", at, "kept_back", "nothing_waits")
            return self._mailings.rules.note([line])
        content, logged = self._content(rule, lines), []
        for owner in dict.fromkeys(map(compared_address, rule.settings.owners)):
            key = f"{rule.rule_id}:{week}:{sha256(owner.encode()).hexdigest()[:16]}"
            self._desk.notify(key, content, Addressee("", "", owner), at, "rule")
            logged.append(Logged(key, rule.rule_id, week, "", at, "taken", mailing_id=mailing_id_of(key)))
        return self._mailings.rules.note(logged)

    def _content(self, rule: SendingRule, lines: Sequence[str]) -> MailingDraft:
        settings = rule.settings
        text = find_version(self._mailings.templates, settings.template_id, rule.template_version).text
        body = text.body if FIELD in text.body else f"{text.body}\n\n{FIELD}"
        link = f"[See them in Wellheard]({self._public_url}/search?kind=enquiry&kind=complaint&sort=oldest)"
        told = "\n".join(f"* {each}" for each in lines) + f"\n\n{link}"
        return MailingDraft(
            subject=text.subject,
            body=body.replace(FIELD, told),
            purpose=settings.purpose,
            segment_id="notice",
            template_id=settings.template_id,
            template_version=rule.template_version,
        )

    def _unanswered(self, at: datetime) -> Iterator[HistoryItem]:
        answered_at: dict[str, datetime | None] = {}
        for item in self._asked(at - SINCE):
            for contact in item.contacts:
                if contact.id not in answered_at:
                    answered_at[contact.id] = self._last_answer(contact.id)
            answers = [answered_at[contact.id] for contact in item.contacts]
            if answers and not any(each and each > item.occurred_at for each in answers):
                yield item

    def _asked(self, since: datetime) -> Iterator[HistoryItem]:
        """The oldest first; of more than 500 the oldest 500."""
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = self._bus.call(
                SearchHistory(
                    kind=tuple(ASKED),
                    from_=since.astimezone(LONDON).date(),
                    sort="oldest",
                    limit=_PAGE,
                    cursor=cursor,
                    facets=False,
                    reader=Reader(),
                )
            )
            yield from (each for each in page.items if each.direction != "outbound")
            cursor = page.next_cursor
            if cursor is None:
                return

    def _last_answer(self, contact_id: str) -> datetime | None:
        question = SearchHistory(
            contact_id=contact_id, kind=ANSWERS, sort="newest", limit=10, facets=False, reader=Reader()
        )
        found = self._bus.call(question).items
        return next((each.occurred_at for each in found if each.direction != "inbound"), None)


def _line(kind: str, times: Sequence[datetime]) -> str:
    one, many = ASKED[kind]
    oldest = min(times).astimezone(LONDON)
    since = f"{oldest.day} {oldest:%B %Y}"
    return f"1 {one}, since {since}" if len(times) == 1 else f"{len(times)} {many}, the oldest since {since}"
