"""Makes consultations for tests: valid unless a keyword says otherwise."""

from datetime import date
from typing import Any

from services.surveys.consultations import domain
from shared.contracts.consultations import Consultation, Plan
from tests.builders import AT


def a_plan(**fields: Any) -> Plan:
    """A plan whose last day is far away."""
    return Plan.model_validate({"title": "Urgent care", "closes_on": date(2999, 12, 31)} | fields)


def a_consultation(consultation_id: str = "cns_1", plan: Plan | None = None, **fields: Any) -> Consultation:
    made = domain.draft(consultation_id, plan or a_plan(), AT, "Jo")
    return made.model_copy(update=fields)
