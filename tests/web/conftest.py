"""The web over the real services in one process, a partner with keys, and a browser without JavaScript."""

import re
import secrets
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI

from services.contacts.fake import FakeContacts, FakePreferences
from services.contacts.importing.fake import FakeImports
from services.contacts.service import ContactsService
from services.events.fake import FakeEngagements
from services.events.service import EventsService
from services.history.index.directory import Indexes
from services.history.log import FakeLog
from services.history.projector import HistoryProjector
from services.history.search import HistorySearch
from services.notifications.fake import FakeLedger, FakeMailings
from services.notifications.newsletters.fake import FakeNewsletters
from services.notifications.sender import MailSender
from services.notifications.service import NotificationsService
from services.notifications.smtp import SmtpDispatcher
from services.notifications.tokens import Tokens
from services.surveys.consultations.fake import FakeConsultations
from services.surveys.fake import FakeSurveys
from services.surveys.service import SurveysService
from services.web.app import build_app
from services.web.keys import SCOPES, Key, check_key, digest_of
from services.web.recent_searches import FakeRecentSearches
from services.web.saved_searches import FakeSavedSearches
from services.web.signin.repository import FakeSignInStore
from shared.contracts.base import CheckHealth, Health, Request
from shared.errors import NotFound, Unavailable
from shared.messaging.ports import QueueSeen
from shared.messaging.testbus import AsyncTestBus, TestBus
from shared.settings import Settings
from tests.notifications.sink import Sink
from tests.staff import signed_in

ADDRESS = "http://127.0.0.1:8000"
SECRET = "a-secret-of-the-tests"


MOST_CALLS = 2
"""What a page may ask of the services."""
FOR_EVERYBODY = {"get_reference", "count_waiting"}
"""What the web asks once in a while, however many pages are opened. The same is true of what has a time limit of its
own: the report of the whole system."""
FILES = re.compile(
    "POST /imports/new|POST /engagements/.+/photographs"
    "|GET /imports/.+/left-out.csv|GET /surveys/.+/responses.(csv|xlsx)|GET /search/entries.(csv|xlsx)"
)
"""They travel in windows."""
_asked_by_page: ContextVar[list[str]] = ContextVar("_asked_by_page")


class FakeKeys:
    """Keys in memory; `is_down` is a store that does not answer."""

    def __init__(self) -> None:
        self._keys: dict[str, Key] = {}
        self.is_down = False

    def give(self, partner: str, *scopes: str) -> str:
        token = f"wh_{secrets.token_urlsafe(8)}"
        self._keys[token] = Key(digest_of(token)[:12], partner, scopes or SCOPES, datetime.now(UTC))
        return token

    async def find(self, token: str) -> Key | None:
        await self.check_store()
        key = self._keys.get(token)
        return key if key and key.revoked_at is None else None

    async def all(self) -> list[Key]:
        await self.check_store()
        return sorted(self._keys.values(), key=lambda each: (each.partner, each.created_at))

    async def create(self, partner: str, scopes: Sequence[str]) -> tuple[str, Key]:
        check_key(partner, scopes)
        token = self.give(partner, *scopes)
        return token, self._keys[token]

    async def revoke(self, key_id: str) -> Key:
        token = next((token for token, key in self._keys.items() if key.key_id == key_id), "")
        if not token:
            raise NotFound(f"There is no key {key_id}.")
        self._keys[token] = replace(self._keys[token], revoked_at=datetime.now(UTC))
        return self._keys[token]

    async def check_store(self) -> None:
        if self.is_down:
            raise Unavailable("Keys cannot be checked just now. Send the same again in a few seconds.")


class Switch(AsyncTestBus):
    """The bus of the web; `down` names services that do not answer, or the `broker`.

    `health`: what services say of themselves instead; `unconsumed`: queues that nobody consumes.
    """

    def __init__(self, bus: TestBus) -> None:
        super().__init__(bus)
        self.down: set[str] = set()
        self.health: dict[str, Health] = {}
        self.unconsumed: set[str] = set()
        self.asked: list[str] = []
        self.posted: list[tuple[Sequence[bytes], dict[str, str]]] = []

    async def call(self, request: Request[Any], timeout: float | None = None) -> Any:
        if not self.down.isdisjoint((request.service, "broker")):
            raise Unavailable(f"The {request.service} service does not answer.")
        self.asked.append(request.method())
        if timeout is None and request.method() not in FOR_EVERYBODY:
            _asked_by_page.get([]).append(request.method())
        if isinstance(request, CheckHealth) and request.service in self.health:
            return self.health[request.service]
        return await super().call(request, timeout)

    async def ping(self) -> None:
        if "broker" in self.down:
            raise Unavailable("The message broker does not answer.")

    async def look(self, queues: Sequence[str], heads: Collection[str] = ()) -> dict[str, QueueSeen]:
        await self.ping()
        found = await super().look(queues, heads)
        return found | {name: replace(found[name], consumers=0) for name in self.unconsumed}

    async def publish_inbound(self, bodies: Sequence[bytes], headers: dict[str, str]) -> None:
        self._check_broker()
        self.posted.append((bodies, headers))
        await super().publish_inbound(bodies, headers)

    async def publish_to(self, queue: str, body: bytes) -> None:
        self._check_broker()
        await super().publish_to(queue, body)

    def _check_broker(self) -> None:
        if "broker" in self.down:
            raise Unavailable("The message broker does not take events just now. Send the same again later.")


