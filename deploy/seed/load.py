"""Loads the demo county through the real bus: contacts over RPC, engagements over AMQP, over HTTP and over RPC."""

import secrets
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, TypeVar

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy import broker
from deploy.quiet import wait_quiet
from deploy.seed.cases import add_cases
from deploy.seed.consents import ASKED, add_consents, segment_of
from deploy.seed.consultations import add_consultations
from deploy.seed.county import County
from deploy.seed.engagements import HOSPITALS_TRUST, VOLUNTARY_COUNCIL, DemoEngagement, engagements
from deploy.seed.invitations import add_invitation, add_reminder
from deploy.seed.quarantined import faulty_events
from deploy.seed.roles import add_roles
from deploy.seed.surveys import add_survey
from services.web.keys import create_key, revoke_key
from shared.contracts.base import json_array
from shared.contracts.contacts import RegisterContacts
from shared.contracts.events import RecordEngagement, Reported
from shared.contracts.surveys import RESPONSES
from shared.errors import Unavailable
from shared.messaging.broker import Outgoing, Publisher
from shared.messaging.client import RpcClient
from shared.messaging.topology import PARTNERS
from shared.mongo import connect
from shared.settings import Settings

T = TypeVar("T")
CONTACTS, ENGAGEMENTS, SEED = 1_800, 12_000, 2014
"""With those whom only partners know, about 2,000 contacts."""
BATCH = 400
IN_FLIGHT = 8
SECONDS = 60.0
"""How long one batch may take before the loading gives up."""


