"""Searches that somebody on the staff keeps under a name, to run again; their address can be given to anybody."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Protocol

from services.web.store import ask_store, of_account
from shared.contracts.base import new_id
from shared.errors import Invalid
from shared.mongo import Documents

MOST = 50
"""Searches that one account keeps."""
LONGEST_NAME, LONGEST_QUERY = 100, 2_000
AWAY = "Saved searches cannot be reached just now. Try again in a few seconds."


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search: `query` is the part of its address after the question mark."""

    search_id: str
    account_id: str
    name: str
    query: str
    saved_at: datetime


class SavedSearchStore(Protocol):
    """The Mongo one and the fake pass the same contract tests."""

    def of(self, account_id: str) -> list[SavedSearch]:
        """By name, at most `MOST`."""
        ...

    def put(self, search: SavedSearch) -> None:
        """In place of one that this account has by the same name."""
        ...

    def remove(self, account_id: str, search_id: str) -> None:
        """Nothing happens when the account has none of that id."""
        ...


class MongoSavedSearches:
    """Collection `saved_searches`. The id begins with the account's, so that its searches are a range of ids."""

    def __init__(self, database: Documents) -> None:
        self._searches = database["saved_searches"]

    def of(self, account_id: str) -> list[SavedSearch]:
        found = self._searches.find({"_id": of_account(account_id)}, {"_id": 0}).limit(MOST)
        return _sorted([SavedSearch(**each) for each in found])

    def put(self, search: SavedSearch) -> None:
        self._searches.replace_one({"_id": f"{search.account_id} {search.name}"}, asdict(search), upsert=True)

    def remove(self, account_id: str, search_id: str) -> None:
        mine = next((each for each in self.of(account_id) if each.search_id == search_id), None)
        if mine is not None:
            self._searches.delete_one({"_id": f"{account_id} {mine.name}", "search_id": search_id})


class FakeSavedSearches:
    """In memory, for tests."""

    def __init__(self) -> None:
        self._searches: dict[tuple[str, str], SavedSearch] = {}

    def of(self, account_id: str) -> list[SavedSearch]:
        return _sorted([each for each in self._searches.values() if each.account_id == account_id])[:MOST]

    def put(self, search: SavedSearch) -> None:
        self._searches[search.account_id, search.name] = search

    def remove(self, account_id: str, search_id: str) -> None:
        self._searches = {
            key: each
            for key, each in self._searches.items()
            if (each.account_id, each.search_id) != (account_id, search_id)
        }


class SavedSearches:
    """What the pages ask. Everything raises Unavailable while the store does not answer."""

    def __init__(self, store: SavedSearchStore) -> None:
        self._store = store

    def now_of(self, account_id: str) -> list[SavedSearch]:
        """By name; asked in a thread."""
        return self._store.of(account_id)

    async def of(self, account_id: str) -> list[SavedSearch]:
        """By name."""
        return await ask_store(lambda: self.now_of(account_id), AWAY)

    async def save(self, account_id: str, name: str, query: str) -> SavedSearch:
        """Saved again by the same name, it takes the place of the one before. Raises Invalid."""
        name = " ".join(name.split())
        if not name:
            raise Invalid("Give the search a name, by which you will find it again.")
        if len(name) > LONGEST_NAME:
            raise Invalid(f"A name has {LONGEST_NAME} characters at most.")
        if len(query) > LONGEST_QUERY:
            raise Invalid("This search has too many filters to be saved. Take some away.")
        others = [each for each in await self.of(account_id) if each.name != name]
        if len(others) >= MOST:
            raise Invalid(f"You have saved {MOST} searches. Remove one that you no longer use.")
        search = SavedSearch(new_id("sea"), account_id, name, query, datetime.now(UTC))
        await ask_store(lambda: self._store.put(search), AWAY)
        return search

    async def remove(self, account_id: str, search_id: str) -> None:
        await ask_store(lambda: self._store.remove(account_id, search_id), AWAY)


def _sorted(found: Sequence[SavedSearch]) -> list[SavedSearch]:
    return sorted(found, key=lambda each: each.name.casefold())
