"""The web as one ASGI app: the partner API and the pages for staff, wired to the bus."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.web import health, problems
from services.web.allowance import Allowance
from services.web.api import bounces, contacts, documents, events, history
from services.web.assets import Assets
from services.web.backend import Backend
from services.web.edge import Edge
from services.web.keys import KeyRing, Keys
from services.web.metrics import Metrics
from services.web.pages import (
    accounts,
    answering,
    archive,
    asking,
    calendar,
    cases,
    consultations,
    contributions,
    demo_mail,
    design,
    duplicates,
    engagements,
    erasures,
    home,
    imports,
    mailings,
    meetings,
    news,
    newsletters,
    outcomes,
    paper,
    personal_answering,
    photographs,
    preferences,
    public_consultations,
    quarantine,
    relationships,
    responses,
    rules,
    saved_searches,
    search,
    search_files,
    segments,
    signin,
    status,
    subscribing,
    suppressions,
    survey_links,
    surveys,
    templates,
    timelines,
    unsubscribe,
)
from services.web.pages import bounces as bounce_pages
from services.web.pages import consent as consent_pages
from services.web.pages import contacts as contact_pages
from services.web.pages import keys as key_pages
from services.web.receipts import Receipts
from services.web.recent_searches import MongoRecentSearches, RecentSearches, RecentSearchStore
from services.web.saved_searches import MongoSavedSearches, SavedSearches, SavedSearchStore
from services.web.signin.desk import Desk
from services.web.signin.repository import MongoSignInStore, SignInStore
from services.web.store import Spare
from shared.messaging import AsyncBus
from shared.messaging.aio import AioBus
from shared.mongo import connect
from shared.settings import Settings

PAGES = (
    personal_answering,
    answering,  # first: when a survey is announced its forms come at once, and routes are tried in this order
    signin,
    home,
    design,
    saved_searches,
    search,
    search_files,
    cases,
    calendar,
    meetings,
    photographs,
    engagements,
    consent_pages,
    duplicates,
    erasures,
    contact_pages,
    segments,
    consultations,
    contributions,
    timelines,
    outcomes,
    public_consultations,
    surveys,
    responses,
    survey_links,
    paper,
    quarantine,
    relationships,
    mailings,
    news,
    newsletters,
    suppressions,
    bounce_pages,
    templates,
    rules,
    unsubscribe,
    archive,
    subscribing,
    asking,
    demo_mail,
    imports,
    preferences,
    status,
    accounts,
    key_pages,
)
"""What answers browsers. The first route that fits an address wins."""


def build_app(
    settings: Settings,
    bus: AsyncBus | None = None,
    keys: Keys | None = None,
    people: SignInStore | None = None,
    saved: SavedSearchStore | None = None,
    recent: RecentSearchStore | None = None,
) -> FastAPI:
    """The app; without `bus` it connects to the broker when it starts; what else is left out is in the store."""
    app = FastAPI(title="Wellheard", openapi_url=None, docs_url=None, redoc_url=None, lifespan=_lifespan)
    app.state.settings = settings
    app.state.draining = False
    app.state.metrics = Metrics()
    app.state.receipts = Receipts(settings.secret, settings.public_url)
    app.state.keys = keys or KeyRing(connect(settings, "web"))
    app.state.saved_searches = SavedSearches(saved or MongoSavedSearches(connect(settings, "web")))
    app.state.spare = Spare()
    app.state.recent_searches = RecentSearches(recent or MongoRecentSearches(connect(settings, "web")), app.state.spare)
    app.state.desk = Desk(people or MongoSignInStore(connect(settings, "web")))
    app.state.allowance = Allowance(settings.partner_requests_per_second, settings.partner_events_per_second)
    if bus is not None:
        app.state.backend = Backend(bus, app.state.keys.check_store)
    problems.install(app)
    signin.install(app)
    # Those of partners first: most requests are theirs, and each route that is tried before costs a microsecond or two.
    for module in (events, history, contacts, *PAGES, bounces, documents, health):
        app.router.routes.extend(module.router.routes)  # one flat list: who looks for a route's permission finds it
    app.mount("/assets", Assets(), name="assets")
    app.add_middleware(Edge, settings=settings, metrics=app.state.metrics, state=app.state)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    if hasattr(app.state, "backend"):
        yield
        return
    async with AioBus(app.state.settings) as bus:
        app.state.backend = Backend(bus, app.state.keys.check_store)
        yield
