"""Consultations in memory, for tests of stories; they pass the same contract test as the real ones."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from services.surveys.consultations import domain
from services.surveys.consultations.contribution import Noted
from services.surveys.consultations.contributions import Asked, Told
from shared.contracts.base import Envelope, Event
from shared.contracts.consultations import Consultation, State
from shared.messaging.testbus import MemoryOutbox
from shared.order import order_of


class FakeConsultations:
    """The repository in memory."""

    def __init__(self) -> None:
        self._consultations: dict[str, Consultation] = {}
        self._unfollowed: dict[str, int] = {}
        self._slugs: dict[str, str] = {}
        self.outbox = MemoryOutbox()
        self.contributions = FakeContributions(self.outbox)

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

    def latest(self, states: Sequence[State], limit: int, cursor: str | None) -> list[tuple[str, Consultation]]:
        among = [each for each in self._consultations.values() if not states or each.state in states]
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

    def claim_slug(self, slug: str, consultation_id: str) -> bool:
        return self._slugs.setdefault(slug, consultation_id) == consultation_id

    def find_by_slug(self, slug: str) -> Consultation | None:
        return self.find(self._slugs.get(slug, ""))


class FakeContributions:
    """The store of contributions in memory."""

    def __init__(self, outbox: MemoryOutbox | None = None) -> None:
        self.outbox = outbox or MemoryOutbox()
        self._noted: dict[str, Noted] = {}
        self._marked: Counter[str] = Counter()
        self._told: set[tuple[str, str]] = set()

    def put(self, new: Sequence[Noted]) -> None:
        for each in new:
            standing = self._noted.get(each.contribution_id)
            if standing is None:
                self._noted[each.contribution_id] = each
            elif standing.version < each.version:
                self._noted[each.contribution_id] = replace(
                    each, themes=standing.themes, answered_in=standing.answered_in
                )

    def give(self, asked: Asked, contribution_ids: Iterable[str], theme_id: str, taken: bool) -> int:
        found = self._chosen(asked, contribution_ids)
        for each in found:
            themes = _with(each.themes, theme_id, not taken)
            self._noted[each.contribution_id] = replace(each, themes=themes)
        return len(found)

    def answer(self, asked: Asked, contribution_ids: Iterable[str], answered: bool, told: Told) -> int:
        found = self._chosen(asked, contribution_ids)
        for each in found:
            if (asked.consultation_id in each.answered_in) != answered:
                key = each.contribution_id
                self._marked[key] += 1
                self.outbox.add(key, told(each, self._marked[key]))
                answers = _with(each.answered_in, asked.consultation_id, answered)
                self._noted[key] = replace(each, answered_in=answers)
        return len(found)

    def tell(self, asked: Asked, contact_ids: Iterable[str]) -> None:
        self._told |= {(asked.consultation_id, each) for each in contact_ids}
        for each in self._noted.values():
            mine = {(asked.consultation_id, one.contact_id) for one in each.contributors}
            if each.of in asked.of and mine and mine <= self._told:
                answered = _with(each.answered_in, asked.consultation_id, True)
                self._noted[each.contribution_id] = replace(each, answered_in=answered)

    def forget(self, contact_ids: Iterable[str]) -> None:
        gone = set(contact_ids)
        self._told = {each for each in self._told if each[1] not in gone}
        for each in self._noted.values():
            left = tuple(one for one in each.contributors if one.contact_id not in gone)
            self._noted[each.contribution_id] = replace(each, contributors=left)

    def latest(self, asked: Asked, limit: int, cursor: str | None) -> list[tuple[str, Noted]]:
        found = {each.order: each for each in self._among(asked) if not cursor or each.order < cursor}
        return sorted(found.items(), reverse=True)[:limit]

    def every(self, asked: Asked) -> Iterator[Noted]:
        for each in self._among(asked):
            yield replace(each, title="", excerpt="")

    def _chosen(self, asked: Asked, contribution_ids: Iterable[str]) -> list[Noted]:
        wanted = set(contribution_ids)
        return [each for each in self._among(asked) if each.contribution_id in wanted]

    def _among(self, asked: Asked) -> Iterable[Noted]:
        return [each for each in self._noted.values() if _fits(each, asked)]


def _fits(each: Noted, asked: Asked) -> bool:
    if each.of not in asked.of or asked.channel not in (None, each.channel) or (each.sensitive and not asked.sensitive):
        return False
    if asked.kind not in (None, each.kind):
        return False
    if asked.theme_id is not None and asked.theme_id not in each.themes:
        return False
    return not asked.unanswered or (bool(each.contributors) and asked.consultation_id not in each.answered_in)


def _with(values: tuple[str, ...], value: str, there: bool) -> tuple[str, ...]:
    """The values with one more, or without one."""
    rest = tuple(each for each in values if each != value)
    return (*rest, value) if there else rest
