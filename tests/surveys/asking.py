"""Makes surveys and responses for tests: valid unless a keyword says otherwise."""

from datetime import timedelta
from typing import Any

from shared.contracts.base import new_id
from shared.contracts.surveys import SentResponse
from tests.builders import AT

CHOICES = [{"value": "easy", "text": "Easy"}, {"value": "hard", "text": "Hard"}]


def a_question(name: str = "ease", type: str = "radiogroup", **fields: Any) -> dict[str, Any]:
    """One question as SurveyJS has it."""
    choices = {"choices": CHOICES} if type in ("radiogroup", "dropdown", "checkbox") else {}
    return {"name": name, "type": type, "title": f"About {name}"} | choices | fields


def a_definition(*questions: dict[str, Any], title: str = "Getting here", **fields: Any) -> dict[str, Any]:
    """A survey of one page."""
    elements = list(questions) or [a_question(isRequired=True), a_question("why", "comment")]
    return {"title": title, "pages": [{"name": "page1", "elements": elements}]} | fields


EVERY_TYPE = (
    a_question("ease", "radiogroup"),
    a_question("how", "dropdown"),
    a_question("ways", "checkbox"),
    a_question("stars", "rating"),
    a_question("again", "boolean"),
    a_question("name", "text"),
    a_question("age", "text", inputType="number", min=0, max=120),
    a_question("day", "text", inputType="date"),
    a_question("mail", "text", inputType="email"),
    a_question("why", "comment"),
)


def a_sent(survey_id: str = "srv_1", answers: dict[str, Any] | None = None, **fields: Any) -> SentResponse:
    """A form as the web puts it into the queue."""
    defaults = {
        "request_id": new_id(),
        "definition_version": 1,
        "begun_at": AT,
        "received_at": AT + timedelta(minutes=2),
        "correlation_id": "c",
    }
    said = {"ease": "hard"} if answers is None else answers
    return SentResponse.model_validate({"survey_id": survey_id, "answers": said} | defaults | fields)
