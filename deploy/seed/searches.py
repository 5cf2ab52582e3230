"""Searches of the demonstration: some that are kept under a name, some of the last days."""

import hashlib
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

from services.web.recent_searches import KEPT, MongoRecentSearches, RecentSearch, mark_of
from services.web.saved_searches import MongoSavedSearches, SavedSearch
from shared.mongo import connect
from shared.settings import Settings

SAVED = {"Complaints about parking": "q=parking&kind=complaint", "Transport, newest first": "q=bus&sort=newest"}
RECENT = ("q=discharge+letter", "q=interpreter+kind%3Acomplaint", "q=waiting&kind=story", "q=%22evening+clinic%22")


def add_searches(settings: Settings, account_id: str) -> None:
    """For an account that is new: what somebody has removed does not come back."""
    database, now = connect(settings, "web"), datetime.now(UTC)
    saved, recent = MongoSavedSearches(database), MongoRecentSearches(database)
    for name, query in SAVED.items():
        saved.put(SavedSearch(_id("sea", account_id, query), account_id, name, query, now))
    for number, query in enumerate(RECENT):
        words, at = parse_qs(query)["q"][0], now - timedelta(hours=5 * number)
        recent.put(RecentSearch(_id("rec", account_id, query), account_id, mark_of(words), query, at), now - KEPT)


def _id(kind: str, account_id: str, query: str) -> str:
    return f"{kind}_{hashlib.sha256(f'{account_id} {query}'.encode()).hexdigest()[:32]}"
