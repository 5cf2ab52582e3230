"""What people type into forms: kept as typed, read into contracts, and each fault put beside its field."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData

from shared.contracts.base import new_id
from shared.errors import WellheardError

T = TypeVar("T")


@dataclass
class Form:
    """A form on its way: `values` as typed, `errors` by field, `fault` when nothing typed is to blame."""

    values: dict[str, Any]
    errors: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    status: int = 200
    request_id: str = field(default_factory=new_id)
    """The same when the form is sent twice, so that what it asks for happens once."""

    async def attempt(self, answer: Awaitable[T]) -> T | None:
        """The answer, or None with `fault` saying why there is none: what was typed must not be lost."""
        try:
            return await answer
        except WellheardError as error:
            self.fault, self.status = error.detail, error.status
            return None

    def check(self, model: type[BaseModel], data: Mapping[str, Any], sentences: Mapping[str, str]) -> Any:
        """`data` as the model, or None with `errors` filled."""
        try:
            return model.model_validate(data)
        except ValidationError as error:
            for each in error.errors():
                name = str(each["loc"][0]) if each["loc"] else ""
                self.errors.setdefault(name, sentences.get(name) or f"{name}: {each['msg']}")
            self.status = 422
            return None


def as_sent(sent: FormData, values: dict[str, Any]) -> Form:
    """The form with what was typed; sent again, it is the same request."""
    form = Form(values)
    form.request_id = text(sent, "request_id") or form.request_id
    return form


def offered_names(sent: FormData) -> dict[str, str]:
    """The names of the contacts that the page offered to choose from, by id."""
    return dict(zip(texts(sent, "offered_id"), texts(sent, "offered_name"), strict=False))


def text(form: FormData, name: str) -> str:
    """One field as typed, without the spaces around it."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def texts(form: FormData, name: str) -> list[str]:
    """Every value of a repeated field, in order, empty ones too."""
    return [value.strip() for value in form.getlist(name) if isinstance(value, str)]


def number(form: FormData, name: str) -> int:
    """A hidden field that holds a number of ours, such as a version; 0 for anything else."""
    value = text(form, name)
    return int(value) if value.isdecimal() and len(value) < 10 else 0


def lines(value: str) -> list[str]:
    """The lines of a text that hold something."""
    return [line.strip() for line in value.splitlines() if line.strip()]


def given(data: Mapping[str, Any]) -> dict[str, Any]:
    """Only what was filled in: an empty field says nothing."""
    return {name: value for name, value in data.items() if value not in ("", None, [], ())}
