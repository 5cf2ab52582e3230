"""Plans, opens and closes consultations; their surveys follow them."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from services.surveys.consultations import domain
from services.surveys.consultations.contribution import Noted, is_unanswered, only_in_results
from services.surveys.consultations.contributions import Asked
from services.surveys.consultations.figures import figures
from services.surveys.consultations.naming import slugs
from services.surveys.consultations.people import said_by_people
from services.surveys.consultations.repository import Consultations
from services.surveys.consultations.representation import represent
from services.surveys.desk import SOURCE, SurveyDesk
from services.surveys.merges import Merges
from shared.contracts.base import Envelope, Event, id_of
from shared.contracts.consultations import (
    AddTheme,
    ChangeConsultation,
    Consultation,
    ConsultationDetail,
    ConsultationList,
    CreateConsultation,
    ListConsultations,
    Plan,
    WriteOutcome,
)
from shared.contracts.surveys import SurveySummary
from shared.errors import Conflict, Invalid, NotFound
from shared.logs import correlation_id

CHANGED_MEANWHILE = "Somebody else changed this consultation in the meantime. Look at it again, then decide."
NO_SURVEY = "One of the surveys is not there any more. Choose again."
AT_ONCE = 50
ATTEMPTS = 5
MEETING = "meeting"
BY = "its consultation"
"""Who opens and closes surveys that follow one."""


class ConsultationDesk:
    """Consultations as staff see them."""

    def __init__(self, consultations: Consultations, surveys: SurveyDesk, merges: Merges) -> None:
        self._consultations = consultations
        self._surveys = surveys
        self._merges = merges

    def create(self, asked: CreateConsultation, at: datetime) -> Consultation:
        self._check_surveys(asked.plan)
        made = domain.draft(id_of("cns", asked.request_id), asked.plan, at, asked.by)
        self._consultations.insert(made)
        return self.get(made.consultation_id)

    def change(self, asked: ChangeConsultation, at: datetime) -> Consultation:
        standing = self._at(asked.consultation_id, asked.version)
        self._check_surveys(asked.plan)
        following = domain.change(standing, asked.plan, at, asked.by)
        is_more = following.state == "open" and following.plan.survey_ids != standing.plan.survey_ids
        return self._step(following, None, at) if is_more else self._replace(following)

    def open(self, consultation_id: str, version: int, at: datetime, by: str) -> Consultation:
        return self._step(*domain.open_consultation(self._at(consultation_id, version), at, by), at)

    def close(self, consultation_id: str, version: int, at: datetime, by: str) -> Consultation:
        return self._step(*domain.close_consultation(self._at(consultation_id, version), at, by), at)

    def get(self, consultation_id: str) -> Consultation:
        found = self._consultations.find(consultation_id)
        if found is None:
            raise NotFound("There is no such consultation.")
        return found

    def detail(self, consultation_id: str, at: datetime) -> ConsultationDetail:
        found = self.get(consultation_id)
        surveys = tuple(self._survey(each) for each in found.plan.survey_ids)
        said = self._said(found)
        anonymous = only_in_results({each.survey_id: each.responses for each in surveys}, said)
        return ConsultationDetail(
            consultation=found,
            surveys=surveys,
            hints=domain.hints(found, at),
            missing=domain.missing_of_outcome(found),
            meetings=sum(each.kind == MEETING for each in said),
            contributions=len(said) + anonymous,
            unanswered=sum(is_unanswered(each, consultation_id) for each in said),
            heard=represent(found.plan.targets, said, anonymous),
        )

    def write_outcome(self, asked: WriteOutcome, at: datetime) -> Consultation:
        standing = self._at(asked.consultation_id, asked.version)
        return self._replace(domain.write_outcome(standing, asked.decision, asked.themes, at, asked.by))

    def add_theme(self, asked: AddTheme, at: datetime) -> Consultation:
        for _ in range(ATTEMPTS):
            standing = self.get(asked.consultation_id)
            following = domain.add_theme(standing, asked.title, at, asked.by)
            if following is None or self._consultations.replace(following):
                return following or standing
        raise Conflict(CHANGED_MEANWHILE)

    def publish(self, consultation_id: str, version: int, at: datetime, by: str) -> Consultation:
        standing = self._at(consultation_id, version)
        said = self._said(standing)
        responses = {each: self._survey(each).responses for each in standing.plan.survey_ids}
        counted = figures(standing, said, only_in_results(responses, said))
        return self._replace(*domain.publish_outcome(standing, counted, at, by))

    def open_ids(self) -> Sequence[str]:
        return [each.consultation_id for _, each in self._consultations.latest(("open",), AT_ONCE, None)]

    def unheard(self) -> Sequence[str]:
        """Ids of open consultations in which somebody is missing."""
        found = []
        for _, each in self._consultations.latest(("open",), AT_ONCE, None):
            if any(one.missing for one in represent(each.plan.targets, self._said(each)).targets):
                found.append(each.consultation_id)
        return found

    def unanswered(self) -> Sequence[str]:
        """Ids of consultations whose outcome is published and in which somebody was never answered."""
        found = [each for _, each in self._consultations.latest(("published",), AT_ONCE, None)]
        asked = {each.consultation_id: Asked(domain.belonging(each), unanswered=True) for each in found}
        return [key for key, one in asked.items() if self._consultations.contributions.latest(one, 1, None)]

    def list(self, asked: ListConsultations) -> ConsultationList:
        found = self._consultations.latest((asked.state,) if asked.state else (), asked.limit, asked.cursor)
        more = found[-1][0] if len(found) == asked.limit else None
        return ConsultationList(consultations=tuple(domain.summary(each) for _, each in found), next_cursor=more)

    def turn(self, at: datetime) -> None:
        """Open and close what is due, and let surveys follow that an interrupted command left behind."""
        for each in self._consultations.due(domain.local_day(at), AT_ONCE):
            with suppress(Conflict):  # somebody was faster, or nobody opened a draft before its last day was over
                if each.state == "draft":
                    self._step(*domain.open_consultation(each, at, domain.BY_ITSELF), at)
                else:
                    self._step(*domain.close_consultation(each, at, domain.BY_ITSELF), at)
        for each in self._consultations.unfollowed(AT_ONCE):
            self._follow(each, at)

    def _step(self, following: Consultation, event: Event | None, at: datetime) -> Consultation:
        if following.state == "open" and not following.slug:
            following = following.model_copy(update={"slug": self._slug(following)})
        changed = self._replace(following, event, surveys_follow=True)
        self._follow(changed, at)
        return changed

    def _slug(self, opened: Consultation) -> str:
        """The first that is free; it stays taken also when this is interrupted, and is found again then."""
        key = opened.consultation_id
        return next((each for each in slugs(opened.plan.title) if self._consultations.claim_slug(each, key)), "")

    def _follow(self, consultation: Consultation, at: datetime) -> None:
        """Open or close its surveys; when somebody changes one just now the next turn does it."""
        ids = consultation.plan.survey_ids
        kept_open = {each for other in self._consultations.open_with(ids) for each in other.plan.survey_ids}
        try:
            for survey in map(self._surveys.get, ids):
                if consultation.state == "open" and survey.state != "open":
                    self._surveys.open(survey.survey_id, survey.version, at, BY)
                elif consultation.state != "open" and survey.state == "open" and survey.survey_id not in kept_open:
                    self._surveys.close(survey.survey_id, survey.version, at, BY)
        except Conflict:
            return
        self._consultations.follow(consultation)

    def _check_surveys(self, plan: Plan) -> None:
        try:
            for each in plan.survey_ids:
                self._surveys.get(each)
        except NotFound:
            raise Invalid(NO_SURVEY) from None

    def _said(self, consultation: Consultation) -> Sequence[Noted]:
        asked = Asked(domain.belonging(consultation))
        return said_by_people(self._consultations.contributions, self._merges, asked)

    def _survey(self, survey_id: str) -> SurveySummary:
        return SurveySummary.model_validate(self._surveys.get(survey_id).model_dump(exclude={"definition"}))

    def _at(self, consultation_id: str, version: int) -> Consultation:
        """At that version: whoever decides about it has seen it as it is."""
        found = self.get(consultation_id)
        if found.version != version:
            raise Conflict(CHANGED_MEANWHILE)
        return found

    def _replace(
        self, following: Consultation, event: Event | None = None, surveys_follow: bool = False
    ) -> Consultation:
        envelope: Envelope[Event] | None = None
        if event is not None:
            key = following.consultation_id
            envelope = Envelope(event, SOURCE, key, following.version, correlation_id())
        if not self._consultations.replace(following, envelope, surveys_follow):
            raise Conflict(CHANGED_MEANWHILE)
        return following
