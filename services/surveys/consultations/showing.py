"""What everybody may read of consultations: nothing about anybody, and no small number."""

import time
from collections import Counter, OrderedDict
from collections.abc import Sequence

from services.surveys.analysis import suppress
from services.surveys.consultations import domain
from services.surveys.consultations.contribution import Noted, only_in_results
from services.surveys.consultations.contributions import Asked
from services.surveys.consultations.repository import Consultations
from services.surveys.consultations.representation import public, represent
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
from shared.errors import NotFound

MOST_OPEN = 50
KEEP_SECONDS, KEPT = 60.0, 100


class Showing:
    """Consultations as everybody sees them."""

    def __init__(self, consultations: Consultations, surveys: Surveys) -> None:
        self._consultations = consultations
        self._surveys = surveys
        self._counted: OrderedDict[str, tuple[float, PublicConsultation]] = OrderedDict()

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
        if found is None or (found.state == "draft" and not asked.preview):
            raise NotFound("There is no consultation at this address. Look whether the whole link was copied.")
        plan = found.plan
        shown = PublicConsultation(
            consultation_id=found.consultation_id,
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
        if asked.preview and found.state == "closed":
            return self._with_outcome(shown, found)
        return self._published(shown, found) if found.state == "published" else shown

    def _published(self, shown: PublicConsultation, found: Consultation) -> PublicConsultation:
        """Counted once in a while, however many read it."""
        known = self._counted.get(found.consultation_id)
        if known is None or known[0] < time.monotonic():
            known = time.monotonic() + KEEP_SECONDS, self._with_outcome(shown, found)
            self._counted[found.consultation_id] = known
            while len(self._counted) > KEPT:
                self._counted.popitem(last=False)
        return known[1]

    def _with_outcome(self, shown: PublicConsultation, found: Consultation) -> PublicConsultation:
        said = list(self._consultations.contributions.every(Asked(domain.belonging(found))))
        numbers = self._surveys.numbers(found.plan.survey_ids)
        anonymous = only_in_results({key: each.counted for key, each in numbers.items()}, said)
        heard = public(represent(found.plan.targets, said, anonymous))
        lines = zip(found.plan.targets, heard.of_targets, strict=True)
        return shown.model_copy(
            update={
                "decision": found.decision,
                "themes": tuple(_themes(found, said, anonymous)),
                "targets": tuple(
                    PublicTarget(group=each.group, locality=each.locality, expected=each.expected, heard=number)
                    for each, number in lines
                ),
                "rest": heard.rest,
                "total": heard.total,
                "score": heard.score,
            }
        )

    def _open_surveys(self, found: Consultation) -> tuple[PublicSurvey, ...]:
        surveys = [self._surveys.find(each) for each in found.plan.survey_ids] if found.state == "open" else []
        return tuple(
            PublicSurvey(survey_id=each.survey_id, title=each.title)
            for each in surveys
            if each and each.state == "open"
        )


NOBODY = {"created_by": "", "changed_by": ""}
"""Who of staff did what is nobody's business."""


def _themes(found: Consultation, said: Sequence[Noted], anonymous: int) -> list[PublicTheme]:
    """With the number of contributions to each, together with those to none, as if none had several."""
    counts = Counter(one for each in said for one in each.themes)
    numbers = [counts[each.theme_id] for each in found.themes]
    shown = suppress([*numbers, sum(not each.themes for each in said) + anonymous])
    return [
        PublicTheme(
            title=each.title, we_asked=each.we_asked, you_said=each.you_said, we_did=each.we_did, contributions=number
        )
        for each, number in zip(found.themes, shown, strict=False)
    ]
