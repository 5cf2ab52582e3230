"""How a consultation is planned, opens and closes, and what makes it fair. Pure: time is passed in."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from shared.contracts.base import id_of
from shared.contracts.consultations import (
    Consultation,
    ConsultationClosed,
    ConsultationOpened,
    ConsultationSummary,
    Hint,
    OutcomePublished,
    Plan,
    Theme,
)
from shared.contracts.representation import Figures
from shared.errors import Conflict, Invalid

LONDON = ZoneInfo("Europe/London")
LONGEST_OUTCOME = 100_000
"""Characters of an outcome that its event has, as many as anything that is said may have."""
TIME_ENOUGH = timedelta(weeks=4)
"""A hint for the person who plans: no law says how long is enough."""
BY_ITSELF = "its days"
"""Who opens or closes a consultation whose day has come."""
Step = Literal["open", "close"]
MOST_THEMES = 50
PUBLISHED = "The outcome of this consultation is published. Nothing of it can be changed any more."


def draft(consultation_id: str, plan: Plan, at: datetime, by: str) -> Consultation:
    return Consultation(
        consultation_id=consultation_id,
        version=1,
        state="draft",
        plan=plan,
        created_at=at,
        created_by=by,
        changed_at=at,
        changed_by=by,
    )


def change(standing: Consultation, plan: Plan, at: datetime, by: str) -> Consultation:
    if standing.state == "published":
        raise Conflict(PUBLISHED)
    return _next(standing, at, by, plan=plan)


def open_consultation(standing: Consultation, at: datetime, by: str) -> tuple[Consultation, ConsultationOpened]:
    """Open it, for the first time or again. Raises Conflict when it cannot be now."""
    if standing.state not in ("draft", "closed"):
        raise Conflict("This consultation is open already, or its outcome is published.")
    plan = standing.plan
    if plan.closes_on is None:
        raise Conflict("Say first which day is the last: people must know how long they have.")
    if plan.closes_on < local_day(at):
        raise Conflict("Its last day is over. Give it a later one first.")
    following = _next(standing, at, by, state="open", opened_at=at, closed_at=None)
    told = {**_about(standing, at), "closes_on": plan.closes_on, "opened_by": by}
    return following, ConsultationOpened.model_validate(told)


def close_consultation(standing: Consultation, at: datetime, by: str) -> tuple[Consultation, ConsultationClosed]:
    if standing.state != "open":
        raise Conflict("Only an open consultation can be closed.")
    following = _next(standing, at, by, state="closed", closed_at=at)
    return following, ConsultationClosed.model_validate({**_about(standing, at), "closed_by": by})


def write_outcome(
    standing: Consultation, decision: str, themes: Sequence[Theme], at: datetime, by: str
) -> Consultation:
    """Raises Invalid when two themes are called alike."""
    if standing.state == "published":
        raise Conflict(PUBLISHED)
    if len({each.title.casefold() for each in themes}) < len(themes) or len({each.theme_id for each in themes}) < len(
        themes
    ):
        raise Invalid("Two themes have the same name. Give each its own.")
    return _next(standing, at, by, decision=decision, themes=tuple(themes))


def add_theme(standing: Consultation, title: str, at: datetime, by: str) -> Consultation | None:
    """None when it has a theme of this title."""
    if any(each.title.casefold() == title.casefold() for each in standing.themes):
        return None
    if len(standing.themes) >= MOST_THEMES:
        raise Invalid(f"There can be {MOST_THEMES} themes. Use one that is there.")
    theme = Theme(theme_id=id_of("thm", f"{standing.consultation_id}:{title.casefold()}"), title=title)
    return write_outcome(standing, standing.decision, (*standing.themes, theme), at, by)


def missing_of_outcome(standing: Consultation) -> str:
    """Why the outcome cannot be published yet, as a sentence; empty when it can."""
    if not standing.decision:
        return "Write down what was decided."
    if not standing.themes:
        return "Name at least one theme: what people said, and what was done about it."
    unsaid = next((each.title for each in standing.themes if not each.you_said or not each.we_did), "")
    return f"Say what people said about “{unsaid}”, and what was done." if unsaid else ""


def publish_outcome(
    standing: Consultation, figures: Figures, at: datetime, by: str
) -> tuple[Consultation, OutcomePublished]:
    """Its figures stay as they are. Raises Conflict while something is missing, and before it is closed."""
    if standing.state != "closed":
        raise Conflict("Only the outcome of a closed consultation can be published, and once.")
    if sentence := missing_of_outcome(standing):
        raise Conflict(sentence)
    following = _next(standing, at, by, state="published", published_at=at, figures=figures)
    told = {"published_by": by, "outcome": outcome_text(standing)}
    return following, OutcomePublished.model_validate({**_about(standing, at), **told})


def outcome_text(standing: Consultation) -> str:
    """The decision, and of each theme what was asked, said and done, as the public page has them."""
    themes = [text for each in standing.themes for text in (each.title, each.we_asked, each.you_said, each.we_did)]
    return "\n\n".join(filter(None, (standing.decision, *themes)))[:LONGEST_OUTCOME]


def due_on(standing: Consultation) -> tuple[Step, date] | None:
    """What it does next by itself, and at the start of which local day. One that was closed by hand stays closed."""
    plan = standing.plan
    if standing.state == "draft" and plan.opens_on and plan.closes_on:
        return "open", plan.opens_on
    if standing.state == "open" and plan.closes_on:
        return "close", plan.closes_on + timedelta(days=1)
    return None


def local_day(at: datetime) -> date:
    return at.astimezone(LONDON).date()


def hints(standing: Consultation, at: datetime) -> tuple[Hint, ...]:
    """What the Gunning principles still ask for; the fourth is kept by the outcome."""
    plan = standing.plan
    begins = local_day(standing.opened_at) if standing.opened_at else max(plan.opens_on or local_day(at), local_day(at))
    formative = "" if plan.can_change else "Say what is not decided yet, and what people can still change."
    information = ""
    if not plan.about:
        information = "Say what is to be decided, and why."
    elif not plan.documents:
        information = "Add at least one document, so that people can consider the proposal."
    time = ""
    if plan.closes_on is None:
        time = "Say which day is the last."
    elif plan.closes_on - begins < TIME_ENOUGH:
        days = max(0, (plan.closes_on - begins).days + 1)
        time = f"People would have {days} days. Give them four weeks, or say in the text why it hurries."
    return (
        Hint(principle="formative", missing=formative),
        Hint(principle="information", missing=information),
        Hint(principle="time", missing=time),
    )


def belonging(standing: Consultation) -> tuple[str, ...]:
    """What contributions to it belong to: itself, or one of its surveys."""
    return (standing.consultation_id, *standing.plan.survey_ids)


def summary(standing: Consultation) -> ConsultationSummary:
    plan = standing.plan
    known = standing.model_dump(include=set(ConsultationSummary.model_fields))
    return ConsultationSummary.model_validate(
        known | {"title": plan.title, "opens_on": plan.opens_on, "closes_on": plan.closes_on}
    )


def _about(standing: Consultation, at: datetime) -> dict[str, object]:
    """What every event about it says."""
    about = {"consultation_id": standing.consultation_id, "title": standing.plan.title}
    return {**about, "localities": standing.plan.localities(), "at": at}


def _next(standing: Consultation, at: datetime, by: str, **fields: object) -> Consultation:
    return standing.model_copy(update={"version": standing.version + 1, "changed_at": at, "changed_by": by, **fields})
