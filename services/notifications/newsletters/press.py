"""Makes the issues of newsletters when they are due, and shows what the next would be."""

from datetime import date, datetime

from services.notifications.desk import mailing_id_of, preview_of
from services.notifications.newsletters import domain
from services.notifications.newsletters.repository import Newsletters
from services.notifications.repository import Mailings
from shared.contracts.base import id_of
from shared.contracts.newsletters import Item, ItemDraft, Newsletter, NewsletterPlan, NextIssue
from shared.errors import Conflict, NotFound
from shared.logs import get_logger

log = get_logger()
CHANGED_MEANWHILE = "Somebody else changed this in the meantime. Look at it again, then decide."


class Press:
    """Works beside others, whatever their clocks say, and makes one mailing of a newsletter and period.

    The mailing's id is made of the two, and a newsletter's next version is stored by one of several only.
    """

    def __init__(self, newsletters: Newsletters, mailings: Mailings) -> None:
        self._newsletters = newsletters
        self._mailings = mailings

    # -- issues -----------------------------------------------------------------------------------

    def issue_due(self, at: datetime) -> None:
        for newsletter in self._newsletters.all():
            period = domain.due_period(newsletter, at)
            if period is not None:
                self._issue(newsletter, period, at)

    def _issue(self, newsletter: Newsletter, period: domain.Period, at: datetime) -> None:
        """The mailing first: killed in between, the same period is due again and finds it there."""
        waiting = self._newsletters.published(newsletter.items_since, period.due_at)
        items = domain.choose(newsletter.plan, waiting)
        mailing_id = mailing_id_of(f"issue:{newsletter.newsletter_id}:{period.name}") if items else ""
        if items:
            self._mailings.insert(domain.issue(mailing_id, newsletter, period, items, at))
        if self._newsletters.replace(domain.settle(newsletter, period, items, mailing_id, at)):
            log.info("issue_settled", newsletter_id=newsletter.newsletter_id, period=period.name, items=len(items))

    def next_issue(self, newsletter_id: str, name: str, at: datetime) -> NextIssue:
        newsletter = self.get(newsletter_id)
        plan = newsletter.plan
        items = domain.choose(plan, self._newsletters.published(newsletter.items_since, at))
        due = domain.due_period(newsletter, at) or domain.next_period(plan.rhythm, at)
        draft = domain.compose(plan, items, date.fromisoformat(due.name)) if items else None
        return NextIssue(
            newsletter=newsletter,
            due_at=due.due_at if plan.active else None,
            items=tuple(items),
            preview=preview_of(draft, name) if draft else None,
        )

    # -- newsletters ------------------------------------------------------------------------------

    def create(self, request_id: str, plan: NewsletterPlan, at: datetime, by: str) -> Newsletter:
        newsletter = domain.create(id_of("nsl", request_id), plan, at, by)
        self._newsletters.insert(newsletter)
        return self.get(newsletter.newsletter_id)

    def change(self, newsletter_id: str, version: int, plan: NewsletterPlan, at: datetime, by: str) -> Newsletter:
        newsletter = self.get(newsletter_id)
        if newsletter.version != version:
            raise Conflict(CHANGED_MEANWHILE)
        changed = domain.change(newsletter, plan, at, by)
        if not self._newsletters.replace(changed):
            raise Conflict(CHANGED_MEANWHILE)
        return changed

    def get(self, newsletter_id: str) -> Newsletter:
        found = self._newsletters.find(newsletter_id)
        if found is None:
            raise NotFound("There is no such newsletter.")
        return found

    def by_name(self) -> list[Newsletter]:
        return sorted(self._newsletters.all(), key=lambda each: (each.plan.name.casefold(), each.newsletter_id))

    # -- items ------------------------------------------------------------------------------------

    def write_item(self, request_id: str, draft: ItemDraft, at: datetime, by: str) -> Item:
        item = domain.write(id_of("itm", request_id), draft, at, by)
        self._newsletters.insert_item(item)
        return self.get_item(item.item_id)

    def get_item(self, item_id: str, version: int | None = None) -> Item:
        """At that version, if one is given: whoever decides on an item has seen it as it is."""
        found = self._newsletters.find_item(item_id)
        if found is None:
            raise NotFound("There is no such item.")
        if version is not None and found.version != version:
            raise Conflict(CHANGED_MEANWHILE)
        return found

    def replace_item(self, item: Item) -> Item:
        if not self._newsletters.replace_item(item):
            raise Conflict(CHANGED_MEANWHILE)
        return item

    def latest_items(self, limit: int, cursor: str | None) -> list[tuple[str, Item]]:
        return self._newsletters.latest_items(limit, cursor)
