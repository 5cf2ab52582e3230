"""Items and newsletters in memory, for tests of stories; they pass the same contract tests as the real ones."""

from datetime import datetime

from shared.contracts.newsletters import Item, Newsletter


class FakeNewsletters:
    """Items and newsletters by id."""

    def __init__(self) -> None:
        self._items: dict[str, Item] = {}
        self._newsletters: dict[str, Newsletter] = {}

    def insert_item(self, item: Item) -> None:
        self._items.setdefault(item.item_id, item)

    def find_item(self, item_id: str) -> Item | None:
        return self._items.get(item_id)

    def replace_item(self, item: Item) -> bool:
        if self._items[item.item_id].version != item.version - 1:
            return False
        self._items[item.item_id] = item
        return True

    def latest_items(self, limit: int, cursor: str | None) -> list[tuple[str, Item]]:
        found = [(f"{each.created_at.isoformat()}{each.item_id}", each) for each in self._items.values()]
        return sorted(
            (each for each in found if not cursor or each[0] < cursor), key=lambda each: each[0], reverse=True
        )[:limit]

    def published(self, after: datetime, until: datetime) -> list[Item]:
        found = [
            (each.published_at, each.item_id, each)
            for each in self._items.values()
            if each.state == "published" and each.published_at and after < each.published_at <= until
        ]
        return [each for _, _, each in sorted(found, key=lambda each: each[:2])]

    def insert(self, newsletter: Newsletter) -> None:
        self._newsletters.setdefault(newsletter.newsletter_id, newsletter)

    def find(self, newsletter_id: str) -> Newsletter | None:
        return self._newsletters.get(newsletter_id)

    def replace(self, newsletter: Newsletter) -> bool:
        if self._newsletters[newsletter.newsletter_id].version != newsletter.version - 1:
            return False
        self._newsletters[newsletter.newsletter_id] = newsletter
        return True

    def all(self) -> list[Newsletter]:
        return list(self._newsletters.values())
