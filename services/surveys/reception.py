"""From a batch of forms to responses: each is judged again, stored, and only then told of."""

from collections.abc import Iterable, Mapping, Sequence

from pydantic import ValidationError

from services.surveys import domain
from services.surveys.anonymity import Anonymity
from services.surveys.desk import SOURCE
from services.surveys.repository import Kept, Surveys
from shared.contracts.base import Envelope, Event, Unreadable, new_id
from shared.contracts.surveys import DefinitionJson, SentResponse, Survey
from shared.messaging import RawMessage


def read_sent(message: RawMessage) -> SentResponse:
    """A form as the web put it into the queue. Raises Unreadable, which quotes nothing of what was answered."""
    if not message.own:
        raise Unreadable("not put here by the web")
    try:
        return SentResponse.model_validate(message.json_object(), extra="ignore")
    except ValidationError as error:
        fields = sorted({str(each["loc"][0]) for each in error.errors() if each["loc"]})
        raise Unreadable(f"not a response as the web sends it: {', '.join(fields)}") from None


class Reception:
    """Takes responses; the same batch again changes nothing and says the same."""

    def __init__(self, surveys: Surveys, anonymity: Anonymity) -> None:
        self._surveys = surveys
        self._anonymity = anonymity

    def receive(self, batch: Sequence[SentResponse]) -> list[Envelope[Event]]:
        """The events to publish, once everything is stored. What does not count is kept too, and told to nobody."""
        judged = self._judge(batch)
        new: dict[str, Kept] = {}
        for each in judged:
            new.setdefault(each.response.response_id, each)
        there = self._surveys.insert_responses(list(new.values()))
        known = new | (self._surveys.find_responses(there) if there else {})
        others = [each.response for each in judged if not _is_same(each, known[each.response.response_id])]
        self._surveys.insert_responses([Kept(domain.refuse_another(each), None) for each in others])
        return [each.received for each in known.values() if each.received is not None]

    def _judge(self, batch: Sequence[SentResponse]) -> list[Kept]:
        """Those of named surveys; the others are kept at once, where nothing leads from them to anybody."""
        asked = self._asked(batch)
        links = self._surveys.links.find({each.link_key for each in batch if each.link_key})
        people = self._surveys.merges.people({each.contact_id for each in links.values()})
        given = self._given(asked, people)
        found = []
        for sent in batch:
            survey, definitions = asked[sent.survey_id]
            link = links.get(sent.link_key)
            contact_id = link.contact_id if link and link.survey_id == sent.survey_id else None
            definition = definitions.get(sent.definition_version)
            response = domain.judge_response(sent, survey, definition, contact_id)
            person = people[contact_id] if contact_id is not None and response.counts else ()
            if survey is not None and survey.anonymous:
                self._anonymity.take(sent, response, person)
                continue
            earlier = [each for one in person for each in given.get((sent.survey_id, one), ())]
            response = domain.given_by(response, person) if person else response
            found.append(_first(Kept(response, _received(response, survey, sent.correlation_id)), earlier))
        return found

    def _given(
        self, survey_ids: Iterable[str], people: Mapping[str, Sequence[str]]
    ) -> dict[tuple[str, str | None], list[Kept]]:
        """What these people have given to the surveys before, by survey and contact."""
        found: dict[tuple[str, str | None], list[Kept]] = {}
        if everybody := {each for person in people.values() for each in person}:
            for kept in self._surveys.given(survey_ids, everybody):
                found.setdefault((kept.response.survey_id, kept.response.contact_id), []).append(kept)
        return found

    def _asked(self, batch: Sequence[SentResponse]) -> dict[str, tuple[Survey | None, dict[int, DefinitionJson]]]:
        """The surveys that the batch answers, and everything that each has asked."""
        ids = {each.survey_id for each in batch}
        # In this order: a definition that is newer than the survey does no harm, an older one would miss a version.
        surveys = {each: self._surveys.find(each) for each in ids}
        return {each: (survey, self._surveys.definitions(each)) for each, survey in surveys.items()}


def _first(kept: Kept, earlier: Sequence[Kept]) -> Kept:
    """The same form again is what is stored; another form of a person who has given one does not count.

    earlier: what the person has given, perhaps as another contact, before a merge or before its undoing.
    """
    if same := next((each for each in earlier if _is_same(each, kept)), None):
        return same
    return Kept(domain.refuse_another(kept.response), None) if earlier else kept


def _is_same(one: Kept, other: Kept) -> bool:
    """Whether they come of one form. Over the link for everybody all that have one id do."""
    return one.response.form_id == other.response.form_id


def _received(response: domain.Response, survey: Survey | None, correlation_id: str) -> Envelope[Event] | None:
    if survey is None or not response.counts:
        return None
    event = domain.receive(response, survey)
    return Envelope(event, SOURCE, response.response_id, 1, correlation_id or new_id())
