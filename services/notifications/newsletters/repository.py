"""Keeps items and newsletters."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

import orjson

from shared.contracts.newsletters import Item, Newsletter
from shared.mongo import Documents, insert_new
from shared.order import order_of


class Newsletters(Protocol):
    """Items and newsletters; the Mongo one and the fake pass the same contract tests."""

    def insert_item(self, item: Item) -> None:
        """One that is there already stays as it is."""
        ...

    def find_item(self, item_id: str) -> Item | None: ...

    def replace_item(self, item: Item) -> bool:
        """Store the next version; False when somebody was faster."""
        ...

    def latest_items(self, limit: int, cursor: str | None) -> list[tuple[str, Item]]:
        """(cursor, item), the newest first."""
        ...

    def published(self, after: datetime, until: datetime) -> list[Item]:
        """Items that are published, and were between the two (the latter included), in that order."""
        ...

    def insert(self, newsletter: Newsletter) -> None: ...

    def find(self, newsletter_id: str) -> Newsletter | None: ...

    def replace(self, newsletter: Newsletter) -> bool:
        """Store the next version; False when somebody was faster."""
        ...

    def all(self) -> list[Newsletter]: ...


class MongoNewsletters:
    """Collections `items` and `newsletters`."""

    def __init__(self, database: Documents) -> None:
        self._items = database["items"]
        self._newsletters = database["newsletters"]
        self._items.create_index("listed")
        self._items.create_index("published", sparse=True)

    def insert_item(self, item: Item) -> None:
        insert_new(self._items, [_item_document(item) | {"_id": item.item_id}])

    def find_item(self, item_id: str) -> Item | None:
        return next(iter(_items(self._items.find({"_id": item_id}))), None)

    def replace_item(self, item: Item) -> bool:
        document = _item_document(item)
        update: dict[str, Any] = {"$set": document}
        if "published" not in document:
            update["$unset"] = {"published": ""}
        return self._items.update_one({"_id": item.item_id, "version": item.version - 1}, update).modified_count == 1

    def latest_items(self, limit: int, cursor: str | None) -> list[tuple[str, Item]]:
        asked = {"listed": {"$lt": cursor}} if cursor else {}
        found = list(self._items.find(asked).sort("listed", -1).limit(limit))
        return list(zip((each["listed"] for each in found), _items(found), strict=True))

    def published(self, after: datetime, until: datetime) -> list[Item]:
        # Up to the next microsecond: what follows the time in a mark is the id.
        asked = {"published": {"$gte": order_of(after, 1), "$lt": order_of(until, 1)}}
        return sorted(_items(self._items.find(asked)), key=lambda each: (each.published_at, each.item_id))

    def insert(self, newsletter: Newsletter) -> None:
        insert_new(self._newsletters, [_document(newsletter) | {"_id": newsletter.newsletter_id}])

    def find(self, newsletter_id: str) -> Newsletter | None:
        found = self._newsletters.find_one({"_id": newsletter_id})
        return _newsletter(found) if found else None

    def replace(self, newsletter: Newsletter) -> bool:
        asked = {"_id": newsletter.newsletter_id, "version": newsletter.version - 1}
        return self._newsletters.update_one(asked, {"$set": _document(newsletter)}).modified_count == 1

    def all(self) -> list[Newsletter]:
        return [_newsletter(each) for each in self._newsletters.find()]


def _item_document(item: Item) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(item.model_dump_json(exclude={"item_id"}))
    content["listed"] = order_of(item.created_at) + item.item_id
    if item.state == "published" and item.published_at is not None:
        content["published"] = order_of(item.published_at) + item.item_id
    return content


def _items(documents: Iterable[dict[str, Any]]) -> list[Item]:
    return [Item.model_validate({**each, "item_id": each["_id"]}, extra="ignore") for each in documents]


def _document(newsletter: Newsletter) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(newsletter.model_dump_json(exclude={"newsletter_id"}))
    return content


def _newsletter(document: dict[str, Any]) -> Newsletter:
    return Newsletter.model_validate({**document, "newsletter_id": document["_id"]}, extra="ignore")