def load_demo(
    settings: Settings,
    contacts: int = CONTACTS,
    count: int = ENGAGEMENTS,
    seed: int = SEED,
    console: Console | None = None,
) -> None:
    """Load the demo data and return when it can be searched. Loading the same again changes nothing."""
    county = County(seed, contacts)
    bar = (TextColumn("- {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*bar, console=console) as progress:
        ids = _register(settings, county, progress)
        task = progress.add_task("engagements", total=count)
        with _Reporting(settings, county.seed, ids, lambda done: progress.advance(task, done)) as reporting:
            for each in engagements(county, count):
                reporting.report(each)
            reporting.report_faults()
        _ask(settings, county, ids, progress)
        _add_work(settings, county, ids, progress)
        waiting = progress.add_task("until all of it can be searched", total=None)
        wait_quiet(settings, 600)
        progress.update(waiting, total=1, completed=1)


def _register(settings: Settings, county: County, progress: Progress) -> list[str]:
    """The ids of the contacts, by number."""
    task = progress.add_task("contacts", total=county.size)
    bus = RpcClient(settings)
    ids: list[str] = []
    for numbers in _batches(range(county.size), BATCH):
        request = RegisterContacts(
            contacts=tuple(county.contact(number) for number in numbers),
            request_ids=tuple(f"demo-{county.seed}-{number}" for number in numbers),
            by="demo",
        )
        ids += [each.contact_id for each in bus.call(request, timeout=SECONDS).contacts]
        progress.advance(task, len(numbers))
    add_consents(bus, county, ids)
    add_roles(bus, county, ids)
    bus.close()
    return ids


def _ask(settings: Settings, county: County, ids: list[str], progress: Progress) -> None:
    """A survey that people are invited to, consultations, and what is said to them."""
    task, bus = progress.add_task("a survey", total=None), RpcClient(settings)
    survey = add_survey(settings, bus, county)
    invitation = add_invitation(bus, county, survey, segment_of(bus, county, ASKED))
    progress.update(task, total=1, completed=1)
    task, publisher = progress.add_task("consultations", total=None), Publisher(settings.amqp_url)

    def post(forms: list[bytes]) -> None:
        publisher.publish([Outgoing("", RESPONSES, each) for each in forms])

    add_consultations(bus, county, ids, post)
    add_reminder(bus, county, survey, invitation, post)
    publisher.close()
    bus.close()
    progress.update(task, total=1, completed=1)


def _add_work(settings: Settings, county: County, ids: list[str], progress: Progress) -> None:
    """What somebody has to answer, and meetings to come."""
    task, bus = progress.add_task("cases and meetings", total=None), RpcClient(settings)
    add_cases(bus, county, ids)
    bus.close()
    progress.update(task, total=1, completed=1)


class _Reporting:
    """The three ways in: the trust's broker user, the council's HTTP key, and staff."""

    def __init__(self, settings: Settings, seed: int, ids: list[str], done: Callable[[int], None]) -> None:
        self._settings = settings
        self._seed = seed
        self._ids = ids
        self._done = done
        self._bus = RpcClient(settings)
        self._waiting: dict[str, list[bytes]] = {HOSPITALS_TRUST: [], VOLUNTARY_COUNCIL: []}
        self._pool = _Bounded(IN_FLIGHT)

    def __enter__(self) -> "_Reporting":
        self._key, known = create_key(connect(self._settings, "web"), VOLUNTARY_COUNCIL)
        self._key_id = known.key_id
        self._trust = Publisher(_broker_user(self._settings, HOSPITALS_TRUST))
        return self

    def __exit__(self, failed: object, *_exc: object) -> None:
        try:
            if not failed:
                for partner in self._waiting:
                    self._flush(partner)
        finally:
            self._pool.close()
            self._trust.close()
            self._bus.close()
            revoke_key(connect(self._settings, "web"), self._key_id)

    def report(self, each: DemoEngagement) -> None:
        if each.partner is None:
            return self._pool.submit(self._record, each)
        return self._post(each.partner, each.cloudevent())

    def report_faults(self) -> None:
        for partner, event in faulty_events():
            self._post(partner, event)

    def _record(self, each: DemoEngagement) -> None:
        request = RecordEngagement(
            request_id=f"demo-{self._seed}-{each.number}",
            reported=Reported.model_validate(each.data),
            contact_ids=tuple(self._ids[number] for number in each.contacts),
            by="demo",
        )
        self._bus.call(request, timeout=SECONDS)
        self._done(1)

    def _post(self, partner: str, event: dict[str, Any]) -> None:
        self._waiting[partner].append(orjson.dumps(event))
        if len(self._waiting[partner]) >= BATCH:
            self._flush(partner)

    def _flush(self, partner: str) -> None:
        batch, self._waiting[partner] = self._waiting[partner], []
        if partner == VOLUNTARY_COUNCIL:
            return self._pool.submit(self._post_over_http, batch)
        # The publisher is one connection: batches go one after the other.
        self._trust.publish([Outgoing(PARTNERS, "engagement.reported", each) for each in batch])
        return self._done(len(batch))

    def _post_over_http(self, batch: list[bytes]) -> None:
        if not batch:
            return
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._settings.port}/api/v1/events",
            data=json_array(batch),
            headers={
                "Authorization": f"Bearer {self._key}",
                "Content-Type": "application/cloudevents-batch+json",
            },
        )
        _send(request)
        self._done(len(batch))


def _send(request: urllib.request.Request) -> None:
    """Post, again after a while when told so; the same events again change nothing."""
    give_up = time.monotonic() + SECONDS
    while True:
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                answer.read()
                return
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503) or time.monotonic() > give_up:
                raise Unavailable(f"The web answered {error.code}: {error.read(500)!r}") from None
            time.sleep(float(error.headers.get("Retry-After") or 1))


def _broker_user(settings: Settings, partner: str) -> str:
    """The AMQP address of a broker user of the partner's own."""
    password = secrets.token_urlsafe(24)
    user, _, vhost = broker.credentials(settings.amqp_url)
    name = broker.add_partner(vhost, user, partner, password)
    return broker.amqp_url(vhost, name, password)


class _Bounded:
    """Runs calls in threads, at most `limit` of them waiting; an error of one shows at a later call."""

    def __init__(self, limit: int) -> None:
        self._pool = ThreadPoolExecutor(limit)
        self._limit = 4 * limit
        self._running: deque[Future[Any]] = deque()

    def submit(self, call: Callable[[T], None], argument: T) -> None:
        while len(self._running) >= self._limit:
            self._running.popleft().result()
        self._running.append(self._pool.submit(call, argument))

    def close(self) -> None:
        """Wait for all of them."""
        try:
            for each in self._running:
                each.result()
        finally:
            self._pool.shutdown(cancel_futures=True)


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
