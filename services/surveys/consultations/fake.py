"""Consultations in memory, for tests of stories; they pass the same contract test as the real ones."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from services.surveys.consultations import domain
from services.surveys.consultations.contribution import Noted
from services.surveys.consultations.contributions import Asked
from shared.contracts.base import Envelope, Event
from shared.contracts.consultations import Consultation, State
from shared.messaging.testbus import MemoryOutbox
from shared.order import order_of


class FakeConsultations:
    """The repository in memory."""

    def __init__(self) -> None:
        self._consultations: dict[str, Consultation] = {}
        self._unfollowed: dict[str, int] = {}
        self.outbox = MemoryOutbox()
        self.contributions = FakeContributions()

    def insert(self, consultation: Consultation) -> None:
        self._consultations.setdefault(consultation.consultation_id, consultation)

    def find(self, consultation_id: str) -> Consultation | None:
        return self._consultations.get(consultation_id)

    def replace(
        self, consultation: Consultation, envelope: Envelope[Event] | None = None, surveys_follow: bool = False
    ) -> bool:
        key = consultation.consultation_id
        standing = self._consultations.get(key)
        if standing is None or standing.version != consultation.version - 1:
            return False
        self._consultations[key] = consultation
        if envelope is not None:
            self.outbox.add(key, envelope)
        if surveys_follow:
            self._unfollowed[key] = consultation.version
        return True

    def latest(self, state: State | None, limit: int, cursor: str | None) -> list[tuple[str, Consultation]]:
        among = [each for each in self._consultations.values() if state in (None, each.state)]
        listed = {order_of(each.created_at) + each.consultation_id: each for each in among}
        return sorted((each for each in listed.items() if not cursor or each[0] < cursor), reverse=True)[:limit]

    def due(self, day: date, limit: int) -> list[Consultation]:
        steps = [(step[1], each) for each in self._consultations.values() if (step := domain.due_on(each))]
        found = sorted((each for each in steps if each[0] <= day), key=lambda each: each[0], reverse=True)
        return [each for _, each in found[:limit]]

    def unfollowed(self, limit: int) -> list[Consultation]:
        return [self._consultations[each] for each in self._unfollowed][:limit]

    def follow(self, consultation: Consultation) -> None:
        if self._unfollowed.get(consultation.consultation_id, consultation.version + 1) <= consultation.version:
            del self._unfollowed[consultation.consultation_id]

    def open_with(self, survey_ids: Iterable[str]) -> list[Consultation]:
        wanted = set(survey_ids)
        return [
            each
            for each in self._consultations.values()
            if each.state == "open" and wanted.intersection(each.plan.survey_ids)
        ]


class FakeContributions:
    """The store of contributions in memory."""

    def __init__(self) -> None:
        self._noted: dict[str, Noted] = {}

    def put(self, new: Sequence[Noted]) -> None:
        for each in new:
            standing = self._noted.get(each.contribution_id)
            if standing is None or standing.version < each.version:
                self._noted[each.contribution_id] = each

    def latest(self, asked: Asked, limit: int, cursor: str | None) -> list[tuple[str, Noted]]:
        found = {each.order: each for each in self._among(asked) if not cursor or each.order < cursor}
        return sorted(found.items(), reverse=True)[:limit]

    def every(self, asked: Asked) -> Iterator[Noted]:
        for each in self._among(asked):
            yield replace(each, title="", excerpt="")

    def _among(self, asked: Asked) -> Iterable[Noted]:
        for each in self._noted.values():
            if (
                each.of in asked.of
                and asked.channel in (None, each.channel)
                and (asked.sensitive or not each.sensitive)
            ):
                yield each
