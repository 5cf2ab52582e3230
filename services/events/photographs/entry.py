"""The entry points of photographs, a part of the events service, and what becomes of them."""

from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import ValidationError

from services.events.casework.desk import NO_ENGAGEMENT
from services.events.domain import engagement_id
from services.events.photographs.domain import KEPT_WITHOUT_STORY, Kept, keep, read_content
from services.events.repository import Engagements
from shared.contracts.base import Done, Envelope, Event, Unreadable
from shared.contracts.events import WEBSITE
from shared.contracts.photographs import (
    MOST_OF_ONE,
    PHOTOGRAPHS,
    AddPhotograph,
    GetPhotograph,
    Photograph,
    PhotographContent,
    RemovePhotograph,
    SentPhotograph,
)
from shared.errors import Conflict, Invalid, NotFound
from shared.messaging import RawMessage, every, on_batch, rpc

LOOKED_AT = 100
"""Photographs without a story that one turn looks at."""


def read_photograph(message: RawMessage) -> Kept:
    """A photograph as the web put it into the queue. Raises Unreadable, which quotes nothing of it."""
    if not message.own:
        raise Unreadable("not put here by the web")
    try:
        sent = SentPhotograph.model_validate(message.json_object(), extra="ignore")
        content = read_content(sent.content)
    except ValidationError:
        raise Unreadable("not a photograph as the web sends it") from None
    except Invalid as error:
        raise Unreadable(error.detail) from None
    return keep(engagement_id(WEBSITE, sent.source, sent.external_id), content, sent.received_at, WEBSITE)


class PhotographEntry:
    """What the public sends, and what staff add, look at and remove."""

    _repository: Engagements

    @on_batch(PHOTOGRAPHS, read=read_photograph, exchange="", size=4, linger=0.05)
    def keep_photographs(self, batch: list[Kept]) -> list[Envelope[Event]]:
        """They come before their story; the same again changes nothing."""
        self._repository.photographs.insert(_within(batch, self._repository), is_adrift=True)
        return []

    @rpc
    def add_photograph(self, request: AddPhotograph) -> Photograph:
        self._check(request.engagement_id, request.sensitive)
        store = self._repository.photographs
        if store.is_forgotten(request.engagement_id):
            raise Conflict("Somebody who took part in this has been erased. No photograph of it is kept.")
        new = keep(request.engagement_id, read_content(request.content), _now(), request.by)
        known = {each.photograph_id: each for each in store.of(request.engagement_id)}
        if new.photograph_id not in known and len(known) >= MOST_OF_ONE:
            raise Conflict(f"There are {MOST_OF_ONE} photographs already. Remove one first.")
        store.insert([new])
        there = {each.photograph_id: each for each in store.of(request.engagement_id)}
        if new.photograph_id not in there:
            raise Conflict("This photograph was removed before, and is not kept again.")
        return there[new.photograph_id]

    @rpc
    def get_photograph(self, request: GetPhotograph) -> PhotographContent:
        self._check(request.engagement_id, request.sensitive)
        found = self._repository.photographs.find(request.engagement_id, request.photograph_id)
        if found is None:
            raise NotFound("There is no such photograph, or it was removed.")
        return PhotographContent(content=b64encode(found).decode())

    @rpc
    def remove_photograph(self, request: RemovePhotograph) -> Done:
        self._check(request.engagement_id, request.sensitive)
        self._repository.photographs.remove(request.engagement_id, request.photograph_id)
        return Done()

    @every(3600.0)
    def tidy_photographs(self) -> None:
        """Those whose story has come stay; those that have waited for one for long go."""
        store, now = self._repository.photographs, _now()
        found = store.adrift(LOOKED_AT)
        known = self._repository.find({each.engagement_id for each in found})
        store.settle([each.photograph_id for each in found if each.engagement_id in known])
        late = [each for each in found if each.engagement_id not in known and each.at < now - KEPT_WITHOUT_STORY]
        store.drop([each.photograph_id for each in late])

    def _check(self, engagement_id: str, sensitive: bool) -> None:
        """Whoever may not see the engagement sees no photograph of it."""
        known = self._repository.find([engagement_id]).get(engagement_id)
        if known is None or (known.engagement.sensitive and not sensitive):
            raise NotFound(NO_ENGAGEMENT)


def _within(batch: Sequence[Kept], repository: Engagements) -> list[Kept]:
    """Without what is beyond the most that one story has: nobody but the web's own form sends them."""
    counts = {each.engagement_id: len(repository.photographs.of(each.engagement_id)) for each in batch}
    taken = []
    for each in batch:
        if counts[each.engagement_id] < MOST_OF_ONE:
            counts[each.engagement_id] += 1
            taken.append(each)
    return taken


def _now() -> datetime:
    return datetime.now(UTC)
