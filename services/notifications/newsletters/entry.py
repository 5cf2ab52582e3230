"""The entry points of items and newsletters, a part of the notifications service."""

from datetime import UTC, datetime

from services.notifications.newsletters import domain
from services.notifications.newsletters.press import Press
from shared.contracts.newsletters import (
    ChangeItem,
    ChangeNewsletter,
    CreateNewsletter,
    GetItem,
    Item,
    ItemList,
    ListItems,
    ListNewsletters,
    Newsletter,
    NewsletterList,
    NextIssue,
    PreviewIssue,
    PublishItem,
    WithdrawItem,
    WriteItem,
)
from shared.messaging import every, rpc


class NewsletterEntry:
    """What staff ask of items and newsletters; whoever inherits makes the press."""

    _press: Press

    @every(10.0)
    def issue_newsletters(self) -> None:
        """The issues that are due now."""
        self._press.issue_due(_now())

    @rpc
    def write_item(self, request: WriteItem) -> Item:
        return self._press.write_item(request.request_id, request.draft, _now(), request.by)

    @rpc
    def change_item(self, request: ChangeItem) -> Item:
        item = self._press.get_item(request.item_id, request.version)
        return self._press.replace_item(domain.rewrite(item, request.draft, _now(), request.by))

    @rpc
    def publish_item(self, request: PublishItem) -> Item:
        item = self._press.get_item(request.item_id, request.version)
        return self._press.replace_item(domain.publish(item, _now(), request.by))

    @rpc
    def withdraw_item(self, request: WithdrawItem) -> Item:
        item = self._press.get_item(request.item_id, request.version)
        return self._press.replace_item(domain.withdraw(item, _now(), request.by))

    @rpc
    def get_item(self, request: GetItem) -> Item:
        return self._press.get_item(request.item_id)

    @rpc
    def list_items(self, request: ListItems) -> ItemList:
        found = self._press.latest_items(request.limit, request.cursor)
        more = len(found) == request.limit
        return ItemList(items=tuple(each for _, each in found), next_cursor=found[-1][0] if more else None)

    @rpc
    def create_newsletter(self, request: CreateNewsletter) -> Newsletter:
        return self._press.create(request.request_id, request.plan, _now(), request.by)

    @rpc
    def change_newsletter(self, request: ChangeNewsletter) -> Newsletter:
        return self._press.change(request.newsletter_id, request.version, request.plan, _now(), request.by)

    @rpc
    def list_newsletters(self, request: ListNewsletters) -> NewsletterList:
        return NewsletterList(newsletters=tuple(self._press.by_name()))

    @rpc
    def preview_issue(self, request: PreviewIssue) -> NextIssue:
        return self._press.next_issue(request.newsletter_id, request.name, _now())


def _now() -> datetime:
    return datetime.now(UTC)
