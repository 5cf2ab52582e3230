"""What everybody may read of consultations: nothing about anybody, and no small number."""

from services.surveys.consultations import domain
from services.surveys.consultations.contribution import only_in_results
from services.surveys.consultations.contributions import Asked
from services.surveys.consultations.figures import figures
from services.surveys.consultations.people import said_by_people
from services.surveys.consultations.repository import Consultations
from services.surveys.consultations.representation import missing_in
from services.surveys.repository import Surveys
from shared.contracts.consultations import Consultation
from shared.contracts.contributions import (
    GetPublicConsultation,
    ListPublicConsultations,
    PublicConsultation,
    PublicList,
    PublicSurvey,
    PublicTarget,
    PublicTheme,
)
from shared.contracts.representation import Figures
from shared.errors import NotFound

MOST_OPEN = 50


class Showing:
    """Consultations as everybody sees them."""

    def __init__(self, consultations: Consultations, surveys: Surveys) -> None:
        self._consultations = consultations
        self._surveys = surveys

    def list(self, asked: ListPublicConsultations) -> PublicList:
        ended = self._consultations.latest(("closed", "published"), asked.limit, asked.cursor)
        still = () if asked.cursor else self._consultations.latest(("open",), MOST_OPEN, None)
        return PublicList(
            open=tuple(domain.summary(each).model_copy(update=NOBODY) for _, each in still),
            ended=tuple(domain.summary(each).model_copy(update=NOBODY) for _, each in ended),
            next_cursor=ended[-1][0] if len(ended) == asked.limit else None,
        )

    def get(self, asked: GetPublicConsultation) -> PublicConsultation:
        found = self._consultations.find(asked.consultation_id)
        found = found or self._consultations.find_by_slug(asked.consultation_id)
        if found is None or (found.state == "draft" and not (asked.preview or asked.so_far)):
            raise NotFound("There is no consultation at this address. Look whether the whole link was copied.")
        plan = found.plan
        shown = PublicConsultation(
            consultation_id=found.consultation_id,
            slug=found.slug,
            state=found.state,
            title=plan.title,
            about=plan.about,
            decider=plan.decider,
            can_change=plan.can_change,
            documents=plan.documents,
            closes_on=plan.closes_on,
            published_at=found.published_at,
            surveys=self._open_surveys(found),
        )
        if found.state == "published" or (asked.preview and found.state == "closed"):
            return _with_outcome(shown, found, self._figures(found))
        return self._so_far(shown, found) if asked.so_far else shown

    def _so_far(self, shown: PublicConsultation, found: Consultation) -> PublicConsultation:
        """With who is heard, and nothing of an outcome that is not published."""
        counted = _with_outcome(shown, found, self._figures(found))
        missing = missing_in(found.plan.targets, [each.heard for each in counted.targets])
        lines = zip(counted.targets, missing, strict=True)
        targets = tuple(each.model_copy(update={"missing": few}) for each, few in lines)
        return counted.model_copy(update={"decision": "", "themes": (), "targets": targets})

    def _figures(self, found: Consultation) -> Figures:
        """As they are now; those of what is published were kept."""
        if found.figures is not None:
            return found.figures
        asked = Asked(domain.belonging(found))
        said = said_by_people(self._consultations.contributions, self._surveys.merges, asked)
        numbers = self._surveys.numbers(found.plan.survey_ids)
        return figures(found, said, only_in_results({key: each.counted for key, each in numbers.items()}, said))

    def _open_surveys(self, found: Consultation) -> tuple[PublicSurvey, ...]:
        surveys = [self._surveys.find(each) for each in found.plan.survey_ids] if found.state == "open" else []
        return tuple(
            PublicSurvey(survey_id=each.survey_id, title=each.title)
            for each in surveys
            if each and each.state == "open"
        )


NOBODY = {"created_by": "", "changed_by": ""}
"""Who of staff did what is nobody's business."""


def _with_outcome(shown: PublicConsultation, found: Consultation, counted: Figures) -> PublicConsultation:
    """With the decision, its themes and the figures."""
    themes = tuple(
        PublicTheme(
            title=each.title, we_asked=each.we_asked, you_said=each.you_said, we_did=each.we_did, contributions=number
        )
        for each, number in zip(found.themes, counted.themes, strict=True)
    )
    targets = tuple(
        PublicTarget(group=each.group, locality=each.locality, expected=each.expected, heard=number)
        for each, number in zip(found.plan.targets, counted.heard, strict=True)
    )
    told = {"decision": found.decision, "themes": themes, "targets": targets}
    told |= {name: getattr(counted, name) for name in ("contributions", "channels", "rest", "total", "score")}
    return shown.model_copy(update=told)
