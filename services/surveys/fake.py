"""Surveys and responses in memory, for tests of stories; they pass the same contract test as the real ones."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from services.surveys.anonymous import Anonymous, FakeAnonymous
from services.surveys.links import FakeLinks, Links
from services.surveys.merges import FakeMerges, Merges
from services.surveys.redacting import redacted, unlinked
from services.surveys.repository import Kept, Numbers, answers_of, listed
from shared.contracts.base import Envelope, Event
from shared.contracts.erasure import Traces
from shared.contracts.surveys import DefinitionJson, Survey
from shared.messaging.testbus import MemoryOutbox
from shared.order import order_of


class FakeSurveys:
    """The repository in memory."""

    def __init__(self) -> None:
        self._surveys: dict[str, Survey] = {}
        self._earlier: dict[str, dict[int, DefinitionJson]] = {}
        self._responses: dict[str, Kept] = {}
        self._papers: dict[str, str] = {}
        self.outbox = MemoryOutbox()
        self.links: Links = FakeLinks()
        self.merges: Merges = FakeMerges()
        self.anonymous: Anonymous = FakeAnonymous()

    def insert(self, survey: Survey) -> None:
        self._surveys.setdefault(survey.survey_id, survey)

    def find(self, survey_id: str) -> Survey | None:
        return self._surveys.get(survey_id)

    def replace(self, survey: Survey, envelope: Envelope[Event] | None = None, before: Survey | None = None) -> bool:
        standing = self._surveys.get(survey.survey_id)
        if standing is None or standing.version != survey.version - 1:
            return False
        self._surveys[survey.survey_id] = survey
        if before is not None:
            self._earlier.setdefault(survey.survey_id, {})[before.definition_version] = before.definition
        if envelope is not None:
            self.outbox.add(survey.survey_id, envelope)
        return True

    def definitions(self, survey_id: str) -> dict[int, DefinitionJson]:
        found = self._surveys.get(survey_id)
        return self._earlier.get(survey_id, {}) | {found.definition_version: found.definition} if found else {}

    def latest(self, limit: int, cursor: str | None) -> list[tuple[str, Survey]]:
        listed = {order_of(each.created_at) + each.survey_id: each for each in self._surveys.values()}
        return sorted((each for each in listed.items() if not cursor or each[0] < cursor), reverse=True)[:limit]

    def insert_responses(self, new: Sequence[Kept], outbox: bool = False) -> set[str]:
        there = {each.response.response_id for each in new} & self._responses.keys()
        for each in new:
            self._responses.setdefault(each.response.response_id, each)
            if outbox and each.received and each.response.response_id not in there:
                self.outbox.add(each.response.response_id, each.received)
        return there

    def claim_paper(self, form_id: str, response_id: str, instead_of: str = "") -> str:
        if instead_of and self._papers.get(form_id) == instead_of:
            self._papers[form_id] = response_id
        return self._papers.setdefault(form_id, response_id)

    def release_paper(self, form_id: str, response_id: str) -> None:
        if self._papers.get(form_id) == response_id:
            del self._papers[form_id]

    def find_responses(self, response_ids: Iterable[str]) -> dict[str, Kept]:
        return {each: self._responses[each] for each in response_ids if each in self._responses}

    def given(self, survey_ids: Iterable[str], contact_ids: Iterable[str]) -> list[Kept]:
        surveys, contacts = set(survey_ids), set(contact_ids)
        found = (each for each in self._responses.values() if each.response.counts)
        return [each for each in found if each.response.survey_id in surveys and each.response.contact_id in contacts]

    def redact(self, traces: Traces) -> None:
        for key, each in self._responses.items():
            received = unlinked(each.received, traces) if each.received else None
            self._responses[key] = Kept(redacted(each.response, traces), received)
            self.outbox.rewrite(key, lambda event: unlinked(event, traces))
        self.anonymous.redact(traces)

    def numbers(self, survey_ids: Iterable[str]) -> dict[str, Numbers]:
        return {each: self._numbers(each) for each in survey_ids}

    def _numbers(self, survey_id: str) -> Numbers:
        counted, refused = self.anonymous.numbers(survey_id)
        return Numbers(len(self._of(survey_id, True)) + counted, len(self._of(survey_id, False)) + refused)

    def page(self, survey_id: str, refused: bool, limit: int, cursor: str | None) -> list[tuple[str, Kept]]:
        found = [(listed(each.response), each) for each in self._of(survey_id, not refused)]
        found.sort(key=lambda each: each[0], reverse=True)
        return [each for each in found if not cursor or each[0] < cursor][:limit]

    def counted(self, survey_id: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
        for each in self._of(survey_id, True):
            yield each.response.definition_version, each.response.answers
        yield from answers_of(self.anonymous, survey_id)

    def _of(self, survey_id: str, counts: bool) -> list[Kept]:
        return [
            each
            for each in self._responses.values()
            if (each.response.survey_id, each.response.counts) == (survey_id, counts)
        ]
