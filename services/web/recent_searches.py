"""What somebody on the staff has searched for lately: the last few different searches, for a month at most."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from services.web.store import Spare, ask_store, of_account
from shared.contracts.base import new_id
from shared.mongo import Documents

MOST = 10
"""Searches of one account."""
KEPT = timedelta(days=30)
LONGEST_QUERY = 2_000
AWAY = "Recent searches cannot be reached just now. Try again in a few seconds."


@dataclass(frozen=True, slots=True)
class RecentSearch:
    """A search: `query` is the part of its address after the question mark."""

    search_id: str
    account_id: str
    mark: str
    """The same for the same words, whatever the filters."""
    query: str
    at: datetime


class RecentSearchStore(Protocol):
    """The Mongo one and the fake pass the same contract tests."""

    def of(self, account_id: str, since: datetime) -> list[RecentSearch]:
        """The latest first, at most `MOST`."""
        ...

    def put(self, search: RecentSearch, since: datetime) -> None:
        """In place of one with the same mark; what is beyond `MOST`, and anybody's from before `since`, goes."""
        ...

    def remove(self, account_id: str, search_id: str = "") -> None:
        """One of the account, or all. Nothing happens when it has none of that id."""
        ...


class MongoRecentSearches:
    """Collection `recent_searches`. The id begins with the account's, so that its searches are a range of ids."""

    def __init__(self, database: Documents) -> None:
        self._searches = database["recent_searches"]

    def of(self, account_id: str, since: datetime) -> list[RecentSearch]:
        return _latest([each for each in self._all(account_id) if each.at >= since])

    def put(self, search: RecentSearch, since: datetime) -> None:
        self._searches.replace_one({"_id": _key(search)}, asdict(search), upsert=True)
        mine = self._all(search.account_id)
        kept = _latest(mine)
        self._searches.delete_many({"_id": {"$in": [_key(each) for each in mine if each not in kept]}})
        self._searches.delete_many({"at": {"$lt": since}})

    def remove(self, account_id: str, search_id: str = "") -> None:
        keys = [_key(each) for each in self._all(account_id) if search_id in ("", each.search_id)]
        self._searches.delete_many({"_id": {"$in": keys}})

    def _all(self, account_id: str) -> list[RecentSearch]:
        return [RecentSearch(**each) for each in self._searches.find({"_id": of_account(account_id)}, {"_id": 0})]


class FakeRecentSearches:
    """In memory, for tests."""

    def __init__(self) -> None:
        self._searches: dict[str, RecentSearch] = {}

    def of(self, account_id: str, since: datetime) -> list[RecentSearch]:
        return _latest([each for each in self._all(account_id) if each.at >= since])

    def put(self, search: RecentSearch, since: datetime) -> None:
        self._searches[_key(search)] = search
        kept = _latest(self._all(search.account_id))
        self._searches = {
            key: each
            for key, each in self._searches.items()
            if each.at >= since and (each.account_id != search.account_id or each in kept)
        }

    def remove(self, account_id: str, search_id: str = "") -> None:
        gone = [each for each in self._all(account_id) if search_id in ("", each.search_id)]
        self._searches = {key: each for key, each in self._searches.items() if each not in gone}

    def _all(self, account_id: str) -> list[RecentSearch]:
        return [each for each in self._searches.values() if each.account_id == account_id]


class RecentSearches:
    """What the pages ask. Everything raises Unavailable while the store does not answer."""

    def __init__(self, store: RecentSearchStore, spare: Spare) -> None:
        self._store = store
        self._spare = spare

    def now_of(self, account_id: str) -> list[RecentSearch]:
        """The latest first; asked in a thread."""
        return self._store.of(account_id, datetime.now(UTC) - KEPT)

    async def of(self, account_id: str) -> list[RecentSearch]:
        """The latest first."""
        return await ask_store(lambda: self.now_of(account_id), AWAY)

    async def note(self, account_id: str, words: str, query: str) -> None:
        """Takes the place of a search for the same words. Nobody waits for it, and it may fail."""
        if len(query) > LONGEST_QUERY:
            return
        at = datetime.now(UTC)
        search = RecentSearch(new_id("rec"), account_id, mark_of(words), query, at)
        await self._spare.ask(lambda: self._store.put(search, at - KEPT), AWAY)

    async def remove(self, account_id: str, search_id: str = "") -> None:
        """One, or all."""
        await ask_store(lambda: self._store.remove(account_id, search_id), AWAY)


def mark_of(words: str) -> str:
    """The same for the same words."""
    return hashlib.sha256(" ".join(words.casefold().split()).encode()).hexdigest()[:16]


def _key(search: RecentSearch) -> str:
    return f"{search.account_id} {search.mark}"


def _latest(found: Sequence[RecentSearch]) -> list[RecentSearch]:
    return sorted(found, key=lambda each: (each.at, each.search_id), reverse=True)[:MOST]