class Counting(httpx.ASGITransport):
    """Asks the app, and notes for each address what its page asked of the services."""

    def __init__(self, app: FastAPI, asked: list[tuple[str, list[str]]]) -> None:
        super().__init__(app, raise_app_exceptions=False)
        self._asked = asked

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        mine: list[str] = []
        token = _asked_by_page.set(mine)
        try:
            return await super().handle_async_request(request)
        finally:
            _asked_by_page.reset(token)
            self._asked.append((f"{request.method} {request.url.path}", mine))


class County:
    """The whole system in one process."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        self.bus = TestBus()
        indexes = Indexes(directory / "index")
        self.contacts = self.bus.add(ContactsService(FakeContacts(), FakeImports(), FakePreferences()))
        self.engagements = FakeEngagements()
        self.bus.add(EventsService(self.engagements, self.bus, ADDRESS))
        self.projector = self.bus.add(HistoryProjector(FakeLog(), indexes, self.bus))
        self.bus.add(HistorySearch(indexes, SECRET))
        self.mailings = FakeMailings()
        ledger = FakeLedger(self.mailings.outbox)
        self.notifications = self.bus.add(
            NotificationsService(self.mailings, ledger, FakeNewsletters(), self.bus, Tokens(SECRET))
        )
        self.settings = Settings(secret=SECRET, state_dir=directory, **settings)
        self.sender = self.bus.add(
            MailSender(self.mailings, ledger, self.bus, self.settings, lambda: SmtpDispatcher(self.settings.smtp_url))
        )
        self.surveys = FakeSurveys()
        self.bus.add(SurveysService(self.surveys, FakeConsultations(), SECRET, self.bus))
        self.projector.follow_log()
        self.web_bus = Switch(self.bus)
        self.keys = FakeKeys()
        self.saved = FakeSavedSearches()
        self.recent = FakeRecentSearches()
        self.people = FakeSignInStore()
        self.tokens: dict[tuple[str, ...], str] = {}
        self.asked_by_pages: list[tuple[str, list[str]]] = []
        self.app = build_app(self.settings, self.web_bus, self.keys, self.people, self.saved, self.recent)

    def settle(self) -> None:
        """Everything on its way has arrived and can be found."""
        self.bus.deliver()
        self.projector.follow_log()

    def sign_in(self, *roles: str) -> str:
        """The token of a session of somebody with these roles, the same each time; with none, of one who has all."""
        if roles not in self.tokens:
            self.tokens[roles] = signed_in(self.people, *roles)
        return self.tokens[roles]

    def costly_pages(self) -> list[tuple[str, list[str]]]:
        """The pages that asked more of the services than a page may, with what they asked."""
        asked = [each for each in self.asked_by_pages if not FILES.fullmatch(each[0])]
        return [(address, questions) for address, questions in asked if len(questions) > MOST_CALLS]

    def browser(self, *roles: str) -> httpx.AsyncClient:
        """A browser in which somebody with these roles is signed in; with none, somebody who has all."""
        client = self.client()
        client.cookies.set("wellheard_session", self.sign_in(*roles))
        return client

    def client(self, token: str = "") -> httpx.AsyncClient:
        transport = Counting(self.app, self.asked_by_pages)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(transport=transport, base_url=ADDRESS, headers=headers)


class Partner:
    """A partner system that posts and asks."""

    def __init__(self, county: County, name: str, *scopes: str) -> None:
        self.name = name
        self.http = county.client(county.keys.give(name, *scopes))

    async def post(self, content: Any, content_type: str = "application/cloudevents+json", **headers: str) -> Any:
        body = content if isinstance(content, bytes) else orjson.dumps(content)
        return await self.http.post("/api/v1/events", content=body, headers={"Content-Type": content_type} | headers)

    async def post_batch(self, events: list[Any]) -> Any:
        return await self.post(events, "application/cloudevents-batch+json")

    async def get(self, path: str, **params: Any) -> Any:
        return await self.http.get(f"/api/v1{path}", params=params)


@pytest.fixture
def county(tmp_path: Path) -> Iterator[County]:
    made = County(tmp_path)
    yield made
    made.projector.close()
    assert made.costly_pages() == []


@pytest.fixture
def partner(county: County) -> Partner:
    return Partner(county, "St Agnes")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def browser(county: County) -> AsyncIterator[httpx.AsyncClient]:
    async with county.browser() as client:
        yield client


@pytest.fixture
def sink(county: County) -> Iterator[Sink]:
    """A mail server that the county sends to."""
    made = Sink()
    county.settings.smtp_url = made.url
    yield made
    made.close()
