"""Takes contributions of every channel, and says what they are."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from services.surveys.consultations import domain
from services.surveys.consultations.contribution import (
    EXCERPT,
    Contributor,
    Noted,
    is_unanswered,
    marked,
    newest,
    noted,
    only_in_results,
)
from services.surveys.consultations.contributions import Asked
from services.surveys.consultations.repository import Consultations
from services.surveys.desk import SOURCE
from services.surveys.erasure import Eraser
from services.surveys.repository import Surveys
from shared.contracts.base import Envelope, Event
from shared.contracts.consultations import Consultation
from shared.contracts.contacts import ContactReference, ResolveContacts
from shared.contracts.contributions import (
    Changed,
    ChannelCount,
    Contribution,
    ContributionPage,
    ContributorPage,
    GiveTheme,
    ListContributions,
    ListContributors,
    MarkAnswered,
    ThemeCount,
)
from shared.contracts.erasure import ContactErased
from shared.contracts.merging import ContactsMerged, ContactsUnmerged
from shared.contracts.notifications import MessagesSent
from shared.errors import NotFound
from shared.logs import correlation_id
from shared.messaging import Bus
from shared.surveys.definition import Comment, Definition

AT_ONCE = 1_000


class Listening:
    """Keeps what was contributed; `bus` reaches contacts, who know the groups and the locality of contributors."""

    def __init__(self, consultations: Consultations, surveys: Surveys, bus: Bus) -> None:
        self._consultations = consultations
        self._contributions = consultations.contributions
        self._surveys = surveys
        self._eraser = Eraser(surveys, consultations.contributions, bus)
        self._bus = bus

    def take(self, batch: Iterable[Envelope[Event]]) -> None:
        """The same batch again, or in another order, comes to the same."""
        happened = list(batch)
        found = newest([each for each in map(noted, happened) if each is not None])
        known = self._contributors({each for _, ids in found.values() for each in ids})
        self._contributions.put(
            [
                replace(each, contributors=tuple(dict.fromkeys(known[one] for one in ids if one in known)))
                for each, ids in found.values()
            ]
        )
        said = [each.data for each in happened]
        merges = [each for each in said if isinstance(each, ContactsMerged | ContactsUnmerged)]
        self._surveys.merges.put([each.survivor for each in merges])
        for event in said:
            if isinstance(event, MessagesSent) and event.outcome_of:
                self._tell(event.outcome_of, set(event.contact_ids))
            elif isinstance(event, ContactErased):
                self._eraser.erase(event)  # what was said before came before it, in the same queue

    def _tell(self, consultation_id: str, told: set[str]) -> None:
        """These have got the notice of the outcome; whoever was merged since counts as the one who got it."""
        consultation = self._consultations.find(consultation_id)
        if consultation is None:
            return
        asked = Asked(domain.belonging(consultation), sensitive=True)
        recorded = {one.contact_id for each in self._contributions.every(asked) for one in each.contributors}
        now = self._contributors(recorded)
        reached = {each for each in recorded if each in told or (each in now and now[each].contact_id in told)}
        self._contributions.tell(asked, reached)

    def list(self, asked: ListContributions) -> ContributionPage:
        consultation = self._get(asked.consultation_id)
        everything = Asked(domain.belonging(consultation), sensitive=asked.sensitive)
        said = list(self._contributions.every(everything))
        channels = Counter(each.channel for each in said)
        of_themes = Counter(one for each in said for one in each.themes)
        chosen = replace(
            everything, channel=asked.channel, kind=asked.kind, theme_id=asked.theme_id, unanswered=asked.unanswered
        )
        found = self._contributions.latest(chosen, asked.limit, asked.cursor)
        written = self._written([each for _, each in found if each.is_response])
        numbers = self._surveys.numbers(consultation.plan.survey_ids)
        return ContributionPage(
            consultation=domain.summary(consultation),
            total=len(said),
            only_in_results=only_in_results({key: each.counted for key, each in numbers.items()}, said),
            channels=tuple(ChannelCount(channel=each, count=count) for each, count in channels.most_common()),
            themes=tuple(
                ThemeCount(theme_id=each.theme_id, title=each.title, count=of_themes[each.theme_id])
                for each in consultation.themes
            ),
            unanswered=sum(is_unanswered(each, asked.consultation_id) for each in said),
            contributions=tuple(_contribution(each, written, asked.consultation_id) for _, each in found),
            next_cursor=found[-1][0] if len(found) == asked.limit else None,
        )

    def give_theme(self, asked: GiveTheme) -> Changed:
        consultation = self._get(asked.consultation_id)
        if asked.theme_id not in {each.theme_id for each in consultation.themes}:
            raise NotFound("There is no such theme any more. Choose another.")
        which = Asked(domain.belonging(consultation), sensitive=asked.sensitive)
        count = self._contributions.give(which, asked.contribution_ids, asked.theme_id, asked.taken)
        return Changed(count=count)

    def mark_answered(self, asked: MarkAnswered, now: datetime) -> Changed:
        consultation = self._get(asked.consultation_id)
        which = Asked(domain.belonging(consultation), sensitive=asked.sensitive)

        def told(each: Noted, number: int) -> Envelope[Event]:
            key = f"{each.contribution_id}.{asked.consultation_id}"
            event = marked(each, consultation, asked.answered, now, asked.by)
            return Envelope(event, SOURCE, key, number, correlation_id())

        return Changed(count=self._contributions.answer(which, asked.contribution_ids, asked.answered, told))

    def contributors(self, asked: ListContributors) -> ContributorPage:
        """Restricted contributions count too: who made one is to be told as well, of what everybody may read."""
        consultation = self._get(asked.consultation_id)
        said = self._contributions.every(Asked(domain.belonging(consultation), sensitive=True))
        ids = sorted({one.contact_id for each in said for one in each.contributors})
        page = [each for each in ids if asked.after is None or each > asked.after][: asked.limit]
        now = self._contributors(set(page))
        standing = dict.fromkeys(now[each].contact_id if each in now else each for each in page)
        return ContributorPage(contact_ids=tuple(standing), next=page[-1] if len(page) == asked.limit else None)

    def _get(self, consultation_id: str) -> Consultation:
        found = self._consultations.find(consultation_id)
        if found is None:
            raise NotFound("There is no such consultation.")
        return found

    def _contributors(self, contact_ids: set[str]) -> dict[str, Contributor]:
        """By the id that the event named; whoever was merged into another counts as that one."""
        ids, found = iter(sorted(contact_ids)), dict[str, Contributor]()
        while some := list(islice(ids, AT_ONCE)):
            references = tuple(ContactReference(identifiers=(("contact_id", each),)) for each in some)
            answers = self._bus.call(ResolveContacts(references=references)).resolutions
            for asked, each in zip(some, answers, strict=True):
                if each.contact_ids:
                    found[asked] = Contributor(each.contact_ids[0], each.groups, each.locality or "")
        return found

    def _written(self, responses: Sequence[Noted]) -> dict[str, str]:
        """What was written to long questions, by response."""
        if not responses:
            return {}
        asked = {each.of: self._surveys.definitions(each.of) for each in responses}
        found = {}
        for key, kept in self._surveys.find_responses([each.contribution_id for each in responses]).items():
            response = kept.response
            definition = Definition.model_validate(asked[response.survey_id][response.definition_version])
            long = [each.name for each in definition.questions() if isinstance(each, Comment)]
            found[key] = "\n".join(str(response.answers[each]) for each in long if each in response.answers)[:EXCERPT]
        return found


def _contribution(each: Noted, written: dict[str, str], consultation_id: str) -> Contribution:
    return Contribution(
        contribution_id=each.contribution_id,
        kind=each.kind,
        channel=each.channel,
        survey_id=each.of if each.is_response else "",
        title=each.title,
        excerpt=written.get(each.contribution_id, each.excerpt),
        occurred_at=each.occurred_at,
        contact_ids=tuple(one.contact_id for one in each.contributors),
        sensitive=each.sensitive,
        theme_ids=each.themes,
        answered=consultation_id in each.answered_in,
    )
